//! Who signed each transaction. Recovering a public key costs more than executing a transfer, and every
//! transaction is independent, so it runs on several threads.

use crate::Error;
use alloy_consensus::{
    Transaction, TxEnvelope,
    transaction::{Recovered, SignerRecoverable},
};
use alloy_hardforks::EthereumHardforks;
use metisvm_vm::ChainSpec;
use rayon::prelude::*;
use std::sync::Arc;

/// So many threads are allowed on any machine.
const MOST_THREADS: usize = 64;

/// The threads that recover senders and execute transactions. Nothing that they compute depends on how
/// many there are. Clones are the same threads.
#[derive(Debug, Clone)]
pub struct Threads(Option<Arc<rayon::ThreadPool>>);

impl Threads {
    /// So many threads; 0 means one a core, 1 stays on the calling thread. Threads beyond the processors only cost
    /// memory and time, so there is a limit: four a processor, and 64 on smaller machines.
    pub fn new(count: usize) -> Result<Self, Error> {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let most = MOST_THREADS.max(processors.saturating_mul(4));
        if count > most {
            return Err(Error::Threads(format!(
                "{count} are more than {most}, the most on a machine with {processors} processors; more than one a \
                 processor gain nothing, so leave the number out"
            )));
        }
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
/// of its two `s` values (EIP-2); before Spurious Dragon none can be bound to a chain (EIP-155).
///
/// The error names the first transaction whose signature gives no sender.
pub fn recover_senders(
    spec: &ChainSpec,
    block_number: u64,
    transactions: Vec<TxEnvelope>,
    threads: &Threads,
) -> Result<Vec<Recovered<TxEnvelope>>, Error> {
    let recovered = recover_each(spec, block_number, transactions, threads);
    let named = |(index, recovered): (usize, Result<_, Unrecovered>)| {
        recovered
            .map_err(|unrecovered| Error::wrong(format!("block.transactions[{index}]"), unrecovered.problem))
    };
    recovered.into_iter().enumerate().map(named).collect()
}

/// A transaction without a sender, and why it has none.
#[derive(Debug)]
pub(crate) struct Unrecovered {
    pub(crate) transaction: Box<TxEnvelope>,
    pub(crate) problem: &'static str,
}

const NO_SENDER: &str = "no sender can be recovered from this signature";
const HIGH_S: &str =
    "no sender can be recovered from this signature: its s is above half of the curve's order (EIP-2)";
const TOO_EARLY: &str = "its signature names a chain, which it cannot before Spurious Dragon (EIP-155)";

/// Recovers the sender of each transaction; gives those back that have none.
pub(crate) fn recover_each(
    spec: &ChainSpec,
    block_number: u64,
    transactions: Vec<TxEnvelope>,
    threads: &Threads,
) -> Vec<Result<Recovered<TxEnvelope>, Unrecovered>> {
    let homestead = spec.is_homestead_active_at_block(block_number);
    let spurious_dragon = spec.is_spurious_dragon_active_at_block(block_number);
    let recover = |transaction: TxEnvelope| {
        let unrecovered = |transaction, problem| {
            let transaction = Box::new(transaction);
            Err(Unrecovered { transaction, problem })
        };
        if !spurious_dragon && transaction.is_legacy() && transaction.chain_id().is_some() {
            return unrecovered(transaction, TOO_EARLY);
        }
        let signer = if homestead {
            transaction.recover_signer()
        } else {
            transaction.recover_signer_unchecked()
        };
        match signer {
            Ok(signer) => Ok(Recovered::new_unchecked(transaction, signer)),
            Err(_) if transaction.signature().normalize_s().is_some() => unrecovered(transaction, HIGH_S),
            Err(_) => unrecovered(transaction, NO_SENDER),
        }
    };
    match threads.pool() {
        None => transactions.into_iter().map(recover).collect(),
        Some(pool) => pool.install(|| transactions.into_par_iter().map(recover).collect()),
    }
}
