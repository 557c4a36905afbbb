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

/// The threads that recover senders. Nothing that they compute depends on how many there are.
#[derive(Debug)]
pub struct Threads(Option<rayon::ThreadPool>);

impl Threads {
    /// So many threads; 0 means one a core, 1 stays on the calling thread.
    pub fn new(count: usize) -> Result<Self, Error> {
        if count == 1 {
            return Ok(Self(None));
        }
        rayon::ThreadPoolBuilder::new()
            .num_threads(count)
            .thread_name(|index| format!("senders-{index}"))
            .build()
            .map(|pool| Self(Some(pool)))
            .map_err(|error| Error::Threads(error.to_string()))
    }

    /// The pool, where there is more than the calling thread.
    pub(crate) fn pool(&self) -> Option<&rayon::ThreadPool> {
        self.0.as_ref()
    }

    /// How many threads there are.
    pub fn count(&self) -> usize {
        self.0.as_ref().map_or(1, rayon::ThreadPool::current_num_threads)
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
    let homestead = spec.is_homestead_active_at_block(block_number);
    let recover = |(index, transaction): (usize, TxEnvelope)| {
        let signer = if homestead {
            transaction.recover_signer()
        } else {
            transaction.recover_signer_unchecked()
        };
        signer
            .map(|signer| Recovered::new_unchecked(transaction, signer))
            .map_err(|_| {
                let problem = "no sender can be recovered from this signature";
                Error::wrong(format!("block.transactions[{index}]"), problem)
            })
    };
    match &threads.0 {
        None => transactions.into_iter().enumerate().map(recover).collect(),
        Some(pool) => {
            let recovered: Vec<_> =
                pool.install(|| transactions.into_par_iter().enumerate().map(recover).collect());
            recovered.into_iter().collect()
        }
    }
}
