//! Stacks at their limit of 1024 words.

use super::{build::Builder, straight};
use revm::{bytecode::opcode as op, primitives::U256};

/// Fills the stack with a loop until it has about as many words, then goes on just below the limit, at it or beyond.
pub(super) fn program(b: &mut Builder) {
    if b.source.one_in(4) {
        return endless(b);
    }
    let each = 1 + b.source.below(12);
    let goal = 1024 - b.source.below(28);
    let rounds = goal / each;
    // The counter is in memory, since the loop may put anything on the stack.
    b.push(U256::from(rounds));
    b.push(0u8);
    b.op(op::MSTORE);
    let start = b.label();
    b.place(start);
    for index in 0..each {
        let opcode = if index > 0 && b.source.one_in(2) {
            op::DUP1 + b.source.below(index.min(16)) as u8
        } else {
            b.source
                .pick(&[op::PC, op::MSIZE, op::CALLVALUE, op::GAS, op::CODESIZE])
        };
        b.op(opcode);
    }
    b.push(1u8);
    b.push(0u8);
    b.ops(&[op::MLOAD, op::SUB, op::DUP1]);
    b.push(0u8);
    b.op(op::MSTORE);
    b.push_target(start);
    b.op(op::JUMPI);
    b.depth = each * rounds;
    // Fill up exactly, or not quite, or too much.
    let last = goal as isize - b.depth as isize + b.source.below(6) as isize - 2;
    for _ in 0..last.max(0) {
        let depth = b.source.below(16) as u8;
        b.op(op::DUP1 + depth);
    }
    for _ in 0..=b.source.below(12) {
        match b.source.below(6) {
            0 => b.op(op::POP),
            1 => b.op(op::MSIZE),
            2 => b.ops(&[op::ADD, op::DUP16]),
            3 => b.op(op::SWAP16),
            4 => b.op(op::DUP1),
            _ => straight::step(b),
        }
    }
    if b.source.one_in(2) {
        let label = b.label();
        b.push_target(label);
        b.op(op::JUMP);
        b.place(label);
    }
    b.keep_all(3);
    b.end();
}

/// A loop that grows the stack until it is full, or empties it until nothing is left.
fn endless(b: &mut Builder) {
    let grows = b.source.one_in(2);
    for _ in 0..b.source.below(20) {
        b.op(op::PC);
    }
    let start = b.label();
    b.place(start);
    for _ in 0..=b.source.below(8) {
        let opcode = if grows {
            b.source.pick(&[op::PC, op::MSIZE, op::CALLER, op::GAS])
        } else {
            b.source.pick(&[op::POP, op::ADD, op::MUL, op::XOR])
        };
        b.op(opcode);
    }
    if b.source.one_in(3) {
        b.op(op::DUP1);
    }
    b.push_target(start);
    b.op(op::JUMP);
}
