//! Values of the state that are set by hand.

use crate::{error::NodeError, world::World};
use alloy_primitives::{Address, Bytes, KECCAK256_EMPTY, U256, keccak256};
use metisvm_state::{AccountChange, BasicAccount, StateChanges};
use revm::bytecode::Bytecode;

/// An account as it is; an empty one where there is none.
fn account(world: &World, address: Address) -> Result<BasicAccount, NodeError> {
    Ok(world.account(address)?.unwrap_or(BasicAccount {
        balance: U256::ZERO,
        nonce: 0,
        code_hash: KECCAK256_EMPTY,
    }))
}

fn changed(address: Address, account: BasicAccount, slots: &[(U256, U256)]) -> StateChanges {
    let mut changes = StateChanges::default();
    // An account that is empty does not exist (EIP-161), unless it has storage.
    let empty = account.balance.is_zero() && account.nonce == 0 && account.code_hash == KECCAK256_EMPTY;
    let change = AccountChange {
        account: (!empty || !slots.is_empty()).then_some(account),
        storage_cleared: false,
        storage: slots.iter().copied().collect(),
    };
    changes.accounts.insert(address, change);
    changes
}

fn check_nonce(nonce: u64) -> Result<(), NodeError> {
    if nonce == u64::MAX {
        return Err(NodeError::invalid(
            "no account may have nonce 2^64 - 1 (EIP-2681)",
        ));
    }
    Ok(())
}

/// Another balance.
///
/// # Errors
/// If the state cannot be read.
pub fn balance(world: &World, address: Address, balance: U256) -> Result<StateChanges, NodeError> {
    let mut account = account(world, address)?;
    account.balance = balance;
    Ok(changed(address, account, &[]))
}

/// Another nonce.
///
/// # Errors
/// If it is the greatest, or the state cannot be read.
pub fn nonce(world: &World, address: Address, nonce: u64) -> Result<StateChanges, NodeError> {
    check_nonce(nonce)?;
    let mut account = account(world, address)?;
    account.nonce = nonce;
    Ok(changed(address, account, &[]))
}

/// Other code.
///
/// # Errors
/// If it begins as a delegation (EIP-7702) and is none, or the state cannot be read.
pub fn code(world: &World, address: Address, code: Bytes) -> Result<StateChanges, NodeError> {
    let mut account = account(world, address)?;
    if code.is_empty() {
        account.code_hash = KECCAK256_EMPTY;
        return Ok(changed(address, account, &[]));
    }
    let hash = keccak256(&code);
    let code = Bytecode::new_raw_checked(code).map_err(NodeError::invalid)?;
    account.code_hash = hash;
    let mut changes = changed(address, account, &[]);
    changes.codes.insert(hash, code);
    Ok(changes)
}

/// An account that was written down elsewhere: its balance and code in place of those that are here, its slots beside
/// them, and the greater nonce of both, so that no address is given to a second contract.
///
/// # Errors
/// As of [`nonce`] and [`code`].
pub fn account_from(
    world: &World,
    address: Address,
    other: (u64, U256, Bytes),
    slots: &[(U256, U256)],
) -> Result<StateChanges, NodeError> {
    let (other_nonce, balance, other_code) = other;
    let mut changes = code(world, address, other_code)?;
    let here = account(world, address)?;
    let after = BasicAccount {
        balance,
        nonce: here.nonce.max(other_nonce),
        code_hash: changes.codes.keys().next().copied().unwrap_or(KECCAK256_EMPTY),
    };
    check_nonce(after.nonce)?;
    changes.accounts = changed(address, after, slots).accounts;
    Ok(changes)
}

/// Another value of a slot.
///
/// # Errors
/// If the state cannot be read.
pub fn slot(world: &World, address: Address, slot: U256, value: U256) -> Result<StateChanges, NodeError> {
    let account = account(world, address)?;
    Ok(changed(address, account, &[(slot, value)]))
}

/// Another value of a slot of a contract, which is made with the nonce of a contract (EIP-161) where it is not there.
///
/// # Errors
/// If the state cannot be read.
pub fn contract_slot(
    world: &World,
    address: Address,
    slot: U256,
    value: U256,
) -> Result<StateChanges, NodeError> {
    let mut account = account(world, address)?;
    account.nonce = account.nonce.max(1);
    Ok(changed(address, account, &[(slot, value)]))
}
