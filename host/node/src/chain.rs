//! The blocks of the chain, found by height, by hash and by the transactions in them.

use crate::{block::MinedBlock, error::NodeError, world::World};
use alloy_consensus::Header;
use alloy_eips::{BlockId, BlockNumberOrTag};
use alloy_primitives::{B256, map::B256Map};
use std::{
    collections::VecDeque,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

/// How much of the past is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct History {
    /// Blocks with their transactions and receipts.
    pub blocks: usize,
    /// States of the latest of those blocks.
    pub states: usize,
}

impl Default for History {
    fn default() -> Self {
        Self {
            blocks: 100_000,
            states: 1_000,
        }
    }
}

/// Where the chain stands.
#[derive(Debug, Clone)]
pub struct Tip {
    /// The last block.
    pub block: Arc<MinedBlock>,
    /// The state after it, and what was set by hand since.
    pub world: World,
}

/// The blocks. Shared by reference; nothing holds its lock but to look something up or to add a block.
#[derive(Debug)]
pub struct Chain {
    history: History,
    /// The header of the first block of all, which is kept when the block is not.
    first: Header,
    index: RwLock<Index>,
}

#[derive(Debug)]
struct Index {
    /// The kept blocks, without gaps.
    blocks: VecDeque<Arc<MinedBlock>>,
    by_hash: B256Map<u64>,
    by_transaction: B256Map<(u64, usize)>,
    world: World,
}

impl Index {
    fn first(&self) -> u64 {
        self.blocks.front().map_or(0, |block| block.number())
    }

    fn head(&self) -> Result<&Arc<MinedBlock>, NodeError> {
        self.blocks.back().ok_or(NodeError::NoBlock)
    }

    fn by_number(&self, number: u64) -> Option<&Arc<MinedBlock>> {
        let at = number.checked_sub(self.first())?;
        self.blocks.get(usize::try_from(at).ok()?)
    }

    fn enter(&mut self, block: &MinedBlock) {
        self.by_hash.insert(block.hash, block.number());
        for (index, transaction) in block.transactions.iter().enumerate() {
            self.by_transaction
                .insert(*transaction.hash(), (block.number(), index));
        }
    }

    fn forget(&mut self, block: &MinedBlock) {
        self.by_hash.remove(&block.hash);
        for transaction in &block.transactions {
            self.by_transaction.remove(transaction.hash());
        }
    }
}

impl Chain {
    /// A chain whose first header is this one, and whose latest blocks are these: there is at least one, and each follows
    /// the one before it.
    pub fn new(history: History, first: Header, blocks: Vec<Arc<MinedBlock>>, world: World) -> Self {
        let mut index = Index {
            blocks: VecDeque::new(),
            by_hash: B256Map::default(),
            by_transaction: B256Map::default(),
            world,
        };
        for block in blocks {
            index.enter(&block);
            index.blocks.push_back(block);
        }
        Self {
            history,
            first,
            index: RwLock::new(index),
        }
    }

    /// A chain that begins with this block, after which this is the state.
    pub fn begin(history: History, mut first: MinedBlock, world: World) -> Self {
        first.state = Some(world.clone());
        Self::new(history, first.header.clone(), vec![Arc::new(first)], world)
    }

    /// The header of the first block, whether or not the block is still there.
    pub const fn first_header(&self) -> &Header {
        &self.first
    }

    fn read(&self) -> RwLockReadGuard<'_, Index> {
        // Every change leaves the index whole at each of its steps that could stop.
        self.index.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Index> {
        self.index.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where the chain stands.
    ///
    /// # Errors
    /// None of a chain with a block.
    pub fn tip(&self) -> Result<Tip, NodeError> {
        let index = self.read();
        Ok(Tip {
            block: index.head()?.clone(),
            world: index.world.clone(),
        })
    }

    /// The last block.
    ///
    /// # Errors
    /// None of a chain with a block.
    pub fn head(&self) -> Result<Arc<MinedBlock>, NodeError> {
        Ok(self.read().head()?.clone())
    }

    /// The block of a height. `None` where there is none yet.
    ///
    /// # Errors
    /// If it was there and is not kept any more.
    pub fn by_number(&self, number: u64) -> Result<Option<Arc<MinedBlock>>, NodeError> {
        let index = self.read();
        let first = index.first();
        if number < first {
            return Err(NodeError::Pruned { number, first });
        }
        Ok(index.by_number(number).cloned())
    }

    /// The block of a hash.
    pub fn by_hash(&self, hash: B256) -> Option<Arc<MinedBlock>> {
        let index = self.read();
        index.by_number(*index.by_hash.get(&hash)?).cloned()
    }

    /// The block of a transaction, and the place of the transaction in it.
    pub fn transaction(&self, hash: B256) -> Option<(Arc<MinedBlock>, usize)> {
        let index = self.read();
        let (number, at) = *index.by_transaction.get(&hash)?;
        Some((index.by_number(number)?.clone(), at))
    }

    /// The height of a tag; `pending` is that of the block to come.
    ///
    /// # Errors
    /// None of a chain with a block.
    pub fn number_of(&self, tag: BlockNumberOrTag) -> Result<u64, NodeError> {
        let index = self.read();
        Ok(match tag {
            BlockNumberOrTag::Number(number) => number,
            BlockNumberOrTag::Earliest => index.first(),
            BlockNumberOrTag::Pending => index.head()?.number().saturating_add(1),
            // Nobody takes a block back here but who asks for it.
            BlockNumberOrTag::Latest | BlockNumberOrTag::Safe | BlockNumberOrTag::Finalized => {
                index.head()?.number()
            }
        })
    }

    /// The block that is meant; `None` where there is none. The pending one is no block.
    ///
    /// # Errors
    /// If it is not kept any more.
    pub fn find(&self, id: BlockId) -> Result<Option<Arc<MinedBlock>>, NodeError> {
        match id {
            BlockId::Hash(hash) => Ok(self.by_hash(hash.block_hash)),
            BlockId::Number(tag) => self.by_number(self.number_of(tag)?),
        }
    }

    /// The state that is meant: the latest with what was set by hand.
    ///
    /// # Errors
    /// If there is no such block, or its state is not kept any more.
    pub fn state(&self, id: BlockId) -> Result<(Arc<MinedBlock>, World), NodeError> {
        let tip = self.tip()?;
        if let BlockId::Number(BlockNumberOrTag::Pending) = id {
            return Ok((tip.block, tip.world));
        }
        let block = self.find(id)?.ok_or_else(|| NodeError::no_such_block(id))?;
        if block.hash == tip.block.hash {
            return Ok((block, tip.world));
        }
        let Some(world) = block.state.clone() else {
            let index = self.read();
            let kept = index
                .blocks
                .iter()
                .rev()
                .take_while(|block| block.state.is_some());
            return Err(NodeError::StatePruned {
                number: block.number(),
                first: (index.head()?.number() + 1).saturating_sub(kept.count() as u64),
            });
        };
        Ok((block, world))
    }

    /// Adds a block with the state after it, which is then the state.
    pub fn push(&self, block: Arc<MinedBlock>, world: World) {
        let mut index = self.write();
        index.enter(&block);
        index.world = world;
        index.blocks.push_back(block);
        self.prune(&mut index);
    }

    fn prune(&self, index: &mut Index) {
        while index.blocks.len() > self.history.blocks.max(1) {
            if let Some(old) = index.blocks.pop_front() {
                index.forget(&old);
            }
        }
        // Every block of this age but the newest one has passed here before.
        let Some(at) = index.blocks.len().checked_sub(self.history.states + 1) else {
            return;
        };
        if let Some(old) = index.blocks.get_mut(at) {
            // A call that is under way may hold the block: it keeps its copy.
            let old = Arc::make_mut(old);
            old.state = None;
            old.before = None;
        }
    }

    /// Sets values by hand in the state after the last block.
    pub fn edit(&self, world: World) {
        self.write().world = world;
    }

    /// Goes back to an earlier block, and to the state that it had then. Gives the blocks that are gone.
    ///
    /// # Errors
    /// If that block is not there any more.
    pub fn go_back(&self, tip: &Tip) -> Result<Vec<Arc<MinedBlock>>, NodeError> {
        let mut index = self.write();
        let known = index.by_number(tip.block.number()).map(|block| block.hash);
        if known != Some(tip.block.hash) {
            return Err(NodeError::Pruned {
                number: tip.block.number(),
                first: index.first(),
            });
        }
        let mut gone = Vec::new();
        while index.head()?.number() > tip.block.number() {
            if let Some(block) = index.blocks.pop_back() {
                index.forget(&block);
                gone.push(block);
            }
        }
        index.world = tip.world.clone();
        Ok(gone)
    }
}
