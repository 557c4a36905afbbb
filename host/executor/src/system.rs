//! What a block does besides its transactions: before them the DAO fork and the system calls of EIP-2935 and
//! EIP-4788, after them the requests of EIP-7685 (deposits, withdrawals, consolidations, builders), then rewards
//! and withdrawals. Sequential execution and the engine both go through here.
//!
//! alloy-evm's executor does the same but for three things. It moves the DAO's ether after the transactions of the
//! fork's block, where the fork moves it before them (EIP-779). It refuses a deposit event with more topics than
//! one, which EIP-6110 does not look at. And it reports a state that cannot be read during a system call as an
//! invalid block, where it is a fault of the node.

use crate::{
    BlockInput, Error,
    validity::{SystemContract, check_code, deposit_requests},
};
use alloy_consensus::{Header, ReceiptEnvelope};
use alloy_eips::{
    eip2935::HISTORY_STORAGE_ADDRESS, eip4788::BEACON_ROOTS_ADDRESS, eip6110::DEPOSIT_REQUEST_TYPE,
    eip7002::SYSTEM_ADDRESS, eip7685::Requests,
};
use alloy_evm::{
    Evm,
    block::{StateDB, state_changes::post_block_balance_increments},
    eth::dao_fork::{DAO_HARDFORK_ACCOUNTS, DAO_HARDFORK_BENEFICIARY},
};
use alloy_hardforks::{EthereumHardfork, EthereumHardforks};
use alloy_primitives::{Address, Bytes, U256};
use metisvm_vm::ChainSpec;
use revm::{
    Database, DatabaseCommit,
    context_interface::result::{ExecutionResult, HaltReason},
    state::{Account, TransactionId},
};
use std::collections::BTreeMap;

/// Whether anything happens in this block before its first transaction.
pub(crate) fn has_start(spec: &ChainSpec, header: &Header) -> bool {
    spec.is_cancun_active_at_timestamp(header.timestamp) || moves_dao(spec, header)
}

fn moves_dao(spec: &ChainSpec, header: &Header) -> bool {
    spec.ethereum_fork_activation(EthereumHardfork::Dao)
        .transitions_at_block(header.number)
}

/// What comes before the first transaction.
pub(crate) fn before_transactions<E>(evm: &mut E, spec: &ChainSpec, header: &Header) -> Result<(), Error>
where
    E: Evm<DB: StateDB, HaltReason = HaltReason>,
{
    if moves_dao(spec, header) {
        move_dao(evm.db_mut(), spec, header)?;
    }
    let genesis = header.number == 0;
    // What the calls give does not matter, nor whether there is a contract.
    if spec.is_prague_active_at_timestamp(header.timestamp) && !genesis {
        system_call(evm, HISTORY_STORAGE_ADDRESS, header.parent_hash.0.into())?;
    }
    if spec.is_cancun_active_at_timestamp(header.timestamp) {
        let Some(root) = header.parent_beacon_block_root else {
            let problem = "is missing, and Cancun needs it (EIP-4788)";
            return Err(Error::wrong("block.parentBeaconBlockRoot", problem));
        };
        if !genesis {
            system_call(evm, BEACON_ROOTS_ADDRESS, root.0.into())?;
        } else if !root.is_zero() {
            let problem = format!("is {root}; in block 0 it must be zero (EIP-4788)");
            return Err(Error::wrong("block.parentBeaconBlockRoot", problem));
        }
    }
    Ok(())
}

/// What follows the last transaction. `receipts` are those of all transactions; gives the requests to the consensus
/// layer, from Prague on.
pub(crate) fn after_transactions<E>(
    evm: &mut E,
    spec: &ChainSpec,
    block: &BlockInput<'_>,
    receipts: &[ReceiptEnvelope],
) -> Result<Requests, Error>
where
    E: Evm<DB: StateDB, HaltReason = HaltReason>,
{
    let mut requests = Requests::default();
    if spec.is_prague_active_at_timestamp(block.header.timestamp) {
        let deposits = deposit_requests(spec, receipts)?;
        if !deposits.is_empty() {
            requests.push_request_with_type(DEPOSIT_REQUEST_TYPE, deposits);
        }
        for contract in SystemContract::active(spec, block.header.timestamp) {
            check_code(contract, evm.db_mut())?;
            let called = contract.output(system_call(evm, contract.address, Bytes::new())?)?;
            if !called.is_empty() {
                requests.push_request_with_type(contract.request_type, called);
            }
        }
    }
    let paid = post_block_balance_increments(spec, evm.block(), block.ommers, block.withdrawals);
    // In the order of the addresses, so that of several that cannot be read the same is named every time.
    let paid: BTreeMap<Address, u128> = paid.into_iter().collect();
    let state = evm.db_mut();
    for (address, amount) in paid {
        credit(state, address, U256::from(amount))?;
    }
    Ok(requests)
}

/// Calls a contract as the protocol does, and commits what it did. Such a call is valid by itself, so an error is
/// a fault of this node.
fn system_call<E>(evm: &mut E, contract: Address, input: Bytes) -> Result<ExecutionResult, Error>
where
    E: Evm<DB: StateDB, HaltReason = HaltReason>,
{
    let called = evm
        .transact_system_call(SYSTEM_ADDRESS, contract, input)
        .map_err(|error| Error::Node(error.to_string()))?;
    evm.db_mut().commit(called.state);
    Ok(called.result)
}

/// Moves the ether of the DAO and its children to the contract that gives it back (EIP-779).
fn move_dao<DB: StateDB>(state: &mut DB, spec: &ChainSpec, header: &Header) -> Result<(), Error> {
    // What is left of an account may be empty. It stays in the state where its fork keeps those (EIP-161).
    let keeps_empty = !spec.is_spurious_dragon_active_at_block(header.number);
    let mut moved = U256::ZERO;
    for address in DAO_HARDFORK_ACCOUNTS {
        let mut account = load(state, address)?;
        moved = moved.saturating_add(core::mem::take(&mut account.info.balance));
        if keeps_empty && account.is_empty() {
            account.mark_created();
        }
        state.commit_iter(&mut [(address, account)].into_iter());
    }
    credit(state, DAO_HARDFORK_BENEFICIARY, moved)
}

fn credit<DB: StateDB>(state: &mut DB, address: Address, amount: U256) -> Result<(), Error> {
    let mut account = load(state, address)?;
    account.info.balance = account.info.balance.saturating_add(amount);
    state.commit_iter(&mut [(address, account)].into_iter());
    Ok(())
}

/// An account that is about to be changed.
fn load<DB: Database>(state: &mut DB, address: Address) -> Result<Account, Error> {
    let info = state
        .basic(address)
        .map_err(|error| Error::Node(error.to_string()))?;
    let mut account = match info {
        Some(info) => Account::from(info),
        None => Account::new_not_existing(TransactionId::ZERO),
    };
    account.mark_touch();
    Ok(account)
}
