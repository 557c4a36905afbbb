//! Arbitrary statements and init codes, made of the few addresses and slots that everything in a block is
//! about, and of whatever can be read there.

use super::{
    chain::Fork,
    contracts::{Contracts, FUNCTIONS},
    program::{Call, Input, Program, Statement, Value},
};
use alloy_primitives::Bytes;
use revm::bytecode::opcode as op;

pub(crate) fn number(number: u64) -> Value {
    Value::number(number)
}

pub(crate) fn argument(index: u64) -> Value {
    Value::Op(op::CALLDATALOAD, vec![number(32 * index)])
}

pub(crate) fn load(slot: Value) -> Value {
    Value::Op(op::SLOAD, vec![slot])
}

pub(crate) fn store(slot: Value, value: Value) -> Statement {
    Statement::Op(op::SSTORE, vec![slot, value])
}

pub(crate) fn add(a: Value, b: Value) -> Value {
    Value::Op(op::ADD, vec![a, b])
}

pub(crate) fn modulo(value: Value, modulus: u64) -> Value {
    Value::Op(op::MOD, vec![value, number(modulus)])
}

pub(crate) fn increment(slot: Value) -> Statement {
    store(slot.clone(), add(load(slot), number(1)))
}

pub(crate) fn send(to: Value, value: Value, gas: Option<Value>) -> Statement {
    Statement::Call(Call {
        op: op::CALL,
        to,
        value,
        gas,
        input: Input::Words(Vec::new()),
    })
}

impl Contracts<'_> {
    /// The fork of the chain.
    pub(crate) fn fork(&self) -> Fork {
        self.world.chain.fork
    }

    /// As much gas as a call can give away. Before EIP-150 there is no sixty-fourth kept back, and to ask for
    /// all of it is an error.
    pub(crate) fn all_gas(&self) -> Option<Value> {
        (self.fork() < Fork::Tangerine).then(|| number(30_000))
    }

    /// An init code: something happens, and what remains is arbitrary code, or too much of it, or none.
    pub(crate) fn init(&mut self, depth: u32) -> Program {
        let length = self.rng.below(3);
        let mut program = self.program(length, depth.saturating_sub(1));
        let length = 1 + self.rng.below(3);
        program.push(match self.rng.below(16) {
            0 => Statement::ReturnZeros(24_577),
            1 => Statement::ReturnBytes(Bytes::from_static(&[0xef, 0x01])),
            2 => Statement::Revert(number(7)),
            3 => Statement::Op(op::SELFDESTRUCT, vec![self.address()]),
            4 => Statement::ReturnZeros(0),
            5 => Statement::Op(op::INVALID, Vec::new()),
            6..9 => {
                let shared = self.rng.pick(&self.world.shared_inits);
                return shared;
            }
            _ => Statement::Deploy(self.program(length, depth.saturating_sub(1))),
        });
        program
    }

    /// Arbitrary statements.
    pub(crate) fn program(&mut self, length: u64, depth: u32) -> Program {
        (0..length).map(|_| self.statement(depth)).collect()
    }

    fn statement(&mut self, depth: u32) -> Statement {
        match self.rng.below(32) {
            0..5 => {
                let slot = self.slot();
                increment(slot)
            }
            5..11 => store(self.slot(), self.observation()),
            11..14 => Statement::Log(
                (0..self.rng.below(3)).map(|_| self.observation()).collect(),
                self.observation(),
            ),
            14..20 => self.call(),
            20 => send(self.address(), Value::read(op::CALLVALUE), self.all_gas()),
            21 | 22 if depth > 0 => Statement::Create {
                salt: (self.fork() >= Fork::Petersburg && self.rng.one_in(2))
                    .then(|| number(self.rng.below(2))),
                value: number(self.rng.below(2)),
                init: self.init(depth),
            },
            23..26 if depth > 0 => {
                let length = 1 + self.rng.below(2);
                Statement::If(self.condition(), self.program(length, depth - 1))
            }
            26 => Statement::If(
                self.condition(),
                vec![Statement::Op(op::SELFDESTRUCT, vec![self.address()])],
            ),
            27 => Statement::If(self.condition(), vec![Statement::Revert(self.observation())]),
            28 => {
                let end = self
                    .rng
                    .pick(&[Statement::Forever, Statement::Op(op::INVALID, Vec::new())]);
                Statement::If(self.condition(), vec![end])
            }
            29 if self.fork() >= Fork::Cancun => {
                Statement::Op(op::TSTORE, vec![self.slot(), self.observation()])
            }
            30 => Statement::Return(self.observation()),
            _ => store(self.slot(), number(self.rng.below(3))),
        }
    }

    fn condition(&mut self) -> Value {
        match self.rng.below(4) {
            0 => Value::Op(op::EQ, vec![argument(0), number(self.rng.below(FUNCTIONS))]),
            1 => Value::Last,
            2 => modulo(load(self.slot()), 2),
            _ => modulo(self.observation(), 2),
        }
    }

    fn call(&mut self) -> Statement {
        let mut kinds = vec![op::CALL, op::CALL, op::CALL, op::CALLCODE];
        if self.fork() >= Fork::Homestead {
            kinds.push(op::DELEGATECALL);
        }
        if self.fork() >= Fork::Byzantium {
            kinds.push(op::STATICCALL);
        }
        let to = match self.rng.below(6) {
            0 => argument(1),
            1 => load(self.slot()),
            _ => self.world.callee(self.rng).into(),
        };
        let value = match self.rng.below(4) {
            0 => number(self.rng.below(3)),
            1 => Value::Op(
                op::DIV,
                vec![Value::Op(op::BALANCE, vec![Value::read(op::ADDRESS)]), number(2)],
            ),
            _ => number(0),
        };
        let gas = match self.rng.below(5) {
            0 => Some(number(self.rng.below(40_000))),
            1 if self.fork() >= Fork::Tangerine => {
                Some(Value::Op(op::DIV, vec![Value::read(op::GAS), number(3)]))
            }
            _ => self.all_gas(),
        };
        Statement::Call(Call {
            op: self.rng.pick(&kinds),
            to,
            value,
            gas,
            input: Input::Words(vec![number(self.rng.below(FUNCTIONS)), argument(1), argument(2)]),
        })
    }

    fn address(&mut self) -> Value {
        match self.rng.below(6) {
            0 => Value::read(op::CALLER),
            1 => Value::read(op::COINBASE),
            2 => Value::read(op::ADDRESS),
            3 => argument(1),
            _ => self.world.anyone(self.rng).into(),
        }
    }

    /// One of few slots.
    pub(crate) fn slot(&mut self) -> Value {
        match self.rng.below(10) {
            0 => Value::read(op::CALLER),
            1 => Value::read(op::ORIGIN),
            2 | 3 => modulo(argument(1), 4),
            4 => modulo(load(number(0)), 4),
            _ => number(self.rng.below(4)),
        }
    }

    /// Something that depends on the transactions before.
    pub(crate) fn observation(&mut self) -> Value {
        let fork = self.fork();
        match self.rng.below(24) {
            0..4 => load(self.slot()),
            4..7 => Value::Op(op::BALANCE, vec![self.address()]),
            7 => Value::Op(op::BALANCE, vec![Value::read(op::ADDRESS)]),
            8 if fork >= Fork::Istanbul => Value::read(op::SELFBALANCE),
            9 | 10 if fork >= Fork::Petersburg => Value::Op(op::EXTCODEHASH, vec![self.address()]),
            11 => Value::Op(op::EXTCODESIZE, vec![self.address()]),
            12 => Value::CodeWord(Box::new(self.address())),
            13 => Value::read(op::COINBASE),
            14 => {
                let back = 1 + self.rng.below(8);
                Value::Op(
                    op::BLOCKHASH,
                    vec![Value::Op(op::SUB, vec![Value::read(op::NUMBER), number(back)])],
                )
            }
            15 => Value::read(op::GAS),
            16 => add(load(self.slot()), load(self.slot())),
            17 => Value::Last,
            18 => Value::Returned,
            19 if fork >= Fork::Cancun => Value::Op(op::TLOAD, vec![self.slot()]),
            20 if fork >= Fork::Byzantium => Value::read(op::RETURNDATASIZE),
            21 if fork >= Fork::Cancun => Value::Op(op::BLOBHASH, vec![number(0)]),
            22 => Value::read(
                self.rng
                    .pick(&[op::GASPRICE, op::NUMBER, op::TIMESTAMP, op::CODESIZE]),
            ),
            _ => Value::read(op::CALLVALUE),
        }
    }
}
