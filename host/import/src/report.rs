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
    /// Samples that were run through the integer graph too, for the errors below and those of the layers.
    pub measured: usize,
    /// How far each output is from the floats; empty where no samples were run.
    pub outputs: Vec<OutputError>,
    /// What the caller should know before relying on the model.
    pub warnings: Vec<String>,
}

/// How far an output is from the floats, over all measured samples.
#[derive(Clone, Debug, PartialEq)]
pub struct OutputError {
    /// The output.
    pub name: String,
    /// Cosine between integers and floats, all elements of all samples as one vector.
    pub cosine: f64,
    /// Root of the mean squared error, as a part of the floats' own.
    pub relative: f64,
    /// The part of elements that saturate.
    pub clipped: f64,
    /// The part of rows (last dimension) whose greatest element is the same; nothing for rows of one.
    pub agreement: Option<f64>,
}

impl Report {
    /// The error of the output that is furthest off; 0 where nothing was measured.
    pub fn worst_output(&self) -> f64 {
        self.outputs.iter().map(|o| o.relative).fold(0.0, f64::max)
    }
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
    /// Root of the mean squared error of its result on the samples, as a part of the floats' own; nothing
    /// where no samples were run.
    pub error: Option<f64>,
    /// The part of its result's elements that saturate, or of an operand's in the form in which it is taken; the
    /// greatest of these.
    pub clipped: f64,
}
