//! The emitter: instructions in terms of places, rectangles and tiles.

use super::layout::Layout;
use super::resident::Resident;
use super::scratchpads::{Held, Scratchpads};
use super::{CompileError, Compiled};
use crate::fpga::engine::Engine;
use crate::fpga::overlap::overlapped;
use metisvm_firmware::encoding::INSTRUCTION_BYTES;
use metisvm_firmware::isa::{Buffer, Dependencies, Instruction, Operation};
use metisvm_firmware::program::HEADER_BYTES;
use metisvm_firmware::{Capabilities, Geometry, ProgramError};
use metisvm_model::{Graph, Segment, TensorType, Value};
use std::sync::Arc;

/// The most rows, columns or tiles that one instruction names.
pub(super) const MAX_COUNT: usize = u16::MAX as usize;

/// The longest program, whatever a card takes: the host keeps it in memory too.
const MAX_INSTRUCTIONS: u32 = 1 << 20;
/// The most turns of loops besides those that emit an instruction.
const MAX_STEPS: u64 = 1 << 24;

/// A rectangle of a tensor in memory: the first element, and the distances in elements.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rect {
    pub(super) first: usize,
    pub(super) row_step: usize,
    pub(super) col_step: usize,
}

impl Rect {
    /// The same steps from row `row` and column `col` on.
    pub(super) const fn at(self, row: usize, col: usize) -> Self {
        Self {
            first: self.first + row * self.row_step + col * self.col_step,
            ..self
        }
    }
}

/// Accumulator tiles that hold `rows` by `cols` lanes from their corner.
#[derive(Clone, Copy, Debug)]
pub(super) struct Area {
    pub(super) base: usize,
    pub(super) pitch: usize,
    pub(super) rows: usize,
    pub(super) cols: usize,
}

pub(super) struct Emitter {
    pub(super) graph: Arc<Graph>,
    pub(super) geometry: Geometry,
    /// What instructions take.
    pub(super) engine: Engine,
    pub(super) layout: Layout,
    pub(super) scratchpads: Scratchpads,
    pub(super) resident: Resident,
    /// In an order in which one after the other gives the right result.
    operations: Vec<Operation>,
    limits: Limits,
    /// Work so far but for the NOPs that pass tokens on: those are counted with the program.
    work: u64,
    steps: u64,
}

/// What a program may need. All are looked at while it grows, so that what is too large costs no more
/// to find out than the largest that is not.
struct Limits {
    instructions: u64,
    /// Work of an item.
    work: u64,
}

impl Emitter {
    pub(super) fn new(segment: &Segment, card: &Capabilities, layout: Layout) -> Result<Self, CompileError> {
        within(
            "bytes of input",
            segment.input_bytes() as u64,
            card.max_input_bytes.into(),
        )?;
        within(
            "bytes of output",
            layout.output_bytes,
            card.max_output_bytes.into(),
        )?;
        within(
            "bytes of card memory",
            layout.workspace_bytes,
            card.card_memory_bytes,
        )?;
        let limits = Limits {
            instructions: card.max_program_instructions.min(MAX_INSTRUCTIONS).into(),
            work: card.work_budget,
        };
        let layout_bytes = layout.workspace_bytes;
        Ok(Self {
            graph: segment.graph().clone(),
            geometry: card.geometry,
            engine: Engine::of(card),
            layout,
            scratchpads: Scratchpads::new(&card.geometry),
            // What the workspace leaves.
            resident: Resident::new(card.card_memory_bytes - layout_bytes),
            operations: Vec::new(),
            limits,
            work: 0,
            steps: 0,
        })
    }

    /// Appends an instruction.
    pub(super) fn push(&mut self, operation: Operation) -> Result<(), CompileError> {
        let index = self.operations.len();
        let instruction = Instruction {
            dependencies: Dependencies::default(),
            operation,
        };
        instruction
            .check_form()
            .map_err(|error| ProgramError::Encoding { index, error })?;
        instruction
            .check_operands(&self.geometry)
            .map_err(|error| ProgramError::Operand { index, error })?;
        self.operations.push(operation);
        within("instructions", index as u64 + 1, self.limits.instructions)?;
        self.work = self.work.saturating_add(operation.cost(&self.geometry));
        within("units of work", self.work, self.limits.work)
    }

    /// Counts a turn of a loop that may go on for long without an instruction, as one over taps that
    /// all lie in the padding.
    pub(super) fn step(&mut self) -> Result<(), CompileError> {
        self.steps += 1;
        within("steps of the compiler", self.steps, MAX_STEPS)
    }

    pub(super) fn operand(&self, node: usize, operand: usize) -> Value {
        self.graph.nodes()[node].operands[operand]
    }

    pub(super) fn ty(&self, value: Value) -> TensorType {
        self.graph.ty(value).clone()
    }

    /// The elements of a constant operand.
    pub(super) fn immediates(&self, node: usize, operand: usize) -> Result<Vec<i32>, CompileError> {
        let constant = self
            .graph
            .constant(self.operand(node, operand))
            .ok_or(CompileError::Node(node))?;
        Ok(constant.tensor().data().to_vec())
    }

    pub(super) fn immediate(&self, node: usize, operand: usize) -> Result<i32, CompileError> {
        Ok(self.immediates(node, operand)?[0])
    }

    /// Where something lies in a scratchpad; `load` puts it into `count` places there unless it still is.
    pub(super) fn keep(
        &mut self,
        buffer: Buffer,
        count: usize,
        what: Held,
        load: impl FnOnce(&mut Self, usize) -> Result<(), CompileError>,
    ) -> Result<usize, CompileError> {
        if let Some(base) = self.scratchpads.find(buffer, &what) {
            return Ok(base);
        }
        let base = self.scratchpads.take(buffer, count);
        load(self, base)?;
        self.scratchpads.hold(buffer, base, count, what);
        Ok(base)
    }

    pub(super) fn finish(self, segment: &Segment, card: &Capabilities) -> Result<Compiled, CompileError> {
        let program = overlapped(&self.operations, &self.engine)?;
        within("instructions", program.len() as u64, self.limits.instructions)?;
        let work = program.cost(&self.geometry);
        within("units of work", work, self.limits.work)?;
        let program_bytes = (HEADER_BYTES + program.len() * INSTRUCTION_BYTES) as u64;
        let needed = self.layout.workspace_bytes + self.resident.bytes.len() as u64 + program_bytes;
        within("bytes of card memory", needed, card.card_memory_bytes)?;
        let depth = self.geometry.tile_depth.into();
        Ok(Compiled {
            program,
            tiled_inputs: self.layout.tiled_inputs(&self.graph, depth),
            resident: self.resident.bytes,
            workspace_bytes: self.layout.workspace_bytes,
            input_bytes: segment.input_bytes(),
            output_bytes: self.layout.output_bytes as usize,
            tiled_outputs: self.layout.tiled_outputs,
            work,
            products: self.layout.products,
        })
    }
}

/// Whether a need is met.
pub(super) fn within(what: &'static str, needed: u64, available: u64) -> Result<(), CompileError> {
    if needed <= available {
        return Ok(());
    }
    Err(CompileError::TooLarge {
        what,
        needed,
        available,
    })
}
