//! Control flow: branches, loops, functions, jumps that are computed, and jumps to where none is allowed.

use super::{build::Builder, straight};
use crate::{
    instructions::edge,
    program::{Item, Word},
};
use revm::{bytecode::opcode as op, primitives::U256};

/// A program of nested structures.
pub(super) fn program(b: &mut Builder) {
    for _ in 0..=b.source.below(2) {
        let depth = 1 + b.source.below(2);
        structure(b, depth);
    }
    b.keep_all(3);
    b.end();
}

/// One structure, with others inside of it down to a depth.
pub(super) fn structure(b: &mut Builder, depth: usize) {
    if depth == 0 {
        return straight::sequence(b, 4);
    }
    match b.source.below(16) {
        0..=2 => branch(b, depth),
        3..=5 => counted_loop(b, |b| structure(b, depth - 1)),
        6 => function(b, depth),
        7 => dispatch(b),
        8 => merge(b),
        9 => wrong_jump(b),
        10 => conditions(b),
        11 => {
            for _ in 0..=b.source.below(20) {
                let label = b.label();
                b.place(label);
            }
        }
        12 => unreachable_code(b),
        _ => straight::sequence(b, 5),
    }
}

/// A condition in one of the forms that compilers treat apart.
fn condition(b: &mut Builder) {
    match b.source.below(9) {
        0 => {
            let value = edge(&mut b.source);
            b.push(value);
        }
        1 => {
            let value = edge(&mut b.source);
            b.unknown(value);
        }
        // Only high limbs are not zero.
        2 => {
            let value = U256::from(1) << b.source.pick(&[8, 31, 32, 63, 64, 127, 128, 191, 192, 255]);
            b.value(value);
        }
        3..=5 => {
            let opcode = b.source.pick(&[op::LT, op::GT, op::SLT, op::SGT, op::EQ]);
            b.instruction(opcode);
        }
        6 => {
            let opcode = b
                .source
                .pick(&[op::AND, op::OR, op::XOR, op::SUB, op::BYTE, op::SHR]);
            b.instruction(opcode);
        }
        7 => b.one_of(&[op::CALLVALUE, op::CALLDATASIZE, op::MSIZE, op::RETURNDATASIZE]),
        _ => b.instruction(op::ISZERO),
    }
    for _ in 0..b.source.below(4) {
        b.op(op::ISZERO);
    }
    if b.source.one_in(8) {
        let opcode = b.source.pick(&[op::NOT, op::ISZERO]);
        b.op(opcode);
    }
}

/// A condition that is both jumped on and seen: a boolean is a word of 256 bits, too.
fn conditions(b: &mut Builder) {
    condition(b);
    b.op(op::DUP1);
    if b.source.one_in(2) {
        condition(b);
        let opcode = b
            .source
            .pick(&[op::ADD, op::AND, op::OR, op::SUB, op::MUL, op::SIGNEXTEND, op::EQ]);
        b.op(opcode);
    }
    let label = b.label();
    b.push_target(label);
    b.op(op::JUMPI);
    let kept = b.depth;
    b.ops(&[op::DUP1, op::MSIZE, op::MSTORE]);
    b.place(label);
    b.depth = kept;
    b.keep();
}

fn branch(b: &mut Builder, depth: usize) {
    condition(b);
    let (otherwise, end) = (b.label(), b.label());
    b.push_target(otherwise);
    b.op(op::JUMPI);
    let before = b.depth;
    structure(b, depth - 1);
    let two = b.source.one_in(2);
    if two {
        b.push_target(end);
        b.op(op::JUMP);
    }
    // Mostly both ways leave the same on the stack; not always.
    let after = b.depth;
    b.place(otherwise);
    b.depth = before;
    if two {
        structure(b, depth - 1);
        while b.depth > after && !b.source.one_in(6) {
            b.op(op::POP);
        }
        while b.depth < after && !b.source.one_in(6) {
            b.op(op::PC);
        }
        b.place(end);
    }
    b.depth = b.depth.min(after);
}

/// A loop that goes round a few times: the counter is the top of the stack when the body begins.
pub(super) fn counted_loop(b: &mut Builder, body: impl FnOnce(&mut Builder)) {
    let rounds = U256::from(1 + b.source.below(9));
    b.value(rounds);
    let start = b.label();
    b.place(start);
    let depth = b.depth;
    body(b);
    // What the body left, or took, in each round: mostly nothing.
    let uneven = b.source.one_in(12);
    while b.depth > depth && !uneven {
        b.op(op::POP);
    }
    while b.depth < depth {
        b.push(2u8);
    }
    b.push(1u8);
    b.ops(&[op::SWAP1, op::SUB, op::DUP1]);
    b.push_target(start);
    b.op(op::JUMPI);
    b.op(op::POP);
}

/// Code that is called from several places and jumps back to each.
fn function(b: &mut Builder, depth: usize) {
    let (function, end) = (b.label(), b.label());
    for _ in 0..=b.source.below(3) {
        let back = b.label();
        b.push_target(back);
        let value = edge(&mut b.source);
        b.value(value);
        b.push_target(function);
        b.op(op::JUMP);
        b.place(back);
        // The result, and not the address, is left.
        b.depth -= 1;
        if b.source.one_in(2) {
            b.keep();
        }
    }
    let after = b.depth;
    b.push_target(end);
    b.op(op::JUMP);
    b.place(function);
    b.depth = 2;
    structure(b, depth - 1);
    while b.depth > 2 {
        b.op(op::POP);
    }
    while b.depth < 2 {
        b.op(op::PC);
    }
    b.ops(&[op::SWAP1, op::JUMP]);
    b.place(end);
    b.depth = after;
}

/// What Solidity begins with: a selector from call data against constants.
fn dispatch(b: &mut Builder) {
    let ways = 1 + b.source.below(4);
    let selector = b.source.below(ways + 1) as u64;
    b.push_input(Word::Value(U256::from(selector) << 224));
    b.push(224u8);
    b.op(op::SHR);
    let end = b.label();
    let labels: Vec<u16> = (0..ways).map(|_| b.label()).collect();
    for (way, label) in labels.iter().enumerate() {
        b.op(op::DUP1);
        b.push(U256::from(way));
        b.one_of(&[op::EQ, op::EQ, op::GT, op::XOR]);
        b.push_target(*label);
        b.op(op::JUMPI);
    }
    let depth = b.depth;
    b.push_target(end);
    b.op(op::JUMP);
    for label in labels {
        b.place(label);
        b.depth = depth;
        straight::sequence(b, 4);
        while b.depth > depth {
            b.op(op::POP);
        }
        if !b.source.one_in(4) {
            b.push_target(end);
            b.op(op::JUMP);
        }
    }
    b.place(end);
    b.depth = depth;
}

/// One label that is reached with stacks of several depths.
fn merge(b: &mut Builder) {
    let label = b.label();
    let depth = b.depth;
    for _ in 0..=b.source.below(3) {
        condition(b);
        b.push_target(label);
        b.op(op::JUMPI);
        let value = edge(&mut b.source);
        b.value(value);
    }
    b.place(label);
    b.depth = depth;
    straight::sequence(b, 4);
    if b.source.one_in(4) {
        // Once more from behind, until gas or stack end it.
        b.push_target(label);
        b.op(op::JUMP);
    }
}

/// A jump beside a JUMPDEST, into the bytes of a PUSH, far away, or to a number whose low bits alone are right.
fn wrong_jump(b: &mut Builder) {
    let (label, end) = (b.label(), b.label());
    let taken = b.source.below(3);
    if taken < 2 {
        // It is not taken for all call data, so that what follows is reached as well.
        b.push_input(Word::Value(U256::from(taken)));
    }
    let right = Item::PushLabel {
        label,
        add: 0,
        xor: 0,
    };
    b.depth += 1;
    match b.source.below(6) {
        0 | 1 => {
            let add = b.source.pick(&[-2i16, -1, 1, 2, 3, 9]);
            b.program.items.push(Item::PushLabel { label, add, xor: 0 });
        }
        2 => {
            b.depth -= 1;
            let value = edge(&mut b.source);
            b.value(value);
        }
        _ => {
            b.program.items.push(right);
            let high = U256::from(1) << b.source.pick(&[16, 31, 32, 63, 64, 128, 192, 255]);
            b.value(high);
            b.op(op::ADD);
        }
    }
    b.op(if taken < 2 { op::JUMPI } else { op::JUMP });
    let depth = b.depth;
    b.push_target(end);
    b.op(op::JUMP);
    b.place(label);
    // A JUMPDEST that is none, since it belongs to a PUSH.
    b.program.items.push(Item::Push {
        width: 1 + b.source.below(4) as u8,
        value: U256::from(0x5b5b_5b5bu32),
    });
    b.op(op::POP);
    b.place(end);
    b.depth = depth;
}

/// Code behind a jump, which nothing reaches and which may not even have a stack.
fn unreachable_code(b: &mut Builder) {
    let label = b.label();
    let depth = b.depth;
    b.push_target(label);
    b.op(op::JUMP);
    for _ in 0..=b.source.below(6) {
        let byte = b.source.pick(&[
            op::POP,
            op::ADD,
            op::DUP16,
            op::SWAP16,
            op::SSTORE,
            0x0c,
            op::INVALID,
        ]);
        b.op(byte);
    }
    b.place(label);
    b.depth = depth;
}
