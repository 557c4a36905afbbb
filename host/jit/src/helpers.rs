//! The functions that machine code calls. None of them unwinds.
#![allow(unsafe_code)]

use crate::record::{NOT_GROWN, Record};
use core::panic::AssertUnwindSafe;
use revm::{
    context_interface::Host,
    interpreter::{
        CallInput, InstructionContext, InstructionResult, InstructionTable, Interpreter,
        interpreter::{EthInterpreter, num_words},
        interpreter_types::{Jumps, MemoryTr, ReturnData},
    },
    primitives::U256,
};
use std::panic::catch_unwind;

/// What [`instruction`] gives where the frame goes on.
const GOES_ON: u64 = 0;
/// And where it does not.
const ENDED: u64 = crate::record::Exit::Ended as u64;
/// For instructions after which nothing goes on elsewhere.
pub(crate) const NO_NEXT: u64 = u64::MAX;

impl Record {
    /// Takes over what an instruction may have moved.
    #[inline]
    fn refresh(&mut self, interpreter: &Interpreter<EthInterpreter>) {
        let (memory, bytes) = {
            let memory = interpreter.memory.context_memory();
            (memory.as_ptr().cast_mut(), memory.len() as u64)
        };
        if memory != self.memory {
            self.memory = memory;
            // Call data may lie in the caller's memory, which is the same allocation.
            if let CallInput::SharedBuffer(range) = &interpreter.input.input
                && !range.is_empty()
            {
                self.input = interpreter.memory.global_slice(range.clone()).as_ptr();
            }
        }
        self.memory_bytes = bytes;
        self.memory_words_below = bytes.saturating_sub(31);
        self.return_bytes = interpreter.return_data.buffer().len() as u64;
    }
}

/// Executes an instruction whose static gas has been taken. Gas and stack are in the record before and after; a frame
/// that is suspended goes on at `next`.
pub(crate) extern "C" fn instruction<H: Host>(record: *mut Record, opcode: u64, next: u64) -> u64 {
    // SAFETY: machine code gives the pointer that `enter` gave it, and nobody else uses what it points to meanwhile.
    let record = unsafe { &mut *record };
    // SAFETY: `enter` made these pointers from references that live longer than the record, and of these types.
    let (interpreter, host, instructions) = unsafe {
        (
            &mut *record.interpreter,
            &mut *record.host.cast::<H>(),
            &*record.instructions.cast::<InstructionTable<EthInterpreter, H>>(),
        )
    };
    // SAFETY: both point into the stack's allocation, `top` not below its bottom.
    let length = unsafe { record.top.offset_from_unsigned(record.stack) };
    // SAFETY: machine code keeps the stack within its capacity, and has written all words below the top.
    unsafe { interpreter.stack.data_mut().set_len(length) };
    interpreter.gas.set_remaining(record.gas);
    if next != NO_NEXT {
        interpreter.bytecode.absolute_jump(next as usize);
    }
    let instruction = instructions[opcode as usize & 0xff];
    let executed = catch_unwind(AssertUnwindSafe(|| {
        instruction.execute(InstructionContext {
            interpreter: &mut *interpreter,
            host,
        })
    }));
    record.gas = interpreter.gas.remaining();
    match executed {
        Ok(Ok(())) => {
            record.refresh(interpreter);
            GOES_ON
        }
        Ok(Err(result)) => {
            record.ended = result;
            ENDED
        }
        Err(panic) => {
            record.panic = Some(panic);
            ENDED
        }
    }
}

/// Makes memory reach to `offset + bytes`, where `high` are the other limbs of the offset. Gives what is left of `gas`,
/// or [`NOT_GROWN`] with nothing changed where that cannot be paid.
///
/// `rest` has been taken for instructions of the segment that are still to come, and the interpreter would have it yet.
/// So the frame ends in each of these cases, and the record says how; unless an instruction in between finds another
/// reason, which only the interpreter can tell.
pub(crate) extern "C" fn grow<H: Host>(
    record: *mut Record,
    offset: u64,
    high: u64,
    bytes: u64,
    gas: u64,
    rest: u64,
) -> u64 {
    // SAFETY: as in `instruction`.
    let record = unsafe { &mut *record };
    // SAFETY: as in `instruction`.
    let (interpreter, host) = unsafe { (&mut *record.interpreter, &mut *record.host.cast::<H>()) };
    let grown = catch_unwind(AssertUnwindSafe(|| {
        if high != 0 {
            return Err(InstructionResult::InvalidOperandOOG);
        }
        let words = num_words((offset as usize).saturating_add(bytes as usize));
        if words <= interpreter.gas.memory().words_num {
            return Ok(gas);
        }
        if interpreter.memory.limit_reached(words) {
            return Err(InstructionResult::MemoryLimitOOG);
        }
        let total = host.gas_params().memory_cost(words);
        let cost = total.saturating_sub(interpreter.gas.memory().expansion_cost);
        let Some(left) = gas.checked_sub(cost) else {
            let at_once = gas.saturating_add(rest) < cost;
            return Err(if at_once {
                InstructionResult::MemoryOOG
            } else {
                InstructionResult::OutOfGas
            });
        };
        interpreter.gas.memory_mut().set_words_num(words, total);
        interpreter.memory.resize(words * 32);
        record.refresh(interpreter);
        Ok(left)
    }));
    match grown {
        Ok(Ok(left)) => left,
        Ok(Err(reason)) => {
            record.ended = reason;
            NOT_GROWN
        }
        Err(panic) => {
            record.panic = Some(panic);
            NOT_GROWN
        }
    }
}

/// Puts a word of call data, zeros where it has ended, into the first of the record's words.
pub(crate) extern "C" fn input_word(record: *mut Record, offset: u64) {
    // SAFETY: as in `instruction`.
    let record = unsafe { &mut *record };
    let mut word = [0; 32];
    if let Some(left @ 1..) = record.input_bytes.checked_sub(offset) {
        let present = left.min(32) as usize;
        // SAFETY: so many bytes of call data there are from there on; nothing writes while they are read.
        let input = unsafe { core::slice::from_raw_parts(record.input.add(offset as usize), present) };
        word[..present].copy_from_slice(input);
    }
    record.words[0] = U256::from_be_bytes(word);
}
