//! Where a wide integer becomes a narrow one: Requantise, Mul, Clamp.

use super::node::{NodeView, Refusal};
use super::pointwise;
use super::quotient::{Bounds, quotients};
use crate::gates::{Requantise, RequantiseConstants, Rules};
use crate::rows::{Operation, Rows};
use metisvm_model::{DType, Interval, Tensor};
use metisvm_verifier::field::{F, residue};
use plonky2::field::types::Field;
use plonky2::iop::target::Target;
use std::collections::BTreeMap;

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

/// Requantise by constants: multipliers, shifts, zero points.
pub(super) fn requantise(
    rows: &mut Rows,
    node: &NodeView<'_>,
    to: DType,
    axis: usize,
    [multiplier, shift, zero]: [&Tensor; 3],
) -> Result<Vec<Target>, Refusal> {
    let of = |tensor: &Tensor, channel: usize| {
        let data = tensor.data();
        data[if data.len() == 1 { 0 } else { channel }]
    };
    let acc = node.interval(0);
    let (_, extent, inner) = node.ty(0).shape.split(axis);
    let wires = node.wires(rows, 0);
    let elements = wires.iter().enumerate().map(|(i, &wire)| {
        let channel = i / inner % extent;
        let (m, s, z) = (of(multiplier, channel), of(shift, channel), of(zero, channel));
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

/// Clamp to constants: a shift by nothing.
pub(super) fn clamp(
    rows: &mut Rows,
    node: &NodeView<'_>,
    low: i64,
    high: i64,
) -> Result<Vec<Target>, Refusal> {
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

/// The interval of products, which the graph's proof has below 2^62.
pub(super) fn products(a: Interval, b: Interval) -> Interval {
    let corners = [a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high];
    Interval {
        low: corners.into_iter().fold(corners[0], i64::min),
        high: corners.into_iter().fold(corners[0], i64::max),
    }
}

/// Mul: a product of wires, then as Requantise. Where the two sides of the division could be too large for that, one of
/// wires whose quotient has limits, and a clamp of it.
pub(super) fn mul(rows: &mut Rows, node: &NodeView<'_>, shift: u32) -> Result<Vec<Target>, Refusal> {
    let product = products(node.interval(0), node.interval(1));
    let half = if shift > 0 { 1i64 << (shift - 1) } else { 0 };
    let unclamped = Interval {
        low: (product.low + half) >> shift,
        high: (product.high + half) >> shift,
    };
    let pairs = pointwise::pairs(rows, node);
    let products: Vec<Target> = pairs.into_iter().map(|(a, b)| rows.multiply(a, b)).collect();
    let elements = |acc: &[Target], shift| -> Vec<Scaled> {
        acc.iter()
            .map(|&acc| Scaled {
                acc,
                multiplier: 1,
                shift,
                zero: 0,
                unclamped,
                result: saturated(unclamped, node.result_ty().dtype),
            })
            .collect()
    };
    let direct = elements(&products, shift);
    if fitting(&direct, product, shift > 0).is_some() {
        return scaled(rows, direct, product, shift > 0);
    }
    let quotients = by_limits(rows, &products, product, shift, unclamped)?;
    scaled(rows, elements(&quotients, 0), unclamped, false)
}

/// `(x + half) >> shift`, where the quotient is of an interval.
fn by_limits(
    rows: &mut Rows,
    x: &[Target],
    interval: Interval,
    shift: u32,
    quotient: Interval,
) -> Result<Vec<Target>, Refusal> {
    let half = if shift > 0 { 1i64 << (shift - 1) } else { 0 };
    let [half_wire, divisor, low, high] =
        [half, 1 << shift, quotient.low, quotient.high].map(|value| rows.constant(residue(value)));
    let divisions: Vec<_> = x
        .iter()
        .map(|&x| [rows.scale_add(F::ONE, x, half_wire), divisor, low, high])
        .collect();
    let wide = |value: i64| i128::from(value);
    let bounds = Bounds {
        number: (wide(interval.low) + wide(half), wide(interval.high) + wide(half)),
        product: (wide(quotient.low) << shift, wide(quotient.high) << shift),
        divisor: 1 << shift,
        span: quotient.high.abs_diff(quotient.low),
    };
    quotients(rows, &divisions, &bounds)
}

/// What clamping to a type makes of an interval.
pub(super) fn saturated(interval: Interval, to: DType) -> Interval {
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
    let groups = fitting(&elements, acc, rounds).ok_or_else(|| {
        let shift = elements.iter().map(|e| e.shift).max().unwrap_or(0);
        let (low, high) = (acc.low, acc.high);
        let why = format!("a shift of {shift} with numbers of {low} to {high} does not fit the field");
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

/// The gates for all elements, as alike as they fit; `None` where they do not.
fn fitting(elements: &[Scaled], acc: Interval, rounds: bool) -> Option<Vec<Group>> {
    let magnitude = acc.low.unsigned_abs().max(acc.high.unsigned_abs());
    let ways = [(true, true), (false, true), (true, false), (false, false)];
    ways.into_iter()
        .find_map(|(limits, shift)| groups(elements, magnitude, rounds, Alike { limits, shift }))
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
            .all(|(_, constants)| gate.fits(magnitude, constants));
        fit.then_some((gate, members))
    });
    groups.collect()
}
