// One Verilated card behind a few C functions, with the bus around it: it runs many cycles a call.
//
// The top module's ports are those of docs/device.md's pin-level contract. What depends on the board, the
// width of its streams, follows from the type that Verilator gives rc_data. Every handshake is held against
// the contract; a card that breaks it is reported with the rule and not clocked any more.

#include "memory.hpp"
#include "metisvm_model.h"
#include "verilated.h"
#ifdef METISVM_TRACE
#include "verilated_fst_c.h"
#endif
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#define EXPORT extern "C" __attribute__((visibility("default")))

namespace {

constexpr unsigned MOST_WORDS = 512;
constexpr unsigned TAGS = 64;
// Events that wait for their taker before the bus takes no more requests.
constexpr size_t MOST_EVENTS = 64;
// Cycles after a register access, in which the card notices what it means.
constexpr unsigned AFTERMATH = 4;

enum Kind : uint32_t { READ = 1, WRITE = 2, INTERRUPT = 3 };
enum Outcome : uint32_t { IDLE = 0, EVENT = 1, GOES_ON = 2 };

// The same as `Event` in ffi.rs.
struct Event {
    uint32_t kind;
    uint32_t tag;  // of a READ, or the vector of an INTERRUPT
    uint64_t address;
    uint64_t bytes;
    uint64_t words[MOST_WORDS];  // of a WRITE
};

// The same as `Counts` in ffi.rs.
struct Counts {
    uint64_t cycles, busy, reads, read_bytes, writes, written_bytes, interrupts;
    MemoryCounts memory;
};

struct Answer {
    bool active = false, error = false;
    uint64_t due = 0, number = 0;
    unsigned count = 0, next = 0;
    uint64_t words[MOST_WORDS];
};

struct Request {
    uint64_t address;
    unsigned bytes;
};

using Top = metisvm_model;
using Data = std::remove_reference_t<decltype(std::declval<Top>().rc_data)>;
constexpr unsigned LANES = sizeof(Data) / 8;
static_assert(LANES * 8 == sizeof(Data), "a stream is whole words");

// Only the build for seeded faults has this port.
template <class T>
auto select_fault(T& top, uint32_t fault, int) -> decltype(top.fault_select, true) {
    top.fault_select = fault;
    return true;
}
template <class T>
bool select_fault(T&, uint32_t fault, long) {
    return fault == 0;
}

struct Card {
    VerilatedContext context;
    std::unique_ptr<Top> top;
#ifdef METISVM_TRACE
    std::unique_ptr<VerilatedFstC> trace;
#endif
    Counts counts{};
    std::deque<Event> events;
    std::string broken;

    // Bus: cycles from a read's request to its data; chance of a stall, of 256; 0 for none.
    uint32_t stall = 0;
    uint64_t random = 1;

    Answer answers[TAGS];
    bool tag_in_use[TAGS] = {};
    uint64_t next_number = 0;
    int offered = -1;

    std::deque<Request> write_requests;
    std::deque<uint64_t> write_words;
    std::deque<unsigned> write_lengths;  // beats of the writes that are over
    unsigned beats = 0;

    Channel<24> rq;
    Channel<16> wq, mw;
    Channel<sizeof(Data) + 8> wd;
    Channel<8> irq;

    // The register access under way.
    bool aw = false, w = false, b = false, ar = false, r = false;
    uint32_t result = 0;

    uint64_t* memory = nullptr;
    uint64_t memory_words = 0;
    External<Top> external;

    Card() : top(new Top(&context, "card")) {
        context.randReset(0);
        top->eval();
    }
    ~Card() {
#ifdef METISVM_TRACE
        if (trace) trace->close();
#endif
        top->final();
        std::free(memory);
    }

    uint64_t draw() {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        return random;
    }
    bool stalls() { return stall != 0 && (draw() >> 16 & 255) < stall; }
    void breaks(const char* rule) {
        if (broken.empty()) broken = rule;
    }
    // Nothing is in progress, and no event waits to be taken.
    bool rests() const { return !broken.empty() || (events.empty() && !top->busy && !top->flr && !in_flight()); }
    bool in_flight() const {
        for (bool used : tag_in_use)
            if (used) return true;
        return external.busy() || !write_requests.empty() || !write_words.empty() || aw || w || b || ar || r;
    }

    // The tag whose data come next.
    int pick() {
        int best = -1;
        unsigned found = 0;
        for (unsigned tag = 0; tag < TAGS; tag++) {
            const Answer& answer = answers[tag];
            if (!answer.active || answer.due > counts.cycles) continue;
            found++;
            bool better = best < 0 || (stall ? draw() % found == 0 : answer.number < answers[best].number);
            if (better) best = int(tag);
        }
        return best;
    }

    void drive() {
        bool room = events.size() < MOST_EVENTS;
        top->rq_ready = room && !stalls();
        top->wq_ready = room && write_requests.size() < 8 && !stalls();
        top->wd_ready = room && write_words.size() < 8 * MOST_WORDS && !stalls();
        top->irq_ready = room && !stalls();
        top->mw_ready = !stalls();
        external.drive(*top, counts.cycles);
        if (offered < 0 && !stalls()) offered = pick();
        top->rc_valid = offered >= 0;
        if (offered >= 0) {
            const Answer& answer = answers[offered];
            top->rc_tag = unsigned(offered);
            top->rc_error = answer.error;
            top->rc_last = answer.error || answer.next + LANES >= answer.count;
            uint64_t beat[LANES] = {};
            for (unsigned lane = 0; lane < LANES && answer.next + lane < answer.count; lane++)
                beat[lane] = answer.words[answer.next + lane];
            std::memcpy(&top->rc_data, beat, sizeof(Data));
        }
        top->s_awvalid = aw;
        top->s_wvalid = w;
        top->s_bready = b;
        top->s_arvalid = ar;
        top->s_rready = r;
    }

    // Whether a request is one that the contract allows.
    static const char* wrong(uint64_t address, uint64_t bytes) {
        if (address % 8 || bytes % 8) return "a DMA request is no whole words";
        if (bytes == 0 || bytes > 8 * MOST_WORDS) return "a DMA request is of 0 or more than 4096 bytes";
        if (address / 4096 != (address + bytes - 1) / 4096) return "a DMA request crosses 4096 bytes";
        return nullptr;
    }

    void take_reads() {
        uint64_t now[3] = {top->rq_address, top->rq_bytes, top->rq_tag};
        if (!rq.keeps(top->rq_valid, top->rq_ready, now)) breaks("rq changed while it waited");
        if (!top->rq_valid || !top->rq_ready) return;
        if (const char* rule = wrong(now[0], now[1])) return breaks(rule);
        if (tag_in_use[now[2]]) return breaks("a tag is used again before its last data");
        tag_in_use[now[2]] = true;
        counts.reads++;
        counts.read_bytes += now[1];
        Event event{READ, uint32_t(now[2]), now[0], now[1], {}};
        events.push_back(event);
    }

    void give_data() {
        if (offered < 0 || !top->rc_ready) return;
        Answer& answer = answers[offered];
        answer.next += LANES;
        if (top->rc_last) {
            answer.active = false;
            tag_in_use[offered] = false;
        }
        offered = -1;
    }

    void take_writes() {
        uint64_t now[2] = {top->wq_address, top->wq_bytes};
        if (!wq.keeps(top->wq_valid, top->wq_ready, now)) breaks("wq changed while it waited");
        if (top->wq_valid && top->wq_ready) {
            if (const char* rule = wrong(now[0], now[1])) return breaks(rule);
            write_requests.push_back({now[0], unsigned(now[1])});
        }
        unsigned char beat[sizeof(Data) + 8] = {};
        std::memcpy(beat, &top->wd_data, sizeof(Data));
        beat[sizeof(Data)] = top->wd_last;
        if (!wd.keeps(top->wd_valid, top->wd_ready, beat)) breaks("wd changed while it waited");
        if (top->wd_valid && top->wd_ready) {
            uint64_t words[LANES];
            std::memcpy(words, beat, sizeof(Data));
            write_words.insert(write_words.end(), words, words + LANES);
            if (++beats > MOST_WORDS / LANES) return breaks("a write has more data than 4096 bytes");
            if (top->wd_last) {
                write_lengths.push_back(beats);
                beats = 0;
            }
        }
        while (!write_requests.empty() && !write_lengths.empty()) {
            Request request = write_requests.front();
            unsigned count = request.bytes / 8, length = write_lengths.front();
            if ((count + LANES - 1) / LANES != length) return breaks("a write's data are not as long as its request");
            Event event{WRITE, 0, request.address, request.bytes, {}};
            std::copy_n(write_words.begin(), count, event.words);
            write_words.erase(write_words.begin(), write_words.begin() + length * LANES);
            write_requests.pop_front();
            write_lengths.pop_front();
            counts.writes++;
            counts.written_bytes += request.bytes;
            events.push_back(event);
        }
    }

    void take_interrupts() {
        uint64_t vector = top->irq_vector;
        if (!irq.keeps(top->irq_valid, top->irq_ready, &vector)) breaks("irq changed while it waited");
        if (!top->irq_valid || !top->irq_ready) return;
        counts.interrupts++;
        Event event{INTERRUPT, uint32_t(vector), 0, 0, {}};
        events.push_back(event);
    }

    void take_memory() {
        uint64_t now[2] = {top->mw_address, top->mw_data};
        if (!mw.keeps(top->mw_valid, top->mw_ready, now)) breaks("mw changed while it waited");
        if (!top->mw_valid || !top->mw_ready) return;
        if (now[0] % 8 || now[0] / 8 >= memory_words) return breaks("mw is outside card memory");
        memory[now[0] / 8] = now[1];
    }

    void follow_memory() {
        if (const char* rule = external.follow(*top, counts.cycles, memory, memory_words)) breaks(rule);
    }

    void follow_access() {
        if (aw && top->s_awready) aw = false;
        if (w && top->s_wready) w = false;
        if (b && top->s_bvalid) b = false;
        if (ar && top->s_arready) ar = false;
        if (r && top->s_rvalid) {
            r = false;
            result = top->s_rdata;
        }
    }

    void cycle() {
        drive();
        top->clock = 0;
        top->eval();
#ifdef METISVM_TRACE
        if (trace) trace->dump(counts.cycles * 2);
#endif
        take_reads();
        give_data();
        take_writes();
        take_interrupts();
        take_memory();
        follow_memory();
        follow_access();
        counts.busy += top->busy;
        top->clock = 1;
        top->eval();
#ifdef METISVM_TRACE
        if (trace) trace->dump(counts.cycles * 2 + 1);
#endif
        top->flr = 0;
        counts.cycles++;
    }
};

}  // namespace

EXPORT Card* metisvm_card_new(uint64_t memory_bytes) {
    auto* memory = static_cast<uint64_t*>(std::calloc(memory_bytes / 8 + 1, 8));
    if (!memory) return nullptr;
    auto* card = new Card;
    card->memory = memory;
    card->memory_words = memory_bytes / 8;
    return card;
}

EXPORT void metisvm_card_delete(Card* card) { delete card; }

EXPORT uint32_t metisvm_card_trace(Card* card, const char* path) {
#ifdef METISVM_TRACE
    card->context.traceEverOn(true);
    card->trace.reset(new VerilatedFstC);
    card->top->trace(card->trace.get(), 99);
    card->trace->open(path);
    return card->trace->isOpen();
#else
    (void)card;
    (void)path;
    return 0;
#endif
}

EXPORT void metisvm_card_bus(Card* card, uint32_t stall, uint64_t seed) {
    card->stall = stall;
    card->random = seed | 1;
    card->external.disorder(stall, seed);
}

EXPORT void metisvm_card_memory_model(Card* card, const MemoryModel* model) { card->external.model = *model; }

EXPORT uint32_t metisvm_card_fault(Card* card, uint32_t fault) { return select_fault(*card->top, fault, 0); }

EXPORT void metisvm_card_flr(Card* card) { card->top->flr = 1; }

EXPORT uint32_t metisvm_card_rests(const Card* card) { return card->rests(); }

// Clocks the card until there is an event, until nothing is in progress, or for so many cycles.
EXPORT uint32_t metisvm_card_run(Card* card, uint64_t cycles, Event* event) {
    for (;; cycles--) {
        if (!card->broken.empty()) return IDLE;
        if (!card->events.empty()) {
            *event = card->events.front();
            card->events.pop_front();
            return EVENT;
        }
        if (card->rests()) return IDLE;
        if (cycles == 0) return GOES_ON;
        card->cycle();
    }
}

// Answers a read: with so many words after so many cycles, or with an error.
EXPORT void metisvm_card_answer(Card* card, uint32_t tag, const uint64_t* words, uint64_t count, uint32_t error,
                                uint64_t delay) {
    if (tag >= TAGS || count > MOST_WORDS) return;
    Answer& answer = card->answers[tag];
    answer.active = true;
    answer.error = error;
    answer.due = card->counts.cycles + delay;
    answer.number = card->next_number++;
    answer.count = unsigned(count);
    answer.next = 0;
    std::memcpy(answer.words, words, count * 8);
}

// One register access; gives 0 if the card does not answer within so many cycles.
EXPORT uint32_t metisvm_card_access(Card* card, uint32_t write, uint32_t offset, uint32_t* value, uint64_t cycles) {
    if (!card->broken.empty()) return 0;
    if (write) {
        card->top->s_awaddr = offset;
        card->top->s_wdata = *value;
        card->top->s_wstrb = 15;
        card->aw = card->w = card->b = true;
    } else {
        card->top->s_araddr = offset;
        card->ar = card->r = true;
    }
    while (card->aw || card->w || card->b || card->ar || card->r) {
        if (cycles-- == 0 || !card->broken.empty()) {
            card->breaks("a register access is not answered");
            return 0;
        }
        card->cycle();
    }
    if (write)
        for (unsigned i = 0; i < AFTERMATH; i++) card->cycle();
    *value = card->result;
    return 1;
}

// The rule that the card broke, in at most so many bytes of UTF-8; gives their number, 0 if it broke none.
EXPORT uint64_t metisvm_card_rule(const Card* card, char* to, uint64_t room) {
    return card->broken.copy(to, room);
}

EXPORT void metisvm_card_counts(const Card* card, Counts* counts) {
    *counts = card->counts;
    counts->memory = card->external.counts;
}

// Reads card memory; gives 0 if it does not reach so far.
EXPORT uint32_t metisvm_card_memory(const Card* card, uint64_t address, uint64_t* words, uint64_t count) {
    if (address % 8 || address / 8 > card->memory_words || count > card->memory_words - address / 8) return 0;
    std::memcpy(words, card->memory + address / 8, count * 8);
    return 1;
}
