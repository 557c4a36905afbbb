//! Reads that the state cannot answer: a fault of the node, not of the block. Which transaction and which
//! read the error names is the same on one thread and on several, however threads run.

#![allow(clippy::unwrap_used)] // in the helpers, too, a panic is how a test fails

mod support;

use alloy_eips::{
    eip2935::{HISTORY_STORAGE_ADDRESS, HISTORY_STORAGE_CODE},
    eip4788::{BEACON_ROOTS_ADDRESS, BEACON_ROOTS_CODE},
    eip7002::WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS,
    eip7251::CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS,
};
use alloy_primitives::{Address, B256, U256};
use metisvm_executor::Error;
use metisvm_state::{BaseState, MemoryState, StateError};
use revm::{DatabaseRef, bytecode::Bytecode, state::AccountInfo};
use support::{
    block::{account, genesis, template},
    small::{SmallBlock, pay},
};

/// How often a block is executed on several threads.
const ROUNDS: u64 = 10;
/// A contract that every transaction calls.
const CONTRACT: Address = Address::repeat_byte(0xc0);

/// What cannot be read.
#[derive(Debug, Clone, Copy)]
enum Lost {
    Account(Address),
    Slots(Address),
    Codes,
}

/// A state in memory of which a part is lost.
struct Damaged {
    state: MemoryState,
    lost: Lost,
}

/// What the damaged part says of itself.
fn damage() -> StateError {
    StateError::UnknownCode(B256::repeat_byte(0xda))
}

impl BaseState for Damaged {}

impl DatabaseRef for Damaged {
    type Error = StateError;

    fn basic_ref(&self, address: Address) -> Result<Option<AccountInfo>, StateError> {
        match self.lost {
            Lost::Account(lost) if lost == address => Err(damage()),
            // As a store gives it: the code is asked for apart.
            _ => Ok(self.state.basic_ref(address)?.map(AccountInfo::without_code)),
        }
    }

    fn code_by_hash_ref(&self, code_hash: B256) -> Result<Bytecode, StateError> {
        match self.lost {
            Lost::Codes => Err(damage()),
            _ => self.state.code_by_hash_ref(code_hash),
        }
    }

    fn storage_ref(&self, address: Address, slot: U256) -> Result<U256, StateError> {
        match self.lost {
            Lost::Slots(lost) if lost == address => Err(damage()),
            _ => self.state.storage_ref(address, slot),
        }
    }

    fn block_hash_ref(&self, number: u64) -> Result<B256, StateError> {
        self.state.block_hash_ref(number)
    }
}

/// The error of a block that needs what is lost.
fn fault(block: &SmallBlock, threads: usize, jitter: Option<u64>, state: &Damaged) -> String {
    let error = block.execute(threads, jitter, state).unwrap_err();
    let lost = state.lost;
    assert!(
        !matches!(error, Error::InvalidTransaction { .. }) || !error.to_string().contains("0xdada"),
        "{lost:?}: a node that cannot read calls the block invalid: {error}"
    );
    error.to_string()
}

/// Holds the errors on several threads against the one on one thread.
fn check(block: &SmallBlock, lost: Lost) -> String {
    let state = Damaged {
        state: genesis(),
        lost,
    };
    let expected = fault(block, 1, None, &state);
    for threads in [2, 4] {
        for round in 0..ROUNDS {
            let jitter = (round % 2 == 1).then_some(round);
            let found = fault(block, threads, jitter, &state);
            assert_eq!(found, expected, "{lost:?}, round {round} on {threads} threads");
        }
    }
    expected
}

/// A block of calls by three senders.
fn calls() -> SmallBlock {
    let calls = [1, 2, 3].map(|key| pay(key, 0, CONTRACT, 1));
    SmallBlock::new(template().beneficiary, calls.to_vec())
}

#[test]
fn a_sender_that_cannot_be_read_names_its_transaction() {
    let error = check(&calls(), Lost::Account(account(2)));
    assert!(error.contains("transaction 1 "), "{error}");
}

#[test]
fn a_callee_that_cannot_be_read_names_the_first_call() {
    for lost in [Lost::Account(CONTRACT), Lost::Slots(CONTRACT), Lost::Codes] {
        let error = check(&calls(), lost);
        assert!(error.contains("transaction 0 "), "{lost:?}: {error}");
    }
}

#[test]
fn a_beneficiary_that_cannot_be_read_is_the_same_fault_on_every_number_of_threads() {
    check(&calls(), Lost::Account(template().beneficiary));
}

#[test]
fn of_a_fault_and_an_invalid_transaction_sequential_execution_meets_the_same_first() {
    for lost in [template().beneficiary, CONTRACT, account(1), account(2)] {
        // The nonce is too high: an invalid block, if nothing was lost before.
        let mut transactions = vec![pay(1, 9, CONTRACT, 1)];
        transactions.extend([1, 2, 3].map(|key| pay(key, 0, CONTRACT, 1)));
        check(
            &SmallBlock::new(template().beneficiary, transactions),
            Lost::Account(lost),
        );
        let transactions = vec![
            pay(2, 0, CONTRACT, 1),
            pay(1, 9, CONTRACT, 1),
            pay(3, 0, CONTRACT, 1),
        ];
        let block = SmallBlock::new(template().beneficiary, transactions);
        check(&block, Lost::Account(lost));
    }
}

#[test]
fn a_contract_of_the_protocol_that_cannot_be_read_does_not_make_the_block_invalid() {
    let mut state = genesis();
    for (address, code) in [
        (HISTORY_STORAGE_ADDRESS, &HISTORY_STORAGE_CODE),
        (BEACON_ROOTS_ADDRESS, &BEACON_ROOTS_CODE),
    ] {
        state.insert_account(address, U256::ZERO, 1, code.clone(), []);
    }
    for lost in [
        Lost::Account(HISTORY_STORAGE_ADDRESS),
        Lost::Account(BEACON_ROOTS_ADDRESS),
        Lost::Slots(BEACON_ROOTS_ADDRESS),
        Lost::Account(WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS),
        Lost::Slots(WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS),
        Lost::Slots(CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS),
    ] {
        let state = Damaged {
            state: state.clone(),
            lost,
        };
        for threads in [1, 2] {
            let error = calls().execute(threads, None, &state).unwrap_err();
            assert!(matches!(error, Error::Node(_)), "{lost:?}: {error}");
        }
    }
}
