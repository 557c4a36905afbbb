// Card memory beyond AXI pins, as the card's bus has it: an AXI4 slave of 64 bits that holds the card to the rules.
//
// Bursts of reads are answered in order, and so are those of writes; between the two there is no order. An answer comes
// `latency` cycles after its request at the soonest. The memory moves `width` aligned bytes at a time, which takes it
// `access` cycles, for reads and writes alike: a burst costs as many accesses as it meets pieces of that width.
//
// A word that is written can be read when its answer is given, no sooner: a read that was taken before reads the old
// one. With a chance of stalls each channel rests at random, answers come after up to four latencies, and the seed says
// whether AWREADY waits for WVALID, or WREADY for the burst's address, both of which AXI allows.

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <deque>
#include <type_traits>
#include <utility>
#include <vector>

namespace {

// The same as `Memory` in ffi.rs.
struct MemoryModel {
    uint64_t latency, width, access;
    // Answers that concern these bytes are errors, so many times.
    uint64_t error_address, error_bytes, error_times;
    uint32_t error_reads, error_writes, error_response;
};

// The same as `Traffic` in ffi.rs.
struct MemoryCounts {
    uint64_t reads, read_words, writes, written_words;
};

// What is offered on a channel and was not taken must stay.
template <size_t BYTES>
struct Channel {
    bool waits = false;
    unsigned char payload[BYTES];

    bool keeps(bool valid, bool ready, const void* now) {
        bool kept = !waits || (valid && std::memcmp(payload, now, BYTES) == 0);
        waits = valid && !ready;
        if (waits) std::memcpy(payload, now, BYTES);
        return kept;
    }
};

// What happens in card memory beyond AXI pins: only some boards have them.
template <class T, class = void>
struct External {
    MemoryModel model{};
    MemoryCounts counts{};
    void disorder(uint32_t, uint64_t) {}
    void drive(T&, uint64_t) {}
    const char* follow(T&, uint64_t, uint64_t*, uint64_t) { return nullptr; }
    bool busy() const { return false; }
};

template <class T>
struct External<T, std::void_t<decltype(std::declval<T>().axi_araddr__0240)>> {
    static constexpr unsigned MOST_BEATS = 64, MOST_BURSTS = 64;
    static constexpr uint32_t OKAY = 0;

    struct Word {
        uint64_t data;
        unsigned strobe;
        bool last;
    };
    struct Burst {
        uint64_t address = 0, count = 0;
        uint64_t begin = 0;
        std::vector<Word> words;
        size_t next = 0;
    };

    MemoryModel model{0, 8, 0, 0, 0, 0, 0, 0, 0};
    MemoryCounts counts{};
    uint32_t stall = 0;
    uint64_t random = 1;
    // From when on the memory is free; when the last answers of each direction begin.
    uint64_t free = 0, last_read = 0, last_write = 0;
    std::deque<Burst> reads;
    std::deque<Burst> places;   // writes whose words are not all there
    std::deque<Word> words;     // words whose burst is not there
    std::deque<Burst> writes;
    Channel<16> ar, aw;
    Channel<24> w;
    bool offers = false, answers = false;
    uint32_t read_response = OKAY, write_response = OKAY;

    void disorder(uint32_t chance, uint64_t seed) {
        stall = chance;
        random = (seed * 0x9e3779b97f4a7c15) | 1;
        habit = seed % 3;
    }
    bool busy() const { return !reads.empty() || !places.empty() || !words.empty() || !writes.empty(); }

    // Sets the inputs of a cycle.
    void drive(T& top, uint64_t now) {
        top.axi_arready__0240 = !stalls() && reads.size() < MOST_BURSTS;
        bool room = places.size() + writes.size() < MOST_BURSTS;
        top.axi_awready__0240 = !stalls() && room && (habit != 1 || top.axi_wvalid__0240 || !words.empty());
        top.axi_wready__0240 = !stalls() && words.size() < MOST_BEATS && (habit != 2 || !places.empty());
        // A word that was offered stays, and so does an answer.
        if (!offers && !reads.empty() && due(reads.front(), reads.front().next) <= now && !stalls()) {
            offers = true;
            const Burst& burst = reads.front();
            read_response = response(model.error_reads, burst.address + 8 * burst.next, 8);
        }
        top.axi_rvalid__0240 = offers;
        top.axi_rresp__0240 = offers ? read_response : garbage(now);
        top.axi_rdata__0240 = offers && read_response == OKAY ? reads.front().words[reads.front().next].data : garbage(now);
        if (!answers && !writes.empty() && due(writes.front(), writes.front().count - 1) <= now && !stalls()) {
            answers = true;
            write_response = response(model.error_writes, writes.front().address, 8 * writes.front().count);
        }
        top.axi_bvalid__0240 = answers;
        top.axi_bresp__0240 = answers ? write_response : garbage(now);
    }

    // Takes what moves in this cycle; gives the rule that the card broke.
    const char* follow(T& top, uint64_t now, uint64_t* memory, uint64_t size) {
        uint64_t from[2] = {top.axi_araddr__0240, top.axi_arlen__0240};
        if (!ar.keeps(top.axi_arvalid__0240, top.axi_arready__0240, from)) return "axi_ar changed while it waited";
        uint64_t to[2] = {top.axi_awaddr__0240, top.axi_awlen__0240};
        if (!aw.keeps(top.axi_awvalid__0240, top.axi_awready__0240, to)) return "axi_aw changed while it waited";
        uint64_t word[3] = {top.axi_wdata__0240, top.axi_wstrb__0240, top.axi_wlast__0240};
        if (!w.keeps(top.axi_wvalid__0240, top.axi_wready__0240, word)) return "axi_w changed while it waited";
        // The card always takes an answer: its BREADY is high for ever.
        if (top.axi_bvalid__0240) {
            if (write_response == OKAY) write(writes.front(), memory);
            writes.pop_front();
            answers = false;
        }
        if (top.axi_rvalid__0240 && top.axi_rready__0240) {
            offers = false;
            if (++reads.front().next == reads.front().count) reads.pop_front();
        }
        if (top.axi_arvalid__0240 && top.axi_arready__0240) {
            if (const char* rule = wrong(from, size)) return rule;
            Burst burst{from[0], from[1] + 1};
            for (uint64_t i = 0; i < burst.count; i++) burst.words.push_back({memory[from[0] / 8 + i], 0, false});
            last_read = schedule(burst, now, last_read);
            counts.reads++;
            counts.read_words += burst.count;
            reads.push_back(burst);
        }
        if (top.axi_awvalid__0240 && top.axi_awready__0240) {
            if (const char* rule = wrong(to, size)) return rule;
            places.push_back({to[0], to[1] + 1});
        }
        if (top.axi_wvalid__0240 && top.axi_wready__0240) words.push_back({word[0], unsigned(word[1]), word[2] != 0});
        while (!places.empty() && !words.empty()) {
            Burst& burst = places.front();
            burst.words.push_back(words.front());
            words.pop_front();
            if (burst.words.back().last != (burst.words.size() == burst.count))
                return "axi_wlast is not at the last word of a burst";
            if (burst.words.size() < burst.count) continue;
            last_write = schedule(burst, now, last_write);
            counts.writes++;
            counts.written_words += burst.count;
            writes.push_back(burst);
            places.pop_front();
        }
        return nullptr;
    }

private:
    unsigned habit = 0;

    uint64_t draw() {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        return random;
    }
    bool stalls() { return stall != 0 && (draw() >> 16 & 255) < stall; }
    static uint64_t garbage(uint64_t now) { return now * 0x9e3779b97f4a7c15; }

    // The piece of the memory's width in which a word of a burst lies, counted from the burst's first.
    uint64_t piece(const Burst& burst, uint64_t word) const {
        return (burst.address + 8 * word) / model.width - burst.address / model.width;
    }
    // When a word of a burst has been moved.
    uint64_t due(const Burst& burst, uint64_t word) const {
        uint64_t accesses = piece(burst, word) + 1;
        return burst.begin + accesses * model.access - (model.access != 0);
    }
    // Finds the time for a burst that is whole, behind the last one of its direction.
    uint64_t schedule(Burst& burst, uint64_t now, uint64_t last) {
        uint64_t delay = model.latency;
        if (stall != 0) delay = draw() % (4 * std::min(model.latency, uint64_t(1) << 32) + 1);
        uint64_t start = std::max(now, free);
        free = start + (piece(burst, burst.count - 1) + 1) * model.access;
        burst.begin = std::max(start + delay, last);
        return burst.begin;
    }
    // What an answer about these bytes says.
    uint32_t response(bool concerns, uint64_t address, uint64_t bytes) {
        bool meets = address < model.error_address + model.error_bytes && model.error_address < address + bytes;
        if (!concerns || !meets || model.error_times == 0) return OKAY;
        model.error_times--;
        return model.error_response;
    }
    static const char* wrong(const uint64_t burst[2], uint64_t size) {
        uint64_t address = burst[0], count = burst[1] + 1;
        if (address % 8) return "an AXI burst begins within a word";
        if (count > MOST_BEATS) return "an AXI burst has more than 64 words";
        if (address / 4096 != (address + 8 * count - 1) / 4096) return "an AXI burst crosses 4096 bytes";
        if (address / 8 + count > size) return "an AXI burst is outside card memory";
        return nullptr;
    }
    static void write(const Burst& burst, uint64_t* memory) {
        for (uint64_t i = 0; i < burst.count; i++) {
            auto* bytes = reinterpret_cast<unsigned char*>(memory + burst.address / 8 + i);
            for (unsigned lane = 0; lane < 8; lane++)
                if (burst.words[i].strobe >> lane & 1) bytes[lane] = static_cast<unsigned char>(burst.words[i].data >> 8 * lane);
        }
    }
};

}  // namespace
