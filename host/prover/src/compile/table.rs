//! Table, and lookups for others.

use super::node::{NodeView, Refusal};
use super::select::selected;
use crate::gates::{Rules, Table};
use crate::rows::{Operation, Rows};
use metisvm_verifier::field::{F, residue};
use plonky2::field::types::Field;
use plonky2::iop::target::Target;

/// Table: entries are indexed by the bits of x as an unsigned byte, and by the gate from the least x on.
pub(super) fn table(rows: &mut Rows, node: &NodeView<'_>) -> Result<Vec<Target>, Refusal> {
    let low = node.ty(0).dtype.min();
    let at = |i: usize| usize::from((i as i32 + low) as u8);
    let x = node.wires(rows, 0);
    if let Some(table) = node.constant(1) {
        return lookup(rows, &x, low.into(), |i| table.data()[at(i)].into());
    }
    let table = node.wires(rows, 1);
    let entries: Vec<Target> = (0..Table::ENTRIES).map(|i| table[at(i)]).collect();
    let first = rows.constant(residue((-low).into()));
    let places: Vec<Target> = x.iter().map(|&x| rows.scale_add(F::ONE, x, first)).collect();
    selected(rows, &places, &entries, 1)
}

/// The entry of each x, of 256 from the least one on.
pub(super) fn lookup(
    rows: &mut Rows,
    x: &[Target],
    low: i64,
    entry: impl Fn(usize) -> i64,
) -> Result<Vec<Target>, Refusal> {
    let constants: Vec<F> = (0..Table::ENTRIES)
        .map(|i| residue(entry(i)))
        .chain([residue(low)])
        .collect();
    rows.reserve(x.len().div_ceil(Table.operations()))?;
    let mut y = Vec::with_capacity(x.len());
    // All operations of a row have the same constants.
    for chunk in x.chunks(Table.operations()) {
        let operations: Vec<Operation> = chunk
            .iter()
            .map(|&x| Operation {
                inputs: vec![x],
                constants: Vec::new(),
            })
            .collect();
        let places = rows.operations_of_row(&Table, constants.clone(), &operations);
        y.extend(
            places
                .into_iter()
                .map(|place| place.wire(Table.result(place.operation))),
        );
    }
    Ok(y)
}
