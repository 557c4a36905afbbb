// What moves a window over planes of an image.
// Windows come as (stride, dilation, padding) of the rows, then of the columns.

// The greatest element of each window.
__kernel void max_pool(__global const uchar *x_at, ulong x_offset, __global uchar *y_at, ulong y_offset, uint height,
                       uint width, uint rows, uint columns, uint kernel_height, uint kernel_width, uint3 down,
                       uint3 across) {
    const uint j = get_global_id(0), i = get_global_id(1), plane = get_global_id(2);
    __global const TX *restrict x = AT(const TX, x_at, x_offset) + plane * height * width;
    int most = -2147483647 - 1;
    for (uint u = 0; u < kernel_height; u++) {
        const int row = (int)(i * down.x + u * down.y) - (int)down.z;
        if (row < 0 || row >= (int)height) continue;
        for (uint v = 0; v < kernel_width; v++) {
            const int column = (int)(j * across.x + v * across.y) - (int)across.z;
            if (column >= 0 && column < (int)width) most = max(most, (int)x[(uint)row * width + (uint)column]);
        }
    }
    AT(TX, y_at, y_offset)[(plane * rows + i) * columns + j] = (TX)most;
}

// A convolution element by element, for groups that are too small for tiles. Filters are B, as they lie in a model;
// zeros are one entry or one for each output channel, and images of one item share the item's filters.
__kernel void convolve(__global const uchar *x_at, ulong x_offset, __global const uchar *b_at, ulong b_offset,
                       __global const uchar *zeros_at, ulong zeros_offset, __global const uchar *bias_at,
                       ulong bias_offset, __global uchar *y_at, ulong y_offset, uint height, uint width, uint rows,
                       uint columns, uint kernel_height, uint kernel_width, uint3 down, uint3 across, uint outs,
                       uint per_group, uint groups, uint images, uint b_item, uint zeros_step, uint bias_step,
                       uint bias_item, int x_zero) {
    const uint j = get_global_id(0), i = get_global_id(1), z = get_global_id(2);
    const uint o = z % outs, image = z / outs, item = image / images;
    const uint group = o / (outs / groups);
    const uint taps = kernel_height * kernel_width;
    __global const TX *restrict x =
        AT(const TX, x_at, x_offset) + (image * groups + group) * per_group * height * width;
    __global const TB *restrict w = AT(const TB, b_at, b_offset) + item * b_item + o * per_group * taps;
    const int zero = AT(const int, zeros_at, zeros_offset)[o * zeros_step];
    int sum = AT(const int, bias_at, bias_offset)[item * bias_item + o * bias_step];
    for (uint c = 0; c < per_group; c++) {
        for (uint u = 0; u < kernel_height; u++) {
            const int row = (int)(i * down.x + u * down.y) - (int)down.z;
            if (row < 0 || row >= (int)height) continue;
            for (uint v = 0; v < kernel_width; v++) {
                const int column = (int)(j * across.x + v * across.y) - (int)across.z;
                if (column < 0 || column >= (int)width) continue;
                const int value = (int)x[(c * height + (uint)row) * width + (uint)column] - x_zero;
                sum += value * ((int)w[(c * kernel_height + u) * kernel_width + v] - zero);
            }
        }
    }
    AT(int, y_at, y_offset)[(z * rows + i) * columns + j] = sum;
}

// The windows of one channel group as the columns of a matrix, packed as pack_columns packs them. A tap in the padding
// is 0, after the zero point is gone.
__kernel void pack_windows(__global const uchar *x_at, ulong x_offset, __global uchar *y_at, ulong y_offset,
                           uint height, uint width, uint columns, uint pixels, uint kernel_height, uint kernel_width,
                           uint3 down, uint3 across, uint depth, int x_zero, uint panels) {
    const uint k2 = get_global_id(0), panel = get_global_id(1), z = get_global_id(2);
    const uint pairs = (depth + 1) / 2;
    const uint taps = kernel_height * kernel_width;
    __global const TX *restrict x = AT(const TX, x_at, x_offset) + z * (depth / taps) * height * width;
    __global uint *restrict y = AT(uint, y_at, y_offset) + ((z * panels + panel) * pairs + k2) * NR;
    for (uint n = 0; n < NR; n++) {
        const uint pixel = panel * NR + n;
        const uint i = pixel / columns, j = pixel % columns;
        uint both = 0;
        for (uint half_ = 0; half_ < 2; half_++) {
            const uint k = 2 * k2 + half_;
            if (k >= depth || pixel >= pixels) continue;
            const uint c = k / taps, u = k / kernel_width % kernel_height, v = k % kernel_width;
            const int row = (int)(i * down.x + u * down.y) - (int)down.z;
            const int column = (int)(j * across.x + v * across.y) - (int)across.z;
            if (row < 0 || row >= (int)height || column < 0 || column >= (int)width) continue;
            const int value = (int)x[(c * height + (uint)row) * width + (uint)column] - x_zero;
            both |= (uint)(ushort)(short)value << (16 * half_);
        }
        y[n] = both;
    }
}
