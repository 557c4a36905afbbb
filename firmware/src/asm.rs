//! Programs as text: one instruction a line, `name key=value … [tokens]`.
//!
//! ```text
//! load.a base=0 pitch=4 row=0 col=0 rows=16 cols=64 from=input+0 row_stride=64 col_stride=1 dtype=u8 zero=128 [push_next]
//! load_tiles.b base=0 pitch=0 rows=1 cols=4 from=resident+0 row_stride=0 dtype=i8 zero=0
//! gemm m=1 n=1 k=4 acc=0 acc_pitch=1 a=0 a_pitch=4 a_step=1 b=0 b_pitch=1 b_step=1 accumulate=0 shift=0 [pop_prev]
//! ```
//!
//! An instruction's name says its module, so the lines of the three streams may be mixed: only the order
//! within a stream counts. Numbers are decimal. Every key of an instruction must be there, in any order, once. What
//! follows a `#` is a comment. Disassembling gives the canonical order, so text and instructions
//! turn into each other and back.

mod names;
mod read;
mod write;

use crate::isa::Instruction;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use read::read;

/// What is wrong with a line of assembly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AsmError {
    /// The line, from 1 on.
    pub line: usize,
    /// What is wrong, in words.
    pub reason: String,
}

impl fmt::Display for AsmError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.reason)
    }
}

impl core::error::Error for AsmError {}

/// Reads instructions from text.
///
/// # Errors
/// The first line that is no well-formed instruction.
pub fn assemble(text: &str) -> Result<Vec<Instruction>, AsmError> {
    let mut instructions = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let code = line.split('#').next().unwrap_or_default().trim();
        if !code.is_empty() {
            let instruction = read(code).map_err(|reason| AsmError {
                line: index + 1,
                reason,
            })?;
            instructions.push(instruction);
        }
    }
    Ok(instructions)
}

/// Writes instructions as text, one a line.
pub fn disassemble<'a>(instructions: impl IntoIterator<Item = &'a Instruction>) -> String {
    let mut text = String::new();
    for instruction in instructions {
        text.push_str(&instruction.to_string());
        text.push('\n');
    }
    text
}
