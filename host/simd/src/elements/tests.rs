//! Data for the tests of kernels, and the tests of those that need no more than their definition.

use super::slice::{Element, Operand, Slice, SliceMut, typed};
use super::*;
use crate::Level;

/// xorshift64*, seeded with any number but 0.
pub(super) struct Rng(pub(super) u64);

impl Rng {
    pub(super) fn u64(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// Any magnitude, with the ends often.
    pub(super) fn i32(&mut self) -> i32 {
        let ends = [
            0,
            1,
            -1,
            127,
            -128,
            255,
            32767,
            -32768,
            i32::MAX,
            i32::MIN,
            i32::MAX - 1,
            1 << 30,
        ];
        match self.u64() % 8 {
            0 => *self.choose(&ends),
            _ => (self.u64() as i32) >> (self.u64() % 32),
        }
    }

    pub(super) fn within(&mut self, low: i32, high: i32) -> i32 {
        (i64::from(low) + (self.u64() % (i64::from(high) - i64::from(low) + 1) as u64) as i64) as i32
    }

    pub(super) fn choose<'t, T>(&mut self, from: &'t [T]) -> &'t T {
        &from[(self.u64() % from.len() as u64) as usize]
    }

    /// Elements of a type, by its number in [`TYPES`].
    pub(super) fn elements(&mut self, ty: usize, n: usize) -> Elements {
        let mut elements = buffers(ty, n);
        typed!(SliceMut, elements.slice_mut(), x => {
            for x in x {
                *x = Element::truncate(self.i32());
            }
        });
        elements
    }
}

/// The numbers of the types: u8, i8, i16, i32.
pub(super) const TYPES: std::ops::Range<usize> = 0..4;

/// Lengths around those of vectors and blocks, other ones each round.
pub(super) fn lengths(round: usize) -> [usize; 4] {
    let edges = [
        0, 1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 255, 256, 257,
    ];
    let at = |i: usize| edges[(round * 3 + i) % edges.len()];
    [at(0), at(1), at(2), 258 + round * 7]
}

/// Elements with one before them, so that vectors in them are not aligned.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Elements {
    U8(Vec<u8>),
    I8(Vec<i8>),
    I16(Vec<i16>),
    I32(Vec<i32>),
}

pub(super) fn buffers(ty: usize, n: usize) -> Elements {
    match ty {
        0 => Elements::U8(vec![77; n + 1]),
        1 => Elements::I8(vec![77; n + 1]),
        2 => Elements::I16(vec![77; n + 1]),
        _ => Elements::I32(vec![77; n + 1]),
    }
}

impl Elements {
    pub(super) fn slice(&self) -> Slice<'_> {
        match self {
            Self::U8(x) => Slice::U8(&x[1..]),
            Self::I8(x) => Slice::I8(&x[1..]),
            Self::I16(x) => Slice::I16(&x[1..]),
            Self::I32(x) => Slice::I32(&x[1..]),
        }
    }

    pub(super) fn slice_mut(&mut self) -> SliceMut<'_> {
        match self {
            Self::U8(x) => SliceMut::U8(&mut x[1..]),
            Self::I8(x) => SliceMut::I8(&mut x[1..]),
            Self::I16(x) => SliceMut::I16(&mut x[1..]),
            Self::I32(x) => SliceMut::I32(&mut x[1..]),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.slice().len()
    }

    pub(super) fn at(&self, i: usize) -> i32 {
        typed!(Slice, self.slice(), x => x[i].wide())
    }

    pub(super) fn wide(&self) -> Vec<i32> {
        (0..self.len()).map(|i| self.at(i)).collect()
    }
}

/// Calls `check` with each length, the number of each type, and a generator.
fn each(mut check: impl FnMut(&mut Rng, usize, usize)) {
    let mut rng = Rng(0x9E37_79B9_7F4A_7C15);
    for round in 0..30 {
        for n in lengths(round) {
            TYPES.for_each(|ty| check(&mut rng, n, ty));
        }
    }
}

#[test]
fn widening() {
    each(|rng, n, ty| {
        let x = rng.elements(ty, n);
        for level in Level::available() {
            let mut y = vec![0; n];
            widen(level, x.slice(), &mut y);
            assert_eq!(y, x.wide(), "{level}");
        }
    });
}

#[test]
fn clamping() {
    each(|rng, n, ty| {
        let (x, bounds) = (rng.elements(ty, n), rng.elements(ty, 2));
        let (low, high) = (bounds.at(0), bounds.at(1));
        let expected: Vec<i32> = x.wide().iter().map(|&x| x.min(high).max(low)).collect();
        for level in Level::available() {
            let mut y = buffers(ty, n);
            clamp(level, x.slice(), low, high, y.slice_mut());
            assert_eq!(y.wide(), expected, "{level}");
        }
    });
}

/// Calls `check` with two operands, of a type each or one for all, and what they are for each element.
fn operands(mut check: impl FnMut(&mut Rng, Operand<'_>, Operand<'_>, &[i32], &[i32])) {
    each(|rng, n, ty| {
        for other in TYPES {
            let (a, b, ones) = (
                rng.elements(ty, n),
                rng.elements(other, n),
                [rng.i32(), rng.i32()],
            );
            let each = [Operand::Each(a.slice()), Operand::Each(b.slice())];
            let (wide_a, wide_b) = (a.wide(), b.wide());
            let same = ones.map(|one| vec![one; n]);
            check(rng, each[0], each[1], &wide_a, &wide_b);
            check(rng, each[0], Operand::One(ones[1]), &wide_a, &same[1]);
            check(rng, Operand::One(ones[0]), each[1], &same[0], &wide_b);
            check(
                rng,
                Operand::One(ones[0]),
                Operand::One(ones[1]),
                &same[0],
                &same[1],
            );
        }
    });
}

#[test]
fn sums_and_differences() {
    operands(|_, a, b, wide_a, wide_b| {
        let pairs = || wide_a.iter().zip(wide_b);
        let sums: Vec<i32> = pairs().map(|(a, b)| a.wrapping_add(*b)).collect();
        let differences: Vec<i32> = pairs().map(|(a, b)| a.wrapping_sub(*b)).collect();
        for level in Level::available() {
            let mut y = vec![0; sums.len()];
            add(level, a, b, &mut y);
            assert_eq!(y, sums, "{level}");
            sub(level, a, b, &mut y);
            assert_eq!(y, differences, "{level}");
        }
    });
}

#[test]
fn products() {
    operands(|rng, a, b, wide_a, wide_b| {
        // −2^31 squared is the one product that no model has.
        if wide_a
            .iter()
            .zip(wide_b)
            .any(|(&a, &b)| a == i32::MIN && b == i32::MIN)
        {
            return;
        }
        let any = rng.within(0, 62);
        let shift = *rng.choose(&[0, 1, 7, 8, 15, 16, 31, 32, 33, 61, 62, any]) as u32;
        let half = if shift == 0 { 0 } else { 1i64 << (shift - 1) };
        for to in TYPES {
            for level in Level::available() {
                let mut y = buffers(to, wide_a.len());
                mul(level, a, b, shift, y.slice_mut());
                typed!(SliceMut, y.slice_mut(), y => for (i, &y) in y.iter().enumerate() {
                    let (a, b) = (wide_a[i], wide_b[i]);
                    let product = i64::from(a) * i64::from(b);
                    assert_eq!(y, Element::saturate((product + half) >> shift), "{level} {a} {b} {shift}");
                });
            }
        }
    });
}

#[test]
fn tables() {
    each(|rng, n, ty| {
        let entries = rng.elements(ty, 256);
        let table = Table256::new(entries.slice());
        for from in [0, 1] {
            let x = rng.elements(from, n);
            let expected: Vec<i32> = x
                .wide()
                .iter()
                .map(|&x| entries.at(usize::from(x as u8)))
                .collect();
            for level in Level::available() {
                let mut y = buffers(ty, n);
                table.apply(level, x.slice(), y.slice_mut());
                assert_eq!(y.wide(), expected, "{level}");
            }
        }
    });
}

#[test]
fn interpolations() {
    each(|rng, n, ty| {
        if ty == 3 {
            return;
        }
        let nodes = rng.elements(ty, 257);
        let function = Interpolation::new(nodes.slice());
        let Elements::I16(x) = rng.elements(2, n) else {
            unreachable!()
        };
        let expected: Vec<i32> = x[1..]
            .iter()
            .map(|&x| {
                let u = i32::from(x) + 32768;
                let (h, l) = ((u >> 8) as usize, u & 255);
                nodes.at(h) + (((nodes.at(h + 1) - nodes.at(h)) * l + 128) >> 8)
            })
            .collect();
        for level in Level::available() {
            let mut y = buffers(ty, n);
            function.apply(level, &x[1..], y.slice_mut());
            assert_eq!(y.wide(), expected, "{level}");
        }
    });
}

#[test]
fn reductions() {
    each(|rng, n, ty| {
        let mut x = rng.elements(ty, n);
        // Equal elements, and the greatest in any place.
        typed!(SliceMut, x.slice_mut(), x => for i in 0..n / 2 { x[i * 2] = x[i]; });
        let (row, sums) = (rng.elements(ty, n), rng.elements(3, n));
        let wide = x.wide();
        let sum = wide.iter().fold(0, |sum: i32, &x| sum.wrapping_add(x));
        let squares = wide
            .iter()
            .map(|&x| u64::from(x.unsigned_abs()).pow(2))
            .fold(0, u64::wrapping_add);
        for level in Level::available() {
            assert_eq!(reduce_sum(level, x.slice()), sum, "{level}");
            assert_eq!(sum_of_squares(level, x.slice()), squares, "{level}");
            if let Some(&greatest) = wide.iter().max() {
                assert_eq!(reduce_max(level, x.slice()), greatest, "{level}");
                let first = wide.iter().position(|&x| x == greatest);
                assert_eq!(Some(arg_max(level, x.slice()) as usize), first, "{level}");
            }
            let mut y = sums.wide();
            accumulate_sum(level, x.slice(), &mut y);
            assert!(
                (0..n).all(|i| y[i] == sums.at(i).wrapping_add(x.at(i))),
                "{level}"
            );
            let mut y = row.clone();
            accumulate_max(level, x.slice(), y.slice_mut());
            assert!((0..n).all(|i| y.at(i) == row.at(i).max(x.at(i))), "{level}");
        }
    });
}

#[test]
fn what_the_reference_s_tests_say_of_requantisation() {
    for level in Level::available() {
        for (x, shift, expected) in [
            (3, 1, 2),
            (1, 1, 1),
            (-1, 1, 0),
            (-3, 1, -1),
            (5, 1, 3),
            (-5, 1, -2),
        ] {
            let mut y = [0];
            requantise_one(level, Slice::I32(&[x]), 1, shift, 0, SliceMut::I32(&mut y));
            assert_eq!(y, [expected], "{level}");
        }
    }
}
