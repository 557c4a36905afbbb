//! What the suite found wrong, in words that name the operator and the circumstances.

use metisvm_model::{Graph, Segment, Tensor, Value};
use std::fmt;
use std::ops::Range;

/// Why a backend does not pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The row of the suite.
    pub row: String,
    /// The case that showed it. None for what is not the fault of a single case.
    pub case: Option<String>,
    /// The part of the case's graph, if it was a part.
    pub place: Option<Place>,
    /// What was wrong.
    pub fault: Fault,
}

/// A part of a graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Positions of its nodes.
    pub nodes: Range<usize>,
    /// Names of their operators.
    pub operators: Vec<&'static str>,
}

impl Place {
    pub(super) fn new(graph: &Graph, nodes: Range<usize>) -> Self {
        let operators = graph.nodes()[nodes.clone()].iter().map(|n| n.op.name());
        Self {
            operators: operators.collect(),
            nodes,
        }
    }
}

/// What a backend did that it must not do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The item gives other bits than the reference, run alone on a fresh executable.
    WrongBits(Difference),
    /// The item is right alone. In this batch it is wrong, even on a fresh executable.
    DependsOnBatch(Difference),
    /// The batch is right on a fresh executable. It is wrong after other runs.
    DependsOnEarlierRuns(Difference),
    /// The batch is right on one thread. It is wrong while other threads run.
    DependsOnThreads(Difference),
    /// There were more or fewer results than items.
    WrongCount {
        /// Items of the batch.
        items: usize,
        /// Results that came back.
        results: usize,
    },
    /// A result has another length than the outputs of the part.
    WrongLength {
        /// Position in the batch.
        item: usize,
        /// Bytes of the part's outputs.
        expected: usize,
        /// Bytes that came back.
        actual: usize,
    },
    /// It took these nodes, and would then not compile them.
    Refused(String),
    /// It gave an error where it had to give a result.
    Failed(String),
    /// It panicked.
    Panicked {
        /// The method.
        during: &'static str,
        /// The panic's message.
        message: String,
    },
    /// The runs that it takes overlap, are out of order, or lie outside of the graph.
    BadRuns(String),
    /// It leaves a node to others which its row says that it takes.
    Left(&'static str),
    /// It takes a node which its row does not name.
    Undeclared(&'static str),
    /// It took no node of any case.
    NothingRan,
    /// The cases themselves do not reach what they should: a defect of the suite.
    NotReached(Vec<String>),
    /// After all cases the backend says that it is not healthy, or has seen faults of its device.
    Unhealthy {
        /// How many faults.
        faults: u64,
    },
}

/// The first element that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The operator whose result it is. None if the output is an input or a constant.
    pub operator: Option<&'static str>,
    /// Items in the batch.
    pub batch: usize,
    /// Position in the batch.
    pub item: usize,
    /// Position in the row-major result.
    pub element: usize,
    /// What the reference kernels give.
    pub expected: i32,
    /// What the backend gave.
    pub actual: i32,
}

impl Difference {
    /// Where two results of a part differ, if they do. Both have the length of the part's outputs.
    pub(super) fn find(
        segment: &Segment,
        (batch, item): (usize, usize),
        expected: &[u8],
        actual: &[u8],
    ) -> Option<Self> {
        let graph = segment.graph();
        let mut start = 0;
        for &value in segment.outputs() {
            let ty = graph.ty(value);
            let bytes = start..start + ty.bytes();
            start = bytes.end;
            let (wanted, given) = (&expected[bytes.clone()], &actual[bytes]);
            if wanted == given {
                continue;
            }
            let read = |bytes| Tensor::from_bytes(ty.clone(), bytes).expect("of the type's length");
            let (wanted, given) = (read(wanted), read(given));
            let pairs = wanted.data().iter().zip(given.data());
            for (element, (&expected, &actual)) in pairs.enumerate() {
                if expected != actual {
                    let operator = match value {
                        Value::Node(node) => Some(graph.nodes()[node as usize].op.name()),
                        Value::Input(_) | Value::Constant(_) => None,
                    };
                    return Some(Self {
                        operator,
                        batch,
                        item,
                        element,
                        expected,
                        actual,
                    });
                }
            }
        }
        None
    }
}

impl std::error::Error for Failure {}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "backend {}", self.row)?;
        if let Some(case) = &self.case {
            write!(f, ", case {case}")?;
        }
        if let Some(Place { nodes, operators }) = &self.place {
            write!(f, ", nodes {nodes:?} ({})", operators.join(", "))?;
        }
        write!(f, ": {}", self.fault)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WrongBits(d) => write!(f, "wrong bits: {d}"),
            Self::DependsOnBatch(d) => {
                write!(f, "the result depends on the rest of the batch: {d}")
            }
            Self::DependsOnEarlierRuns(d) => write!(f, "the result depends on the runs before: {d}"),
            Self::DependsOnThreads(d) => {
                write!(f, "the result depends on what other threads run: {d}")
            }
            Self::WrongCount { items, results } => write!(f, "{results} results of {items} items"),
            Self::WrongLength {
                item,
                expected,
                actual,
            } => write!(
                f,
                "wrong length: {actual} bytes for item {item}, where the outputs have {expected}"
            ),
            Self::Refused(why) => write!(f, "it took these nodes and then refused them: {why}"),
            Self::Failed(why) => write!(f, "the run failed: {why}"),
            Self::Panicked { during, message } => write!(f, "it panicked in `{during}`: {message}"),
            Self::BadRuns(runs) => write!(f, "`takes` gave runs that are not in order and apart: {runs}"),
            Self::Left(operator) => write!(
                f,
                "it leaves {operator} to others; its row says that it takes this node"
            ),
            Self::Undeclared(operator) => write!(f, "it takes {operator}, which its row does not name"),
            Self::NothingRan => write!(f, "it took nothing at all, so nothing was tested"),
            Self::NotReached(what) => write!(f, "the cases never reach: {}", what.join("; ")),
            Self::Unhealthy { faults } => {
                write!(f, "it is not well after the cases: {faults} faults seen")
            }
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "element {} of {} is {}, the reference has {} (item {} of a batch of {})",
            self.element,
            self.operator.unwrap_or("a value that was passed through"),
            self.actual,
            self.expected,
            self.item,
            self.batch
        )
    }
}
