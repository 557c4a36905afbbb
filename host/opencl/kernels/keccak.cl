// Keccak-256 of many messages, one a work item. Messages are padded to whole blocks of 17 words; spans has the first
// block and the number of blocks of each.
__constant ulong ROUNDS[24] = {
    0x0000000000000001UL, 0x0000000000008082UL, 0x800000000000808aUL, 0x8000000080008000UL, 0x000000000000808bUL,
    0x0000000080000001UL, 0x8000000080008081UL, 0x8000000000008009UL, 0x000000000000008aUL, 0x0000000000000088UL,
    0x0000000080008009UL, 0x000000008000000aUL, 0x000000008000808bUL, 0x800000000000008bUL, 0x8000000000008089UL,
    0x8000000000008003UL, 0x8000000000008002UL, 0x8000000000000080UL, 0x000000000000800aUL, 0x800000008000000aUL,
    0x8000000080008081UL, 0x8000000000008080UL, 0x0000000080000001UL, 0x8000000080008008UL};
__constant uint TURNS[24] = {1, 3, 6, 10, 15, 21, 28, 36, 45, 55, 2, 14, 27, 41, 56, 8, 25, 43, 62, 18, 39, 61, 20, 44};
__constant uint LANES[24] = {10, 7, 11, 17, 18, 3, 5, 16, 8, 21, 24, 4, 15, 23, 19, 13, 12, 2, 20, 14, 22, 9, 6, 1};

__kernel void keccak(__global const uchar *x_at, ulong x_offset, __global const uchar *spans_at, ulong spans_offset,
                     __global uchar *y_at, ulong y_offset) {
    const uint message = get_global_id(0);
    const uint2 span = AT(const uint2, spans_at, spans_offset)[message];
    __global const ulong *x = AT(const ulong, x_at, x_offset) + span.x * 17;
    ulong s[25];
    for (int i = 0; i < 25; i++) s[i] = 0;
    for (uint block = 0; block < span.y; block++) {
        for (int i = 0; i < 17; i++) s[i] ^= x[block * 17 + i];
        for (int round = 0; round < 24; round++) {
            ulong c[5];
            for (int i = 0; i < 5; i++) c[i] = s[i] ^ s[i + 5] ^ s[i + 10] ^ s[i + 15] ^ s[i + 20];
            for (int i = 0; i < 5; i++) {
                const ulong d = c[(i + 4) % 5] ^ rotate(c[(i + 1) % 5], 1UL);
                for (int j = 0; j < 25; j += 5) s[i + j] ^= d;
            }
            ulong moved = s[1];
            for (int i = 0; i < 24; i++) {
                const ulong kept = s[LANES[i]];
                s[LANES[i]] = rotate(moved, (ulong)TURNS[i]);
                moved = kept;
            }
            for (int j = 0; j < 25; j += 5) {
                for (int i = 0; i < 5; i++) c[i] = s[j + i];
                for (int i = 0; i < 5; i++) s[j + i] = c[i] ^ (~c[(i + 1) % 5] & c[(i + 2) % 5]);
            }
            s[0] ^= ROUNDS[round];
        }
    }
    for (int i = 0; i < 4; i++) AT(ulong, y_at, y_offset)[message * 4 + i] = s[i];
}
