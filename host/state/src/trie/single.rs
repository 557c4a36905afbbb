//! One trie by its raw keys: the state trie's parts, or any other with keys of 32 bytes.

use super::{
    TrieNodes, TrieUpdate, levels,
    reader::{self, Reader},
    update::{Change, TrieChange},
};
use crate::{KeccakBatch, StateError};
use alloy_primitives::{B256, Bytes};
use alloy_trie::Nibbles;
use std::collections::BTreeMap;

/// Applies changes to the trie of `owner` with root `root`: a value (its RLP, not empty) is put under its
/// key, `None` takes the key out; to take out what is not there changes nothing. Answers the new root and
/// what it takes to keep it. An empty value counts as `None`, as the Yellow Paper has it.
///
/// # Errors
/// [`StateError::BrokenTrie`] where a node is missing or not the one that its parent means, and whatever
/// error the store has.
pub fn apply_to_trie(
    nodes: &dyn TrieNodes,
    keccak: &dyn KeccakBatch,
    owner: Option<B256>,
    root: B256,
    changes: &BTreeMap<B256, Option<Bytes>>,
) -> Result<(B256, TrieUpdate), StateError> {
    let changes: Vec<Change> = changes
        .iter()
        .map(|(key, value)| Change {
            key: Nibbles::unpack(key),
            value: value.clone().filter(|value| !value.is_empty()),
        })
        .collect();
    let mut trie = [TrieChange::new(Reader::new(nodes, owner, root), root, &changes)?];
    levels::hash(&mut trie, keccak);
    reader::verify(trie.iter().map(|trie| &trie.reader), keccak)?;
    let [trie] = trie;
    let root = trie.root();
    let mut update = TrieUpdate::default();
    levels::collect(trie, &mut update);
    levels::sort(&mut update);
    Ok((root, update))
}

/// The nodes on the way to `key` in the trie of `owner` with root `root`, and the value there, if any.
/// The nodes are the RLP of those that have a digest, the root first; they prove the value or, where there
/// is none, its absence. An empty trie has no nodes.
///
/// # Errors
/// As [`apply_to_trie`].
pub fn prove_key(
    nodes: &dyn TrieNodes,
    keccak: &dyn KeccakBatch,
    owner: Option<B256>,
    root: B256,
    key: B256,
) -> Result<(Vec<Bytes>, Option<Bytes>), StateError> {
    let mut reader = Reader::new(nodes, owner, root);
    let proof = reader.prove(&Nibbles::unpack(key))?;
    reader::verify(core::iter::once(&reader), keccak)?;
    Ok(proof)
}
