//! Key sets that no hash function gives: long shared prefixes, forks at every depth, nodes so small that
//! they are embedded.

use crate::support::{Changes, CheckedTrie, key, value};
use alloy_primitives::B256;

fn put(keys: impl IntoIterator<Item = B256>, length: usize) -> Changes {
    keys.into_iter()
        .enumerate()
        .map(|(i, key)| (key, Some(value(length, i as u8 + 1))))
        .collect()
}

fn delete(keys: impl IntoIterator<Item = B256>) -> Changes {
    keys.into_iter().map(|key| (key, None)).collect()
}

#[test]
fn keys_that_differ_in_the_last_nibble_only() {
    for length in [1, 2, 14, 30, 31, 33] {
        let keys: Vec<B256> = (0..16).map(|nibble| key(&[(63, nibble)])).collect();
        let mut trie = CheckedTrie::new(None);
        for one in &keys {
            trie.step(&put([*one], length));
        }
        for one in keys.iter().rev().step_by(2).chain(keys.iter().step_by(2)) {
            trie.step(&delete([*one]));
        }
        assert!(trie.nodes.is_empty());
    }
}

#[test]
fn a_fork_at_every_depth_collapses_to_a_leaf() {
    for depth in 0..64 {
        for length in [1, 32] {
            let mut trie = CheckedTrie::with([(key(&[]), value(length, 9))]);
            trie.step(&put([key(&[(depth, 1)])], length));
            trie.step(&delete([key(&[])]));
            trie.step(&put([key(&[])], length));
            trie.step(&delete([key(&[(depth, 1)])]));
        }
    }
}

#[test]
fn an_extension_is_split_and_mended_at_every_depth() {
    for length in [1, 40] {
        // Two keys that fork at the very end, and two that leave an extension further on.
        for base in [
            vec![key(&[]), key(&[(63, 1)])],
            vec![key(&[]), key(&[(40, 1)]), key(&[(63, 2)])],
        ] {
            for depth in 0..64 {
                let mut trie = CheckedTrie::new(None);
                trie.step(&put(base.clone(), length));
                let other = key(&[(depth, 0xe)]);
                trie.step(&put([other], length));
                trie.step(&delete([other]));
                // The other side goes instead.
                trie.step(&put([other], length));
                trie.step(&delete(base.clone()));
                trie.step(&delete([other]));
            }
        }
    }
}

#[test]
fn a_branch_at_every_depth_of_one_key() {
    for length in [1, 32] {
        let comb: Vec<B256> = (0..64).map(|depth| key(&[(depth, 0xa)])).collect();
        let mut trie = CheckedTrie::with([(key(&[]), value(length, 7))]);
        trie.step(&put(comb.clone(), length));
        assert_eq!(trie.content.len(), 65);
        // Every second tooth, then the rest from the deepest up.
        trie.step(&delete(comb.iter().copied().step_by(2)));
        for tooth in comb.iter().skip(1).step_by(2).rev() {
            trie.step(&delete([*tooth]));
        }
        assert_eq!(trie.nodes.len(), 1);
    }
}

#[test]
fn nodes_around_the_length_at_which_they_are_embedded() {
    // Leaves and extensions of all lengths about 32 bytes, at all depths where that is possible.
    for fork in 40..64 {
        for length in 1..=33 {
            let mut trie = CheckedTrie::new(None);
            trie.step(&put([key(&[]), key(&[(fork, 1)])], length));
            trie.step(&put(
                [
                    key(&[(fork, 1)]),
                    key(&[(62, 3), (63, 3)]),
                    key(&[(62, 3), (63, 4)]),
                ],
                1,
            ));
            trie.step(&delete([key(&[])]));
            trie.step(&delete([key(&[(62, 3), (63, 3)])]));
        }
    }
}

#[test]
fn a_value_of_one_byte_above_and_below_0x80() {
    for byte in [0x01, 0x7f, 0x80, 0xff] {
        let mut trie = CheckedTrie::with([(key(&[]), value(1, byte))]);
        trie.step(&Changes::from([(key(&[(63, 0)]), Some(value(1, byte)))]));
        trie.step(&Changes::from([(key(&[]), Some(value(1, 0x80)))]));
    }
}

#[test]
fn everything_goes_and_comes_in_one_batch() {
    let one: Vec<B256> = (0..16).map(|nibble| key(&[(10, nibble), (50, 1)])).collect();
    let other: Vec<B256> = (0..16).map(|nibble| key(&[(11, nibble), (50, 2)])).collect();
    for length in [1, 32] {
        let mut trie = CheckedTrie::new(None);
        trie.step(&put(one.clone(), length));
        let mut swap = delete(one.clone());
        swap.extend(put(other.clone(), length));
        trie.step(&swap);
        assert_eq!(trie.content.len(), 16);
        trie.step(&delete(other.iter().chain(&one).copied()));
        assert!(trie.nodes.is_empty());
    }
}

#[test]
fn what_is_not_there_cannot_be_deleted() {
    let mut trie = CheckedTrie::new(None);
    trie.step(&delete([key(&[])]));
    let base = [key(&[]), key(&[(20, 1)]), key(&[(63, 1)])];
    trie.step(&put(base, 1));
    let before = trie.clone();
    for depth in 0..63 {
        trie.step(&delete([key(&[(depth, 0xb)])]));
        trie.step(&delete([key(&[(depth, 0xb), (63, 1)]), key(&[(depth, 0xc)])]));
    }
    assert_eq!((trie.root, trie.nodes), (before.root, before.nodes));
}

#[test]
fn writing_what_is_there_already_writes_nothing() {
    let base = [key(&[]), key(&[(20, 1)]), key(&[(63, 1)])];
    let mut trie = CheckedTrie::new(None);
    trie.step(&put(base, 1));
    let same = trie
        .content
        .iter()
        .map(|(key, value)| (*key, Some(value.clone())))
        .collect();
    let (root, update) =
        metisvm_state::apply_to_trie(&trie.nodes, &metisvm_state::CpuKeccak, None, trie.root, &same).unwrap();
    assert_eq!(root, trie.root);
    assert!(update.is_empty());
}

#[test]
fn an_empty_value_deletes() {
    let mut trie = CheckedTrie::with([(key(&[]), value(3, 1)), (key(&[(5, 1)]), value(3, 1))]);
    let changes = Changes::from([(key(&[]), Some(value(0, 0)))]);
    let (root, _) =
        metisvm_state::apply_to_trie(&trie.nodes, &metisvm_state::CpuKeccak, None, trie.root, &changes)
            .unwrap();
    trie.step(&delete([key(&[])]));
    assert_eq!(root, trie.root);
}

/// From every subset of a set of keys to every other in one batch, with and without new values for the
/// keys that stay: every way a node can split, merge, move or go, and several of them at once.
#[test]
fn from_every_subset_of_awkward_keys_to_every_other() {
    let keys = [
        key(&[]),
        key(&[(63, 1)]),
        key(&[(62, 1)]),
        key(&[(62, 1), (63, 7)]),
        key(&[(60, 2)]),
        key(&[(1, 2), (3, 3)]),
        key(&[(1, 2)]),
    ];
    for length in [1, 24] {
        let subset = |mask: usize, fill: u8| {
            let present = keys.iter().enumerate().filter(move |(i, _)| mask >> i & 1 == 1);
            present.map(move |(i, key)| (*key, value(length, fill + i as u8)))
        };
        // The deep check once for each subset and fill, then transitions against its nodes.
        let built: Vec<[CheckedTrie; 2]> = (0..1 << keys.len())
            .map(|mask| [1, 101].map(|fill| CheckedTrie::with(subset(mask, fill))))
            .collect();
        for (from, [start, _]) in built.iter().enumerate() {
            for (to, goals) in built.iter().enumerate() {
                for goal in goals {
                    let mut changes = Changes::new();
                    for (i, key) in keys.iter().enumerate() {
                        let now = goal.content.get(key).cloned();
                        if (from | to) >> i & 1 == 1 && start.content.get(key) != now.as_ref() {
                            changes.insert(*key, now);
                        }
                    }
                    let mut trie = start.clone();
                    trie.apply(&changes);
                    assert_eq!(
                        (trie.root, &trie.nodes),
                        (goal.root, &goal.nodes),
                        "{from:b} to {to:b}"
                    );
                }
            }
        }
    }
}
