//! A grid: which real numbers the values of an 8-bit tensor stand for.

use metisvm_model::DType;

/// `real = scale · (quantised − zero_point)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grid {
    /// The distance between neighbouring values; an f32, as ONNX has it, so that arithmetic here gives
    /// what an ONNX runtime gives.
    pub scale: f32,
    /// The value that stands for 0.
    pub zero_point: i32,
    /// The element type, u8 or i8.
    pub dtype: DType,
}

impl Grid {
    /// The grid of that type which covers `low..=high` and 0, with 0 on it.
    pub(crate) fn covering(low: f64, high: f64, dtype: DType) -> Self {
        let (low, high) = (low.min(0.0), high.max(0.0));
        let steps = f64::from(dtype.max() - dtype.min());
        let mut scale = ((high - low) / steps) as f32;
        if !scale.is_normal() {
            // All zeros (or next to): any grid will do.
            scale = 1.0;
        }
        let zero_point = dtype.saturate(i64::from(dtype.min()) + (-low / f64::from(scale)).round() as i64);
        Self {
            scale,
            zero_point,
            dtype,
        }
    }

    /// The grid is one that arithmetic can use.
    pub(crate) fn is_sound(&self) -> bool {
        self.scale.is_normal()
            && self.scale > 0.0
            && self.dtype.is_byte()
            && (self.dtype.min()..=self.dtype.max()).contains(&self.zero_point)
    }

    /// The nearest value, halves to even, saturated: ONNX's QuantizeLinear, in f32 as ONNX has it.
    pub(crate) fn quantise(&self, real: f32) -> i32 {
        let steps = (real / self.scale).round_ties_even();
        // A float too large for the integer saturates in the conversion; NaN becomes 0.
        self.dtype
            .saturate((steps as i64).saturating_add(self.zero_point.into()))
    }

    /// What a value stands for: ONNX's DequantizeLinear.
    pub(crate) fn real(&self, value: i32) -> f32 {
        (value - self.zero_point) as f32 * self.scale
    }
}
