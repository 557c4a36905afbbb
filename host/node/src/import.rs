//! Blocks from a file, each validated in full before it is kept.

use crate::{
    block::MinedBlock,
    chain::Chain,
    disk::Disk,
    error::NodeError,
    validate::{self, invalid},
    world::Step,
};
use alloy_consensus::{Block, TxEnvelope};
use alloy_primitives::B256;
use alloy_rlp::{Decodable, Header as RlpHeader};
use metisvm_executor::{
    BlockEngine, BlockInput, recover_senders,
    validity::{Ancestor, check_block, check_follows, check_ommers},
};
use metisvm_vm::MetisEvmFactory;
use std::sync::Arc;

/// So many blocks are written to the disk at once: nobody was told of them yet.
const GROUP: usize = 64;

/// Takes blocks in, one after the other. [`finish`](Self::finish) writes the last ones to the disk.
#[derive(Debug)]
pub struct Importer<'a> {
    /// Makes the EVM.
    factory: &'a MetisEvmFactory,
    /// Executes blocks.
    engine: &'a BlockEngine,
    /// Where they go.
    chain: &'a Chain,
    /// Where they are kept.
    disk: Option<&'a Disk>,
    /// Blocks that are still to be written.
    unwritten: Vec<(Arc<MinedBlock>, Step)>,
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

impl<'a> Importer<'a> {
    /// What takes blocks in.
    pub const fn new(
        factory: &'a MetisEvmFactory,
        engine: &'a BlockEngine,
        chain: &'a Chain,
        disk: Option<&'a Disk>,
    ) -> Self {
        Self {
            factory,
            engine,
            chain,
            disk,
            unwritten: Vec::new(),
        }
    }

    /// Whether a block is there already.
    pub fn knows(&self, hash: B256) -> bool {
        self.chain.by_hash(hash).is_some()
    }

    /// Writes what is still to be written.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn finish(mut self) -> Result<(), NodeError> {
        self.write()
    }

    fn write(&mut self) -> Result<(), NodeError> {
        let blocks = std::mem::take(&mut self.unwritten);
        match self.disk {
            Some(disk) => disk.append(&blocks),
            None => Ok(()),
        }
    }

    /// Takes a block in: by itself, after its parent, and by what its execution gives.
    ///
    /// # Errors
    /// Why it is not valid, or what this node lacks for it.
    pub fn add(&mut self, block: Block<TxEnvelope>) -> Result<Arc<MinedBlock>, NodeError> {
        let spec = self.factory.spec();
        let number = block.header.number;
        check_block(spec, &block).map_err(|error| invalid(&block.header, error))?;
        let tip = self.chain.tip()?;
        check_follows(spec, &block.header, &tip.block.header)
            .map_err(|error| invalid(&block.header, error))?;
        let ancestor = |hash| {
            let block = self.chain.by_hash(hash)?;
            Some(Ancestor {
                header: block.header.clone(),
                ommers: block.ommers.clone(),
            })
        };
        check_ommers(spec, &block, &ancestor).map_err(|error| invalid(&block.header, error))?;
        let Block { header, body } = block;
        let transactions = recover_senders(spec, number, body.transactions, self.engine.threads())
            .map_err(|error| invalid(&header, error))?;
        let input = BlockInput {
            header: &header,
            transactions: &transactions,
            withdrawals: body.withdrawals.as_ref().map(|all| all.as_slice()),
            ommers: &body.ommers,
            access_list: None,
        };
        let (receipts, step) = validate::execute(self.factory, self.engine, &tip.world, input)?;
        let hash = header.hash_slow();
        let world = tip.world.after(step.clone(), Some((number, hash)));
        let block = MinedBlock {
            hash,
            header,
            transactions,
            ommers: body.ommers,
            withdrawals: body.withdrawals,
            receipts,
            before: Some(tip.world),
            state: Some(world.clone()),
        };
        let block = Arc::new(block);
        self.chain.push(block.clone(), world);
        if self.disk.is_some() {
            self.unwritten.push((block.clone(), step));
            if self.unwritten.len() >= GROUP {
                self.write()?;
            }
        }
        Ok(block)
    }
}
