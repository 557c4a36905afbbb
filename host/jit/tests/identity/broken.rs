//! Runners that are broken on purpose, each in a way in which compiled code could be: all of them have to be found, or
//! the comparison is blind.

use crate::{
    check::Pair,
    generate::Trial,
    machine::{Runner, Runners},
    report,
    shrink::{MANY, shrunk},
    source::Source,
};
use revm::{
    bytecode::opcode as op,
    context_interface::Host,
    interpreter::{
        GasTable, InstructionResult, InstructionTable, Interpreter, InterpreterAction,
        interpreter::EthInterpreter,
        interpreter_types::{InputsTr, Jumps, LoopControl},
    },
    primitives::{U256, hardfork::SpecId},
};

/// Programs in which each fault is found: a tenth of what `tests/run` tries.
const PROGRAMS: u64 = 10_000;

/// A way to be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// ADDMOD costs one more.
    Gas,
    /// GAS gives one less after memory grew.
    ObservedGas,
    /// Running out of gas within memory growth is called something else.
    Reason,
    /// A frame that ran out of gas, at an instruction of a block that was paid for as a whole, is let go on.
    UnpaidGas,
    /// SSTORE gives a refund.
    Refund,
    /// SIGNEXTEND of a byte above 15 loses a bit.
    Word,
    /// MUL, ADD or SUB of a true comparison right before it takes the boolean for something else: a pair.
    AfterAnother,
    /// MSTORE8 writes its neighbour as well.
    Memory,
    /// MSIZE is a word short where memory is larger than 4 KiB.
    MemorySize,
    /// LOG3's last topic loses its highest bit.
    Log,
    /// SSTORE of a value of more than 64 bits stores its lower half.
    Storage,
    /// A slot is loaded that was not asked for, and is warm from then on.
    Warmth,
    /// TSTORE is let through in a static call.
    Static,
    /// JUMPI looks at the lowest 64 bits of its condition.
    Condition,
    /// JUMP looks at the lowest 32 bits of its target.
    Target,
    /// The stack may have 1025 words.
    Overflow,
    /// A JUMPDEST that lies behind the first 256 bytes is charged nothing.
    Place,
    /// RETURNDATASIZE gives at most a thousand bytes.
    ReturnData,
    /// CLZ is executed by forks that lack it.
    Fork,
    /// A panic.
    Panic,
}

const FAULTS: [Fault; 20] = [
    Fault::Gas,
    Fault::ObservedGas,
    Fault::Reason,
    Fault::UnpaidGas,
    Fault::Refund,
    Fault::Word,
    Fault::AfterAnother,
    Fault::Memory,
    Fault::MemorySize,
    Fault::Log,
    Fault::Storage,
    Fault::Warmth,
    Fault::Static,
    Fault::Condition,
    Fault::Target,
    Fault::Overflow,
    Fault::Place,
    Fault::ReturnData,
    Fault::Fork,
    Fault::Panic,
];

/// An interpreter that does one thing wrong.
struct Broken {
    fault: Fault,
    /// The instruction before this one.
    last: u8,
}

impl Runners for Fault {
    type Runner = Broken;

    fn runner(&self, _spec: SpecId, _gas: &GasTable) -> Broken {
        Broken {
            fault: *self,
            last: op::STOP,
        }
    }
}

type Evm = Interpreter<EthInterpreter>;

/// Changes the word so far below the top, where there is one.
fn change(interpreter: &mut Evm, below: usize, with: impl FnOnce(U256) -> U256) {
    let words = interpreter.stack.data_mut();
    if let Some(at) = words.len().checked_sub(1 + below) {
        words[at] = with(words[at]);
    }
}

fn top(interpreter: &Evm, below: usize) -> U256 {
    let words = interpreter.stack.data();
    words
        .len()
        .checked_sub(1 + below)
        .map_or(U256::ZERO, |at| words[at])
}

impl Broken {
    /// What goes wrong before an instruction.
    fn before<H: Host>(&self, opcode: u8, interpreter: &mut Evm, host: &mut H) {
        let low = |bits: usize| move |word: U256| word & ((U256::from(1) << bits) - U256::from(1));
        match (self.fault, opcode) {
            (Fault::Log, op::LOG3) => change(interpreter, 4, |word| word & (U256::MAX >> 1)),
            (Fault::Storage, op::SSTORE) => change(interpreter, 1, low(128)),
            (Fault::Condition, op::JUMPI) => change(interpreter, 1, low(64)),
            (Fault::Target, op::JUMP) => change(interpreter, 0, low(32)),
            (Fault::Static, op::TSTORE) => interpreter.runtime_flag.is_static = false,
            (Fault::Fork, op::CLZ) => interpreter.runtime_flag.spec_id = SpecId::OSAKA,
            (Fault::Warmth, op::LOG0) => {
                let address = interpreter.input.target_address();
                let _ = host.sload(address, U256::from(9));
            }
            (Fault::Place, op::JUMPDEST) if interpreter.bytecode.pc() > 256 => interpreter.gas.erase_cost(1),
            (Fault::UnpaidGas, op::DIV | op::MULMOD) if interpreter.gas.remaining() < 8 => {
                interpreter.gas.erase_cost(8);
            }
            (Fault::Panic, op::SAR) if top(interpreter, 0) > U256::from(256) => {
                panic!("a shift beyond the word")
            }
            _ => {}
        }
    }

    /// What goes wrong after one.
    fn after(&self, opcode: u8, interpreter: &mut Evm, taken: [U256; 2], memory: usize) {
        match (self.fault, opcode) {
            (Fault::Gas, op::ADDMOD) => {
                let remaining = interpreter.gas.remaining();
                interpreter.gas.set_remaining(remaining.saturating_sub(1));
            }
            (Fault::ObservedGas, op::GAS) if self.last == op::MLOAD => {
                change(interpreter, 0, |word| word - U256::from(1));
            }
            (Fault::Refund, op::SSTORE) => interpreter.gas.record_refund(1),
            (Fault::Word, op::SIGNEXTEND) if taken[0] > U256::from(15) => {
                change(interpreter, 0, |word| word & !(U256::ONE << 130_usize));
            }
            (Fault::AfterAnother, op::ADD..=op::SUB)
                if taken[0] == U256::from(1) && (op::LT..=op::ISZERO).contains(&self.last) =>
            {
                change(interpreter, 0, |word| word ^ U256::from(2));
            }
            (Fault::Memory, op::MSTORE8) => {
                let at = usize::try_from(taken[0]).unwrap_or(0) ^ 1;
                interpreter.memory.set_byte(at, 0xa5);
            }
            (Fault::MemorySize, op::MSIZE) if memory > 4096 => {
                change(interpreter, 0, |word| word - U256::from(32));
            }
            (Fault::ReturnData, op::RETURNDATASIZE) => {
                change(interpreter, 0, |word| word.min(U256::from(1000)));
            }
            _ => {}
        }
    }

    /// What an error becomes; nothing where it is overlooked.
    fn error(&self, error: InstructionResult, interpreter: &Evm) -> Option<InstructionResult> {
        match (self.fault, error) {
            (Fault::Reason, InstructionResult::MemoryOOG) => Some(InstructionResult::OutOfGas),
            (Fault::Overflow, InstructionResult::StackOverflow) if interpreter.stack.len() == 1024 => None,
            _ => Some(error),
        }
    }
}

impl Runner for Broken {
    fn run<H: Host>(
        &mut self,
        interpreter: &mut Evm,
        instructions: &InstructionTable<EthInterpreter, H>,
        gas: &GasTable,
        host: &mut H,
    ) -> InterpreterAction {
        loop {
            let opcode = interpreter.bytecode.opcode();
            let taken = [top(interpreter, 0), top(interpreter, 1)];
            let flags = interpreter.runtime_flag;
            self.before(opcode, interpreter, host);
            let result = interpreter.step(instructions, gas, host);
            interpreter.runtime_flag = flags;
            let memory = interpreter.memory.len();
            match result {
                Ok(()) => self.after(opcode, interpreter, taken, memory),
                Err(error) if interpreter.bytecode.action().is_none() => {
                    if let Some(error) = self.error(error, interpreter) {
                        interpreter.halt(error);
                    }
                }
                Err(_) => {}
            }
            self.last = opcode;
            if interpreter.bytecode.action().is_some() {
                return interpreter.take_next_action();
            }
        }
    }
}

/// Most parts that a shrunk program has: the widest fault needs five operands, or a loop that fills the stack.
fn most_parts(fault: Fault) -> usize {
    match fault {
        Fault::Overflow => 40,
        Fault::Place => 300,
        Fault::Static | Fault::ReturnData => 24,
        _ => 12,
    }
}

#[test]
fn runners_that_are_broken_on_purpose_are_found_and_shrunk() {
    std::panic::set_hook(Box::new(|panic| {
        if !panic.to_string().contains("a shift beyond the word") {
            eprintln!("{panic}");
        }
    }));
    let mut missed = Vec::new();
    for fault in FAULTS {
        let mut pair = Pair::new(fault);
        let found = (0..PROGRAMS).find_map(|seed| {
            let trial = Trial::of_seed(seed);
            let found = pair.check(&trial, &mut Source::of_seed(!seed)).err();
            found.map(|found| (seed, *found))
        });
        let Some((seed, found)) = found else {
            missed.push(format!("{fault:?} is not found in {PROGRAMS} programs"));
            continue;
        };
        let before = found.trial.program.items.len();
        let small = shrunk(found, MANY, |trial| pair.differs(trial));
        let after = small.trial.program.items.len();
        let tried = pair.done.programs;
        println!("{fault:?}: program {tried}, {before} parts, {after} when shrunk");
        if after > most_parts(fault) {
            missed.push(format!("{fault:?} is not shrunk:\n{}", report::of(seed, &small)));
        }
        // What the report says brings the difference back.
        let line = report::line(&small);
        let again = Trial::of_execution(&line.parse().expect("the line can be read"));
        assert!(pair.differs(&again).is_some(), "{fault:?}: {line}");
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}
