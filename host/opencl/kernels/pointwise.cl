// y[row, i] = F(x[.., i], b[.., i]): rows over up to eight dimensions whose strides are given, columns along the
// last one, in chunks of neighbouring elements. Strides of 0 stretch an operand.
#if defined(OP_ADD)
#define F(a, k) ((TY)((int)(a) + (int)b[k]))
#elif defined(OP_SUB)
#define F(a, k) ((TY)((int)(a) - (int)b[k]))
#elif defined(OP_MUL)
#define F(a, k) ((TY)SATURATE(((long)(a) * (long)b[k] + p) >> q))
#elif defined(OP_REQUANTISE)
// One rounding, halves towards plus infinity. b holds multipliers, c shifts, d zero points; c and d have one entry
// for each of b, or one.
#define F(a, k) ((TY)requantised((int)(a), b[k], c[(k) * c_step], d[(k) * d_step]))
inline int requantised(int a, int multiplier, int shift, int zero) {
    const long product = (long)a * (long)multiplier;
    return SATURATE((long)zero + ((product + (1L << (shift - 1))) >> shift));
}
#elif defined(OP_CLAMP)
#define F(a, k) ((TY)max((int)p, min((int)q, (int)(a))))
#elif defined(OP_TABLE)
#define F(a, k) (b[(k) + (uchar)(a)])
#elif defined(OP_INTERPOLATE)
#define F(a, k) ((TY)interpolated((int)(a), b + (k)))
inline int interpolated(int a, __global const TB *t) {
    const int u = a + 32768;
    const int h = u >> 8, l = u & 255;
    return (int)t[h] + ((((int)t[h + 1] - (int)t[h]) * l + 128) >> 8);
}
#elif defined(OP_RECIPROCAL)
#define F(a, k) ((TY)min(2147483647L, p / (long)max(1, (int)(a))))
#else
#define F(a, k) ((TY)(a))
#endif

__kernel void pointwise(__global const uchar *x_at, ulong x_offset, __global const uchar *b_at, ulong b_offset,
                        __global const uchar *c_at, ulong c_offset, __global const uchar *d_at, ulong d_offset,
                        __global uchar *y_at, ulong y_offset, uint8 extents, uint8 x_strides, uint8 b_strides,
                        uint columns, uint x_step, uint b_step, uint y_stride, uint y_first, uint chunk, uint c_step,
                        uint d_step, long p, long q) {
    uint extent[8], x_stride[8], b_stride[8];
    vstore8(extents, 0, extent);
    vstore8(x_strides, 0, x_stride);
    vstore8(b_strides, 0, b_stride);
    const uint row = get_global_id(1);
    const uint from = get_global_id(0) * chunk, to = min(from + chunk, columns);
    uint x_first = 0, b_first = 0, rest = row;
    for (int i = 7; i >= 0; i--) {
        if (extent[i] > 1) {
            const uint at = rest % extent[i];
            rest /= extent[i];
            x_first += at * x_stride[i];
            b_first += at * b_stride[i];
        }
    }
    __global const TX *restrict x = AT(const TX, x_at, x_offset) + x_first;
    __global const TB *restrict b = AT(const TB, b_at, b_offset) + b_first;
    __global const int *restrict c = AT(const int, c_at, c_offset) + b_first * c_step;
    __global const int *restrict d = AT(const int, d_at, d_offset) + b_first * d_step;
    __global TY *restrict y = AT(TY, y_at, y_offset) + y_first + row * y_stride;
    if (x_step == 1 && b_step == 1) {
        for (uint i = from; i < to; i++) y[i] = F(x[i], i);
    } else if (x_step == 1 && b_step == 0) {
        for (uint i = from; i < to; i++) y[i] = F(x[i], 0);
    } else {
        for (uint i = from; i < to; i++) y[i] = F(x[i * x_step], i * b_step);
    }
}
