//! Products and convolutions at every level against sums as they are defined, over random and extreme
//! operands.

use metisvm_simd::Level;
use metisvm_simd::product::{
    Block, Conv2dShape, Elements, Left, PackedFilters, PackedMatrix, Right, Scratch, XKind, Zeros, conv2d,
    mat_mul, mat_mul_unpacked,
};
use std::ops::Range;

/// Xorshift: numbers that look random and are the same in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() >> 16) as usize % end
    }

    fn pick(&mut self, from: &[usize]) -> usize {
        from[self.below(from.len())]
    }

    /// Numbers of a type: any, or of its ends only.
    fn numbers(&mut self, count: usize, range: (i32, i32)) -> Vec<i32> {
        let (low, high) = range;
        let extreme = self.below(3) == 0;
        let number = |_| match extreme {
            true if self.below(2) == 0 => low,
            true => high,
            false => low + self.below((high - low + 1) as usize) as i32,
        };
        (0..count).map(number).collect()
    }

    fn part(&mut self, of: usize) -> Range<usize> {
        match self.below(3) {
            0 => {
                let (a, b) = (self.below(of + 1), self.below(of + 1));
                a.min(b)..a.max(b)
            }
            _ => 0..of,
        }
    }
}

/// Bytes or words in memory, at an odd place.
enum Memory {
    U8(Vec<u8>),
    I8(Vec<i8>),
    I16(Vec<i16>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Type {
    U8,
    I8,
    I16,
}

impl Type {
    const fn range(self) -> (i32, i32) {
        match self {
            Self::U8 => (0, 255),
            Self::I8 => (-128, 127),
            Self::I16 => (-32768, 32767),
        }
    }
}

impl Memory {
    fn new(ty: Type, numbers: &[i32]) -> Self {
        let numbers = [0].iter().chain(numbers);
        match ty {
            Type::U8 => Self::U8(numbers.map(|&n| n as u8).collect()),
            Type::I8 => Self::I8(numbers.map(|&n| n as i8).collect()),
            Type::I16 => Self::I16(numbers.map(|&n| n as i16).collect()),
        }
    }

    fn elements(&self) -> Elements<'_> {
        match self {
            Self::U8(x) => Elements::U8(&x[1..]),
            Self::I8(x) => Elements::I8(&x[1..]),
            Self::I16(x) => Elements::I16(&x[1..]),
        }
    }
}

/// The result as blocks fill it in: each element once.
struct Result {
    values: Vec<Option<i32>>,
    columns: usize,
}

impl Result {
    fn new(rows: usize, columns: usize) -> Self {
        let values = vec![None; rows * columns];
        Self { values, columns }
    }

    fn take(&mut self, mut block: Block<'_>) {
        for r in 0..block.rows {
            let first = (block.first_row + r) * self.columns + block.first_column;
            for (place, &value) in self.values[first..][..block.columns]
                .iter_mut()
                .zip(block.row(r).iter())
            {
                assert_eq!(place.replace(value), None, "given twice");
            }
            // What a sink leaves in a block must not matter.
            block.row(r).fill(0x5a5a_5a5a);
        }
    }
}

struct Products {
    m: usize,
    k: usize,
    n: usize,
    x: Type,
    w: Type,
}

/// One product at all levels, some of its rows and columns.
fn check_product(random: &mut Random, scratch: &mut Scratch, shape: &Products) {
    let Products {
        m,
        k,
        n,
        x: x_type,
        w: w_type,
    } = *shape;
    let x = random.numbers(m * k, x_type.range());
    let w = random.numbers(k * n, w_type.range());
    let mut x_zero = random.numbers(1, x_type.range())[0];
    if random.below(2) == 0 {
        x_zero = 0;
    }
    let each = random.below(2) == 0;
    let mut zeros = random.numbers(if each { n } else { 1 }, w_type.range());
    if random.below(2) == 0 {
        zeros.fill(if w_type == Type::U8 { 128 } else { 0 });
    }
    let bias = (random.below(3) > 0).then(|| random.numbers(n, (-1_000_000_000, 1_000_000_000)));
    let (rows, columns) = (random.part(m), random.part(n));
    let whole = random.below(2) == 0;

    let (mut expected, mut all) = (Result::new(m, n), Result::new(m, n));
    for row in 0..m {
        for column in 0..n {
            let zero = zeros[if each { column } else { 0 }];
            let terms =
                (0..k).map(|i| i64::from(x[row * k + i] - x_zero) * i64::from(w[i * n + column] - zero));
            let sum = terms.sum::<i64>() + bias.as_ref().map_or(0, |b| i64::from(b[column]));
            all.values[row * n + column] = Some(sum as i32);
            if rows.contains(&row) && columns.contains(&column) {
                expected.values[row * n + column] = Some(sum as i32);
            }
        }
    }
    let (x, w) = (Memory::new(x_type, &x), Memory::new(w_type, &w));
    let zeros = if each {
        Zeros::Each(&zeros)
    } else {
        Zeros::One(zeros[0])
    };
    let kind = if x_type == Type::I16 {
        XKind::Word
    } else {
        XKind::Byte
    };
    for level in Level::available() {
        let mut packed = PackedMatrix::new(level, w.elements(), k, n, zeros, kind);
        if k % 2 == 0 {
            let others = Memory::new(w_type, &vec![1; k * n]);
            packed = PackedMatrix::new(level, others.elements(), k, n, Zeros::One(1), kind);
            packed.repack(w.elements(), zeros);
        }
        let mut result = Result::new(m, n);
        let mut sink = |block: Block<'_>| {
            assert!(!whole || block.columns == columns.len(), "whole rows");
            result.take(block);
        };
        let (rows, columns) = (rows.clone(), columns.clone());
        mat_mul(
            &packed,
            x.elements(),
            x_zero,
            bias.as_deref(),
            rows,
            columns,
            whole,
            scratch,
            &mut sink,
        );
        let case = format!("{level}: {m} × {k} × {n}, {x_type:?} by {w_type:?}, {zeros:?}");
        assert!(result.values == expected.values, "{case}");
        let left = Left {
            elements: x.elements(),
            zero: x_zero,
        };
        if left.fits() {
            let right = Right {
                elements: w.elements(),
                n,
                zeros,
            };
            // As one product, and as one for each row.
            for size in [[m, k], [1, k]] {
                let mut result = Result::new(m, n);
                let mut sink = |block: Block<'_>| {
                    assert!(!whole || block.columns == n, "whole rows");
                    result.take(block);
                };
                mat_mul_unpacked(
                    level,
                    left,
                    right,
                    bias.as_deref(),
                    size,
                    whole,
                    scratch,
                    &mut sink,
                );
                assert!(result.values == all.values, "unpacked, {size:?}, {case}");
            }
        }
    }
}

#[test]
fn products_of_every_shape_are_the_sums() {
    let mut random = Random(0x1234_5678_9abc_def1);
    let mut scratch = Scratch::default();
    const SIZES: [usize; 22] = [
        1, 2, 3, 4, 5, 7, 8, 11, 12, 13, 15, 16, 17, 25, 31, 32, 33, 47, 63, 64, 65, 97,
    ];
    for _ in 0..600 {
        let shape = Products {
            m: random.pick(&SIZES),
            k: random.pick(&SIZES),
            n: random.pick(&SIZES),
            x: [Type::U8, Type::I8, Type::I16][random.below(3)],
            w: [Type::U8, Type::I8][random.below(2)],
        };
        check_product(&mut random, &mut scratch, &shape);
    }
}

#[test]
fn long_sums_and_wide_rows_are_cut_and_come_out_the_same() {
    let mut random = Random(0xfeed_beef_1234_5671);
    let mut scratch = Scratch::default();
    for (m, k, n) in [
        (1, 4099, 33),
        (3, 2051, 70),
        (14, 2500, 65),
        (2, 9000, 17),
        (5, 70, 1100),
        (1, 3, 5000),
        (40, 600, 2100),
    ] {
        for (x, w) in [(Type::U8, Type::I8), (Type::I8, Type::U8), (Type::I16, Type::I8)] {
            check_product(&mut random, &mut scratch, &Products { m, k, n, x, w });
        }
    }
}

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
