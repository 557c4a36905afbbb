//! One block's state through the cache.

use super::{
    Counter, StateCache, StateSource,
    admission::Fill,
    flights::Flight,
    keys::{self, ACCOUNT_KEY, Key, SLOT_KEY},
    pins::Pins,
    prefetch::Reader,
    storage::CompleteStorage,
    table::Put,
    units::Unit,
};
use crate::{StateError, asks_for_storage, storage_answer};
use alloy_primitives::{Address, B256, KECCAK256_EMPTY, U256};
use core::{fmt, sync::atomic::Ordering::SeqCst};
use revm::{
    DatabaseRef,
    bytecode::Bytecode,
    state::{AccountId, AccountInfo},
};
use std::sync::Arc;

// Places for what a view keeps at hand.
const PINNED_STORAGES: usize = 256;
const PINNED_CODES: usize = 512;

/// The state after one block: what the cache holds of it, and its source for the rest. Shared by all
/// workers of a block.
///
/// Reads through [`DatabaseRef`] count as execution. Accounts come without their code (`code: None`), which
/// is asked for by its hash. The `prefetch_*` methods fill the cache for reads to come; they answer whether
/// the source was asked.
pub struct CacheView<'a, S> {
    pub(super) cache: &'a StateCache,
    pub(super) source: S,
    // The generation of the cache that this is a view of; `None` where the cache stood at another block.
    generation: Option<u64>,
    epoch: u64,
    pub(super) storages: Pins<Address, Arc<Unit<CompleteStorage>>>,
    codes: Pins<B256, Arc<Unit<Bytecode>>>,
}

impl<'a, S: StateSource> CacheView<'a, S> {
    pub(super) fn new(cache: &'a StateCache, source: S, generation: Option<u64>, epoch: u64) -> Self {
        let places = |count| if generation.is_some() { count } else { 0 };
        Self {
            cache,
            source,
            generation,
            epoch,
            storages: Pins::new(places(PINNED_STORAGES)),
            codes: Pins::new(places(PINNED_CODES)),
        }
    }

    /// What is behind the cache: the same state, read without it.
    pub fn source(&self) -> &S {
        &self.source
    }

    /// True while the cache stands at this view's block. Otherwise the view reads its source alone.
    #[inline]
    pub fn is_attached(&self) -> bool {
        self.generation == Some(self.cache.generation.load(SeqCst))
    }

    // The value, and whether the source was asked.
    #[inline]
    pub(crate) fn account(
        &self,
        address: Address,
        reader: Reader,
    ) -> Result<(Option<AccountInfo>, bool), StateError> {
        let key = self.cache.hashers.account_key(&address);
        if let Some(found) = self.cache.accounts.get(&key, self.epoch, reader.is_execution())
            && self.is_attached()
        {
            self.count_hit(reader, found.first_use_of_prefetch);
            return Ok((keys::account_of(&found.value), false));
        }
        let flight = self.board(key.hash);
        if flight.is_none()
            && let Some(found) = self.cache.accounts.get(&key, self.epoch, reader.is_execution())
            && self.is_attached()
        {
            self.count_hit(reader, found.first_use_of_prefetch);
            return Ok((keys::account_of(&found.value), false));
        }
        self.account_miss(address, &key, reader).map(|info| (info, true))
    }

    // Held while the source is asked. `None` where somebody else has just asked, or where nothing is kept.
    #[cold]
    pub(super) fn board(&self, key: u64) -> Option<Flight<'_>> {
        if !self.is_attached() {
            return None;
        }
        self.cache.flights.board(key)
    }

    #[cold]
    fn account_miss(
        &self,
        address: Address,
        key: &Key<ACCOUNT_KEY>,
        reader: Reader,
    ) -> Result<Option<AccountInfo>, StateError> {
        self.count_miss(reader, Counter::SourceAccounts);
        let mut info = self.source.basic_ref(address)?;
        let has_code = info
            .as_ref()
            .is_some_and(|info| info.code_hash != KECCAK256_EMPTY);
        let fill = match reader {
            Reader::Prefetch => Fill::Prefetch,
            Reader::Execution if has_code => Fill::ReadContract,
            Reader::Execution => Fill::Read,
        };
        let value = keys::account_value(
            info.as_ref()
                .map(|info| (&info.balance, info.nonce, &info.code_hash)),
        );
        let put = self
            .cache
            .accounts
            .fill(key, &value, self.epoch, fill, || self.is_attached());
        self.cache.count_eviction(&put);
        if let Some(info) = &mut info
            && let Some(code) = info.code.take()
            && has_code
            && self.is_attached()
        {
            self.keep_code(info.code_hash, code);
        }
        Ok(info)
    }

    #[inline]
    pub(crate) fn slot(
        &self,
        address: Address,
        slot: U256,
        reader: Reader,
    ) -> Result<(U256, bool), StateError> {
        let hashers = &self.cache.hashers;
        let address_hash = hashers.address(&address);
        if let Some(storage) = self.storages.get(address_hash, &address) {
            self.cache.counters.count(reader.complete());
            return Ok((storage.value.slot(&slot), false));
        }
        let key = hashers.slot_key(address_hash, &address, &slot);
        if let Some(found) = self.cache.slots.get(&key, self.epoch, reader.is_execution())
            && self.is_attached()
        {
            self.count_hit(reader, found.first_use_of_prefetch);
            return Ok((U256::from_limbs(found.value), false));
        }
        let flight = self.board(key.hash);
        if flight.is_none()
            && let Some(found) = self.cache.slots.get(&key, self.epoch, reader.is_execution())
            && self.is_attached()
        {
            self.count_hit(reader, found.first_use_of_prefetch);
            return Ok((U256::from_limbs(found.value), false));
        }
        self.slot_miss(address, slot, &key, reader)
    }

    #[cold]
    fn slot_miss(
        &self,
        address: Address,
        slot: U256,
        key: &Key<SLOT_KEY>,
        reader: Reader,
    ) -> Result<(U256, bool), StateError> {
        // Asked first, because it takes no lock, and most misses are of large storages.
        let may_be_whole = self.is_attached() && !self.cache.sizes.is_large(&address);
        if may_be_whole && !reader.is_execution() {
            self.await_range(&address);
        }
        if may_be_whole && let Some(storage) = self.known_storage(&address, reader) {
            self.cache.counters.count(reader.complete());
            return Ok((storage.value.slot(&slot), false));
        }
        // A range that cannot be read is no reason to fail: the slot alone decides that.
        if may_be_whole
            && let Some(limit) = self.cache.sizes.missed(&address, &self.cache.config)
            && let Ok(Some(value)) = self.load_storage_for(address, limit, slot)
        {
            self.cache.counters.count(reader.miss());
            return Ok((value, true));
        }
        self.count_miss(reader, Counter::SourceSlots);
        let value = self.source.storage_ref(address, slot)?;
        let fill = if reader.is_execution() {
            Fill::Read
        } else {
            Fill::Prefetch
        };
        let put: Put<SLOT_KEY> = self
            .cache
            .slots
            .fill(key, value, self.epoch, fill, || self.is_attached());
        self.cache.count_eviction(&put);
        Ok((value, true))
    }

    // A complete storage, from then on at hand.
    pub(super) fn known_storage(
        &self,
        address: &Address,
        reader: Reader,
    ) -> Option<Arc<Unit<CompleteStorage>>> {
        let storages = &self.cache.storages;
        let storage = storages.get(address, reader.is_execution(), || self.is_attached())?;
        let hash = self.cache.hashers.address(address);
        self.storages.put(hash, *address, Arc::clone(&storage));
        Some(storage)
    }

    #[inline]
    pub(crate) fn code(&self, code_hash: B256, reader: Reader) -> Result<(Bytecode, bool), StateError> {
        if code_hash == KECCAK256_EMPTY {
            return Ok((Bytecode::default(), false));
        }
        let hash = self.cache.hashers.code(&code_hash);
        if let Some(code) = self.codes.get(hash, &code_hash) {
            self.cache.counters.count(reader.hit());
            return Ok((code.value.clone(), false));
        }
        let _flight = self.board(hash);
        self.code_miss(code_hash, hash, reader)
    }

    #[cold]
    fn code_miss(&self, code_hash: B256, hash: u64, reader: Reader) -> Result<(Bytecode, bool), StateError> {
        // A hash names one code on every branch.
        let known = self
            .cache
            .codes
            .get(&code_hash, reader.is_execution(), || self.is_attached());
        if let Some(code) = known {
            self.cache.counters.count(reader.hit());
            let bytecode = code.value.clone();
            self.codes.put(hash, code_hash, code);
            return Ok((bytecode, false));
        }
        self.count_miss(reader, Counter::SourceCodes);
        let code = self.source.code_by_hash_ref(code_hash)?;
        // Some sources take the zero hash for no code; that is theirs to say every time.
        if self.is_attached() && !code_hash.is_zero() {
            self.keep_code(code_hash, code.clone());
        }
        Ok((code, true))
    }

    fn keep_code(&self, code_hash: B256, code: Bytecode) {
        if let Some(unit) = self.cache.codes.insert(code_hash, code, || true) {
            self.codes
                .put(self.cache.hashers.code(&code_hash), code_hash, unit);
        }
    }

    #[inline]
    fn count_hit(&self, reader: Reader, first_use_of_prefetch: bool) {
        self.cache.counters.count(reader.hit());
        if first_use_of_prefetch {
            self.cache.counters.count(Counter::PrefetchedUsed);
        }
    }

    fn count_miss(&self, reader: Reader, source: Counter) {
        let counters = &self.cache.counters;
        counters.count(if self.is_attached() {
            reader.miss()
        } else {
            Counter::Around
        });
        counters.count(source);
    }
}

impl<S> fmt::Debug for CacheView<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CacheView")
            .field("generation", &self.generation)
            .finish_non_exhaustive()
    }
}

impl<S: StateSource> DatabaseRef for CacheView<'_, S> {
    type Error = StateError;

    #[inline]
    fn basic_ref(&self, address: Address) -> Result<Option<AccountInfo>, StateError> {
        self.account(address, Reader::Execution).map(|(info, _)| info)
    }

    #[inline]
    fn code_by_hash_ref(&self, code_hash: B256) -> Result<Bytecode, StateError> {
        self.code(code_hash, Reader::Execution).map(|(code, _)| code)
    }

    #[inline]
    fn storage_ref(&self, address: Address, slot: U256) -> Result<U256, StateError> {
        self.slot(address, slot, Reader::Execution)
            .map(|(value, _)| value)
    }

    fn storage_by_account_id_ref(
        &self,
        address: Address,
        account: AccountId,
        slot: U256,
    ) -> Result<U256, StateError> {
        if asks_for_storage(account) {
            // So seldom asked that nothing of it is kept.
            return Ok(storage_answer(
                !self.source.storage_range(address, U256::ZERO, 1)?.is_empty(),
            ));
        }
        self.storage_ref(address, slot)
    }

    fn block_hash_ref(&self, number: u64) -> Result<B256, StateError> {
        self.cache.counters.count(Counter::SourceBlockHashes);
        self.source.block_hash_ref(number)
    }
}
