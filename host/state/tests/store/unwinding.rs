//! Back by N blocks, and on from there.

use super::chain::{FIRST, Model, Rng};
use metisvm_state::store::{Depth, RedbStore, Store, StoreError, StoreOptions, StoreSnapshot};

fn store_of(model: &Model, options: StoreOptions) -> RedbStore {
    let store = RedbStore::in_memory(options).unwrap();
    store.genesis(&model.blocks[0].as_commit(), &[]).unwrap();
    for block in &model.blocks[1..] {
        store.commit(&block.as_commit()).unwrap();
    }
    store
}

fn chain(seed: u64, blocks: u64) -> Model {
    let mut model = Model::new(seed);
    model.fingerprint_at(FIRST + blocks);
    model
}

#[test]
fn unwinding_any_number_of_blocks_gives_the_earlier_state_and_another_branch_can_follow() {
    let mut rng = Rng(0x0bac);
    for seed in 10..22 {
        let model = chain(seed, 30);
        let store = store_of(&model, StoreOptions::default());
        model.assert_same(&store);
        let back = 1 + rng.below(30);
        store.unwind(back).unwrap();
        let mut branch = model.replayed_to(FIRST + 30 - back);
        branch.assert_same(&store);
        store.verify(Depth::Everything).unwrap();
        for _ in 0..8 {
            let block = branch.next_block(seed + 1000);
            store.commit(&block.as_commit()).unwrap();
            branch.extend(block);
        }
        branch.assert_same(&store);
        // And back over the fork.
        store.unwind(8).unwrap();
        branch.replayed_to(FIRST + 30 - back).assert_same(&store);
    }
}

#[test]
fn blocks_in_one_transaction_are_as_blocks_one_by_one_and_one_that_is_wrong_leaves_nothing() {
    let model = chain(23, 30);
    let store = RedbStore::in_memory(StoreOptions::default()).unwrap();
    store.genesis(&model.blocks[0].as_commit(), &[]).unwrap();
    let commits: Vec<_> = model.blocks[1..].iter().map(|block| block.as_commit()).collect();
    // One is left out, so that the one behind it does not follow.
    let gap = [&commits[..10], &commits[11..]].concat();
    store.commit_all(&gap).unwrap_err();
    model.replayed_to(FIRST).assert_same(&store);
    store.commit_all(&commits[..20]).unwrap();
    store.commit_all(&commits[20..]).unwrap();
    model.assert_same(&store);
    store.verify(Depth::Everything).unwrap();
    // Each can be taken back by itself, also within what was written at once.
    store.unwind(17).unwrap();
    model.replayed_to(FIRST + 13).assert_same(&store);
}

#[test]
fn chains_of_this_suite_destroy_clear_and_create_anew() {
    let model = chain(10, 30);
    let changes = || {
        model
            .blocks
            .iter()
            .flat_map(|block| block.changes.accounts.values())
    };
    let destroyed = changes().filter(|change| change.account.is_none()).count();
    let cleared = changes().filter(|change| change.storage_cleared).count();
    let large = changes().filter(|change| change.storage.len() > 300).count();
    assert!(
        destroyed > 10 && cleared > 10 && large > 0,
        "{destroyed} {cleared} {large}"
    );
}

#[test]
fn unwinding_further_than_the_history_is_an_error_that_says_how_far_one_can() {
    let model = chain(30, 12);
    let store = store_of(
        &model,
        StoreOptions {
            undo_blocks: 5,
            ..StoreOptions::default()
        },
    );
    assert_eq!(store.undo_depth().unwrap(), 5);
    let error = store.unwind(6).unwrap_err();
    assert!(
        matches!(
            error,
            StoreError::UnwindTooFar {
                asked: 6,
                possible: 5
            }
        ),
        "{error}"
    );
    model.assert_same(&store);
    store.unwind(2).unwrap();
    let error = store.unwind(u64::MAX).unwrap_err();
    assert!(
        matches!(error, StoreError::UnwindTooFar { possible: 3, .. }),
        "{error}"
    );
    store.unwind(3).unwrap();
    model.replayed_to(FIRST + 7).assert_same(&store);
    assert_eq!(store.undo_depth().unwrap(), 0);
}

#[test]
fn genesis_cannot_be_unwound_and_everything_after_it_can() {
    let model = chain(31, 3);
    let store = store_of(&model, StoreOptions::default());
    assert!(matches!(
        store.unwind(4),
        Err(StoreError::UnwindTooFar { possible: 3, .. })
    ));
    assert_eq!(store.unwind(3).unwrap().number, FIRST);
    model.replayed_to(FIRST).assert_same(&store);
    assert_eq!(store.unwind(0).unwrap().number, FIRST);
    assert!(store.unwind(1).is_err());
}

#[test]
fn store_without_undo_history_commits_and_does_not_unwind() {
    let model = chain(32, 3);
    let store = store_of(
        &model,
        StoreOptions {
            undo_blocks: 0,
            ..StoreOptions::default()
        },
    );
    model.assert_same(&store);
    assert!(matches!(
        store.unwind(1),
        Err(StoreError::UnwindTooFar { possible: 0, .. })
    ));
    store.verify(Depth::Everything).unwrap();
}

#[test]
fn history_shrinks_and_grows_with_the_option() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("store");
    let mut model = chain(33, 20);
    let open = |undo_blocks| {
        RedbStore::open(
            &place,
            StoreOptions {
                undo_blocks,
                ..StoreOptions::default()
            },
        )
    };
    let store = open(10).unwrap();
    store.genesis(&model.blocks[0].as_commit(), &[]).unwrap();
    for number in 1..=8 {
        store.commit(&model.block(FIRST + number).as_commit()).unwrap();
    }
    assert_eq!(store.undo_depth().unwrap(), 8);
    drop(store);
    // From no history to some, the records may have no gap.
    for (undo_blocks, blocks, depth) in [(3, 1, 3), (0, 2, 0), (6, 2, 2), (6, 5, 6)] {
        let store = open(undo_blocks).unwrap();
        for _ in 0..blocks {
            let next = store.head().unwrap().unwrap().number + 1;
            store.commit(&model.block(next).as_commit()).unwrap();
        }
        assert_eq!(store.undo_depth().unwrap(), depth);
        store.verify(Depth::Everything).unwrap();
    }
    let store = open(6).unwrap();
    let head = store.unwind(6).unwrap();
    assert_eq!(
        store.snapshot().unwrap().fingerprint().unwrap(),
        model.fingerprint_at(head.number)
    );
}

#[test]
fn snapshot_stays_as_it_is_while_blocks_come_and_go() {
    let model = chain(34, 10);
    let earlier = model.replayed_to(FIRST + 5);
    let store = store_of(&earlier, StoreOptions::default());
    let snapshot = store.snapshot().unwrap();
    let before = snapshot.fingerprint().unwrap();
    for number in 6..=10 {
        store.commit(&model.block(FIRST + number).as_commit()).unwrap();
    }
    store.unwind(7).unwrap();
    assert_eq!(snapshot.fingerprint().unwrap(), before);
    assert_eq!(snapshot.head().number, FIRST + 5);
    super::chain::assert_same_state(&earlier.state, &snapshot);
    // Nor does it answer wrongly when the store is gone.
    drop(store);
    assert!(
        matches!(snapshot.fingerprint(), Err(StoreError::Closed))
            || snapshot.fingerprint().unwrap() == before
    );
}
