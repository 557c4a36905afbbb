// Drives the GEMM units of tests/gemm. Arguments: the unit's number, and a seeded fault's or 0. Commands on standard
// input, numbers in hex:
//
//   A tile bytes lane...    writes a tile of A, of so many lanes; B likewise
//   C row columns value...  writes a row of accumulators
//   G w0 w1 w2 w3 seed      executes an instruction; with a seed that is not 0, load and store ask for the
//                           ports of the accumulators at random meanwhile; answers "status cycles"
//   X w0 w1 w2 w3 cycles    begins one and stops it after so many cycles; answers "status cycles" of stopping
//   D rows columns          answers a hash of the accumulators
//   V rows columns          answers the accumulators

#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "model.h"
#include "seeded.hpp"
#include "verilated.h"

static uint64_t number() {
    uint64_t value;
    if (scanf("%" SCNx64, &value) != 1) exit(EXIT_FAILURE);
    return value;
}

static void tick(model& top) {
    top.clock = 1;
    top.eval();
    top.clock = 0;
    top.eval();
}

static void vector(model& top, int bits) {
    top.address = number();
    const uint64_t count = number();
    for (int i = 0; i < 10; i++) top.values[i] = 0;
    for (uint64_t i = 0; i < count; i++) {
        const uint64_t value = number(), at = i * bits;
        top.values[at / 32] |= uint32_t(value << at % 32);
        if (at % 32 + bits > 32) top.values[at / 32 + 1] |= uint32_t(value >> (32 - at % 32));
    }
}

static void instruction(model& top) {
    for (int i = 0; i < 4; i++) {
        const uint64_t word = number();
        top.words[2 * i] = uint32_t(word);
        top.words[2 * i + 1] = uint32_t(word >> 32);
    }
}

int main(int count, char** arguments) {
    if (count != 3) return EXIT_FAILURE;
    VerilatedContext context;
    context.randReset(0);
    model top{&context};
    top.which = atoi(arguments[1]);
    select_fault(top, count, arguments, 2);
    top.clock = 0;
    top.eval();
    char command;
    while (scanf(" %c", &command) == 1) {
        if (command == 'A' || command == 'B') {
            vector(top, 9);
            top.a_write = command == 'A';
            top.b_write = command == 'B';
            tick(top);
            top.a_write = top.b_write = 0;
        } else if (command == 'C') {
            vector(top, 32);
            top.load_valid = top.load_write = 1;
            top.eval();
            while (!top.load_ready) tick(top);
            tick(top);
            top.load_valid = top.load_write = 0;
        } else if (command == 'G') {
            instruction(top);
            uint64_t seed = number(), cycles = 0;
            top.start = 1;
            while (!top.done) {
                if (seed != 0) {
                    // Requests stay until they are granted; a write changes no column.
                    seed = seed * 6364136223846793005 + 1442695040888963407;
                    if (!top.load_valid || top.load_ready) top.load_valid = (seed >> 60) % 4 != 0;
                    if (!top.store_valid || top.store_ready) top.store_valid = (seed >> 50) % 4 != 0;
                    top.address = uint32_t(seed >> 40);
                    top.eval();
                }
                tick(top);
                top.start = 0;
                if (++cycles > 1000000) return EXIT_FAILURE;
            }
            printf("%d %" PRIu64 "\n", top.status, cycles);
            top.load_valid = top.store_valid = 0;
            tick(top);
            top.eval();
            if (top.done || !top.idle) return EXIT_FAILURE;
        } else if (command == 'X') {
            instruction(top);
            const uint64_t until = number();
            top.start = 1;
            for (uint64_t i = 0; i < until; i++) {
                tick(top);
                top.start = 0;
            }
            top.start = 0;
            top.stop = 1;
            tick(top);
            top.stop = 0;
            top.eval();
            uint64_t cycles = 1;
            for (; !top.idle; cycles++) {
                if (cycles > 1 && (top.done || cycles > 1000)) return EXIT_FAILURE;
                tick(top);
            }
            printf("0 %" PRIu64 "\n", cycles);
        } else if (command == 'D' || command == 'V') {
            const uint64_t rows = number(), columns = number();
            uint64_t hash = 0xcbf29ce484222325;
            for (uint64_t row = 0; row < rows; row++) {
                top.store_valid = 1;
                top.address = row;
                top.eval();
                while (!top.store_ready) tick(top);
                tick(top);
                for (uint64_t i = 0; i < columns; i++) {
                    hash = (hash ^ top.row[i]) * 0x100000001b3;
                    if (command == 'V') printf("%x ", top.row[i]);
                }
            }
            top.store_valid = 0;
            if (command == 'V') printf("\n");
            else printf("%" PRIx64 "\n", hash);
        } else {
            return EXIT_FAILURE;
        }
    }
    top.final();
    return EXIT_SUCCESS;
}
