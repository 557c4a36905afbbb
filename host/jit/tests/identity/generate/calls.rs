//! Calls and creations: every kind of call to every kind of account, in loops, within static calls, with value, with
//! little gas, and what comes back.

use super::{build::Builder, flow, straight};
use crate::{
    instructions::Kind,
    program::Item,
    world::{AUTHORITY, DELEGATED, HELPERS, SUBJECT, helper},
};
use revm::{
    bytecode::opcode as op,
    primitives::{Address, U256, hardfork::SpecId},
};

/// Init codes of at most 32 bytes.
const INIT_CODES: [&[u8]; 10] = [
    // Nothing: an account without code.
    &[],
    &[op::STOP],
    // The code is one STOP.
    &[op::PUSH1, 1, op::PUSH1, 0, op::RETURN],
    // The code is `CALLER SELFDESTRUCT`.
    &[
        op::PUSH2,
        op::CALLER,
        op::SELFDESTRUCT,
        op::PUSH1,
        0,
        op::MSTORE,
        op::PUSH1,
        2,
        op::PUSH1,
        30,
        op::RETURN,
    ],
    // Begins with 0xef, which EIP-3541 forbids.
    &[
        op::PUSH1,
        0xef,
        op::PUSH1,
        0,
        op::MSTORE8,
        op::PUSH1,
        3,
        op::PUSH1,
        0,
        op::RETURN,
    ],
    // Reverts with a word.
    &[
        op::ADDRESS,
        op::PUSH1,
        0,
        op::MSTORE,
        op::PUSH1,
        32,
        op::PUSH1,
        0,
        op::REVERT,
    ],
    &[op::INVALID],
    &[op::CALLER, op::SELFDESTRUCT],
    // Stores and logs, then gives the word as code.
    &[
        op::GAS,
        op::PUSH1,
        0,
        op::SSTORE,
        op::ADDRESS,
        op::PUSH1,
        1,
        op::MSTORE,
        op::PUSH1,
        32,
        op::PUSH1,
        1,
        op::LOG0,
        op::PUSH1,
        32,
        op::PUSH1,
        1,
        op::RETURN,
    ],
    // Runs out of gas.
    &[op::JUMPDEST, op::PUSH1, 0, op::JUMP],
];

/// A program of them.
pub(super) fn program(b: &mut Builder) {
    if b.source.one_in(4) {
        // So that a call in a loop or back into this code sees what was before.
        b.push(0u8);
        b.ops(&[op::SLOAD, op::MSIZE, op::MSTORE]);
    }
    if b.source.one_in(3) {
        inner(b);
    }
    for _ in 0..=b.source.below(2) {
        match b.source.below(12) {
            0..=4 => call(b),
            5 | 6 => create(b),
            7 => flow::counted_loop(b, call),
            8 => flow::counted_loop(b, create),
            9 => recursion(b),
            10 => state_change(b),
            _ => straight::sequence(b, 4),
        }
    }
    b.keep_all(4);
    b.end();
}

/// Code that only a call of this code by itself reaches, and the call. Of static calls it is what is forbidden.
fn inner(b: &mut Builder) {
    let opcode = b
        .source
        .pick(&[op::CALL, op::STATICCALL, op::STATICCALL, op::DELEGATECALL]);
    if !b.has(opcode) {
        return;
    }
    let outer = b.label();
    // A transaction's frame has its sender for a caller.
    b.ops(&[op::CALLER, op::ORIGIN, op::EQ]);
    b.push_target(outer);
    b.op(op::JUMPI);
    match b.source.below(3) {
        0 => create(b),
        1 => call(b),
        _ => state_change(b),
    }
    b.ops(&[op::GAS, op::MSIZE, op::MSTORE]);
    b.give_memory(op::RETURN);
    b.place(outer);
    b.depth = 0;
    let gas = b.source.pick(&[700u32, 2300, 2301, 3000, 25_000, 60_000]);
    for number in [64u8, 0, 0, 0] {
        b.push(number);
    }
    if opcode == op::CALL {
        let value = U256::from(b.source.below(2));
        b.push(value);
    }
    b.op(op::ADDRESS);
    b.push(gas);
    b.op(opcode);
    b.keep();
    look(b);
}

fn address(b: &mut Builder) -> Address {
    match b.source.below(20) {
        0..=13 => helper(b.source.below(HELPERS.len())),
        14 => SUBJECT,
        15 => DELEGATED,
        16 => AUTHORITY,
        _ => Address::left_padding_from(&[b.source.below(19) as u8]),
    }
}

/// A call, and what it gave: whether it went well, return data, gas, memory.
pub(super) fn call(b: &mut Builder) {
    let opcode = match b.source.below(8) {
        0..=3 => op::CALL,
        4 => op::CALLCODE,
        5 | 6 => op::DELEGATECALL,
        _ => op::STATICCALL,
    };
    if !b.has(opcode) {
        return;
    }
    let input = b.source.below(3);
    if input > 0 {
        let word = b.source.word();
        b.push(word);
        b.push(0u8);
        b.op(op::MSTORE);
    }
    b.operand(Kind::Size);
    b.operand(Kind::Offset);
    b.push(U256::from(input * 18));
    let at = U256::from(b.source.below(3));
    b.push(at);
    if matches!(opcode, op::CALL | op::CALLCODE) {
        b.operand(Kind::Value);
    }
    let address = U256::from_be_bytes(address(b).into_word().0);
    if b.source.one_in(12) {
        b.operand(Kind::Account);
    } else {
        b.value(address);
    }
    match b.source.below(8) {
        0 | 1 => b.op(op::GAS),
        2 => {
            // A part of what there is.
            b.push(3u8);
            b.ops(&[op::GAS, op::DIV]);
        }
        3 => b.operand(Kind::Gas),
        _ => b.push(30_000u16),
    }
    b.op(opcode);
    b.keep();
    look(b);
}

/// Looks at what a call or a creation left.
fn look(b: &mut Builder) {
    if b.source.one_in(2) && b.spec.is_enabled_in(SpecId::BYZANTIUM) {
        b.op(op::RETURNDATASIZE);
        if b.source.one_in(2) {
            // Mostly as much as there is; once in a while more, which ends the frame.
            let extra = b.source.below(8) == 7;
            b.op(op::DUP1);
            if extra {
                b.push(1u8);
                b.op(op::ADD);
            }
            b.push(0u8);
            b.ops(&[op::MSIZE, op::RETURNDATACOPY]);
        }
        b.keep();
    }
    if b.source.one_in(3) {
        b.op(op::GAS);
        b.keep();
    }
}

/// A creation with a short init code, or with this code itself.
pub(super) fn create(b: &mut Builder) {
    let opcode = if b.source.one_in(2) {
        op::CREATE2
    } else {
        op::CREATE
    };
    if !b.has(opcode) {
        return;
    }
    if opcode == op::CREATE2 {
        b.operand(Kind::Slot);
    }
    if b.source.one_in(8) {
        b.op(op::CODESIZE);
        b.push(0u8);
        b.push(0u8);
        b.op(op::CODECOPY);
        b.op(op::CODESIZE);
        b.push(0u8);
    } else {
        let code = b.source.pick(&INIT_CODES);
        if !code.is_empty() {
            b.depth += 1;
            b.program.items.push(Item::Push {
                width: code.len() as u8,
                value: U256::from_be_slice(code),
            });
            b.push(0u8);
            b.op(op::MSTORE);
        }
        b.push(U256::from(code.len()));
        b.push(U256::from(32 - code.len()));
    }
    b.operand(Kind::Value);
    b.op(opcode);
    match b.source.below(4) {
        // Ask what was created.
        0 => {
            b.ops(&[op::DUP1, op::EXTCODESIZE]);
            b.keep();
            b.op(op::BALANCE);
        }
        // Call it.
        1 => {
            let start = b.depth;
            for _ in 0..5 {
                b.push(0u8);
            }
            b.op(op::DUP6);
            b.push(20_000u16);
            b.ops(&[op::CALL, op::ADD]);
            b.depth = start;
        }
        _ => {}
    }
    b.keep();
    look(b);
}

/// Calls itself, as deep as gas or the limit of depth let it, and counts in storage or in call data.
fn recursion(b: &mut Builder) {
    let opcode = match b.source.below(4) {
        0 => op::DELEGATECALL,
        1 => op::STATICCALL,
        _ => op::CALL,
    };
    if !b.has(opcode) {
        return;
    }
    let count = opcode != op::STATICCALL && b.source.one_in(2);
    if count {
        b.push(0u8);
        b.op(op::SLOAD);
        b.push(1u8);
        b.op(op::ADD);
        b.push(0u8);
        b.op(op::SSTORE);
    }
    b.push(32u8);
    b.push(0u8);
    b.push(0u8);
    b.push(0u8);
    if opcode == op::CALL {
        b.push(0u8);
    }
    b.op(op::ADDRESS);
    match b.source.below(3) {
        0 => b.op(op::GAS),
        1 => {
            b.push(2u8);
            b.ops(&[op::GAS, op::DIV]);
        }
        _ => {
            b.push(U256::from(1000));
            b.ops(&[op::GAS, op::SUB]);
        }
    }
    b.op(opcode);
    b.keep();
}

/// What a static call forbids, EIP-2200's sentry, refunds, transient storage.
fn state_change(b: &mut Builder) {
    match b.source.below(6) {
        // Sets a slot, changes it, and clears it: refunds.
        0 | 1 => {
            for _ in 0..=b.source.below(3) {
                let value = U256::from(b.source.below(3));
                b.value(value);
                let slot = U256::from(b.source.below(3));
                b.value(slot);
                b.op(op::SSTORE);
            }
        }
        2 | 5 if b.spec.is_enabled_in(SpecId::CANCUN) => {
            b.instruction(op::TSTORE);
            b.instruction(op::TLOAD);
            b.keep();
        }
        3 => b.instruction(op::LOG1),
        4 => {
            b.instruction(op::SLOAD);
            b.keep();
        }
        // Only in the inner one of two frames: a call with value is what the sentry's 2,300 gas come with.
        _ => {
            b.ops(&[op::GAS]);
            b.keep();
            b.instruction(op::SSTORE);
        }
    }
}
