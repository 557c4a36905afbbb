//! How often the hashing engine is called, and with what.

use crate::support::{Changes, CheckedTrie, key, value};
use alloy_primitives::{Address, B256, KECCAK256_EMPTY, U256, keccak256, map::U256Map};
use alloy_trie::EMPTY_ROOT_HASH;
use metisvm_state::{
    AccountChange, BasicAccount, CpuKeccak, KeccakBatch, MemoryNodes, StateChanges, WorldTrie, apply_to_trie,
};
use std::sync::Mutex;

/// Counts the messages of every call.
#[derive(Default)]
struct Counting(Mutex<Vec<usize>>);

impl Counting {
    fn take(&self) -> Vec<usize> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl KeccakBatch for Counting {
    fn hash(&self, messages: &[&[u8]], digests: &mut [B256]) {
        assert_eq!(messages.len(), digests.len());
        assert!(!messages.is_empty(), "an empty batch is no work");
        self.0.lock().unwrap().push(messages.len());
        CpuKeccak.hash(messages, digests);
    }
}

#[test]
fn calls_are_bounded_by_the_depth_and_not_by_the_nodes() {
    let keccak = Counting::default();
    let changes: Changes = (0..5000u32)
        .map(|n| (keccak256(n.to_be_bytes()), Some(value(40, 1))))
        .collect();
    let mut nodes = MemoryNodes::default();
    let (root, update) = apply_to_trie(&nodes, &keccak, None, EMPTY_ROOT_HASH, &changes).unwrap();
    let calls = keccak.take();
    assert!(calls.len() <= 8, "{calls:?}");
    assert_eq!(
        calls.iter().sum::<usize>(),
        update.set.len(),
        "every kept node is hashed once"
    );
    assert!(calls[0] >= 5000, "all leaves, at whatever depth, are one batch");

    // A change of some: the same number of levels, and one batch that checks what was read.
    nodes.apply(&update);
    let some = changes
        .keys()
        .step_by(50)
        .map(|key| (*key, Some(value(40, 2))))
        .collect();
    let (_, update) = apply_to_trie(&nodes, &keccak, None, root, &some).unwrap();
    let calls = keccak.take();
    assert!(calls.len() <= 9, "{calls:?}");
    let (check, levels) = calls.split_last().unwrap();
    assert_eq!(levels.iter().sum::<usize>(), update.set.len());
    assert_eq!(
        *check,
        update.set.len(),
        "values in place: as many nodes read as written"
    );
}

#[test]
fn a_branch_at_every_depth_takes_at_most_one_call_a_depth() {
    let keccak = Counting::default();
    let changes: Changes = (0..64)
        .map(|depth| (key(&[(depth, 0xa)]), Some(value(1, 1))))
        .chain([(key(&[]), Some(value(1, 1)))])
        .collect();
    apply_to_trie(&MemoryNodes::default(), &keccak, None, EMPTY_ROOT_HASH, &changes).unwrap();
    let calls = keccak.take();
    assert!(calls.len() <= 64, "{calls:?}");
}

#[test]
fn the_storage_of_all_accounts_is_hashed_together() {
    let keccak = Counting::default();
    let storage: U256Map<U256> = (1..20u64)
        .map(|slot| (U256::from(slot), U256::from(slot)))
        .collect();
    let change = AccountChange {
        account: Some(BasicAccount {
            balance: U256::from(1),
            nonce: 1,
            code_hash: KECCAK256_EMPTY,
        }),
        storage_cleared: false,
        storage,
    };
    let mut changes = StateChanges::default();
    for n in 0..300u64 {
        changes
            .accounts
            .insert(Address::left_padding_from(&n.to_be_bytes()), change.clone());
    }
    let mut nodes = MemoryNodes::default();
    let trie = WorldTrie::new(&nodes, &keccak);
    let (root, update) = trie.apply(EMPTY_ROOT_HASH, &changes).unwrap();
    let calls = keccak.take();
    // Keys; levels of 300 storage tries; levels of the account trie. Nothing was read.
    assert!(calls.len() <= 1 + 4 + 5, "{calls:?}");
    assert_eq!(calls[0], 300 * 20);
    assert!(
        calls[1] >= 300 * 19,
        "the leaves of all storage tries are one batch: {calls:?}"
    );

    nodes.apply(&update);
    for change in changes.accounts.values_mut() {
        change.storage.insert(U256::from(1), U256::from(99));
    }
    WorldTrie::new(&nodes, &keccak).apply(root, &changes).unwrap();
    let calls = keccak.take();
    assert!(calls.len() <= 1 + 4 + 5 + 1, "{calls:?}");
}

#[test]
fn the_engine_gives_the_same_digests_one_by_one_and_in_large_batches() {
    let messages: Vec<Vec<u8>> = (0..5000usize).map(|n| vec![n as u8; n % 700]).collect();
    let messages: Vec<&[u8]> = messages.iter().map(|message| &message[..]).collect();
    let mut digests = vec![B256::ZERO; messages.len()];
    CpuKeccak.hash(&messages, &mut digests);
    for (message, digest) in messages.iter().zip(&digests) {
        assert_eq!(*digest, keccak256(message));
    }
    CpuKeccak.hash(&[], &mut []);
}

#[test]
fn a_trie_of_changes_to_nothing_needs_no_hash_of_nodes() {
    let keccak = Counting::default();
    let trie = CheckedTrie::with([(key(&[]), value(1, 1))]);
    let nodes = &trie.nodes;
    let result = WorldTrie::new(nodes, &keccak)
        .apply(trie.root, &StateChanges::default())
        .unwrap();
    assert_eq!(result, (trie.root, Default::default()));
    assert!(keccak.take().is_empty());
}
