//! Blocks that a store does not take. It stays as it was and takes the right block afterwards.

use super::chain::{Block, FIRST, Model, address, code, node_key};
use alloy_consensus::Header;
use alloy_primitives::{B256, Bytes, U256};
use metisvm_state::{
    AccountChange, BasicAccount,
    store::{BlockCommit, RedbStore, Store, StoreError, StoreOptions},
};

/// Commits a block that `spoil` has made wrong. Returns the error.
fn refused(spoil: impl FnOnce(&mut Block)) -> StoreError {
    let mut model = Model::new(50);
    model.fingerprint_at(FIRST + 2);
    let store = RedbStore::in_memory(StoreOptions::default()).unwrap();
    store.genesis(&model.block(FIRST).as_commit(), &[]).unwrap();
    store.commit(&model.block(FIRST + 1).as_commit()).unwrap();
    let mut wrong = model.replayed_to(FIRST + 1).next_block(model.seed);
    spoil(&mut wrong);
    let error = store.commit(&wrong.as_commit()).unwrap_err();
    model.replayed_to(FIRST + 1).assert_same(&store);
    store.commit(&model.block(FIRST + 2).as_commit()).unwrap();
    model.assert_same(&store);
    error
}

#[test]
fn block_that_does_not_follow_the_head_is_refused() {
    let not_next = |error: StoreError| assert!(matches!(error, StoreError::NotNext { .. }), "{error}");
    not_next(refused(|block| block.header.parent_hash = B256::ZERO));
    not_next(refused(|block| block.header.number += 1));
    not_next(refused(|block| block.header.number -= 1));
    not_next(refused(|block| block.header.number = 0));
    not_next(refused(|block| block.header.number = u64::MAX));
}

#[test]
fn header_that_cannot_be_read_again_is_refused() {
    let gap = refused(|block| block.header.withdrawals_root = Some(B256::ZERO));
    let said = gap.to_string();
    assert!(matches!(gap, StoreError::HeaderGap { .. }), "{said}");
    assert!(
        said.contains("it has withdrawalsRoot, but not baseFeePerGas"),
        "{said}"
    );
    // A store that is used by itself refuses it as its first block, too.
    let model = Model::new(50);
    let first = model.block(FIRST).as_commit();
    let header = Header {
        slot_number: Some(1),
        ..first.header.clone()
    };
    let store = RedbStore::in_memory(StoreOptions::default()).unwrap();
    let error = store
        .genesis(
            &BlockCommit {
                header: &header,
                ..first
            },
            &[],
        )
        .unwrap_err();
    assert!(matches!(error, StoreError::HeaderGap { .. }), "{error}");
    assert_eq!(store.head().unwrap(), None);
    store.genesis(&model.block(FIRST).as_commit(), &[]).unwrap();
}

#[test]
fn block_that_contradicts_itself_is_refused() {
    let invalid = |error: StoreError| assert!(matches!(error, StoreError::Invalid { .. }), "{error}");
    let account = |code_hash| {
        Some(BasicAccount {
            balance: U256::ZERO,
            nonce: 1,
            code_hash,
        })
    };
    invalid(refused(|block| block.header.state_root = B256::ZERO));
    invalid(
        refused(|block| block.trie.set.retain(|(key, _)| *key != node_key(None, &[]))), // Without a new root node the old one stays.
    );
    invalid(refused(|block| {
        block.trie.set.clear();
        block.trie.removed.push(node_key(None, &[]));
    }));
    invalid(refused(|block| {
        let change = AccountChange {
            account: account(B256::repeat_byte(1)),
            ..Default::default()
        };
        block.changes.accounts.insert(address(3), change);
    }));
    invalid(refused(|block| {
        block.changes.codes.insert(B256::repeat_byte(1), code(3));
    }));
    invalid(refused(|block| {
        let mut change = AccountChange::default();
        change.storage.insert(U256::ZERO, U256::from(1));
        block.changes.accounts.insert(address(3), change);
    }));
    // The zero hash stands for the account trie in the file.
    let zero = node_key(Some(B256::ZERO), &[]);
    invalid(refused(|block| block.trie.set.insert(0, (zero, Bytes::new()))));
    invalid(refused(|block| block.trie.removed.push(zero)));
    invalid(refused(|block| block.trie.dropped.push(B256::ZERO)));
}

#[test]
fn store_has_one_genesis_and_nothing_before_it() {
    let model = Model::new(51);
    let store = RedbStore::in_memory(StoreOptions::default()).unwrap();
    assert_eq!(store.head().unwrap(), None);
    assert_eq!(store.genesis_hash().unwrap(), None);
    assert!(matches!(store.snapshot(), Err(StoreError::Empty)));
    assert!(matches!(store.unwind(0), Err(StoreError::Empty)));
    let first = &model.blocks[0];
    assert!(matches!(store.commit(&first.as_commit()), Err(StoreError::Empty)));
    let later = store
        .genesis(&first.as_commit(), &[(FIRST, B256::ZERO)])
        .unwrap_err();
    assert!(matches!(later, StoreError::Invalid { .. }), "{later}");
    store.genesis(&first.as_commit(), &[]).unwrap();
    let again = store.genesis(&first.as_commit(), &[]).unwrap_err();
    assert!(
        matches!(again, StoreError::NotEmpty(hash) if hash == first.header.hash_slow()),
        "{again}"
    );
    assert_eq!(store.genesis_hash().unwrap(), Some(first.header.hash_slow()));
    model.assert_same(&store);
}
