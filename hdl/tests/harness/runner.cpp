// Runs programs on a Verilated runner, between a memory with latency and three modules that take their time.
//
// Input: a line a job: its seed, the memory's latency, in how many of 256 cycles it holds back, the most cycles of an
// instruction, the cycle in which it is stopped (0: none, 1: the one in which it is opened), the program's place, its
// bytes, the limit of instructions, items, words of the program, faults; then the words, in hexadecimal, and the
// faults: item, module, which of its instructions but NOPs, status. Output: a line an event: "o status index" the program is open, "s module words" an
// instruction begins, "e module" it is done, "d status index cycles" an item is done, "x" everything has come to rest
// after a stop, "." the job is over; "!" and what is wrong.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <vector>

#include "model.h"
#include "seeded.hpp"
#include "verilated.h"

namespace {

typedef unsigned long long Number;

struct Random {
    uint64_t state;
    uint32_t next() {
        state = state * 6364136223846793005u + 1442695040888963407u;
        return uint32_t(state >> 33);
    }
    uint64_t wide() { return uint64_t(next()) << 32 | next(); }
};

struct Fault {
    Number item, module, nth, status;
};

struct Module {
    bool busy = false;
    unsigned left = 0, status = 0, winding_down = 0;
    Number started = 0;
    uint64_t words[4];
};

struct Read {
    uint64_t due;
    std::deque<uint64_t> words;
};

// A limit on cycles: a block that hangs is a failure, not a test that never ends.
constexpr uint64_t MOST_CYCLES = 2000000;

struct Job {
    Number seed, latency, stalls, most_time, stop_at, place, bytes, limit, items, words, faults;
    std::vector<uint64_t> program;
    std::vector<Fault> fault;
};

void wrong(const char* what) {
    printf("! %s\n", what);
    exit(EXIT_SUCCESS);
}

class Bench {
  public:
    explicit Bench(model& top) : top(top) {}

    void run(const Job& job) {
        random.state = job.seed;
        const uint64_t first = now;
        bool stopping = false, opened = false, over = false;
        Number item = 0;
        uint64_t begun = 0;
        for (auto& module : modules) module = Module();
        top.place = job.place;
        top.bytes = job.bytes;
        top.limit = job.limit;
        header_asked = false;
        top.open = 1;
        top.start = 0;
        top.stop = 0;
        while (!over) {
            if (now - first > MOST_CYCLES) wrong("nothing happens any more");
            top.stop = job.stop_at != 0 && now - first == job.stop_at - 1;
            stopping |= top.stop;
            drive(job);
            top.eval();
            look(job, item, stopping);
            const bool done = top.done;
            if (done && stopping && !top.stop) wrong("an answer after a stop");
            const unsigned status = top.status, index = top.index;
            if (done && status != 0 && !reads.empty()) wrong("a failure before all words have come");
            if (done && status != 0 && top.rd_valid) wrong("a failure while there is a request");
            const bool at_rest = stopping && top.idle;
            if (at_rest && (!reads.empty() || top.rd_valid)) wrong("idle while memory owes something");
            if (top.idle)
                for (auto& module : modules)
                    if (module.busy || module.winding_down) wrong("idle while a module is not");
            clock();
            top.open = 0;
            top.start = 0;
            if (stopping) {
                if (at_rest && !top.stop) {
                    puts("x");
                    over = true;
                }
            } else if (done && !opened) {
                printf("o %u %u\n", status, index);
                opened = true;
                over = status != 0 || item == job.items;
                pause = random.next() % 64;
            } else if (done) {
                printf("d %u %u %llu\n", status, index, (Number)(now - begun));
                item++;
                over = status != 0 || item == job.items;
                pause = random.next() % 4 ? 0 : random.next() % 100;
            }
            if (opened && !over && !stopping && (done || waits)) {
                waits = pause != 0;
                if (pause != 0) {
                    pause--;
                } else {
                    top.start = 1;
                    begun = now;
                    for (auto& module : modules) module.started = 0;
                }
            }
        }
        waits = false;
        puts(".");
        earlier = job;
        // The next program is opened while this one is open, and what is fetched ahead on its way; or after a stop.
        if (random.next() % 2) return;
        const uint64_t last = now;
        top.stop = 1;
        for (bool at_rest = false; !at_rest;) {
            if (now - last > MOST_CYCLES) wrong("it is not idle after a stop");
            drive(job);
            top.eval();
            look(job, item, true);
            if (top.done && !top.stop) wrong("an answer after a stop");
            at_rest = top.idle && !top.stop;
            clock();
            top.stop = 0;
        }
    }

  private:
    void drive(const Job& job) {
        top.rd_ready = random.next() % 256 >= job.stalls;
        const bool comes = !reads.empty() && reads.front().due <= now && random.next() % 256 >= job.stalls;
        offered = offered || comes;
        top.rd_data_valid = offered;
        top.rd_data = random.wide();
        if (offered) top.rd_data = reads.front().words.front();
        for (int i = 0; i < 3; i++) {
            Module& module = modules[i];
            const bool done = module.busy && module.left == 0 && !top.halt;
            set(top.module_done__0240, top.module_done__0241, top.module_done__0242, i, done);
            set(top.module_idle__0240, top.module_idle__0241, top.module_idle__0242, i, !module.busy && !module.winding_down);
            // A status counts with `done` alone.
            set(top.module_status__0240, top.module_status__0241, top.module_status__0242, i,
                done ? module.status : random.next() & 0x7fff);
        }
    }

    template <class Port>
    static void set(Port& a, Port& b, Port& c, int which, unsigned value) {
        (which == 0 ? a : which == 1 ? b : c) = value;
    }

    void look(const Job& job, Number item, bool stopping) {
        if (held && (!top.rd_valid || top.rd_address != held_address || top.rd_words != held_words))
            wrong("a request changes");
        held = top.rd_valid && !top.rd_ready;
        held_address = top.rd_address;
        held_words = top.rd_words;
        if (top.rd_data_valid && top.rd_data_ready) {
            offered = false;
            reads.front().words.pop_front();
            if (reads.front().words.empty()) reads.pop_front();
        }
        if (top.rd_valid) {
            // Before a program's header the one that was open until then may ask for what follows.
            header_asked |= top.rd_address == job.place * 32;
            const Job& whose = header_asked ? job : earlier;
            const uint64_t from = top.rd_address - whose.place * 32, to = from + 8 * top.rd_words;
            if (top.rd_words == 0 || from % 8 != 0 || to > whose.bytes || to > 8 * whose.program.size() || to < from)
                wrong("a read outside the program");
            if (top.rd_ready) {
                const auto words = whose.program.begin();
                reads.push_back({now + 1 + random.next() % (job.latency + 1), {words + from / 8, words + to / 8}});
            }
        }
        const bool starts[3] = {bool(top.module_start__0240), bool(top.module_start__0241), bool(top.module_start__0242)};
        const bool ends[3] = {bool(top.module_done__0240), bool(top.module_done__0241), bool(top.module_done__0242)};
        const uint64_t words[12] = {top.module_words__0240, top.module_words__0241, top.module_words__0242,  top.module_words__0243,
                                    top.module_words__0244, top.module_words__0245, top.module_words__0246,  top.module_words__0247,
                                    top.module_words__0248, top.module_words__0249, top.module_words__02410, top.module_words__02411};
        for (int i = 0; i < 3; i++) {
            Module& module = modules[i];
            if (module.winding_down) module.winding_down--;
            if (module.busy && !top.halt)
                for (int j = 0; j < 4; j++)
                    if (module.words[j] != words[4 * i + j]) wrong("an instruction changes before it is done");
            if (ends[i]) {
                module.busy = false;
                if (module.status == 0 && !stopping) printf("e %d\n", i);
            } else if (module.busy && module.left) {
                module.left--;
            }
            if (top.halt && module.busy) {
                module.busy = false;
                module.winding_down = random.next() % 8;
            }
            if (starts[i]) {
                if (top.halt) wrong("a start while modules halt");
                if (module.busy || module.winding_down) wrong("a start of a busy module");
                module.busy = true;
                module.left = job.most_time == 0 ? 0 : random.next() % job.most_time;
                module.status = 0;
                // The first one of a list that may name an instruction twice.
                for (auto& fault : job.fault)
                    if (module.status == 0 && fault.item == item && int(fault.module) == i && fault.nth == module.started)
                        module.status = fault.status;
                module.started++;
                for (int j = 0; j < 4; j++) module.words[j] = words[4 * i + j];
                if (!stopping)
                    printf("s %d %llx %llx %llx %llx\n", i, (Number)words[4 * i], (Number)words[4 * i + 1],
                           (Number)words[4 * i + 2], (Number)words[4 * i + 3]);
            }
        }
    }

    void clock() {
        top.clock = 1;
        top.eval();
        top.clock = 0;
        top.eval();
        now++;
    }

    model& top;
    Random random{0};
    uint64_t now = 0;
    std::deque<Read> reads;
    Job earlier{};
    bool offered = false, held = false, waits = false, header_asked = false;
    uint64_t held_address = 0, held_words = 0, pause = 0;
    Module modules[3];
};

}  // namespace

int main(int count, char** arguments) {
    VerilatedContext context;
    model top{&context};
    select_fault(top, count, arguments, 1);
    top.clock = 0;
    top.eval();
    Bench bench{top};
    for (Job job; scanf("%llu %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu", &job.seed, &job.latency, &job.stalls,
                        &job.most_time, &job.stop_at, &job.place, &job.bytes, &job.limit, &job.items, &job.words,
                        &job.faults) == 11;) {
        job.program.clear();
        job.fault.clear();
        for (Number word, i = 0; i < job.words && scanf("%llx", &word) == 1; i++) job.program.push_back(word);
        for (Fault fault; job.fault.size() < job.faults &&
                          scanf("%llu %llu %llu %llu", &fault.item, &fault.module, &fault.nth, &fault.status) == 4;)
            job.fault.push_back(fault);
        bench.run(job);
    }
    top.final();
    return EXIT_SUCCESS;
}
