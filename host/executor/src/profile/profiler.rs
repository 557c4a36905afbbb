//! From blocks to a profile.

use super::{
    Code, MAX_CALL_PATHS, Profile,
    counts::{Counts, KnownCode, Places},
    run::{Block, keep_least},
    timed_evm::FrameTimes,
};
use crate::{BlockFile, Error, Threads, validity::Mismatch};
use alloy_primitives::B256;
use metisvm_jit::Rules;
use metisvm_vm::{ChainSpec, MetisEvmFactory};
use std::{cmp::Reverse, collections::BTreeMap, sync::Arc, time::Duration};

/// Takes blocks in, one after the other.
#[derive(Debug)]
pub struct Profiler {
    pub(super) samples: usize,
    pub(super) places: Places,
    pub(super) counts: Counts,
    pub(super) times: FrameTimes,
    /// By code numbers, under which rules it was executed.
    pub(super) rules: BTreeMap<usize, Vec<Rules>>,
    pub(super) blocks: u64,
    pub(super) gas_used: u64,
    /// The gas that refunds took off, and the gas that the floor of EIP-7623 put on, all transactions together.
    pub(super) refunded: u64,
    pub(super) raised: u64,
    pub(super) execute_time: Duration,
}

/// What came of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfiledBlock {
    /// Its height.
    pub number: u64,
    /// Its hash.
    pub hash: B256,
    /// Where header and execution differ; empty where they agree.
    pub mismatches: Vec<Mismatch>,
}

impl Profiler {
    /// Of each way in which a block is timed, so many passes are made (one at least), and the quickest counts.
    pub fn new(samples: usize) -> Self {
        Self {
            samples: samples.max(1),
            places: Places::new(MAX_CALL_PATHS),
            counts: Counts::new(0),
            times: FrameTimes::default(),
            rules: BTreeMap::new(),
            blocks: 0,
            gas_used: 0,
            refunded: 0,
            raised: 0,
            execute_time: Duration::ZERO,
        }
    }

    /// The same, telling fewer paths of calls apart than [`MAX_CALL_PATHS`]. No block may have been added yet.
    #[must_use]
    pub fn with_most_paths(self, paths: usize) -> Self {
        Self {
            places: Places::new(paths.min(MAX_CALL_PATHS)),
            ..self
        }
    }

    /// Executes a block over the state in its file, once to count and then to time. `factory` makes the EVM of a chain
    /// spec, which is the file's; it is to make one without native code. Senders are recovered on `threads`.
    ///
    /// A block that differs from its header counts as any other. After an error nothing of the block counts.
    pub fn add(
        &mut self,
        file: &BlockFile,
        factory: impl FnOnce(Arc<ChainSpec>) -> MetisEvmFactory,
        threads: &Threads,
    ) -> Result<ProfiledBlock, Error> {
        let block = Block::new(file, factory, threads)?;
        let (counts, outcome, mismatches) = block.count(&mut self.places)?;
        let mut least = None;
        let mut execute_time = Duration::MAX;
        for _ in 0..self.samples {
            keep_least(&mut least, block.time_frames(&block.factory, &mut self.places)?);
            execute_time = execute_time.min(block.time(&block.factory)?);
        }
        // Nothing fails from here on.
        self.times.add(&least.unwrap_or_default());
        self.execute_time += execute_time;
        self.blocks += 1;
        self.gas_used += outcome.gas_used;
        for (transaction, gas) in outcome.transactions.iter().zip(&counts.transactions) {
            let paid = gas.intrinsic.saturating_add(gas.frames);
            self.refunded += paid.saturating_sub(transaction.gas_used);
            self.raised += transaction.gas_used.saturating_sub(paid);
        }
        let rules = block.rules();
        for (code, count) in counts.codes.iter().enumerate() {
            let known = self.rules.entry(code).or_default();
            if count.frames > 0 && !known.contains(&rules) {
                known.push(rules.clone());
            }
        }
        self.counts.add(counts);
        Ok(ProfiledBlock {
            number: file.block.header.number,
            hash: file.hash,
            mismatches,
        })
    }

    /// The contracts that used most gas, so many at most: their code numbers, hashes, and what is known of them.
    pub(super) fn hottest(&self, most: usize) -> Vec<(usize, B256, &KnownCode)> {
        let contracts = self.places.codes.iter().enumerate();
        let mut contracts: Vec<_> = contracts
            .filter_map(|(number, known)| match known.code {
                Code::Contract(hash) => Some((number, hash, known)),
                _ => None,
            })
            .collect();
        let gas = |number: usize| self.counts.codes.get(number).map_or(0, |count| count.gas);
        contracts.sort_by_key(|(number, hash, _)| (Reverse(gas(*number)), *hash));
        contracts.truncate(most);
        contracts
    }

    /// What all blocks together came to.
    pub fn finish(self) -> Profile {
        Profile::new(self)
    }
}
