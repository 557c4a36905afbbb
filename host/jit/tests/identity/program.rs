//! Programs as the generator and the shrinker see them: instructions and labels, so that jumps follow their targets
//! when something between is removed.

use revm::{
    bytecode::opcode::{self, OPCODE_INFO},
    primitives::U256,
};
use std::{collections::HashMap, fmt::Write};

/// A part of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Item {
    /// One byte: an instruction without an immediate, or anything else.
    Op(u8),
    /// PUSH1 to PUSH32 with the lower bytes of a value.
    Push {
        /// How many bytes, 1 to 32.
        width: u8,
        /// The value.
        value: U256,
    },
    /// PUSH2 of `(where the label is + add) ^ xor`.
    PushLabel {
        /// Which.
        label: u16,
        /// Added to it: not 0 for jumps beside a target.
        add: i16,
        /// What the program undoes with XOR: not 0 for targets that no PUSH names.
        xor: u16,
    },
    /// A JUMPDEST and its name.
    Label(u16),
    /// Bytes as they are: immediates of other instructions, PUSHes that the end of the code cuts off, data.
    Bytes(Vec<u8>),
}

/// A word of call data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    /// A number.
    Value(U256),
    /// Where a label is.
    Label(u16),
}

/// A program and its call data.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Program {
    /// The code.
    pub(crate) items: Vec<Item>,
    /// The call data.
    pub(crate) input: Vec<Word>,
    /// Bytes of the last word of call data that are left off.
    pub(crate) cut: u8,
}

/// Where a label is that the program does not have: never in the code, whose length is below.
const NOWHERE: u16 = 0xfffe;

impl Item {
    /// PUSH of a value in as few bytes as hold it.
    pub(crate) fn push(value: U256) -> Self {
        Self::Push {
            width: (value.byte_len() as u8).max(1),
            value,
        }
    }

    /// The byte that it begins with.
    pub(crate) fn opcode(&self) -> u8 {
        match self {
            Self::Op(byte) => *byte,
            Self::Push { width, .. } => opcode::PUSH0 + width,
            Self::PushLabel { .. } => opcode::PUSH2,
            Self::Label(_) => opcode::JUMPDEST,
            Self::Bytes(bytes) => bytes.first().copied().unwrap_or(opcode::STOP),
        }
    }

    /// How many bytes it becomes.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Op(_) | Self::Label(_) => 1,
            Self::Push { width, .. } => 1 + usize::from(*width),
            Self::PushLabel { .. } => 3,
            Self::Bytes(bytes) => bytes.len(),
        }
    }
}

impl Program {
    /// Where each label is; the first one of a name counts.
    fn places(&self) -> HashMap<u16, u16> {
        let (mut places, mut at) = (HashMap::new(), 0);
        for item in &self.items {
            if let Item::Label(label) = item {
                places.entry(*label).or_insert(at as u16);
            }
            at += item.len();
        }
        places
    }

    /// The bytecode.
    pub(crate) fn code(&self) -> Vec<u8> {
        let places = self.places();
        let mut code = Vec::new();
        for item in &self.items {
            match item {
                Item::Op(byte) => code.push(*byte),
                Item::Label(_) => code.push(opcode::JUMPDEST),
                Item::Bytes(bytes) => code.extend_from_slice(bytes),
                Item::Push { width, value } => {
                    code.push(opcode::PUSH0 + width);
                    code.extend_from_slice(&value.to_be_bytes::<32>()[32 - usize::from(*width)..]);
                }
                Item::PushLabel { label, add, xor } => {
                    let place = places.get(label).copied().unwrap_or(NOWHERE);
                    code.push(opcode::PUSH2);
                    code.extend_from_slice(&(place.wrapping_add_signed(*add) ^ xor).to_be_bytes());
                }
            }
        }
        code
    }

    /// The call data.
    pub(crate) fn input(&self) -> Vec<u8> {
        let places = self.places();
        let mut input = Vec::with_capacity(32 * self.input.len());
        for word in &self.input {
            let value = match word {
                Word::Value(value) => *value,
                Word::Label(label) => U256::from(places.get(label).copied().unwrap_or(NOWHERE)),
            };
            input.extend_from_slice(&value.to_be_bytes::<32>());
        }
        input.truncate(input.len().saturating_sub(usize::from(self.cut)));
        input
    }

    /// Bytecode taken apart, so that it can be shrunk: a PUSH of where a JUMPDEST is becomes a label.
    pub(crate) fn of_code(code: &[u8]) -> Self {
        let starts = instructions(code);
        let targets: HashMap<usize, u16> = starts
            .iter()
            .filter(|at| code[**at] == opcode::JUMPDEST)
            .zip(0..)
            .map(|(at, label)| (*at, label))
            .collect();
        let mut items = Vec::new();
        for at in starts {
            let byte = code[at];
            let width = immediate(byte);
            let bytes = code.get(at + 1..at + 1 + width);
            items.push(match (byte, bytes) {
                (opcode::JUMPDEST, _) => Item::Label(targets[&at]),
                (opcode::PUSH1..=opcode::PUSH32, Some(bytes)) => {
                    let value = U256::from_be_slice(bytes);
                    let label = usize::try_from(value)
                        .ok()
                        .and_then(|target| targets.get(&target));
                    match label {
                        Some(label) if width == 2 => Item::PushLabel {
                            label: *label,
                            add: 0,
                            xor: 0,
                        },
                        _ => Item::Push {
                            width: width as u8,
                            value,
                        },
                    }
                }
                (_, Some([])) => Item::Op(byte),
                _ => Item::Bytes(code[at..code.len().min(at + 1 + width)].to_vec()),
            });
        }
        Self {
            items,
            ..Self::default()
        }
    }
}

/// Immediate bytes of an instruction that the analysis of jump targets skips: those of PUSH alone.
fn immediate(byte: u8) -> usize {
    match byte {
        opcode::PUSH1..=opcode::PUSH32 => usize::from(byte - opcode::PUSH0),
        _ => 0,
    }
}

/// Where instructions begin.
fn instructions(code: &[u8]) -> Vec<usize> {
    let (mut starts, mut at) = (Vec::new(), 0);
    while at < code.len() {
        starts.push(at);
        at += 1 + immediate(code[at]);
    }
    starts
}

/// One instruction a line, with its place.
pub(crate) fn disassembly(code: &[u8]) -> String {
    let mut text = String::new();
    for at in instructions(code) {
        let byte = code[at];
        let end = code.len().min(at + 1 + immediate(byte));
        let _ = match OPCODE_INFO[usize::from(byte)] {
            Some(info) => write!(text, "  {at:#06x} {}", info.name()),
            None => write!(text, "  {at:#06x} byte {byte:#04x}"),
        };
        if end > at + 1 {
            let _ = write!(text, " 0x{}", revm::primitives::hex::encode(&code[at + 1..end]));
        }
        text.push('\n');
    }
    text
}
