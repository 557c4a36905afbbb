//! What machine code and the functions that it calls share.
//!
//! Machine code has one pointer to a [`Record`], and finds everything through it: places, bounds, and the functions
//! themselves. So code has no addresses in it and can be kept on disk.

use core::{any::Any, mem::offset_of};
use revm::{
    interpreter::{InstructionResult, Interpreter, interpreter::EthInterpreter},
    primitives::U256,
};

/// A function of one stack operand or more, which are the first of [`Record::words`]; so is its result.
pub(crate) type Arithmetic = extern "C" fn(words: &mut [U256; 3]);

/// Lies at fixed places for machine code: the layout is part of its fingerprint.
#[repr(C)]
pub(crate) struct Record {
    /// Regular gas that is left, where machine code has handed it over.
    pub(crate) gas: u64,
    /// One past the top of the stack, where machine code has handed it over.
    pub(crate) top: *mut U256,
    /// The bottom of the stack.
    pub(crate) stack: *mut U256,
    /// One past the highest word that the stack may have.
    pub(crate) stack_end: *mut U256,
    /// The memory of the frame.
    pub(crate) memory: *mut u8,
    /// How much there is of it, in bytes.
    pub(crate) memory_bytes: u64,
    /// Offsets below this one have a whole word of memory.
    pub(crate) memory_words_below: u64,
    /// The call data.
    pub(crate) input: *const u8,
    /// Its length.
    pub(crate) input_bytes: u64,
    /// Offsets below this one have a whole word of call data.
    pub(crate) input_words_below: u64,
    /// Length of what the last call returned.
    pub(crate) return_bytes: u64,
    /// [`Plan::targets`](crate::plan::Plan::targets).
    pub(crate) targets: *const u32,
    /// How many there are.
    pub(crate) code_bytes: u64,
    /// The functions of the contract's regions.
    pub(crate) regions: *const *const u8,
    /// The entry whose region has no code, after [`Exit::Missing`].
    pub(crate) entry: u64,
    /// Where a computed jump went.
    pub(crate) target: u64,
    /// `ADDRESS`.
    pub(crate) address: U256,
    /// `CALLER`.
    pub(crate) caller: U256,
    /// `CALLVALUE`.
    pub(crate) value: U256,
    /// Operands and results of functions.
    pub(crate) words: [U256; 3],
    /// Executes an instruction with revm's function: [`crate::helpers::instruction`].
    pub(crate) instruction: extern "C" fn(*mut Record, opcode: u64, next: u64) -> u64,
    /// Makes memory grow: [`crate::helpers::grow`].
    pub(crate) grow:
        extern "C" fn(*mut Record, offset: u64, high: u64, bytes: u64, gas: u64, rest: u64) -> u64,
    /// A word of call data beyond its end: [`crate::helpers::input_word`].
    pub(crate) input_word: extern "C" fn(*mut Record, offset: u64),
    /// [`crate::arithmetic::FUNCTIONS`].
    pub(crate) arithmetic: *const Arithmetic,
    // What machine code does not look at:
    /// The frame.
    pub(crate) interpreter: *mut Interpreter<EthInterpreter>,
    /// The host, of the type that the functions know.
    pub(crate) host: *mut (),
    /// The instructions, of the type that the functions know.
    pub(crate) instructions: *const (),
    /// How the last instruction of the frame ended.
    pub(crate) ended: InstructionResult,
    /// A panic of an instruction, which must not unwind into machine code.
    pub(crate) panic: Option<Box<dyn Any + Send>>,
}

macro_rules! offsets {
    ($($name:ident = $field:ident),* $(,)?) => {
        $(pub(crate) const $name: i32 = offset_of!(Record, $field) as i32;)*
        /// All of them, for the fingerprint.
        pub(crate) const OFFSETS: &[i32] = &[$($name),*];
    };
}

offsets! {
    GAS = gas,
    TOP = top,
    STACK = stack,
    STACK_END = stack_end,
    MEMORY = memory,
    MEMORY_BYTES = memory_bytes,
    MEMORY_WORDS_BELOW = memory_words_below,
    INPUT = input,
    INPUT_BYTES = input_bytes,
    INPUT_WORDS_BELOW = input_words_below,
    RETURN_BYTES = return_bytes,
    TARGETS = targets,
    CODE_BYTES = code_bytes,
    REGIONS = regions,
    ENTRY = entry,
    TARGET = target,
    ADDRESS = address,
    CALLER = caller,
    VALUE = value,
    WORDS = words,
    INSTRUCTION = instruction,
    GROW = grow,
    INPUT_WORD = input_word,
    ARITHMETIC = arithmetic,
}

/// Why machine code came back: the low byte of what it gives. The upper bytes of [`Exit::Deoptimise`] are the place in
/// the code where the interpreter goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// An instruction has ended or suspended the frame; gas and stack are with the interpreter, or do not matter.
    Ended = 1,
    /// A jump went to where it may not.
    InvalidJump = 2,
    /// The interpreter has to go on.
    Deoptimise = 3,
    /// A region has no code.
    Missing = 4,
    /// The frame is out of gas, for what instructions take whatever their operands.
    OutOfGas = 5,
}

impl Exit {
    /// The number that machine code gives.
    pub(crate) const fn code(self, pc: u32) -> u64 {
        self as u64 | (pc as u64) << 8
    }

    /// The reason and the place.
    pub(crate) const fn from_code(code: u64) -> Option<(Self, usize)> {
        let exit = match code & 0xff {
            1 => Self::Ended,
            2 => Self::InvalidJump,
            3 => Self::Deoptimise,
            4 => Self::Missing,
            5 => Self::OutOfGas,
            _ => return None,
        };
        Some((exit, (code >> 8) as usize))
    }
}

/// What [`Record::grow`] gives where memory does not grow. No frame has so much gas.
pub(crate) const NOT_GROWN: u64 = u64::MAX;
