//! Programs: three streams of instructions, one a module, and a builder that inserts the tokens.
//!
//! In card memory a program is a header of [`HEADER_BYTES`], then the streams of load, compute and
//! store, one after the other. The header's words: the counts of load (bits 0 to 31) and compute (32 to
//! 63), the count of store, and two of zero. Each module has a fetcher of its own, so a module that waits
//! for a token never keeps another's instructions from coming, however small the buffers between.

use crate::capabilities::Geometry;
use crate::check::OperandError;
use crate::encoding::{EncodingError, INSTRUCTION_BYTES, INSTRUCTION_WORDS};
use crate::isa::{
    Dependencies, Fill, Gemm, Instruction, Load, LoadTiles, Module, Operation, Store, StoreTiles, Vector,
};
use alloc::vec::Vec;
use core::fmt;

/// Bytes of a program's header: the place of one instruction.
pub const HEADER_BYTES: usize = INSTRUCTION_BYTES;

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
    /// An instruction lies in the stream of a module that does not run it.
    Stream {
        /// Its index.
        index: usize,
        /// The module whose stream it is in.
        module: Module,
    },
    /// There is no instruction.
    Empty,
    /// The header's counts and zeroes do not fit the bytes after it.
    Header,
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
            Self::Stream { index, module } => {
                write!(f, "instruction {index} is none that the {module:?} module runs")
            }
            Self::Empty => f.write_str("a program has at least one instruction"),
            Self::Header => f.write_str("the program's header does not fit its length"),
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

/// A program whose form is valid: well-formed instructions, each in its module's stream.
///
/// Where an instruction has an index, as in errors and completions, the streams count one after the
/// other, load first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    streams: [Vec<Instruction>; 3],
}

impl Program {
    /// Takes instructions as a program; those of one module keep their order.
    ///
    /// # Errors
    /// A malformed instruction (its index counts as given here), or none at all. Tokens and operands
    /// are apart: [`Program::check_tokens`], [`Program::check_operands`].
    pub fn new(instructions: impl IntoIterator<Item = Instruction>) -> Result<Self, ProgramError> {
        let mut streams = [Vec::new(), Vec::new(), Vec::new()];
        for (index, instruction) in instructions.into_iter().enumerate() {
            instruction
                .check_form()
                .map_err(|error| ProgramError::Encoding { index, error })?;
            streams[instruction.operation.module() as usize].push(instruction);
        }
        if streams.iter().all(Vec::is_empty) {
            return Err(ProgramError::Empty);
        }
        Ok(Self { streams })
    }

    /// Reads a program from bytes, as it lies in card memory.
    ///
    /// # Errors
    /// As [`Program::new`], a length that is no whole number of instructions, or a header that does not
    /// fit it.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ProgramError> {
        let (chunks, rest) = bytes.as_chunks::<INSTRUCTION_BYTES>();
        if !rest.is_empty() {
            return Err(ProgramError::Length(bytes.len()));
        }
        let (header, encoded) = chunks.split_first().ok_or(ProgramError::Header)?;
        let counts = stream_lengths(header).filter(|counts| counts.iter().sum::<usize>() == encoded.len());
        let counts = counts.ok_or(ProgramError::Header)?;
        if encoded.is_empty() {
            return Err(ProgramError::Empty);
        }
        let mut all = encoded.iter().enumerate();
        let mut streams = [Vec::new(), Vec::new(), Vec::new()];
        for ((module, stream), count) in Module::ALL.into_iter().zip(&mut streams).zip(counts) {
            for (index, bytes) in all.by_ref().take(count) {
                let instruction = Instruction::from_bytes(bytes)
                    .map_err(|error| ProgramError::Encoding { index, error })?;
                if instruction.operation.module() != module {
                    return Err(ProgramError::Stream { index, module });
                }
                stream.push(instruction);
            }
        }
        Ok(Self { streams })
    }

    /// The program as it lies in card memory.
    pub fn to_bytes(&self) -> Vec<u8> {
        let [load, compute, store] = self.streams.each_ref().map(|stream| stream.len() as u64);
        let header: [u64; INSTRUCTION_WORDS] = [load | compute << 32, store, 0, 0];
        let header: [u8; HEADER_BYTES] = bytemuck::cast(header.map(u64::to_le));
        let mut bytes = Vec::with_capacity(HEADER_BYTES + self.len() * INSTRUCTION_BYTES);
        bytes.extend(header);
        bytes.extend(self.instructions().flat_map(Instruction::to_bytes));
        bytes
    }

    /// The instructions of one module, in order.
    pub fn stream(&self, module: Module) -> &[Instruction] {
        &self.streams[module as usize]
    }

    /// All instructions, stream by stream.
    pub fn instructions(&self) -> impl Iterator<Item = &Instruction> {
        self.streams.iter().flatten()
    }

    /// Number of instructions, at least 1.
    #[allow(clippy::len_without_is_empty, reason = "no program is empty")]
    pub fn len(&self) -> usize {
        self.streams.iter().map(Vec::len).sum()
    }

    /// Checks every instruction's operands against a card's geometry.
    ///
    /// # Errors
    /// The first instruction that does not fit.
    pub fn check_operands(&self, geometry: &Geometry) -> Result<(), ProgramError> {
        for (index, instruction) in self.instructions().enumerate() {
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
        let mut heads = [0; 3];
        let mut tokens = [0_u32; 4];
        let mut moved = true;
        while moved {
            moved = false;
            for (stream, head) in self.streams.iter().zip(&mut heads) {
                while let Some(instruction) = stream.get(*head) {
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
        let ended = self
            .streams
            .iter()
            .zip(heads)
            .all(|(stream, head)| head == stream.len());
        if ended && tokens == [0; 4] {
            Ok(())
        } else {
            Err(ProgramError::Tokens)
        }
    }
}

/// The lengths of the three streams that a header tells of, unless one of its zeroes is none.
pub fn stream_lengths(header: &[u8; HEADER_BYTES]) -> Option<[usize; 3]> {
    let words: [u64; INSTRUCTION_WORDS] = bytemuck::cast(*header);
    let [first, store, zero, also_zero] = words.map(u64::from_le);
    if store >> 32 != 0 || zero != 0 || also_zero != 0 {
        return None;
    }
    Some([first as u32 as usize, (first >> 32) as usize, store as usize])
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

    /// Appends a LOAD_TILES.
    ///
    /// # Errors
    /// As [`ProgramBuilder::push`].
    pub fn load_tiles(&mut self, load: LoadTiles) -> Result<(), ProgramError> {
        self.push(Operation::LoadTiles(load))
    }

    /// Appends a STORE_TILES.
    ///
    /// # Errors
    /// As [`ProgramBuilder::push`].
    pub fn store_tiles(&mut self, store: StoreTiles) -> Result<(), ProgramError> {
        self.push(Operation::StoreTiles(store))
    }

    /// Gives the program.
    ///
    /// # Errors
    /// [`ProgramError::Empty`] if nothing was appended.
    pub fn finish(self) -> Result<Program, ProgramError> {
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
