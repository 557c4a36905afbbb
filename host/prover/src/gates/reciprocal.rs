//! A constant divided by a number: Reciprocal.

use super::rules::{Row, Rules, WIRES};
use crate::arithmetic::Arithmetic;
use crate::limbs::{constrain_limbs, decompose, recompose};
use metisvm_verifier::field::{F, integer, residue};
use plonky2::field::types::Field;
use std::ops::Range;

/// `y = min(2^31 − 1, ⌊numerator / d⌋)` for `1 ≤ d < 2^32` and a constant numerator below 2^62:
///
/// ```text
/// division   numerator = y · d + r
/// result     y is what its limbs say, of which the highest is 0 or 1: so y < 2^31
/// full       full is 0 or 1, and full · (2^31 − 1 − y) = 0
/// remainder  (1 − full) · (d − 1 − r − b) = 0, with b what its limbs say
/// limbs      r and b lie in 0..4^n of their limbs, as each limb is 0, 1, 2 or 3
/// ```
///
/// `y · d` is below 2^63 and r below 2^62, together below p: so the division is one of integers. If full is 0, r is
/// less than d, and y the quotient, which is then no more than the limit; if it is 1, y is the limit, and the
/// numerator no less than that times d.
///
/// Wires: d and y of every operation, then for each `full` and the limbs of y, r and b. Constants: the numerator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reciprocal;

impl Reciprocal {
    /// Numerators are below this.
    pub const MAX_NUMERATOR: u64 = 1 << 62;

    /// What a result is limited to.
    pub const LIMIT: u64 = (1 << 31) - 1;

    /// What a number is divided by at most.
    pub const MAX_DIVISOR: u64 = 1 << 31;

    /// Limbs of y, and of b.
    const SHORT: usize = 16;

    /// Limbs of r.
    const LONG: usize = 31;

    /// Advice wires of an operation.
    const ADVICE: usize = 1 + 2 * Self::SHORT + Self::LONG;

    /// Where the divisor of an operation is.
    pub const fn divisor(&self, operation: usize) -> usize {
        2 * operation
    }

    /// Where the result of an operation is.
    pub const fn result(&self, operation: usize) -> usize {
        2 * operation + 1
    }

    /// Where `full` of an operation is.
    pub fn full(&self, operation: usize) -> usize {
        2 * self.operations() + operation * Self::ADVICE
    }

    /// Where the limbs of y are, the lowest first.
    pub fn result_limbs(&self, operation: usize) -> Range<usize> {
        let start = self.full(operation) + 1;
        start..start + Self::SHORT
    }

    /// Where the limbs of r are.
    pub fn remainder(&self, operation: usize) -> Range<usize> {
        let start = self.result_limbs(operation).end;
        start..start + Self::LONG
    }

    /// Where the limbs of b are.
    pub fn bound(&self, operation: usize) -> Range<usize> {
        let start = self.remainder(operation).end;
        start..start + Self::SHORT
    }
}

impl Rules for Reciprocal {
    const NAME: &'static str = "reciprocal";

    fn parameters(&self) -> Vec<usize> {
        vec![Self::SHORT, Self::LONG]
    }

    fn operations(&self) -> usize {
        WIRES / (2 + Self::ADVICE)
    }

    fn wires(&self) -> usize {
        self.operations() * (2 + Self::ADVICE)
    }

    fn constants(&self) -> usize {
        1
    }

    fn degree(&self) -> usize {
        4
    }

    fn constraints(&self) -> usize {
        self.operations() * (6 + 2 * Self::SHORT + Self::LONG)
    }

    fn constrain<A: Arithmetic>(
        &self,
        a: &mut A,
        row: &Row<impl Fn(usize) -> A::Value, impl Fn(usize) -> A::Value>,
        constraint: &mut impl FnMut(&'static str, A::Value),
    ) {
        let numerator = (row.constant)(0);
        for operation in 0..self.operations() {
            let wires = |range: Range<usize>| -> Vec<A::Value> { range.map(&row.wire).collect() };
            let [d, y, full] = [
                self.divisor(operation),
                self.result(operation),
                self.full(operation),
            ]
            .map(&row.wire);
            let result_limbs = wires(self.result_limbs(operation));
            let remainder_limbs = wires(self.remainder(operation));
            let bound_limbs = wires(self.bound(operation));
            let remainder = recompose(a, &remainder_limbs);
            let bound = recompose(a, &bound_limbs);

            let right = a.multiply_add(y, d, remainder);
            let division = a.subtract(numerator, right);
            constraint("division", division);

            let said = recompose(a, &result_limbs);
            let result = a.subtract(y, said);
            constraint("result", result);
            let highest = result_limbs[Self::SHORT - 1];
            let square = a.multiply(highest, highest);
            let bit = a.subtract(square, highest);
            constraint("highest", bit);

            let square = a.multiply(full, full);
            let boolean = a.subtract(square, full);
            constraint("full", boolean);
            let limit = a.constant(F::from_canonical_u64(Self::LIMIT));
            let below = a.subtract(limit, y);
            let limited = a.multiply(full, below);
            constraint("limited", limited);

            // (1 − full)·x = x − full·x
            let one = a.constant(F::ONE);
            let most = a.subtract(d, one);
            let left = a.subtract(most, remainder);
            let difference = a.subtract(left, bound);
            let excused = a.multiply(full, difference);
            let held = a.subtract(difference, excused);
            constraint("remainder", held);

            constrain_limbs(a, "limb of the result", &result_limbs, constraint);
            constrain_limbs(a, "limb of the remainder", &remainder_limbs, constraint);
            constrain_limbs(a, "limb of the bound", &bound_limbs, constraint);
        }
    }

    fn inputs(&self, operation: usize) -> Vec<usize> {
        vec![self.divisor(operation)]
    }

    fn fill(&self, operation: usize, constants: &[F], inputs: &[F]) -> Vec<(usize, F)> {
        let numerator = integer(constants[0]).unsigned_abs();
        // Of no divisor that is less than 1 there are wires that satisfy the constraints.
        let divisor = integer(inputs[0]).max(1).unsigned_abs();
        let quotient = (numerator / divisor).min(Self::LIMIT);
        let full = quotient == Self::LIMIT;
        let remainder = numerator - quotient * divisor;
        let bound = (divisor - 1).saturating_sub(remainder);
        let mut filled = vec![
            (self.result(operation), residue(quotient as i64)),
            (self.full(operation), F::from_bool(full)),
        ];
        let parts = [
            (self.result_limbs(operation), quotient),
            (self.remainder(operation), remainder),
            (self.bound(operation), bound),
        ];
        for (range, value) in parts {
            let count = range.len();
            filled.extend(range.zip(decompose(value, count)));
        }
        filled
    }
}
