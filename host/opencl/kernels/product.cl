// y[z, m, n] = start + the sum over the depth of a[z, m, k] * b[z, k, n], of operands that pack.cl has packed. One work
// item computes a tile of MR rows and NR = 16 * NV columns; sums wrap modulo 2^32, which is exact for results that fit.
// z counts (i, j, l); each operand has a stride for each of the three.
__kernel void product(__global const uchar *a_at, ulong a_offset, __global const uchar *b_at, ulong b_offset,
                      __global const uchar *start_at, ulong start_offset, __global uchar *y_at, ulong y_offset,
                      uint m, uint n, uint pairs, uint2 extents, uint3 a_strides, uint3 b_strides,
                      uint3 start_strides, uint row_step, uint column_step) {
    const uint panel = get_global_id(1), tile = get_global_id(0), z = get_global_id(2);
    const uint l = z % extents.y, j = z / extents.y % extents.x, i = z / extents.y / extents.x;
    __global const int *a = AT(const int, a_at, a_offset) + i * a_strides.x + j * a_strides.y + l * a_strides.z +
                            tile * MR * pairs;
    __global const int *b = AT(const int, b_at, b_offset) + i * b_strides.x + j * b_strides.y + l * b_strides.z +
                            panel * NR * pairs;
    int16 sums[MR][NV];
    for (int r = 0; r < MR; r++)
        for (int v = 0; v < NV; v++) sums[r][v] = 0;
    for (uint k = 0; k < pairs; k++) {
#pragma unroll
        for (int v = 0; v < NV; v++) {
            const int16 both = vload16(k * NV + v, b);
            const int16 low = (both << 16) >> 16, high = both >> 16;
#pragma unroll
            for (int r = 0; r < MR; r++) {
                const int other = a[k * MR + r];
                sums[r][v] += low * (int16)((other << 16) >> 16) + high * (int16)(other >> 16);
            }
        }
    }
    __global const int *start =
        AT(const int, start_at, start_offset) + i * start_strides.x + j * start_strides.y + l * start_strides.z;
    __global int *y = AT(int, y_at, y_offset) + z * m * n;
    for (uint r = 0; r < MR && tile * MR + r < m; r++) {
        const uint row = tile * MR + r;
        for (uint v = 0; v < NV; v++) {
            const uint first = panel * NR + 16 * v;
            if (first + 16 <= n && column_step == 0) {
                vstore16(sums[r][v] + (int16)(start[row * row_step]), 0, y + row * n + first);
            } else if (first + 16 <= n && row_step == 0) {
                vstore16(sums[r][v] + vload16(0, start + first), 0, y + row * n + first);
            } else if (first < n) {
                int lanes[16];
                vstore16(sums[r][v], 0, lanes);
                for (uint i_ = first; i_ < min(n, first + 16); i_++)
                    y[row * n + i_] = lanes[i_ - first] + start[row * row_step + i_ * column_step];
            }
        }
    }
}
