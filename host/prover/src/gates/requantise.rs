//! Division by a power of two with one rounding, and the limits of the result: Requantise, Mul, Clamp, and
//! the part of ArgMax that takes a number apart.

use super::rules::{ROUTED_WIRES, Row, Rules, WIRES};
use crate::arithmetic::Arithmetic;
use crate::limbs::{capacity, constrain_limbs, decompose, limbs_for, recompose};
use metisvm_verifier::field::{F, integer, residue};
use plonky2::field::types::{Field, Field64};
use std::ops::{Range, RangeInclusive};

/// `y = clamp(zero + ((acc · multiplier + half) >> shift), low, low + span)`, with `half = 2^(shift−1)` where
/// it rounds.
///
/// With `t = y − low`, `offset = low − zero` and a remainder r it says, of each operation:
///
/// ```text
/// division    acc · multiplier + half = (t + offset ± e) · 2^shift + r      + where `above` is 1, else −
/// result      y = low + t
/// above       above is 0 or 1
/// clamped     e · (above · (span − t) + (1 − above) · t) = 0
/// bound       span − t is what its limbs say, where span is not 4^n − 1
/// limbs       t, r, e, span − t lie in 0..4^n of their limbs, as each limb is 0, 1, 2 or 3
/// ```
///
/// Both sides of the division are below p in magnitude together, which [`Requantise::fits`] makes sure of before
/// the gate is used, so they are equal as integers. As `0 ≤ r < 2^shift`, `t + offset ± e` is the rounded
/// quotient and nothing else. If e is 0, `zero + quotient` is y and lies between the limits; if not, y is the
/// limit that it lies beyond. Where it never does there are no limbs of e, and of the last four lines only
/// those of t and r are left.
///
/// A shift is even here, because a limb of the remainder has two bits. An odd one, and one that is less than
/// that of other channels, is made larger together with the multiplier, which changes no quotient.
///
/// Wires: acc and y of every operation, then for each `above` and the limbs. Constants:
/// [`RequantiseConstants`] of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Requantise {
    shift: usize,
    rounds: bool,
    result_limbs: usize,
    bounded: bool,
    excess_limbs: usize,
}

/// The constants of one operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequantiseConstants {
    /// What the operand is multiplied by.
    pub multiplier: i64,
    /// `low − zero`.
    pub offset: i64,
    /// The least result.
    pub low: i64,
    /// How far the greatest result is from the least.
    pub span: u64,
}

impl RequantiseConstants {
    /// How many there are.
    const COUNT: usize = 4;

    /// As they stand in a row.
    pub fn elements(&self) -> [F; 4] {
        let span = F::from_canonical_u64(self.span);
        [
            residue(self.multiplier),
            residue(self.offset),
            residue(self.low),
            span,
        ]
    }
}

/// The greatest shift: an even one that holds those of a Requantise.
const MAX_SHIFT: usize = 48;

/// The limbs of a number of 32 bits and its sign.
const MAX_LIMBS: usize = 17;

/// The limbs of a number below 2^62, as every product of the graph is: an excess is no more.
const MAX_EXCESS_LIMBS: usize = 31;

impl Requantise {
    /// A gate that divides by `2^shift`, for operations whose spans lie in `spans`, and where `excess` is the
    /// farthest that a number before the clamp lies beyond the limits. `None` if the shift is odd or a number
    /// too large.
    pub fn new(shift: usize, rounds: bool, spans: RangeInclusive<u64>, excess: u64) -> Option<Self> {
        let result_limbs = limbs_for(*spans.end());
        let gate = Self {
            shift,
            rounds,
            result_limbs,
            bounded: excess > 0 && *spans.start() != capacity(result_limbs.min(MAX_LIMBS)) - 1,
            excess_limbs: limbs_for(excess),
        };
        let possible = shift.is_multiple_of(2)
            && shift <= MAX_SHIFT
            && gate.result_limbs <= MAX_LIMBS
            && gate.excess_limbs <= MAX_EXCESS_LIMBS
            && (shift > 0 || !rounds);
        possible.then_some(gate)
    }

    /// Whether both sides of the division stay below p in magnitude together: for an operand of at most `acc` in
    /// magnitude, and for whatever limbs a prover chooses.
    pub fn fits(&self, acc: u64, constants: &RequantiseConstants) -> bool {
        let left = i128::from(acc) * i128::from(constants.multiplier).abs() + self.half() as i128;
        let quotient = i128::from(capacity(self.result_limbs)) + i128::from(capacity(self.excess_limbs));
        let right = (quotient + i128::from(constants.offset).abs() + 1) << self.shift;
        left + right < i128::from(F::ORDER)
    }

    /// Where the operand of an operation is.
    pub const fn operand(&self, operation: usize) -> usize {
        2 * operation
    }

    /// Where the result of an operation is.
    pub const fn result(&self, operation: usize) -> usize {
        2 * operation + 1
    }

    /// Where the limbs of the remainder of an operation are, the lowest first.
    pub fn remainder(&self, operation: usize) -> Range<usize> {
        let end = self.advice(operation) + self.advice_wires();
        end - self.shift / 2..end
    }

    /// Where `above` of an operation is, where it has one.
    pub fn above(&self, operation: usize) -> usize {
        self.advice(operation)
    }

    /// Where the limbs of `t` of an operation are, the lowest first.
    pub fn result_limbs(&self, operation: usize) -> Range<usize> {
        let start = self.advice(operation) + usize::from(self.clamps());
        start..start + self.result_limbs
    }

    /// Where the limbs of `span − t` of an operation are; empty where they are not needed.
    pub fn bound_limbs(&self, operation: usize) -> Range<usize> {
        let start = self.result_limbs(operation).end;
        start..start + if self.bounded { self.result_limbs } else { 0 }
    }

    /// Where the limbs of `e` of an operation are, the lowest first.
    pub fn excess_limbs(&self, operation: usize) -> Range<usize> {
        let start = self.bound_limbs(operation).end;
        start..start + self.excess_limbs
    }

    const fn half(&self) -> u64 {
        if self.rounds { 1 << (self.shift - 1) } else { 0 }
    }

    const fn clamps(&self) -> bool {
        self.excess_limbs > 0
    }

    fn advice_wires(&self) -> usize {
        let bound = if self.bounded { self.result_limbs } else { 0 };
        usize::from(self.clamps()) + self.result_limbs + bound + self.excess_limbs + self.shift / 2
    }

    fn advice(&self, operation: usize) -> usize {
        2 * self.operations() + operation * self.advice_wires()
    }
}

impl Rules for Requantise {
    const NAME: &'static str = "requantise";

    fn parameters(&self) -> Vec<usize> {
        vec![
            self.shift,
            self.rounds.into(),
            self.result_limbs,
            self.bounded.into(),
            self.excess_limbs,
        ]
    }

    fn operations(&self) -> usize {
        (WIRES / (2 + self.advice_wires())).min(ROUTED_WIRES / 2)
    }

    fn wires(&self) -> usize {
        self.operations() * (2 + self.advice_wires())
    }

    fn constants(&self) -> usize {
        self.operations() * RequantiseConstants::COUNT
    }

    fn degree(&self) -> usize {
        4
    }

    fn constraints(&self) -> usize {
        let limbs = self.advice_wires() - usize::from(self.clamps());
        let clamp = if self.clamps() { 2 } else { 0 };
        self.operations() * (2 + clamp + usize::from(self.bounded) + limbs)
    }

    fn constrain<A: Arithmetic>(
        &self,
        a: &mut A,
        row: &Row<impl Fn(usize) -> A::Value, impl Fn(usize) -> A::Value>,
        constraint: &mut impl FnMut(&'static str, A::Value),
    ) {
        for operation in 0..self.operations() {
            let [multiplier, offset, low, span] =
                [0, 1, 2, 3].map(|i| (row.constant)(RequantiseConstants::COUNT * operation + i));
            let wires = |range: Range<usize>| -> Vec<A::Value> { range.map(&row.wire).collect() };
            let result_limbs = wires(self.result_limbs(operation));
            let remainder_limbs = wires(self.remainder(operation));
            let t = recompose(a, &result_limbs);
            let remainder = recompose(a, &remainder_limbs);

            let mut quotient = a.scale_add(F::ONE, t, offset);
            if self.clamps() {
                let excess_limbs = wires(self.excess_limbs(operation));
                let excess = recompose(a, &excess_limbs);
                let above = (row.wire)(self.above(operation));
                // (2·above − 1)·e = 2·(above·e) − e
                let signed = a.multiply(above, excess);
                quotient = a.scale_add(F::TWO, signed, quotient);
                quotient = a.subtract(quotient, excess);

                let square = a.multiply(above, above);
                let boolean = a.subtract(square, above);
                constraint("above", boolean);
                // above·(span − t) + (1 − above)·t = above·(span − 2t) + t
                let slope = a.scale_add(-F::TWO, t, span);
                let slack = a.multiply_add(above, slope, t);
                let clamped = a.multiply(excess, slack);
                constraint("clamped", clamped);
                if self.bounded {
                    let bound_limbs = wires(self.bound_limbs(operation));
                    let bound = recompose(a, &bound_limbs);
                    let distance = a.subtract(span, t);
                    let difference = a.subtract(distance, bound);
                    constraint("bound", difference);
                    constrain_limbs(a, "limb of the bound", &bound_limbs, constraint);
                }
                constrain_limbs(a, "limb of the excess", &excess_limbs, constraint);
            }
            let half = a.constant(F::from_canonical_u64(self.half()));
            let left = a.multiply_add((row.wire)(self.operand(operation)), multiplier, half);
            let right = a.scale_add(F::from_canonical_u64(1 << self.shift), quotient, remainder);
            let division = a.subtract(left, right);
            constraint("division", division);

            let y = a.scale_add(F::ONE, low, t);
            let result = a.subtract((row.wire)(self.result(operation)), y);
            constraint("result", result);
            constrain_limbs(a, "limb of the result", &result_limbs, constraint);
            constrain_limbs(a, "limb of the remainder", &remainder_limbs, constraint);
        }
    }

    fn inputs(&self, operation: usize) -> Vec<usize> {
        vec![self.operand(operation)]
    }

    fn fill(&self, operation: usize, constants: &[F], inputs: &[F]) -> Vec<(usize, F)> {
        let own = &constants[RequantiseConstants::COUNT * operation..][..RequantiseConstants::COUNT];
        let [multiplier, offset, low, span] = [0, 1, 2, 3].map(|i| i128::from(integer(own[i])));
        let number = i128::from(integer(inputs[0])) * multiplier + self.half() as i128;
        let quotient = number >> self.shift;
        let remainder = number - (quotient << self.shift);
        let unclamped = quotient - offset;
        let t = if self.clamps() {
            unclamped.clamp(0, span)
        } else {
            unclamped
        };

        let mut filled = vec![(self.result(operation), residue((low + t) as i64))];
        let limbs = |range: Range<usize>, value: i128| {
            let count = range.len();
            range.zip(decompose(value as u64, count))
        };
        filled.extend(limbs(self.result_limbs(operation), t));
        filled.extend(limbs(self.remainder(operation), remainder));
        if self.clamps() {
            filled.push((self.above(operation), F::from_bool(unclamped > t)));
            filled.extend(limbs(self.excess_limbs(operation), (unclamped - t).abs()));
            filled.extend(limbs(self.bound_limbs(operation), span - t));
        }
        filled
    }
}
