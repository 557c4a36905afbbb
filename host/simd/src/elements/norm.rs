//! One over the length of a row.

use super::dispatch::{Kernel, at};
use super::slice::{Element, Slice, typed};
use crate::Level;

/// The sum of the squares of all elements, modulo 2^64.
#[inline]
pub fn sum_of_squares(level: Level, x: Slice<'_>) -> u64 {
    typed!(Slice, x, x => at::<Squares, _>(level, x))
}

/// The sum of the squares, modulo 2^64.
pub(super) struct Squares;

impl<X: Element> Kernel<&[X]> for Squares {
    type Output = u64;

    #[inline(always)]
    fn run(x: &[X]) -> u64 {
        let square = |x: &X| (i64::from(x.wide()) * i64::from(x.wide())) as u64;
        x.iter().fold(0, |sum: u64, x| sum.wrapping_add(square(x)))
    }
}

/// `min(2^31 − 1, ⌊√⌊2^shift / v⌋⌋)`.
///
/// # Panics
/// If `v` is 0 or the shift above 62.
#[inline]
pub fn inverse_norm(v: u64, shift: u8) -> i32 {
    assert!(shift <= 62, "shift {shift} is not in 0..=62");
    assert_ne!(v, 0, "the length is 0");
    // 2^31 − 1 at most, for the quotient is at most 2^62, but for 2^31 itself.
    root((1 << shift) / v).min(i32::MAX as u64) as i32
}

/// `⌊√v⌋` for `v` up to 2^62: the root of a double is next to it, and the squares decide.
fn root(v: u64) -> u64 {
    let near = (v as f64).sqrt() as u64;
    if near * near > v {
        near - 1
    } else if (near + 1) * (near + 1) <= v {
        near + 1
    } else {
        near
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elements::tests::Rng;

    #[test]
    fn roots_are_exact_around_squares_and_at_the_ends() {
        let mut rng = Rng(3);
        let random = (0..100_000).map(|_| rng.u64() >> (2 + rng.u64() % 62));
        let squares = (0..64).flat_map(|i| [(1u64 << 31) - i, 94_906_265 + i, 67_108_864 - i, i]);
        let around = squares.flat_map(|r| [(r * r).saturating_sub(1), r * r, r * r + 1]);
        for v in random.chain(around).filter(|&v| v <= 1 << 62) {
            assert_eq!(root(v), v.isqrt(), "{v}");
        }
    }

    #[test]
    fn inverse_norms_are_the_definition_s() {
        let mut rng = Rng(4);
        for _ in 0..100_000 {
            let (v, shift) = ((rng.u64() >> (2 + rng.u64() % 62)).max(1), (rng.u64() % 63) as u8);
            let defined = ((1u64 << shift) / v).isqrt().min(i32::MAX as u64);
            assert_eq!(inverse_norm(v, shift) as u64, defined, "{v} {shift}");
        }
        assert_eq!(inverse_norm(1, 62), i32::MAX);
    }
}
