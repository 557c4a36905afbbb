//! What state tests are run through.

use alloy_consensus::Header;
use alloy_evm::{Evm, EvmEnv, EvmFactory, eth::EthEvmContext};
use alloy_primitives::{Bytes, keccak256, map::AddressSet};
use metisvm_jit::Jit;
use metisvm_state::MemoryState;
use metisvm_vm::{ChainSpec, MetisEvmFactory};
use revm::{
    Context, Database, ExecuteCommitEvm, InspectCommitEvm, Inspector, MainBuilder, MainContext,
    context::{JournalTr, TxEnv},
    context_interface::{journaled_state::account::JournaledAccountTr, result::ExecutionResult},
    database::{CacheState, State},
    interpreter::{CreateInputs, CreateOutcome, Gas, InstructionResult, InterpreterResult},
    primitives::constants::CALL_STACK_LIMIT,
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
        transact(job, None)
    }
}

/// Our EVM over our state, with native code as the options of this compiler say.
#[derive(Debug, Clone)]
pub struct NativeExecutor(pub Arc<Jit>);

impl StateTestExecutor for NativeExecutor {
    fn name(&self) -> &'static str {
        "native code"
    }

    fn transact(&self, job: &Job<'_>) -> Result<Executed, String> {
        transact(job, Some(self.0.clone()))
    }
}

fn transact(job: &Job<'_>, jit: Option<Arc<Jit>>) -> Result<Executed, String> {
    let mut state = job.pre_state.clone();
    let factory = MetisEvmFactory::new(job.spec.clone(), None).with_jit(jit);
    let result = factory
        .create_evm(&mut state, job.env.clone())
        .transact_commit(job.transaction.clone())
        .map_err(|error| error.to_string())?;
    Ok(Executed { result, state })
}

/// revm's mainnet EVM over revm's own state, put together as `revme statetest` does it, without alloy-evm:
/// what all engines of ours are compared with. Block hashes are those of revm's empty database, the hash
/// of the decimal number.
///
/// revm does not have EIP-7610. Where the state before has accounts that the rule is about, an inspector adds
/// it; of ours there is nothing in that, either.
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
        let context = Context::mainnet()
            .with_block(job.env.block_env.clone())
            .with_cfg(job.env.cfg_env.clone())
            .with_db(&mut state);
        let barred = Barred::in_state(job.pre_state);
        let transaction = job.transaction.clone();
        let result = if barred.0.is_empty() {
            context.build_mainnet().transact_commit(transaction)
        } else {
            let mut evm = context.build_mainnet_with_inspector(barred);
            evm.inspect_tx_commit(transaction)
        };
        let result = result.map_err(|error| error.to_string())?;
        let mut after = memory_of(&state.cache);
        for (number, hash) in job.pre_state.block_hashes() {
            after.insert_block_hash(number, hash);
        }
        Ok(Executed { result, state: after })
    }
}

/// Accounts with storage and neither nonce nor code: nothing may be created there (EIP-7610).
struct Barred(AddressSet);

impl Barred {
    fn in_state(state: &MemoryState) -> Self {
        let accounts = state.accounts().filter(|(_, account)| {
            let info = &account.info;
            info.nonce == 0 && info.is_empty_code_hash() && !account.storage.is_empty()
        });
        Self(accounts.map(|(address, _)| *address).collect())
    }
}

impl<DB: Database> Inspector<EthEvmContext<DB>> for Barred {
    fn create(
        &mut self,
        context: &mut EthEvmContext<DB>,
        inputs: &mut CreateInputs,
    ) -> Option<CreateOutcome> {
        // An error of the state comes again when revm does the same.
        let caller = context.journaled_state.load_account(inputs.caller()).ok()?.data;
        let (nonce, balance) = (caller.info.nonce, caller.info.balance);
        let too_deep = context.journaled_state.depth() > CALL_STACK_LIMIT as usize;
        if too_deep || balance < inputs.value() || nonce == u64::MAX {
            return None;
        }
        let created = inputs.created_address(nonce);
        if !self.0.contains(&created) {
            return None;
        }
        // It counts as accessed (EIP-2929); what nonce it may have got since is for revm.
        let account = context.journaled_state.load_account(created).ok()?.data;
        if account.info.nonce != 0 || !account.info.is_empty_code_hash() {
            return None;
        }
        let mut caller = context.journaled_state.load_account_mut(inputs.caller()).ok()?;
        caller.bump_nonce();
        let gas = Gas::new_with_regular_gas_and_reservoir(inputs.gas_limit(), inputs.reservoir());
        let result = InterpreterResult::new(InstructionResult::CreateCollision, Bytes::new(), gas);
        let mut outcome = CreateOutcome::new(result, None);
        outcome.charged_create_state_gas = inputs.charged_create_state_gas();
        Some(outcome)
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
