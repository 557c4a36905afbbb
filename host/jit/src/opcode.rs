//! What the compiler knows of each instruction of the EVM (Yellow Paper, appendix H, and the EIPs that came after).

use revm::{
    bytecode::opcode as op,
    primitives::hardfork::SpecId::{self, *},
};

/// How an instruction is compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Into machine code. It neither observes gas nor can it fail, but for memory that it makes grow.
    Inline,
    /// Into a call of revm's function, which observes gas, may use more of it, and may fail.
    Call,
    /// Into a call of revm's function, which only pushes what holds for the whole transaction.
    Constant,
    /// As [`Kind::Call`]; the frame is suspended while another one runs, and goes on after the instruction.
    Suspend,
    /// As [`Kind::Call`]; the frame ends.
    End,
    /// A jump.
    Jump,
    /// A jump on a condition.
    JumpIf,
}

/// What an instruction takes and gives, and how it is compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Form {
    /// Words that have to be on the stack.
    pub(crate) pops: u16,
    /// Words that are there in their place afterwards.
    pub(crate) pushes: u16,
    /// How it is compiled.
    pub(crate) kind: Kind,
}

impl Form {
    /// Whether a segment of gas ends behind it: what follows is charged once it is known that it is reached.
    pub(crate) const fn ends_segment(self) -> bool {
        !matches!(self.kind, Kind::Inline | Kind::Constant)
    }

    /// Whether nothing behind it is reached from it in machine code but through a block of its own.
    pub(crate) const fn ends_path(self) -> bool {
        matches!(self.kind, Kind::Suspend | Kind::End | Kind::Jump)
    }
}

/// The form of an instruction in a fork; `None` where the interpreter executes it, because the fork does not have it
/// or because nobody has taught the compiler.
///
/// What Constantinople brought is revm's from Petersburg on, because it has no fork of the former name.
pub(crate) fn form(opcode: u8, spec: SpecId) -> Option<Form> {
    use Kind::*;
    let (pops, pushes, kind, since) = match opcode {
        op::STOP => (0, 0, End, FRONTIER),
        op::ADD..=op::SMOD => (2, 1, Inline, FRONTIER),
        op::ADDMOD | op::MULMOD => (3, 1, Inline, FRONTIER),
        op::EXP => (2, 1, Call, FRONTIER),
        op::SIGNEXTEND | op::LT..=op::EQ | op::AND..=op::XOR | op::BYTE => (2, 1, Inline, FRONTIER),
        op::ISZERO | op::NOT => (1, 1, Inline, FRONTIER),
        op::SHL..=op::SAR => (2, 1, Inline, PETERSBURG),
        op::CLZ => (1, 1, Inline, OSAKA),
        op::KECCAK256 => (2, 1, Call, FRONTIER),
        op::ADDRESS | op::CALLER | op::CALLVALUE | op::CALLDATASIZE | op::CODESIZE => {
            (0, 1, Inline, FRONTIER)
        }
        op::RETURNDATASIZE => (0, 1, Inline, BYZANTIUM),
        op::CALLDATALOAD => (1, 1, Inline, FRONTIER),
        op::BALANCE | op::EXTCODESIZE | op::BLOCKHASH | op::SLOAD => (1, 1, Call, FRONTIER),
        op::EXTCODEHASH => (1, 1, Call, PETERSBURG),
        op::CALLDATACOPY | op::CODECOPY => (3, 0, Call, FRONTIER),
        op::RETURNDATACOPY => (3, 0, Call, BYZANTIUM),
        op::EXTCODECOPY => (4, 0, Call, FRONTIER),
        op::ORIGIN | op::GASPRICE | op::COINBASE..=op::GASLIMIT => (0, 1, Constant, FRONTIER),
        op::CHAINID => (0, 1, Constant, ISTANBUL),
        op::BASEFEE => (0, 1, Constant, LONDON),
        op::BLOBBASEFEE => (0, 1, Constant, CANCUN),
        op::SELFBALANCE => (0, 1, Call, ISTANBUL),
        op::BLOBHASH => (1, 1, Call, CANCUN),
        op::POP => (1, 0, Inline, FRONTIER),
        op::MLOAD => (1, 1, Inline, FRONTIER),
        op::MSTORE | op::MSTORE8 => (2, 0, Inline, FRONTIER),
        op::SSTORE => (2, 0, Call, FRONTIER),
        op::JUMP => (1, 0, Jump, FRONTIER),
        op::JUMPI => (2, 0, JumpIf, FRONTIER),
        op::PC | op::MSIZE => (0, 1, Inline, FRONTIER),
        // It pushes the gas that is left, so a segment has to end with it.
        op::GAS => (0, 1, Call, FRONTIER),
        op::JUMPDEST => (0, 0, Inline, FRONTIER),
        op::TLOAD => (1, 1, Call, CANCUN),
        op::TSTORE => (2, 0, Call, CANCUN),
        op::MCOPY => (3, 0, Call, CANCUN),
        op::PUSH0 => (0, 1, Inline, SHANGHAI),
        op::PUSH1..=op::PUSH32 => (0, 1, Inline, FRONTIER),
        op::DUP1..=op::DUP16 => {
            let depth = u16::from(opcode - op::DUP1) + 1;
            (depth, depth + 1, Inline, FRONTIER)
        }
        op::SWAP1..=op::SWAP16 => {
            let depth = u16::from(opcode - op::SWAP1) + 2;
            (depth, depth, Inline, FRONTIER)
        }
        op::LOG0..=op::LOG4 => (u16::from(opcode - op::LOG0) + 2, 0, Call, FRONTIER),
        op::CREATE => (3, 1, Suspend, FRONTIER),
        op::CALL | op::CALLCODE => (7, 1, Suspend, FRONTIER),
        op::RETURN => (2, 0, End, FRONTIER),
        op::DELEGATECALL => (6, 1, Suspend, HOMESTEAD),
        op::CREATE2 => (4, 1, Suspend, PETERSBURG),
        op::STATICCALL => (6, 1, Suspend, BYZANTIUM),
        op::REVERT => (2, 0, End, BYZANTIUM),
        op::SELFDESTRUCT => (1, 0, End, FRONTIER),
        _ => return None,
    };
    spec.is_enabled_in(since).then_some(Form { pops, pushes, kind })
}

/// How many bytes of the code an instruction has as its operand.
pub(crate) fn immediate_bytes(opcode: u8) -> usize {
    match opcode {
        op::PUSH1..=op::PUSH32 => usize::from(opcode - op::PUSH0),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stack_effects_are_those_of_revm() {
        for opcode in 0..=u8::MAX {
            let Some(form) = form(opcode, SpecId::AMSTERDAM) else {
                continue;
            };
            let info = op::OpCode::new(opcode).expect("a known instruction");
            assert_eq!(
                (info.inputs(), info.outputs()),
                (form.pops as u8, form.pushes as u8),
                "{info}"
            );
            assert_eq!(
                usize::from(info.info().immediate_size()),
                immediate_bytes(opcode),
                "{info}"
            );
        }
    }

    #[test]
    fn every_instruction_of_osaka_is_known_but_invalid() {
        for opcode in 0..=u8::MAX {
            let known = op::OpCode::new(opcode).is_some();
            // Amsterdam brings DUPN, SWAPN, EXCHANGE and SLOTNUM; INVALID fails.
            let left = matches!(
                opcode,
                op::DUPN | op::SWAPN | op::EXCHANGE | op::SLOTNUM | op::INVALID
            );
            assert_eq!(
                form(opcode, SpecId::OSAKA).is_some(),
                known && !left,
                "{opcode:#04x}"
            );
        }
    }
}
