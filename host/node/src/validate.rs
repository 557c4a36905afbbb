//! Holding a block to the rules: one from elsewhere before it is taken in, one of our own before it is kept.

use crate::{
    block::MinedBlock,
    chain::Tip,
    error::NodeError,
    miner::{Made, engine_error},
    world::{Step, World},
};
use alloy_consensus::{Block, BlockBody, Header, ReceiptEnvelope, TxEnvelope};
use alloy_primitives::B256;
use metisvm_executor::{
    BlockEngine, BlockInput, BlockOutcome,
    validity::{check_block, check_follows, header_mismatches, next_base_fee},
};
use metisvm_vm::{ChainSpec, MetisEvmFactory};

/// Executes a block upon the state before it, and holds its header to what comes of that.
///
/// # Errors
/// Why it is not valid, or what this node lacks for it.
pub fn execute(
    factory: &MetisEvmFactory,
    engine: &BlockEngine,
    world: &World,
    input: BlockInput<'_>,
) -> Result<(Vec<ReceiptEnvelope>, Step), NodeError> {
    let header = input.header;
    let executed = engine.execute(factory, input, world).map_err(engine_error)?;
    let step = world.step(executed.changes)?;
    compare(factory.spec(), header, &executed.outcome, step.root)?;
    Ok((executed.outcome.receipts, step))
}

fn compare(
    spec: &ChainSpec,
    header: &Header,
    outcome: &BlockOutcome,
    state_root: B256,
) -> Result<(), NodeError> {
    let mismatches = header_mismatches(spec, header, outcome, Some(state_root));
    let Some(first) = mismatches.first() else {
        return Ok(());
    };
    let problem = format!(
        "its header has {} {}, its execution gives {}",
        first.field, first.expected, first.actual
    );
    Err(invalid(header, problem))
}

/// A block that is not valid.
pub fn invalid(header: &Header, problem: impl std::fmt::Display) -> NodeError {
    NodeError::Refused(format!("block {} is not valid: {problem}", header.number))
}

/// Executes a block that was built here once more, as whoever gets it would.
///
/// # Errors
/// A fault of this node, where it is not valid, or comes to something else.
pub fn built(
    factory: &MetisEvmFactory,
    engine: &BlockEngine,
    tip: &Tip,
    made: &Made,
) -> Result<(), NodeError> {
    let block = &*made.block;
    let spec = factory.spec();
    let fault = |problem: String| NodeError::Fault(format!("a block that was built is not valid: {problem}"));
    let header = &block.header;
    check_block(spec, &whole(block)).map_err(|error| fault(error.to_string()))?;
    // What was set by hand for the block need not follow from its parent.
    let as_it_follows = next_base_fee(spec, &tip.block.header).ok() == header.base_fee_per_gas
        && header.gas_limit == tip.block.header.gas_limit;
    if as_it_follows {
        check_follows(spec, header, &tip.block.header).map_err(|error| fault(error.to_string()))?;
    }
    let input = BlockInput {
        header,
        transactions: &block.transactions,
        withdrawals: block.withdrawals.as_ref().map(|all| all.as_slice()),
        ommers: &block.ommers,
        access_list: None,
    };
    let executed = engine
        .execute(factory, input, &tip.world)
        .map_err(|error| fault(error.to_string()))?;
    // The same changes of the same state have the same root, which need not be found a second time.
    let root = if executed.changes == made.changes {
        made.step.root
    } else {
        tip.world.step(executed.changes)?.root
    };
    compare(spec, header, &executed.outcome, root).map_err(|error| fault(error.to_string()))
}

fn whole(block: &MinedBlock) -> Block<TxEnvelope> {
    let body = BlockBody {
        transactions: block.transactions.iter().map(|one| one.inner().clone()).collect(),
        ommers: block.ommers.clone(),
        withdrawals: block.withdrawals.clone(),
    };
    Block::new(block.header.clone(), body)
}
