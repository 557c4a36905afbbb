//! Multi-version memory: what the transactions of the block have written so far, or are expected to.
//!
//! As in Block-STM (Gelashvili et al., 2022, <https://arxiv.org/abs/2203.06871>), a transaction reads the
//! latest write below it, and meets an *estimate* where one below it is about to write. Unlike there, this
//! memory only has to be good, not right: whether a transaction has read what sequential execution would
//! have shown it is decided when its turn to commit comes, against the committed state itself.

use alloy_primitives::{
    Address, U256,
    map::{DefaultHashBuilder, HashMap},
};
use core::hash::BuildHasher;
use revm::state::AccountInfo;
use std::sync::{
    Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU64, Ordering},
};

/// More shards than any number of workers, so that two of them seldom want the same one.
const SHARDS: usize = 256;
/// Bits of the filter that spares most reads a look into a shard. 32 KiB: it stays in the second-level cache.
const FILTER_BITS: usize = 1 << 18;

/// What is known of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) enum Written<T> {
    /// The transaction has run and wrote this.
    Value(T),
    /// It is about to write, and this is foretold.
    Foretold(T),
    /// It is about to write, as was foretold, and nobody knows what.
    Expected,
    /// It is about to write once more, and nobody knows what; this is what it wrote in an earlier run.
    Estimate(Option<T>),
}

#[derive(Debug)]
struct Version<T> {
    transaction: usize,
    written: Written<T>,
}

#[derive(Debug, Default)]
struct Shard {
    slots: HashMap<(Address, U256), Vec<Version<U256>>>,
    accounts: HashMap<Address, Vec<Version<Option<AccountInfo>>>>,
}

/// A write as a reader above it sees it.
#[derive(Debug)]
pub(super) struct Found<T> {
    /// Who wrote or will write.
    pub(super) transaction: usize,
    /// What.
    pub(super) written: Written<T>,
}

/// The multi-version memory of a block.
pub(in crate::engine) struct Versions {
    shards: Box<[Mutex<Shard>]>,
    filter: Box<[AtomicU64]>,
    hasher: DefaultHashBuilder,
}

impl Versions {
    pub(super) fn new() -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            filter: (0..FILTER_BITS / 64).map(|_| AtomicU64::new(0)).collect(),
            hasher: DefaultHashBuilder::default(),
        }
    }

    fn slot_hash(&self, address: &Address, slot: &U256) -> u64 {
        self.hasher.hash_one((address, slot))
    }

    fn account_hash(&self, address: &Address) -> u64 {
        self.hasher.hash_one(address)
    }

    fn shard(&self, hash: u64) -> MutexGuard<'_, Shard> {
        // A poisoned lock means that another worker panicked; that panic is what the caller will see.
        let shard = &self.shards[hash as usize % SHARDS];
        shard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn may_hold(&self, hash: u64) -> bool {
        let bit = (hash >> 32) as usize % FILTER_BITS;
        self.filter[bit / 64].load(Ordering::Acquire) & (1 << (bit % 64)) != 0
    }

    fn note(&self, hash: u64) {
        let bit = (hash >> 32) as usize % FILTER_BITS;
        let word = &self.filter[bit / 64];
        if word.load(Ordering::Relaxed) & (1 << (bit % 64)) == 0 {
            word.fetch_or(1 << (bit % 64), Ordering::Release);
        }
    }

    /// The latest write of a slot below a transaction.
    pub(super) fn slot(&self, address: &Address, slot: &U256, below: usize) -> Option<Found<U256>> {
        let hash = self.slot_hash(address, slot);
        if !self.may_hold(hash) {
            return None;
        }
        let shard = self.shard(hash);
        latest(shard.slots.get(&(*address, *slot))?, below)
    }

    /// The latest write of an account below a transaction.
    pub(super) fn account(&self, address: &Address, below: usize) -> Option<Found<Option<AccountInfo>>> {
        let hash = self.account_hash(address);
        if !self.may_hold(hash) {
            return None;
        }
        let shard = self.shard(hash);
        latest(shard.accounts.get(address)?, below)
    }

    /// Publishes what a transaction writes to a slot.
    pub(in crate::engine) fn write_slot(
        &self,
        address: Address,
        slot: U256,
        transaction: usize,
        written: Written<U256>,
    ) {
        let hash = self.slot_hash(&address, &slot);
        put(
            self.shard(hash).slots.entry((address, slot)).or_default(),
            transaction,
            written,
        );
        self.note(hash);
    }

    /// Publishes what a transaction makes of an account.
    pub(super) fn write_account(&self, address: Address, transaction: usize, info: Option<AccountInfo>) {
        let hash = self.account_hash(&address);
        put(
            self.shard(hash).accounts.entry(address).or_default(),
            transaction,
            Written::Value(info),
        );
        self.note(hash);
    }

    /// True where a transaction reads this value, as far as is known.
    pub(super) fn reads(&self, address: &Address, slot: &U256, transaction: usize, value: U256) -> bool {
        self.slot(address, slot, transaction).is_some_and(
            |found| matches!(found.written, Written::Value(now) | Written::Foretold(now) if now == value),
        )
    }

    /// Takes a write back that was announced, if it has not been made.
    pub(super) fn withdraw_slot(&self, address: Address, slot: U256, transaction: usize) {
        let mut shard = self.shard(self.slot_hash(&address, &slot));
        if let Some(versions) = shard.slots.get_mut(&(address, slot)) {
            versions.retain(|version| {
                version.transaction != transaction || matches!(version.written, Written::Value(_))
            });
        }
    }

    /// Says that a write is about to be replaced.
    pub(super) fn doubt_slot(&self, address: Address, slot: U256, transaction: usize) {
        let mut shard = self.shard(self.slot_hash(&address, &slot));
        if let Some(versions) = shard.slots.get_mut(&(address, slot))
            && let Some(version) = versions
                .iter_mut()
                .find(|version| version.transaction == transaction)
            && let Written::Value(value) = version.written
        {
            version.written = Written::Estimate(Some(value));
        }
    }
}

fn latest<T: Clone>(versions: &[Version<T>], below: usize) -> Option<Found<T>> {
    let end = versions.partition_point(|version| version.transaction < below);
    let version = &versions[end.checked_sub(1)?];
    Some(Found {
        transaction: version.transaction,
        written: version.written.clone(),
    })
}

fn put<T>(versions: &mut Vec<Version<T>>, transaction: usize, written: Written<T>) {
    let at = versions.partition_point(|version| version.transaction < transaction);
    match versions.get_mut(at) {
        Some(version) if version.transaction == transaction => version.written = written,
        _ => versions.insert(at, Version { transaction, written }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHO: Address = Address::ZERO;
    const SLOT: U256 = U256::ZERO;

    fn value(versions: &Versions, below: usize) -> Option<Written<U256>> {
        versions.slot(&WHO, &SLOT, below).map(|found| found.written)
    }

    #[test]
    fn a_reader_sees_the_latest_write_below_it() {
        let versions = Versions::new();
        for (transaction, number) in [(5, 50), (1, 10), (3, 30)] {
            versions.write_slot(WHO, SLOT, transaction, Written::Value(U256::from(number)));
        }
        assert_eq!(value(&versions, 1), None);
        assert_eq!(value(&versions, 2), Some(Written::Value(U256::from(10))));
        assert_eq!(value(&versions, 5), Some(Written::Value(U256::from(30))));
        assert_eq!(value(&versions, 9), Some(Written::Value(U256::from(50))));
    }

    #[test]
    fn a_write_in_doubt_is_an_estimate_until_it_is_written_again() {
        let versions = Versions::new();
        versions.write_slot(WHO, SLOT, 1, Written::Value(U256::from(10)));
        versions.doubt_slot(WHO, SLOT, 1);
        assert_eq!(value(&versions, 2), Some(Written::Estimate(Some(U256::from(10)))));
        versions.write_slot(WHO, SLOT, 1, Written::Value(U256::from(11)));
        assert_eq!(value(&versions, 2), Some(Written::Value(U256::from(11))));
    }

    #[test]
    fn an_announced_write_is_taken_back_and_one_that_was_made_is_not() {
        let versions = Versions::new();
        let made = Written::Value(U256::from(10));
        for announced in [
            Written::Expected,
            Written::Foretold(U256::from(10)),
            Written::Estimate(None),
        ] {
            versions.write_slot(WHO, SLOT, 1, announced);
            versions.withdraw_slot(WHO, SLOT, 1);
            assert_eq!(value(&versions, 2), None);
        }
        versions.write_slot(WHO, SLOT, 1, made);
        versions.withdraw_slot(WHO, SLOT, 1);
        assert_eq!(value(&versions, 2), Some(made));
    }
}
