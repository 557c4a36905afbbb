//! What an import did, for people to read.

use crate::error::NodeName;
use crate::grid::Grid;
use metisvm_model::TensorType;

/// What an import did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// Whether grids came from the file (QDQ) or from calibration.
    pub calibrated: bool,
    /// Samples that calibration used.
    pub samples: usize,
    /// One entry for each ONNX node that became integer operators, in order.
    pub layers: Vec<Layer>,
    /// ONNX nodes whose results nothing reads.
    pub dropped: Vec<NodeName>,
    /// Weights and biases, elements.
    pub weights: u64,
    /// Multiply-accumulates of one execution.
    pub macs: u64,
}

/// What became of one ONNX node.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// The node in the file.
    pub node: NodeName,
    /// The integer operators that stand for it, in order; none where it only changed a grid's meaning.
    pub operators: Vec<&'static str>,
    /// Type and shape of the last of them.
    pub result: Option<TensorType>,
    /// The grid its result was put on, if it was.
    pub grid: Option<Grid>,
    /// Elements of its weights and biases.
    pub weights: u64,
    /// Of its multipliers, the greatest distance from the real factor, as a part of it; at most 2^−15
    /// for factors from 2^−33 on.
    pub multiplier_error: f64,
    /// The greatest distance of a weight from the value the file has, in steps of the weight's grid: 0
    /// where the file is quantised, at most 0.5 else.
    pub weight_error: f64,
}
