//! From a segment of an integer graph to a tensor program, for whatever geometry a card declares.
//!
//! Every value has a place in memory: inputs in the item's input, constants in resident memory,
//! results in the workspace, each as the plain row-major tensor that `docs/inference.md` defines, but for
//! results and inputs that products alone read: they lie as tiles, where these have no padding.
//! A node becomes loads of rectangles that fit the scratchpads, work on them, and stores. The
//! pointwise nodes that follow a product and read nothing else computed run on its accumulators
//! before those are stored (the *epilogue*). A [`Mode::Checked`] program also stores every product's
//! raw accumulators behind the outputs, for the host to check.

mod arg_max;
mod block;
mod conv2d;
mod emit;
mod epilogue;
mod layout;
mod lines;
mod mat_mul;
mod max_pool;
mod moves;
mod packed;
mod pointwise;
mod product;
mod resident;
mod scratchpads;
mod tiled;

use crate::fpga::compile::emit::{Emitter, within};
use crate::fpga::compile::layout::Layout;
use crate::fpga::compile::tiled::{TiledInput, TiledOutput};
use metisvm_firmware::{Capabilities, Geometry, Program, ProgramError};
use metisvm_model::{Graph, Op, Segment};
use std::borrow::Cow;
use std::ops::Range;

/// What a program gives besides its outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Nothing.
    Fast,
    /// The accumulators of every product, see [`Compiled::products`].
    Checked,
}

/// A segment as a card runs it.
#[derive(Debug)]
pub struct Compiled {
    /// The tensor program.
    pub program: Program,
    /// What it reads at RESIDENT: constants and requantisation records.
    pub resident: Vec<u8>,
    /// Card memory it needs for results between nodes.
    pub workspace_bytes: u64,
    /// Bytes of an item's input.
    pub input_bytes: usize,
    /// Inputs that do not lie as the segment has them, see [`Compiled::arrange`].
    tiled_inputs: Vec<TiledInput>,
    /// Bytes of an item's output: the segment's outputs and, in checked mode, the accumulators.
    pub output_bytes: usize,
    /// Results that do not lie as the segment has them, see [`Compiled::restore`].
    tiled_outputs: Vec<TiledOutput>,
    /// Work of an item, in the units of [`metisvm_firmware::cost`]; within the card's budget.
    pub work: u64,
    /// In checked mode: each product node, and where its accumulators (i32, little-endian, row-major
    /// as its result) begin in the output.
    pub products: Vec<(usize, usize)>,
}

impl Compiled {
    /// An item's input as the program wants it, from what the segment has: an input that only products read lies as
    /// tiles, so that it comes in bursts, and the host puts it so.
    pub fn arrange<'a>(&self, item: &'a [u8]) -> Cow<'a, [u8]> {
        if self.tiled_inputs.is_empty() {
            return Cow::Borrowed(item);
        }
        let mut arranged = item.to_vec();
        for input in &self.tiled_inputs {
            input.arrange(item, &mut arranged);
        }
        Cow::Owned(arranged)
    }

    /// An item's output as the segment has it, from what the program gives: a product's result comes as tiles, in
    /// bursts as well.
    pub fn restore(&self, item: Vec<u8>) -> Vec<u8> {
        if self.tiled_outputs.is_empty() {
            return item;
        }
        let mut restored = item.clone();
        for output in &self.tiled_outputs {
            output.restore(&item, &mut restored);
        }
        restored
    }
}

/// Why a segment cannot be run by a card.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CompileError {
    /// A node that [`takes`] refuses.
    #[error("node {0} is not one this backend takes")]
    Node(usize),
    /// More than the card has, than the ABI can say, or than a job may cost.
    #[error("the program needs {what}: {needed}, and the card has {available}")]
    TooLarge {
        /// Of what.
        what: &'static str,
        /// How much.
        needed: u64,
        /// How much there is.
        available: u64,
    },
    /// The schedule refused the order of the steps: a defect of the compiler.
    #[error("the steps are no order of the nodes: {0}")]
    Schedule(String),
    /// The builder refused an instruction: a defect of the compiler.
    #[error("instruction refused: {0}")]
    Program(ProgramError),
}

impl From<ProgramError> for CompileError {
    fn from(error: ProgramError) -> Self {
        Self::Program(error)
    }
}

/// The runs of neighbouring nodes that a card takes: all but those whose zero points, requantisation
/// parameters or clamp bounds are computed, since programs carry these as immediates or records, and
/// those that need more accumulator tiles than there are, however small they are cut.
pub fn takes(graph: &Graph, geometry: &Geometry) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for (index, node) in graph.nodes().iter().enumerate() {
        let immediate = match node.op {
            Op::MatMul | Op::Conv2d { .. } => 2..4,
            Op::Requantise { .. } => 1..4,
            Op::Clamp => 1..3,
            Op::Add | Op::Table | Op::MaxPool2d { .. } | Op::Reshape { .. } | Op::ArgMax { .. } => 0..0,
            // An operator that this compiler does not know is for the next backend.
            _ => continue,
        };
        let mut immediates = node.operands[immediate].iter();
        if !immediates.all(|&v| graph.constant(v).is_some()) || check_tiles(&node.op, geometry).is_err() {
            continue;
        }
        match runs.last_mut() {
            Some(last) if last.end == index => last.end += 1,
            _ => runs.push(index..index + 1),
        }
    }
    runs
}

/// Whether a node of any size can be cut so that it fits the accumulators.
fn check_tiles(op: &Op, geometry: &Geometry) -> Result<(), CompileError> {
    let needed = match op {
        Op::Add | Op::MaxPool2d { .. } => 2,
        Op::ArgMax { .. } => 1 + arg_max::STATE_COLUMNS.div_ceil(geometry.tile_cols.into()) as u64,
        _ => 1,
    };
    within("accumulator tiles", needed, geometry.acc_tiles.into())
}

/// Compiles a segment of nodes that [`takes`] gave.
///
/// # Errors
/// If the card is too small for it. That is found out with bounded effort, however large the segment.
pub fn compile(segment: &Segment, card: &Capabilities, mode: Mode) -> Result<Compiled, CompileError> {
    let graph = segment.graph();
    let layout = Layout::new(segment, &card.geometry, mode)?;
    let mut emitter = Emitter::new(segment, card, layout)?;
    for index in segment.nodes() {
        if emitter.layout.is_fused(index) {
            continue;
        }
        let node = &graph.nodes()[index];
        check_tiles(&node.op, &card.geometry)?;
        match &node.op {
            Op::MatMul => mat_mul::mat_mul(&mut emitter, index)?,
            Op::Conv2d { window, groups } => conv2d::conv2d(&mut emitter, index, window, *groups as usize)?,
            Op::Add => pointwise::add(&mut emitter, index)?,
            Op::Requantise { .. } | Op::Clamp | Op::Table => pointwise::unary(&mut emitter, index)?,
            Op::MaxPool2d { kernel, window } => max_pool::max_pool(&mut emitter, index, *kernel, window)?,
            Op::Reshape { .. } => {} // the same bytes under another type
            Op::ArgMax { axis } => arg_max::arg_max(&mut emitter, index, usize::from(*axis))?,
            _ => return Err(CompileError::Node(index)),
        }
    }
    for (value, offset) in emitter.layout.copies() {
        pointwise::copy(&mut emitter, value, offset)?;
    }
    emitter.finish(segment, card)
}
