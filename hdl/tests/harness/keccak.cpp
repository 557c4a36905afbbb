// Hashes messages with a Verilated Keccak core or engine, with stalls at both ends.
//
// Input: the seed of the stalls, in how many of 256 cycles the source holds back, in how many the sink does; then a line
// a message, its length and its bytes in hexadecimal. Output: a line a digest, then the cycles from the first word
// offered to the last digest, and in how many of them rounds were executed, of all cores together.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "model.h"
#include "verilated.h"

namespace {

struct Random {
    uint64_t state;
    uint32_t next() {
        state = state * 6364136223846793005u + 1442695040888963407u;
        return uint32_t(state >> 33);
    }
};

// A limit on cycles: a block that hangs is a failure, not a test that never ends.
constexpr uint64_t IDLE_CYCLES = 100000;

}  // namespace

int main() {
    unsigned long long seed;
    unsigned hold_in, hold_out;
    if (scanf("%llu %u %u", &seed, &hold_in, &hold_out) != 3) return EXIT_FAILURE;
    std::vector<std::vector<uint8_t>> messages;
    for (size_t length; scanf("%zu", &length) == 1;) {
        std::vector<uint8_t> message(length);
        for (auto& byte : message) {
            unsigned value;
            if (scanf("%2x", &value) != 1) return EXIT_FAILURE;
            byte = uint8_t(value);
        }
        messages.push_back(message);
    }
    VerilatedContext context;
    model top{&context};
    Random random{seed};
    top.clock = 0;
    top.clear = 0;
    top.in_valid = 0;
    top.out_ready = 0;
    auto edge = [&] {
        top.clock = 1;
        top.eval();
        top.clock = 0;
        top.eval();
    };
    for (int i = 0; i < 4; i++) edge();
    size_t message = 0, at = 0, digests = 0;
    uint64_t cycles = 0, busy = 0, last_progress = 0;
    bool offered = false;
    std::string digest;
    while (digests < messages.size()) {
        if (!offered) offered = message < messages.size() && random.next() % 256 >= hold_in;
        top.in_valid = offered;
        // Where there is no word, and in bytes that do not count, the inputs hold garbage.
        uint64_t word = uint64_t(random.next()) << 32 | random.next();
        unsigned bytes = random.next() % 16;
        bool last = random.next() % 2;
        if (offered) {
            size_t left = messages[message].size() - at;
            bytes = left < 8 ? unsigned(left) : 8;
            last = left <= 8;
            for (unsigned i = 0; i < bytes; i++) {
                word &= ~(uint64_t(0xff) << 8 * i);
                word |= uint64_t(messages[message][at + i]) << 8 * i;
            }
        }
        top.in_data = word;
        top.in_bytes = bytes;
        top.in_last = last;
        top.out_ready = random.next() % 256 >= hold_out;
        top.eval();
        if (top.out_valid && top.out_ready) {
            char text[17];
            for (int i = 0; i < 8; i++) snprintf(text + 2 * i, 3, "%02x", unsigned(top.out_data >> 8 * i & 0xff));
            digest += text;
            if (top.out_last) {
                puts(digest.c_str());
                digest.clear();
                digests++;
            }
            last_progress = cycles;
        }
        if (offered && top.in_ready) {
            at += bytes;
            offered = false;
            last_progress = cycles;
            if (last) {
                message++;
                at = 0;
            }
        }
        for (unsigned cores = top.busy; cores != 0; cores >>= 1) busy += cores & 1;
        if (cycles - last_progress > IDLE_CYCLES) {
            fprintf(stderr, "nothing happens any more\n");
            return EXIT_FAILURE;
        }
        edge();
        cycles++;
    }
    printf("%llu %llu\n", (unsigned long long)cycles, (unsigned long long)busy);
    top.final();
    return EXIT_SUCCESS;
}
