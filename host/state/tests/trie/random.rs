//! Random batches in sequence.

use crate::support::{Changes, CheckedTrie, key, value};
use alloy_primitives::{B256, Bytes, keccak256};
use proptest::{collection::vec, prelude::*};

/// Keys that crowd together: a few nibbles off one base, the deeper the likelier.
fn crowded_key() -> impl Strategy<Value = B256> {
    let place = prop_oneof![0..64usize, 56..64usize, Just(63usize)];
    vec((place, 0..3u8), 0..4).prop_map(|nibbles| key(&nibbles))
}

fn small_value() -> impl Strategy<Value = Option<Bytes>> {
    prop_oneof![
        2 => Just(None),
        3 => (1..4usize, any::<u8>()).prop_map(|(length, fill)| Some(value(length, fill))),
        1 => (4..70usize, any::<u8>()).prop_map(|(length, fill)| Some(value(length, fill))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn crowded_keys_in_sequence(
        batches in vec(proptest::collection::btree_map(crowded_key(), small_value(), 0..40), 1..6)
    ) {
        let mut trie = CheckedTrie::new(Some(B256::repeat_byte(3)));
        for batch in &batches {
            trie.step(batch);
        }
    }

    #[test]
    fn hashed_keys_in_sequence(
        batches in vec(vec((0..200u8, small_value()), 0..60), 1..5)
    ) {
        let mut trie = CheckedTrie::new(None);
        for batch in &batches {
            let changes = batch.iter().map(|(n, value)| (keccak256([*n]), value.clone())).collect();
            trie.step(&changes);
        }
    }
}

#[test]
fn sparse_then_dense_then_sparse() {
    let keys: Vec<B256> = (0..3000u32).map(|n| keccak256(n.to_be_bytes())).collect();
    let mut trie = CheckedTrie::new(None);
    for (from, to) in [(0, 3), (3, 40), (40, 600), (600, 3000)] {
        let batch = keys[from..to]
            .iter()
            .map(|key| (*key, Some(value(1 + key[0] as usize % 40, key[1]))));
        trie.step(&batch.collect());
    }
    for step in [7, 2, 1] {
        let batch: Changes = keys.iter().step_by(step).map(|key| (*key, None)).collect();
        trie.step(&batch);
    }
    assert!(trie.nodes.is_empty());
}
