//! Quotients by divisors that a shift of a requantisation does not reach, or that are computed.

use super::node::Refusal;
use crate::gates::{Division, Rules};
use crate::rows::{Operation, Rows};
use plonky2::iop::target::Target;

/// What is known of all divisions of a kind.
pub(super) struct Bounds {
    /// Of the numbers that are divided.
    pub(super) number: (i128, i128),
    /// Of the quotient that the limits allow times the divisor.
    pub(super) product: (i128, i128),
    /// The greatest divisor.
    pub(super) divisor: u64,
    /// The greatest distance between the limits of a quotient.
    pub(super) span: u64,
}

/// Wires of one division: the number, the divisor, and what the quotient is at least and at most.
pub(super) type Divided = [Target; 4];

/// The quotients, rounded down.
pub(super) fn quotients(
    rows: &mut Rows,
    divisions: &[Divided],
    bounds: &Bounds,
) -> Result<Vec<Target>, Refusal> {
    let gate = Division::new(bounds.divisor, bounds.span);
    let gate = gate.filter(|gate| gate.tells(bounds.number, bounds.product));
    let gate = gate.ok_or_else(|| Refusal::unsupported("the numbers to divide do not fit the field"))?;
    rows.reserve(divisions.len().div_ceil(gate.operations()))?;
    let operations: Vec<Operation> = divisions
        .iter()
        .map(|wires| Operation {
            inputs: wires.to_vec(),
            constants: Vec::new(),
        })
        .collect();
    let places = rows.operations(&gate, &operations);
    Ok(places
        .into_iter()
        .map(|place| place.wire(gate.quotient(place.operation)))
        .collect())
}
