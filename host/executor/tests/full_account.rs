//! Accounts that hold almost all the ether that a word can count. A call that would give one more than that
//! fails, a fee that would is lost: what comes out of a transaction depends on the balance of who is paid, which
//! lazy credits must not hide.

#![allow(clippy::unwrap_used)] // in the helpers, too, a panic is how a test fails

mod support;

use alloy_consensus::TxEnvelope;
use alloy_primitives::{Address, Bytes, U256};
use metisvm_state::MemoryState;
use support::{
    block::{GWEI, account, genesis},
    small::{SmallBlock, pay},
};

/// The key of the account that is full.
const FULL: u8 = 7;
const ETHER: u64 = 1_000_000_000_000_000_000;
/// Gets the fees where the full account does not.
const MINER: Address = Address::repeat_byte(0xbe);
/// Calls the full account with five wei and stores at slot 0 how that went: 1 if it failed, otherwise 2.
const CALLER: Address = Address::repeat_byte(0xca);
/// Destroys itself to the full account.
const HEIR: Address = Address::repeat_byte(0xdd);
/// Nobody's: takes ether.
const OTHER: Address = Address::repeat_byte(0xc1);

/// The state before the blocks: the full account lacks so much to the greatest balance.
fn state(lacking: u64) -> MemoryState {
    let mut state = genesis();
    let full = U256::MAX - U256::from(lacking);
    state.insert_account(account(FULL), full, 1, Bytes::new(), []);
    // PUSH0 PUSH0 PUSH0 PUSH0 PUSH1 5 PUSH20 full PUSH2 10000 CALL PUSH1 1 ADD PUSH0 SSTORE; what the call is
    // given is gone when its credit overflows.
    let head = [0x5f, 0x5f, 0x5f, 0x5f, 0x60, 5, 0x73];
    let tail = [0x61, 0x27, 0x10, 0xf1, 0x60, 1, 0x01, 0x5f, 0x55];
    let code = [head.as_slice(), account(FULL).as_slice(), tail.as_slice()].concat();
    state.insert_account(CALLER, U256::from(1_000), 1, code.into(), []);
    // PUSH20 full SELFDESTRUCT
    let code = [[0x73].as_slice(), account(FULL).as_slice(), &[0xff]].concat();
    state.insert_account(HEIR, U256::from(9), 1, code.into(), []);
    state
}

/// Calls of a contract by three senders.
fn three_calls(to: Address, value: u64) -> [TxEnvelope; 3] {
    [1, 2, 3].map(|key| pay(key, 0, to, value))
}

/// What the calls of [`CALLER`] left: 2 where the last one went well, 1 where it failed.
fn last_call(state: &MemoryState) -> U256 {
    state.account(&CALLER).unwrap().storage[&U256::ZERO]
}

/// What the full account has.
fn balance(state: &MemoryState) -> U256 {
    state.account(&account(FULL)).unwrap().info.balance
}

#[test]
fn a_call_that_would_overflow_a_full_account_fails_until_the_account_has_paid() {
    // First nothing fits, then what the full account has spent.
    let mut transactions = vec![pay(1, 0, CALLER, 0)];
    transactions.push(pay(FULL, 1, account(2), 1_000));
    transactions.extend([2, 3].map(|key| pay(key, 0, CALLER, 0)));
    let after = SmallBlock::new(MINER, transactions).check(&state(0));
    assert_eq!(last_call(&after), U256::from(2));
}

#[test]
fn calls_of_an_account_that_fills_up_fail_from_then_on() {
    let mut transactions = vec![pay(1, 0, account(FULL), 8)];
    transactions.extend([2, 3].map(|key| pay(key, 0, CALLER, 0)));
    let after = SmallBlock::new(MINER, transactions).check(&state(10));
    assert_eq!(last_call(&after), U256::from(1));
}

#[test]
fn a_transfer_that_would_overflow_its_recipient_fails_and_pays_its_gas() {
    let transactions = three_calls(account(FULL), 4).to_vec();
    let after = SmallBlock::new(MINER, transactions).check(&state(8));
    assert_eq!(balance(&after), U256::MAX);
}

#[test]
fn a_full_beneficiary_that_paid_a_little_loses_the_fees_that_do_not_fit() {
    let mut transactions = vec![pay(FULL, 1, account(2), 1_000)];
    transactions.extend(three_calls(OTHER, 1));
    let after = SmallBlock::new(account(FULL), transactions).check(&state(0));
    // It paid two gwei for its own gas and got one of them; the first of the others brings the other.
    assert_eq!(balance(&after), U256::MAX - U256::from(1_000));
}

#[test]
fn a_full_beneficiary_that_paid_an_ether_gets_the_fees() {
    let mut transactions = vec![pay(FULL, 1, account(2), ETHER)];
    transactions.extend(three_calls(OTHER, 1));
    let after = SmallBlock::new(account(FULL), transactions).check(&state(0));
    assert!(balance(&after) < U256::MAX);
}

#[test]
fn a_beneficiary_that_is_nearly_full_loses_fees_and_still_takes_what_fits() {
    let mut transactions = three_calls(OTHER, 1).to_vec();
    transactions.extend([1, 2, 3].map(|key| pay(key, 1, account(FULL), 1)));
    transactions.extend([1, 2, 3].map(|key| pay(key, 2, CALLER, 0)));
    // A fee is 21,000 gwei: one fits.
    let after = SmallBlock::new(account(FULL), transactions).check(&state(30_000 * GWEI as u64));
    let lacking = U256::from(9_000 * GWEI) - U256::from(3 + 3 * 5);
    assert_eq!(balance(&after), U256::MAX - lacking);
    assert_eq!(last_call(&after), U256::from(2));
}

#[test]
fn a_selfdestruct_into_a_full_account_comes_out_as_in_sequential_execution() {
    let mut transactions = vec![pay(FULL, 1, account(2), 3)];
    transactions.extend(three_calls(HEIR, 1));
    SmallBlock::new(MINER, transactions).check(&state(0));
}
