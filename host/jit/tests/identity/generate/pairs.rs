//! All pairs of instructions: the second takes what the first gives, on operands at their edges that are constants or
//! not known.

use super::build::Builder;
use crate::{
    instructions::{operand, operands, ordinary, stack},
    program::Item,
    source::mixed,
};
use revm::bytecode::opcode as op;

/// Pairs in one program: each program costs a compilation.
const IN_A_PROGRAM: u64 = 3;

/// First instructions of pairs: those that do not end a frame.
pub(super) fn firsts() -> Vec<u8> {
    ordinary().collect()
}

/// Second ones: those, JUMPI, and those that end a frame.
pub(super) fn seconds() -> Vec<u8> {
    ordinary()
        .chain([
            op::JUMPI,
            op::RETURN,
            op::REVERT,
            op::SELFDESTRUCT,
            op::STOP,
            op::INVALID,
        ])
        .collect()
}

/// The program of a number: numbers that follow each other go through all pairs, again and again with other operands.
pub(super) fn program(b: &mut Builder, number: u64) {
    let (firsts, seconds) = (firsts(), seconds());
    let all = (firsts.len() * seconds.len()) as u64;
    for index in 0..IN_A_PROGRAM {
        // In an order in which the pairs of one program are not neighbours. The multiplier is a prime above their
        // number, so every pair comes once.
        let at = (number * IN_A_PROGRAM + index) % all;
        let pair = (u128::from(at) * 1_000_003 % u128::from(all)) as usize;
        let (first, second) = (firsts[pair / seconds.len()], seconds[pair % seconds.len()]);
        let ends = matches!(
            second,
            op::RETURN | op::REVERT | op::SELFDESTRUCT | op::STOP | op::INVALID
        );
        // A pair that ends the frame would hide those that come after it.
        if ends && index + 1 < IN_A_PROGRAM && !mixed(at).is_multiple_of(4) {
            continue;
        }
        if b.has(first) && b.has(second) {
            pair_of(b, first, second);
        }
    }
    b.give_memory(op::RETURN);
}

fn pair_of(b: &mut Builder, first: u8, second: u8) {
    let start = b.depth;
    let gives = stack(first).1 > 0 && !(op::DUP1..=op::SWAP16).contains(&first);
    // What the second takes lies below what the first takes: all of it, or all but what the first gives, which goes to
    // the top or, with a SWAP between, to any other place.
    let kinds = operands(second);
    let taken = if gives { kinds.len().min(1) } else { 0 };
    let place = if taken == 1 {
        b.source.below(kinds.len().min(4))
    } else {
        0
    };
    let place = if b.source.one_in(2) { place } else { 0 };
    for (index, kind) in kinds.iter().enumerate().rev() {
        if taken == 0 || index != place {
            let value = operand(*kind, &mut b.source);
            b.value(value);
        }
    }
    if (op::DUP1..=op::SWAP16).contains(&first) || (op::DUP1..=op::SWAP16).contains(&second) {
        // As many words as the deepest needs, each another number.
        for number in 0..17 - b.source.below(2) {
            b.push(number as u8 + 1);
        }
    }
    b.operands(operands(first));
    if first == op::POP {
        b.push(7u8);
    }
    b.op(first);
    if taken == 1 && place > 0 {
        b.op(op::SWAP1 + place as u8 - 1);
    }
    match second {
        op::JUMPI => {
            if !gives {
                b.op(op::MSIZE);
            }
            let label = b.label();
            b.program.items.push(Item::PushLabel {
                label,
                add: 0,
                xor: 0,
            });
            b.depth += 1;
            b.op(op::JUMPI);
            b.ops(&[op::PC, op::MSIZE, op::MSTORE]);
            b.place(label);
        }
        _ => b.op(second),
    }
    let most = b.depth.saturating_sub(start).min(4);
    for _ in 0..most {
        b.ops(&[op::MSIZE, op::MSTORE]);
    }
    // What DUP and SWAP needed.
    while b.depth > start {
        b.op(op::POP);
    }
}

#[test]
fn every_pair_comes() {
    let (firsts, seconds) = (firsts().len() as u64, seconds().len() as u64);
    let all = firsts * seconds;
    let pairs: std::collections::HashSet<u64> = (0..all).map(|at| at * 1_000_003 % all).collect();
    assert_eq!(
        pairs.len() as u64,
        all,
        "1,000,003 has a divisor in common with {firsts} x {seconds}"
    );
}
