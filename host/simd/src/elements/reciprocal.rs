//! A constant divided by each element.

use super::dispatch::{Kernel, at};
use super::slice::{Element, Slice, typed};
use crate::Level;

/// `y = min(2^31 − 1, ⌊numerator / max(1, x)⌋)`.
///
/// # Panics
/// If `x` and `y` have different lengths, or the numerator is 2^62 or more.
#[inline]
pub fn reciprocal(level: Level, x: Slice<'_>, numerator: u64, y: &mut [i32]) {
    assert_eq!(x.len(), y.len(), "elements and results have different lengths");
    assert!(numerator < 1 << 62, "numerator {numerator} is not below 2^62");
    typed!(Slice, x, x => at::<Quotients, _>(level, (x, numerator, y)));
}

struct Quotients;

impl<X: Element> Kernel<(&[X], u64, &mut [i32])> for Quotients {
    type Output = ();

    /// Doubles find the quotient, integers correct it.
    ///
    /// With `q = ⌊n / x⌋` below 2^31, the double `n / x` is wrong by less than `2^31 · 2^−52` (n is rounded,
    /// then the quotient), and rounded to an integer it is q or q + 1: exact quotients lie in [q, q + 1),
    /// and 2^−21 below q still rounds to q. It is q + 1 exactly if `(q + 1) · x > n`. A quotient from 2^31 − 1
    /// on is first cut to 2^31 − 1, which then is not corrected: `(2^31 − 1) · x ≤ n`; where the double is
    /// that great but q is not, it is corrected as any other.
    #[inline(always)]
    fn run((x, numerator, y): (&[X], u64, &mut [i32])) {
        // Doubles from 2^52 to 2^53 are the integers: adding 2^52 rounds, and leaves the integer in the
        // lower bits.
        const INTEGERS: f64 = (1u64 << 52) as f64;
        let n = numerator as i64;
        for (y, x) in y.iter_mut().zip(x) {
            let x = x.wide().max(1);
            let quotient = (n as f64 / f64::from(x)).min(f64::from(i32::MAX));
            let near = (quotient + INTEGERS).to_bits() as i32;
            let too_great = i64::from(near) * i64::from(x) > n;
            *y = near - i32::from(too_great);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elements::tests::Rng;

    #[test]
    fn quotients_are_exact() {
        let mut rng = Rng(5);
        for round in 0..3000u64 {
            let numerator = match round {
                0 => 0,
                1 => (1 << 62) - 1,
                _ => rng.u64() >> (2 + rng.u64() % 62),
            };
            let mut x: Vec<i32> = (0..61).map(|_| rng.i32()).collect();
            x.extend([0, 1, -1, i32::MAX, i32::MIN, 2]);
            // Around where the quotient steps or saturates.
            for _ in 0..30 {
                let q = (rng.u64() >> (33 + rng.u64() % 31)).max(1);
                let edge = (numerator / q).min(i32::MAX as u64 - 1) as i32;
                x.extend([edge - 1, edge, edge + 1]);
            }
            let edge = (numerator / i32::MAX as u64).min(i32::MAX as u64 - 2) as i32;
            x.extend([edge, edge + 1, edge + 2]);
            let defined: Vec<i32> = x
                .iter()
                .map(|&x| (numerator / x.max(1) as u64).min(i32::MAX as u64) as i32)
                .collect();
            for level in Level::available() {
                let mut y = vec![0; x.len()];
                reciprocal(level, Slice::I32(&x), numerator, &mut y);
                assert_eq!(y, defined, "{level} {numerator} {x:?}");
            }
        }
    }
}
