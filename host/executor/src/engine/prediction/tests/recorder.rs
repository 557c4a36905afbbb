//! Takes traces down from an inspector.

use super::super::{Access, Hashed, MAX_HASHES, Trace, trace::MAX_ACCESSES};
use alloy_primitives::{Address, B256, U256, map::HashMap};

/// Takes a trace down while a transaction executes. Told by the instructions SLOAD, SSTORE and KECCAK256.
#[derive(Debug, Clone, Default)]
pub(super) struct Recorder {
    touched: Vec<(Address, U256, bool)>,
    known: HashMap<(Address, U256), usize>,
    hashes: Vec<Hashed>,
}

impl Recorder {
    /// Forgets what there is, for the next transaction.
    pub(super) fn begin(&mut self) {
        self.touched.clear();
        self.known.clear();
        self.hashes.clear();
    }

    /// A slot was read or written.
    pub(super) fn touched(&mut self, address: Address, slot: U256, wrote: bool) {
        if let Some(at) = self.known.get(&(address, slot)) {
            self.touched[*at].2 |= wrote;
        } else if self.touched.len() <= MAX_ACCESSES {
            self.known.insert((address, slot), self.touched.len());
            self.touched.push((address, slot, wrote));
        }
    }

    /// Something was hashed.
    pub(super) fn hashed(&mut self, input: &[u8], hash: B256) {
        if self.hashes.len() < MAX_HASHES {
            self.hashes.extend(Hashed::new(input, hash));
        }
    }

    /// The trace, with the values of each slot before and after the transaction. Slots without are left out:
    /// those of accounts that the transaction destroyed.
    pub(super) fn finish(&self, mut values: impl FnMut(Address, U256) -> Option<(U256, U256)>) -> Trace {
        let accesses = self.touched.iter().filter_map(|(address, slot, wrote)| {
            let (before, after) = values(*address, *slot)?;
            Some(Access {
                address: *address,
                slot: *slot,
                before,
                after,
                wrote: *wrote,
            })
        });
        Trace {
            accesses: accesses.collect(),
            hashes: self.hashes.clone(),
        }
    }
}
