//! The overflow proof: an interval for every value, and for every accumulator a bound on the sum of
//! the *magnitudes* of its terms. Because magnitudes are summed, the bound holds for every partial sum
//! in every order, and so any tiling, any number of lanes and any order of summation is legal.

use crate::error::Problem;
use crate::limits::WIDE_BOUND;
use crate::tensor::{DType, Tensor, TensorType};

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

    /// All values of at most this magnitude.
    pub(crate) const fn within(magnitude: i64) -> Self {
        Self {
            low: -magnitude,
            high: magnitude,
        }
    }

    /// Whether a value lies in it.
    pub const fn contains(&self, value: i64) -> bool {
        self.low <= value && value <= self.high
    }

    pub(crate) fn of_values(values: &[i32]) -> Self {
        values
            .iter()
            .map(|&v| Self {
                low: v.into(),
                high: v.into(),
            })
            .reduce(Self::union)
            .unwrap_or(Self::of(DType::I32))
    }

    pub(crate) fn union(self, other: Self) -> Self {
        Self {
            low: self.low.min(other.low),
            high: self.high.max(other.high),
        }
    }

    /// The greatest magnitude of an element minus an element of `other`.
    pub(crate) fn distance(self, other: Self) -> i64 {
        (self.high - other.low).abs().max((self.low - other.high).abs())
    }

    /// The greatest magnitude of `value` minus an element of this.
    pub(crate) fn farthest(self, value: i32) -> i64 {
        (i64::from(value) - self.low)
            .abs()
            .max((i64::from(value) - self.high).abs())
    }

    /// What products of an element of this and one of `other` lie in. Of 32-bit intervals: at most 2^62.
    pub(crate) fn times(self, other: Self) -> Self {
        let corners = [
            self.low * other.low,
            self.low * other.high,
            self.high * other.low,
            self.high * other.high,
        ];
        corners
            .into_iter()
            .skip(1)
            .fold(Self::point(corners[0]), |so_far, corner| {
                so_far.union(Self::point(corner))
            })
    }

    pub(crate) const fn point(value: i64) -> Self {
        Self {
            low: value,
            high: value,
        }
    }

    pub(crate) fn magnitude(self) -> i64 {
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
    pub(crate) fn constant(range: Interval, values: Tensor) -> Self {
        Self {
            ty: values.ty().clone(),
            range,
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

    /// Checks that the elements of this, operand number `operand`, are known to lie in a range.
    pub(crate) fn must_lie_in(
        &self,
        operand: usize,
        what: &'static str,
        least: i64,
        most: i64,
    ) -> Result<(), Problem> {
        let Interval { low, high } = self.range;
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
    }

    /// The interval of entry `channel` of a per-channel operand.
    pub(crate) fn channel(&self, channel: usize) -> Interval {
        match &self.values {
            Some(t) => Interval::of_values(&[t.channel(channel)]),
            None => self.range,
        }
    }
}

/// An interval that an i32 must hold; symmetric bounds are strict, as the proof states them.
pub(crate) fn accumulator(range: Interval) -> Result<Interval, Problem> {
    let i32s = Interval::of(DType::I32);
    if range.low < i32s.low || range.high > i32s.high {
        return Err(Problem::Overflow {
            bound: range.magnitude(),
        });
    }
    Ok(range)
}

/// Checks the magnitude of a 64-bit number, saturated, before a rounding constant is added to it.
pub(crate) const fn wide(bound: i64) -> Result<(), Problem> {
    if bound < WIDE_BOUND {
        Ok(())
    } else {
        Err(Problem::WideOverflow { bound })
    }
}
