//! Making blocks: what goes into one, and what follows from that.

use crate::{
    block::MinedBlock,
    chain::Tip,
    error::NodeError,
    world::{Step, World},
};
use alloy_consensus::{Header, TxEnvelope, transaction::Recovered};
use alloy_eips::eip4895::Withdrawals;
use alloy_hardforks::EthereumHardforks;
use alloy_primitives::{Address, B256, keccak256};
use metisvm_executor::{
    BlockEngine, BlockInput, Error, Executed, Selected, Skipped, finish_header, prepare_header,
    validity::{next_base_fee, next_excess_blob_gas},
};
use metisvm_state::StateChanges;
use metisvm_vm::MetisEvmFactory;
use std::sync::Arc;

/// What a block is made with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// Its timestamp.
    pub timestamp: u64,
    /// Who gets the fees.
    pub beneficiary: Address,
    /// The gas that fits in.
    pub gas_limit: u64,
    /// The base fee, where it is not to follow from the parent.
    pub base_fee: Option<u64>,
    /// What PREVRANDAO gives, where it is not to follow from the parent.
    pub prevrandao: Option<B256>,
}

/// A block that was made, and what could not be in it.
#[derive(Debug)]
pub struct Made {
    /// The block.
    pub block: Arc<MinedBlock>,
    /// The state after it.
    pub world: World,
    /// What it changed by itself,
    pub changes: StateChanges,
    /// and with what was set by hand before it.
    pub step: Step,
    /// The transactions that were left out, and why.
    pub skipped: Vec<Skipped>,
}

/// The header of the block after `parent`, before anything is in it.
///
/// # Errors
/// If the chain cannot go on: no base fee follows from the parent.
pub fn template(factory: &MetisEvmFactory, parent: &MinedBlock, terms: &Terms) -> Result<Header, NodeError> {
    let spec = factory.spec();
    let number = parent.number().checked_add(1).ok_or_else(|| {
        NodeError::Refused("the last block has the greatest number that there is; go back first".to_owned())
    })?;
    if terms.timestamp <= parent.header.timestamp {
        return Err(NodeError::Refused(format!(
            "no block can be later than the last one, whose timestamp is {}; go back first (evm_revert, anvil_rollback)",
            parent.header.timestamp
        )));
    }
    let base_fee = match terms.base_fee {
        _ if !spec.is_london_active_at_block(number) => None,
        Some(base_fee) => Some(base_fee),
        None => Some(next_base_fee(spec, &parent.header).map_err(NodeError::fault)?),
    };
    let cancun = spec.is_cancun_active_at_timestamp(terms.timestamp);
    let excess = cancun
        .then(|| next_excess_blob_gas(spec, terms.timestamp, &parent.header))
        .transpose()
        .map_err(NodeError::fault)?;
    let header = Header {
        parent_hash: parent.hash,
        beneficiary: terms.beneficiary,
        number,
        gas_limit: terms.gas_limit,
        timestamp: terms.timestamp,
        // As good as any other number to a chain without validators, and the same whenever it is asked for.
        mix_hash: terms.prevrandao.unwrap_or_else(|| keccak256(parent.hash)),
        base_fee_per_gas: base_fee,
        excess_blob_gas: excess,
        ..Header::default()
    };
    prepare_header(spec, header, &Withdrawals::default()).map_err(NodeError::fault)
}

/// Makes the block after the tip out of those of the transactions that can be in it, in this order.
///
/// # Errors
/// If this node cannot execute a transaction, or the chain cannot go on.
pub fn make(
    factory: &MetisEvmFactory,
    engine: &BlockEngine,
    tip: &Tip,
    terms: &Terms,
    transactions: Vec<Recovered<TxEnvelope>>,
) -> Result<Made, NodeError> {
    let spec = factory.spec();
    let header = template(factory, &tip.block, terms)?;
    let shanghai = spec.is_shanghai_active_at_timestamp(header.timestamp);
    let withdrawals = shanghai.then(Withdrawals::default);
    let input = BlockInput {
        header: &header,
        transactions: &transactions,
        withdrawals: withdrawals.as_ref().map(|all| all.as_slice()),
        ommers: &[],
        access_list: None,
    };
    let Selected {
        executed,
        included,
        skipped,
    } = engine.select(factory, input, &tip.world).map_err(engine_error)?;
    let Executed { outcome, changes, .. } = executed;
    let mut transactions = transactions;
    if !skipped.is_empty() {
        let mut wanted = included.into_iter().peekable();
        let mut index = 0;
        transactions.retain(|_| {
            let keep = wanted.next_if_eq(&index).is_some();
            index += 1;
            keep
        });
    }
    let step = tip.world.step(changes.clone())?;
    let header = finish_header(spec, header, &transactions, &outcome, step.root);
    let hash = header.hash_slow();
    let world = tip.world.after(step.clone(), Some((header.number, hash)));
    let block = MinedBlock {
        hash,
        header,
        transactions,
        ommers: Vec::new(),
        withdrawals,
        receipts: outcome.receipts,
        before: Some(tip.world.clone()),
        state: Some(world.clone()),
    };
    Ok(Made {
        block: Arc::new(block),
        changes,
        world,
        step,
        skipped,
    })
}

/// What the block engine says, to somebody who asked for a block.
pub fn engine_error(error: Error) -> NodeError {
    match error {
        Error::NodeFault { hash, problem, .. } => NodeError::Unexecutable { hash, problem },
        Error::Node(_) => NodeError::fault(error),
        other => NodeError::Refused(other.to_string()),
    }
}
