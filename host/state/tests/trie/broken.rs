//! Stores that are damaged, or at another block: an error that names the node, never a wrong root.

use crate::support::{Changes, CheckedTrie, key, value};
use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256, keccak256, map::U256Map};
use alloy_trie::{EMPTY_ROOT_HASH, Nibbles};
use metisvm_state::{
    AccountChange, BasicAccount, CpuKeccak, MemoryNodes, NodeKey, StateChanges, StateError, TrieNodes,
    TrieUpdate, WorldTrie, apply_to_trie, prove_key,
};

/// Nodes of which one is not as it was.
struct Damaged<'n> {
    nodes: &'n MemoryNodes,
    at: NodeKey,
    now: Option<Bytes>,
}

impl TrieNodes for Damaged<'_> {
    fn node(&self, key: &NodeKey) -> Result<Option<Bytes>, StateError> {
        if *key == self.at {
            return Ok(self.now.clone());
        }
        self.nodes.node(key)
    }
}

fn awkward() -> CheckedTrie {
    let crowded = (0..64)
        .step_by(5)
        .map(|depth| (key(&[(depth, 0xa)]), value(20, depth as u8)));
    let close = (0..3).map(|nibble| (key(&[(61, 9), (63, nibble)]), value(1, 1)));
    let mut trie = CheckedTrie::new(Some(B256::repeat_byte(0x77)));
    trie.step(
        &crowded
            .chain(close)
            .map(|(key, value)| (key, Some(value)))
            .collect(),
    );
    trie
}

/// Changes every value, so every node is read.
fn touch_all(trie: &CheckedTrie) -> Changes {
    trie.content
        .keys()
        .map(|key| (*key, Some(value(21, 0xee))))
        .collect()
}

#[test]
fn a_missing_node_is_named() {
    let trie = awkward();
    assert!(trie.nodes.len() > 20);
    for (at, _) in trie.nodes.iter() {
        let nodes = Damaged {
            nodes: &trie.nodes,
            at,
            now: None,
        };
        let error = apply_to_trie(&nodes, &CpuKeccak, trie.owner, trie.root, &touch_all(&trie)).unwrap_err();
        let StateError::BrokenTrie { owner, path, problem } = error else {
            panic!("{error}");
        };
        assert_eq!((owner, path, problem), (trie.owner, at.path, "is missing"));
    }
}

#[test]
fn a_damaged_node_never_gives_a_root() {
    let trie = awkward();
    let all: Vec<(NodeKey, Bytes)> = trie.nodes.iter().map(|(at, rlp)| (at, rlp.clone())).collect();
    let touch_all = touch_all(&trie);
    let fails = |at: NodeKey, now: Vec<u8>| {
        let nodes = Damaged {
            nodes: &trie.nodes,
            at,
            now: Some(now.into()),
        };
        let result = apply_to_trie(&nodes, &CpuKeccak, trie.owner, trie.root, &touch_all);
        assert!(
            matches!(result, Err(StateError::BrokenTrie { .. })),
            "{at:?}: {result:?}"
        );
    };
    for (at, rlp) in &all {
        for byte in 0..rlp.len() {
            for flip in [0x01, 0x10, 0x80] {
                let mut now = rlp.to_vec();
                now[byte] ^= flip;
                fails(*at, now);
            }
        }
        for cut in [0, 1, rlp.len() / 2, rlp.len() - 1] {
            fails(*at, rlp[..cut].to_vec());
        }
        fails(*at, [&rlp[..], &[0]].concat());
        // Lengths that promise more than there is.
        fails(*at, vec![0xff; 9]);
        fails(*at, vec![0xbf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
        for (other, other_rlp) in &all {
            if other != at && other_rlp != rlp {
                fails(*at, other_rlp.to_vec());
            }
        }
    }
}

#[test]
fn a_node_that_decodes_but_is_another_is_found_by_its_digest() {
    let mut trie = CheckedTrie::with([(key(&[]), value(40, 1)), (key(&[(0, 1)]), value(40, 2))]);
    let stale = trie.nodes.clone();
    trie.step(&Changes::from([(key(&[]), Some(value(40, 3)))]));
    let at = NodeKey {
        owner: None,
        path: Nibbles::from_nibbles([5]),
    };
    let nodes = Damaged {
        nodes: &trie.nodes,
        at,
        now: stale.node(&at).unwrap(),
    };
    assert!(nodes.now.is_some());
    let broken = StateError::BrokenTrie {
        owner: None,
        path: at.path,
        problem: "is not the node that its parent means",
    };
    let change = Changes::from([(key(&[]), Some(value(40, 4)))]);
    let result = apply_to_trie(&nodes, &CpuKeccak, None, trie.root, &change);
    assert_eq!(result.unwrap_err(), broken);
    assert_eq!(
        prove_key(&nodes, &CpuKeccak, None, trie.root, key(&[])).unwrap_err(),
        broken
    );
    // A node that nothing needs is not read.
    let change = Changes::from([(key(&[(0, 1)]), Some(value(40, 4)))]);
    assert!(apply_to_trie(&nodes, &CpuKeccak, None, trie.root, &change).is_ok());
}

#[test]
fn nodes_of_another_block_are_refused() {
    let trie = awkward();
    let other = keccak256([1]);
    let result = apply_to_trie(&trie.nodes, &CpuKeccak, trie.owner, other, &touch_all(&trie));
    let StateError::BrokenTrie { path, .. } = result.unwrap_err() else {
        panic!("another error");
    };
    assert!(path.is_empty());
    let empty = MemoryNodes::default();
    let error = apply_to_trie(&empty, &CpuKeccak, None, other, &touch_all(&trie)).unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with("the trie node at the root of the accounts is missing: "),
        "{text}"
    );
}

#[test]
fn an_error_of_the_store_comes_through() {
    struct Failing;
    impl TrieNodes for Failing {
        fn node(&self, _: &NodeKey) -> Result<Option<Bytes>, StateError> {
            Err(StateError::Store("the disk is gone".into()))
        }
    }
    let changes = Changes::from([(key(&[]), None)]);
    let result = apply_to_trie(&Failing, &CpuKeccak, None, keccak256([1]), &changes);
    assert_eq!(result, Err(StateError::Store("the disk is gone".into())));
}

#[test]
fn a_leaf_that_is_no_account_is_an_error() {
    let address = Address::repeat_byte(1);
    let leaves = Changes::from([(keccak256(address), Some(value(50, 0xc0)))]);
    let mut nodes = MemoryNodes::default();
    let (root, update) = apply_to_trie(&nodes, &CpuKeccak, None, EMPTY_ROOT_HASH, &leaves).unwrap();
    nodes.apply(&update);
    let mut changes = StateChanges::default();
    changes.accounts.insert(address, AccountChange::default());
    let trie = WorldTrie::new(&nodes, &CpuKeccak);
    for error in [
        trie.apply(root, &changes).unwrap_err(),
        trie.proof(root, address, &[]).unwrap_err(),
    ] {
        let text = error.to_string();
        assert!(text.contains("is a leaf without an account"), "{text}");
    }
}

#[test]
fn a_storage_node_that_is_missing_is_named_with_its_owner() {
    let address = Address::repeat_byte(1);
    let storage: U256Map<U256> = (1..40u64).map(|slot| (U256::from(slot), U256::from(1))).collect();
    let mut changes = StateChanges::default();
    let account = Some(BasicAccount {
        balance: U256::ZERO,
        nonce: 0,
        code_hash: KECCAK256_EMPTY,
    });
    let change = AccountChange {
        account,
        storage_cleared: false,
        storage,
    };
    changes.accounts.insert(address, change);
    let mut nodes = MemoryNodes::default();
    let (root, update) = WorldTrie::new(&nodes, &CpuKeccak)
        .apply(EMPTY_ROOT_HASH, &changes)
        .unwrap();
    nodes.apply(&update);
    let owner = Some(keccak256(address));
    let lost = update.set.iter().rfind(|(key, _)| key.owner == owner).unwrap().0;
    nodes.apply(&TrieUpdate {
        removed: vec![lost],
        ..Default::default()
    });
    for change in changes.accounts.values_mut() {
        change.storage.values_mut().for_each(|value| *value = U256::ZERO);
    }
    let error = WorldTrie::new(&nodes, &CpuKeccak)
        .apply(root, &changes)
        .unwrap_err();
    let StateError::BrokenTrie { owner: of, path, .. } = &error else {
        panic!("{error}");
    };
    assert_eq!((*of, *path), (owner, lost.path));
    assert!(error.to_string().contains(&keccak256(address).to_string()));
}
