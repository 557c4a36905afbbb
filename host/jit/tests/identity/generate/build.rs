//! Makes programs instruction by instruction, and keeps count of the stack.

use crate::{
    instructions::{Kind, operand, operands, since, stack},
    program::{Item, Program, Word},
    source::Source,
};
use revm::{
    bytecode::opcode as op,
    primitives::{U256, hardfork::SpecId},
};

/// Most words that call data has.
const MOST_INPUT: usize = 24;

/// A program that grows.
#[derive(Debug)]
pub(crate) struct Builder {
    pub(crate) source: Source,
    pub(crate) spec: SpecId,
    pub(crate) program: Program,
    /// Words on the stack, as far as control flow lets us know.
    pub(crate) depth: usize,
    labels: u16,
}

impl Builder {
    pub(crate) fn new(source: Source, spec: SpecId) -> Self {
        Self {
            source,
            spec,
            program: Program::default(),
            depth: 0,
            labels: 0,
        }
    }

    /// A name for a label that is not yet placed.
    pub(crate) fn label(&mut self) -> u16 {
        self.labels += 1;
        self.labels
    }

    /// Places a label.
    pub(crate) fn place(&mut self, label: u16) {
        self.program.items.push(Item::Label(label));
    }

    /// An instruction with what lies on the stack.
    pub(crate) fn op(&mut self, opcode: u8) {
        let (takes, leaves) = stack(opcode);
        self.depth = self.depth.saturating_sub(takes) + leaves;
        self.program.items.push(Item::Op(opcode));
    }

    /// One of these instructions with what lies on the stack.
    pub(crate) fn one_of(&mut self, opcodes: &[u8]) {
        let opcode = self.source.pick(opcodes);
        self.op(opcode);
    }

    /// Several of them.
    pub(crate) fn ops(&mut self, opcodes: &[u8]) {
        for opcode in opcodes {
            self.op(*opcode);
        }
    }

    /// PUSH of a constant: in few bytes, or in more than it needs.
    pub(crate) fn push(&mut self, value: impl TryInto<U256, Error: std::fmt::Debug>) {
        let value: U256 = value.try_into().expect("it fits");
        self.depth += 1;
        let short = (value.byte_len() as u8).max(1);
        let width = match self.source.below(8) {
            0 => short.max(self.source.pick(&[2, 3, 4, 8, 20, 32])),
            1 | 2 if value.is_zero() && self.spec.is_enabled_in(SpecId::SHANGHAI) => 0,
            _ => short,
        };
        self.program.items.push(match width {
            0 => Item::Op(op::PUSH0),
            _ => Item::Push { width, value },
        });
    }

    /// A value of which nothing is known until the program runs.
    pub(crate) fn unknown(&mut self, value: U256) {
        if self.source.one_in(2) && self.program.input.len() < MOST_INPUT {
            self.push_input(Word::Value(value));
        } else {
            self.push(value);
            let at = U256::from(32 * self.source.below(3));
            self.push(at);
            self.op(op::MSTORE);
            self.push(at);
            self.op(op::MLOAD);
        }
    }

    /// The next word of call data.
    pub(crate) fn push_input(&mut self, word: Word) {
        self.push(U256::from(32 * self.program.input.len()));
        self.program.input.push(word);
        self.op(op::CALLDATALOAD);
    }

    /// A constant or a value that is not known.
    pub(crate) fn value(&mut self, value: U256) {
        if self.source.one_in(3) {
            self.unknown(value);
        } else {
            self.push(value);
        }
    }

    /// An operand of a kind: mostly new, sometimes what lies on the stack, or a register of the machine.
    pub(crate) fn operand(&mut self, kind: Kind) {
        match self.source.below(16) {
            0 if self.depth > 0 => {
                let depth = self.source.below(self.depth.min(16)) as u8;
                self.op(op::DUP1 + depth);
            }
            1 => {
                let opcode = match kind {
                    Kind::Gas => op::GAS,
                    Kind::Account => op::ADDRESS,
                    Kind::Offset => op::MSIZE,
                    Kind::Size => op::CALLDATASIZE,
                    Kind::Value => op::CALLVALUE,
                    Kind::Word | Kind::Slot => op::CALLER,
                    Kind::Number => op::NUMBER,
                    Kind::Back if self.spec.is_enabled_in(SpecId::BYZANTIUM) => op::RETURNDATASIZE,
                    Kind::Back => op::PC,
                    Kind::Index | Kind::Exponent | Kind::Source => op::PC,
                };
                self.op(opcode);
            }
            _ => {
                let value = operand(kind, &mut self.source);
                self.value(value);
            }
        }
    }

    /// An instruction with operands of its own.
    pub(crate) fn instruction(&mut self, opcode: u8) {
        self.operands(operands(opcode));
        self.op(opcode);
    }

    /// New operands, the top of the stack first. Two words are the same once in a while.
    pub(crate) fn operands(&mut self, kinds: &[Kind]) {
        if kinds == [Kind::Word, Kind::Word] && self.source.one_in(4) {
            let value = operand(Kind::Word, &mut self.source);
            self.value(value);
            self.value(value);
            return;
        }
        for kind in kinds.iter().rev() {
            self.operand(*kind);
        }
    }

    /// Whether the fork has an instruction. Once in a while one that it has not is let through.
    pub(crate) fn has(&mut self, opcode: u8) -> bool {
        self.spec.is_enabled_in(since(opcode)) || self.source.one_in(60)
    }

    /// Makes the top of the stack seen: appends it to memory, or puts it into storage or a log.
    pub(crate) fn keep(&mut self) {
        match self.source.below(12) {
            0 => {
                let slot = U256::from(self.source.below(5));
                self.push(slot);
                self.op(op::SSTORE);
            }
            1 => {
                self.push(0u8);
                self.push(0u8);
                self.op(op::LOG1);
            }
            _ => self.ops(&[op::MSIZE, op::MSTORE]),
        }
    }

    /// Keeps all of the stack that is known, so many words at most.
    pub(crate) fn keep_all(&mut self, most: usize) {
        for _ in 0..self.depth.min(most) {
            self.ops(&[op::MSIZE, op::MSTORE]);
        }
    }

    /// One of the ways in which code ends.
    pub(crate) fn end(&mut self) {
        match self.source.below(24) {
            0 => self.op(op::STOP),
            1 => {}
            2 => self.op(op::INVALID),
            3 => self.instruction(op::SELFDESTRUCT),
            // A PUSH that the end of the code cuts off.
            4 => {
                let width = self.source.below(32) as u8;
                let bytes = self.source.below(usize::from(width) + 1);
                let cut = [vec![op::PUSH1 + width], vec![op::JUMPDEST; bytes]].concat();
                self.program.items.push(Item::Bytes(cut));
            }
            5 => self.instruction(op::RETURN),
            6..=8 if self.spec.is_enabled_in(SpecId::BYZANTIUM) => self.give_memory(op::REVERT),
            _ => self.give_memory(op::RETURN),
        }
    }

    /// Returns all of memory, or reverts with it.
    pub(crate) fn give_memory(&mut self, opcode: u8) {
        self.op(op::MSIZE);
        self.push(0u8);
        self.op(opcode);
    }

    /// PUSH of where a label is, in one of the forms that a compiler has to see through or to leave alone.
    pub(crate) fn push_target(&mut self, label: u16) {
        let plain = Item::PushLabel {
            label,
            add: 0,
            xor: 0,
        };
        match self.source.below(20) {
            // No PUSH names it.
            0 => {
                let xor = self.source.pick(&[0x5555u16, 0xff, 0x1000]);
                self.push(xor);
                self.program.items.push(Item::PushLabel { label, add: 0, xor });
                self.depth += 1;
                self.op(op::XOR);
            }
            1 => {
                let add = 1 + self.source.below(40) as i16;
                self.program.items.push(Item::PushLabel {
                    label,
                    add: -add,
                    xor: 0,
                });
                self.depth += 1;
                self.push(add as u16);
                self.op(op::ADD);
            }
            2 if self.program.input.len() < MOST_INPUT => self.push_input(Word::Label(label)),
            // Through memory.
            3 => {
                self.program.items.push(plain);
                self.depth += 1;
                self.push(0u8);
                self.op(op::MSTORE);
                self.push(0u8);
                self.op(op::MLOAD);
            }
            // Through the stack.
            4 if self.depth > 0 => {
                self.program.items.push(plain);
                self.depth += 1;
                self.ops(&[op::SWAP1, op::SWAP1]);
            }
            5 => {
                self.program.items.push(plain);
                self.depth += 1;
                self.ops(&[op::DUP1, op::POP]);
            }
            _ => {
                self.program.items.push(plain);
                self.depth += 1;
            }
        }
    }
}
