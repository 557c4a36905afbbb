//! Sums modulo 2^64 with factors: what a check by random linear combinations is made of.

use super::dispatch::{Kernel, at};
use crate::Level;

/// How many combinations are made in one pass over the elements.
pub const COMBINATIONS: usize = 2;

/// Elements of a block, whose sums stay in the nearest cache while all items are added to them.
const BLOCK: usize = 512;
/// Items that are added to the sums at a time, so that these are read and written once for all of them.
const AT_ONCE: usize = 4;

/// How elements lie in bytes: little-endian, at any address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Raw {
    /// Unsigned bytes.
    U8,
    /// Signed bytes.
    I8,
    /// 16 bits, signed.
    I16,
    /// 32 bits, signed.
    I32,
}

impl Raw {
    /// Bytes of an element.
    pub const fn bytes(self) -> usize {
        match self {
            Self::U8 | Self::I8 => 1,
            Self::I16 => 2,
            Self::I32 => 4,
        }
    }
}

/// Runs a kernel for the type of elements.
macro_rules! raw {
    ($raw:expr, $kernel:ident, $level:expr, $arguments:expr) => {
        match $raw {
            Raw::U8 => at::<$kernel<U8, 1>, _>($level, $arguments),
            Raw::I8 => at::<$kernel<I8, 1>, _>($level, $arguments),
            Raw::I16 => at::<$kernel<I16, 2>, _>($level, $arguments),
            Raw::I32 => at::<$kernel<I32, 4>, _>($level, $arguments),
        }
    };
}

/// `sums[v][j] = Σ_i factors[i][v] · items[i][j]`, modulo 2^64.
///
/// # Panics
/// If there are not as many items as factors, or an item has not as many elements as there are sums.
pub fn combine(
    level: Level,
    raw: Raw,
    items: &[&[u8]],
    factors: &[[i32; COMBINATIONS]],
    sums: [&mut [i64]; COMBINATIONS],
) {
    assert_eq!(items.len(), factors.len(), "not as many items as factors");
    for elements in items.iter().map(|item| item.len()) {
        for sums in &sums {
            assert_eq!(elements, sums.len() * raw.bytes(), "an item has another length");
        }
    }
    raw!(raw, Combine, level, (items, factors, sums));
}

/// `y[j] = x[j]`.
///
/// # Panics
/// If there are not as many.
pub fn widen_to_64(level: Level, raw: Raw, x: &[u8], y: &mut [i64]) {
    assert_eq!(x.len(), y.len() * raw.bytes(), "not as many elements");
    raw!(raw, Widen, level, (x, y));
}

/// `Σ_j a[j] · b[j]`, modulo 2^64.
///
/// # Panics
/// If there are not as many.
pub fn dot(level: Level, a: &[i64], b: &[i64]) -> i64 {
    assert_eq!(a.len(), b.len(), "not as many elements");
    at::<Dot, _>(level, (a, b))
}

/// `y[j] += factor · x[j]`, modulo 2^64.
///
/// # Panics
/// If there are not as many.
pub fn add_scaled(level: Level, x: &[i64], factor: i64, y: &mut [i64]) {
    assert_eq!(x.len(), y.len(), "not as many elements");
    at::<AddScaled, _>(level, (x, factor, y));
}

/// A type of elements in bytes.
trait Element<const N: usize> {
    fn value(bytes: [u8; N]) -> i32;
}

struct U8;
struct I8;
struct I16;
struct I32;

impl Element<1> for U8 {
    #[inline(always)]
    fn value(bytes: [u8; 1]) -> i32 {
        bytes[0].into()
    }
}

impl Element<1> for I8 {
    #[inline(always)]
    fn value(bytes: [u8; 1]) -> i32 {
        i8::from_le_bytes(bytes).into()
    }
}

impl Element<2> for I16 {
    #[inline(always)]
    fn value(bytes: [u8; 2]) -> i32 {
        i16::from_le_bytes(bytes).into()
    }
}

impl Element<4> for I32 {
    #[inline(always)]
    fn value(bytes: [u8; 4]) -> i32 {
        i32::from_le_bytes(bytes)
    }
}

/// So many elements from one on.
#[inline(always)]
fn part<const N: usize>(item: &[u8], first: usize, elements: usize) -> &[[u8; N]] {
    &item.as_chunks().0[first..][..elements]
}

struct Combine<T, const N: usize>(T);

type Combined<'a> = (
    &'a [&'a [u8]],
    &'a [[i32; COMBINATIONS]],
    [&'a mut [i64]; COMBINATIONS],
);

impl<T: Element<N>, const N: usize> Kernel<Combined<'_>> for Combine<T, N> {
    type Output = ();

    #[inline(always)]
    fn run((items, factors, [first, second]): Combined<'_>) {
        let blocks = first.chunks_mut(BLOCK).zip(second.chunks_mut(BLOCK));
        for (block, (first, second)) in blocks.enumerate() {
            first.fill(0);
            second.fill(0);
            let elements = first.len();
            let first_of_block = block * BLOCK;
            let mut items = items.chunks_exact(AT_ONCE);
            let mut factors = factors.chunks_exact(AT_ONCE);
            for (items, factors) in items.by_ref().zip(factors.by_ref()) {
                let (&[a, b, c, d], &[fa, fb, fc, fd]) = (items, factors) else {
                    continue;
                };
                let all = part::<N>(a, first_of_block, elements)
                    .iter()
                    .zip(part::<N>(b, first_of_block, elements))
                    .zip(part::<N>(c, first_of_block, elements))
                    .zip(part::<N>(d, first_of_block, elements));
                for ((first, second), (((a, b), c), d)) in first.iter_mut().zip(second.iter_mut()).zip(all) {
                    let [a, b, c, d] = [*a, *b, *c, *d].map(|bytes| i64::from(T::value(bytes)));
                    let sum = |v: usize| {
                        (a * i64::from(fa[v]))
                            .wrapping_add(b * i64::from(fb[v]))
                            .wrapping_add(c * i64::from(fc[v]))
                            .wrapping_add(d * i64::from(fd[v]))
                    };
                    *first = first.wrapping_add(sum(0));
                    *second = second.wrapping_add(sum(1));
                }
            }
            for (item, factor) in items.remainder().iter().zip(factors.remainder()) {
                for ((first, second), x) in
                    first
                        .iter_mut()
                        .zip(second.iter_mut())
                        .zip(part::<N>(item, first_of_block, elements))
                {
                    let x = i64::from(T::value(*x));
                    *first = first.wrapping_add(x * i64::from(factor[0]));
                    *second = second.wrapping_add(x * i64::from(factor[1]));
                }
            }
        }
    }
}

struct Widen<T, const N: usize>(T);

impl<T: Element<N>, const N: usize> Kernel<(&[u8], &mut [i64])> for Widen<T, N> {
    type Output = ();

    #[inline(always)]
    fn run((x, y): (&[u8], &mut [i64])) {
        for (y, x) in y.iter_mut().zip(x.as_chunks::<N>().0) {
            *y = T::value(*x).into();
        }
    }
}

struct Dot;

impl Kernel<(&[i64], &[i64])> for Dot {
    type Output = i64;

    #[inline(always)]
    fn run((a, b): (&[i64], &[i64])) -> i64 {
        let products = a.iter().zip(b).map(|(a, b)| a.wrapping_mul(*b));
        products.fold(0, i64::wrapping_add)
    }
}

struct AddScaled;

impl Kernel<(&[i64], i64, &mut [i64])> for AddScaled {
    type Output = ();

    #[inline(always)]
    fn run((x, factor, y): (&[i64], i64, &mut [i64])) {
        for (y, x) in y.iter_mut().zip(x) {
            *y = y.wrapping_add(x.wrapping_mul(factor));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elements::tests::{Rng, lengths};

    const RAWS: [Raw; 4] = [Raw::U8, Raw::I8, Raw::I16, Raw::I32];

    /// An element, as it is defined.
    fn element(raw: Raw, bytes: &[u8], index: usize) -> i128 {
        match raw {
            Raw::U8 => bytes[index].into(),
            Raw::I8 => (bytes[index] as i8).into(),
            Raw::I16 => i16::from_le_bytes([bytes[2 * index], bytes[2 * index + 1]]).into(),
            Raw::I32 => i32::from_le_bytes(bytes[4 * index..][..4].try_into().unwrap()).into(),
        }
    }

    #[test]
    fn combinations_are_those_of_whole_numbers_modulo_2_to_the_64() {
        let mut rng = Rng(11);
        for round in 0..24 {
            for (raw, n) in RAWS
                .into_iter()
                .zip(lengths(round))
                .chain([(Raw::I32, BLOCK + 3)])
            {
                let count = [0, 1, 3, 4, 5, 8, 64][round % 7];
                // An odd address, for they come out of the middle of a message.
                let items: Vec<Vec<u8>> = (0..count)
                    .map(|_| (0..=n * raw.bytes()).map(|_| rng.i32() as u8).collect())
                    .collect();
                let items: Vec<&[u8]> = items.iter().map(|item| &item[1..]).collect();
                let factors: Vec<[i32; 2]> = (0..count).map(|_| [rng.i32(), rng.i32()]).collect();
                for level in Level::available() {
                    let mut sums = [vec![7; n], vec![7; n]];
                    let [first, second] = &mut sums;
                    combine(level, raw, &items, &factors, [first, second]);
                    for (v, sums) in sums.iter().enumerate() {
                        for (j, sum) in sums.iter().enumerate() {
                            let whole: i128 = items
                                .iter()
                                .zip(&factors)
                                .map(|(item, factor)| element(raw, item, j) * i128::from(factor[v]))
                                .sum();
                            assert_eq!(*sum, whole as i64, "{level} {raw:?} {n} {count} {j}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn products_of_64_bits_are_those_of_whole_numbers_modulo_2_to_the_64() {
        let mut rng = Rng(12);
        for round in 0..24 {
            for (raw, n) in RAWS.into_iter().zip(lengths(round)) {
                let bytes: Vec<u8> = (0..=n * raw.bytes()).map(|_| rng.i32() as u8).collect();
                let b: Vec<i64> = (0..n).map(|_| rng.u64() as i64 >> (rng.u64() % 64)).collect();
                let factor = rng.u64() as i64;
                for level in Level::available() {
                    let mut a = vec![7; n];
                    widen_to_64(level, raw, &bytes[1..], &mut a);
                    assert!(
                        (0..n).all(|j| i128::from(a[j]) == element(raw, &bytes[1..], j)),
                        "{level}"
                    );
                    let whole = a.iter().zip(&b).map(|(a, b)| i128::from(*a) * i128::from(*b));
                    assert_eq!(
                        dot(level, &a, &b),
                        whole.fold(0, i128::wrapping_add) as i64,
                        "{level}"
                    );
                    let mut y = b.clone();
                    add_scaled(level, &a, factor, &mut y);
                    for j in 0..n {
                        let whole = i128::from(b[j]) + i128::from(a[j]) * i128::from(factor);
                        assert_eq!(y[j], whole as i64, "{level} {j}");
                    }
                }
            }
        }
    }
}
