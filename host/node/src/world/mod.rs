//! The state of a chain as a value: cheap to copy, never changed once it is there.
//!
//! Every block's state is one [`World`], so a call reads the state that it began with while blocks are mined, and
//! going back to an older state is taking its value again. A world is a stack of layers over what was there at
//! the start; worlds share the layers they have in common. Layers are merged as they come, those of
//! few blocks with those of as few, so that after a million blocks there are some thirty.

mod layer;

use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256};
use alloy_trie::EMPTY_ROOT_HASH;
use layer::{Layer, clears, put_over};
use metisvm_state::{
    AccountProof, BaseState, BasicAccount, CpuKeccak, MemoryState, NodeKey, StateChanges, StateError,
    StateSource, TrieNodes, TrieUpdate, WorldTrie, asks_for_storage, storage_answer,
    store::{RedbSnapshot, StoreSnapshot, genesis_changes},
};
use revm::{
    DatabaseRef,
    bytecode::Bytecode,
    state::{AccountId, AccountInfo},
};
use std::{fmt, sync::Arc};

/// So many layers of one size are merged.
const FAN: usize = 4;

/// The state after a block, and what was set by hand since.
#[derive(Clone)]
pub struct World {
    /// What was on disk when the node started.
    base: Option<Arc<RedbSnapshot>>,
    /// The lowest first.
    layers: Vec<Arc<Layer>>,
    /// The state root; of what was set by hand nothing is in it yet.
    root: B256,
    /// What was set by hand since the block, the first lowest. Not among the layers: those are what the trie is of.
    edits: Vec<Arc<Layer>>,
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World")
            .field("root", &self.root)
            .field("layers", &self.layers.len())
            .finish_non_exhaustive()
    }
}

/// What a block would make of a world: its root, and all that is to be kept.
#[derive(Debug, Clone)]
pub struct Step {
    /// What the block changed, with what was set by hand before it.
    pub changes: StateChanges,
    /// What became of the trie.
    pub trie: TrieUpdate,
    /// The state root after the block.
    pub root: B256,
}

impl World {
    /// A state in memory, complete.
    ///
    /// # Errors
    /// None that a state in memory has.
    pub fn of(state: &MemoryState) -> Result<Self, StateError> {
        let empty = Self {
            base: None,
            layers: Vec::new(),
            root: EMPTY_ROOT_HASH,
            edits: Vec::new(),
        };
        let step = empty.step(genesis_changes(state))?;
        let mut first = Layer::new(step.changes, step.trie, None);
        // Never merged: a whole state is not copied for some blocks.
        first.rank = u32::MAX;
        let mut world = Self {
            layers: vec![Arc::new(first)],
            root: step.root,
            ..empty
        };
        for (number, hash) in state.block_hashes() {
            world = world.with_hash(number, hash);
        }
        Ok(world)
    }

    /// The state that a store has.
    pub fn stored(snapshot: RedbSnapshot) -> Self {
        Self {
            root: snapshot.head().state_root,
            base: Some(Arc::new(snapshot)),
            layers: Vec::new(),
            edits: Vec::new(),
        }
    }

    /// The state root, without what was set by hand since the last block.
    pub const fn root(&self) -> B256 {
        self.root
    }

    /// Finds the state root that these changes make, upon what was set by hand.
    ///
    /// # Errors
    /// If the state below cannot be read.
    pub fn step(&self, changes: StateChanges) -> Result<Step, StateError> {
        let mut edits = self.edits.iter();
        let changes = match edits.next() {
            Some(first) => {
                let mut all = first.changes();
                edits.for_each(|layer| put_over(&mut all, &layer.changes()));
                put_over(&mut all, &changes);
                all
            }
            None => changes,
        };
        let (root, trie) = WorldTrie::new(self, &CpuKeccak).apply(self.root, &changes)?;
        Ok(Step { changes, trie, root })
    }

    /// The state after a block, which has this number and hash.
    #[must_use]
    pub fn after(&self, step: Step, block: Option<(u64, B256)>) -> Self {
        let mut next = self.clone();
        // They are part of the step.
        next.edits.clear();
        push(&mut next.layers, Layer::new(step.changes, step.trie, block));
        next.root = step.root;
        next
    }

    /// The same state with values that are set by hand; the next block takes them into its root.
    #[must_use]
    pub fn edited(&self, changes: &StateChanges) -> Self {
        let mut next = self.clone();
        let layer = Layer::new(changes.clone(), TrieUpdate::default(), None);
        push(&mut next.edits, layer);
        next
    }

    /// The same state, in which a block has this hash.
    #[must_use]
    pub fn with_hash(&self, number: u64, hash: B256) -> Self {
        let mut next = self.clone();
        let layer = Layer::new(
            StateChanges::default(),
            TrieUpdate::default(),
            Some((number, hash)),
        );
        push(&mut next.layers, layer);
        next
    }

    fn down(&self) -> impl Iterator<Item = &Layer> {
        let edits = self.edits.iter().rev();
        edits.chain(self.layers.iter().rev()).map(Arc::as_ref)
    }

    /// An account without its code and storage.
    ///
    /// # Errors
    /// If the store below cannot be read.
    pub fn account(&self, address: Address) -> Result<Option<BasicAccount>, StateError> {
        if let Some(change) = self.down().find_map(|layer| layer.accounts.get(&address)) {
            return Ok(change.account);
        }
        match &self.base {
            Some(base) => StoreSnapshot::account(base.as_ref(), address)
                .map_err(|error| StateError::Store(error.to_string())),
            None => Ok(None),
        }
    }

    /// The code of an account.
    ///
    /// # Errors
    /// If the store below cannot be read.
    pub fn code(&self, address: Address) -> Result<Bytes, StateError> {
        match self.account(address)? {
            Some(account) if account.code_hash != KECCAK256_EMPTY => {
                Ok(self.code_by_hash_ref(account.code_hash)?.original_bytes())
            }
            _ => Ok(Bytes::new()),
        }
    }

    /// Every account with its code and its storage. `None` where a part of them is in a store.
    pub fn everything(&self) -> Option<StateChanges> {
        if self.base.is_some() {
            return None;
        }
        let mut all = StateChanges::default();
        for layer in self.layers.iter().chain(&self.edits) {
            put_over(&mut all, &layer.changes());
        }
        Some(all)
    }

    /// An account and some of its slots, with proofs against the state root.
    ///
    /// # Errors
    /// If the store below cannot be read.
    pub fn proof(&self, address: Address, slots: &[U256]) -> Result<AccountProof, StateError> {
        WorldTrie::new(self, &CpuKeccak).proof(self.root, address, slots)
    }
}

/// Puts a layer on top. Whenever there are so many of one rank, they become one of the next: so a value is copied
/// once a rank, and the layers are few.
fn push(layers: &mut Vec<Arc<Layer>>, layer: Layer) {
    layers.push(Arc::new(layer));
    while let Some(top) = layers.last()
        && let rank = top.rank
        && layers.iter().rev().take_while(|layer| layer.rank == rank).count() >= FAN
    {
        let mut merged = layers.split_off(layers.len() - FAN).into_iter();
        let Some(lowest) = merged.next() else { break };
        let mut all = Arc::unwrap_or_clone(lowest);
        for above in merged {
            all.cover(&above);
        }
        all.rank = rank + 1;
        layers.push(Arc::new(all));
    }
}

impl DatabaseRef for World {
    type Error = StateError;

    fn basic_ref(&self, address: Address) -> Result<Option<AccountInfo>, StateError> {
        Ok(self.account(address)?.map(|account| AccountInfo {
            balance: account.balance,
            nonce: account.nonce,
            code_hash: account.code_hash,
            ..AccountInfo::default().without_code()
        }))
    }

    fn code_by_hash_ref(&self, hash: B256) -> Result<Bytecode, StateError> {
        if hash == KECCAK256_EMPTY || hash.is_zero() {
            return Ok(Bytecode::default());
        }
        if let Some(code) = self.down().find_map(|layer| layer.codes.get(&hash)) {
            return Ok(code.clone());
        }
        match &self.base {
            Some(base) => base.code_by_hash_ref(hash),
            None => Err(StateError::UnknownCode(hash)),
        }
    }

    fn storage_ref(&self, address: Address, slot: U256) -> Result<U256, StateError> {
        for change in self.down().filter_map(|layer| layer.accounts.get(&address)) {
            if let Some(value) = change.storage.get(&slot) {
                return Ok(*value);
            }
            if clears(change) {
                return Ok(U256::ZERO);
            }
        }
        match &self.base {
            Some(base) => base.storage_ref(address, slot),
            None => Ok(U256::ZERO),
        }
    }

    fn storage_by_account_id_ref(
        &self,
        address: Address,
        account: AccountId,
        slot: U256,
    ) -> Result<U256, StateError> {
        if !asks_for_storage(account) {
            return self.storage_ref(address, slot);
        }
        // A slot that was set and is zero above may hide the only one below, so the ones that count are collected.
        let mut gone = alloy_primitives::map::HashSet::<U256>::default();
        for change in self.down().filter_map(|layer| layer.accounts.get(&address)) {
            for (slot, value) in &change.storage {
                if gone.insert(*slot) && !value.is_zero() {
                    return Ok(storage_answer(true));
                }
            }
            if clears(change) {
                return Ok(storage_answer(false));
            }
        }
        match &self.base {
            Some(base) => {
                let stored = base.storage_range(address, U256::ZERO, gone.len() + 1)?;
                Ok(storage_answer(
                    stored.iter().any(|(slot, _)| !gone.contains(slot)),
                ))
            }
            None => Ok(storage_answer(false)),
        }
    }

    fn block_hash_ref(&self, number: u64) -> Result<B256, StateError> {
        if let Some(hash) = self.down().find_map(|layer| layer.hashes.get(&number)) {
            return Ok(*hash);
        }
        match &self.base {
            Some(base) => base.block_hash_ref(number),
            None => Err(StateError::UnknownBlockHash(number)),
        }
    }
}

impl BaseState for World {}

impl TrieNodes for World {
    fn node(&self, key: &NodeKey) -> Result<Option<Bytes>, StateError> {
        for trie in self.down().filter_map(|layer| layer.tries.get(&key.owner)) {
            if let Some(node) = trie.nodes.get(&key.path) {
                return Ok(node.clone());
            }
            if trie.dropped {
                return Ok(None);
            }
        }
        match &self.base {
            Some(base) => base.node(key),
            None => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests;
