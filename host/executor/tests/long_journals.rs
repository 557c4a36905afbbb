//! Transactions that write the same slots hundreds of times, with others after them in the same journal: what
//! they have left is then read off the slots and accounts instead of the journal's entries.

#![allow(clippy::unwrap_used)] // in the helpers, too, a panic is how a test fails

mod support;

use alloy_primitives::{Address, U256};
use metisvm_state::MemoryState;
use revm::bytecode::opcode as op;
use support::{
    block::genesis,
    small::{SmallBlock, pay},
};

const MINER: Address = Address::repeat_byte(0xbe);
const WRITER: Address = Address::repeat_byte(0xca);
const NOBODY: Address = Address::repeat_byte(0xd0);

/// CALL of an account that does not exist, which touches it in vain.
fn touch_in_vain() -> Vec<u8> {
    let mut code = vec![op::PUSH0; 5];
    code.push(op::PUSH20);
    code.extend(NOBODY);
    code.extend([op::GAS, op::CALL, op::POP]);
    code
}

/// CREATE of a contract that destroys itself at once.
fn create_and_destroy() -> Vec<u8> {
    let init = [op::CALLER, op::SELFDESTRUCT];
    let mut code = vec![op::PUSH2, init[0], init[1], op::PUSH0, op::MSTORE];
    code.extend([op::PUSH1, 2, op::PUSH1, 30, op::PUSH0, op::CREATE, op::POP]);
    code
}

/// Called with ether it does `first` and then stores the numbers from 300 down to 1 at slots 0 and 1 in turn. Called
/// without it reads both slots.
fn state(first: &[u8]) -> MemoryState {
    let mut code = vec![op::CALLVALUE, op::PUSH1, 11, op::JUMPI];
    code.extend([op::PUSH0, op::SLOAD, op::PUSH1, 1, op::SLOAD, op::ADD, op::STOP]);
    assert_eq!(code.len(), 11);
    code.push(op::JUMPDEST);
    code.extend(first);
    code.extend([op::PUSH2, 1, 44]);
    let start = u8::try_from(code.len()).unwrap();
    code.extend([
        op::JUMPDEST,
        op::DUP1,
        op::DUP1,
        op::PUSH1,
        1,
        op::AND,
        op::SSTORE,
    ]);
    code.extend([op::PUSH1, 1, op::SWAP1, op::SUB, op::DUP1]);
    code.extend([op::PUSH1, start, op::JUMPI, op::STOP]);
    let mut state = genesis();
    let slots = [(U256::from(1), U256::from(77))];
    state.insert_account(WRITER, U256::ZERO, 1, code.into(), slots);
    state
}

/// Writes, reads, writes again and reads again, by three senders.
fn check(first: &[u8]) -> MemoryState {
    let calls = [(1, 0, 1), (2, 0, 0), (3, 0, 1), (1, 1, 0)];
    let transactions = calls.map(|(key, nonce, value)| pay(key, nonce, WRITER, value));
    let after = SmallBlock::new(MINER, transactions.into()).check(&state(first));
    let writer = after.account(&WRITER).unwrap();
    assert_eq!(writer.storage[&U256::ZERO], U256::from(2));
    assert_eq!(writer.storage[&U256::from(1)], U256::from(1));
    assert!(after.account(&NOBODY).is_none());
    after
}

#[test]
fn slots_that_a_later_transaction_only_reads_keep_what_was_written() {
    check(&[]);
}

#[test]
fn an_account_touched_in_vain_is_not_there_afterwards() {
    check(&touch_in_vain());
}

#[test]
fn a_contract_that_was_created_and_destroyed_is_gone_for_the_next_transaction() {
    let after = check(&create_and_destroy());
    // One contract by each call with ether, at a nonce of its own.
    assert_eq!(after.account(&WRITER).unwrap().info.nonce, 3);
    for nonce in [1, 2] {
        assert!(after.account(&WRITER.create(nonce)).is_none());
    }
}
