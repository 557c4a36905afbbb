//! What a cache stands in front of.

use crate::{MemoryState, StateError};
use alloy_primitives::{Address, U256};
use revm::DatabaseRef;

/// A committed state that can also read one account's slots in order.
///
/// Implemented by whatever holds the state after one certain block (a store's snapshot, a state in
/// memory); called by [`CacheView`](crate::CacheView). One value answers for one block for as long as it
/// lives: the cache remembers its answers.
pub trait StateSource: DatabaseRef<Error = StateError> {
    /// The non-zero slots of an account from slot `from` on, ascending by slot, at most `limit` of them.
    /// Fewer than `limit` means that there are no more. An account that does not exist has none.
    fn storage_range(
        &self,
        address: Address,
        from: U256,
        limit: usize,
    ) -> Result<Vec<(U256, U256)>, StateError>;
}

impl<S: StateSource> StateSource for &S {
    fn storage_range(
        &self,
        address: Address,
        from: U256,
        limit: usize,
    ) -> Result<Vec<(U256, U256)>, StateError> {
        (**self).storage_range(address, from, limit)
    }
}

impl StateSource for MemoryState {
    fn storage_range(
        &self,
        address: Address,
        from: U256,
        limit: usize,
    ) -> Result<Vec<(U256, U256)>, StateError> {
        let Some(account) = self.account(&address) else {
            return Ok(Vec::new());
        };
        let mut slots: Vec<(U256, U256)> = account
            .storage
            .iter()
            .filter(|(slot, _)| **slot >= from)
            .map(|(slot, value)| (*slot, *value))
            .collect();
        if limit < slots.len() {
            // The map has no order: put the `limit` least in front before sorting only those.
            slots.select_nth_unstable(limit);
            slots.truncate(limit);
        }
        slots.sort_unstable();
        Ok(slots)
    }
}
