//! The overflow proof: an interval for every value, and for every accumulator a bound on the sum of
//! the *magnitudes* of its terms. Because magnitudes are summed, the bound holds for every partial sum
//! in every order, and so any tiling, any number of lanes and any order of summation is legal.

use crate::error::Problem;
use crate::kernels::requantise::requantise;
use crate::limits::{MAX_SHIFT, MIN_MULTIPLIER, MIN_SHIFT};
use crate::op::Op;
use crate::tensor::{DType, Tensor, TensorType};
use alloc::vec::Vec;

/// What the elements of a tensor are known to lie in, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    /// The least an element may be.
    pub low: i64,
    /// The greatest an element may be.
    pub high: i64,
}

impl Interval {
    /// All values of a type.
    pub const fn of(dtype: DType) -> Self {
        Self {
            low: dtype.min() as i64,
            high: dtype.max() as i64,
        }
    }

    fn of_values(values: &[i32]) -> Self {
        values
            .iter()
            .map(|&v| Self {
                low: v.into(),
                high: v.into(),
            })
            .reduce(Self::union)
            .unwrap_or(Self::of(DType::I32))
    }

    fn union(self, other: Self) -> Self {
        Self {
            low: self.low.min(other.low),
            high: self.high.max(other.high),
        }
    }

    /// The greatest magnitude of an element minus an element of `other`.
    fn distance(self, other: Self) -> i64 {
        (self.high - other.low).abs().max((self.low - other.high).abs())
    }

    /// The greatest magnitude of `value` minus an element of this.
    fn farthest(self, value: i32) -> i64 {
        (i64::from(value) - self.low)
            .abs()
            .max((i64::from(value) - self.high).abs())
    }

    fn magnitude(self) -> i64 {
        self.low.abs().max(self.high.abs())
    }
}

/// An operand as the proof sees it.
pub(crate) struct Operand {
    pub(crate) ty: TensorType,
    pub(crate) range: Interval,
    /// The elements, where they are known.
    pub(crate) values: Option<Tensor>,
}

impl Operand {
    pub(crate) fn constant(values: Tensor) -> Self {
        Self {
            ty: values.ty().clone(),
            range: Interval::of_values(values.data()),
            values: Some(values),
        }
    }

    pub(crate) const fn computed(range: Interval, ty: TensorType) -> Self {
        Self {
            ty,
            range,
            values: None,
        }
    }

    /// The interval of entry `channel` of a per-channel operand.
    fn channel(&self, channel: usize) -> Interval {
        match &self.values {
            Some(t) => Interval::of_values(&[t.channel(channel)]),
            None => self.range,
        }
    }
}

/// The interval of the result, or why it cannot be trusted. Types are already inferred.
pub(crate) fn prove(op: &Op, operands: &[Operand], ty: &TensorType) -> Result<Interval, Problem> {
    match op {
        Op::MatMul => {
            let [.., depth, columns] = *operands[1].ty.shape.dims() else {
                return Ok(Interval::of(DType::I32));
            };
            let columns = columns as usize;
            product(operands, depth as usize, columns, |w, zeros| {
                let mut worst = alloc::vec![0; columns];
                for matrix in w.data().chunks_exact(depth as usize * columns) {
                    let mut sums = alloc::vec![0; columns];
                    for row in matrix.chunks_exact(columns) {
                        for ((sum, &w), zero) in sums.iter_mut().zip(row).zip(zeros) {
                            *sum += zero.farthest(w);
                        }
                    }
                    worst
                        .iter_mut()
                        .zip(sums)
                        .for_each(|(worst, sum): (&mut i64, i64)| *worst = sum.max(*worst));
                }
                worst
            })
        }
        Op::Conv2d { .. } => {
            let columns = operands[1].ty.shape.dim(0);
            let depth = operands[1].ty.elements() / columns;
            product(operands, depth, columns, |w, zeros| {
                let kernels = w.data().chunks_exact(depth).zip(zeros);
                kernels
                    .map(|(kernel, zero)| kernel.iter().map(|&w| zero.farthest(w)).sum())
                    .collect()
            })
        }
        Op::Add => {
            let (a, b) = (operands[0].range, operands[1].range);
            accumulator(Interval {
                low: a.low + b.low,
                high: a.high + b.high,
            })
        }
        Op::Requantise { to, axis } => requantised(operands, *to, usize::from(*axis)),
        Op::Clamp => {
            let (x, low, high) = (operands[0].range, operands[1].range, operands[2].range);
            if low.high > high.low {
                return Err(Problem::EmptyClamp);
            }
            let clamp = |v: i64, l: i64, h: i64| l.max(h.min(v));
            Ok(Interval {
                low: clamp(x.low, low.low, high.low),
                high: clamp(x.high, low.high, high.high),
            })
        }
        Op::Table => Ok(operands[1].range),
        Op::MaxPool2d { .. } | Op::Reshape { .. } => Ok(operands[0].range),
        Op::ArgMax { axis } => {
            let extent = operands[0].ty.shape.dim(usize::from(*axis));
            debug_assert_eq!(ty.dtype, DType::I32);
            Ok(Interval {
                low: 0,
                high: extent as i64 - 1,
            })
        }
    }
}

/// `Σ|w − w_zero|·max|x − x_zero| + |bias| < 2^31` for every column. `sum` gives, for constant weights
/// and the zero point of each column, the sum of each column.
fn product(
    operands: &[Operand],
    depth: usize,
    columns: usize,
    sum: impl FnOnce(&Tensor, &[Interval]) -> Vec<i64>,
) -> Result<Interval, Problem> {
    let x = operands[0].range.distance(operands[2].range);
    let zeros: Vec<Interval> = (0..columns).map(|column| operands[3].channel(column)).collect();
    // At most 2^26 elements of at most 2^9 each: no sum here overflows.
    let sums = match &operands[1].values {
        Some(w) => sum(w, &zeros),
        None => zeros
            .iter()
            .map(|&zero| operands[1].range.distance(zero) * depth as i64)
            .collect(),
    };
    let bound = |(column, sum): (usize, i64)| {
        let bias = operands.get(4).map_or(0, |b| b.channel(column).magnitude());
        sum.saturating_mul(x).saturating_add(bias)
    };
    let worst = sums.into_iter().enumerate().map(bound).max().unwrap_or(0);
    accumulator(Interval {
        low: -worst,
        high: worst,
    })
}

/// An interval that an i32 must hold; symmetric bounds are strict, as the proof states them.
fn accumulator(range: Interval) -> Result<Interval, Problem> {
    let i32s = Interval::of(DType::I32);
    if range.low < i32s.low || range.high > i32s.high {
        return Err(Problem::Overflow {
            bound: range.magnitude(),
        });
    }
    Ok(range)
}

fn requantised(operands: &[Operand], to: DType, axis: usize) -> Result<Interval, Problem> {
    let within = |operand: usize, what, least: i64, most: i64| {
        let Interval { low, high } = operands[operand].range;
        if low < least || high > most {
            return Err(Problem::OutOfRange {
                operand,
                what,
                low,
                high,
                least,
                most,
            });
        }
        Ok(())
    };
    within(1, "multiplier", MIN_MULTIPLIER, i64::from(i16::MAX))?;
    within(2, "shift", MIN_SHIFT, MAX_SHIFT)?;
    let acc = operands[0].range;
    let (Some(m), Some(s), Some(z)) = (&operands[1].values, &operands[2].values, &operands[3].values) else {
        return Ok(Interval::of(to));
    };
    let channels = if operands[0].ty.shape.rank() > 0 {
        operands[0].ty.shape.dim(axis)
    } else {
        1
    };
    let distinct = if m.data().len() * s.data().len() * z.data().len() == 1 {
        1
    } else {
        channels
    };
    // The function is monotone in the accumulator, so its ends give the ends.
    let range = (0..distinct)
        .map(|c| {
            let end = |v: i64| i64::from(requantise(v as i32, m.channel(c), s.channel(c), z.channel(c), to));
            Interval {
                low: end(acc.low),
                high: end(acc.high),
            }
        })
        .reduce(Interval::union);
    Ok(range.unwrap_or(Interval::of(to)))
}
