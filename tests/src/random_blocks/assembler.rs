//! From [`Program`]s to bytecode: no optimisation, labels of two bytes, data behind the code.
//!
//! Memory of a frame: the word at 0 is [`Value::Last`], call data is built from 0x20 on, the word at 0x140
//! is [`Value::Returned`], init code and returned bytes are copied to 0x160.

use super::program::{Call, Input, Program, Statement, Value};
use alloy_primitives::U256;
use revm::bytecode::opcode as op;

const LAST: u64 = 0;
const INPUT: u64 = 0x20;
/// Words of call data beyond this many would run into the returned word.
const INPUT_WORDS: usize = 9;
const RETURNED: u64 = 0x140;
const BYTES: u64 = 0x160;

/// The bytecode of a program.
pub fn assemble(program: &Program) -> Vec<u8> {
    let mut assembler = Assembler::default();
    assembler.program(program);
    assembler.finish()
}

/// A place in the code or its data, by its number.
type Label = usize;

#[derive(Default)]
struct Assembler {
    code: Vec<u8>,
    /// Where each label is, once it is known.
    labels: Vec<usize>,
    /// Operands to be filled in.
    uses: Vec<(usize, Label)>,
    data: Vec<(Label, Vec<u8>)>,
}

impl Assembler {
    fn finish(mut self) -> Vec<u8> {
        self.code.push(op::STOP);
        for (label, bytes) in std::mem::take(&mut self.data) {
            self.labels[label] = self.code.len();
            self.code.extend(bytes);
        }
        for (at, label) in self.uses {
            let place = u16::try_from(self.labels[label]).expect("generated code is far below 64 KiB");
            self.code[at..at + 2].copy_from_slice(&place.to_be_bytes());
        }
        self.code
    }

    fn op(&mut self, op: u8) {
        self.code.push(op);
    }

    /// The shortest PUSH, but never PUSH0, which not every fork has.
    fn push(&mut self, number: U256) {
        let bytes = number.to_be_bytes::<32>();
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count().min(31);
        let significant = &bytes[zeros..];
        self.op(op::PUSH1 + (significant.len() - 1) as u8);
        self.code.extend(significant);
    }

    fn number(&mut self, number: u64) {
        self.push(U256::from(number));
    }

    fn label(&mut self) -> Label {
        self.labels.push(0);
        self.labels.len() - 1
    }

    fn push_label(&mut self, label: Label) {
        self.op(op::PUSH2);
        self.uses.push((self.code.len(), label));
        self.code.extend([0, 0]);
    }

    fn place(&mut self, label: Label) {
        self.labels[label] = self.code.len();
        self.op(op::JUMPDEST);
    }

    /// Copies bytes to memory.
    fn bytes(&mut self, bytes: Vec<u8>, to: u64) {
        let label = self.label();
        self.number(bytes.len() as u64);
        self.push_label(label);
        self.number(to);
        self.op(op::CODECOPY);
        self.data.push((label, bytes));
    }

    fn store(&mut self, to: u64) {
        self.number(to);
        self.op(op::MSTORE);
    }

    fn load(&mut self, from: u64) {
        self.number(from);
        self.op(op::MLOAD);
    }

    fn program(&mut self, program: &Program) {
        for statement in program {
            self.statement(statement);
        }
    }

    fn values(&mut self, values: &[Value]) {
        for value in values.iter().rev() {
            self.value(value);
        }
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Constant(number) => self.push(*number),
            Value::Op(op, operands) => {
                self.values(operands);
                self.op(*op);
            }
            Value::CodeWord(of) => {
                self.number(32);
                self.number(0);
                self.number(INPUT);
                self.value(of);
                self.op(op::EXTCODECOPY);
                self.load(INPUT);
            }
            Value::Last => self.load(LAST),
            Value::Returned => self.load(RETURNED),
        }
    }

    fn statement(&mut self, statement: &Statement) {
        match statement {
            Statement::Op(op, operands) => {
                self.values(operands);
                self.op(*op);
            }
            Statement::Log(topics, data) => {
                self.value(data);
                self.store(INPUT);
                // The data is in memory before the topics are computed; a topic that reads code would
                // overwrite it, which is as good a log as any.
                self.values(topics);
                self.number(32);
                self.number(INPUT);
                self.op(op::LOG0 + topics.len() as u8);
            }
            Statement::LogBytes(topic, bytes) => {
                self.bytes(bytes.to_vec(), BYTES);
                self.value(topic);
                self.number(bytes.len() as u64);
                self.number(BYTES);
                self.op(op::LOG1);
            }
            Statement::Call(call) => self.call(call),
            Statement::Create { salt, value, init } => {
                let init = assemble(init);
                let length = init.len() as u64;
                self.bytes(init, BYTES);
                if let Some(salt) = salt {
                    self.value(salt);
                }
                self.number(length);
                self.number(BYTES);
                self.value(value);
                self.op(if salt.is_some() { op::CREATE2 } else { op::CREATE });
                self.store(LAST);
            }
            Statement::If(condition, then) => {
                let end = self.label();
                self.value(condition);
                self.op(op::ISZERO);
                self.push_label(end);
                self.op(op::JUMPI);
                self.program(then);
                self.place(end);
            }
            Statement::Forever => {
                let start = self.label();
                self.place(start);
                self.push_label(start);
                self.op(op::JUMP);
            }
            Statement::Revert(data) => self.word(data, op::REVERT),
            Statement::Return(data) => self.word(data, op::RETURN),
            Statement::Deploy(program) => self.returned(assemble(program)),
            Statement::ReturnBytes(bytes) => self.returned(bytes.to_vec()),
            Statement::ReturnZeros(length) => {
                self.number(*length);
                self.number(BYTES);
                self.op(op::RETURN);
            }
        }
    }

    fn word(&mut self, data: &Value, op: u8) {
        self.value(data);
        self.store(INPUT);
        self.number(32);
        self.number(INPUT);
        self.op(op);
    }

    fn returned(&mut self, bytes: Vec<u8>) {
        let length = bytes.len() as u64;
        self.bytes(bytes, BYTES);
        self.number(length);
        self.number(BYTES);
        self.op(op::RETURN);
    }

    fn call(&mut self, call: &Call) {
        let (from, length) = match &call.input {
            Input::Words(words) => {
                for (index, word) in words.iter().take(INPUT_WORDS).enumerate() {
                    self.value(word);
                    self.store(INPUT + 32 * index as u64);
                }
                (INPUT, 32 * words.len().min(INPUT_WORDS) as u64)
            }
            Input::Bytes(bytes) => {
                self.bytes(bytes.to_vec(), BYTES);
                (BYTES, bytes.len() as u64)
            }
        };
        self.number(32);
        self.number(RETURNED);
        self.number(length);
        self.number(from);
        if matches!(call.op, op::CALL | op::CALLCODE) {
            self.value(&call.value);
        }
        self.value(&call.to);
        match &call.gas {
            Some(gas) => self.value(gas),
            None => self.op(op::GAS),
        }
        self.op(call.op);
        self.store(LAST);
    }
}
