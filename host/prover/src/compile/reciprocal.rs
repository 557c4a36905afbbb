//! Reciprocal.

use super::extreme::greatest;
use super::node::{NodeView, Refusal};
use crate::gates::{Reciprocal, Rules};
use crate::rows::{Operation, Rows};
use metisvm_model::Interval;
use metisvm_verifier::field::{F, residue};
use plonky2::field::types::Field;
use plonky2::iop::target::Target;

/// `min(2^31 − 1, ⌊numerator / max(1, x)⌋)`.
pub(super) fn reciprocal(
    rows: &mut Rows,
    node: &NodeView<'_>,
    numerator: u64,
) -> Result<Vec<Target>, Refusal> {
    let x = node.interval(0);
    if numerator >= Reciprocal::MAX_NUMERATOR || x.high > Reciprocal::MAX_DIVISOR as i64 {
        return Err(Refusal::unsupported("the numbers to divide are too large"));
    }
    let mut divisors = node.wires(rows, 0).to_vec();
    if x.low < 1 {
        let one = rows.constant(F::ONE);
        let pairs = divisors.into_iter().map(|x| vec![x, one]).collect();
        let interval = Interval {
            low: x.low,
            high: x.high.max(1),
        };
        divisors = greatest(rows, pairs, interval)?;
    }
    let gate = Reciprocal;
    rows.reserve(divisors.len().div_ceil(gate.operations()))?;
    let mut y = Vec::with_capacity(divisors.len());
    for chunk in divisors.chunks(gate.operations()) {
        let operations: Vec<Operation> = chunk
            .iter()
            .map(|&divisor| Operation {
                inputs: vec![divisor],
                constants: Vec::new(),
            })
            .collect();
        // All operations of a row have one numerator.
        let places = rows.operations_of_row(&gate, vec![residue(numerator as i64)], &operations);
        y.extend(
            places
                .into_iter()
                .map(|place| place.wire(gate.result(place.operation))),
        );
    }
    Ok(y)
}
