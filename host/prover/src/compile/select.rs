//! What computed indices choose: an indicator for each place, times what stands there.

use super::node::Refusal;
use super::sums::{Matrix, mat_vec, product};
use crate::gates::{Indicators, Rules};
use crate::rows::{Operation, Rows};
use metisvm_verifier::field::F;
use plonky2::field::types::Field;
use plonky2::iop::target::Target;

/// For each index, which must lie in `0..extent`, the `width` wires at its place, place by place in `entries`.
pub(super) fn selected(
    rows: &mut Rows,
    indices: &[Target],
    entries: &[Target],
    width: usize,
) -> Result<Vec<Target>, Refusal> {
    let extent = entries.len() / width;
    let indicators = indicators(rows, indices, extent)?;
    let zero = rows.zero();
    let a = Matrix {
        wires: &indicators,
        columns: extent,
    };
    let b = Matrix {
        wires: entries,
        columns: width,
    };
    Ok(product(rows, a, b, |_, _| zero)?)
}

/// The same among constants: `entry(place, i)` for each i below `width`.
pub(super) fn selected_constants(
    rows: &mut Rows,
    indices: &[Target],
    extent: usize,
    width: usize,
    entry: impl Fn(usize, usize) -> i64,
) -> Result<Vec<Target>, Refusal> {
    let indicators = indicators(rows, indices, extent)?;
    rows.reserve(
        indices
            .len()
            .saturating_mul(rows.mat_vec().rows_of(extent, width)),
    )?;
    let mut chosen = Vec::with_capacity(indices.len() * width);
    for own in indicators.chunks_exact(extent) {
        chosen.extend(mat_vec(rows, own, width, |i, place| entry(place, i), |_| 0));
    }
    Ok(chosen)
}

/// An indicator for each place, index by index: 1 at the place that it names, 0 elsewhere.
fn indicators(rows: &mut Rows, indices: &[Target], extent: usize) -> Result<Vec<Target>, Refusal> {
    let gate = Indicators::new(extent);
    let chain = extent.div_ceil(gate.places());
    let operations = indices.len().saturating_mul(chain);
    rows.reserve(operations.div_ceil(gate.operations()))?;
    let (zero, one) = (rows.zero(), rows.constant(F::ONE));
    let mut all = vec![zero; indices.len() * extent];
    // What an operation takes follows from the one before it in the chain, so links are made one after the other.
    let mut sums = vec![(zero, zero); indices.len()];
    for link in 0..chain {
        let first = link * gate.places();
        let operations: Vec<Operation> = indices
            .iter()
            .zip(&sums)
            .map(|(&index, &(count, place))| Operation {
                inputs: vec![index, count, place],
                constants: vec![F::from_canonical_usize(first)],
            })
            .collect();
        let places = rows.operations(&gate, &operations);
        for (i, at) in places.into_iter().enumerate() {
            let own = &mut all[i * extent..(i + 1) * extent];
            for (place, wire) in own.iter_mut().enumerate().skip(first).take(gate.places()) {
                *wire = at.wire(gate.indicator(at.operation, place - first));
            }
            sums[i] = (
                at.wire(gate.count_out(at.operation)),
                at.wire(gate.place_out(at.operation)),
            );
        }
    }
    for (&index, (count, place)) in indices.iter().zip(sums) {
        rows.connect(count, one);
        rows.connect(place, index);
    }
    Ok(all)
}
