// One element of the result for each (outer, inner), from those along the dimension between.
__kernel void reduce(__global const uchar *x_at, ulong x_offset, __global uchar *y_at, ulong y_offset, uint extent,
                     uint inner, ulong numerator, ulong epsilon) {
    const uint i = get_global_id(0), o = get_global_id(1);
    __global const TX *restrict x = AT(const TX, x_at, x_offset) + o * extent * inner + i;
    __global TY *restrict y = AT(TY, y_at, y_offset) + o * inner + i;
#if defined(OP_SUM)
    int sum = 0;
    for (uint e = 0; e < extent; e++) sum += (int)x[e * inner];
    *y = sum;
#elif defined(OP_MAX)
    int most = (int)x[0];
    for (uint e = 1; e < extent; e++) most = max(most, (int)x[e * inner]);
    *y = (TY)most;
#elif defined(OP_ARG_MAX)
    int most = (int)x[0], index = 0;
    for (uint e = 1; e < extent; e++) {
        const int value = (int)x[e * inner];
        if (value > most) {
            most = value;
            index = (int)e;
        }
    }
    *y = index;
#else
    ulong sum = epsilon;
    for (uint e = 0; e < extent; e++) {
        const long value = (long)x[e * inner];
        sum += (ulong)(value * value);
    }
    // The root bit by bit: no floats, so that it is the same everywhere. The quotient is at most 2^62.
    ulong left = numerator / sum, root = 0;
    for (ulong bit = 1UL << 62; bit != 0; bit >>= 2) {
        if (left >= root + bit) {
            left -= root + bit;
            root = (root >> 1) + bit;
        } else {
            root >>= 1;
        }
    }
    *y = (int)min(root, 2147483647UL);
#endif
}
