//! A number divided by a number: what shifts too wide for Requantise, computed shifts and InvNorm are made of.

use super::rules::{ROUTED_WIRES, Row, Rules, WIRES};
use crate::arithmetic::Arithmetic;
use crate::limbs::{capacity, constrain_limbs, decompose, limbs_for, recompose};
use metisvm_verifier::field::{F, integer, residue};
use plonky2::field::types::{Field, Field64};
use std::ops::Range;

/// `q = ⌊n / d⌋`, for wires n, d, low and high where the quotient is known to lie in `low..=high`:
///
/// ```text
/// division    n = q · d + r
/// remainder   d − 1 − r is what its limbs say
/// low         q − low is what its limbs say
/// high        high − q is what its limbs say
/// limbs       r, d − 1 − r, q − low and high − q lie in 0..4^n of their limbs, as each limb is 0, 1, 2 or 3
/// ```
///
/// d is a positive integer below 4^n of the remainder's limbs, and `high − low` one below that of the quotient's. As
/// no limbs are more than 31, each of the last four is an integer below 2^62, so `0 ≤ r < d` and `low ≤ q ≤ high` hold
/// of integers. [`Division::tells`] makes sure that `n − q·d − r` is less than p in magnitude for all of these, so the
/// division is one of integers too, and there is one such q.
///
/// Wires: n, d, low, high and q of every operation, then the limbs of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Division {
    remainder_limbs: usize,
    quotient_limbs: usize,
}

/// The most limbs of a number: 4^31 is a quarter of p, about.
const MAX_LIMBS: usize = 31;

/// Wires of an operation that are routed.
const ROUTED: usize = 5;

impl Division {
    /// A gate for divisors up to `divisor` and quotients of an interval so long; `None` where a number is too large.
    pub const fn new(divisor: u64, span: u64) -> Option<Self> {
        let gate = Self {
            remainder_limbs: limbs_for(divisor.saturating_sub(1)),
            quotient_limbs: limbs_for(span),
        };
        if gate.remainder_limbs <= MAX_LIMBS && gate.quotient_limbs <= MAX_LIMBS {
            Some(gate)
        } else {
            None
        }
    }

    /// Whether `n = q·d + r` in the field says so of integers, where n lies in one interval, and `q·d` in another for
    /// *whatever* q of the limits.
    pub fn tells(&self, n: (i128, i128), product: (i128, i128)) -> bool {
        let remainder = i128::from(capacity(self.remainder_limbs)) - 1;
        let p = i128::from(F::ORDER);
        n.1 - product.0 < p && product.1 + remainder - n.0 < p
    }

    /// Where the number to divide is; the divisor, the least and the greatest quotient and the quotient follow.
    pub const fn number(&self, operation: usize) -> usize {
        ROUTED * operation
    }

    /// Where the quotient is.
    pub const fn quotient(&self, operation: usize) -> usize {
        ROUTED * operation + 4
    }

    /// Where the limbs of r are, the lowest first.
    pub fn remainder(&self, operation: usize) -> Range<usize> {
        let start = ROUTED * self.operations() + operation * self.advice();
        start..start + self.remainder_limbs
    }

    /// Where the limbs of `d − 1 − r` are.
    pub fn bound(&self, operation: usize) -> Range<usize> {
        let start = self.remainder(operation).end;
        start..start + self.remainder_limbs
    }

    /// Where the limbs of `q − low` are.
    pub fn above_low(&self, operation: usize) -> Range<usize> {
        let start = self.bound(operation).end;
        start..start + self.quotient_limbs
    }

    /// Where the limbs of `high − q` are.
    pub fn below_high(&self, operation: usize) -> Range<usize> {
        let start = self.above_low(operation).end;
        start..start + self.quotient_limbs
    }

    const fn advice(&self) -> usize {
        2 * (self.remainder_limbs + self.quotient_limbs)
    }
}

impl Rules for Division {
    const NAME: &'static str = "division";

    fn parameters(&self) -> Vec<usize> {
        vec![self.remainder_limbs, self.quotient_limbs]
    }

    fn operations(&self) -> usize {
        (WIRES / (ROUTED + self.advice())).min(ROUTED_WIRES / ROUTED)
    }

    fn wires(&self) -> usize {
        self.operations() * (ROUTED + self.advice())
    }

    fn constants(&self) -> usize {
        0
    }

    fn degree(&self) -> usize {
        4
    }

    fn constraints(&self) -> usize {
        self.operations() * (4 + self.advice())
    }

    fn constrain<A: Arithmetic>(
        &self,
        a: &mut A,
        row: &Row<impl Fn(usize) -> A::Value, impl Fn(usize) -> A::Value>,
        constraint: &mut impl FnMut(&'static str, A::Value),
    ) {
        for operation in 0..self.operations() {
            let first = self.number(operation);
            let [n, d, low, high, q] = [0, 1, 2, 3, 4].map(|i| (row.wire)(first + i));
            let wires = |range: Range<usize>| -> Vec<A::Value> { range.map(&row.wire).collect() };
            let remainder_limbs = wires(self.remainder(operation));
            let remainder = recompose(a, &remainder_limbs);
            let right = a.multiply_add(q, d, remainder);
            let division = a.subtract(n, right);
            constraint("division", division);
            constrain_limbs(a, "limb of the remainder", &remainder_limbs, constraint);

            let one = a.constant(F::ONE);
            let most = a.subtract(d, one);
            let distances = [
                (
                    "remainder",
                    "limb of the bound",
                    most,
                    remainder,
                    self.bound(operation),
                ),
                ("low", "limb above low", q, low, self.above_low(operation)),
                ("high", "limb below high", high, q, self.below_high(operation)),
            ];
            for (name, limb, greater, less, range) in distances {
                let limbs = wires(range);
                let said = recompose(a, &limbs);
                let distance = a.subtract(greater, less);
                let difference = a.subtract(distance, said);
                constraint(name, difference);
                constrain_limbs(a, limb, &limbs, constraint);
            }
        }
    }

    fn inputs(&self, operation: usize) -> Vec<usize> {
        let first = self.number(operation);
        (first..first + 4).collect()
    }

    fn fill(&self, operation: usize, _: &[F], inputs: &[F]) -> Vec<(usize, F)> {
        let [n, d, low, high] = [0, 1, 2, 3].map(|i| integer(inputs[i]));
        // Of no divisor that is less than 1 there are wires that satisfy the constraints.
        let d = d.max(1);
        let (q, r) = (n.div_euclid(d), n.rem_euclid(d));
        let mut filled = vec![(self.quotient(operation), residue(q))];
        let parts = [
            (self.remainder(operation), r),
            (self.bound(operation), d - 1 - r),
            (self.above_low(operation), q.wrapping_sub(low)),
            (self.below_high(operation), high.wrapping_sub(q)),
        ];
        for (range, value) in parts {
            let count = range.len();
            filled.extend(range.zip(decompose(value as u64, count)));
        }
        filled
    }
}
