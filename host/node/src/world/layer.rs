//! One layer of the state: what one block, or several that follow each other, changed.

use alloy_primitives::{
    B256, Bytes,
    map::{AddressMap, B256Map, Entry, HashMap},
};
use alloy_trie::Nibbles;
use metisvm_state::{AccountChange, NodeKey, StateChanges, TrieUpdate};
use revm::bytecode::Bytecode;

/// `BLOCKHASH` reaches so far back.
const HASHES: u64 = 256;

/// Values that hide those of the layers below.
#[derive(Debug, Clone, Default)]
pub(super) struct Layer {
    pub(super) accounts: AddressMap<AccountChange>,
    pub(super) codes: B256Map<Bytecode>,
    /// The nodes of each trie, by the hashed address that owns it; `None` is the trie of accounts.
    pub(super) tries: HashMap<Option<B256>, TrieLayer>,
    pub(super) hashes: HashMap<u64, B256>,
    /// How often what is in it was merged.
    pub(super) rank: u32,
}

/// What became of the nodes of one trie.
#[derive(Debug, Clone, Default)]
pub(super) struct TrieLayer {
    /// Nothing below is left of this trie.
    pub(super) dropped: bool,
    /// Nodes with their RLP, or that they are gone.
    pub(super) nodes: HashMap<Nibbles, Option<Bytes>>,
}

/// Whether nothing of the storage that an account had before is left.
pub(super) const fn clears(change: &AccountChange) -> bool {
    change.storage_cleared || change.account.is_none()
}

/// Changes as one: first those of `below`, then those of `above`.
pub(super) fn put_over(below: &mut StateChanges, above: &StateChanges) {
    put_accounts(&mut below.accounts, &above.accounts);
    below
        .codes
        .extend(above.codes.iter().map(|(hash, code)| (*hash, code.clone())));
}

fn put_accounts(below: &mut AddressMap<AccountChange>, above: &AddressMap<AccountChange>) {
    for (address, change) in above {
        let entry = match below.entry(*address) {
            Entry::Vacant(vacant) => {
                vacant.insert(change.clone());
                continue;
            }
            Entry::Occupied(entry) => entry.into_mut(),
        };
        // An account that went took its storage along, also where it has come back since.
        entry.storage_cleared |= clears(entry);
        entry.account = change.account;
        if clears(change) {
            entry.storage_cleared = true;
            entry.storage.clear();
        }
        entry
            .storage
            .extend(change.storage.iter().map(|(slot, value)| (*slot, *value)));
    }
}

impl Layer {
    pub(super) fn new(changes: StateChanges, trie: TrieUpdate, hash: Option<(u64, B256)>) -> Self {
        let mut tries: HashMap<Option<B256>, TrieLayer> = HashMap::default();
        for owner in trie.dropped {
            tries.entry(Some(owner)).or_default().dropped = true;
        }
        for NodeKey { owner, path } in trie.removed {
            tries.entry(owner).or_default().nodes.insert(path, None);
        }
        for (NodeKey { owner, path }, rlp) in trie.set {
            tries.entry(owner).or_default().nodes.insert(path, Some(rlp));
        }
        Self {
            accounts: changes.accounts,
            codes: changes.codes,
            tries,
            hashes: hash.into_iter().collect(),
            rank: 0,
        }
    }

    /// Its values, without the nodes of tries.
    pub(super) fn changes(&self) -> StateChanges {
        StateChanges {
            accounts: self.accounts.clone(),
            codes: self.codes.clone(),
        }
    }

    /// Puts a layer over this one, which is then both.
    pub(super) fn cover(&mut self, above: &Self) {
        put_accounts(&mut self.accounts, &above.accounts);
        self.codes
            .extend(above.codes.iter().map(|(hash, code)| (*hash, code.clone())));
        for (owner, trie) in &above.tries {
            let entry = self.tries.entry(*owner).or_default();
            if trie.dropped {
                entry.dropped = true;
                entry.nodes.clear();
            }
            entry
                .nodes
                .extend(trie.nodes.iter().map(|(path, rlp)| (*path, rlp.clone())));
        }
        self.hashes
            .extend(above.hashes.iter().map(|(number, hash)| (*number, *hash)));
        if self.hashes.len() as u64 > 2 * HASHES {
            let newest = self.hashes.keys().copied().max().unwrap_or_default();
            self.hashes.retain(|number, _| number + HASHES >= newest);
        }
    }
}
