//! A program as the card holds it: three streams, decoded once.

use crate::machine::go_on;
use crate::refusal::Refusal;
use metisvm_firmware::program::{HEADER_BYTES, stream_lengths};
use metisvm_firmware::{Geometry, INSTRUCTION_BYTES, Instruction, Module, Status};
use std::ops::Range;
use std::sync::atomic::AtomicBool;

/// The instructions of all streams, one stream after the other, and where each begins.
#[derive(Debug)]
pub struct Streams {
    instructions: Vec<Instruction>,
    ranges: [Range<usize>; 3],
    /// What one item costs.
    pub cost: u64,
}

impl Streams {
    /// Decodes a program of at most `limit` instructions, unless `stop` becomes true.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(bytes: &[u8], limit: u32, geometry: &Geometry, stop: &AtomicBool) -> Result<Self, Refusal> {
        let invalid = (Status::InvalidProgram, 0);
        let (header, encoded) = bytes.split_first_chunk::<HEADER_BYTES>().ok_or(invalid)?;
        let (encoded, rest) = encoded.as_chunks::<INSTRUCTION_BYTES>();
        let lengths = stream_lengths(header).ok_or(invalid)?;
        let fits = lengths.iter().sum::<usize>() == encoded.len() && rest.is_empty();
        if !fits || encoded.is_empty() || encoded.len() > limit as usize {
            return Err(invalid);
        }
        let [load, compute, _] = lengths;
        let ranges = [0..load, load..load + compute, load + compute..encoded.len()];
        let mut instructions = Vec::with_capacity(encoded.len());
        let mut cost = 0_u64;
        for (module, range) in Module::ALL.into_iter().zip(&ranges) {
            for index in range.clone() {
                let refusal = |status| (status, index as u32);
                go_on(stop).map_err(refusal)?;
                let instruction = Instruction::from_bytes(&encoded[index])
                    .ok()
                    .filter(|instruction| instruction.operation.module() == module)
                    .ok_or(refusal(Status::InvalidInstruction))?;
                cost = cost.saturating_add(instruction.operation.cost(geometry));
                instructions.push(instruction);
            }
        }
        Ok(Self {
            instructions,
            ranges,
            cost,
        })
    }

    /// Instruction `index`, counted over all streams.
    pub fn get(&self, index: u32) -> &Instruction {
        &self.instructions[index as usize]
    }

    /// The indices of a module's stream.
    pub fn range(&self, module: usize) -> Range<usize> {
        self.ranges[module].clone()
    }

    /// Number of instructions, at least 1.
    #[allow(clippy::len_without_is_empty, reason = "no program is empty")]
    pub fn len(&self) -> usize {
        self.instructions.len()
    }
}
