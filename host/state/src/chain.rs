//! The state of a chain: one store with its cache and its trie, moved from block to block together.
//!
//! A block is executed over a [`ChainState::view`] of its parent and handed in with what it changed.
//! [`ChainState::commit`] finds the state root, holds the header to it, writes the block, and only then
//! moves the cache. The cache is bound to the store by the hash of a block and by nothing else: a view is
//! of the snapshot's block, and uses the cache only where the cache stands at that same block. So whatever
//! stops between two steps, the worst that can follow is a view that goes past the cache.

use crate::{
    AccountProof, CacheConfig, CacheView, CpuKeccak, KeccakBatch, MemoryNodes, MemoryState, NodeKey,
    StateCache, StateChanges, TrieNodes, TrieUpdate, WorldTrie,
    roots::{Found, Roots},
    store::{BlockCommit, Head, Store, StoreError, StoreSnapshot, check_header, genesis_changes},
};
use alloy_consensus::{Header, ReceiptEnvelope};
use alloy_primitives::{Address, B256, U256};
use alloy_trie::{EMPTY_ROOT_HASH, Nibbles};
use core::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The state of one chain. Shared by reference: views are read from any number of threads, also while a
/// block is committed; blocks are committed and unwound one at a time.
pub struct ChainState<S> {
    store: S,
    cache: StateCache,
    roots: Roots,
    // Held while the head moves, so that the cache goes the way of the store step by step.
    moving: Mutex<()>,
}

/// What a block would make of the state of its parent: its changes, and the root and trie nodes that
/// follow from them. Nothing is written yet.
#[derive(Debug)]
pub struct NextState<'c> {
    parent: Head,
    changes: &'c StateChanges,
    found: Found,
}

impl NextState<'_> {
    /// The block that was the head.
    pub fn parent(&self) -> &Head {
        &self.parent
    }

    /// The state root after the changes: what belongs in the block's header.
    pub fn state_root(&self) -> B256 {
        self.found.root
    }

    /// What becomes of the trie nodes.
    pub fn trie(&self) -> &TrieUpdate {
        &self.found.trie
    }
}

impl<S> fmt::Debug for ChainState<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChainState")
            .field("cache", &self.cache)
            .finish_non_exhaustive()
    }
}

impl<S: Store> ChainState<S> {
    /// Begins a chain in an empty store with a complete state and the header of its first block, of whatever
    /// number. The block hashes that `state` knows are those of its ancestors, for `BLOCKHASH`.
    ///
    /// The error is [`StoreError::StateRoot`] where the header has another state root,
    /// [`StoreError::NotEmpty`] where the store has a chain, [`StoreError::HeaderGap`] where the header could not
    /// be read again.
    pub fn create(
        store: S,
        cache: CacheConfig,
        keccak: Arc<dyn KeccakBatch>,
        first: &Header,
        state: &MemoryState,
    ) -> Result<Self, StoreError> {
        Self::create_with_receipts(store, cache, keccak, first, &[], state)
    }

    /// As [`Self::create`], where the first block is not an empty one: with its receipts. `state` is the state
    /// after it, as always.
    pub fn create_with_receipts(
        store: S,
        cache: CacheConfig,
        keccak: Arc<dyn KeccakBatch>,
        first: &Header,
        receipts: &[ReceiptEnvelope],
        state: &MemoryState,
    ) -> Result<Self, StoreError> {
        check_header(first)?;
        let changes = genesis_changes(state);
        let nothing = MemoryNodes::default();
        let roots = Roots::new(keccak);
        let found = roots.hold_to(&nothing, EMPTY_ROOT_HASH, &changes, first.state_root)?;
        check_root(first, found.root)?;
        let ancestors: Vec<(u64, B256)> = state.block_hashes().collect();
        let block = BlockCommit {
            header: first,
            receipts,
            changes: &changes,
            trie: &found.trie,
        };
        store.genesis(&block, &ancestors)?;
        Self::open_with(store, cache, roots)
    }

    /// Goes on with the chain of a store, at its head, with an empty cache.
    ///
    /// The error is [`StoreError::Empty`] where there is no chain, and [`StoreError::State`] where the store
    /// has no trie of its head: one that was written without trie nodes.
    pub fn open(store: S, cache: CacheConfig, keccak: Arc<dyn KeccakBatch>) -> Result<Self, StoreError> {
        Self::open_with(store, cache, Roots::new(keccak))
    }

    fn open_with(store: S, cache: CacheConfig, roots: Roots) -> Result<Self, StoreError> {
        let snapshot = store.snapshot()?;
        let head = snapshot.head();
        // Reading the root node, where there has to be one, also checks it.
        WorldTrie::new(&snapshot, &CpuKeccak).proof(head.state_root, Address::ZERO, &[])?;
        let root = NodeKey {
            owner: None,
            path: Nibbles::new(),
        };
        if head.state_root == EMPTY_ROOT_HASH && snapshot.node(&root)?.is_some() {
            let problem = "the state is empty, but the account trie has a root node".to_owned();
            return Err(StoreError::Corrupt(problem));
        }
        drop(snapshot);
        let cache = StateCache::new(cache);
        cache.move_to(head.hash);
        Ok(Self {
            store,
            cache,
            roots,
            moving: Mutex::new(()),
        })
    }

    /// The same chain, which takes the root of a block that it builds from the engine, and hardware at its word.
    /// A wrong digest then makes a block that every other node refuses. Roots that a header can be held to are
    /// found in the same way with and without this.
    #[must_use]
    pub fn trusting_keccak(mut self) -> Self {
        self.roots.trusted = true;
        self
    }

    /// How many state roots were computed again on the processor, because those with digests of hardware were not
    /// what a header names.
    pub fn recomputed_roots(&self) -> u64 {
        self.roots.recomputed()
    }

    /// The store.
    pub fn store(&self) -> &S {
        &self.store
    }

    /// The cache, for its figures.
    pub fn cache(&self) -> &StateCache {
        &self.cache
    }

    /// Gives the store back; what was cached is gone.
    pub fn into_store(self) -> S {
        self.store
    }

    /// The last block.
    pub fn head(&self) -> Result<Head, StoreError> {
        self.store.head()?.ok_or(StoreError::Empty)
    }

    /// The state after the last block, through the cache: what the next block is executed over. Which block
    /// that is, says its [`source`](CacheView::source).
    ///
    /// A view stays the state after its block for as long as it lives. From when another block is committed
    /// or this one taken back it reads the store alone; one that is taken at the very moment of a commit may
    /// do so from the start.
    pub fn view(&self) -> Result<CacheView<'_, S::Snapshot>, StoreError> {
        let snapshot = self.store.snapshot()?;
        let block = snapshot.head().hash;
        Ok(self.cache.view(snapshot, block))
    }

    /// The state root that the head and these changes make, and what it takes to keep it: for whoever builds
    /// a block, and has a header only afterwards. Hashes on the rayon pool that it is called in, and on hardware
    /// only where that is [trusted](Self::trusting_keccak): nothing would tell a wrong root from a right one.
    pub fn next<'c>(&self, changes: &'c StateChanges) -> Result<NextState<'c>, StoreError> {
        let snapshot = self.store.snapshot()?;
        let parent = snapshot.head();
        let found = self.roots.build(&snapshot, parent.state_root, changes)?;
        Ok(NextState {
            parent,
            changes,
            found,
        })
    }

    /// As [`Self::next`], for a block that has a header. Hardware may hash: a root that is not the header's is
    /// computed again on the processor before anybody hears of it.
    pub fn next_for<'c>(
        &self,
        header: &Header,
        changes: &'c StateChanges,
    ) -> Result<NextState<'c>, StoreError> {
        let snapshot = self.store.snapshot()?;
        let parent = snapshot.head();
        let found = self
            .roots
            .hold_to(&snapshot, parent.state_root, changes, header.state_root)?;
        Ok(NextState {
            parent,
            changes,
            found,
        })
    }

    /// Adds the block after the head, which made these changes. All of it is done, on disk, or nothing: after
    /// an error of any kind the state and the cache are those of the parent. After an error of the disk the
    /// store must be opened anew, and the block may be in it: its head says.
    ///
    /// [`StoreError::StateRoot`] means that the block is invalid (or was executed wrongly), and so does
    /// [`StoreError::HeaderGap`];
    /// [`StoreError::NotNext`] that it does not follow the head; [`StoreError::State`] that this node's trie
    /// is damaged.
    pub fn commit(
        &self,
        header: &Header,
        receipts: &[ReceiptEnvelope],
        changes: &StateChanges,
    ) -> Result<Head, StoreError> {
        // Before the work of hashing, and so that a block of another branch is not called one of a wrong root.
        self.head()?.check_next(header)?;
        check_header(header)?;
        self.commit_next(header, receipts, &self.next_for(header, changes)?)
    }

    /// Adds the block after the head, whose state was found by [`Self::next`] or [`Self::next_for`]. Otherwise as
    /// [`Self::commit`].
    pub fn commit_next(
        &self,
        header: &Header,
        receipts: &[ReceiptEnvelope],
        next: &NextState<'_>,
    ) -> Result<Head, StoreError> {
        let _moving = self.lock();
        let head = self.head()?;
        head.check_next(header)?;
        check_header(header)?;
        if next.parent != head {
            // Its trie nodes would tear the trie.
            let (number, parent) = (header.number, next.parent.hash);
            let problem = format!(
                "its state was computed over block {parent}, the head is {}",
                head.hash
            );
            return Err(StoreError::NotNext { number, problem });
        }
        let again;
        let mut found = &next.found;
        if found.unchecked && found.root != header.state_root {
            let snapshot = self.store.snapshot()?;
            let doubted = Ok((found.root, found.trie.clone()));
            again = self
                .roots
                .again(&snapshot, head.state_root, next.changes, &doubted)?;
            found = &again;
        }
        check_root(header, found.root)?;
        let head = self.store.commit(&BlockCommit {
            header,
            receipts,
            changes: next.changes,
            trie: &found.trie,
        })?;
        self.cache.advance(next.parent.hash, head.hash, next.changes);
        Ok(head)
    }

    /// Takes the last blocks back; the block before them is then the head, and another branch can follow it.
    /// The cache forgets what these blocks changed.
    pub fn unwind(&self, blocks: u64) -> Result<Head, StoreError> {
        let _moving = self.lock();
        let head = self.store.unwind(blocks)?;
        self.cache.move_to(head.hash);
        Ok(head)
    }

    /// An account and some of its slots after the last block, with proofs against its state root
    /// (`eth_getProof`, EIP-1186). Hashed on the processor: nobody holds a proof that leaves this node to a header.
    pub fn proof(&self, address: Address, slots: &[U256]) -> Result<AccountProof, StoreError> {
        let snapshot = self.store.snapshot()?;
        let root = snapshot.head().state_root;
        Ok(WorldTrie::new(&snapshot, &CpuKeccak).proof(root, address, slots)?)
    }

    fn lock(&self) -> MutexGuard<'_, ()> {
        // A panic while the head moved leaves the cache nowhere or where it was, which views see by themselves.
        self.moving.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn check_root(header: &Header, computed: B256) -> Result<(), StoreError> {
    if header.state_root == computed {
        return Ok(());
    }
    Err(StoreError::StateRoot {
        number: header.number,
        in_header: header.state_root,
        computed,
    })
}
