//! Straight sequences: with operands that fit, and with what happens to lie on the stack.

use super::build::Builder;
use crate::{
    instructions::{ordinary, stack},
    program::Item,
};
use revm::bytecode::opcode as op;

/// Instructions that only compute: whatever lies on the stack is an operand.
const PURE: [u8; 27] = [
    op::ADD,
    op::MUL,
    op::SUB,
    op::DIV,
    op::SDIV,
    op::MOD,
    op::SMOD,
    op::ADDMOD,
    op::MULMOD,
    op::SIGNEXTEND,
    op::LT,
    op::GT,
    op::SLT,
    op::SGT,
    op::EQ,
    op::ISZERO,
    op::AND,
    op::OR,
    op::XOR,
    op::NOT,
    op::BYTE,
    op::SHL,
    op::SHR,
    op::SAR,
    op::CLZ,
    op::CALLDATALOAD,
    op::EXP,
];
/// What a straight program does with state, and how an instruction of each kind is chosen.
const EFFECTS: [u8; 14] = [
    op::SLOAD,
    op::SSTORE,
    op::SSTORE,
    op::TLOAD,
    op::TSTORE,
    op::MLOAD,
    op::MSTORE,
    op::MSTORE8,
    op::MCOPY,
    op::KECCAK256,
    op::LOG0,
    op::LOG2,
    op::BALANCE,
    op::GAS,
];

/// One to so many steps.
pub(super) fn sequence(b: &mut Builder, most: usize) {
    for _ in 0..=b.source.below(most) {
        step(b);
    }
}

/// An instruction, or a few that belong together.
pub(super) fn step(b: &mut Builder) {
    match b.source.below(20) {
        // On operands of its own.
        0..=5 => {
            let opcode = b.source.pick(&PURE);
            if b.has(opcode) {
                b.instruction(opcode);
            }
        }
        // On what lies there, which is how expressions nest.
        6..=9 => {
            let opcode = b.source.pick(&PURE);
            if stack(opcode).0 <= b.depth && b.has(opcode) {
                b.op(opcode);
            }
        }
        10 | 11 => {
            let opcode = b.source.pick(&EFFECTS);
            if b.has(opcode) {
                b.instruction(opcode);
            }
        }
        12 | 13 if b.depth > 0 => {
            let depth = b.source.below(b.depth.min(16)) as u8;
            b.op(op::DUP1 + depth);
        }
        14 | 15 if b.depth > 1 => {
            let depth = b.source.below(b.depth.min(17) - 1) as u8;
            b.op(op::SWAP1 + depth);
        }
        16 if b.depth > 0 => b.keep(),
        17 if b.depth > 0 => b.op(op::POP),
        18 => {
            let all: Vec<u8> = ordinary().collect();
            let opcode = b.source.pick(&all);
            if b.has(opcode) && (!is_shuffle(opcode) || stack(opcode).0 <= b.depth) {
                b.instruction(opcode);
            }
        }
        19 if b.source.one_in(20) => {
            let byte = b.source.next() as u8;
            b.op(byte);
        }
        _ => {
            let value = crate::instructions::edge(&mut b.source);
            b.value(value);
        }
    }
}

fn is_shuffle(opcode: u8) -> bool {
    (op::DUP1..=op::SWAP16).contains(&opcode) || opcode == op::POP
}

/// A program whose stack is always deep enough.
pub(super) fn valid(b: &mut Builder) {
    sequence(b, 16);
    b.keep_all(4);
    b.end();
}

/// EIP-8024: DUPN, SWAPN and EXCHANGE on a stack that is deep enough for most of their immediates, some of which are not
/// allowed, and of which JUMPDEST is one.
pub(super) fn deep(b: &mut Builder) {
    for number in 0..20 + b.source.below(60) {
        b.push(number as u8);
    }
    for _ in 0..=b.source.below(4) {
        let opcode = b.source.pick(&[op::DUPN, op::SWAPN, op::EXCHANGE]);
        let immediate = match b.source.below(4) {
            0 => b.source.next() as u8,
            1 => b
                .source
                .pick(&[0, 1, 16, 17, 90, 91, 95, 96, 127, 128, 129, 143, 144, 255]),
            // The nearest words.
            2 => 128 + b.source.below(40) as u8,
            _ => 142 + b.source.below(16) as u8,
        };
        b.program.items.push(Item::Bytes(vec![opcode, immediate]));
        b.ops(&[op::DUP1, op::MSIZE, op::MSTORE]);
    }
    b.keep_all(20);
    b.end();
}

/// A program that takes more from the stack than there is, at the first instruction or a later one.
pub(super) fn underflowing(b: &mut Builder) {
    sequence(b, 6);
    let all: Vec<u8> = ordinary().filter(|opcode| stack(*opcode).0 > 0).collect();
    match b.source.below(3) {
        // Each takes one word.
        0 => {
            for _ in 0..b.depth {
                b.ops(&[op::MSIZE, op::MSTORE]);
            }
        }
        1 => {
            while b.depth > 0 {
                b.op(op::POP);
            }
        }
        _ => {}
    }
    for _ in 0..=b.source.below(8) {
        let opcode = b.source.pick(&all);
        b.op(opcode);
    }
    b.end();
}

/// Code that is hardly a program: instructions as they come, bytes as they come.
pub(super) fn wild(b: &mut Builder) {
    let ordinary: Vec<u8> = ordinary().collect();
    for _ in 0..=b.source.below(30) {
        match b.source.below(8) {
            0 => {
                let byte = b.source.next() as u8;
                b.op(byte);
            }
            1..=4 => {
                let value = crate::instructions::edge(&mut b.source);
                b.push(value);
            }
            _ => {
                let opcode = b.source.pick(&ordinary);
                b.op(opcode);
            }
        }
    }
}
