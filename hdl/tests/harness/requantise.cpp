// Input, a line a cycle: valid acc multiplier shift zero dtype. Output: out_valid out.

#include "cycles.hpp"
#include "model.h"
#include "verilated.h"

int main() {
    VerilatedContext context;
    model top{&context};
    auto set = [&](int i, uint64_t number) {
        switch (i) {
            case 0: top.valid = number; break;
            case 1: top.acc = number; break;
            case 2: top.multiplier = number; break;
            case 3: top.shift = number; break;
            case 4: top.zero = number; break;
            case 5: top.dtype = number; break;
        }
    };
    auto print = [&] { printf("%u %u\n", unsigned(top.out_valid), unsigned(top.out)); };
    return run_cycles(top, 6, set, print);
}
