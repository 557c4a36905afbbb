//! What a caller may choose.

use crate::grid::Grid;
use crate::npy::Array;
use metisvm_model::DType;
use std::collections::BTreeMap;

/// What outputs may be off by default: 2 %, as much as 8-bit weights cost a deep model.
pub const TARGET_ERROR: f64 = 0.02;

/// Choices for one import. The default takes a QDQ file, or an f32 file with nothing but
/// `calibration` added.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Input samples: needed for an f32 file, refused with a QDQ file.
    pub calibration: Option<Calibration>,
    /// What the first dimension of an input becomes where the file leaves it open and neither `dims` nor
    /// `shapes` says. `None` stands for 1; a number that fixes no dimension is a mistake of the caller.
    pub batch: Option<u32>,
    /// Extents of open dimensions, by the name that the file gives them (ONNX's `dim_param`).
    pub dims: BTreeMap<String, u32>,
    /// Whole shapes of inputs, by the input's name: for dimensions that are open without a name.
    pub shapes: BTreeMap<String, Vec<u32>>,
    /// Tensors that become the outputs, in this order, whether the file declares them as outputs or not;
    /// what only others need is not looked at. Empty for the outputs of the file.
    pub keep: Vec<String>,
    /// The type of quantised activations of an f32 file.
    pub activation: ActivationType,
    /// How the range of a tensor follows from what it was seen to hold.
    pub range: Range,
    /// The error of the outputs of an f32 file, as a part of them (root mean square, on the calibration data), up to
    /// which convolutions of bytes are good enough. Where it is more, those that gain most take words, at twice the
    /// work. `None` stands for [`TARGET_ERROR`]; products with weights then keep their cost, and are refined likewise
    /// where there is a number.
    pub target_error: Option<f64>,
    /// Grids of inputs of an f32 file, by name, where the caller wants a certain one: pixels that are
    /// whole numbers are best given as they are, with scale 1 and zero point 0.
    pub input_grids: BTreeMap<String, Grid>,
}

/// The element type of activations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ActivationType {
    /// Unsigned bytes.
    #[default]
    U8,
    /// Signed bytes.
    I8,
}

impl ActivationType {
    pub(crate) const fn dtype(self) -> DType {
        match self {
            Self::U8 => DType::U8,
            Self::I8 => DType::I8,
        }
    }
}

/// How a range is taken from samples.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Range {
    /// The least and the greatest value seen.
    #[default]
    MinMax,
    /// For each sample the least and the greatest value, and of those the mean over all samples: one
    /// odd sample then costs less resolution, and saturates.
    MeanMinMax,
    /// Without the hundredth of a percent of the elements that are furthest out.
    Percentile,
    /// The part of the least and the greatest value whose grid of bytes has the least squared error.
    Search,
}

/// Input samples, one array an input, each with the samples stacked on its first dimension.
#[derive(Clone, Debug, Default)]
pub struct Calibration {
    /// By input name. The name "" stands for the only input of a model that has one.
    pub inputs: BTreeMap<String, Array>,
}

impl Calibration {
    /// Samples for a model with one input.
    pub fn single(samples: Array) -> Self {
        Self {
            inputs: BTreeMap::from([(String::new(), samples)]),
        }
    }
}
