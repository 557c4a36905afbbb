// y[z, m, n] = start + the sum over the depth of a[z, m, k] * b[z, k, n], of operands that pack.cl has packed. One work
// item computes a tile of MR rows and NR = 16 * NV columns. Sums wrap modulo 2^32, which is exact for results that fit;
// they are unsigned, since signed ones must not overflow in OpenCL C. z counts (i, j, l); each operand has a stride for
// each of the three.

// What a is packed as, how many of it a pair of the depth is, and the sums of a tile over all pairs.
#ifdef OP_FLOAT
#define PACKED float
#define WORDS 2
// Both operands hold bytes less a zero point, 255 in magnitude at most, and devices multiply floats faster than integers
// of 32 bits. Every sum of RUN pairs is an integer below 2^24, which a float holds exactly in any order, with or without
// fused operations.
#define RUN 128
static void multiply(uint16 sums[MR][NV], __global const float *a, __global const int *b, uint pairs) {
    for (uint run = 0; run < pairs; run += RUN) {
        float16 parts[MR][NV];
#pragma unroll
        for (int r = 0; r < MR; r++)
#pragma unroll
            for (int v = 0; v < NV; v++) parts[r][v] = 0;
        for (uint k = run; k < min(pairs, run + RUN); k++) {
            float16 low[NV], high[NV];
#pragma unroll
            for (int v = 0; v < NV; v++) {
                const int16 both = vload16(k * NV + v, b);
                low[v] = convert_float16((both << 16) >> 16), high[v] = convert_float16(both >> 16);
            }
#pragma unroll
            for (int r = 0; r < MR; r++) {
                const float16 first = a[2 * k * MR + r], second = a[(2 * k + 1) * MR + r];
#pragma unroll
                for (int v = 0; v < NV; v++) {
                    parts[r][v] = low[v] * first + parts[r][v];
                    parts[r][v] = high[v] * second + parts[r][v];
                }
            }
        }
#pragma unroll
        for (int r = 0; r < MR; r++)
#pragma unroll
            for (int v = 0; v < NV; v++) sums[r][v] += as_uint16(convert_int16(parts[r][v]));
    }
}
#else
#define PACKED int
#define WORDS 1
static void multiply(uint16 sums[MR][NV], __global const int *a, __global const int *b, uint pairs) {
    for (uint k = 0; k < pairs; k++) {
#pragma unroll
        for (int v = 0; v < NV; v++) {
            const int16 both = vload16(k * NV + v, b);
            const int16 low = (both << 16) >> 16, high = both >> 16;
#pragma unroll
            for (int r = 0; r < MR; r++) {
                const int other = a[k * MR + r];
                sums[r][v] += as_uint16(low * (int16)((other << 16) >> 16));
                sums[r][v] += as_uint16(high * (int16)(other >> 16));
            }
        }
    }
}
#endif

__kernel void product(__global const uchar *a_at, ulong a_offset, __global const uchar *b_at, ulong b_offset,
                      __global const uchar *start_at, ulong start_offset, __global uchar *y_at, ulong y_offset,
                      uint m, uint n, uint pairs, uint2 extents, uint3 a_strides, uint3 b_strides,
                      uint3 start_strides, uint row_step, uint column_step) {
    const uint panel = get_global_id(1), tile = get_global_id(0), z = get_global_id(2);
    const uint l = z % extents.y, j = z / extents.y % extents.x, i = z / extents.y / extents.x;
    const uint a_first = i * a_strides.x + j * a_strides.y + l * a_strides.z + tile * MR * WORDS * pairs;
    __global const int *b = AT(const int, b_at, b_offset) + i * b_strides.x + j * b_strides.y + l * b_strides.z +
                            panel * NR * pairs;
    uint16 sums[MR][NV];
    for (int r = 0; r < MR; r++)
        for (int v = 0; v < NV; v++) sums[r][v] = 0;
    multiply(sums, AT(const PACKED, a_at, a_offset) + a_first, b, pairs);
    __global const uint *start =
        AT(const uint, start_at, start_offset) + i * start_strides.x + j * start_strides.y + l * start_strides.z;
    __global uint *y = AT(uint, y_at, y_offset) + z * m * n;
    for (uint r = 0; r < MR && tile * MR + r < m; r++) {
        const uint row = tile * MR + r;
        for (uint v = 0; v < NV; v++) {
            const uint first = panel * NR + 16 * v;
            if (first + 16 <= n && column_step == 0) {
                vstore16(sums[r][v] + (uint16)(start[row * row_step]), 0, y + row * n + first);
            } else if (first + 16 <= n && row_step == 0) {
                vstore16(sums[r][v] + vload16(0, start + first), 0, y + row * n + first);
            } else if (first < n) {
                uint lanes[16];
                vstore16(sums[r][v], 0, lanes);
                for (uint i_ = first; i_ < min(n, first + 16); i_++)
                    y[row * n + i_] = lanes[i_ - first] + start[row * row_step + i_ * column_step];
            }
        }
    }
}
