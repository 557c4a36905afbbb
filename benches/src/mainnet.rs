//! A block of Ethereum's mainnet from its file, as a subject of measurements.

use crate::{
    Failure,
    ours::{self, Ours},
};
use alloy_consensus::{TxEnvelope, transaction::Recovered};
use metisvm_executor::{BlockFile, BlockInput, DEFAULT_FILE_LIMIT, Threads};
use metisvm_vm::{ChainSpec, MetisEvmFactory};
use std::{path::Path, sync::Arc};

/// Blocks above so much gas count in the geometric mean.
const LARGE: u64 = 4_000_000;

/// A block with the state before it.
#[derive(Debug)]
pub struct Subject {
    /// The file.
    pub file: BlockFile,
    /// The chain spec.
    pub spec: Arc<ChainSpec>,
    /// What makes our EVMs.
    pub factory: MetisEvmFactory,
    /// The transactions, each with who signed it.
    pub transactions: Vec<Recovered<TxEnvelope>>,
}

impl Subject {
    /// Reads a file and recovers the senders on these threads.
    pub fn read(path: &Path, threads: &Threads) -> Result<Self, Failure> {
        let file = BlockFile::read(path, DEFAULT_FILE_LIMIT)?;
        let spec = Arc::new(file.chain_spec.clone().unwrap_or_else(ChainSpec::mainnet));
        let signed = file.block.body.transactions.clone();
        Ok(Self {
            transactions: ours::recover(&spec, file.block.header.number, signed, threads)?,
            factory: MetisEvmFactory::new(spec.clone(), None),
            spec,
            file,
        })
    }

    /// Reads all files of a folder; the blocks come in the order of their numbers.
    pub fn read_all(folder: &Path, threads: &Threads) -> Result<Vec<Self>, Failure> {
        let mut subjects = Vec::new();
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            let subject = Self::read(&path, threads);
            subjects.push(subject.map_err(|error| format!("{}: {error}", path.display()))?);
        }
        subjects.sort_by_key(Self::number);
        Ok(subjects)
    }

    /// The number of the block.
    pub fn number(&self) -> u64 {
        self.file.block.header.number
    }

    /// True where the block counts in the geometric mean.
    pub fn is_large(&self) -> bool {
        self.file.block.header.gas_used > LARGE
    }

    /// The block, its senders known.
    pub fn block(&self) -> BlockInput<'_> {
        self.signed_by(&self.transactions)
    }

    /// The block with transactions whose senders have just been recovered.
    pub fn signed_by<'a>(&'a self, transactions: &'a [Recovered<TxEnvelope>]) -> BlockInput<'a> {
        BlockInput {
            header: &self.file.block.header,
            transactions,
            withdrawals: self.file.block.body.withdrawals.as_ref().map(|w| w.as_slice()),
            // Nor does any side pay ommers: the files do not have them.
            ommers: &[],
            access_list: None,
        }
    }

    /// A new engine that has executed this block.
    pub fn engine(&self, threads: usize) -> Result<Ours, Failure> {
        self.taught(Ours::fresh(threads)?)
    }

    /// The engine once it has executed this block.
    pub fn taught(&self, engine: Ours) -> Result<Ours, Failure> {
        self.taught_by(&self.factory, engine)
    }

    /// The same with EVMs of this factory.
    pub fn taught_by(&self, factory: &MetisEvmFactory, engine: Ours) -> Result<Ours, Failure> {
        engine.execute(factory, self.block(), &self.file.pre_state)?;
        Ok(engine)
    }

    /// The transactions without their senders.
    pub fn signed(&self) -> Vec<TxEnvelope> {
        self.file.block.body.transactions.clone()
    }

    /// Recovers the senders; one thread is what a plain loop has.
    pub fn recover(
        &self,
        signed: Vec<TxEnvelope>,
        threads: &Threads,
    ) -> Result<Vec<Recovered<TxEnvelope>>, Failure> {
        ours::recover(&self.spec, self.number(), signed, threads)
    }
}
