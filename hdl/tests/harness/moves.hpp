// What the harnesses of the load and the store module share: card memory with spaces, and how one instruction is
// run. The memory checks each access: within its spaces, and held until it is taken.

#pragma once

#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <string>
#include <vector>

// SplitMix64, as tests/rtl/random.rs has it.
struct Random {
    uint64_t state;
    uint64_t bits() {
        state += 0x9E3779B97F4A7C15;
        uint64_t z = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
    // True in so many of 256 cases.
    bool chance(unsigned of_256) { return (bits() & 255) < of_256; }
};

[[noreturn]] inline void fail(const std::string& what) {
    fprintf(stderr, "%s\n", what.c_str());
    exit(EXIT_FAILURE);
}

// FNV-1a over words.
struct Hash {
    uint64_t value = 0xcbf29ce484222325;
    void add(uint64_t word) { value = (value ^ word) * 0x100000001b3; }
};

struct Memory {
    uint64_t origin = 0;
    std::vector<uint64_t> words;
    uint64_t base[5] = {}, size[5] = {};

    void fill(uint64_t seed) {
        Random random{seed};
        for (auto& word : words) word = random.bits();
    }
    // The word at an address that one of the spaces of a mask holds.
    uint64_t& at(uint64_t address, unsigned spaces) {
        if (address & 7) fail("an address is no multiple of 8");
        for (int i = 0; i < 5; i++)
            if (spaces >> i & 1 && address >= base[i] && address < base[i] + size[i])
                return words.at((address - origin) / 8);
        char text[80];
        snprintf(text, sizeof text, "%" PRIx64 " is outside all spaces", address);
        fail(text);
    }
};

// What is offered stays as it is until it is taken.
struct Held {
    bool waits = false;
    uint64_t what[2] = {};
    void see(bool valid, bool ready, uint64_t first, uint64_t second) {
        if (waits && (!valid || first != what[0] || second != what[1])) fail("what waits has changed");
        waits = valid && !ready;
        what[0] = first;
        what[1] = second;
    }
};
