//! How large a number is, as a power of two: what bounds the quotient of InvNorm.

use super::rules::{Row, Rules};
use crate::arithmetic::Arithmetic;
use crate::limbs::{constrain_limbs, decompose, recompose};
use metisvm_verifier::field::{F, integer};
use plonky2::field::types::Field;
use std::ops::Range;

/// `bound = ⌊2^shift / P⌋` with the power of two P of `P ≤ v < 2·P`, for `1 ≤ v < 2^62`. With an indicator o_j for each
/// power of four and a bit b:
///
/// ```text
/// indicator   each o_j is 0 or 1
/// one         Σ o_j = 1
/// bit         b is 0 or 1
/// least       v − P is what its limbs say, with P = (1 + b) · Σ 4^j · o_j
/// greatest    2·P − 1 − v is what its limbs say
/// bound       bound = Σ o_j · (⌊2^shift / 4^j⌋ + b · (⌊2^shift / (2·4^j)⌋ − ⌊2^shift / 4^j⌋))
/// limbs       each is 0, 1, 2 or 3
/// ```
///
/// So P is a power of two up to 2^61, and what the limbs say is below 2^62, as v is: both distances are integers of 0
/// and more. There is one such P.
///
/// Wires: v and the bound, then the indicators, b and the limbs of both distances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Magnitude {
    shift: u32,
}

/// Powers of four, limbs of a distance.
const POWERS: usize = 31;

/// Where v is.
const NUMBER: usize = 0;

/// Where the bound is.
const BOUND: usize = 1;

/// Where the first indicator is.
const INDICATORS: usize = 2;

impl Magnitude {
    /// Numbers are below this.
    pub const MAX: u64 = 1 << (2 * POWERS);

    /// A gate for this shift; `None` for one over 62.
    pub const fn new(shift: u32) -> Option<Self> {
        if shift as usize <= 2 * POWERS {
            Some(Self { shift })
        } else {
            None
        }
    }

    /// Where the number is.
    pub const fn number(&self) -> usize {
        NUMBER
    }

    /// Where the bound is.
    pub const fn bound(&self) -> usize {
        BOUND
    }

    /// Where the indicators of the powers of four are, that of 1 first.
    pub const fn indicators(&self) -> Range<usize> {
        INDICATORS..INDICATORS + POWERS
    }

    /// Where b is.
    pub const fn bit(&self) -> usize {
        self.indicators().end
    }

    /// Where the limbs of `v − P` are, the lowest first.
    pub const fn above_least(&self) -> Range<usize> {
        let start = self.bit() + 1;
        start..start + POWERS
    }

    /// Where the limbs of `2·P − 1 − v` are.
    pub const fn below_greatest(&self) -> Range<usize> {
        let start = self.above_least().end;
        start..start + POWERS
    }

    /// `⌊2^shift / 2^power⌋`.
    const fn quotient(&self, power: usize) -> u64 {
        (1u64 << self.shift) >> power
    }
}

impl Rules for Magnitude {
    const NAME: &'static str = "magnitude";

    fn parameters(&self) -> Vec<usize> {
        vec![self.shift as usize]
    }

    fn operations(&self) -> usize {
        1
    }

    fn wires(&self) -> usize {
        self.below_greatest().end
    }

    fn constants(&self) -> usize {
        0
    }

    fn degree(&self) -> usize {
        4
    }

    fn constraints(&self) -> usize {
        POWERS + 1 + 1 + 2 + 1 + 2 * POWERS
    }

    fn constrain<A: Arithmetic>(
        &self,
        a: &mut A,
        row: &Row<impl Fn(usize) -> A::Value, impl Fn(usize) -> A::Value>,
        constraint: &mut impl FnMut(&'static str, A::Value),
    ) {
        let [v, bound, bit] = [NUMBER, BOUND, self.bit()].map(&row.wire);
        let wires = |range: Range<usize>| -> Vec<A::Value> { range.map(&row.wire).collect() };
        let mut is_bit = |a: &mut A, name, wire: A::Value| {
            let square = a.multiply(wire, wire);
            let boolean = a.subtract(square, wire);
            constraint(name, boolean);
        };
        let zero = a.constant(F::ZERO);
        let (mut ones, mut power, mut even, mut step) = (zero, zero, zero, zero);
        for (j, indicator) in wires(self.indicators()).into_iter().enumerate() {
            is_bit(a, "indicator", indicator);
            ones = a.scale_add(F::ONE, indicator, ones);
            power = a.scale_add(F::from_canonical_u64(1 << (2 * j)), indicator, power);
            let [of_even, of_odd] = [2 * j, 2 * j + 1].map(|p| F::from_canonical_u64(self.quotient(p)));
            even = a.scale_add(of_even, indicator, even);
            step = a.scale_add(of_odd - of_even, indicator, step);
        }
        is_bit(a, "bit", bit);
        let one = a.constant(F::ONE);
        let count = a.subtract(ones, one);
        constraint("one", count);
        let least = a.multiply_add(bit, power, power);
        let beyond = a.scale_add(F::ONE, least, least);
        let greatest = a.subtract(beyond, one);
        let distances = [
            ("least", "limb above the least", v, least, self.above_least()),
            (
                "greatest",
                "limb below the greatest",
                greatest,
                v,
                self.below_greatest(),
            ),
        ];
        for (name, limb, greater, less, range) in distances {
            let limbs = wires(range);
            let said = recompose(a, &limbs);
            let distance = a.subtract(greater, less);
            let difference = a.subtract(distance, said);
            constraint(name, difference);
            constrain_limbs(a, limb, &limbs, constraint);
        }
        let quotient = a.multiply_add(bit, step, even);
        let difference = a.subtract(bound, quotient);
        constraint("bound", difference);
    }

    fn inputs(&self, _: usize) -> Vec<usize> {
        vec![NUMBER]
    }

    fn fill(&self, _: usize, _: &[F], inputs: &[F]) -> Vec<(usize, F)> {
        // Of no number beyond the limits there are wires that satisfy the constraints.
        let v = integer(inputs[0]).clamp(1, Self::MAX as i64 - 1).unsigned_abs();
        let power = v.ilog2() as usize;
        let least = 1u64 << power;
        let mut filled = vec![
            (BOUND, F::from_canonical_u64(self.quotient(power))),
            (self.bit(), F::from_bool(power % 2 == 1)),
        ];
        let indicators = self.indicators().enumerate();
        filled.extend(indicators.map(|(j, wire)| (wire, F::from_bool(j == power / 2))));
        filled.extend(self.above_least().zip(decompose(v - least, POWERS)));
        filled.extend(self.below_greatest().zip(decompose(2 * least - 1 - v, POWERS)));
        filled
    }
}
