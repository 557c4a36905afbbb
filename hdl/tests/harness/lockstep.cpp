// Drives one of the blocks of tests/rtl/lockstep, one clock cycle a record: values of its inputs come in,
// values of its outputs go out, as words of 32 bits. Both belong to the same cycle: inputs are applied and
// outputs read before the rising edge that ends it.
//
// Arguments: the block's number, the words of its inputs and of its outputs, the file to read, the file to
// write.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "model.h"
#include "verilated.h"

int main(int count, char** arguments) {
    if (count != 6) return EXIT_FAILURE;
    const size_t inputs = strtoul(arguments[2], nullptr, 10), outputs = strtoul(arguments[3], nullptr, 10);
    FILE* from = fopen(arguments[4], "rb");
    FILE* to = fopen(arguments[5], "wb");
    if (!from || !to) return EXIT_FAILURE;
    VerilatedContext context;
    // Memories and registers start with zeroes, as on the part.
    context.randReset(0);
    model top{&context};
    top.which = atoi(arguments[1]);
    top.clock = 0;
    top.eval();
    std::vector<uint32_t> words(inputs > outputs ? inputs : outputs);
    while (fread(words.data(), 4, inputs, from) == inputs) {
        for (size_t i = 0; i < inputs; i++) top.in[i] = words[i];
        top.eval();
        for (size_t i = 0; i < outputs; i++) words[i] = top.out[i];
        if (fwrite(words.data(), 4, outputs, to) != outputs) return EXIT_FAILURE;
        top.clock = 1;
        top.eval();
        top.clock = 0;
        top.eval();
    }
    top.final();
    return fclose(to) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
