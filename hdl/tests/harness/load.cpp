// Runs instructions on the load module, between a memory and scratchpads that stall.
//
// Lines of the input: "o ORIGIN WORDS" where memory begins and how long it is; "m SEED" fills it; "w ADDRESS WORD"
// writes a word; "s SPACE BASE SIZE"; "r" puts what is known into the scratchpads; "x W0 W1 W2 W3 HOLD STOP" runs an
// instruction, with so many stalls in 256 cycles, and stops it after STOP cycles if that is not 0; "d" prints the
// scratchpads. Of each instruction: "STATUS CYCLES WORDS HASH", words read and the hash of the scratchpads; 99 is the
// status of a stopped one.

#include "lanes.hpp"
#include "model.h"
#include "moves.hpp"
#include "seeded.hpp"
#include "verilated.h"

constexpr unsigned READABLE = 0b11011;

struct Bench {
    VerilatedContext context;
    model top{&context};
    Random random{1};
    Memory memory;
    std::vector<int16_t> a = std::vector<int16_t>(A_TILES * A_LANES), b = std::vector<int16_t>(B_TILES * B_LANES);
    std::vector<int32_t> acc = std::vector<int32_t>(ACC_TILES * ROWS * COLS), table = std::vector<int32_t>(TABLES * 256);
    std::vector<uint64_t> param = std::vector<uint64_t>(PARAMS);
    struct Answer {
        uint64_t due, address;
    };
    std::deque<Answer> answers;
    Held held;
    uint64_t now = 0, words_read = 0;
    unsigned hold = 0;
    bool may_write = false;

    void poison() {
        for (auto& lane : a) lane = -173;
        for (auto& lane : b) lane = 89;
        for (auto& lane : acc) lane = 0x5badf00d;
        for (auto& entry : table) entry = -0x0badf00d;
        for (auto& record : param) record = 0;
    }
    static int16_t nine(uint32_t bits) { return int16_t(uint16_t(bits << 7)) >> 7; }
    void cycle() {
        top.clock = 0;
        for (int i = 0; i < 5; i++) {
            set_base(top, i, memory.base[i]);
            set_size(top, i, memory.size[i]);
        }
        bool ready = !random.chance(hold), answer = !answers.empty() && answers.front().due <= now && !random.chance(hold);
        top.req_ready = ready;
        top.data_valid = answer;
        top.data = answer ? memory.at(answers.front().address, READABLE) : random.bits();
        top.acc_ready = !random.chance(hold);
        top.eval();
        held.see(top.req_valid, ready, top.req_address, top.req_words);
        if (answer && top.data_ready) {
            answers.pop_front();
            words_read++;
        }
        if (top.req_valid && ready) {
            if (top.req_words == 0) fail("a request of no words");
            uint64_t due = now + 10 + (hold ? random.bits() % 64 : 0);
            for (unsigned i = 0; i < top.req_words; i++) {
                uint64_t address = top.req_address + 8 * i;
                memory.at(address, READABLE);
                answers.push_back({due, address});
            }
        }
        bool writes = top.a_write || top.b_write || top.acc_valid || top.param_write || top.table_write;
        if (writes && !may_write) fail("a write outside of any instruction");
        uint32_t data[A_LANES + B_LANES + COLS];
        bool mask[A_LANES + B_LANES + COLS];
        if (top.a_write) {
            get_a(top, data, mask);
            for (unsigned i = 0; i < A_LANES; i++)
                if (mask[i]) a.at(top.a_address * A_LANES + i) = nine(data[i]);
        }
        if (top.b_write) {
            get_b(top, data, mask);
            for (unsigned i = 0; i < B_LANES; i++)
                if (mask[i]) b.at(top.b_address * B_LANES + i) = nine(data[i]);
        }
        if (top.acc_valid && top.acc_ready) {
            get_acc(top, data, mask);
            for (unsigned i = 0; i < COLS; i++)
                if (mask[i]) acc.at(top.acc_address * COLS + i) = data[i];
        }
        if (top.param_write) param.at(top.param_address) = top.param_data;
        if (top.table_write) table.at(top.table_address) = top.table_data;
        top.clock = 1;
        top.eval();
        now++;
    }
    uint64_t hash() const {
        Hash hash;
        for (auto lane : a) hash.add(uint16_t(lane));
        for (auto lane : b) hash.add(uint16_t(lane));
        for (auto lane : acc) hash.add(uint32_t(lane));
        for (auto record : param) hash.add(record);
        for (auto entry : table) hash.add(uint32_t(entry));
        return hash.value;
    }
    void run(const uint64_t* words, uint64_t stop) {
        for (int i = 0; i < 4; i++) set_word(top, i, words[i]);
        words_read = 0;
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
        may_write = false;
        for (int i = 0; i < 4; i++) set_word(top, i, random.bits());
        for (uint64_t end = now; !top.idle || now < end + 2; cycle())
            if (now > end + 20000) fail("it does not come to rest");
        if (!answers.empty() || held.waits) fail("the memory is owed something");
        printf("%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", status, cycles, words_read, hash());
    }
    void dump() const {
        for (auto lane : a) printf("%d ", lane);
        for (auto lane : b) printf("%d ", lane);
        for (auto lane : acc) printf("%d ", lane);
        for (auto record : param) printf("%" PRIu64 " ", record);
        for (auto entry : table) printf("%d ", entry);
        printf("\n");
    }
};

int main(int count, char** arguments) {
    Bench bench;
    select_fault(bench.top, count, arguments, 1);
    char kind;
    while (scanf(" %c", &kind) == 1) {
        uint64_t n[6] = {};
        int numbers = kind == 'x' ? 6 : kind == 's' ? 3 : kind == 'o' || kind == 'w' ? 2 : kind == 'm' ? 1 : 0;
        for (int i = 0; i < numbers; i++)
            if (scanf("%" SCNu64, &n[i]) != 1) return EXIT_FAILURE;
        switch (kind) {
            case 'o': bench.memory.origin = n[0]; bench.memory.words.resize(n[1]); break;
            case 'm': bench.memory.fill(n[0]); break;
            case 'w': bench.memory.words.at((n[0] - bench.memory.origin) / 8) = n[1]; break;
            case 's': bench.memory.base[n[0]] = n[1]; bench.memory.size[n[0]] = n[2]; break;
            case 'r': bench.poison(); break;
            case 'x': bench.hold = n[4]; bench.run(n, n[5]); break;
            case 'd': bench.dump(); break;
            default: return EXIT_FAILURE;
        }
    }
    bench.top.final();
    return EXIT_SUCCESS;
}
