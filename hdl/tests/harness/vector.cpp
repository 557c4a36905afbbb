// A VECTOR module with its memories around it.
//
// Input: C, rows of accumulators, records, entries of tables, a seeded fault or 0; then commands, a number and what
// it takes:
//   0: all accumulators, row by row          1: record, its word, loaded (0 or 1)
//   2: first entry, entries, the entries     3: three words, hold; hold of 256 cycles each port is not ready
//   4: as 3, and cycles until `stop`         5: nothing
// Output: of 3 a line: status, cycles, rows read, rows written, hash of the accumulators; of 5 a line: all of them.

#include <vector>

#include "cycles.hpp"
#include "model.h"
#include "seeded.hpp"
#include "verilated.h"

namespace {

uint64_t number() {
    uint64_t n = 0;
    if (!next_number(n)) {
        fprintf(stderr, "a command is incomplete\n");
        exit(EXIT_FAILURE);
    }
    return n;
}

void fail(const char* what) {
    fprintf(stderr, "%s\n", what);
    exit(EXIT_FAILURE);
}

// Lanes of a port of 64 bits, or of more.
void put(QData& port, size_t lane, uint32_t value) {
    port = (port & ~(uint64_t(0xffffffff) << 32 * lane)) | uint64_t(value) << 32 * lane;
}
uint32_t get(const QData& port, size_t lane) { return uint32_t(port >> 32 * lane); }
template <size_t N>
void put(VlWide<N>& port, size_t lane, uint32_t value) { port[lane] = value; }
template <size_t N>
uint32_t get(const VlWide<N>& port, size_t lane) { return port[lane]; }

struct Random {
    uint64_t state = 1;
    uint32_t bits() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        return uint32_t(state >> 16);
    }
};

struct Bench {
    model& top;
    size_t columns, rows, records, entries;
    std::vector<uint32_t> acc;
    std::vector<uint64_t> record;
    std::vector<bool> loaded;
    std::vector<uint32_t> table;
    Random random;
    uint64_t reads = 0, writes = 0;

    // A cycle; what the memories answer is there in the next one, and garbage where nothing was asked.
    void cycle(uint32_t hold) {
        top.acc_read_ready = random.bits() % 256 >= hold;
        top.acc_write_ready = random.bits() % 256 >= hold;
        top.eval();
        std::vector<uint32_t> row(columns);
        for (auto& word : row) word = random.bits();
        if (top.acc_read_valid && top.acc_read_ready) {
            if (top.acc_read_address >= rows) fail("a read outside the accumulators");
            reads++;
            for (size_t i = 0; i < columns; i++) row[i] = acc[top.acc_read_address * columns + i];
        }
        if (top.acc_write_valid && top.acc_write_ready) {
            if (top.acc_write_address >= rows) fail("a write outside the accumulators");
            writes++;
            for (size_t i = 0; i < columns; i++)
                if (top.acc_write_mask >> i & 1)
                    acc[top.acc_write_address * columns + i] = get(top.acc_write_data, i);
        }
        uint64_t word = uint64_t(random.bits()) << 32 | random.bits();
        bool there = random.bits() & 1;
        if (top.param_address < records) {
            word = record[top.param_address];
            there = loaded[top.param_address];
        }
        uint32_t entry = top.table_address < entries ? table[top.table_address] : random.bits();
        top.clock = 1;
        top.eval();
        for (size_t i = 0; i < columns; i++) put(top.acc_read_data, i, row[i]);
        top.param_record = word;
        top.param_loaded = there;
        top.table_entry = entry;
        top.clock = 0;
        top.eval();
    }

    void start(uint64_t& hold) {
        top.words__0240 = number();
        top.words__0241 = number();
        top.words__0242 = number();
        top.words__0243 = 0;
        hold = number();
        reads = writes = 0;
        top.start = 1;
    }

    void run() {
        uint64_t hold;
        start(hold);
        for (uint64_t cycles = 1;; cycles++) {
            top.eval();
            bool done = top.done;
            unsigned status = top.status;
            cycle(uint32_t(hold));
            top.start = 0;
            if (done) {
                uint64_t hash = 0xcbf29ce484222325;
                for (uint32_t word : acc) hash = (hash ^ word) * 0x100000001b3;
                printf("%u %lu %lu %lu %lu\n", status, cycles, reads, writes, hash);
                return;
            }
            if (cycles > 200000) fail("never done");
        }
    }

    void stop() {
        uint64_t hold;
        start(hold);
        for (uint64_t left = number(); left > 0; left--) {
            cycle(uint32_t(hold));
            top.start = 0;
        }
        top.start = 0;
        top.stop = 1;
        top.eval();
        if (top.done) fail("done when it is stopped");
        cycle(0);
        top.stop = 0;
        top.eval();
        if (top.acc_read_valid || top.acc_write_valid) fail("it goes on after a stop");
    }
};

}  // namespace

int main() {
    VerilatedContext context;
    model top{&context};
    top.clock = 0;
    top.eval();
    size_t columns = number(), rows = number(), records = number(), entries = number();
    select_fault(top, number(), 0);
    Bench bench{top, columns, rows, records, entries};
    bench.acc.resize(rows * columns);
    bench.record.resize(records);
    bench.loaded.resize(records);
    bench.table.resize(entries);
    for (uint64_t command; next_number(command);) {
        switch (command) {
            case 0:
                for (auto& word : bench.acc) word = uint32_t(number());
                break;
            case 1: {
                size_t at = number();
                bench.record.at(at) = number();
                bench.loaded.at(at) = number();
                break;
            }
            case 2:
                for (size_t at = number(), left = number(); left > 0; left--) bench.table.at(at++) = uint32_t(number());
                break;
            case 3: bench.run(); break;
            case 4: bench.stop(); break;
            case 5:
                for (uint32_t word : bench.acc) printf("%u ", word);
                printf("\n");
                break;
        }
    }
    top.final();
    return EXIT_SUCCESS;
}
