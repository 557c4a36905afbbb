// Drives a Verilated top module one clock cycle a line: the values of its inputs come in, in decimal,
// and the values of its outputs go out. Both belong to the same cycle: inputs are applied and outputs
// read before the rising edge that ends it.

#include <cstdint>
#include <cstdio>
#include <cstdlib>

// The next number, or false at the end of the input.
inline bool next_number(uint64_t& number) {
    int c = getchar_unlocked();
    while (c == ' ' || c == '\n') c = getchar_unlocked();
    if (c == EOF) return false;
    number = 0;
    for (; c >= '0' && c <= '9'; c = getchar_unlocked()) number = number * 10 + uint64_t(c - '0');
    return true;
}

// `set` assigns input number i, `print` writes a line of outputs.
template <class Top, class Set, class Print>
int run_cycles(Top& top, int inputs, Set set, Print print) {
    top.clock = 0;
    top.eval();
    for (uint64_t number; next_number(number);) {
        set(0, number);
        for (int i = 1; i < inputs; i++) {
            if (!next_number(number)) {
                fprintf(stderr, "a cycle is incomplete\n");
                return EXIT_FAILURE;
            }
            set(i, number);
        }
        top.eval();
        print();
        top.clock = 1;
        top.eval();
        top.clock = 0;
        top.eval();
    }
    top.final();
    return EXIT_SUCCESS;
}
