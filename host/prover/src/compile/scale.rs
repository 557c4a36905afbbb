//! Where a wide integer becomes a narrow one: Requantise, Mul, Clamp.

use super::node::{NodeView, Refusal};
use super::pointwise;
use crate::gates::{Requantise, RequantiseConstants, Rules};
use crate::rows::{Operation, Rows};
use metisvm_model::{DType, Interval};
use plonky2::iop::target::Target;
use std::collections::BTreeMap;

/// Where an integer has at most this magnitude, it is told from every other such integer by its residue: two
/// of them differ by less than p.
const MAX_MAGNITUDE: i128 = 1 << 62;

/// One element: `zero + ((acc · multiplier + half) >> shift)`.
pub(super) struct Scaled {
    pub(super) acc: Target,
    pub(super) multiplier: i64,
    pub(super) shift: u32,
    pub(super) zero: i64,
    /// That number.
    pub(super) unclamped: Interval,
    /// The result.
    pub(super) result: Interval,
}

/// Requantise.
pub(super) fn requantise(
    rows: &mut Rows,
    node: &NodeView<'_>,
    to: DType,
    axis: usize,
) -> Result<Vec<Target>, Refusal> {
    let multiplier = node.constant(1, "multipliers")?;
    let shift = node.constant(2, "shifts")?;
    let zero = node.constant(3, "zero points")?;
    let of = |tensor: &metisvm_model::Tensor, channel: usize| {
        let data = tensor.data();
        data[if data.len() == 1 { 0 } else { channel }]
    };
    let acc = node.interval(0);
    let (_, extent, inner) = node.ty(0).shape.split(axis);
    let wires = node.wires(rows, 0);
    let elements = wires.iter().enumerate().map(|(i, &wire)| {
        let channel = i / inner % extent;
        let (m, s, z) = (of(&multiplier, channel), of(&shift, channel), of(&zero, channel));
        let scaled = |a: i64| i64::from(z) + ((a * i64::from(m) + (1 << (s - 1))) >> s);
        let unclamped = Interval {
            low: scaled(acc.low),
            high: scaled(acc.high),
        };
        Scaled {
            acc: wire,
            multiplier: m.into(),
            shift: s.unsigned_abs(),
            zero: z.into(),
            unclamped,
            result: saturated(unclamped, to),
        }
    });
    let elements = elements.collect();
    scaled(rows, elements, acc, true)
}

/// Clamp: a shift by nothing.
pub(super) fn clamp(rows: &mut Rows, node: &NodeView<'_>) -> Result<Vec<Target>, Refusal> {
    let low = i64::from(node.constant(1, "bounds")?.data()[0]);
    let high = i64::from(node.constant(2, "bounds")?.data()[0]);
    let x = node.interval(0);
    let wires = node.wires(rows, 0);
    let result = Interval {
        low: x.low.clamp(low, high),
        high: x.high.clamp(low, high),
    };
    let elements = wires.iter().map(|&acc| Scaled {
        acc,
        multiplier: 1,
        shift: 0,
        zero: 0,
        unclamped: x,
        result,
    });
    scaled(rows, elements.collect(), x, false)
}

/// Mul: a product of wires, then as Requantise.
pub(super) fn mul(rows: &mut Rows, node: &NodeView<'_>, shift: u32) -> Result<Vec<Target>, Refusal> {
    let (a, b) = (node.interval(0), node.interval(1));
    // The graph's proof has every product below 2^62.
    let corners = [a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high];
    let product = Interval {
        low: corners.into_iter().fold(corners[0], i64::min),
        high: corners.into_iter().fold(corners[0], i64::max),
    };
    let half = if shift > 0 { 1i64 << (shift - 1) } else { 0 };
    let unclamped = Interval {
        low: (product.low + half) >> shift,
        high: (product.high + half) >> shift,
    };
    let pairs = pointwise::pairs(rows, node);
    let elements = pairs.into_iter().map(|(a, b)| Scaled {
        acc: rows.multiply(a, b),
        multiplier: 1,
        shift,
        zero: 0,
        unclamped,
        result: saturated(unclamped, node.result_ty().dtype),
    });
    let elements = elements.collect();
    scaled(rows, elements, product, shift > 0)
}

/// What clamping to a type makes of an interval.
fn saturated(interval: Interval, to: DType) -> Interval {
    Interval {
        low: to.saturate(interval.low).into(),
        high: to.saturate(interval.high).into(),
    }
}

/// How alike the elements are made.
#[derive(Clone, Copy)]
struct Alike {
    /// All have the limits that hold for every one.
    limits: bool,
    /// All have the greatest shift.
    shift: bool,
}

/// The operations of one gate, each with the position of its element.
type Group = (Requantise, Vec<(usize, RequantiseConstants)>);

/// Rows for all elements, which are made as alike as the field allows: that takes fewer gates, and fewer
/// limbs.
pub(super) fn scaled(
    rows: &mut Rows,
    elements: Vec<Scaled>,
    acc: Interval,
    rounds: bool,
) -> Result<Vec<Target>, Refusal> {
    let magnitude = acc.low.unsigned_abs().max(acc.high.unsigned_abs());
    let ways = [(true, true), (false, true), (true, false), (false, false)];
    let groups = ways
        .into_iter()
        .find_map(|(limits, shift)| groups(&elements, magnitude, rounds, Alike { limits, shift }));
    let groups = groups.ok_or_else(|| {
        let shift = elements.iter().map(|e| e.shift).max().unwrap_or(0);
        let why = format!("a shift of {shift} with numbers of up to {magnitude} does not fit the field");
        Refusal::Unsupported(why)
    })?;
    let mut results = vec![Target::default(); elements.len()];
    for (gate, members) in groups {
        rows.reserve(members.len().div_ceil(gate.operations()))?;
        let operations = members.iter().map(|(i, constants)| Operation {
            inputs: vec![elements[*i].acc],
            constants: constants.elements().to_vec(),
        });
        let places = rows.operations(&gate, &operations.collect::<Vec<_>>());
        for ((i, _), place) in members.into_iter().zip(places) {
            results[i] = place.wire(gate.result(place.operation));
        }
    }
    Ok(results)
}

/// The gates for all elements; `None` where the two sides of a division could be too large.
fn groups(elements: &[Scaled], magnitude: u64, rounds: bool, alike: Alike) -> Option<Vec<Group>> {
    let union = |a: Interval, b: Interval| Interval {
        low: a.low.min(b.low),
        high: a.high.max(b.high),
    };
    let common = elements.iter().map(|e| e.result).reduce(union)?;
    let greatest = elements.iter().map(|e| e.shift).max()?;
    let mut by_shift: BTreeMap<u32, (u64, Vec<(usize, RequantiseConstants)>)> = BTreeMap::new();
    for (i, element) in elements.iter().enumerate() {
        let limits = if alike.limits { common } else { element.result };
        let shift = if alike.shift { greatest } else { element.shift };
        let shift = shift.next_multiple_of(2);
        let beyond = (element.unclamped.high - limits.high).max(limits.low - element.unclamped.low);
        let constants = RequantiseConstants {
            multiplier: element.multiplier << (shift - element.shift),
            offset: limits.low - element.zero,
            low: limits.low,
            span: limits.high.abs_diff(limits.low),
        };
        let (excess, members) = by_shift.entry(shift).or_default();
        *excess = beyond.max(0).unsigned_abs().max(*excess);
        members.push((i, constants));
    }
    let groups = by_shift.into_iter().map(|(shift, (excess, members))| {
        let spans = members.iter().map(|(_, constants)| constants.span);
        let spans = spans.clone().min()?..=spans.max()?;
        let gate = Requantise::new(shift as usize, rounds, spans, excess)?;
        let fit = members
            .iter()
            .all(|(_, constants)| gate.fits(magnitude, constants, MAX_MAGNITUDE));
        fit.then_some((gate, members))
    });
    groups.collect()
}
