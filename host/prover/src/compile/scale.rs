//! Where a wide integer becomes a narrow one: Requantise, Mul, Clamp.

use super::node::{NodeView, Refusal};
use super::pointwise;
use crate::field::MAX_MAGNITUDE;
use crate::gates::{Requantise, RequantiseConstants, Rules};
use crate::rows::{Operation, Rows};
use metisvm_model::{DType, Interval};
use plonky2::iop::target::Target;
use std::collections::BTreeMap;

/// One element: `zero + ((acc · multiplier + half) >> shift)`.
struct Scaled {
    acc: Target,
    multiplier: i64,
    shift: u32,
    zero: i64,
}

/// What all elements have in common.
struct Limits {
    /// The operand.
    acc: Interval,
    /// The number before the clamp.
    unclamped: Interval,
    /// The result.
    result: Interval,
    /// Whether half is added before the shift.
    rounds: bool,
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
    // Worked out here as well as by the graph, as the completeness of the circuit rests on it.
    let channels = multiplier
        .data()
        .len()
        .max(shift.data().len())
        .max(zero.data().len());
    let ends = (0..channels).flat_map(|c| {
        let (m, s, z) = (of(&multiplier, c), of(&shift, c), of(&zero, c));
        [acc.low, acc.high].map(|a| i64::from(z) + ((a * i64::from(m) + (1 << (s - 1))) >> s))
    });
    let unclamped = ends.fold(None, |so_far: Option<Interval>, end| {
        let Interval { low, high } = so_far.unwrap_or(Interval { low: end, high: end });
        Some(Interval {
            low: low.min(end),
            high: high.max(end),
        })
    });
    let unclamped = unclamped.ok_or_else(|| Refusal::unsupported("it has no parameters"))?;
    let (_, extent, inner) = node.ty(0).shape.split(axis);
    let wires = node.wires(rows, 0);
    let elements = wires.iter().enumerate().map(|(i, &acc)| {
        let channel = i / inner % extent;
        Scaled {
            acc,
            multiplier: of(&multiplier, channel).into(),
            shift: of(&shift, channel).unsigned_abs(),
            zero: of(&zero, channel).into(),
        }
    });
    let limits = Limits {
        acc,
        unclamped,
        result: saturated(unclamped, to),
        rounds: true,
    };
    scaled(rows, elements.collect(), &limits)
}

/// Clamp: a shift by nothing.
pub(super) fn clamp(rows: &mut Rows, node: &NodeView<'_>) -> Result<Vec<Target>, Refusal> {
    let low = i64::from(node.constant(1, "bounds")?.data()[0]);
    let high = i64::from(node.constant(2, "bounds")?.data()[0]);
    let x = node.interval(0);
    let wires = node.wires(rows, 0);
    let elements = wires.iter().map(|&acc| Scaled {
        acc,
        multiplier: 1,
        shift: 0,
        zero: 0,
    });
    let limits = Limits {
        acc: x,
        unclamped: x,
        result: Interval {
            low: x.low.clamp(low, high),
            high: x.high.clamp(low, high),
        },
        rounds: false,
    };
    scaled(rows, elements.collect(), &limits)
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
        acc: rows.builder().mul(a, b),
        multiplier: 1,
        shift,
        zero: 0,
    });
    let elements = elements.collect();
    let limits = Limits {
        acc: product,
        unclamped,
        result: saturated(unclamped, node.result_ty().dtype),
        rounds: shift > 0,
    };
    scaled(rows, elements, &limits)
}

/// What clamping to a type makes of an interval.
fn saturated(interval: Interval, to: DType) -> Interval {
    Interval {
        low: to.saturate(interval.low).into(),
        high: to.saturate(interval.high).into(),
    }
}

/// Rows for all elements, in few gates: a shift is made larger to the greatest of them where the numbers allow it.
fn scaled(rows: &mut Rows, elements: Vec<Scaled>, limits: &Limits) -> Result<Vec<Target>, Refusal> {
    let span = limits.result.high.abs_diff(limits.result.low);
    let above = (limits.unclamped.high - limits.result.high).max(0);
    let excess = above.max(limits.result.low - limits.unclamped.low).unsigned_abs();
    let acc = limits.acc.low.unsigned_abs().max(limits.acc.high.unsigned_abs());
    let gate_for = |shift: u32| Requantise::new(shift as usize, limits.rounds, span, excess);
    let constants = |element: &Scaled, shift: u32| RequantiseConstants {
        multiplier: element.multiplier << (shift - element.shift),
        offset: limits.result.low - element.zero,
        low: limits.result.low,
        span,
    };
    let fits = |element: &Scaled, shift: u32| {
        gate_for(shift).is_some_and(|gate| gate.fits(acc, &constants(element, shift), MAX_MAGNITUDE))
    };
    let even = |shift: u32| shift.next_multiple_of(2);
    let greatest = even(elements.iter().map(|e| e.shift).max().unwrap_or(0));
    let one = elements.iter().all(|e| fits(e, greatest));
    let mut by_shift: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (i, element) in elements.iter().enumerate() {
        let shift = if one { greatest } else { even(element.shift) };
        if !one && !fits(element, shift) {
            return Err(Refusal::unsupported(format!(
                "a shift of {} with numbers of up to {acc} does not fit the field",
                element.shift
            )));
        }
        by_shift.entry(shift).or_default().push(i);
    }
    let mut results = vec![Target::default(); elements.len()];
    for (shift, members) in by_shift {
        let Some(gate) = gate_for(shift) else {
            return Err(Refusal::unsupported(format!("a shift of {shift} is too far")));
        };
        rows.reserve(members.len().div_ceil(gate.operations()))?;
        let operations = members.iter().map(|&i| Operation {
            inputs: vec![elements[i].acc],
            constants: constants(&elements[i], shift).elements().to_vec(),
        });
        let places = rows.operations(&gate, &operations.collect::<Vec<_>>());
        for (i, place) in members.into_iter().zip(places) {
            results[i] = place.wire(gate.result(place.operation));
        }
    }
    Ok(results)
}
