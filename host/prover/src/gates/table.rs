//! A table of 256 entries, in the constants of its rows: Table.

use super::rules::{ROUTED_WIRES, Row, Rules, WIRES};
use crate::arithmetic::Arithmetic;
use crate::limbs::{constrain_limbs, decompose, recompose};
use metisvm_verifier::field::{F, integer};
use plonky2::field::types::Field;

/// `y = table[x − low]`, with four limbs d of the index:
///
/// ```text
/// index    x − low = d_0 + 4·d_1 + 16·d_2 + 64·d_3
/// limb     each is 0, 1, 2 or 3
/// middle   middle_i = Σ_ab table[16·i + 4·b + a] · L_a(d_0) · L_b(d_1)      for i in 0..16
/// entry    y = Σ_ab middle_(4·b + a) · L_a(d_2) · L_b(d_3)
/// ```
///
/// `L_k` is the polynomial of degree 3 that is 1 at k and 0 at the other three limbs there are. So the middle
/// numbers are the sixteen entries that the two lower limbs leave, and y is the one of them that the upper two
/// name. Entries are constants: y is one of them, whatever their size.
///
/// Wires: x and y of every operation, then limbs and middle numbers of each. Constants: the table, then low.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Table;

/// Limbs of an index.
const LIMBS: usize = 4;

/// Entries that two limbs leave.
const MIDDLE: usize = 16;

/// Wires of an operation that are not routed.
const ADVICE: usize = LIMBS + MIDDLE;

/// Operations of a row.
const OPERATIONS: usize = WIRES / (2 + ADVICE);

const _: () = assert!(2 * OPERATIONS <= ROUTED_WIRES);

impl Table {
    /// Entries of a table.
    pub const ENTRIES: usize = 256;

    /// Where the operand of an operation is.
    pub const fn operand(&self, operation: usize) -> usize {
        2 * operation
    }

    /// Where the result of an operation is.
    pub const fn result(&self, operation: usize) -> usize {
        2 * operation + 1
    }

    /// Where the limbs of the index of an operation are, the lowest first.
    pub const fn limbs(&self, operation: usize) -> std::ops::Range<usize> {
        let start = 2 * OPERATIONS + operation * ADVICE;
        start..start + LIMBS
    }

    /// Where the middle numbers of an operation are.
    pub const fn middle(&self, operation: usize) -> std::ops::Range<usize> {
        let start = self.limbs(operation).end;
        start..start + MIDDLE
    }
}

/// `L_a(low) · L_b(high)` at `4·b + a`.
fn selectors<A: Arithmetic>(a: &mut A, low: A::Value, high: A::Value) -> Vec<A::Value> {
    let [low, high] = [low, high].map(|limb| {
        let factors: Vec<A::Value> = (0..4)
            .map(|root| {
                let root = a.constant(F::from_canonical_u64(root));
                a.subtract(limb, root)
            })
            .collect();
        (0..4)
            .map(|k: i64| {
                let others: Vec<usize> = (0..4).filter(|&j| j != k as usize).collect();
                let scale: F = others
                    .iter()
                    .map(|&j| F::from_noncanonical_i64(k - j as i64))
                    .product();
                let scale = a.constant(scale.inverse());
                others
                    .iter()
                    .fold(scale, |product, &j| a.multiply(product, factors[j]))
            })
            .collect::<Vec<A::Value>>()
    });
    let mut products = Vec::with_capacity(MIDDLE);
    for &high in &high {
        for &low in &low {
            products.push(a.multiply(low, high));
        }
    }
    products
}

impl Rules for Table {
    const NAME: &'static str = "table";

    fn parameters(&self) -> Vec<usize> {
        vec![Self::ENTRIES]
    }

    fn operations(&self) -> usize {
        OPERATIONS
    }

    fn wires(&self) -> usize {
        OPERATIONS * (2 + ADVICE)
    }

    fn constants(&self) -> usize {
        Self::ENTRIES + 1
    }

    fn degree(&self) -> usize {
        7
    }

    fn constraints(&self) -> usize {
        OPERATIONS * (1 + LIMBS + MIDDLE + 1)
    }

    fn constrain<A: Arithmetic>(
        &self,
        a: &mut A,
        row: &Row<impl Fn(usize) -> A::Value, impl Fn(usize) -> A::Value>,
        constraint: &mut impl FnMut(&'static str, A::Value),
    ) {
        for operation in 0..OPERATIONS {
            let limbs: Vec<A::Value> = self.limbs(operation).map(&row.wire).collect();
            let index = recompose(a, &limbs);
            let x = a.scale_add(F::ONE, (row.constant)(Self::ENTRIES), index);
            let difference = a.subtract((row.wire)(self.operand(operation)), x);
            constraint("index", difference);
            constrain_limbs(a, "limb", &limbs, constraint);

            let lower = selectors(a, limbs[0], limbs[1]);
            for (i, wire) in self.middle(operation).enumerate() {
                let mut sum = a.constant(F::ZERO);
                for (j, &selector) in lower.iter().enumerate() {
                    sum = a.multiply_add((row.constant)(MIDDLE * i + j), selector, sum);
                }
                let difference = a.subtract((row.wire)(wire), sum);
                constraint("middle", difference);
            }
            let upper = selectors(a, limbs[2], limbs[3]);
            let mut sum = a.constant(F::ZERO);
            for (wire, &selector) in self.middle(operation).zip(&upper) {
                sum = a.multiply_add((row.wire)(wire), selector, sum);
            }
            let difference = a.subtract((row.wire)(self.result(operation)), sum);
            constraint("entry", difference);
        }
    }

    fn inputs(&self, operation: usize) -> Vec<usize> {
        vec![self.operand(operation)]
    }

    fn fill(&self, operation: usize, constants: &[F], inputs: &[F]) -> Vec<(usize, F)> {
        let index = (integer(inputs[0]) - integer(constants[Self::ENTRIES])) as u8;
        let lower = usize::from(index) % MIDDLE;
        let mut filled = vec![(self.result(operation), constants[usize::from(index)])];
        filled.extend(self.limbs(operation).zip(decompose(index.into(), LIMBS)));
        let middle = self.middle(operation).enumerate();
        filled.extend(middle.map(|(i, wire)| (wire, constants[MIDDLE * i + lower])));
        filled
    }
}
