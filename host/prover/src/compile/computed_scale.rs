//! Requantise and Clamp, whatever of their parameters is computed.

use super::extreme::greatest;
use super::node::{NodeView, Refusal};
use super::quotient::{Bounds, quotients};
use super::scale::{self, Scaled, products, saturated, scaled};
use super::table::lookup;
use crate::rows::Rows;
use metisvm_model::{DType, Interval, Tensor};
use metisvm_verifier::field::{F, residue};
use plonky2::field::types::Field;
use plonky2::iop::target::Target;
use std::borrow::Cow;

/// A product of an accumulator and a multiplier, with its half, is below 2 to this power in magnitude: 2^31 by 2^15,
/// and 2^46.
const PRODUCT_BITS: u32 = 47;

/// A parameter of a Requantise: one for all elements, or one for each index of the axis.
struct Parameter<'a> {
    /// Its elements, where they are constant.
    constant: Option<Tensor>,
    wires: Cow<'a, [Target]>,
    interval: Interval,
}

impl<'a> Parameter<'a> {
    fn of(rows: &mut Rows, node: &NodeView<'a>, operand: usize) -> Self {
        Self {
            constant: node.constant(operand),
            wires: node.wires(rows, operand),
            interval: node.interval(operand),
        }
    }

    fn wire(&self, channel: usize) -> Target {
        self.wires[if self.wires.len() == 1 { 0 } else { channel }]
    }

    /// The element of a channel where it is constant.
    fn known(&self, channel: usize) -> Option<i64> {
        let data = self.constant.as_ref()?.data();
        Some(data[if data.len() == 1 { 0 } else { channel }].into())
    }
}

/// Requantise.
pub(super) fn requantise(
    rows: &mut Rows,
    node: &NodeView<'_>,
    to: DType,
    axis: usize,
) -> Result<Vec<Target>, Refusal> {
    if let [Some(multiplier), Some(shift), Some(zero)] = [1, 2, 3].map(|i| node.constant(i)) {
        return scale::requantise(rows, node, to, axis, [&multiplier, &shift, &zero]);
    }
    let [multiplier, shift, zero] = [1, 2, 3].map(|i| Parameter::of(rows, node, i));
    let acc = node.wires(rows, 0);
    let (_, extent, inner) = node.ty(0).shape.split(axis);
    let channel = |i: usize| i / inner % extent;
    let products_wires: Vec<Target> = acc
        .iter()
        .enumerate()
        .map(|(i, &acc)| rows.multiply(acc, multiplier.wire(channel(i))))
        .collect();
    let product = products(node.interval(0), multiplier.interval);

    // Whatever lies farther out than this is clamped with any zero point, and so is this.
    let reach = Interval {
        low: i64::from(to.min()) - zero.interval.high,
        high: i64::from(to.max()) - zero.interval.low,
    };
    let (quotients, quotient) = if shift.constant.is_some() {
        shifted(
            rows,
            &products_wires,
            product,
            &|i| shift.known(channel(i)),
            reach,
        )?
    } else {
        let quotients = by_computed_shifts(rows, &products_wires, &shift, &channel)?;
        let quotient = halved(product, shift.interval);
        (quotients, quotient)
    };
    let elements = quotients.into_iter().enumerate().map(|(i, quotient_wire)| {
        let (sum, interval) = match zero.known(channel(i)) {
            Some(zero) => {
                let zero_wire = rows.constant(residue(zero));
                let interval = Interval {
                    low: quotient.low + zero,
                    high: quotient.high + zero,
                };
                (rows.scale_add(F::ONE, quotient_wire, zero_wire), interval)
            }
            None => {
                let interval = Interval {
                    low: quotient.low + zero.interval.low,
                    high: quotient.high + zero.interval.high,
                };
                (
                    rows.scale_add(F::ONE, quotient_wire, zero.wire(channel(i))),
                    interval,
                )
            }
        };
        limited(sum, interval, saturated(interval, to))
    });
    let elements: Vec<Scaled> = elements.collect();
    let all = elements.iter().map(|element| element.unclamped).reduce(union);
    let all = all.ok_or_else(|| Refusal::unsupported("it has no elements"))?;
    scaled(rows, elements, all, false)
}

/// The least interval that has both.
fn union(a: Interval, b: Interval) -> Interval {
    Interval {
        low: a.low.min(b.low),
        high: a.high.max(b.high),
    }
}

/// A clamp of a number of that interval.
fn limited(acc: Target, unclamped: Interval, result: Interval) -> Scaled {
    Scaled {
        acc,
        multiplier: 1,
        shift: 0,
        zero: 0,
        unclamped,
        result,
    }
}

/// `(x + half) >> shift` for constant shifts, clamped to `reach`.
fn shifted(
    rows: &mut Rows,
    x: &[Target],
    interval: Interval,
    shift: &dyn Fn(usize) -> Option<i64>,
    reach: Interval,
) -> Result<(Vec<Target>, Interval), Refusal> {
    let elements = x.iter().enumerate().map(|(i, &acc)| {
        // A Requantise's shifts are at least 1.
        let shift = shift(i).map_or(1, |shift| shift as u32);
        let scaled = |x: i64| (x + (1 << (shift - 1))) >> shift;
        let unclamped = Interval {
            low: scaled(interval.low),
            high: scaled(interval.high),
        };
        Scaled {
            shift,
            ..limited(acc, unclamped, within(unclamped, reach))
        }
    });
    let elements: Vec<Scaled> = elements.collect();
    let all = elements.iter().map(|element| element.result).reduce(union);
    let all = all.ok_or_else(|| Refusal::unsupported("it has no elements"))?;
    Ok((scaled(rows, elements, interval, true)?, all))
}

/// What clamping to an interval makes of another.
fn within(interval: Interval, limits: Interval) -> Interval {
    Interval {
        low: interval.low.clamp(limits.low, limits.high),
        high: interval.high.clamp(limits.low, limits.high),
    }
}

/// The interval of `(x + half) >> shift` for shifts of an interval.
fn halved(x: Interval, shifts: Interval) -> Interval {
    let ends = [shifts.low, shifts.high].map(|shift| {
        let scaled = |x: i64| (x + (1i64 << (shift - 1))) >> shift;
        Interval {
            low: scaled(x.low),
            high: scaled(x.high),
        }
    });
    // Between the ends quotients are nearer to zero than at the first, and may be 0 or −1 where the last is neither.
    let [first, last] = ends;
    union(union(first, last), Interval { low: -1, high: 1 })
}

/// `(x + half) >> shift` for shifts that are computed: `⌊(x + 2^(s−1)) / 2^s⌋`, with the powers of two from tables. The
/// quotient is less than `2^47 / 2^s` in magnitude, so that it times the divisor is below 2^47, whatever a prover
/// claims.
fn by_computed_shifts(
    rows: &mut Rows,
    x: &[Target],
    shift: &Parameter<'_>,
    channel: &dyn Fn(usize) -> usize,
) -> Result<Vec<Target>, Refusal> {
    let known = 1..=PRODUCT_BITS as usize;
    let power = |s: usize, of: fn(usize) -> usize| {
        if known.contains(&s) { 1i64 << of(s) } else { 1 }
    };
    let halves = lookup(rows, &shift.wires, 0, |s| power(s, |s| s - 1))?;
    let limits = lookup(rows, &shift.wires, 0, |s| power(s, |s| PRODUCT_BITS as usize - s))?;
    let (zero, minus_one) = (rows.zero(), rows.constant(-F::ONE));
    let by_channel: Vec<[Target; 4]> = halves
        .into_iter()
        .zip(limits)
        .map(|(half, limit)| {
            let divisor = rows.scale_add(F::ONE, half, half);
            let low = rows.scale_add(-F::ONE, limit, zero);
            let high = rows.scale_add(F::ONE, limit, minus_one);
            [half, divisor, low, high]
        })
        .collect();
    let divisions: Vec<_> = x
        .iter()
        .enumerate()
        .map(|(i, &x)| {
            let of = if by_channel.len() == 1 { 0 } else { channel(i) };
            let [half, divisor, low, high] = by_channel[of];
            [rows.scale_add(F::ONE, x, half), divisor, low, high]
        })
        .collect();
    let most = 1i128 << PRODUCT_BITS;
    let bounds = Bounds {
        number: (-most, most),
        product: (-most, most),
        divisor: 1 << PRODUCT_BITS,
        span: 1 << PRODUCT_BITS,
    };
    quotients(rows, &divisions, &bounds)
}

/// Clamp: constant bounds by a shift of nothing, computed ones by comparisons.
pub(super) fn clamp(rows: &mut Rows, node: &NodeView<'_>) -> Result<Vec<Target>, Refusal> {
    if let [Some(low), Some(high)] = [1, 2].map(|i| node.constant(i)) {
        return scale::clamp(rows, node, low.data()[0].into(), high.data()[0].into());
    }
    let [x, low, high] = [0, 1, 2].map(|i| node.interval(i));
    let [least, most] = [1, 2].map(|i| node.wires(rows, i)[0]);
    let zero = rows.zero();
    // min(x, high) = −max(−x, −high)
    let most = rows.scale_add(-F::ONE, most, zero);
    let wires = node.wires(rows, 0);
    let pairs: Vec<Vec<Target>> = wires
        .iter()
        .map(|&x| vec![rows.scale_add(-F::ONE, x, zero), most])
        .collect();
    let negated = |interval: Interval| Interval {
        low: -interval.high,
        high: -interval.low,
    };
    let below = greatest(rows, pairs, negated(union(x, high)))?;
    let pairs: Vec<Vec<Target>> = below
        .into_iter()
        .map(|below| vec![rows.scale_add(-F::ONE, below, zero), least])
        .collect();
    greatest(rows, pairs, union(union(x, high), low))
}
