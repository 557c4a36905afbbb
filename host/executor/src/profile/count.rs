//! The inspector that counts.

use super::{
    Code,
    code::of_frame,
    counts::{Counts, Entered, FrameCount, OPCODES, Places, at},
};
use alloy_evm::{Database, eth::EthEvmContext};
use metisvm_vm::{ChainSpec, MetisPrecompiles};
use revm::{
    Inspector,
    context_interface::{ContextTr, Transaction},
    handler::FrameResult,
    interpreter::{
        FrameInput, Interpreter, InterpreterAction,
        interpreter::EthInterpreter,
        interpreter_types::{Jumps, LoopControl},
    },
};
use std::cell::Cell;

/// Counts what one block executes.
pub(super) struct Counter<'a> {
    pub(super) spec: &'a ChainSpec,
    pub(super) precompiles: MetisPrecompiles,
    pub(super) places: &'a mut Places,
    pub(super) counts: &'a mut Counts,
    /// The transaction that is being executed.
    pub(super) transaction: &'a Cell<Option<usize>>,
    pub(super) frames: Vec<Frame>,
}

/// A frame that is being executed.
pub(super) struct Frame {
    entered: Entered,
    what: Code,
    gas_limit: u64,
    /// What frames that it called have used.
    called_gas: u64,
    /// What its instructions have used.
    own_gas: u64,
    instructions: u64,
    /// The instruction before, for pairs.
    previous: Option<u8>,
    opcode: u8,
    /// The gas before the instruction.
    before: u64,
}

/// The gas that a frame which is about to begin has.
fn limit_of(input: &FrameInput) -> u64 {
    match input {
        FrameInput::Call(inputs) => inputs.gas_limit,
        FrameInput::Create(inputs) => inputs.gas_limit(),
        FrameInput::Empty => 0,
    }
}

fn reservoir_of(input: &FrameInput) -> u64 {
    match input {
        FrameInput::Call(inputs) => inputs.reservoir,
        FrameInput::Create(inputs) => inputs.reservoir(),
        FrameInput::Empty => 0,
    }
}

impl<DB: Database> Inspector<EthEvmContext<DB>> for Counter<'_> {
    #[inline]
    fn step(&mut self, interpreter: &mut Interpreter<EthInterpreter>, _: &mut EthEvmContext<DB>) {
        let Some(frame) = self.frames.last_mut() else {
            return;
        };
        let opcode = interpreter.bytecode.opcode();
        frame.opcode = opcode;
        frame.before = interpreter.gas.remaining();
        frame.instructions += 1;
        self.counts.opcodes[usize::from(opcode)].count += 1;
        if let Some(previous) = frame.previous.replace(opcode) {
            self.counts.pairs[usize::from(previous) * OPCODES + usize::from(opcode)] += 1;
        }
    }

    #[inline]
    fn step_end(&mut self, interpreter: &mut Interpreter<EthInterpreter>, _: &mut EthEvmContext<DB>) {
        let Some(frame) = self.frames.last_mut() else {
            return;
        };
        let mut gas = frame.before.saturating_sub(interpreter.gas.remaining());
        if interpreter.bytecode.is_end() {
            match interpreter.bytecode.action() {
                // What goes on to the new frame is that one's, including what a call with value gives it on top (the
                // stipend), which the instruction has paid for with much more.
                Some(InterpreterAction::NewFrame(input)) => gas = gas.saturating_sub(limit_of(input)),
                // An instruction that halts takes what the frame has left; that is counted as the frame ends.
                Some(InterpreterAction::Return(result)) if result.result.is_halt() => gas = 0,
                _ => (),
            }
        }
        self.counts.opcodes[usize::from(frame.opcode)].gas += gas;
        frame.own_gas += gas;
    }

    fn frame_start(
        &mut self,
        context: &mut EthEvmContext<DB>,
        input: &mut FrameInput,
    ) -> Option<FrameResult> {
        let gas_limit = limit_of(input);
        if self.frames.is_empty()
            && let Some(index) = self.transaction.get()
        {
            let given = gas_limit.saturating_add(reservoir_of(input));
            let intrinsic = context.tx().gas_limit().saturating_sub(given);
            self.counts.transactions[index].intrinsic = intrinsic;
        }
        let parent = self.frames.last().map(|frame| frame.entered.node);
        let (call, bytecode) = of_frame(input, context, &self.precompiles);
        let entered = self.places.enter(self.spec, parent, call, bytecode);
        self.frames.push(Frame {
            entered,
            what: call.code,
            gas_limit,
            called_gas: 0,
            own_gas: 0,
            instructions: 0,
            previous: None,
            opcode: 0,
            before: 0,
        });
        None
    }

    fn frame_end(&mut self, _: &mut EthEvmContext<DB>, _: &FrameInput, result: &mut FrameResult) {
        let Some(frame) = self.frames.pop() else { return };
        let halted = result.instruction_result().is_halt();
        let gas = result.gas();
        let spent = if halted {
            frame.gas_limit
        } else {
            frame.gas_limit.saturating_sub(gas.remaining())
        };
        let own = spent.saturating_sub(frame.called_gas);
        let kinds = &mut self.counts.kinds;
        kinds.instructions += frame.own_gas;
        // Of what no instruction has taken.
        let rest = own as i64 - frame.own_gas as i64;
        match frame.what {
            Code::Precompile(_) => kinds.precompiles += own,
            _ if halted => kinds.halts += rest.max(0) as u64,
            _ => kinds.ends += rest,
        }
        let counted = FrameCount {
            frames: 1,
            instructions: frame.instructions,
            gas: own,
        };
        let Entered { node, folded, code } = frame.entered;
        at(&mut self.counts.codes, code).add(counted);
        // A frame without a path of its own is no frame of the one that it counts for.
        let frames = u64::from(!folded);
        at(&mut self.counts.nodes, node as usize).add(FrameCount { frames, ..counted });
        self.counts.folded_frames += u64::from(folded);
        match self.frames.last_mut() {
            Some(caller) => caller.called_gas += spent,
            None => {
                if let Some(index) = self.transaction.get() {
                    let transaction = &mut self.counts.transactions[index];
                    transaction.frames = spent;
                    let succeeded = result.instruction_result().is_ok();
                    transaction.refund = if succeeded {
                        gas.refunded().max(0) as u64
                    } else {
                        0
                    };
                }
            }
        }
    }
}
