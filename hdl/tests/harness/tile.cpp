// Input, a line a cycle: valid first last a b read index multiplier shift zero dtype.
// Output: done out_valid out.

#include "cycles.hpp"
#include "model.h"
#include "verilated.h"

int main() {
    VerilatedContext context;
    model top{&context};
    auto set = [&](int i, uint64_t number) {
        switch (i) {
            case 0: top.valid = number; break;
            case 1: top.first = number; break;
            case 2: top.last = number; break;
            case 3: top.a = number; break;
            case 4: top.b = number; break;
            case 5: top.read = number; break;
            case 6: top.index = number; break;
            case 7: top.multiplier = number; break;
            case 8: top.shift = number; break;
            case 9: top.zero = number; break;
            case 10: top.dtype = number; break;
        }
    };
    auto print = [&] {
        printf("%u %u %u\n", unsigned(top.done), unsigned(top.out_valid), unsigned(top.out));
    };
    return run_cycles(top, 11, set, print);
}
