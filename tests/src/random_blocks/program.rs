//! Contracts as small trees: what the generator grows, the shrinker prunes and a failing case prints.
//! [`assemble`](super::assembler::assemble) turns them into bytecode.
//!
//! Every value that a contract can read (balances, code, slots, gas) is meant to end up in a slot, a log or
//! the output, so that a wrong read becomes a wrong state or receipt.

use alloy_primitives::{Bytes, U256};
use core::fmt;
use revm::bytecode::opcode::OpCode;

/// Statements, one after the other. Behind the last one execution stops with success.
pub type Program = Vec<Statement>;

/// Something that pushes one word.
#[derive(Clone, PartialEq, Eq)]
pub enum Value {
    /// A number or an address.
    Constant(U256),
    /// An opcode with one result, and its operands with the top of the stack first.
    Op(u8, Vec<Value>),
    /// The first 32 bytes of the code of an address.
    CodeWord(Box<Value>),
    /// How the last call or creation of this frame ended: its success, or the address created.
    Last,
    /// The first word that the last call returned.
    Returned,
}

/// Something that does not leave anything on the stack.
#[derive(Clone, PartialEq, Eq)]
pub enum Statement {
    /// An opcode without a result (`SSTORE`, `TSTORE`, `SELFDESTRUCT`, `INVALID`), and its operands.
    Op(u8, Vec<Value>),
    /// A log with up to four topics and one word of data.
    Log(Vec<Value>, Value),
    /// A log with one topic and these bytes.
    LogBytes(Value, Bytes),
    /// A call.
    Call(Call),
    /// `CREATE`, or `CREATE2` with a salt.
    Create {
        /// The salt of `CREATE2`.
        salt: Option<Value>,
        /// The wei that go along.
        value: Value,
        /// The init code.
        init: Program,
    },
    /// Statements that run where the condition is not zero.
    If(Value, Program),
    /// A loop that ends with the gas.
    Forever,
    /// Reverts with one word.
    Revert(Value),
    /// Returns one word.
    Return(Value),
    /// Returns the bytecode of a program: the end of an init code.
    Deploy(Program),
    /// Returns these bytes.
    ReturnBytes(Bytes),
    /// Returns so many zero bytes: as an init code, much code.
    ReturnZeros(u64),
}

/// A call of any of the four kinds.
#[derive(Clone, PartialEq, Eq)]
pub struct Call {
    /// `CALL`, `CALLCODE`, `DELEGATECALL` or `STATICCALL`.
    pub op: u8,
    /// The callee.
    pub to: Value,
    /// The wei that go along; the kinds without a value ignore it.
    pub value: Value,
    /// The gas; without it, all that there is.
    pub gas: Option<Value>,
    /// The call data.
    pub input: Input,
}

/// The call data of a call.
#[derive(Clone, PartialEq, Eq)]
pub enum Input {
    /// Words, computed.
    Words(Vec<Value>),
    /// Bytes, fixed.
    Bytes(Bytes),
}

impl Value {
    /// A small number.
    pub fn number(number: u64) -> Self {
        Self::Constant(U256::from(number))
    }

    /// An opcode without operands.
    pub const fn read(op: u8) -> Self {
        Self::Op(op, Vec::new())
    }
}

impl From<alloy_primitives::Address> for Value {
    fn from(address: alloy_primitives::Address) -> Self {
        Self::Constant(address.into_word().into())
    }
}

fn name(op: u8) -> &'static str {
    OpCode::new(op).map_or("UNKNOWN", |op| op.as_str())
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Constant(number) => write!(f, "{number:#x}"),
            Self::Op(op, operands) if operands.is_empty() => f.write_str(name(*op)),
            Self::Op(op, operands) => {
                let mut tuple = f.debug_tuple(name(*op));
                operands.iter().for_each(|operand| {
                    tuple.field(operand);
                });
                tuple.finish()
            }
            Self::CodeWord(of) => write!(f, "CodeWord({of:?})"),
            Self::Last => f.write_str("Last"),
            Self::Returned => f.write_str("Returned"),
        }
    }
}

impl fmt::Debug for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Op(op, operands) => write!(f, "{:?}", Value::Op(*op, operands.clone())),
            Self::Log(topics, data) => write!(f, "LOG{}({topics:?}, {data:?})", topics.len()),
            Self::LogBytes(topic, bytes) => write!(f, "LOG1({topic:?}, {bytes})"),
            Self::Call(call) => {
                let Call { to, value, gas, .. } = call;
                write!(f, "{}({to:?}, value {value:?}", name(call.op))?;
                if let Some(gas) = gas {
                    write!(f, ", gas {gas:?}")?;
                }
                match &call.input {
                    Input::Words(words) => write!(f, ", {words:?})"),
                    Input::Bytes(bytes) => write!(f, ", {bytes})"),
                }
            }
            Self::Create {
                salt: None,
                value,
                init,
            } => write!(f, "CREATE(value {value:?}, {init:?})"),
            Self::Create {
                salt: Some(salt),
                value,
                init,
            } => {
                write!(f, "CREATE2(value {value:?}, salt {salt:?}, {init:?})")
            }
            Self::If(condition, then) => write!(f, "If({condition:?}, {then:?})"),
            Self::Forever => f.write_str("Forever"),
            Self::Revert(data) => write!(f, "REVERT({data:?})"),
            Self::Return(data) => write!(f, "RETURN({data:?})"),
            Self::Deploy(code) => write!(f, "Deploy({code:?})"),
            Self::ReturnBytes(bytes) => write!(f, "RETURN({bytes})"),
            Self::ReturnZeros(length) => write!(f, "RETURN({length} zero bytes)"),
        }
    }
}
