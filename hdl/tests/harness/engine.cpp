// Runs programs on a Verilated engine, between a memory with latency that holds back, and whose writes are posted.
//
// Lines of the input: "o ORIGIN WORDS" where memory begins and how long it is; "m SEED" fills it; "w ADDRESS WORD"
// writes a word; "s SPACE BASE SIZE"; "p COUNT WORDS" is the next program; "x BYTES LIMIT ITEMS LATENCY HOLD STOP REST"
// runs it: memory holds back in HOLD of 256 cycles, in cycle STOP, if that is not 0, everything is given up; if REST is
// not 0, the program is closed behind it. Of each: "STATUS INDEX ITEMS CYCLES REST EVENTS HASH", items that ended with
// 0, cycles of them all, those of coming to rest, eight events in the order of the engine's ports, memory; 99 is the
// status of what was stopped.

#include "model.h"
#include "moves.hpp"
#include "verilated.h"

constexpr unsigned READABLE = 0b11011, WRITABLE = 0b11100;
constexpr int EVENTS = 8;
// Programs lie here, one after the other in turns: what was asked for of the one before may still come.
constexpr uint64_t PLACES[2] = {uint64_t(1) << 40, uint64_t(3) << 40};

struct Bench {
    VerilatedContext context;
    model top{&context};
    Random random{1};
    Memory memory;
    std::vector<uint64_t> program[2];
    int turn = 0;
    struct Answer {
        uint64_t due, address, word;
        bool early;
    };
    struct Write {
        uint64_t due, address, data;
        unsigned strobe;
    };
    std::deque<Answer> answers;
    std::deque<Write> writes;
    Held read_held, write_held;
    bool offered = false;
    uint64_t now = 0, latency = 0, events[EVENTS] = {};
    unsigned hold = 0;

    uint64_t word(uint64_t address) {
        for (int i = 0; i < 2; i++)
            if (address >= PLACES[i] && address < PLACES[i] + 8 * program[i].size() && address % 8 == 0)
                return program[i][(address - PLACES[i]) / 8];
        return memory.at(address, READABLE);
    }
    void spaces() {
        const uint64_t *b = memory.base, *s = memory.size;
        top.base__0240 = b[0], top.base__0241 = b[1], top.base__0242 = b[2], top.base__0243 = b[3], top.base__0244 = b[4];
        top.size__0240 = s[0], top.size__0241 = s[1], top.size__0242 = s[2], top.size__0243 = s[3], top.size__0244 = s[4];
    }
    uint64_t delay() { return now + 1 + latency + (hold ? random.bits() % (latency + 1) : 0); }
    void cycle() {
        while (!writes.empty() && writes.front().due <= now) {
            const Write& write = writes.front();
            uint64_t& word = memory.at(write.address, WRITABLE);
            for (int i = 0; i < 8; i++)
                if (write.strobe >> i & 1) word = (word & ~(uint64_t(255) << 8 * i)) | (write.data & uint64_t(255) << 8 * i);
            writes.pop_front();
        }
        top.clock = 0;
        const bool ready = !random.chance(hold), write_ready = !random.chance(hold);
        offered = offered || (!answers.empty() && answers.front().due <= now && !random.chance(hold));
        top.rd_ready = ready;
        top.rd_data_valid = offered;
        if (!offered) top.rd_data = random.bits();
        else top.rd_data = answers.front().early ? answers.front().word : word(answers.front().address);
        top.wr_ready = write_ready;
        top.wr_settled = writes.empty();
        top.eval();
        top.eval();
        read_held.see(top.rd_valid, ready, top.rd_address, top.rd_words);
        write_held.see(top.wr_valid, write_ready, top.wr_address, top.wr_data);
        if (offered && top.rd_data_ready) {
            answers.pop_front();
            offered = false;
        }
        if (top.rd_valid && ready) {
            if (top.rd_words == 0) fail("a request of no words");
            // Memory reads at once, or when it answers.
            const bool early = random.bits() & 1;
            const uint64_t due = delay();
            for (unsigned i = 0; i < top.rd_words; i++) {
                const uint64_t address = top.rd_address + 8 * i;
                answers.push_back({due, address, word(address), early});
            }
        }
        if (top.wr_valid && write_ready) {
            if (top.wr_strobe == 0) fail("a write of nothing");
            memory.at(top.wr_address, WRITABLE);
            writes.push_back({delay(), top.wr_address, top.wr_data, top.wr_strobe});
        }
        const bool is[EVENTS] = {bool(top.events__0240), bool(top.events__0241), bool(top.events__0242), bool(top.events__0243),
                                 bool(top.events__0244), bool(top.events__0245), bool(top.events__0246), bool(top.events__0247)};
        for (int i = 0; i < EVENTS; i++) events[i] += is[i];
        if (top.idle && (!answers.empty() || !writes.empty() || top.rd_valid || top.wr_valid)) fail("idle with something owed");
        top.clock = 1;
        top.eval();
        now++;
        top.open = top.start = top.stop = 0;
        top.clock = 0;
        top.eval();
    }
    uint64_t rest() {
        const uint64_t begin = now;
        for (; !top.idle; cycle())
            if (now > begin + 100000) fail("it does not come to rest");
        if (top.done) fail("done without a job");
        return now - begin;
    }
    void run(const uint64_t* n) {
        top.place = PLACES[turn] / 32;
        top.bytes = n[0];
        top.limit = n[1];
        const uint64_t items = n[2], stop = n[5];
        latency = n[3];
        hold = n[4];
        spaces();
        uint64_t done = 0, status = 0, index = 0, cycles = 0, begin = now, last = now, resting = 0, stopped_at = 0;
        for (auto& event : events) event = 0;
        bool opened = false;
        top.open = 1;
        for (uint64_t pause = 0;;) {
            if (now > last + 1000000) fail("nothing happens any more");
            if (stop && now - begin == stop) {
                top.stop = 1;
                status = 99;
                cycle();
                stopped_at = now;
                break;
            }
            cycle();
            if (pause != 0 && --pause == 0) {
                top.start = 1;
                last = now;
            }
            if (!top.done) continue;
            status = top.status;
            index = top.index;
            if (!writes.empty()) fail("done before all that was written can be read");
            if (status != 0 && !answers.empty()) fail("a failure before all words have come");
            if (opened && status == 0) {
                done++;
                cycles += now - last;
            }
            opened = true;
            if (status != 0 || done == items) {
                // The cycle of `done`, with its edge.
                cycle();
                break;
            }
            pause = hold && random.chance(128) ? 1 + random.bits() % 100 : 1;
            last = now;
        }
        if (status == 0 && n[6]) {
            top.stop = 1;
            cycle();
        }
        if (status != 0 || n[6]) resting = rest();
        (void)stopped_at;
        Hash hash;
        for (auto word : memory.words) hash.add(word);
        printf("%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64, status, index, done, cycles, resting);
        for (auto event : events) printf(" %" PRIu64, event);
        printf(" %" PRIu64 "\n", hash.value);
        turn = 1 - turn;
    }
};

int main() {
    Bench bench;
    bench.top.clock = 0;
    bench.top.eval();
    char kind;
    while (scanf(" %c", &kind) == 1) {
        uint64_t n[7] = {};
        int count = kind == 'x' ? 7 : kind == 's' ? 3 : kind == 'o' || kind == 'w' ? 2 : kind == 'm' || kind == 'p' ? 1 : 0;
        for (int i = 0; i < count; i++)
            if (scanf("%" SCNu64, &n[i]) != 1) return EXIT_FAILURE;
        switch (kind) {
            case 'o': bench.memory.origin = n[0]; bench.memory.words.resize(n[1]); break;
            case 'm': bench.memory.fill(n[0]); break;
            case 'w': bench.memory.words.at((n[0] - bench.memory.origin) / 8) = n[1]; break;
            case 's': bench.memory.base[n[0]] = n[1]; bench.memory.size[n[0]] = n[2]; break;
            case 'p': {
                auto& program = bench.program[bench.turn];
                program.resize(n[0]);
                for (auto& word : program)
                    if (scanf("%" SCNx64, &word) != 1) return EXIT_FAILURE;
                break;
            }
            case 'x': bench.run(n); break;
            default: return EXIT_FAILURE;
        }
    }
    bench.top.final();
    return EXIT_SUCCESS;
}
