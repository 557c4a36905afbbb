//! Amsterdam, and block access lists (EIP-7928) in blocks and block files: a block that is built names its
//! list, and one whose list is another is refused.

#![allow(clippy::unwrap_used)] // in the helpers, too, a panic is how a test fails

mod support;

use alloy_consensus::{Header, TxEnvelope, TxLegacy};
use alloy_eips::{
    eip4895::{Withdrawal, Withdrawals},
    eip7928::BlockAccessList,
};
use alloy_primitives::{Address, B256, Bytes, TxKind, U256};
use metisvm_executor::{
    BlockEngine, BlockFile, BlockInput, BuiltBlock, DEFAULT_FILE_LIMIT, EngineOptions, Error, Threads,
    access_list_hash, build_access_list, build_block, execute_block, recover_senders, run_block_file,
};
use metisvm_vm::{ChainSpec, MetisEvmFactory};
use serde_json::{Value, json};
use std::sync::Arc;
use support::block::{CHAIN_ID, GWEI, account, built, engine, genesis, sign, template};

/// Stores the slot number (EIP-7843) at slot 0 and the call value at slot 1.
const STORES: Address = Address::repeat_byte(0xc7);
const SLOT_NUMBER: u64 = 4_711;

fn amsterdam() -> ChainSpec {
    let mut spec = ChainSpec::metis_dev();
    spec.name = "metis-dev on Amsterdam".into();
    spec.forks.amsterdam_time = Some(0);
    spec.check().unwrap();
    spec
}

fn call(number: u8, nonce: u64, to: Address, value: u64) -> TxEnvelope {
    let tx = TxLegacy {
        chain_id: Some(CHAIN_ID),
        nonce,
        gas_price: 2 * GWEI,
        gas_limit: 500_000,
        to: TxKind::Call(to),
        value: U256::from(value),
        input: Bytes::new(),
    };
    sign(number, tx)
}

/// A block on Amsterdam: new slots, slots written again, a new account, and a withdrawal.
fn on_amsterdam(threads: usize) -> BuiltBlock {
    let factory = MetisEvmFactory::new(Arc::new(amsterdam()), engine());
    let mut state = genesis();
    // SLOTNUM PUSH0 SSTORE CALLVALUE PUSH1 1 SSTORE
    let code = Bytes::from_static(&[0x4b, 0x5f, 0x55, 0x34, 0x60, 0x01, 0x55]);
    state.insert_account(STORES, U256::ZERO, 1, code, []);
    let transactions = vec![
        call(1, 0, STORES, 7),
        call(2, 0, STORES, 7),
        call(1, 1, Address::repeat_byte(0x77), 5),
        call(3, 0, STORES, 9),
    ];
    let template = Header {
        slot_number: Some(SLOT_NUMBER),
        ..template()
    };
    let withdrawals = Withdrawals::new(vec![Withdrawal {
        index: 7,
        validator_index: 8,
        address: account(1),
        amount: 3,
    }]);
    let engine = BlockEngine::new(Threads::new(threads).unwrap());
    let built = build_block(&factory, state, template, transactions, withdrawals, &engine).unwrap();
    assert_eq!(built.skipped, []);
    built
}

fn run(file: &BlockFile) -> Result<metisvm_executor::BlockReport, Error> {
    run_block_file(file, engine(), &BlockEngine::new(Threads::new(2).unwrap()))
}

/// What reading the file, or else executing it, says after a change.
fn error_after(change: impl FnOnce(&mut Value)) -> String {
    let mut json = serde_json::from_str(&on_amsterdam(1).file.to_json()).unwrap();
    change(&mut json);
    match BlockFile::from_json(json.to_string().as_bytes()) {
        Err(error) => error.to_string(),
        Ok(file) => run(&file).unwrap_err().to_string(),
    }
}

/// The file after a change, with the block hash made right again.
fn changed(change: impl FnOnce(&mut BlockFile)) -> BlockFile {
    let mut file = on_amsterdam(1).file;
    change(&mut file);
    file.hash = file.block.header.hash_slow();
    BlockFile::from_json(file.to_json().as_bytes()).unwrap()
}

#[test]
fn a_block_built_on_amsterdam_names_its_list_and_executes_to_its_own_header() {
    let built = on_amsterdam(1);
    assert_eq!(built.file, on_amsterdam(2).file);
    let list = built.file.access_list.as_ref().unwrap();
    let header = &built.file.block.header;
    assert_eq!(header.block_access_list_hash, Some(access_list_hash(list)));
    let read = BlockFile::from_json(built.file.to_json().as_bytes()).unwrap();
    assert_eq!(read, built.file);
    let report = run(&read).unwrap();
    assert_eq!(report.mismatches, []);
    assert_eq!(report.outcome.access_list.as_ref(), Some(list));
    // Without the list it is made again and found to be the one that the header names.
    let without = changed(|file| file.access_list = None);
    assert_eq!(run(&without).unwrap().mismatches, []);
}

#[test]
fn what_is_left_out_of_a_block_is_no_step_of_it() {
    let factory = MetisEvmFactory::new(Arc::new(amsterdam()), engine());
    let transactions = || {
        vec![
            call(1, 0, STORES, 7),
            call(2, 5, STORES, 8),
            call(3, 0, STORES, 9),
        ]
    };
    let files = [1, 2].map(|threads| {
        let engine = BlockEngine::with_options(
            Threads::new(threads).unwrap(),
            EngineOptions {
                adaptive: false,
                ..EngineOptions::default()
            },
        );
        let none = Withdrawals::default();
        let built = build_block(&factory, genesis(), template(), transactions(), none, &engine).unwrap();
        assert_eq!(built.skipped.len(), 1);
        built.file
    });
    assert_eq!(files[0], files[1]);
    assert_eq!(run(&files[0]).unwrap().mismatches, []);
    let list = files[0].access_list.as_ref().unwrap();
    let sender = list.iter().find(|one| one.address == account(3)).unwrap();
    assert_eq!(sender.nonce_changes[0].block_access_index.get(), 2);
    assert!(list.iter().all(|one| one.address != account(2)));
}

#[test]
fn on_amsterdam_gas_is_counted_in_two_kinds_and_the_slot_number_can_be_read() {
    let built = on_amsterdam(1);
    let file = &built.file;
    let stored = &built.state.account(&STORES).unwrap().storage;
    assert_eq!(stored.get(&U256::ZERO), Some(&U256::from(SLOT_NUMBER)));
    let receipts: u64 = built.outcome.transactions.iter().map(|one| one.gas_used).sum();
    assert!(
        built.outcome.gas_used < receipts,
        "{} of {receipts} is the greater of the gas of execution and that of new state (EIP-8037)",
        built.outcome.gas_used
    );
    let spec = Arc::new(amsterdam());
    let transactions = file.block.body.transactions.clone();
    let transactions = recover_senders(&spec, 1, transactions, &Threads::new(1).unwrap()).unwrap();
    let block = BlockInput {
        header: &file.block.header,
        transactions: &transactions,
        withdrawals: file.block.body.withdrawals.as_ref().map(|all| all.as_slice()),
        ommers: &[],
        access_list: None,
    };
    // The engine holds the list against the header, whoever read the block.
    let other = Header {
        block_access_list_hash: Some(B256::repeat_byte(2)),
        ..file.block.header.clone()
    };
    let lying = BlockInput {
        header: &other,
        access_list: file.access_list.as_ref(),
        ..block
    };
    let factory = MetisEvmFactory::new(spec.clone(), engine());
    let on_two = BlockEngine::new(Threads::new(2).unwrap());
    let error = on_two.execute(&factory, lying, &file.pre_state).unwrap_err();
    assert!(
        error.to_string().contains("but its header names 0x0202"),
        "{error}"
    );
    let mut state = file.pre_state.clone();
    let oracle = execute_block(&MetisEvmFactory::new(spec, engine()), block, &mut state).unwrap();
    assert_eq!(oracle.gas_used, built.outcome.gas_used);
    assert_eq!(oracle.receipts, built.outcome.receipts);
    assert_eq!(state, built.state);
}

#[test]
fn a_list_says_what_each_step_of_the_block_left() {
    let file = on_amsterdam(1).file;
    let list = file.access_list.unwrap();
    let of = |address: Address| list.iter().find(|account| account.address == address).unwrap();
    let stores = of(STORES);
    let slots: Vec<Vec<_>> = stores
        .storage_changes
        .iter()
        .map(|slot| {
            let changes = slot.changes.iter();
            changes
                .map(|one| (one.block_access_index.get(), one.new_value.to::<u64>()))
                .collect()
        })
        .collect();
    // The second call finds both values there.
    assert_eq!(slots, [vec![(1, SLOT_NUMBER)], vec![(1, 7), (4, 9)]]);
    let sender = of(account(1));
    let nonces: Vec<_> = sender
        .nonce_changes
        .iter()
        .map(|one| (one.block_access_index.get(), one.new_nonce))
        .collect();
    assert_eq!(nonces, [(1, 1), (3, 2)]);
    let last = sender.balance_changes.last().unwrap();
    assert_eq!(
        last.block_access_index.get(),
        5,
        "the withdrawal follows the last transaction"
    );
}

#[test]
fn a_header_that_names_another_list_is_a_mismatch() {
    let file = changed(|file| {
        file.access_list = None;
        file.block.header.block_access_list_hash = Some(B256::repeat_byte(1));
    });
    let fields = run(&file).unwrap().mismatches;
    let fields: Vec<_> = fields.iter().map(|mismatch| mismatch.field).collect();
    assert_eq!(fields, ["blockAccessListHash"]);
}

#[test]
fn a_list_that_is_not_the_one_of_the_header_is_refused() {
    let error = error_after(|json| json["blockAccessList"] = "0xc0".into());
    assert!(
        error.starts_with("block.blockAccessListHash: is 0x") && error.contains("blockAccessList hashes to"),
        "{error}"
    );
    for (rlp, words) in [
        ("0xc1", "RLP"),
        ("0xc0c0", "RLP"),
        ("0x", "RLP"),
        ("0xffffffffffffffffff", "RLP"),
    ] {
        // Before Amsterdam no header names a list, but a file may have one.
        let mut json: Value = serde_json::from_str(&built().file.to_json()).unwrap();
        json["blockAccessList"] = json!(rlp);
        let error = BlockFile::from_json(json.to_string().as_bytes()).unwrap_err();
        assert!(error.to_string().starts_with("blockAccessList: "), "{error}");
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[test]
fn a_header_and_a_list_that_lie_together_make_the_block_invalid() {
    let file = changed(|file| {
        let list = file.access_list.as_mut().unwrap();
        let slots = list.iter_mut().flat_map(|account| &mut account.storage_changes);
        let last = slots.last().unwrap();
        last.changes[0].new_value += U256::from(1);
        file.block.header.block_access_list_hash = Some(access_list_hash(list));
    });
    let error = run(&file).unwrap_err();
    assert!(matches!(error, Error::AccessList(_)), "{error}");
    assert!(
        error
            .to_string()
            .contains("slot 0x1 at index 1 is listed as 0x8, but is 0x7"),
        "{error}"
    );
}

#[test]
fn the_fields_of_amsterdam_come_with_amsterdam() {
    for key in ["blockAccessListHash", "slotNumber"] {
        let missing = changed(|file| match key {
            "slotNumber" => file.block.header.slot_number = None,
            _ => {
                file.access_list = None;
                file.block.header.block_access_list_hash = None;
                // A header without it ends before the slot number.
                file.block.header.slot_number = None;
            }
        });
        let error = run(&missing).unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("block.{key}: is missing, but Amsterdam is active")),
            "{error}"
        );
    }
    let mut early = built().file;
    early.block.header.block_access_list_hash = Some(B256::ZERO);
    early.hash = early.block.header.hash_slow();
    let error = run(&early).unwrap_err().to_string();
    assert!(
        error.starts_with("block.blockAccessListHash: is there, but Amsterdam is not active"),
        "{error}"
    );
}

#[test]
fn before_amsterdam_a_file_may_have_a_list_and_it_has_to_be_right() {
    let mut file = built().file;
    let spec = Arc::new(ChainSpec::metis_dev());
    let transactions = file.block.body.transactions.clone();
    let transactions = recover_senders(&spec, 1, transactions, &Threads::new(1).unwrap()).unwrap();
    let block = BlockInput {
        header: &file.block.header,
        transactions: &transactions,
        withdrawals: file.block.body.withdrawals.as_ref().map(|all| all.as_slice()),
        ommers: &[],
        access_list: None,
    };
    let list = build_access_list(&MetisEvmFactory::new(spec, engine()), block, &file.pre_state)
        .unwrap()
        .1;
    file.access_list = Some(list);
    let file = BlockFile::from_json(file.to_json().as_bytes()).unwrap();
    assert_eq!(run(&file).unwrap().mismatches, []);
    let mut lying = file.clone();
    lying.access_list.as_mut().unwrap().pop();
    assert!(matches!(run(&lying).unwrap_err(), Error::AccessList(_)));
}

#[test]
fn mainnet_blocks_come_out_the_same_with_their_lists() {
    let Some(folder) = support::data_for("mainnet blocks with access lists", "mainnet-blocks") else {
        return;
    };
    let options = EngineOptions {
        adaptive: false,
        ..EngineOptions::default()
    };
    let engines = [1, 2, 8].map(|n| BlockEngine::with_options(Threads::new(n).unwrap(), options.clone()));
    let spec = Arc::new(ChainSpec::mainnet());
    let factory = MetisEvmFactory::new(spec.clone(), None);
    for entry in std::fs::read_dir(folder).unwrap() {
        let file = BlockFile::read(entry.unwrap().path(), DEFAULT_FILE_LIMIT).unwrap();
        let header = &file.block.header;
        let transactions = file.block.body.transactions.clone();
        let transactions =
            recover_senders(&spec, header.number, transactions, &Threads::new(1).unwrap()).unwrap();
        let block = BlockInput {
            header,
            transactions: &transactions,
            withdrawals: file.block.body.withdrawals.as_ref().map(|all| all.as_slice()),
            ommers: &[],
            access_list: None,
        };
        let (alone, list): (_, BlockAccessList) =
            build_access_list(&factory, block, &file.pre_state).unwrap();
        let block = BlockInput {
            access_list: Some(&list),
            ..block
        };
        for engine in &engines {
            let executed = engine.execute(&factory, block, &file.pre_state).unwrap();
            assert_eq!(
                executed.outcome.gas_used, header.gas_used,
                "block {}",
                header.number
            );
            assert_eq!(
                executed.outcome.receipts, alone.outcome.receipts,
                "block {}",
                header.number
            );
            let after = |changes| {
                let mut state = file.pre_state.clone();
                state.apply(changes);
                state
            };
            assert!(
                after(&executed.changes) == after(&alone.changes),
                "block {}",
                header.number
            );
            assert_eq!(
                executed.report.aborts, 0,
                "block {}: {:?}",
                header.number, executed.report
            );
        }
    }
}
