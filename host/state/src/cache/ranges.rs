//! Reading a storage as a whole; when, says [`super::storage`].

use super::{CacheView, StateCache, StateSource, statistics::Counter, storage::CompleteStorage, units::Unit};
use crate::StateError;
use alloy_primitives::{Address, U256};
use std::sync::Arc;

// Slots that one range read brings at the most.
const RANGE_PART: usize = 4096;

impl<S: StateSource> CacheView<'_, S> {
    pub(super) fn load_storage_for(
        &self,
        address: Address,
        limit: usize,
        slot: U256,
    ) -> Result<Option<U256>, StateError> {
        let storage = self.load_storage(address, limit)?;
        Ok(storage.map(|storage| storage.value.slot(&slot)))
    }

    // Reads a storage of at most `limit` slots as a whole and keeps it.
    #[cold]
    pub(super) fn load_storage(
        &self,
        address: Address,
        limit: usize,
    ) -> Result<Option<Arc<Unit<CompleteStorage>>>, StateError> {
        let StateCache {
            sizes,
            storages,
            hashers,
            ..
        } = self.cache;
        let _flight = self.board(range_key(hashers.address(&address)));
        let whole = match self.read_storage(address, limit) {
            Ok(Some(whole)) => whole,
            Ok(None) => {
                sizes.larger(&address, limit);
                return Ok(None);
            }
            Err(error) => {
                sizes.give_up(&address);
                return Err(error);
            }
        };
        let kept = storages.insert(address, whole, || self.is_attached());
        match &kept {
            Some(storage) => {
                sizes.known(&address);
                self.storages
                    .put(hashers.address(&address), address, Arc::clone(storage));
            }
            None => sizes.give_up(&address),
        }
        Ok(kept)
    }

    // What reads ahead waits while somebody reads a storage of which it wants a slot: most likely the slot comes with it,
    // and it has the time. An execution asks for its slot instead, which takes less.
    pub(super) fn await_range(&self, address: &Address) {
        if self.cache.sizes.is_loading(address) {
            drop(self.board(range_key(self.cache.hashers.address(address))));
        }
    }

    // All slots of an account, where it has at most `limit`. Read in parts, so that beside what is going to be
    // kept not all of it lies in memory a second time.
    fn read_storage(&self, address: Address, limit: usize) -> Result<Option<CompleteStorage>, StateError> {
        let mut storage = CompleteStorage::default();
        let mut from = U256::ZERO;
        // One more than may be there shows that there are more.
        let mut left = limit.saturating_add(1);
        while left > 0 {
            let asked = left.min(RANGE_PART);
            self.cache.counters.count(Counter::SourceRanges);
            let slots = self.source.storage_range(address, from, asked)?;
            let counters = &self.cache.counters;
            counters.add(Counter::SourceRangeSlots, slots.len() as u64);
            left -= slots.len().min(left);
            let next = slots.last().and_then(|(slot, _)| slot.checked_add(U256::ONE));
            let ended = slots.len() < asked;
            storage.add(slots);
            match next {
                Some(next) if !ended => from = next,
                _ if left > 0 => return Ok(Some(storage.finish())),
                _ => {}
            }
        }
        Ok(None)
    }
}

/// Under which the reading of a storage is a flight: another key than those of its account and its slots.
fn range_key(address_hash: u64) -> u64 {
    !address_hash.rotate_left(24)
}
