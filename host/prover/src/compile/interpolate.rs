//! Interpolate: an index, a lookup of a node and of the step to the next one, a product.

use super::node::{NodeView, Refusal};
use super::scale::{Scaled, scaled};
use super::select::selected;
use super::table::lookup;
use crate::rows::Rows;
use metisvm_model::Interval;
use metisvm_verifier::field::{F, residue};
use plonky2::field::types::Field;
use plonky2::iop::target::Target;

/// Bits of x below those that choose a node.
const STEP_BITS: u32 = 8;

/// `t[h] + (((t[h+1] − t[h])·l + 128) >> 8)` with `x + 32768 = 256·h + l`.
pub(super) fn interpolate(rows: &mut Rows, node: &NodeView<'_>) -> Result<Vec<Target>, Refusal> {
    let offset = -i64::from(i16::MIN);
    let x = node.interval(0);
    let above = Interval {
        low: x.low + offset,
        high: x.high + offset,
    };
    let index = Interval {
        low: above.low >> STEP_BITS,
        high: above.high >> STEP_BITS,
    };
    let offset = rows.constant(residue(offset));
    let above_wires: Vec<Target> = node
        .wires(rows, 0)
        .iter()
        .map(|&x| rows.scale_add(F::ONE, x, offset))
        .collect();
    let one = |acc: Target, shift, interval| Scaled {
        acc,
        multiplier: 1,
        shift,
        zero: 0,
        unclamped: interval,
        result: interval,
    };
    let divided = above_wires.iter().map(|&u| one(u, STEP_BITS, index)).collect();
    let indices = scaled(rows, divided, above, false)?;
    let (starts, slopes, steps) = pieces(rows, node, &indices)?;

    let last = (1i64 << STEP_BITS) - 1;
    let product = Interval {
        low: (steps.low * last).min(0),
        high: (steps.high * last).max(0),
    };
    let half = 1i64 << (STEP_BITS - 1);
    let share = Interval {
        low: (product.low + half) >> STEP_BITS,
        high: (product.high + half) >> STEP_BITS,
    };
    let products: Vec<Scaled> = above_wires
        .iter()
        .zip(indices.iter().zip(&slopes))
        .map(|(&u, (&h, &slope))| {
            let lower = rows.scale_add(residue(-(1 << STEP_BITS)), h, u);
            one(rows.multiply(slope, lower), STEP_BITS, share)
        })
        .collect();
    let shares = scaled(rows, products, product, true)?;
    let sums = starts
        .into_iter()
        .zip(shares)
        .map(|(start, share)| rows.scale_add(F::ONE, share, start));
    Ok(sums.collect())
}

/// The node before each index, the step to the one behind it, and the interval of all steps.
fn pieces(
    rows: &mut Rows,
    node: &NodeView<'_>,
    indices: &[Target],
) -> Result<(Vec<Target>, Vec<Target>, Interval), Refusal> {
    if let Some(table) = node.constant(1) {
        let nodes: Vec<i64> = table.data().iter().map(|&v| v.into()).collect();
        let steps: Vec<i64> = nodes.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let starts = lookup(rows, indices, 0, |h| nodes[h])?;
        let slopes = lookup(rows, indices, 0, |h| steps[h])?;
        let interval = Interval {
            low: steps.iter().copied().min().unwrap_or(0),
            high: steps.iter().copied().max().unwrap_or(0),
        };
        return Ok((starts, slopes, interval));
    }
    let nodes = node.wires(rows, 1);
    let entries: Vec<Target> = nodes.windows(2).flatten().copied().collect();
    let chosen = selected(rows, indices, &entries, 2)?;
    let (starts, slopes) = chosen
        .chunks_exact(2)
        .map(|pair| (pair[0], rows.scale_add(-F::ONE, pair[0], pair[1])))
        .unzip();
    let all = node.interval(1);
    let interval = Interval {
        low: all.low - all.high,
        high: all.high - all.low,
    };
    Ok((starts, slopes, interval))
}
