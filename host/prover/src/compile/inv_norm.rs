//! InvNorm: a sum of squares, a quotient, a root.

use super::node::{NodeView, Refusal};
use super::quotient::{Bounds, quotients};
use crate::gates::{Magnitude, Root, Rules};
use crate::rows::{Operation, Rows};
use metisvm_verifier::field::F;
use plonky2::field::types::Field;
use plonky2::iop::target::Target;

/// `min(2^31 − 1, ⌊√⌊2^shift / V⌋⌋)` with `V = epsilon + Σ x²`, of each row of the last dimension.
pub(super) fn inv_norm(
    rows: &mut Rows,
    node: &NodeView<'_>,
    shift: u32,
    epsilon: u64,
) -> Result<Vec<Target>, Refusal> {
    let shape = &node.ty(0).shape;
    let extent = shape.dim(shape.rank() - 1);
    let x = node.interval(0);
    let greatest = u128::from(x.low.unsigned_abs().max(x.high.unsigned_abs()));
    // The graph's proof has it below 2^62.
    let most = u128::from(epsilon) + extent as u128 * greatest.pow(2);
    let magnitude = Magnitude::new(shift).filter(|_| most < Magnitude::MAX.into());
    let magnitude = magnitude.ok_or_else(|| Refusal::unsupported("its sums of squares are too large"))?;
    let most = most as u64;

    let wires = node.wires(rows, 0);
    // Twenty products in a row of plonky2's arithmetic.
    rows.reserve(wires.len() / 20 + 3 * (wires.len() / extent))?;
    let epsilon = rows.constant(F::from_canonical_u64(epsilon));
    let sums: Vec<Target> = wires
        .chunks_exact(extent)
        .map(|row| row.iter().fold(epsilon, |sum, &x| rows.multiply_add(x, x, sum)))
        .collect();

    // The quotient lies between that of the greatest V and that of the greatest power of two in V; so it times V is
    // below 2^63, whatever a prover claims.
    let dividend = 1u64 << shift;
    let least = dividend / most;
    let numerator = rows.constant(F::from_canonical_u64(dividend));
    let low = rows.constant(F::from_canonical_u64(least));
    let bounds = places(rows, &magnitude, &sums, magnitude.bound());
    let divisions: Vec<_> = sums
        .iter()
        .zip(bounds)
        .map(|(&sum, bound)| [numerator, sum, low, bound])
        .collect();
    let number = i128::from(dividend);
    let quotients = quotients(
        rows,
        &divisions,
        &Bounds {
            number: (number, number),
            product: (0, 2 * number),
            divisor: most,
            span: dividend - least,
        },
    )?;
    Ok(places(rows, &Root, &quotients, Root.result()))
}

/// One row for each number; the wire of what a gate makes of it.
fn places<R: Rules>(rows: &mut Rows, gate: &R, numbers: &[Target], result: usize) -> Vec<Target> {
    let operations = numbers.iter().map(|&number| Operation {
        inputs: vec![number],
        constants: Vec::new(),
    });
    let operations: Vec<Operation> = operations.collect();
    let places = rows.operations(gate, &operations);
    places.into_iter().map(|place| place.wire(result)).collect()
}
