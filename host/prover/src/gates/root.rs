//! The square root of an integer: the end of InvNorm.

use super::rules::{Row, Rules};
use crate::arithmetic::Arithmetic;
use crate::limbs::{constrain_limbs, decompose, recompose};
use metisvm_verifier::field::{F, integer};
use plonky2::field::types::Field;
use std::ops::Range;

/// `y = min(2^31 − 1, ⌊√x⌋)` for `0 ≤ x ≤ 2^62`:
///
/// ```text
/// result    y is what its limbs say
/// highest   the highest of them is 0 or 1: so y < 2^31
/// square    x − y² is what its limbs say
/// full      full is 0 or 1
/// limited   full · (2^31 − 1 − y) = 0
/// next      (1 − full) · (y² + 2·y − x − b) = 0, with b what its limbs say
/// limbs     each is 0, 1, 2 or 3
/// ```
///
/// y² is below 2^62, as b and what the limbs of `x − y²` say are: so `y² ≤ x` as integers, and `x < (y + 1)²` unless y
/// is the limit.
///
/// Wires: x and y, `full`, then the limbs of y, of `x − y²` and of b.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Root;

impl Root {
    /// What a root is limited to.
    pub const LIMIT: u64 = (1 << 31) - 1;

    /// Limbs of y.
    const SHORT: usize = 16;

    /// Limbs of the distances to squares.
    const LONG: usize = 31;

    /// Where the number is.
    pub const fn number(&self) -> usize {
        0
    }

    /// Where its root is.
    pub const fn result(&self) -> usize {
        1
    }

    /// Where `full` is.
    pub const fn full(&self) -> usize {
        2
    }

    /// Where the limbs of the root are, the lowest first.
    pub const fn result_limbs(&self) -> Range<usize> {
        3..3 + Self::SHORT
    }

    /// Where the limbs of `x − y²` are.
    pub const fn above_square(&self) -> Range<usize> {
        let start = self.result_limbs().end;
        start..start + Self::LONG
    }

    /// Where the limbs of b are.
    pub const fn below_next(&self) -> Range<usize> {
        let start = self.above_square().end;
        start..start + Self::LONG
    }
}

impl Rules for Root {
    const NAME: &'static str = "root";

    fn parameters(&self) -> Vec<usize> {
        vec![Self::SHORT, Self::LONG]
    }

    fn operations(&self) -> usize {
        1
    }

    fn wires(&self) -> usize {
        self.below_next().end
    }

    fn constants(&self) -> usize {
        0
    }

    fn degree(&self) -> usize {
        4
    }

    fn constraints(&self) -> usize {
        6 + Self::SHORT + 2 * Self::LONG
    }

    fn constrain<A: Arithmetic>(
        &self,
        a: &mut A,
        row: &Row<impl Fn(usize) -> A::Value, impl Fn(usize) -> A::Value>,
        constraint: &mut impl FnMut(&'static str, A::Value),
    ) {
        let [x, y, full] = [self.number(), self.result(), self.full()].map(&row.wire);
        let wires = |range: Range<usize>| -> Vec<A::Value> { range.map(&row.wire).collect() };
        let result_limbs = wires(self.result_limbs());
        let said = recompose(a, &result_limbs);
        let result = a.subtract(y, said);
        constraint("result", result);
        let highest = result_limbs[Self::SHORT - 1];
        for (name, bit) in [("highest", highest), ("full", full)] {
            let square = a.multiply(bit, bit);
            let boolean = a.subtract(square, bit);
            constraint(name, boolean);
        }
        let limit = a.constant(F::from_canonical_u64(Self::LIMIT));
        let below = a.subtract(limit, y);
        let limited = a.multiply(full, below);
        constraint("limited", limited);

        let square = a.multiply(y, y);
        let distance = a.subtract(x, square);
        let square_limbs = wires(self.above_square());
        let said = recompose(a, &square_limbs);
        let difference = a.subtract(distance, said);
        constraint("square", difference);

        let next_limbs = wires(self.below_next());
        let said = recompose(a, &next_limbs);
        let most = a.scale_add(F::TWO, y, square);
        let distance = a.subtract(most, x);
        let difference = a.subtract(distance, said);
        // (1 − full)·x = x − full·x
        let excused = a.multiply(full, difference);
        let held = a.subtract(difference, excused);
        constraint("next", held);

        constrain_limbs(a, "limb of the result", &result_limbs, constraint);
        constrain_limbs(a, "limb above the square", &square_limbs, constraint);
        constrain_limbs(a, "limb below the next", &next_limbs, constraint);
    }

    fn inputs(&self, _: usize) -> Vec<usize> {
        vec![self.number()]
    }

    fn fill(&self, _: usize, _: &[F], inputs: &[F]) -> Vec<(usize, F)> {
        // Of a negative number there are no wires that satisfy the constraints.
        let x = integer(inputs[0]).max(0).unsigned_abs();
        let y = x.isqrt().min(Self::LIMIT);
        let full = y == Self::LIMIT;
        let mut filled = vec![
            (self.result(), F::from_canonical_u64(y)),
            (self.full(), F::from_bool(full)),
        ];
        let parts = [
            (self.result_limbs(), y),
            (self.above_square(), x - y * y),
            // Of the limit nothing holds b to anything.
            (self.below_next(), (y * y + 2 * y).saturating_sub(x)),
        ];
        for (range, value) in parts {
            let count = range.len();
            filled.extend(range.zip(decompose(value, count)));
        }
        filled
    }
}
