//! Memory that grows: every instruction that touches it, with offsets and sizes at their edges, and MSIZE after it.

use super::build::Builder;
use crate::instructions::Kind;
use revm::{
    bytecode::opcode as op,
    primitives::{U256, hardfork::SpecId},
};

/// Everything that makes memory grow and goes on.
const GROWING: [u8; 17] = [
    op::MLOAD,
    op::MSTORE,
    op::MSTORE8,
    op::MCOPY,
    op::CALLDATACOPY,
    op::CODECOPY,
    op::EXTCODECOPY,
    op::RETURNDATACOPY,
    op::KECCAK256,
    op::LOG0,
    op::LOG1,
    op::LOG4,
    op::CREATE,
    op::CREATE2,
    op::CALL,
    op::DELEGATECALL,
    op::STATICCALL,
];

/// A program of a few of them.
pub(super) fn program(b: &mut Builder) {
    if b.source.one_in(3) {
        // Return data to copy from.
        b.push(64u8);
        b.push(0u8);
        b.push(64u8);
        b.push(0u8);
        b.push(0u8);
        b.operand(Kind::Account);
        b.push(20_000u16);
        b.ops(&[op::CALL, op::POP, op::RETURNDATASIZE]);
        b.keep();
    }
    for _ in 0..=b.source.below(4) {
        let opcode = b.source.pick(&GROWING);
        if !b.has(opcode) {
            continue;
        }
        match b.source.below(8) {
            // Nothing is touched, however far away.
            0 => nothing_far_away(b, opcode),
            // Word by word, up to the border and over it.
            1 => {
                let words = b.source.below(12);
                let at = U256::from(32 * words + b.source.below(3)).saturating_sub(U256::from(1));
                let word = b.source.word();
                b.push(word);
                b.value(at);
                b.one_of(&[op::MSTORE, op::MSTORE8]);
            }
            // Growth that takes a good part of the gas.
            2 => {
                let at = U256::from(b.source.below(60_000));
                b.value(at);
                b.ops(&[op::MLOAD, op::POP]);
            }
            _ => b.instruction(opcode),
        }
        b.op(op::MSIZE);
        b.keep();
    }
    b.keep_all(4);
    match b.source.below(4) {
        0 => b.instruction(op::RETURN),
        1 if b.spec.is_enabled_in(SpecId::BYZANTIUM) => b.instruction(op::REVERT),
        _ => b.give_memory(op::RETURN),
    }
}

/// A size of 0 with an offset that no memory has.
fn nothing_far_away(b: &mut Builder, opcode: u8) {
    for kind in crate::instructions::operands(opcode).iter().rev() {
        match kind {
            Kind::Size => b.value(U256::ZERO),
            Kind::Offset => {
                let bits = b.source.pick(&[17, 32, 63, 64, 128, 255]);
                let at = (U256::from(1) << bits) - U256::from(b.source.below(2));
                b.value(at);
            }
            kind => b.operand(*kind),
        }
    }
    b.op(opcode);
}
