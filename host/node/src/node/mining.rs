//! Making blocks out of what waits, one caller at a time.

use super::inner::{News, Node, lock, nonce};
use crate::{
    admission::{self, Next},
    block::MinedBlock,
    error::NodeError,
    miner::{self, Made},
    world::World,
};
use alloy_consensus::{Transaction, TxEnvelope, transaction::Recovered};
use alloy_primitives::B256;
use std::sync::{Arc, atomic::Ordering};

/// The most blocks that are mined by one request.
pub const MOST_BLOCKS: u64 = 100_000;

impl Node {
    /// Sets whether a block is mined as soon as there is a transaction.
    ///
    /// # Errors
    /// If transactions wait that cannot be mined here.
    pub fn set_automine(&self, on: bool) -> Result<(), NodeError> {
        self.automine.store(on, Ordering::Relaxed);
        if on && !self.pool().is_empty() {
            self.mine_waiting()?;
        }
        Ok(())
    }

    /// Takes a transaction in, and mines it where that is done at once. One whose nonce is not the account's next waits.
    ///
    /// # Errors
    /// If the chain cannot take it.
    pub fn send(&self, transaction: Recovered<TxEnvelope>) -> Result<B256, NodeError> {
        let tip = self.chain.tip()?;
        let header = miner::template(&self.factory, &tip.block, &self.terms(&tip.block))?;
        let next = Next {
            header: &header,
            world: &tip.world,
            at_once: self.automine(),
        };
        admission::check(self.spec(), &self.rules, &next, &transaction)?;
        if self.chain.transaction(*transaction.hash()).is_some() {
            return Err(NodeError::Refused("already known".to_owned()));
        }
        let hash = self.pool().add(transaction.clone())?;
        self.tell(News::Transaction(Arc::new(transaction)));
        if self.automine() {
            self.mine_sent(hash)?;
        }
        Ok(hash)
    }

    /// Mines what waits, unless another's turn has mined this transaction already.
    fn mine_sent(&self, hash: B256) -> Result<(), NodeError> {
        let _turn = lock(&self.turn);
        if self.pool().get(hash).is_none() {
            return Ok(());
        }
        let transactions = self.waiting()?;
        if transactions.iter().any(|transaction| *transaction.hash() == hash) {
            self.add_block(transactions)?;
        }
        Ok(())
    }

    /// Mines blocks until nothing more of what waits can be mined.
    ///
    /// # Errors
    /// If a transaction cannot be executed on this machine.
    pub fn mine_waiting(&self) -> Result<(), NodeError> {
        let _turn = lock(&self.turn);
        loop {
            let transactions = self.waiting()?;
            if transactions.is_empty() {
                return Ok(());
            }
            if self.add_block(transactions)?.transactions.is_empty() {
                return Ok(());
            }
        }
    }

    /// Mines one block of what waits; an empty one if nothing does.
    ///
    /// # Errors
    /// If a transaction cannot be executed on this machine.
    pub fn mine_one(&self) -> Result<Arc<MinedBlock>, NodeError> {
        let _turn = lock(&self.turn);
        let transactions = self.waiting()?;
        self.add_block(transactions)
    }

    /// Mines blocks, `interval` seconds apart where that is given: what waits goes into the first ones.
    ///
    /// # Errors
    /// If there are more than [`MOST_BLOCKS`], or a transaction cannot be executed on this machine.
    pub fn mine(&self, blocks: u64, interval: Option<u64>) -> Result<(), NodeError> {
        if blocks > MOST_BLOCKS {
            return Err(NodeError::TooMuch(format!(
                "{blocks} blocks are more than {MOST_BLOCKS}, the most that one request mines; ask several times"
            )));
        }
        let _turn = lock(&self.turn);
        for index in 0..blocks {
            if let (Some(interval), 1..) = (interval, index) {
                let parent = self.chain.head()?.header.timestamp;
                self.clock
                    .set_next(parent.saturating_add(interval.max(1)), parent)?;
            }
            let transactions = self.waiting()?;
            self.add_block(transactions)?;
        }
        Ok(())
    }

    fn waiting(&self) -> Result<Vec<Recovered<TxEnvelope>>, NodeError> {
        let pool = self.pool();
        if pool.is_empty() {
            return Ok(Vec::new());
        }
        let tip = self.chain.tip()?;
        let base_fee = self.next_base_fee(&tip)?;
        let gas = self.settings().gas_limit;
        pool.best(base_fee, gas, |address| nonce(&tip.world, address))
    }

    /// Adds a block. Only to be called in turn.
    fn add_block(&self, transactions: Vec<Recovered<TxEnvelope>>) -> Result<Arc<MinedBlock>, NodeError> {
        let started = std::time::Instant::now();
        let tip = self.chain.tip()?;
        let mut terms = self.terms(&tip.block);
        terms.timestamp = self.clock.take(tip.block.header.timestamp);
        let made = miner::make(&self.factory, &self.engine, &tip, &terms, transactions);
        let Made {
            block,
            world,
            step,
            skipped,
        } = match made {
            Ok(made) => made,
            Err(error) => {
                // It would stop every block to come.
                if let NodeError::Unexecutable { hash, .. } = &error {
                    self.pool().remove(*hash);
                }
                return Err(error);
            }
        };
        if let Some(disk) = &self.disk {
            disk.append(&block, &step)?;
        }
        self.set(|settings| {
            settings.next_base_fee = None;
            settings.next_prevrandao = None;
        });
        let block = Arc::new(block);
        {
            let mut pool = self.pool();
            for transaction in &block.transactions {
                pool.advance(transaction.signer(), transaction.nonce().saturating_add(1));
            }
            for skipped in &skipped {
                let Some(transaction) = pool.get(skipped.hash) else {
                    continue;
                };
                if !is_for_later(&block, &world, transaction)? {
                    tracing::warn!(hash = %skipped.hash, problem = %skipped.problem, "transaction dropped");
                    pool.remove(skipped.hash);
                }
            }
        }
        self.chain.push(block.clone(), world);
        if block.transactions.is_empty() {
            tracing::debug!(number = block.number(), hash = %block.hash, "empty block");
        } else {
            tracing::info!(
                number = block.number(),
                hash = %block.hash,
                transactions = block.transactions.len(),
                gas_used = block.header.gas_used,
                "block"
            );
        }
        crate::figures::mined(&block, started.elapsed(), self.pool().len());
        self.tell(News::Block(block.clone()));
        Ok(block)
    }

    /// Makes the block that would be mined now, and keeps nothing of it.
    ///
    /// # Errors
    /// If a transaction cannot be executed on this machine.
    pub fn pending(&self) -> Result<MinedBlock, NodeError> {
        let transactions = self.waiting()?;
        let tip = self.chain.tip()?;
        let terms = self.terms(&tip.block);
        Ok(miner::make(&self.factory, &self.engine, &tip, &terms, transactions)?.block)
    }
}

/// Whether a transaction that was left out of a block may come into a later one: the block was full, or one before it
/// was left out.
fn is_for_later(
    block: &MinedBlock,
    world: &World,
    transaction: &Recovered<TxEnvelope>,
) -> Result<bool, NodeError> {
    if transaction.nonce() > nonce(world, transaction.signer())? {
        return Ok(true);
    }
    let header = &block.header;
    let full = transaction.gas_limit() > header.gas_limit.saturating_sub(header.gas_used);
    // Other blobs are what may have been in the way of blobs.
    let blobs = transaction.blob_count().is_some() && header.blob_gas_used.is_some_and(|used| used > 0);
    Ok(!block.transactions.is_empty() && (full || blobs))
}
