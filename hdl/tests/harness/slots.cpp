// Gives instructions to the slots of all three modules at once, and says what they think of them.
//
// Input: the seed of the stalls, then a line an instruction, its four words in hexadecimal. Output: a line an
// instruction, the modules whose instruction it is, as a mask, and the cycles from its last word to the last verdict.

#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "model.h"
#include "seeded.hpp"
#include "verilated.h"

int main(int count, char** arguments) {
    unsigned long long seed;
    if (scanf("%llu", &seed) != 1) return EXIT_FAILURE;
    VerilatedContext context;
    model top{&context};
    uint64_t state = seed;
    auto random = [&] {
        state = state * 6364136223846793005u + 1442695040888963407u;
        return uint32_t(state >> 33);
    };
    auto cycle = [&] {
        top.eval();
        top.clock = 1;
        top.eval();
        top.clock = 0;
        top.eval();
    };
    select_fault(top, count, arguments, 1);
    top.clock = 0;
    top.eval();
    for (unsigned long long words[4]; scanf("%llx %llx %llx %llx", words, words + 1, words + 2, words + 3) == 4;) {
        top.rewind = 1;
        top.word_valid = 0;
        cycle();
        top.rewind = 0;
        for (int i = 0; i < 4;) {
            top.word_valid = random() % 4 != 0;
            top.word = top.word_valid ? words[i] : uint64_t(random()) << 32 | random();
            top.eval();
            const bool taken = top.word_valid;
            if (taken && top.word_pop != 7) return EXIT_FAILURE;
            if (top.ready || top.bad) return EXIT_FAILURE;
            cycle();
            i += taken;
        }
        // What follows is not this instruction's.
        top.word_valid = 1;
        int cycles = 0;
        for (; (top.ready | top.bad) != 7; cycles++) {
            top.word = uint64_t(random()) << 32 | random();
            top.eval();
            if (top.word_pop || cycles == 1000) return EXIT_FAILURE;
            cycle();
        }
        if (top.ready & top.bad) return EXIT_FAILURE;
        printf("%u %d\n", unsigned(top.ready), cycles);
    }
    top.final();
    return EXIT_SUCCESS;
}
