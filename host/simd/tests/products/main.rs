//! Products and convolutions at every level against sums as they are defined, over random and extreme
//! operands.

mod convolutions;

use metisvm_simd::Level;
use metisvm_simd::product::{
    Block, Elements, Left, PackedMatrix, Right, Scratch, XKind, Zeros, mat_mul, mat_mul_unpacked,
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
    let turned: Vec<i32> = (0..n * k).map(|at| w[at % k * n + at / k]).collect();
    let columns_of_w = Memory::new(w_type, &turned);
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
            let right = |turned: bool| Right {
                elements: if turned {
                    columns_of_w.elements()
                } else {
                    w.elements()
                },
                turned,
                n,
                zeros,
            };
            // As one product, and as one for each row.
            for (size, turned) in [([m, k], false), ([1, k], false), ([m, k], true), ([1, k], true)] {
                let mut result = Result::new(m, n);
                let mut sink = |block: Block<'_>| {
                    assert!(!whole || block.columns == n, "whole rows");
                    result.take(block);
                };
                mat_mul_unpacked(
                    level,
                    left,
                    right(turned),
                    bias.as_deref(),
                    size,
                    whole,
                    scratch,
                    &mut sink,
                );
                assert!(
                    result.values == all.values,
                    "unpacked, {size:?}, turned {turned}, {case}"
                );
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

#[test]
fn a_few_rows_by_odd_matrices_are_the_sums() {
    let mut random = Random(0x0dd0_0dd0_1357_9bdf);
    let mut scratch = Scratch::default();
    for m in 1..=8 {
        for x in [Type::U8, Type::I8, Type::I16] {
            for w in [Type::U8, Type::I8] {
                let (k, n) = (2 * random.below(300) + 1, 2 * random.below(150) + 1);
                check_product(&mut random, &mut scratch, &Products { m, k, n, x, w });
            }
        }
    }
}
