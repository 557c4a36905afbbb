//! One test as its file says it, and what is made of it to run a case.
//!
//! A file may hold very many small tests, or one with very many cases. So nothing is kept but what was read;
//! states, headers and transactions are made of it when a case runs, and are gone after it. What is held of a
//! file is then in proportion to the file.

use super::{
    case::Indexes,
    fork::{self, Fork},
    format::{RawTest, RawTransaction},
    transaction::{self, Written},
};
use crate::Error;
use alloy_consensus::Header;
use alloy_evm::EvmEnv;
use alloy_primitives::Bytes;
use metisvm_state::MemoryState;
use metisvm_vm::ChainSpec;
use std::sync::Arc;

/// The blocks whose hashes BLOCKHASH gives (Yellow Paper, appendix H).
const BLOCK_HASHES: u64 = 256;

/// One test; of `post`, which its cases have, nothing.
#[derive(Debug)]
pub(super) struct Test {
    name: Arc<str>,
    raw: Box<RawTest>,
}

/// What a case runs in, beside the state.
#[derive(Debug)]
pub(super) struct Setting {
    pub(super) spec: Arc<ChainSpec>,
    pub(super) header: Header,
    pub(super) env: EvmEnv,
}

impl Test {
    pub(super) fn new(name: Arc<str>, raw: Box<RawTest>) -> Self {
        Self { name, raw }
    }

    pub(super) fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// The newest fork whose header fields the environment has.
    pub(super) fn newest_fork(&self) -> Fork {
        Fork::newest_for(&self.raw.env)
    }

    /// What the transaction has to return, in some older tests.
    pub(super) fn output(&self) -> Option<&Bytes> {
        self.raw.out.as_ref()
    }

    /// Chain spec, header and environment on a fork.
    pub(super) fn setting(&self, fork: Fork) -> Result<Setting, Error> {
        let chain_id = fork::chain_id(&self.raw.env, &self.name)?;
        let spec = fork.chain_spec(chain_id, &self.raw.config)?;
        let header = fork::header(&spec, &self.raw.env, &self.name)?;
        Ok(Setting {
            env: spec.evm_env(&header),
            spec: Arc::new(spec),
            header,
        })
    }

    /// Whether there are such variants. `place` is where the case stands in the file.
    pub(super) fn check_variants(&self, indexes: Indexes, place: &str) -> Result<(), Error> {
        match &self.raw.transaction {
            RawTransaction::Variants(parts) => transaction::check(parts, indexes, place),
            RawTransaction::Finished(_) => {
                let problem = "a list of transactions has no variants for `post` to choose from";
                Err(self.wrong(problem))
            }
        }
    }

    /// Whether there is one transaction, for a test that does not say what has to come out.
    pub(super) fn check_single(&self) -> Result<(), Error> {
        match &self.raw.transaction {
            RawTransaction::Variants(parts) => transaction::check(parts, Indexes::default(), &self.name),
            RawTransaction::Finished(transactions) if transactions.len() == 1 => Ok(()),
            RawTransaction::Finished(several) => {
                let problem = format!("holds {} transactions; a state test has one", several.len());
                Err(self.wrong(problem))
            }
        }
    }

    /// The transaction with these variants, or the only one that there is.
    pub(super) fn transaction(&self, indexes: Indexes, setting: &Setting) -> Written {
        match &self.raw.transaction {
            RawTransaction::Variants(parts) => transaction::of_variants(parts, indexes),
            RawTransaction::Finished(transactions) => {
                let only = transactions.first().ok_or("there is no transaction")?;
                transaction::of_finished(only, setting.spec.chain_id)
            }
        }
    }

    /// The state before the transaction, with the hashes of the last blocks.
    pub(super) fn pre_state(&self) -> MemoryState {
        let mut state = MemoryState::default();
        for (address, account) in &self.raw.pre.0 {
            let storage = account.storage.iter().map(|(slot, value)| (*slot, *value));
            state.insert_account(
                *address,
                account.balance,
                account.nonce,
                account.code.clone(),
                storage,
            );
        }
        let number: u64 = self.raw.env.current_number.saturating_to();
        for number in number.saturating_sub(BLOCK_HASHES)..number {
            state.insert_block_hash(number, transaction::block_hash(number));
        }
        state
    }

    fn wrong(&self, problem: impl Into<String>) -> Error {
        Error::wrong(format!("{}.transaction", self.name), problem)
    }
}
