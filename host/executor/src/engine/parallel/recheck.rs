//! Executing again what was executed on a value that has changed since.

use super::{
    DONE, Shared, WAITING, batch::Batch, later::Until, plan::Expected, suspension::lock, worker::Speculated,
};
use alloy_primitives::{Address, U256};
use core::sync::atomic::Ordering;
use metisvm_state::BasicAccount;

impl<S> Shared<'_, S> {
    /// A slot has got a new value by transaction `from`: what was executed above on another value is to be
    /// executed again.
    pub(super) fn recheck_slot(&self, from: usize, address: Address, slot: U256) {
        self.recheck(from, |index, batch| {
            let read = batch
                .reads
                .iter()
                .find(|read| read.slot == slot && batch.accounts[read.place].0.address == address)?;
            Some(self.versions.reads(&address, &slot, index, read.value))
        });
    }

    /// The same for an account, which is now as given.
    pub(super) fn recheck_account(&self, from: usize, address: Address, now: Option<BasicAccount>) {
        self.recheck(from, |_, batch| {
            let (account, _) = batch
                .accounts
                .iter()
                .find(|(account, _)| account.address == address)?;
            Some(account.seen.holds(now))
        });
    }

    /// Has executed batches above `from` run again for which `holds` says no; `None` is for those that have
    /// not read the value in question.
    fn recheck(&self, from: usize, holds: impl Fn(usize, &Batch) -> Option<bool>) {
        if self.given.is_some() {
            // They would read the same once more.
            return;
        }
        let end = self.next.load(Ordering::Acquire);
        for index in from + 1..end {
            let at = &self.slots[index];
            if at.status.load(Ordering::Acquire) != DONE {
                continue;
            }
            let mut speculated = lock(&at.speculated);
            let Some(Speculated::Executed(batch)) = &*speculated else {
                continue;
            };
            if at.status.load(Ordering::Acquire) != DONE {
                continue;
            }
            if holds(index, batch) != Some(false) {
                continue;
            }
            let published: Vec<_> = batch
                .written()
                .map(|(address, slot, _)| (address, slot))
                .collect();
            for (address, slot) in &published {
                self.versions.doubt_slot(*address, *slot, index);
            }
            let transactions = batch.results.len() as u64;
            self.overtaken.fetch_add(transactions, Ordering::Relaxed);
            *speculated = Some(Speculated::Overtaken(published));
            at.status.store(WAITING, Ordering::Release);
            drop(speculated);
            self.run_later(index, Until::Now);
        }
    }

    /// Takes back what was expected to be written, and was not.
    pub(super) fn withdraw(&self, first: usize, expected: &[Expected]) {
        for write in expected {
            self.versions.withdraw_slot(write.address, write.slot, first);
            if let Some(value) = write.value
                && !self.versions.reads(&write.address, &write.slot, first + 1, value)
            {
                self.recheck_slot(first, write.address, write.slot);
            }
        }
    }
}
