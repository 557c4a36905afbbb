//! All that can be wrong with a file, and where.

use metisvm_model::GraphError;
use std::fmt;

/// Why a file was not imported.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The bytes are not an ONNX file, or a part of one is damaged.
    #[error("the file is not a sound ONNX model: {what} (byte {at}); export it again")]
    File {
        /// Where, counted from the start.
        at: usize,
        /// What is wrong there.
        what: String,
    },
    /// Something about the model as a whole.
    #[error("the model: {0}")]
    Model(Box<Problem>),
    /// An initializer, a graph input or a graph output.
    #[error("{role} {name:?}: {problem}", name = shown(name))]
    Tensor {
        /// "initializer", "input" or "output".
        role: &'static str,
        /// Its name.
        name: String,
        /// What is wrong with it.
        problem: Box<Problem>,
    },
    /// A node.
    #[error("{node}: {problem}")]
    Node {
        /// Which.
        node: NodeName,
        /// What is wrong with it.
        problem: Box<Problem>,
    },
    /// More than one thing stands in the way of the file.
    #[error("{}", several(blockers, *more, *behind))]
    Several {
        /// What was found, each kind once.
        blockers: Vec<Blocker>,
        /// Kinds beyond those.
        more: usize,
        /// Nodes that were not looked at, because they read a result of one that failed.
        behind: usize,
    },
    /// The calibration data.
    #[error("calibration data: {0}")]
    Calibration(String),
    /// A `.npy` file.
    #[error("not a usable .npy file: {what} (byte {at}); {advice}")]
    Npy {
        /// Where, counted from the start.
        at: usize,
        /// What is wrong there.
        what: String,
        /// What to do.
        advice: &'static str,
    },
    /// A `.npz` file.
    #[error("not a usable .npz file: {what} (byte {at}); save it with numpy.savez or numpy.savez_compressed")]
    Npz {
        /// Where, counted from the start.
        at: usize,
        /// What is wrong there.
        what: String,
    },
    /// The integer graph was refused, in a part that belongs to no single node.
    #[error("the integer graph: {0}")]
    Graph(Box<GraphError>),
}

impl ImportError {
    pub(crate) fn model(problem: Problem) -> Self {
        Self::Model(Box::new(problem))
    }

    pub(crate) fn tensor(role: &'static str, name: &str, problem: Problem) -> Self {
        Self::Tensor {
            role,
            name: name.to_string(),
            problem: Box::new(problem),
        }
    }
}

/// A node as its file names it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeName {
    /// Its position in the file.
    pub index: usize,
    /// Its name; where it has none, that of its first output.
    pub name: String,
    /// Its operator, with the domain where that is not ONNX's own.
    pub operator: String,
}

impl fmt::Display for NodeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operator = shown(&self.operator);
        write!(f, "node {:?} ({})", shown(&self.name), operator.escape_debug())
    }
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The file has no graph, or a graph without nodes or outputs.
    #[error("there is no {0} in it")]
    Missing(&'static str),
    /// The operator set is absent, given twice, or of another time.
    #[error("opset {actual}; export for opset {first} to {last} of the default domain")]
    Opset {
        /// What the file says of it.
        actual: String,
        /// The first that is understood.
        first: i64,
        /// The last that is understood.
        last: i64,
    },
    /// An operator that has no integer form here.
    #[error("the operator is not supported; docs/import.md lists the {} that are", supported.len())]
    UnsupportedOperator {
        /// Domain and name of those that have one.
        supported: &'static [(&'static str, &'static str)],
    },
    /// A supported operator, used in a way that is not.
    #[error("{0}")]
    Unsupported(String),
    /// An element type.
    #[error("element type {actual} is not supported here; {expected}")]
    UnsupportedType {
        /// What the file has.
        actual: String,
        /// What is taken.
        expected: &'static str,
    },
    /// The data lies in another file. It is not opened.
    #[error("its data is external, and no other file is opened; save the model in one file")]
    ExternalData,
    /// Elements and data do not agree, or a dimension is out of bounds.
    #[error("{0}")]
    Data(String),
    /// A name stands for two things.
    #[error("the name {:?} is used twice", shown(.0))]
    Duplicate(String),
    /// Nothing has that name.
    #[error("nothing gives {:?}", shown(.0))]
    NoSuchValue(String),
    /// The nodes depend on each other in a circle.
    #[error("it depends on its own result")]
    Cycle,
    /// Too few or too many operands or results.
    #[error("{actual} {what}, not {expected}")]
    Count {
        /// Of what.
        what: &'static str,
        /// Given.
        actual: usize,
        /// Taken.
        expected: &'static str,
    },
    /// An attribute is unknown, twice there, of the wrong type or out of bounds.
    #[error("attribute {name:?}: {why}", name = shown(name))]
    Attribute {
        /// Its name.
        name: String,
        /// In what way.
        why: String,
    },
    /// Shapes do not fit.
    #[error("shape: {0}")]
    Shape(String),
    /// Dimensions of inputs are open, and nobody said what they are.
    #[error("dimensions of inputs are open: {inputs}; say what they are: {advice}")]
    Open {
        /// The inputs with their shapes.
        inputs: String,
        /// What to write.
        advice: String,
    },
    /// The caller chose something that changes nothing.
    #[error("{0}; leave it out")]
    WithoutEffect(String),
    /// The caller keeps a tensor that is not there.
    #[error(
        "there is no such tensor; the file's outputs are {outputs}{}",
        if near.is_empty() { String::new() } else { format!(", and tensors of like names {near}") }
    )]
    NoSuchTensor {
        /// Names that are like it.
        near: String,
        /// The file's outputs.
        outputs: String,
    },
    /// More of something than there may be.
    #[error("{what}: {count} is over the limit of {limit}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many.
        count: u64,
        /// The bound.
        limit: u64,
    },
    /// A scale that is not a positive, finite, normal number, or whose count or axis is wrong.
    #[error("scale: {0}")]
    Scale(String),
    /// A zero point of the wrong type, count or value.
    #[error("zero point: {0}")]
    ZeroPoint(String),
    /// A weight is NaN or infinite.
    #[error(
        "{:?} holds {value}; constants have to be finite: train or export the model again",
        shown(name)
    )]
    NotFinite {
        /// The tensor.
        name: String,
        /// The first such element.
        value: f64,
    },
    /// An operand that has to be a constant is computed.
    #[error("{0} must be a constant")]
    NotConstant(&'static str),
    /// An operand that has to be quantised is not.
    #[error(
        "{0} is not quantised, so that nothing says what it holds; give calibration data (a .npy of input samples), or put a QuantizeLinear and a DequantizeLinear before it"
    )]
    NotQuantised(String),
    /// An input of a quantised file that is read in floats.
    #[error(
        "it is read in floats, so that no grid of the file says what it holds; give calibration data (a .npy of input samples)"
    )]
    NoRange,
    /// Something else than the product that undoes it reads what a DynamicQuantizeLinear gives.
    #[error(
        "it needs the integers or the scale of a DynamicQuantizeLinear, which one input's extremes decide; only MatMulInteger or ConvInteger, Cast and Mul that undo it are taken: quantise statically, or import the f32 model with calibration data"
    )]
    DynamicScale,
    /// A model that computes in floats, dynamically quantised ones among them, came without calibration data.
    #[error(
        "it is an f32 model, or quantised dynamically, and needs calibration data (a .npy of input samples)"
    )]
    NeedsCalibration,
    /// A QDQ model came with calibration data, which would change nothing.
    #[error("it is quantised already, so that calibration data would change nothing; leave it out")]
    CalibrationUnused,
    /// Tensors were seen to hold what no grid can.
    #[error(
        "in calibration {} holds {value}; leave out samples for which the model gives no number",
        if name.is_empty() { "a step of it".to_string() } else { format!("{:?}", shown(name)) }
    )]
    Range {
        /// The tensor; empty where the file has no name for it.
        name: String,
        /// What it holds.
        value: f64,
    },
    /// No multiplier and shift stand for this ratio of scales.
    #[error(
        "scales of {:?} over this one's give {ratio:e}, and {} is the greatest multiplier; choose a coarser scale here",
        shown(sum),
        crate::multiplier::GREATEST_FACTOR
    )]
    Multiplier {
        /// The node whose sums are requantised; empty where it is this one.
        sum: String,
        /// Input scales over output scale.
        ratio: f64,
    },
    /// A bias does not fit its accumulator.
    #[error("bias {index} is {value:e} steps of the accumulator, which has 32 bits")]
    Bias {
        /// Which.
        index: usize,
        /// In steps.
        value: f64,
    },
    /// The integer graph was refused because of what this node became.
    #[error("as integers: {0}")]
    Graph(GraphError),
}

impl Problem {
    /// At a node.
    pub(crate) fn at(self, node: &NodeName) -> ImportError {
        ImportError::Node {
            node: node.clone(),
            problem: Box::new(self),
        }
    }
}

/// One kind of problem, with the nodes that have it.
#[derive(Clone, Debug, PartialEq)]
pub struct Blocker {
    /// The operator, or "initializer".
    pub operator: String,
    /// The first of those that have the problem.
    pub names: Vec<String>,
    /// How many have it.
    pub count: usize,
    /// What is wrong.
    pub problem: Problem,
}

impl fmt::Display for Blocker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", shown(&self.operator).escape_debug())?;
        if self.count > 1 {
            write!(f, " ×{}", self.count)?;
        }
        let names: Vec<String> = self.names.iter().map(|n| format!("{:?}", shown(n))).collect();
        let more = if self.count > names.len() { ", …" } else { "" };
        write!(f, " ({}{more}): {}", names.join(", "), self.problem)
    }
}

/// All that stands in the way, in at most [`LONGEST_LIST`] bytes and a bit.
fn several(blockers: &[Blocker], more: usize, behind: usize) -> String {
    let count = blockers.len() + more;
    let things = if count == 1 {
        "one thing stands"
    } else {
        "several things stand"
    };
    let mut text = format!("{things} in the way of this file:");
    let mut shown = 0;
    for blocker in blockers {
        let line = blocker.to_string();
        if shown > 0 && text.len() + line.len() > LONGEST_LIST {
            break;
        }
        text.push_str("\n  ");
        text.extend(line.chars().take(LONGEST_LIST));
        shown += 1;
    }
    if count > shown {
        text.push_str(&format!("\n  and {} more", count - shown));
    }
    if behind > 0 {
        text.push_str(&format!(
            "\n{behind} nodes that need their results were not looked at"
        ));
    }
    text.push_str("\n--keep NAME takes a tensor before them as output, where the rest is not needed");
    text
}

/// Bytes of a list of problems that a person still reads.
const LONGEST_LIST: usize = 3000;

/// Text of somebody else's making is cut before it goes into an error; `{:?}` then escapes it.
pub(crate) fn shown(text: &str) -> String {
    const LONGEST: usize = 80;
    let mut cut: String = text.chars().take(LONGEST).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    cut
}

/// The same without quotes, for lists and for what a person may copy.
pub(crate) fn plain(text: &str) -> String {
    shown(text).escape_debug().to_string()
}
