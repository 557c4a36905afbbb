// Operands of products as the product reads them: 16-bit numbers less their zero point, two neighbours of the depth in
// one word of 32 bits, tiles of MR rows or NR columns side by side, filled up with zeros.

#ifdef OP_FLOAT
// Rows of bytes that meet columns of bytes become floats: x[z, m, k] becomes y[z, m / MR, k, m % MR], with a k more if
// the depth is odd.
__kernel void pack_rows(__global const uchar *x_at, ulong x_offset, __global const uchar *zeros_at,
                        ulong zeros_offset, __global uchar *y_at, ulong y_offset, uint m, uint depth,
                        uint zeros_step, int zero, uint tiles) {
    const uint tile = get_global_id(1), z = get_global_id(2), r = get_global_id(0);
    const uint even = (depth + 1) / 2 * 2, row = tile * MR + r, there = row < m ? depth : 0;
    __global float *y = AT(float, y_at, y_offset) + (z * tiles + tile) * even * MR + r;
    for (uint k = there; k < even; k++) y[k * MR] = 0;
    if (row >= m) return;
    __global const TX *x = AT(const TX, x_at, x_offset) + (z * m + row) * depth;
    const int own = zero + AT(const int, zeros_at, zeros_offset)[row * zeros_step];
    for (uint k = 0; k < depth; k++) y[k * MR] = (int)x[k] - own;
}
#else
// Rows: x[z, m, k] becomes y[z, m / MR, k / 2, m % MR].
__kernel void pack_rows(__global const uchar *x_at, ulong x_offset, __global const uchar *zeros_at,
                        ulong zeros_offset, __global uchar *y_at, ulong y_offset, uint m, uint depth,
                        uint zeros_step, int zero, uint tiles) {
    const uint tile = get_global_id(1), z = get_global_id(2), r = get_global_id(0);
    const uint pairs = (depth + 1) / 2, row = tile * MR + r;
    __global uint *y = AT(uint, y_at, y_offset) + (z * tiles + tile) * pairs * MR + r;
    if (row >= m) {
        for (uint k2 = 0; k2 < pairs; k2++) y[k2 * MR] = 0;
        return;
    }
    __global const TX *x = AT(const TX, x_at, x_offset) + (z * m + row) * depth;
    const int own = zero + AT(const int, zeros_at, zeros_offset)[row * zeros_step];
    for (uint k2 = 0; k2 < depth / 2; k2++) {
        const uint low = (ushort)(short)((int)x[2 * k2] - own), high = (ushort)(short)((int)x[2 * k2 + 1] - own);
        y[k2 * MR] = low | high << 16;
    }
    if (depth % 2 != 0) y[(pairs - 1) * MR] = (ushort)(short)((int)x[depth - 1] - own);
}
#endif

// Columns: x[z, k, n] becomes y[z, n / NR, k / 2, n % NR].
__kernel void pack_columns(__global const uchar *x_at, ulong x_offset, __global const uchar *zeros_at,
                           ulong zeros_offset, __global uchar *y_at, ulong y_offset, uint n, uint depth,
                           uint zeros_step, uint panels) {
    const uint k2 = get_global_id(0), panel = get_global_id(1), z = get_global_id(2);
    const uint pairs = (depth + 1) / 2, first = panel * NR;
    const uint there = min((uint)NR, n - first);
    __global uint *y = AT(uint, y_at, y_offset) + ((z * panels + panel) * pairs + k2) * NR;
    __global const TX *x = AT(const TX, x_at, x_offset) + (z * depth + 2 * k2) * n + first;
    __global const int *zeros = AT(const int, zeros_at, zeros_offset) + first * zeros_step;
    if (2 * k2 + 1 < depth) {
        for (uint i = 0; i < there; i++) {
            const int own = zeros[i * zeros_step];
            const uint low = (ushort)(short)((int)x[i] - own), high = (ushort)(short)((int)x[i + n] - own);
            y[i] = low | high << 16;
        }
    } else {
        for (uint i = 0; i < there; i++) y[i] = (ushort)(short)((int)x[i] - zeros[i * zeros_step]);
    }
    for (uint i = there; i < NR; i++) y[i] = 0;
}

// Where the left zero point does not fit the 16 bits: y[z, n] = bias[n] - x_zero * sum over k of (w[z, k, n] - zero[n]).
// Sums wrap, as those of the product do; the accumulator is proven to fit.
__kernel void column_starts(__global const uchar *x_at, ulong x_offset, __global const uchar *zeros_at,
                            ulong zeros_offset, __global const uchar *bias_at, ulong bias_offset,
                            __global uchar *y_at, ulong y_offset, uint n, uint depth, uint zeros_step, uint bias_step,
                            uint bias_z, int x_zero, uint lead) {
    const uint i = get_global_id(0), z = get_global_id(1);
    __global const TX *x = AT(const TX, x_at, x_offset) + z * depth * n + i;
    const int own = AT(const int, zeros_at, zeros_offset)[i * zeros_step];
    uint sum = 0;
    for (uint k = 0; k < depth; k++) sum += (uint)((int)x[k * n] - own);
    const uint bias = (uint)AT(const int, bias_at, bias_offset)[z / lead * bias_z + i * bias_step];
    AT(uint, y_at, y_offset)[z * n + i] = bias - (uint)x_zero * sum;
}
