//! Holding a block to the rules: one from elsewhere before it is taken in, one of our own before it is kept.

use crate::{
    block::MinedBlock,
    chain::Tip,
    error::NodeError,
    miner::engine_error,
    world::{Step, World},
};
use alloy_consensus::{Block, BlockBody, Header, ReceiptEnvelope, TxEnvelope};
use metisvm_executor::{
    BlockEngine, BlockInput,
    validity::{check_block, check_follows, header_mismatches},
};
use metisvm_vm::MetisEvmFactory;

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
    let mismatches = header_mismatches(factory.spec(), header, &executed.outcome, Some(step.root));
    if let Some(first) = mismatches.first() {
        return Err(invalid(
            header,
            format!(
                "its header has {} {}, its execution gives {}",
                first.field, first.expected, first.actual
            ),
        ));
    }
    Ok((executed.outcome.receipts, step))
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
    block: &MinedBlock,
) -> Result<(), NodeError> {
    let spec = factory.spec();
    let fault = |problem: String| NodeError::Fault(format!("a block that was built is not valid: {problem}"));
    let header = &block.header;
    check_block(spec, &whole(block)).map_err(|error| fault(error.to_string()))?;
    // What was set by hand for the block need not follow from its parent.
    let as_it_follows = metisvm_executor::validity::next_base_fee(spec, &tip.block.header).ok()
        == header.base_fee_per_gas
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
    execute(factory, engine, &tip.world, input)
        .map(drop)
        .map_err(|error| fault(error.to_string()))
}

fn whole(block: &MinedBlock) -> Block<TxEnvelope> {
    let body = BlockBody {
        transactions: block.transactions.iter().map(|one| one.inner().clone()).collect(),
        ommers: block.ommers.clone(),
        withdrawals: block.withdrawals.clone(),
    };
    Block::new(block.header.clone(), body)
}
