//! Executing what is no transaction: calls, upon a state that stays as it is.

use crate::{block::MinedBlock, error::NodeError, miner, moves, node::Node, refusal, world::World};
use alloy_consensus::Header;
use alloy_eips::{BlockId, BlockNumberOrTag};
use alloy_evm::{
    Evm, EvmEnv, EvmFactory,
    eth::EthEvmContext,
    overrides::{StateOverrideError, apply_block_overrides, apply_state_overrides},
    rpc::TryIntoTxEnv,
};
use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_rpc_types::{BlockOverrides, TransactionRequest, state::StateOverride};
use metisvm_state::StateError;
use metisvm_vm::Rearranged;
use revm::{
    DatabaseRef, Inspector,
    context::TxEnv,
    context_interface::result::{EVMError, ExecutionResult, HaltReason, ResultAndState},
    database::CacheDB,
    primitives::BLOCK_HASH_HISTORY,
};
use std::sync::Arc;

/// The most gas of a call, whatever it asks for: at 30 million gas a second some two seconds.
pub const CALL_GAS: u64 = 50_000_000;

/// A state that a call writes to without anybody else seeing it.
pub type CallState = CacheDB<World>;

/// Where a call runs.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The block whose state it is.
    pub block: Arc<MinedBlock>,
    /// The header that the environment is of: the block's, or that of the one to come.
    pub header: Header,
    /// The environment.
    pub env: EvmEnv,
    /// The state.
    pub state: CallState,
    /// Where precompiles are, if elsewhere.
    pub rearranged: Option<Arc<Rearranged>>,
}

/// The setting of a call on a block.
///
/// # Errors
/// If there is no such block, or its state is not kept.
pub fn setting(node: &Node, id: BlockId) -> Result<Setting, NodeError> {
    let (block, world) = node.chain.state(id)?;
    let header = match id {
        BlockId::Number(BlockNumberOrTag::Pending) => {
            let pending = node.pending()?;
            let header = pending.header.clone();
            let world = pending.state.clone().unwrap_or(world);
            return Ok(with_header(node, pending, world, header));
        }
        _ => block.header.clone(),
    };
    Ok(with_header(node, block, world, header))
}

/// The setting of a transaction in the next block, upon the state as it is: what an estimate has to be of.
///
/// # Errors
/// If the chain cannot go on.
pub fn next_setting(node: &Node) -> Result<Setting, NodeError> {
    let tip = node.chain.tip()?;
    let header = miner::template(&node.factory, &tip.block, &node.terms(&tip.block))?;
    Ok(with_header(node, tip.block, tip.world, header))
}

fn with_header(node: &Node, block: Arc<MinedBlock>, world: World, header: Header) -> Setting {
    let mut env = node.spec().evm_env(&header);
    // A call comes from whom it likes, and is in no block.
    env.cfg_env.disable_nonce_check = true;
    env.cfg_env.disable_eip3607 = true;
    env.cfg_env.disable_block_gas_limit = true;
    env.cfg_env.tx_gas_limit_cap = Some(u64::MAX);
    Setting {
        block,
        header,
        env,
        state: CacheDB::new(world),
        rearranged: None,
    }
}

impl Setting {
    /// Puts other values in place of those of state and block.
    ///
    /// # Errors
    /// If code among them is none, or the state cannot be read.
    pub fn change(
        &mut self,
        node: &Node,
        state: Option<StateOverride>,
        block: Option<BlockOverrides>,
    ) -> Result<(), NodeError> {
        if let Some(block) = block {
            let blob_fee = block.blob_base_fee;
            if let Some(number) = block.number {
                self.know_hashes_before(number.saturating_to())?;
            }
            apply_block_overrides(block, &mut self.state, &mut self.env.block_env);
            if let (Some(fee), Some(blob)) = (blob_fee, &mut self.env.block_env.blob_excess_gas_and_price) {
                blob.blob_gasprice = fee.saturating_to();
            }
        }
        if let Some(mut state) = state {
            self.rearranged = moves::take(&node.factory, &self.env, &mut state)?;
            apply_state_overrides(state, &mut self.state).map_err(|error| match error {
                StateOverrideError::Database(error) => NodeError::fault(error),
                other => NodeError::invalid(other),
            })?;
        }
        Ok(())
    }

    /// Lets BLOCKHASH give zero for blocks before `number` that the chain does not have: a call may be in a block that
    /// is far beyond the last one, and nothing is wrong with this node then.
    fn know_hashes_before(&mut self, number: u64) -> Result<(), NodeError> {
        for height in number.saturating_sub(BLOCK_HASH_HISTORY)..number {
            match self.state.db.block_hash_ref(height) {
                Ok(_) => {}
                Err(StateError::UnknownBlockHash(_)) => {
                    let hashes = &mut self.state.cache.block_hashes;
                    hashes.entry(U256::from(height)).or_insert(B256::ZERO);
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// The transaction that a request asks for. Without a price it pays nothing, and the base fee is then zero, as with
    /// geth.
    ///
    /// # Errors
    /// If the fields of the request contradict each other.
    pub fn transaction(&mut self, mut request: TransactionRequest) -> Result<TxEnv, NodeError> {
        request.gas = Some(request.gas.unwrap_or(CALL_GAS).min(CALL_GAS));
        let price = request.gas_price.or(request.max_fee_per_gas).unwrap_or_default();
        if price == 0 {
            self.env.block_env.basefee = 0;
        }
        if request.nonce.is_none() {
            let sender = request.from.unwrap_or_default();
            request.nonce = Some(self.state.basic_ref(sender)?.map_or(0, |account| account.nonce));
        }
        request.try_into_tx_env(&self.env).map_err(NodeError::invalid)
    }

    /// Runs a transaction; the state stays as it is.
    ///
    /// # Errors
    /// If it may not run, or this machine cannot run it.
    pub fn run(&mut self, node: &Node, transaction: TxEnv) -> Result<ResultAndState<HaltReason>, NodeError> {
        let sender = transaction.caller;
        self.attempt(node, transaction)
            .map_err(|error| evm_error(error, sender))
    }

    /// The same, for a caller that decides by what the EVM says of a transaction that it does not run.
    ///
    /// # Errors
    /// If it may not run, or this machine cannot run it.
    pub fn attempt(
        &mut self,
        node: &Node,
        transaction: TxEnv,
    ) -> Result<ResultAndState<HaltReason>, EVMError<StateError>> {
        let mut evm = node.factory.create_evm(&mut self.state, self.env.clone());
        if let Some(rearranged) = &self.rearranged {
            evm.precompiles_mut().rearrange(rearranged.clone());
        }
        evm.transact_raw(transaction)
    }

    /// The same with somebody who looks on.
    ///
    /// # Errors
    /// If it may not run, or this machine cannot run it.
    pub fn inspect<I>(
        &mut self,
        node: &Node,
        transaction: TxEnv,
        inspector: &mut I,
    ) -> Result<ResultAndState<HaltReason>, NodeError>
    where
        I: for<'s> Inspector<EthEvmContext<&'s mut CallState>>,
    {
        let mut evm = node
            .factory
            .create_evm_with_inspector(&mut self.state, self.env.clone(), inspector);
        if let Some(rearranged) = &self.rearranged {
            evm.precompiles_mut().rearrange(rearranged.clone());
        }
        let sender = transaction.caller;
        evm.transact_raw(transaction)
            .map_err(|error| evm_error(error, sender))
    }
}

/// What the EVM says of a transaction of `sender` that it does not run.
pub fn evm_error<E: std::fmt::Display>(error: EVMError<E>, sender: Address) -> NodeError {
    match error {
        EVMError::Transaction(problem) => NodeError::Refused(refusal::words(&problem, sender)),
        other => NodeError::fault(other),
    }
}

/// What a call returned.
///
/// # Errors
/// If it reverted or halted.
pub fn output(result: ExecutionResult) -> Result<Bytes, NodeError> {
    match result {
        ExecutionResult::Success { output, .. } => Ok(output.into_data()),
        ExecutionResult::Revert { output, .. } => Err(NodeError::Reverted(output)),
        ExecutionResult::Halt { reason, .. } => Err(halted(&reason)),
    }
}

/// A call that halted.
pub fn halted(reason: &HaltReason) -> NodeError {
    NodeError::Halted(halt_reason(reason))
}

/// Why a call halted, in the words that clients look for.
pub fn halt_reason(reason: &HaltReason) -> String {
    match reason {
        HaltReason::OutOfGas(_) => "out of gas".to_owned(),
        HaltReason::InvalidFEOpcode | HaltReason::OpcodeNotFound => "invalid opcode".to_owned(),
        other => format!("{other:?}"),
    }
}
