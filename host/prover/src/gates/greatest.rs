//! The greatest of a few numbers: MaxPool2d, ReduceMax, ArgMax.

use super::rules::{ROUTED_WIRES, Row, Rules, WIRES};
use crate::arithmetic::Arithmetic;
use crate::limbs::{constrain_limbs, decompose, limbs_for, recompose};
use metisvm_verifier::field::{F, integer, residue};

/// `m = max(x_1, …, x_n)`:
///
/// ```text
/// member       (m − x_1) · … · (m − x_n) = 0
/// difference   m − x_i is what its limbs say
/// limbs        each is 0, 1, 2 or 3
/// ```
///
/// A field has no divisors of zero, so m is one of the x. Integers of at most 2^60 in magnitude whose
/// difference, taken modulo p, is below 4^limbs ≤ 2^62 differ by just that, as p is near 2^64: so no x is
/// greater than m.
///
/// Wires: the x and m of every operation, then its limbs, x by x.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Greatest {
    limbs: usize,
}

impl Greatest {
    /// Numbers of one operation: the degree of `member`, which is then that of a limb's constraint.
    pub const ARITY: usize = 4;

    /// What a number may have in magnitude.
    pub const MAX_MAGNITUDE: u64 = 1 << 60;

    /// A gate for numbers that are so far apart at most; `None` where that is too far.
    pub const fn new(span: u64) -> Option<Self> {
        let limbs = limbs_for(span);
        if span <= 2 * Self::MAX_MAGNITUDE {
            Some(Self { limbs })
        } else {
            None
        }
    }

    /// Where number `i` of an operation is.
    pub const fn operand(&self, operation: usize, i: usize) -> usize {
        operation * (Self::ARITY + 1) + i
    }

    /// Where the greatest of an operation is.
    pub const fn result(&self, operation: usize) -> usize {
        operation * (Self::ARITY + 1) + Self::ARITY
    }

    /// Where the limbs of the difference to number `i` of an operation are.
    pub fn limbs(&self, operation: usize, i: usize) -> std::ops::Range<usize> {
        let routed = self.operations() * (Self::ARITY + 1);
        let start = routed + (operation * Self::ARITY + i) * self.limbs;
        start..start + self.limbs
    }
}

impl Rules for Greatest {
    const NAME: &'static str = "greatest";

    fn parameters(&self) -> Vec<usize> {
        vec![Self::ARITY, self.limbs]
    }

    fn operations(&self) -> usize {
        (WIRES / (Self::ARITY + 1 + Self::ARITY * self.limbs)).min(ROUTED_WIRES / (Self::ARITY + 1))
    }

    fn wires(&self) -> usize {
        self.operations() * (Self::ARITY + 1 + Self::ARITY * self.limbs)
    }

    fn constants(&self) -> usize {
        0
    }

    fn degree(&self) -> usize {
        Self::ARITY
    }

    fn constraints(&self) -> usize {
        self.operations() * (1 + Self::ARITY * (1 + self.limbs))
    }

    fn constrain<A: Arithmetic>(
        &self,
        a: &mut A,
        row: &Row<impl Fn(usize) -> A::Value, impl Fn(usize) -> A::Value>,
        constraint: &mut impl FnMut(&'static str, A::Value),
    ) {
        for operation in 0..self.operations() {
            let greatest = (row.wire)(self.result(operation));
            let mut member = None;
            for i in 0..Self::ARITY {
                let difference = a.subtract(greatest, (row.wire)(self.operand(operation, i)));
                member = Some(match member {
                    None => difference,
                    Some(product) => a.multiply(product, difference),
                });
                let limbs: Vec<A::Value> = self.limbs(operation, i).map(&row.wire).collect();
                let recomposed = recompose(a, &limbs);
                let same = a.subtract(difference, recomposed);
                constraint("difference", same);
                constrain_limbs(a, "limb", &limbs, constraint);
            }
            if let Some(product) = member {
                constraint("member", product);
            }
        }
    }

    fn inputs(&self, operation: usize) -> Vec<usize> {
        (0..Self::ARITY).map(|i| self.operand(operation, i)).collect()
    }

    fn fill(&self, operation: usize, _: &[F], inputs: &[F]) -> Vec<(usize, F)> {
        let numbers: Vec<i64> = inputs.iter().map(|&x| integer(x)).collect();
        let greatest = numbers.iter().copied().max().unwrap_or(0);
        let mut filled = vec![(self.result(operation), residue(greatest))];
        for (i, number) in numbers.into_iter().enumerate() {
            let difference = greatest.wrapping_sub(number) as u64;
            filled.extend(self.limbs(operation, i).zip(decompose(difference, self.limbs)));
        }
        filled
    }
}
