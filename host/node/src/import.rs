//! Blocks from a file, each validated in full before it is kept.

use crate::{block::MinedBlock, chain::Chain, disk::Disk, error::NodeError};
use alloy_consensus::{Block, TxEnvelope};
use alloy_rlp::{Decodable, Header as RlpHeader};
use metisvm_executor::{
    BlockEngine, BlockInput, recover_senders,
    validity::{Ancestor, check_block, check_follows, check_ommers, header_mismatches},
};
use metisvm_vm::MetisEvmFactory;
use std::sync::Arc;

/// Takes blocks in, one after the other.
#[derive(Debug)]
pub struct Importer<'a> {
    /// Makes the EVM.
    pub factory: &'a MetisEvmFactory,
    /// Executes blocks.
    pub engine: &'a BlockEngine,
    /// Where they go.
    pub chain: &'a Chain,
    /// Where they are kept.
    pub disk: Option<&'a Disk>,
}

/// The next block of a file of RLP, which is then behind it.
///
/// # Errors
/// If what comes is no block.
pub fn next_block(rlp: &mut &[u8]) -> Result<Option<Block<TxEnvelope>>, NodeError> {
    if rlp.is_empty() {
        return Ok(None);
    }
    let wrong = |error: alloy_rlp::Error| NodeError::Invalid(format!("is no RLP of a block: {error}"));
    // The length is looked at first, so that nothing is made room for that is not there.
    let mut ahead = *rlp;
    let header = RlpHeader::decode(&mut ahead).map_err(wrong)?;
    if !header.list || ahead.len() < header.payload_length {
        return Err(wrong(alloy_rlp::Error::InputTooShort));
    }
    Block::decode(rlp).map(Some).map_err(wrong)
}

impl Importer<'_> {
    /// Takes a block in: by itself, after its parent, and by what its execution gives.
    ///
    /// # Errors
    /// Why it is not valid, or what this node lacks for it.
    pub fn add(&self, block: Block<TxEnvelope>) -> Result<Arc<MinedBlock>, NodeError> {
        let spec = self.factory.spec();
        let number = block.header.number;
        let invalid = |problem: String| NodeError::Refused(format!("block {number} is not valid: {problem}"));
        check_block(spec, &block).map_err(|error| invalid(error.to_string()))?;
        let tip = self.chain.tip()?;
        check_follows(spec, &block.header, &tip.block.header).map_err(|error| invalid(error.to_string()))?;
        let ancestor = |hash| {
            let block = self.chain.by_hash(hash)?;
            Some(Ancestor {
                header: block.header.clone(),
                ommers: block.ommers.clone(),
            })
        };
        check_ommers(spec, &block, &ancestor).map_err(|error| invalid(error.to_string()))?;
        let Block { header, body } = block;
        let transactions = recover_senders(spec, number, body.transactions, self.engine.threads())
            .map_err(|error| invalid(error.to_string()))?;
        let input = BlockInput {
            header: &header,
            transactions: &transactions,
            withdrawals: body.withdrawals.as_ref().map(|all| all.as_slice()),
            ommers: &body.ommers,
            access_list: None,
        };
        let executed = self
            .engine
            .execute(self.factory, input, &tip.world)
            .map_err(crate::miner::engine_error)?;
        let step = tip.world.step(executed.changes)?;
        let mismatches = header_mismatches(spec, &header, &executed.outcome, Some(step.root));
        if let Some(first) = mismatches.first() {
            return Err(invalid(format!(
                "its header has {} {}, its execution gives {}",
                first.field, first.expected, first.actual
            )));
        }
        let hash = header.hash_slow();
        let world = tip.world.after(step.clone(), Some((number, hash)));
        let block = MinedBlock {
            hash,
            header,
            transactions,
            ommers: body.ommers,
            withdrawals: body.withdrawals,
            receipts: executed.outcome.receipts,
            before: Some(tip.world),
            state: Some(world.clone()),
        };
        if let Some(disk) = self.disk {
            disk.append(&block, &step)?;
        }
        let block = Arc::new(block);
        self.chain.push(block.clone(), world);
        Ok(block)
    }
}
