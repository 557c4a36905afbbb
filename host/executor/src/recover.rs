//! Who signed each transaction. Recovering a public key costs more than executing a transfer, and every
//! transaction is independent, so it runs on several threads.

use crate::Error;
use alloy_consensus::{
    TxEnvelope,
    transaction::{Recovered, SignerRecoverable},
};
use alloy_hardforks::EthereumHardforks;
use metisvm_vm::ChainSpec;
use rayon::prelude::*;
use std::sync::Arc;

/// The threads that recover senders and execute transactions. Nothing that they compute depends on how
/// many there are. Clones are the same threads.
#[derive(Debug, Clone)]
pub struct Threads(Option<Arc<rayon::ThreadPool>>);

impl Threads {
    /// So many threads; 0 means one a core, 1 stays on the calling thread.
    pub fn new(count: usize) -> Result<Self, Error> {
        if count == 1 {
            return Ok(Self(None));
        }
        rayon::ThreadPoolBuilder::new()
            .num_threads(count)
            .thread_name(|index| format!("block-{index}"))
            .build()
            .map(|pool| Self(Some(Arc::new(pool))))
            .map_err(|error| Error::Threads(error.to_string()))
    }

    /// The pool, where there is more than the calling thread.
    pub(crate) fn pool(&self) -> Option<&rayon::ThreadPool> {
        self.0.as_deref()
    }

    /// Does work on these threads: what it hands to rayon stays among them.
    pub fn within<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        match self.pool() {
            Some(pool) => pool.install(work),
            None => work(),
        }
    }

    /// How many threads there are.
    pub fn count(&self) -> usize {
        self.pool().map_or(1, rayon::ThreadPool::current_num_threads)
    }
}

/// Recovers the senders of a block's transactions. From Homestead on a signature has to have the lower
/// of its two `s` values (EIP-2).
///
/// The error names the first transaction whose signature gives no sender.
pub fn recover_senders(
    spec: &ChainSpec,
    block_number: u64,
    transactions: Vec<TxEnvelope>,
    threads: &Threads,
) -> Result<Vec<Recovered<TxEnvelope>>, Error> {
    let recovered = recover_each(spec, block_number, transactions, threads);
    let named = |(index, recovered): (usize, Result<_, _>)| {
        recovered.map_err(|_| Error::wrong(format!("block.transactions[{index}]"), NO_SENDER))
    };
    recovered.into_iter().enumerate().map(named).collect()
}

/// What is wrong with a transaction without a sender.
pub(crate) const NO_SENDER: &str = "no sender can be recovered from this signature";

/// Recovers the sender of each transaction; gives those back that have none.
pub(crate) fn recover_each(
    spec: &ChainSpec,
    block_number: u64,
    transactions: Vec<TxEnvelope>,
    threads: &Threads,
) -> Vec<Result<Recovered<TxEnvelope>, Box<TxEnvelope>>> {
    let homestead = spec.is_homestead_active_at_block(block_number);
    let recover = |transaction: TxEnvelope| {
        let signer = if homestead {
            transaction.recover_signer()
        } else {
            transaction.recover_signer_unchecked()
        };
        match signer {
            Ok(signer) => Ok(Recovered::new_unchecked(transaction, signer)),
            Err(_) => Err(Box::new(transaction)),
        }
    };
    match threads.pool() {
        None => transactions.into_iter().map(recover).collect(),
        Some(pool) => pool.install(|| transactions.into_par_iter().map(recover).collect()),
    }
}
