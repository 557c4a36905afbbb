//! MaxPool2d, ReduceMax and ArgMax.

use super::node::{NodeView, Refusal};
use crate::gates::{Greatest, Requantise, RequantiseConstants, Rules};
use crate::rows::{Operation, Rows};
use metisvm_model::{Interval, Window};
use metisvm_verifier::field::{F, residue};
use plonky2::field::types::Field;
use plonky2::iop::target::Target;

/// MaxPool2d.
pub(super) fn max_pool2d(
    rows: &mut Rows,
    node: &NodeView<'_>,
    kernel: [u32; 2],
    window: &Window,
) -> Result<Vec<Target>, Refusal> {
    let (x_shape, y_shape) = (&node.ty(0).shape, &node.result_ty().shape);
    let (height, width) = (x_shape.dim(2), x_shape.dim(3));
    let (lines, columns) = (y_shape.dim(2), y_shape.dim(3));
    let x = node.wires(rows, 0);
    let inside = |d: usize, index: usize, extent: usize| {
        let coordinates = (0..kernel[d] as usize).map(move |tap| window.coordinate(d, index, tap));
        coordinates.filter_map(move |at| usize::try_from(at).ok().filter(|&at| at < extent))
    };
    // Before the windows are made, which together may be thousands of times as large as the image.
    let of_columns: Vec<usize> = (0..columns).map(|j| inside(1, j, width).count()).collect();
    let comparisons = (0..lines).flat_map(|i| {
        let of_line = inside(0, i, height).count();
        of_columns
            .iter()
            .map(move |&of_column| comparisons_of(of_line * of_column))
    });
    let of_plane: usize = comparisons.sum();
    let planes = x.len() / (height * width);
    let operations = gate_of(node.interval(0))?.operations();
    rows.reserve(planes.saturating_mul(of_plane) / operations)?;

    let mut windows = Vec::with_capacity(node.result_ty().elements());
    for plane in x.chunks_exact(height * width) {
        for (i, j) in (0..lines).flat_map(|i| (0..columns).map(move |j| (i, j))) {
            let at_columns: Vec<usize> = inside(1, j, width).collect();
            let at_lines: Vec<usize> = inside(0, i, height).collect();
            let taps = at_lines
                .iter()
                .flat_map(|&line| at_columns.iter().map(move |&column| plane[line * width + column]));
            windows.push(taps.collect());
        }
    }
    greatest(rows, windows, node.interval(0))
}

/// ReduceMax.
pub(super) fn reduce_max(rows: &mut Rows, node: &NodeView<'_>, axis: usize) -> Result<Vec<Target>, Refusal> {
    let lines = lines(node, &node.wires(rows, 0), axis);
    greatest(rows, lines, node.interval(0))
}

/// ArgMax. The key of element i, of n, is `x · 2^s + (n − 1 − i)` with `2^s ≥ n`: the greatest key is that of
/// the first of the greatest elements, and its lower part, which division by `2^s` leaves, says which that
/// is.
pub(super) fn arg_max(rows: &mut Rows, node: &NodeView<'_>, axis: usize) -> Result<Vec<Target>, Refusal> {
    let (_, extent, _) = node.ty(0).shape.split(axis);
    let lines = lines(node, &node.wires(rows, 0), axis);
    if extent == 1 {
        let zero = rows.zero();
        return Ok(vec![zero; lines.len()]);
    }
    let shift = extent.next_power_of_two().trailing_zeros().next_multiple_of(2);
    let scale = 1i64 << shift;
    let x = node.interval(0);
    let keys = Interval {
        low: x.low * scale,
        high: x.high * scale + scale - 1,
    };
    let mut keyed = Vec::with_capacity(lines.len());
    for line in lines {
        let keys = line.into_iter().enumerate().map(|(i, x)| {
            let place = rows.constant(F::from_canonical_usize(extent - 1 - i));
            rows.scale_add(residue(scale), x, place)
        });
        keyed.push(keys.collect());
    }
    let found = greatest(rows, keyed, keys)?;

    let span = x.high.abs_diff(x.low);
    let gate = Requantise::new(shift as usize, false, span..=span, 0);
    let gate = gate.ok_or_else(|| Refusal::unsupported("the dimension is too long"))?;
    let constants = RequantiseConstants {
        multiplier: 1,
        offset: x.low,
        low: x.low,
        span,
    };
    let operations: Vec<Operation> = found
        .iter()
        .map(|&key| Operation {
            inputs: vec![key],
            constants: constants.elements().to_vec(),
        })
        .collect();
    rows.reserve(operations.len().div_ceil(gate.operations()))?;
    let places = rows.operations(&gate, &operations);
    let last = rows.constant(F::from_canonical_usize(extent - 1));
    let index = found.into_iter().zip(places).map(|(key, place)| {
        // key − 2^s · x is n − 1 − i.
        let value = place.wire(gate.result(place.operation));
        let least = rows.scale_add(residue(scale), value, last);
        rows.scale_add(residue(-1), key, least)
    });
    Ok(index.collect())
}

/// The elements along a dimension, line by line.
fn lines(node: &NodeView<'_>, x: &[Target], axis: usize) -> Vec<Vec<Target>> {
    let (_, extent, inner) = node.ty(0).shape.split(axis);
    let blocks = x.chunks_exact(extent * inner);
    blocks
        .flat_map(|block| (0..inner).map(move |i| block[i..].iter().step_by(inner).copied().collect()))
        .collect()
}

/// How often four are compared, at least, to find the greatest of so many.
const fn comparisons_of(elements: usize) -> usize {
    elements.saturating_sub(1).div_ceil(Greatest::ARITY - 1)
}

/// What compares numbers of an interval.
fn gate_of(interval: Interval) -> Result<Greatest, Refusal> {
    let magnitude = interval.low.unsigned_abs().max(interval.high.unsigned_abs());
    let gate = Greatest::new(interval.high.abs_diff(interval.low));
    let gate = gate.filter(|_| magnitude <= Greatest::MAX_MAGNITUDE);
    gate.ok_or_else(|| Refusal::unsupported("the numbers to compare are too large"))
}

/// The greatest of each group, whose elements all lie in an interval: a tree of gates for four.
pub(super) fn greatest(
    rows: &mut Rows,
    mut groups: Vec<Vec<Target>>,
    interval: Interval,
) -> Result<Vec<Target>, Refusal> {
    let gate = gate_of(interval)?;
    while groups.iter().any(|group| group.len() > 1) {
        let mut operations = Vec::new();
        let mut reduced: Vec<Vec<Option<Target>>> = Vec::with_capacity(groups.len());
        for group in &groups {
            let chunks = group.chunks(Greatest::ARITY).map(|chunk| {
                if let [single] = chunk {
                    return Some(*single);
                }
                let filled = (0..Greatest::ARITY).map(|i| chunk.get(i).copied().unwrap_or(chunk[0]));
                operations.push(Operation {
                    inputs: filled.collect(),
                    constants: Vec::new(),
                });
                None
            });
            reduced.push(chunks.collect());
        }
        rows.reserve(operations.len().div_ceil(gate.operations()))?;
        let mut places = rows.operations(&gate, &operations).into_iter();
        let mut next = || {
            let place = places.next().expect("one place for each operation");
            place.wire(gate.result(place.operation))
        };
        groups = reduced
            .into_iter()
            .map(|group| {
                group
                    .into_iter()
                    .map(|wire| wire.unwrap_or_else(&mut next))
                    .collect()
            })
            .collect();
    }
    Ok(groups.into_iter().flatten().collect())
}
