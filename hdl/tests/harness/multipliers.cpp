// Gives every triple of lanes to the multipliers of tests/gemm, one a cycle, and compares the products with those
// of the language. Arguments: cycles from operands to products, of a product alone and of a pair.

#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "model.h"
#include "verilated.h"

static int lane(uint32_t bits) { return int(bits & 0x1ff) - int(bits & 0x100) * 2; }

int main(int count, char** arguments) {
    if (count != 3) return EXIT_FAILURE;
    const uint32_t single = atoi(arguments[1]), packed = atoi(arguments[2]);
    VerilatedContext context;
    context.randReset(0);
    model top{&context};
    top.clock = 0;
    top.eval();
    const uint32_t triples = 1 << 27, pairs = 1 << 18;
    uint32_t seen_pairs = 0, seen_triples = 0;
    for (uint32_t cycle = 0; cycle < triples + packed; cycle++) {
        top.a = cycle & 0x1ff;
        top.b = cycle >> 9 & 0x1ff;
        top.c = cycle >> 18 & 0x1ff;
        top.clock = 1;
        top.eval();
        top.clock = 0;
        top.eval();
        // After the edge: this is what a neighbour sees in the next cycle.
        const uint32_t now = cycle + 1;
        if (now >= single && now - single < pairs) {
            const uint32_t at = now - single;
            const uint32_t product = uint32_t(lane(at) * lane(at >> 9)) & 0x3ffff;
            if (top.dedicated != product || top.logic_product != product || top.ecp5_product != product) {
                printf("%d times %d is %x, %x, %x\n", lane(at), lane(at >> 9), top.dedicated, top.logic_product,
                       top.ecp5_product);
                return EXIT_FAILURE;
            }
            seen_pairs++;
        }
        if (now >= packed && now - packed < triples) {
            const uint32_t at = now - packed;
            const uint32_t low = uint32_t(lane(at) * lane(at >> 9)) & 0x3ffff;
            const uint32_t high = uint32_t(lane(at) * lane(at >> 18)) & 0x3ffff;
            if (top.low != low || top.high != high) {
                printf("%d times %d and %d is %x, %x\n", lane(at), lane(at >> 9), lane(at >> 18), top.low, top.high);
                return EXIT_FAILURE;
            }
            seen_triples++;
        }
    }
    printf("%u %u\n", seen_pairs, seen_triples);
    top.final();
    return EXIT_SUCCESS;
}
