//! Limbs to base 4: how a number is shown to lie in `0..4^n`.
//!
//! A limb's constraint has degree 4, and a limb takes one wire for two bits. A bit's would have degree 2 and
//! take a wire for each; to base 8 the degree would leave no room for selectors.

use crate::arithmetic::{Arithmetic, vanishes_below};
use metisvm_verifier::field::F;
use plonky2::field::types::Field;

/// What limbs are written to.
pub(crate) const BASE: u64 = 4;

/// The least number of limbs that hold `value`.
pub(crate) const fn limbs_for(value: u64) -> usize {
    let bits = (u64::BITS - value.leading_zeros()) as usize;
    bits.div_ceil(2)
}

/// `4^limbs`; it must fit, so at most 31 limbs.
pub(crate) const fn capacity(limbs: usize) -> u64 {
    1 << (2 * limbs)
}

/// The number that limbs say, the lowest first.
pub(crate) fn recompose<A: Arithmetic>(a: &mut A, limbs: &[A::Value]) -> A::Value {
    let mut sum = a.constant(F::ZERO);
    for &limb in limbs.iter().rev() {
        sum = a.scale_add(F::from_canonical_u64(BASE), sum, limb);
    }
    sum
}

/// One constraint of that name for each limb: it is 0, 1, 2 or 3.
pub(crate) fn constrain_limbs<A: Arithmetic>(
    a: &mut A,
    name: &'static str,
    limbs: &[A::Value],
    constraint: &mut impl FnMut(&'static str, A::Value),
) {
    for &limb in limbs {
        let vanishes = vanishes_below(a, BASE, limb);
        constraint(name, vanishes);
    }
}

/// The lowest limbs of a number; of one that does not fit they say less, and the constraints refuse it.
pub(crate) fn decompose(value: u64, limbs: usize) -> impl Iterator<Item = F> {
    (0..limbs).map(move |i| F::from_canonical_u64(value >> (2 * i) & (BASE - 1)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arithmetic::Base;

    #[test]
    fn as_many_limbs_as_needed() {
        for (value, limbs) in [(0, 0), (1, 1), (3, 1), (4, 2), (255, 4), (256, 5), (u64::MAX, 32)] {
            assert_eq!(limbs_for(value), limbs, "{value}");
        }
    }

    #[test]
    fn limbs_say_the_number() {
        for value in [0u64, 1, 4, 255, 1 << 40, (1 << 62) - 1] {
            let limbs: Vec<F> = decompose(value, 31).collect();
            assert_eq!(
                recompose(&mut Base::<F>::new(), &limbs),
                F::from_canonical_u64(value)
            );
        }
    }
}
