//! The comparison of two executions of a block: outcome, state after it, or error.

use super::engine::Executed;
use alloy_primitives::Address;
use core::fmt::Debug;
use metisvm_executor::BlockOutcome;
use metisvm_state::{AccountState, MemoryState};
use std::collections::{BTreeMap, BTreeSet};

/// The first difference, in words, with the expected side first.
///
/// Of the states the accounts are compared: balance, nonce, code with its hash, slots. Code that no
/// account has may be kept or not, and block hashes are the caller's.
pub fn difference(expected: &Executed, actual: &Executed) -> Option<String> {
    match (expected, actual) {
        (Ok((expected_outcome, expected_state)), Ok((outcome, state))) => {
            outcomes(expected_outcome, outcome).or_else(|| states(expected_state, state))
        }
        (Err(expected), Err(actual)) => {
            // All fields of the error, the index of the transaction among them.
            let (expected, actual) = (format!("{expected:?}"), format!("{actual:?}"));
            unequal("the error", &expected, &actual)
        }
        (Ok(_), Err(actual)) => Some(format!("executed, but the engine says: {actual}")),
        (Err(expected), Ok(_)) => Some(format!("the engine executed what has the error: {expected}")),
    }
}

fn unequal<T: PartialEq + Debug + ?Sized>(what: &str, expected: &T, actual: &T) -> Option<String> {
    (expected != actual).then(|| format!("{what}: expected {expected:?}, engine {actual:?}"))
}

fn outcomes(expected: &BlockOutcome, actual: &BlockOutcome) -> Option<String> {
    for (index, (expected, actual)) in expected.transactions.iter().zip(&actual.transactions).enumerate() {
        if let Some(found) = unequal(&format!("transaction {index}"), expected, actual) {
            return Some(found);
        }
    }
    for (index, (expected, actual)) in expected.receipts.iter().zip(&actual.receipts).enumerate() {
        if let Some(found) = unequal(&format!("receipt {index}"), expected, actual) {
            return Some(found);
        }
    }
    let lengths = |outcome: &BlockOutcome| (outcome.transactions.len(), outcome.receipts.len());
    unequal("transactions and receipts", &lengths(expected), &lengths(actual))
        .or_else(|| unequal("requests", &expected.requests, &actual.requests))
        .or_else(|| unequal("gas", &expected.gas_used, &actual.gas_used))
        .or_else(|| unequal("blob gas", &expected.blob_gas_used, &actual.blob_gas_used))
}

fn states(expected: &MemoryState, actual: &MemoryState) -> Option<String> {
    let addresses: BTreeSet<_> = expected
        .accounts()
        .chain(actual.accounts())
        .map(|(address, _)| address)
        .collect();
    addresses
        .into_iter()
        .find_map(|address| accounts(address, expected.account(address), actual.account(address)))
}

/// An account in words, its slots in order: a failure has to read the same when it is run again.
fn shown(account: &AccountState) -> String {
    let info = &account.info;
    let slots: BTreeMap<_, _> = account.storage.iter().collect();
    format!(
        "{} wei, nonce {}, code hash {}, slots {slots:?}",
        info.balance, info.nonce, info.code_hash
    )
}

fn accounts(
    address: &Address,
    expected: Option<&AccountState>,
    actual: Option<&AccountState>,
) -> Option<String> {
    let (expected, actual) = match (expected, actual) {
        (Some(expected), Some(actual)) => (expected, actual),
        (Some(expected), None) => return Some(format!("{address} is missing: {}", shown(expected))),
        (None, Some(actual)) => return Some(format!("{address} should not exist: {}", shown(actual))),
        (None, None) => return None,
    };
    let (info, other) = (&expected.info, &actual.info);
    let code = |account: &AccountState| account.info.code.as_ref().map(|code| code.original_bytes());
    unequal(
        &format!("balance of {address} after the block"),
        &info.balance,
        &other.balance,
    )
    .or_else(|| unequal(&format!("nonce of {address}"), &info.nonce, &other.nonce))
    .or_else(|| {
        unequal(
            &format!("code hash of {address}"),
            &info.code_hash,
            &other.code_hash,
        )
    })
    .or_else(|| unequal(&format!("code of {address}"), &code(expected), &code(actual)))
    .or_else(|| {
        let slots: BTreeSet<_> = expected.storage.keys().chain(actual.storage.keys()).collect();
        slots.into_iter().find_map(|slot| {
            let what = format!("slot {slot:#x} of {address}");
            unequal(&what, &expected.storage.get(slot), &actual.storage.get(slot))
        })
    })
}
