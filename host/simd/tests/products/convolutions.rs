//! Convolutions.

use super::{Memory, Random, Result, Type};
use metisvm_simd::Level;
use metisvm_simd::product::{Block, Conv2dShape, PackedFilters, Scratch, Zeros, conv2d};

/// One convolution at all levels, some of its output channels.
fn check_convolution(random: &mut Random, scratch: &mut Scratch, shape: &Conv2dShape, types: (Type, Type)) {
    let s = shape;
    let (per_group, group_outs) = (s.channels / s.groups, s.outs / s.groups);
    let filter = per_group * s.kernel[0] * s.kernel[1];
    let x = random.numbers(s.channels * s.height * s.width, types.0.range());
    let w = random.numbers(s.outs * filter, types.1.range());
    let x_zero = random.numbers(1, types.0.range())[0];
    let each = random.below(2) == 0;
    let mut zeros = random.numbers(if each { s.outs } else { 1 }, types.1.range());
    if random.below(2) == 0 {
        zeros.fill(if types.1 == Type::U8 { 128 } else { 0 });
    }
    let bias = (random.below(3) > 0).then(|| random.numbers(s.outs, (-1_000_000_000, 1_000_000_000)));
    let outs = random.part(s.outs);

    let pixels = s.rows * s.cols;
    let mut expected = Result::new(s.outs, pixels);
    for o in outs.clone() {
        for pixel in 0..pixels {
            let mut sum = bias.as_ref().map_or(0, |b| i64::from(b[o]));
            for tap in 0..filter {
                let (u, v) = (tap / s.kernel[1] % s.kernel[0], tap % s.kernel[1]);
                let channel = o / group_outs * per_group + tap / (s.kernel[0] * s.kernel[1]);
                let row = (pixel / s.cols * s.stride[0] + u * s.dilation[0]).wrapping_sub(s.padding[0]);
                let column = (pixel % s.cols * s.stride[1] + v * s.dilation[1]).wrapping_sub(s.padding[1]);
                if row < s.height && column < s.width {
                    let x = x[(channel * s.height + row) * s.width + column] - x_zero;
                    let zero = zeros[if each { o } else { 0 }];
                    sum += i64::from(x) * i64::from(w[o * filter + tap] - zero);
                }
            }
            expected.values[o * pixels + pixel] = Some(sum as i32);
        }
    }
    let (x, w) = (Memory::new(types.0, &x), Memory::new(types.1, &w));
    let zeros = if each {
        Zeros::Each(&zeros)
    } else {
        Zeros::One(zeros[0])
    };
    for level in Level::available() {
        let packed = PackedFilters::new(level, *s, w.elements(), zeros);
        let mut result = Result::new(s.outs, pixels);
        let mut sink = |block: Block<'_>| result.take(block);
        conv2d(
            &packed,
            x.elements(),
            x_zero,
            bias.as_deref(),
            outs.clone(),
            scratch,
            &mut sink,
        );
        assert!(
            result.values == expected.values,
            "{level}: {s:?}, {types:?}, {outs:?}, {zeros:?}"
        );
    }
}

/// A shape with as many results as fit.
fn shape(channels: usize, extents: [usize; 2], outs: usize, kernel: [usize; 2]) -> Conv2dShape {
    Conv2dShape {
        channels,
        height: extents[0],
        width: extents[1],
        outs,
        kernel,
        stride: [1; 2],
        dilation: [1; 2],
        padding: [0; 4],
        groups: 1,
        rows: 0,
        cols: 0,
    }
}

/// Sets rows and columns of the result, if a window fits.
fn fitted(mut s: Conv2dShape) -> Option<Conv2dShape> {
    let count = |d: usize, extent: usize| {
        let reach = (s.kernel[d] - 1) * s.dilation[d] + 1;
        (extent + s.padding[d] + s.padding[d + 2])
            .checked_sub(reach)
            .map(|room| room / s.stride[d] + 1)
    };
    (s.rows, s.cols) = (count(0, s.height)?, count(1, s.width)?);
    Some(s)
}

#[test]
fn convolutions_of_every_shape_are_the_sums() {
    let mut random = Random(0x0dd_ba11_cafe_f00d);
    let mut scratch = Scratch::default();
    let mut done = 0;
    while done < 400 {
        let groups = random.pick(&[1, 1, 1, 2, 3, 5, 8]);
        let channels = groups * random.pick(&[1, 1, 2, 3, 4, 5, 7, 8, 16]);
        let extents = [
            random.pick(&[1, 2, 5, 7, 8, 13, 20]),
            random.pick(&[1, 2, 3, 7, 8, 15, 16, 17, 33, 40]),
        ];
        let outs = groups * random.pick(&[1, 1, 2, 3, 8, 11, 12, 13, 24]);
        let kernel = [
            random.pick(&[1, 1, 2, 3, 5, 7]),
            random.pick(&[1, 1, 2, 3, 4, 5, 7, 8]),
        ];
        let shape = Conv2dShape {
            stride: [random.pick(&[1, 1, 2, 3]), random.pick(&[1, 1, 2, 3, 5])],
            dilation: [random.pick(&[1, 1, 2, 4]), random.pick(&[1, 1, 2, 3])],
            padding: [0; 4].map(|_: usize| random.pick(&[0, 0, 1, 2, 3, 9])),
            groups,
            ..shape(channels, extents, outs, kernel)
        };
        let Some(mut shape) = fitted(shape) else {
            continue;
        };
        // Fewer results than fit are as good.
        if random.below(4) == 0 {
            (shape.rows, shape.cols) = (1 + random.below(shape.rows), 1 + random.below(shape.cols));
        }
        if shape.outs * shape.rows * shape.cols * channels / groups * kernel[0] * kernel[1] > 2_000_000 {
            continue;
        }
        let types = (
            [Type::U8, Type::I8][random.below(2)],
            [Type::U8, Type::I8][random.below(2)],
        );
        check_convolution(&mut random, &mut scratch, &shape, types);
        done += 1;
    }
}

#[test]
fn convolutions_of_models_are_the_sums() {
    let mut random = Random(0xabad_cafe_0123_4567);
    let mut scratch = Scratch::default();
    let same = |s: Conv2dShape, p: usize| Conv2dShape { padding: [p; 4], ..s };
    let strided = |s: Conv2dShape| Conv2dShape { stride: [2; 2], ..s };
    let depthwise = |s: Conv2dShape| Conv2dShape {
        groups: s.channels,
        ..s
    };
    for s in [
        same(shape(64, [14, 14], 64, [3, 3]), 1),
        same(shape(32, [56, 56], 8, [3, 3]), 1),
        strided(same(shape(3, [64, 64], 16, [7, 7]), 3)),
        strided(shape(64, [28, 28], 32, [1, 1])),
        shape(64, [7, 7], 40, [1, 1]),
        same(shape(256, [7, 7], 16, [3, 3]), 1),
        same(shape(1, [28, 28], 8, [5, 5]), 2),
        depthwise(same(shape(24, [28, 28], 24, [3, 3]), 1)),
        depthwise(strided(same(shape(24, [28, 28], 24, [3, 3]), 1))),
        depthwise(same(shape(8, [15, 15], 16, [5, 5]), 2)),
        shape(1, [1, 700], 3, [1, 9]),
        shape(2, [700, 1], 3, [9, 1]),
        shape(600, [1, 1], 70, [1, 1]),
        shape(2, [90, 90], 2, [3, 3]),
    ] {
        let s = fitted(s).unwrap();
        let types = (
            [Type::U8, Type::I8][random.below(2)],
            [Type::U8, Type::I8][random.below(2)],
        );
        check_convolution(&mut random, &mut scratch, &s, types);
    }
}
