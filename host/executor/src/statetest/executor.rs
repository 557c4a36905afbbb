//! What state tests are run through.

use alloy_consensus::Header;
use alloy_evm::{Evm, EvmEnv, EvmFactory};
use alloy_primitives::keccak256;
use metisvm_state::MemoryState;
use metisvm_vm::{ChainSpec, MetisEvmFactory};
use revm::{
    Context, ExecuteCommitEvm, MainBuilder, MainContext,
    context::TxEnv,
    context_interface::result::ExecutionResult,
    database::{CacheState, State},
    state::AccountInfo,
};
use std::sync::Arc;

/// One transaction to execute.
#[derive(Debug, Clone)]
pub struct Job<'a> {
    /// The chain; the fork is active from genesis on.
    pub spec: &'a Arc<ChainSpec>,
    /// The header of the block, with the fields that the EVM looks at.
    pub header: &'a Header,
    /// Configuration and block environment as the chain spec makes them of that header.
    pub env: &'a EvmEnv,
    /// The transaction.
    pub transaction: &'a TxEnv,
    /// The state before it, with the hashes of the last 256 blocks.
    pub pre_state: &'a MemoryState,
}

/// What one transaction did.
#[derive(Debug, Clone, PartialEq)]
pub struct Executed {
    /// How it ended, with gas, logs and output.
    pub result: ExecutionResult,
    /// The whole state after it.
    pub state: MemoryState,
}

/// An engine that the state tests are run through. Implementations are the engines of this workspace
/// and what they are compared with; the callers are [`Suite::run`](super::Suite::run) and
/// [`run_all`](super::run_all), from several threads at once.
pub trait StateTestExecutor: Sync {
    /// A name for people.
    fn name(&self) -> &'static str;

    /// Executes one transaction; block rewards are zero. A transaction that is not valid is an error,
    /// with the text of the EVM's error.
    fn transact(&self, job: &Job<'_>) -> Result<Executed, String>;
}

/// Our EVM over our state.
#[derive(Debug, Clone, Copy, Default)]
pub struct MetisExecutor;

impl StateTestExecutor for MetisExecutor {
    fn name(&self) -> &'static str {
        "metis"
    }

    fn transact(&self, job: &Job<'_>) -> Result<Executed, String> {
        let mut state = job.pre_state.clone();
        let factory = MetisEvmFactory::new(job.spec.clone(), None);
        let result = factory
            .create_evm(&mut state, job.env.clone())
            .transact_commit(job.transaction.clone())
            .map_err(|error| error.to_string())?;
        Ok(Executed { result, state })
    }
}

/// revm's mainnet EVM over revm's own state, put together as `revme statetest` does it, without alloy-evm:
/// what all engines of ours are compared with. Block hashes are those of revm's empty database, the hash
/// of the decimal number.
#[derive(Debug, Clone, Copy, Default)]
pub struct PlainExecutor;

impl StateTestExecutor for PlainExecutor {
    fn name(&self) -> &'static str {
        "revm"
    }

    fn transact(&self, job: &Job<'_>) -> Result<Executed, String> {
        let mut state = State::builder()
            .with_cached_prestate(cache_of(job.pre_state))
            .with_bundle_update()
            .build();
        let result = Context::mainnet()
            .with_block(job.env.block_env.clone())
            .with_cfg(job.env.cfg_env.clone())
            .with_db(&mut state)
            .build_mainnet()
            .transact_commit(job.transaction.clone())
            .map_err(|error| error.to_string())?;
        let mut after = memory_of(&state.cache);
        for (number, hash) in job.pre_state.block_hashes() {
            after.insert_block_hash(number, hash);
        }
        Ok(Executed { result, state: after })
    }
}

fn cache_of(state: &MemoryState) -> CacheState {
    let mut cache = CacheState::new();
    for (address, account) in state.accounts() {
        if let Some(code) = account.info.code.as_ref().filter(|code| !code.is_empty()) {
            cache.contracts.insert(account.info.code_hash, code.clone());
        }
        let info = AccountInfo {
            code: None,
            ..account.info.clone()
        };
        let storage = account
            .storage
            .iter()
            .map(|(slot, value)| (*slot, *value))
            .collect();
        cache.insert_account_with_storage(*address, info, storage);
    }
    cache
}

fn memory_of(cache: &CacheState) -> MemoryState {
    let mut state = MemoryState::default();
    for (address, account) in cache.trie_account() {
        let info = &account.info;
        let code = info
            .code
            .as_ref()
            .or_else(|| cache.contracts.get(&info.code_hash));
        let code = code.map(|code| code.original_bytes()).unwrap_or_default();
        debug_assert_eq!(
            keccak256(&code),
            info.code_hash,
            "revm knows the code of {address}"
        );
        let storage = account.storage.iter().map(|(slot, value)| (*slot, *value));
        state.insert_account(address, info.balance, info.nonce, code, storage);
    }
    state
}
