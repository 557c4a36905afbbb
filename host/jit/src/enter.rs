//! From the interpreter into native code and back.
#![allow(unsafe_code)]

use crate::{
    arithmetic,
    executable::Executable,
    helpers,
    plan::Entry,
    record::{Exit, Record},
};
use core::{mem, ptr::NonNull};
use revm::{
    context_interface::Host,
    interpreter::{
        GasTable, InstructionResult, InstructionTable, Interpreter, InterpreterAction,
        interpreter::{EthInterpreter, STACK_LIMIT},
        interpreter_types::{InputsTr, Jumps, LoopControl, ReturnData},
    },
    primitives::U256,
};
use std::panic::resume_unwind;

/// How a frame went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// In native code from where it began to its action.
    Native,
    /// In native code, and then in the interpreter because a region had no code.
    Missing,
    /// In native code, and then in the interpreter for another reason.
    Deoptimised,
    /// In the interpreter from the beginning: native code has no entry there, or its region has no code.
    Interpreted,
}

/// [`Glue::way_in`](crate::glue::Glue::way_in).
type WayIn = extern "C" fn(*mut Record, function: *const u8, entry: u64) -> u64;

/// Runs a frame from where its instruction pointer stands until it has an action. `missing` is asked when a region has
/// no code, and says whether it has now.
pub(crate) fn run<H: Host>(
    executable: &Executable,
    interpreter: &mut Interpreter<EthInterpreter>,
    instructions: &InstructionTable<EthInterpreter, H>,
    gas: &GasTable,
    host: &mut H,
    missing: &mut dyn FnMut(usize) -> bool,
) -> (InterpreterAction, Way) {
    let pc = interpreter.bytecode.pc();
    let entry = u32::try_from(pc).ok().and_then(|pc| executable.plan().entry(pc));
    let Some(mut entry) = entry.filter(|_| interpreter.stack.data().capacity() >= STACK_LIMIT) else {
        return (interpreter.run_plain(instructions, gas, host), Way::Interpreted);
    };
    // In and out again would cost every frame of a region that is not compiled yet, or never.
    if !executable.has(entry.region()) && !missing(entry.region()) {
        return (interpreter.run_plain(instructions, gas, host), Way::Interpreted);
    }
    let mut record = Record::new(executable, interpreter, instructions, host);
    // SAFETY: the bytes there are the machine code of a function of this type.
    let way_in = unsafe { mem::transmute::<*const u8, WayIn>(executable.glue().way_in.start()) };
    let (exit, pc) = loop {
        let function = executable.function(entry.region());
        let code = way_in(&raw mut record, function, u64::from(entry.raw()));
        match Exit::from_code(code) {
            Some((Exit::Missing, _)) => {
                entry = Entry::from_raw(record.entry as u32);
                if !missing(entry.region()) || !executable.has(entry.region()) {
                    break (Exit::Missing, executable.plan().pc(entry) as usize);
                }
            }
            Some(exit) => break exit,
            // An instruction that ends a frame said that it goes on.
            None => {
                record.ended = InstructionResult::FatalExternalError;
                break (Exit::Ended, 0);
            }
        }
    };
    let Record {
        gas: left,
        top,
        stack,
        ended,
        panic,
        ..
    } = record;
    if let Some(panic) = panic {
        resume_unwind(panic);
    }
    if !matches!(exit, Exit::Ended | Exit::OutOfGas) {
        interpreter.gas.set_remaining(left);
        // SAFETY: both point into the stack's allocation, `top` not below its bottom.
        let length = unsafe { top.offset_from_unsigned(stack) };
        // SAFETY: machine code keeps the stack within its capacity, and has written all words below the top.
        unsafe { interpreter.stack.data_mut().set_len(length) };
    }
    let way = match exit {
        Exit::Ended => {
            if interpreter.bytecode.action().is_none() {
                interpreter.halt(ended);
            }
            return (interpreter.take_next_action(), Way::Native);
        }
        Exit::InvalidJump | Exit::OutOfGas => {
            interpreter.halt(match exit {
                Exit::OutOfGas => InstructionResult::OutOfGas,
                _ => InstructionResult::InvalidJump,
            });
            return (interpreter.take_next_action(), Way::Native);
        }
        Exit::Deoptimise => Way::Deoptimised,
        Exit::Missing => Way::Missing,
    };
    interpreter.bytecode.absolute_jump(pc);
    (interpreter.run_plain(instructions, gas, host), way)
}

impl Record {
    fn new<H: Host>(
        executable: &Executable,
        interpreter: &mut Interpreter<EthInterpreter>,
        instructions: &InstructionTable<EthInterpreter, H>,
        host: &mut H,
    ) -> Self {
        let stack = interpreter.stack.data_mut().as_mut_ptr();
        let length = interpreter.stack.len();
        // An empty input may name a place beyond all memory.
        let (input, input_bytes) = if interpreter.input.input.is_empty() {
            (NonNull::<u8>::dangling().as_ptr().cast_const(), 0)
        } else {
            let input = interpreter.input.input.as_bytes_memory(&interpreter.memory);
            (input.as_ptr(), input.len() as u64)
        };
        let (memory, memory_bytes) = {
            let memory = interpreter.memory.context_memory();
            (memory.as_ptr().cast_mut(), memory.len() as u64)
        };
        let targets = executable.plan().targets();
        Self {
            gas: interpreter.gas.remaining(),
            // SAFETY: the stack has so many words.
            top: unsafe { stack.add(length) },
            stack,
            // SAFETY: the stack has room for so many words, as `run` has looked.
            stack_end: unsafe { stack.add(STACK_LIMIT) },
            memory,
            memory_bytes,
            memory_words_below: memory_bytes.saturating_sub(31),
            input,
            input_bytes,
            input_words_below: input_bytes.saturating_sub(31),
            return_bytes: interpreter.return_data.buffer().len() as u64,
            targets: targets.as_ptr(),
            code_bytes: targets.len() as u64,
            regions: executable.functions(),
            entry: 0,
            target: 0,
            address: interpreter.input.target_address().into_word().into(),
            caller: interpreter.input.caller_address().into_word().into(),
            value: interpreter.input.call_value(),
            words: [U256::ZERO; 3],
            instruction: helpers::instruction::<H>,
            grow: helpers::grow::<H>,
            input_word: helpers::input_word,
            arithmetic: arithmetic::FUNCTIONS.as_ptr(),
            interpreter,
            host: core::ptr::from_mut(host).cast(),
            instructions: core::ptr::from_ref(instructions).cast(),
            ended: InstructionResult::Stop,
            panic: None,
        }
    }
}
