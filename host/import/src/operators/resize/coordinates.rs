//! Where each element of a resized dimension comes from: ONNX's coordinate modes. The arithmetic is in f32, as runtimes
//! have it: which of two neighbours is nearer may hang on its last bit.

use crate::attributes::wrong;
use crate::error::Problem;

/// ONNX's `coordinate_transformation_mode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    AlignCorners,
    Asymmetric,
    HalfPixel,
    HalfPixelSymmetric,
    PytorchHalfPixel,
    TfCropAndResize,
    TfHalfPixelForNn,
}

impl Mode {
    pub(super) fn of(name: &str) -> Result<Self, Problem> {
        Ok(match name {
            "align_corners" => Self::AlignCorners,
            "asymmetric" => Self::Asymmetric,
            "half_pixel" => Self::HalfPixel,
            "half_pixel_symmetric" => Self::HalfPixelSymmetric,
            "pytorch_half_pixel" => Self::PytorchHalfPixel,
            "tf_crop_and_resize" => Self::TfCropAndResize,
            "tf_half_pixel_for_nn" => Self::TfHalfPixelForNn,
            other => {
                return Err(wrong(
                    "coordinate_transformation_mode",
                    format!("{other:?} is unknown"),
                ));
            }
        })
    }
}

/// One dimension that is resized.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    pub(super) axis: usize,
    /// Extents.
    pub(super) from: u32,
    pub(super) to: u32,
    pub(super) scale: f32,
    /// The part that is taken, for `tf_crop_and_resize`.
    pub(super) roi: [f32; 2],
}

impl Axis {
    /// The coordinate of each result in the operand.
    pub(super) fn coordinates(&self, mode: Mode) -> Vec<f32> {
        let (from, to) = (self.from as f32, self.to as f32);
        let [start, end] = self.roi;
        let half_pixel = |i: f32| (i + 0.5) / self.scale - 0.5;
        let of = |i: f32| match mode {
            Mode::Asymmetric => i / self.scale,
            Mode::HalfPixel => half_pixel(i),
            Mode::PytorchHalfPixel if self.to > 1 => half_pixel(i),
            Mode::AlignCorners if self.to > 1 => i * (from - 1.0) / (to - 1.0),
            Mode::PytorchHalfPixel | Mode::AlignCorners => 0.0,
            Mode::TfHalfPixelForNn => (i + 0.5) / self.scale,
            Mode::HalfPixelSymmetric => {
                let adjustment = to / (self.scale * from);
                from / 2.0 * (1.0 - adjustment) + half_pixel(i)
            }
            Mode::TfCropAndResize if self.to > 1 => {
                start * (from - 1.0) + i * (end - start) * (from - 1.0) / (to - 1.0)
            }
            Mode::TfCropAndResize => 0.5 * (start + end) * (from - 1.0),
        };
        (0..self.to).map(|i| of(i as f32)).collect()
    }
}
