//! Programs: instruction sequences that end in FINISH, and a builder that inserts the tokens.

use crate::capabilities::Geometry;
use crate::check::OperandError;
use crate::encoding::{EncodingError, INSTRUCTION_BYTES};
use crate::isa::{Dependencies, Fill, Gemm, Instruction, Load, Module, Operation, Store, Vector};
use alloc::vec::Vec;
use core::fmt;

/// Most tokens that may wait on one of the four links between modules. An instruction whose push
/// finds its link full does not begin until there is room.
pub const MAX_TOKENS: u32 = 1023;

/// Why a program cannot be built or read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProgramError {
    /// An instruction is malformed.
    Encoding {
        /// Its index.
        index: usize,
        /// What is wrong.
        error: EncodingError,
    },
    /// An instruction does not fit the card.
    Operand {
        /// Its index.
        index: usize,
        /// What is wrong.
        error: OperandError,
    },
    /// FINISH is not the last instruction, or not the only one.
    Finish,
    /// The bytes are no whole number of instructions.
    Length(usize),
    /// More tokens are given than taken on a link, or fewer, or the modules block each other.
    Tokens,
}

impl fmt::Display for ProgramError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Encoding { index, error } => write!(f, "instruction {index}: {error}"),
            Self::Operand { index, error } => write!(f, "instruction {index}: {error}"),
            Self::Finish => f.write_str("a program ends with its only FINISH"),
            Self::Length(bytes) => {
                write!(
                    f,
                    "{bytes} bytes are no whole number of {INSTRUCTION_BYTES}-byte instructions"
                )
            }
            Self::Tokens => f.write_str("the dependency tokens do not balance, or block the modules"),
        }
    }
}

impl core::error::Error for ProgramError {}

/// The four links that tokens travel on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// From load to compute.
    LoadToCompute = 0,
    /// From compute to load.
    ComputeToLoad = 1,
    /// From compute to store.
    ComputeToStore = 2,
    /// From store to compute.
    StoreToCompute = 3,
}

impl Instruction {
    /// The links that it takes a token from before it begins.
    pub fn pops(&self) -> impl Iterator<Item = Link> {
        let Dependencies {
            pop_prev, pop_next, ..
        } = self.dependencies;
        let (prev, next) = match self.operation.module() {
            Module::Load => (None, Some(Link::ComputeToLoad)),
            Module::Compute => (Some(Link::LoadToCompute), Some(Link::StoreToCompute)),
            Module::Store => (Some(Link::ComputeToStore), None),
        };
        prev.filter(|_| pop_prev)
            .into_iter()
            .chain(next.filter(|_| pop_next))
    }

    /// The links that it gives a token to when it is done.
    pub fn pushes(&self) -> impl Iterator<Item = Link> {
        let Dependencies {
            push_prev, push_next, ..
        } = self.dependencies;
        let (prev, next) = match self.operation.module() {
            Module::Load => (None, Some(Link::LoadToCompute)),
            Module::Compute => (Some(Link::ComputeToLoad), Some(Link::ComputeToStore)),
            Module::Store => (Some(Link::StoreToCompute), None),
        };
        prev.filter(|_| push_prev)
            .into_iter()
            .chain(next.filter(|_| push_next))
    }
}

/// A program whose form is valid: well-formed instructions, one FINISH at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    instructions: Vec<Instruction>,
}

impl Program {
    /// Takes instructions as a program.
    ///
    /// # Errors
    /// A malformed instruction, or FINISH anywhere but at the end. Tokens and operands are apart:
    /// [`Program::check_tokens`], [`Program::check_operands`].
    pub fn new(instructions: Vec<Instruction>) -> Result<Self, ProgramError> {
        for (index, instruction) in instructions.iter().enumerate() {
            instruction
                .check_form()
                .map_err(|error| ProgramError::Encoding { index, error })?;
            let last = index + 1 == instructions.len();
            if last != matches!(instruction.operation, Operation::Finish) {
                return Err(ProgramError::Finish);
            }
        }
        if instructions.is_empty() {
            Err(ProgramError::Finish)
        } else {
            Ok(Self { instructions })
        }
    }

    /// Reads a program from bytes, as it lies in card memory.
    ///
    /// # Errors
    /// As [`Program::new`], and a length that is no whole number of instructions.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ProgramError> {
        let (chunks, rest) = bytes.as_chunks::<INSTRUCTION_BYTES>();
        if !rest.is_empty() {
            return Err(ProgramError::Length(bytes.len()));
        }
        let read = |(index, chunk)| {
            Instruction::from_bytes(chunk).map_err(|error| ProgramError::Encoding { index, error })
        };
        Self::new(chunks.iter().enumerate().map(read).collect::<Result<_, _>>()?)
    }

    /// The program as it lies in card memory.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.instructions.iter().flat_map(Instruction::to_bytes).collect()
    }

    /// Its instructions.
    pub fn instructions(&self) -> &[Instruction] {
        &self.instructions
    }

    /// Its instructions, without the program.
    pub fn into_instructions(self) -> Vec<Instruction> {
        self.instructions
    }

    /// Checks every instruction's operands against a card's geometry.
    ///
    /// # Errors
    /// The first instruction that does not fit.
    pub fn check_operands(&self, geometry: &Geometry) -> Result<(), ProgramError> {
        for (index, instruction) in self.instructions.iter().enumerate() {
            instruction
                .check_operands(geometry)
                .map_err(|error| ProgramError::Operand { index, error })?;
        }
        Ok(())
    }

    /// Checks that the modules come to an end and that every token given is taken.
    ///
    /// Every module is in order and every link has one giver and one taker, so whether the modules
    /// end does not depend on their speed: one schedule stands for all. That the tokens also order
    /// what must be ordered is not checked.
    ///
    /// # Errors
    /// [`ProgramError::Tokens`].
    pub fn check_tokens(&self) -> Result<(), ProgramError> {
        let mut queues = [Vec::new(), Vec::new(), Vec::new()];
        for instruction in &self.instructions {
            queues[instruction.operation.module() as usize].push(instruction);
        }
        let mut heads = [0; 3];
        let mut tokens = [0_u32; 4];
        let mut moved = true;
        while moved {
            moved = false;
            for (queue, head) in queues.iter().zip(&mut heads) {
                while let Some(instruction) = queue.get(*head) {
                    let starved = instruction.pops().any(|link| tokens[link as usize] == 0);
                    let stuffed = instruction
                        .pushes()
                        .any(|link| tokens[link as usize] == MAX_TOKENS);
                    if starved || stuffed {
                        break;
                    }
                    instruction.pops().for_each(|link| tokens[link as usize] -= 1);
                    instruction.pushes().for_each(|link| tokens[link as usize] += 1);
                    *head += 1;
                    moved = true;
                }
            }
        }
        let ended = queues.iter().zip(heads).all(|(queue, head)| head == queue.len());
        if ended && tokens == [0; 4] {
            Ok(())
        } else {
            Err(ProgramError::Tokens)
        }
    }
}

/// Appends instructions and inserts the tokens that keep them in the order they were appended.
///
/// Instructions of one module are in order by nature. Where the module changes, the last
/// instruction of the old one gives a token to the first of the new one; between load and store,
/// which are no neighbours, a NOP of the compute module passes it on.
#[derive(Clone, Debug)]
pub struct ProgramBuilder {
    geometry: Geometry,
    instructions: Vec<Instruction>,
}

impl ProgramBuilder {
    /// A builder of programs for cards of this geometry.
    pub fn new(geometry: Geometry) -> Self {
        Self {
            geometry,
            instructions: Vec::new(),
        }
    }

    /// The geometry.
    pub fn geometry(&self) -> &Geometry {
        &self.geometry
    }

    /// Instructions so far, inserted ones included.
    pub fn len(&self) -> usize {
        self.instructions.len()
    }

    /// Whether nothing was appended yet.
    pub fn is_empty(&self) -> bool {
        self.instructions.is_empty()
    }

    /// Appends an operation.
    ///
    /// # Errors
    /// A malformed operation, or one that does not fit the geometry; the builder is as before.
    pub fn push(&mut self, operation: Operation) -> Result<(), ProgramError> {
        let instruction = Instruction {
            dependencies: Dependencies::default(),
            operation,
        };
        let index = self.instructions.len();
        instruction
            .check_form()
            .map_err(|error| ProgramError::Encoding { index, error })?;
        instruction
            .check_operands(&self.geometry)
            .map_err(|error| ProgramError::Operand { index, error })?;
        self.append(operation);
        Ok(())
    }

    /// Appends a LOAD.
    ///
    /// # Errors
    /// As [`ProgramBuilder::push`].
    pub fn load(&mut self, load: Load) -> Result<(), ProgramError> {
        self.push(Operation::Load(load))
    }

    /// Appends a FILL.
    ///
    /// # Errors
    /// As [`ProgramBuilder::push`].
    pub fn fill(&mut self, fill: Fill) -> Result<(), ProgramError> {
        self.push(Operation::Fill(fill))
    }

    /// Appends a GEMM.
    ///
    /// # Errors
    /// As [`ProgramBuilder::push`].
    pub fn gemm(&mut self, gemm: Gemm) -> Result<(), ProgramError> {
        self.push(Operation::Gemm(gemm))
    }

    /// Appends a VECTOR.
    ///
    /// # Errors
    /// As [`ProgramBuilder::push`].
    pub fn vector(&mut self, vector: Vector) -> Result<(), ProgramError> {
        self.push(Operation::Vector(vector))
    }

    /// Appends a STORE.
    ///
    /// # Errors
    /// As [`ProgramBuilder::push`].
    pub fn store(&mut self, store: Store) -> Result<(), ProgramError> {
        self.push(Operation::Store(store))
    }

    /// Appends FINISH and gives the program.
    ///
    /// # Errors
    /// [`ProgramError::Finish`] if a FINISH was pushed by hand.
    pub fn finish(mut self) -> Result<Program, ProgramError> {
        self.append(Operation::Finish);
        Program::new(self.instructions)
    }

    fn append(&mut self, operation: Operation) {
        let module = operation.module();
        let mut dependencies = Dependencies::default();
        if let Some(last) = self.instructions.last().map(|last| last.operation.module()) {
            match (last, module) {
                (Module::Load, Module::Store) | (Module::Store, Module::Load) => {
                    self.append(Operation::Nop(Module::Compute));
                    return self.append(operation);
                }
                (Module::Load, Module::Compute) | (Module::Compute, Module::Store) => {
                    dependencies.pop_prev = true;
                    self.give(|tokens| tokens.push_next = true);
                }
                (Module::Compute, Module::Load) | (Module::Store, Module::Compute) => {
                    dependencies.pop_next = true;
                    self.give(|tokens| tokens.push_prev = true);
                }
                _ => {}
            }
        }
        self.instructions.push(Instruction {
            dependencies,
            operation,
        });
    }

    fn give(&mut self, set: impl FnOnce(&mut Dependencies)) {
        if let Some(last) = self.instructions.last_mut() {
            set(&mut last.dependencies);
        }
    }
}
