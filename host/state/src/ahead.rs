//! The state before a block, as the block engine reads it: every read counts as one of execution, and where
//! reading ahead of execution is of use there is a second way in, for that.
//!
//! It is of use where what was read once stays at hand: behind the state cache. Over a state that keeps
//! nothing a key that was read ahead would be read twice.

use crate::{CacheView, MemoryState, StateError, StateSource, cache::Reader, store::RedbSnapshot};
use alloy_primitives::{Address, B256, U256};
use revm::{DatabaseRef, bytecode::Bytecode, state::AccountInfo};

/// The state before a block. One value answers for one block for as long as it lives, to any number of
/// threads.
pub trait BaseState: DatabaseRef<Error = StateError> + Sync {
    /// How to read ahead of execution; `None` where nothing would be kept of it.
    fn read_ahead(&self) -> Option<&dyn ReadAhead> {
        None
    }
}

/// Reads ahead of execution. What they bring is at hand when execution comes to it.
///
/// Values are those that execution would get. An error means what it means there, but whoever reads ahead does
/// best to stop: execution will meet it where it counts.
pub trait ReadAhead: Sync {
    /// An account; its code may be missing, as in revm, and is then asked for by its hash.
    fn account(&self, address: Address) -> Result<Fetched<Option<AccountInfo>>, StateError>;

    /// The value of a slot, zero where there is none.
    fn slot(&self, address: Address, slot: U256) -> Result<Fetched<U256>, StateError>;

    /// A code by its hash.
    fn code(&self, code_hash: B256) -> Result<Fetched<Bytecode>, StateError>;
}

/// What reading ahead gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fetched<T> {
    /// The value.
    pub value: T,
    /// It was not at hand: the source was asked.
    pub asked: bool,
}

impl<T> From<(T, bool)> for Fetched<T> {
    fn from((value, asked): (T, bool)) -> Self {
        Self { value, asked }
    }
}

impl BaseState for MemoryState {}
impl BaseState for RedbSnapshot {}

impl<S: StateSource + Sync> BaseState for CacheView<'_, S> {
    fn read_ahead(&self) -> Option<&dyn ReadAhead> {
        self.is_attached().then_some(self)
    }
}

impl<S: StateSource + Sync> ReadAhead for CacheView<'_, S> {
    fn account(&self, address: Address) -> Result<Fetched<Option<AccountInfo>>, StateError> {
        self.account(address, Reader::Prefetch).map(Fetched::from)
    }

    fn slot(&self, address: Address, slot: U256) -> Result<Fetched<U256>, StateError> {
        self.slot(address, slot, Reader::Prefetch).map(Fetched::from)
    }

    fn code(&self, code_hash: B256) -> Result<Fetched<Bytecode>, StateError> {
        self.code(code_hash, Reader::Prefetch).map(Fetched::from)
    }
}
