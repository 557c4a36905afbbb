// y[item, o, j, i] = data[item, o, index[item, j], i]. The model's proof has every index within the dimension; it is
// held there once more, so that no index reaches other memory.
__kernel void gather(__global const uchar *x_at, ulong x_offset, __global const uchar *b_at, ulong b_offset,
                     __global uchar *y_at, ulong y_offset, uint outer, uint extent, uint inner, uint count,
                     uint x_item, uint b_item, uint chunk) {
    const uint row = get_global_id(1);
    const uint from = get_global_id(0) * chunk, to = min(from + chunk, inner);
    const uint j = row % count, o = row / count % outer, item = row / count / outer;
    const int index = (int)AT(const TB, b_at, b_offset)[item * b_item + j];
    const uint e = (uint)clamp(index, 0, (int)extent - 1);
    __global const TX *restrict x = AT(const TX, x_at, x_offset) + item * x_item + (o * extent + e) * inner;
    __global TX *restrict y = AT(TX, y_at, y_offset) + row * inner;
    for (uint i = from; i < to; i++) y[i] = x[i];
}
