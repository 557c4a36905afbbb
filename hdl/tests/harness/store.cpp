// Runs instructions on the store module, between a memory and an ACC that stall.
//
// Lines of the input as in load.cpp, but for: "a SEED" fills ACC; "r" is not there; "d" prints the memory. Of each
// instruction: "STATUS CYCLES WRITES HASH", words written and the hash of all memory.

#include "lanes.hpp"
#include "model.h"
#include "moves.hpp"
#include "seeded.hpp"
#include "verilated.h"

constexpr unsigned WRITABLE = 0b11100;

struct Bench {
    VerilatedContext context;
    model top{&context};
    Random random{1};
    Memory memory;
    std::vector<uint32_t> acc = std::vector<uint32_t>(ACC_TILES * ROWS * COLS);
    Held held;
    uint64_t now = 0, writes = 0;
    unsigned hold = 0;
    bool may_write = false, reads = false;
    uint64_t read_address = 0;

    void fill_acc(uint64_t seed) {
        Random source{seed};
        for (auto& lane : acc) lane = uint32_t(source.bits());
    }
    void cycle() {
        top.clock = 0;
        uint32_t row[COLS];
        for (unsigned i = 0; i < COLS; i++) row[i] = reads ? acc.at(read_address * COLS + i) : uint32_t(random.bits());
        set_acc(top, row);
        for (int i = 0; i < 5; i++) {
            set_base(top, i, memory.base[i]);
            set_size(top, i, memory.size[i]);
        }
        bool ready = !random.chance(hold);
        top.w_ready = ready;
        top.acc_ready = !random.chance(hold);
        top.eval();
        held.see(top.w_valid, ready, top.w_address, top.w_data ^ uint64_t(top.w_strobe) << 56);
        if (top.w_valid && !may_write) fail("a write outside of any instruction");
        if (top.w_valid && ready) {
            writes++;
            if (!top.w_strobe) fail("a write of nothing");
            uint64_t& word = memory.at(top.w_address, WRITABLE);
            for (int i = 0; i < 8; i++)
                if (top.w_strobe >> i & 1) {
                    uint64_t mask = uint64_t(0xff) << 8 * i;
                    word = (word & ~mask) | (top.w_data & mask);
                }
        }
        reads = top.acc_valid && top.acc_ready;
        read_address = top.acc_address;
        top.clock = 1;
        top.eval();
        now++;
    }
    uint64_t hash() const {
        Hash hash;
        for (auto word : memory.words) hash.add(word);
        return hash.value;
    }
    void run(const uint64_t* words, uint64_t stop) {
        for (int i = 0; i < 4; i++) set_word(top, i, words[i]);
        writes = 0;
        uint64_t begin = now, status = 99;
        may_write = true;
        top.start = 1;
        cycle();
        top.start = 0;
        for (;;) {
            top.clock = 0;
            top.eval();
            if (top.done) {
                status = top.status;
                break;
            }
            if (now - begin > 1000000) fail("an instruction does not end");
            bool stopped = stop && now - begin == stop;
            top.stop = stopped;
            cycle();
            top.stop = 0;
            if (stopped) break;
        }
        uint64_t cycles = now - begin;
        // What was offered when it was stopped may still come.
        may_write = status == 99;
        for (int i = 0; i < 4; i++) set_word(top, i, random.bits());
        for (uint64_t end = now; !top.idle || now < end + 2; cycle())
            if (now > end + 20000) fail("it does not come to rest");
        may_write = false;
        if (held.waits) fail("the memory is owed something");
        printf("%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", status, cycles, writes, hash());
    }
};

int main(int count, char** arguments) {
    Bench bench;
    select_fault(bench.top, count, arguments, 1);
    char kind;
    while (scanf(" %c", &kind) == 1) {
        uint64_t n[6] = {};
        int numbers = kind == 'x' ? 6 : kind == 's' ? 3 : kind == 'o' ? 2 : kind == 'm' || kind == 'a' ? 1 : 0;
        for (int i = 0; i < numbers; i++)
            if (scanf("%" SCNu64, &n[i]) != 1) return EXIT_FAILURE;
        switch (kind) {
            case 'o': bench.memory.origin = n[0]; bench.memory.words.resize(n[1]); break;
            case 'm': bench.memory.fill(n[0]); break;
            case 's': bench.memory.base[n[0]] = n[1]; bench.memory.size[n[0]] = n[2]; break;
            case 'a': bench.fill_acc(n[0]); break;
            case 'x': bench.hold = n[4]; bench.run(n, n[5]); break;
            case 'd':
                for (auto word : bench.memory.words) printf("%" PRIu64 " ", word);
                printf("\n");
                break;
            default: return EXIT_FAILURE;
        }
    }
    bench.top.final();
    return EXIT_SUCCESS;
}
