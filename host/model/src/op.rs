//! The operators. Each one's meaning is its kernel in [`crate::kernels`]; its operands, in order, are
//! listed here. An operand is any value of the graph: "scalar" below means a tensor of rank 0.

use crate::Shape;
use crate::operators::OperatorId;
use crate::tensor::DType;
use alloc::vec::Vec;
use core::ops::Range;

/// An operator with its attributes.
///
/// Operators will be added: an engine outside of this crate names those that it takes, and leaves every
/// other to the next engine.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// `Σ_k (x[.., m, k] − x_zero) · (w[.., k, n] − w_zero) [+ bias[n]]` → i32.
    ///
    /// Operands: x (u8 or i8, rank ≥ 2), w (u8 or i8, `[K, N]`, or with the same leading dimensions
    /// as x), x_zero (scalar of x's type), w_zero (scalar or `[N]`, of w's type), and optionally bias
    /// (i32 `[N]`).
    MatMul,
    /// Two-dimensional convolution (cross-correlation, as ONNX has it) → i32.
    ///
    /// Operands: x (u8 or i8, `[B, C, H, W]`), w (u8 or i8, `[O, C/groups, KH, KW]`), x_zero (scalar),
    /// w_zero (scalar or `[O]`), and optionally bias (i32 `[O]`). Padding stands for `x_zero`.
    Conv2d {
        /// Stride, dilation and padding; the kernel's extent is w's.
        window: Window,
        /// Groups of channels that do not mix.
        groups: u32,
    },
    /// `a + b` → i32, of any types, broadcast as NumPy does.
    Add,
    /// `clamp(zero + ((acc · multiplier + 2^(shift−1)) >> shift))` to the range of `to`.
    ///
    /// Operands: acc (any type), multiplier (i16, 1..=32767), shift (u8, 1..=47), zero (of type `to`);
    /// the last three each a scalar, or one entry for each index of dimension `axis`.
    Requantise {
        /// The type of the result.
        to: DType,
        /// The dimension that per-channel operands run along; 0 if all are scalars.
        axis: u8,
    },
    /// `max(low, min(high, x))`. Operands: x, low, high (scalars of x's type, low ≤ high).
    Clamp,
    /// `table[x]`. Operands: x (u8 or i8), table (any type, `[256]`), indexed by the bits of x read as
    /// an unsigned byte.
    Table,
    /// The greatest element of each window; padding never wins. Operand: x (any type, `[B, C, H, W]`).
    MaxPool2d {
        /// Height and width of the window.
        kernel: [u32; 2],
        /// Stride, dilation and padding.
        window: Window,
    },
    /// The same elements in another shape. Operand: x.
    Reshape {
        /// The new shape, with as many elements.
        shape: Shape,
    },
    /// The index of the greatest element along `axis`, the lowest where several are → i32; the
    /// dimension is dropped. Operand: x (any type).
    ArgMax {
        /// The dimension to search.
        axis: u8,
    },
    /// `a − b` → i32, of any types, broadcast as NumPy does.
    Sub,
    /// `clamp((a·b + h) >> shift)` to the range of `to`, where h is `2^(shift−1)`, and 0 for shift 0.
    ///
    /// Operands: a, b (any types, broadcast), with `|a·b| < 2^62`.
    Mul {
        /// How far to the right: 0 to 62.
        shift: u8,
        /// The type of the result.
        to: DType,
    },
    /// `t[h] + (((t[h+1] − t[h])·l + 128) >> 8)` with h, l the high and the low byte of `x + 32768`.
    ///
    /// Operands: x (i16), table t (u8, i8 or i16, `[257]`), whose type the result has.
    Interpolate,
    /// The sum along `axis` → i32; the dimension stays, with extent 1. Operand: x (any type).
    ReduceSum {
        /// The dimension to sum along.
        axis: u8,
    },
    /// The greatest element along `axis`; the dimension stays, with extent 1. Operand: x (any type).
    ReduceMax {
        /// The dimension to search.
        axis: u8,
    },
    /// `min(2^31 − 1, ⌊numerator / max(1, x)⌋)` → i32. Operand: x (any type).
    Reciprocal {
        /// What is divided: 1 to 2^62 − 1.
        numerator: u64,
    },
    /// `min(2^31 − 1, ⌊√⌊2^shift / V⌋⌋)` → i32 of each row of the last dimension, `V = epsilon + Σ x²`;
    /// the dimension stays, with extent 1. Operand: x (any type), with `V < 2^62`.
    InvNorm {
        /// The fraction bits of the result, twice: 0 to 62.
        shift: u8,
        /// What keeps V from zero: at least 1.
        epsilon: u64,
    },
    /// The slices of data, along `axis`, that index names: data's dimensions with index's in place of
    /// that one, as ONNX has it. A part of a tensor is a Gather with constant indices.
    ///
    /// Operands: data (any type), index (any type and rank), proven to lie in `0..extent`.
    Gather {
        /// The dimension that is indexed.
        axis: u8,
    },
    /// The dimensions in another order. Operand: x (any type).
    Transpose {
        /// For each dimension of the result, which of x it is.
        perm: Vec<u8>,
    },
    /// 2 to 64 tensors one after the other along `axis`. Operands: of one type, with the same dimensions
    /// but for that one.
    Concat {
        /// The dimension that grows.
        axis: u8,
    },
    /// [`Self::MatMul`] with an x, and an x_zero, of i16.
    WideMatMul,
    /// An operator that is in no bundle but those of unit tests.
    #[cfg(test)]
    #[allow(missing_docs)] // it has no meaning to document
    Probe { tag: u32 },
}

impl Op {
    /// The name that errors, reports and docs/inference.md use.
    pub const fn name(&self) -> &'static str {
        self.operator().name
    }

    /// What bundles and gas schedules call it.
    pub const fn id(&self) -> OperatorId {
        self.operator().id
    }

    /// How many operands it takes, least and most.
    pub const fn arity(&self) -> (usize, usize) {
        self.operator().arity
    }
}

/// Padding in elements on each side of an image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Padding {
    /// Rows above.
    pub top: u32,
    /// Columns to the left.
    pub left: u32,
    /// Rows below.
    pub bottom: u32,
    /// Columns to the right.
    pub right: u32,
}

impl Padding {
    /// The same on all four sides.
    pub const fn all(elements: u32) -> Self {
        Self {
            top: elements,
            left: elements,
            bottom: elements,
            right: elements,
        }
    }
}

/// How a window moves over an image: `[vertical, horizontal]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Window {
    /// Distance between neighbouring windows.
    pub stride: [u32; 2],
    /// Distance between neighbouring taps of one window.
    pub dilation: [u32; 2],
    /// Padding around the image.
    pub padding: Padding,
}

impl Default for Window {
    fn default() -> Self {
        Self {
            stride: [1, 1],
            dilation: [1, 1],
            padding: Padding::default(),
        }
    }
}

impl Window {
    /// Padding before dimension `d` (0 vertical, 1 horizontal).
    pub const fn before(&self, d: usize) -> u32 {
        if d == 0 {
            self.padding.top
        } else {
            self.padding.left
        }
    }

    /// Padding after dimension `d`.
    pub const fn after(&self, d: usize) -> u32 {
        if d == 0 {
            self.padding.bottom
        } else {
            self.padding.right
        }
    }

    /// The image coordinate, in dimension `d`, of tap `tap` of output `index`; negative or beyond the
    /// extent where it lies in the padding.
    pub const fn coordinate(&self, d: usize, index: usize, tap: usize) -> i64 {
        index as i64 * self.stride[d] as i64 + tap as i64 * self.dilation[d] as i64 - self.before(d) as i64
    }

    /// The outputs, of `outputs`, whose tap `tap` lies within an image of `extent` in dimension `d`.
    /// Coordinates grow with the output, so these are neighbours.
    pub fn outputs_inside(&self, d: usize, tap: usize, extent: usize, outputs: usize) -> Range<usize> {
        let stride = i64::from(self.stride[d]);
        // The first output whose coordinate is at least `bound`.
        let first = |bound: i64| {
            let distance = bound - self.coordinate(d, 0, tap);
            (distance.max(0) + stride - 1) / stride
        };
        let clamp = |index: i64| usize::try_from(index).map_or(outputs, |i| i.min(outputs));
        clamp(first(0))..clamp(first(extent as i64))
    }

    /// How many windows fit, in dimension `d`, over `extent` elements with `kernel` taps: none if the
    /// kernel is longer than the padded image.
    pub const fn outputs(&self, d: usize, extent: u32, kernel: u32) -> Option<u32> {
        let padded = extent as u64 + self.before(d) as u64 + self.after(d) as u64;
        let reach = (kernel as u64 - 1) * self.dilation[d] as u64 + 1;
        if padded < reach {
            return None;
        }
        Some(((padded - reach) / self.stride[d] as u64 + 1) as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_inside_are_those_whose_coordinate_is() {
        for (stride, dilation, before, extent) in [
            (1, 1, 0, 5),
            (2, 1, 3, 7),
            (3, 2, 1, 4),
            (2, 3, 9, 2),
            (1, 4, 4, 1),
        ] {
            let padding = Padding {
                left: before,
                ..Padding::default()
            };
            let window = Window {
                stride: [1, stride],
                dilation: [1, dilation],
                padding,
            };
            for tap in 0..6 {
                let inside = |i: &usize| (0..extent).contains(&window.coordinate(1, *i, tap));
                let expected: alloc::vec::Vec<usize> = (0..12).filter(inside).collect();
                let range = window.outputs_inside(1, tap, extent as usize, 12);
                assert_eq!(
                    range.collect::<alloc::vec::Vec<_>>(),
                    expected,
                    "{window:?} tap {tap}"
                );
            }
        }
    }
}
