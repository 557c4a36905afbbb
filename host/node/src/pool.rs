//! Transactions that wait for a block.
//!
//! Each sender's are kept by nonce. Those that follow the account's nonce without a gap are *pending* and can be
//! mined; those behind a gap are *queued*. A transaction takes another's place by paying at least a tenth more.

use crate::error::NodeError;
use alloy_consensus::{Transaction, TxEnvelope, transaction::Recovered};
use alloy_eips::Encodable2718;
use alloy_primitives::{
    Address, B256,
    map::{AddressMap, B256Map},
};
use std::{
    collections::{BTreeMap, BinaryHeap},
    sync::Arc,
};

/// The most transactions that wait, and how many of them of one sender.
const MOST: usize = 50_000;
const MOST_OF_SENDER: usize = 10_000;

/// The most bytes of all that wait, as they are on the wire.
const MOST_BYTES: usize = 256 << 20;

/// How much more a replacement pays, in percent; blob transactions are dear to pass on and pay twice (geth's rules).
const BUMP: u128 = 10;
const BLOB_BUMP: u128 = 100;

/// A transaction that waits.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// The transaction; pools of snapshots share it.
    pub transaction: Arc<Recovered<TxEnvelope>>,
    /// How many came before it.
    arrival: u64,
}

/// The transactions that wait.
#[derive(Debug, Default, Clone)]
pub struct Pool {
    senders: AddressMap<BTreeMap<u64, Waiting>>,
    by_hash: B256Map<(Address, u64)>,
    arrivals: u64,
    /// Of all of them together.
    bytes: usize,
}

fn bytes_of(transaction: &TxEnvelope) -> usize {
    transaction.encode_2718_len()
}

/// A transaction at the head of its sender's line, by what it pays.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Offer {
    tip: u128,
    /// The one that came first, of two that pay the same.
    arrival: std::cmp::Reverse<u64>,
    sender: Address,
    nonce: u64,
}

impl Pool {
    /// Takes a transaction in. Whether its sender can pay it and whether its nonce is still to come is not asked here.
    ///
    /// # Errors
    /// If it is known, pays too little to take the place of another, or there are too many.
    pub fn add(&mut self, transaction: Recovered<TxEnvelope>) -> Result<B256, NodeError> {
        let (sender, nonce) = (transaction.signer(), transaction.nonce());
        let hash = *transaction.hash();
        if self.by_hash.contains_key(&hash) {
            return Err(NodeError::Refused("already known".to_owned()));
        }
        let line = self.senders.entry(sender).or_default();
        let old = line.get(&nonce).map(|waiting| waiting.transaction.as_ref());
        let bytes = self.bytes - old.map_or(0, |old| bytes_of(old)) + bytes_of(&transaction);
        let full = bytes > MOST_BYTES || old.is_none() && self.by_hash.len() >= MOST;
        if let Some(old) = old {
            check_replacement(old, &transaction)?;
        } else if line.len() >= MOST_OF_SENDER {
            return Err(NodeError::Refused(format!(
                "{sender} has {MOST_OF_SENDER} transactions waiting, which is the most; mine some first"
            )));
        }
        if full {
            if line.is_empty() {
                self.senders.remove(&sender);
            }
            return Err(NodeError::Refused(format!(
                "{MOST} transactions or {MOST_BYTES} bytes of them wait, which is the most; mine some first"
            )));
        }
        if let Some(old) = old {
            self.by_hash.remove(old.hash());
        }
        self.bytes = bytes;
        let arrival = self.arrivals;
        self.arrivals += 1;
        let transaction = Arc::new(transaction);
        line.insert(nonce, Waiting { transaction, arrival });
        self.by_hash.insert(hash, (sender, nonce));
        Ok(hash)
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.by_hash.len()
    }

    /// True where none waits.
    pub fn is_empty(&self) -> bool {
        self.by_hash.is_empty()
    }

    /// The transaction of this hash.
    pub fn get(&self, hash: B256) -> Option<&Recovered<TxEnvelope>> {
        let (sender, nonce) = self.by_hash.get(&hash)?;
        Some(self.senders.get(sender)?.get(nonce)?.transaction.as_ref())
    }

    /// Takes a transaction out.
    pub fn remove(&mut self, hash: B256) -> Option<Recovered<TxEnvelope>> {
        let (sender, nonce) = self.by_hash.remove(&hash)?;
        let line = self.senders.get_mut(&sender)?;
        let removed = line.remove(&nonce);
        if let Some(removed) = &removed {
            self.bytes -= bytes_of(&removed.transaction);
        }
        if line.is_empty() {
            self.senders.remove(&sender);
        }
        removed.map(|waiting| Arc::unwrap_or_clone(waiting.transaction))
    }

    /// Takes all of a sender's out that a block has gone past.
    pub fn advance(&mut self, sender: Address, nonce: u64) {
        let Some(line) = self.senders.get_mut(&sender) else {
            return;
        };
        let waiting = line.split_off(&nonce);
        for gone in std::mem::replace(line, waiting).into_values() {
            self.bytes -= bytes_of(&gone.transaction);
            self.by_hash.remove(gone.transaction.hash());
        }
        if line.is_empty() {
            self.senders.remove(&sender);
        }
    }

    /// Takes everything out.
    pub fn clear(&mut self) {
        self.senders.clear();
        self.by_hash.clear();
        self.bytes = 0;
    }

    /// Takes out what a sender has waiting.
    pub fn remove_sender(&mut self, sender: Address) -> Vec<B256> {
        let line = self.senders.remove(&sender).unwrap_or_default();
        let hashes: Vec<B256> = line.values().map(|waiting| *waiting.transaction.hash()).collect();
        self.bytes -= line
            .values()
            .map(|waiting| bytes_of(&waiting.transaction))
            .sum::<usize>();
        for hash in &hashes {
            self.by_hash.remove(hash);
        }
        hashes
    }

    /// The nonce after the last of a sender's that follow `nonce` without a gap.
    pub fn next_nonce(&self, sender: Address, nonce: u64) -> u64 {
        let mut next = nonce;
        if let Some(line) = self.senders.get(&sender) {
            for waiting in line.range(nonce..).map(|(nonce, _)| *nonce) {
                if waiting != next {
                    break;
                }
                next = next.saturating_add(1);
            }
        }
        next
    }

    /// Those that can be mined, the best paid first and each sender's in order, at most so much gas and of them at
    /// least one. `nonce_of` gives the nonce of an account.
    pub fn best<E>(
        &self,
        base_fee: u64,
        gas: u64,
        mut nonce_of: impl FnMut(Address) -> Result<u64, E>,
    ) -> Result<Vec<Recovered<TxEnvelope>>, E> {
        let mut offers = BinaryHeap::with_capacity(self.senders.len());
        for sender in self.senders.keys() {
            offers.extend(self.offer(*sender, nonce_of(*sender)?, base_fee));
        }
        let mut best = Vec::new();
        let mut left = gas;
        while let Some(Offer { sender, nonce, .. }) = offers.pop() {
            let Some(waiting) = self.senders.get(&sender).and_then(|line| line.get(&nonce)) else {
                continue;
            };
            let limit = waiting.transaction.gas_limit();
            if limit > left {
                // It and those behind it wait for the next block.
                continue;
            }
            left -= limit;
            best.push(waiting.transaction.as_ref().clone());
            offers.extend(self.offer(sender, nonce.saturating_add(1), base_fee));
        }
        Ok(best)
    }

    fn offer(&self, sender: Address, nonce: u64, base_fee: u64) -> Option<Offer> {
        let waiting = self.senders.get(&sender)?.get(&nonce)?;
        let tip = waiting.transaction.effective_tip_per_gas(base_fee)?;
        Some(Offer {
            tip,
            arrival: std::cmp::Reverse(waiting.arrival),
            sender,
            nonce,
        })
    }

    /// Every transaction by sender and nonce: first those that can be mined, then those behind a gap.
    #[allow(clippy::type_complexity)] // two maps of the same kind
    pub fn content<E>(
        &self,
        mut nonce_of: impl FnMut(Address) -> Result<u64, E>,
    ) -> Result<[BTreeMap<Address, BTreeMap<u64, Recovered<TxEnvelope>>>; 2], E> {
        let mut content = [BTreeMap::new(), BTreeMap::new()];
        for (sender, line) in &self.senders {
            let mut next = nonce_of(*sender)?;
            for (nonce, waiting) in line {
                let queued = *nonce != next;
                if !queued {
                    next = next.saturating_add(1);
                }
                content[usize::from(queued)]
                    .entry(*sender)
                    .or_insert_with(BTreeMap::new)
                    .insert(*nonce, waiting.transaction.as_ref().clone());
            }
        }
        Ok(content)
    }
}

fn check_replacement(old: &TxEnvelope, new: &TxEnvelope) -> Result<(), NodeError> {
    let blob = old.is_eip4844() || new.is_eip4844();
    let bump = 100 + if blob { BLOB_BUMP } else { BUMP };
    let enough = |old: u128, new: u128| new.saturating_mul(100) >= old.saturating_mul(bump);
    let tip = |transaction: &TxEnvelope| {
        transaction
            .max_priority_fee_per_gas()
            .unwrap_or_else(|| transaction.max_fee_per_gas())
    };
    let blob_fee = |transaction: &TxEnvelope| transaction.max_fee_per_blob_gas().unwrap_or_default();
    let pays = enough(old.max_fee_per_gas(), new.max_fee_per_gas())
        && enough(tip(old), tip(new))
        && (!blob || enough(blob_fee(old), blob_fee(new)));
    if pays {
        return Ok(());
    }
    Err(NodeError::Refused(format!(
        "replacement transaction underpriced: one with this nonce waits, and taking its place costs {}% more of every fee",
        bump - 100
    )))
}

#[cfg(test)]
mod tests;
