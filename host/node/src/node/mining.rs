//! Making blocks out of what waits, one caller at a time.

use super::inner::{News, Node, lock, nonce};
use crate::{
    admission::{self, Next},
    block::MinedBlock,
    chain::Tip,
    error::NodeError,
    miner::{self, Made},
    validate,
    world::World,
};
use alloy_consensus::{Transaction, TxEnvelope, transaction::Recovered};
use alloy_primitives::B256;
use metisvm_executor::Skipped;
use std::sync::{Arc, atomic::Ordering};

/// The most blocks that are mined by one request.
pub const MOST_BLOCKS: u64 = 100_000;
/// So many blocks of one request are written to the disk at once. Nobody hears of one before it is written.
const GROUP: usize = 64;

/// Blocks that were made and that nobody has heard of yet, each with the state after it.
type Group = Vec<(Made, std::time::Duration)>;

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
        let hash = self.change_pool(|pool| pool.add(transaction.clone()))?;
        self.tell(News::Transaction(Arc::new(transaction)));
        if self.automine() {
            self.mine_sent(hash)?;
        }
        Ok(hash)
    }

    /// Mines what waits, unless another's turn has mined this transaction already. Those that waited for it come with
    /// it, in as many blocks as they need.
    fn mine_sent(&self, hash: B256) -> Result<(), NodeError> {
        let _turn = lock(&self.turn);
        if self.pool().get(hash).is_none() {
            return Ok(());
        }
        self.mine_all(Some(hash))
    }

    /// Mines blocks until nothing more of what waits can be mined.
    ///
    /// # Errors
    /// If a transaction cannot be executed on this machine.
    pub fn mine_waiting(&self) -> Result<(), NodeError> {
        let _turn = lock(&self.turn);
        self.mine_all(None)
    }

    /// Mines blocks until nothing more of what waits can be mined. Says why `sent` can be in none of them, where that is
    /// so. Only to be called in turn.
    fn mine_all(&self, sent: Option<B256>) -> Result<(), NodeError> {
        let mut answer = Ok(());
        loop {
            let tip = self.chain.tip()?;
            let transactions = self.waiting(&tip)?;
            if transactions.is_empty() {
                return answer;
            }
            let (shift, settings) = (self.clock.shift(), self.settings());
            let (made, took) = self.make(&tip, transactions)?;
            let skipped = made.skipped.iter().find(|skipped| Some(skipped.hash) == sent);
            let problem = skipped.map(|skipped| skipped.problem.clone());
            if made.block.transactions.is_empty() {
                // Nobody asked for an empty block, and what was set for the next one is still to come. The first of each
                // sender's goes out of the pool, so this comes to an end.
                self.clock.restore(shift);
                self.set(|now| {
                    now.next_base_fee = settings.next_base_fee;
                    now.next_prevrandao = settings.next_prevrandao;
                });
                self.clear_pool(&made.block, &tip.world, &made.skipped)?;
            } else {
                self.keep(vec![(made, took)])?;
            }
            if let (Some(hash), Some(problem)) = (sent, problem)
                && self.pool().get(hash).is_none()
            {
                answer = Err(NodeError::Refused(problem));
            }
        }
    }

    /// Mines one block of what waits; an empty one if nothing does.
    ///
    /// # Errors
    /// If a transaction cannot be executed on this machine.
    pub fn mine_one(&self) -> Result<(), NodeError> {
        self.mine(1, None)
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
        let mut tip = self.chain.tip()?;
        let mut group = Group::new();
        let made = (0..blocks).try_for_each(|index| {
            let parent = tip.block.header.timestamp;
            if let (Some(interval), 1..) = (interval, index) {
                self.clock
                    .set_next(parent.saturating_add(interval.max(1)), parent)?;
            }
            let transactions = self.waiting(&tip)?;
            let made = self.make(&tip, transactions)?;
            tip = Tip {
                block: made.0.block.clone(),
                world: made.0.world.clone(),
            };
            group.push(made);
            if group.len() >= GROUP {
                self.keep(std::mem::take(&mut group))?;
            }
            Ok(())
        });
        // Those before one that cannot be made are there all the same.
        self.keep(group)?;
        made
    }

    fn waiting(&self, tip: &Tip) -> Result<Vec<Recovered<TxEnvelope>>, NodeError> {
        let pool = self.pool();
        if pool.is_empty() {
            return Ok(Vec::new());
        }
        let base_fee = self.next_base_fee(tip)?;
        let gas = self.settings().gas_limit;
        pool.best(base_fee, gas, |address| nonce(&tip.world, address))
    }

    /// Makes the block after `tip`. Only to be called in turn.
    fn make(
        &self,
        tip: &Tip,
        transactions: Vec<Recovered<TxEnvelope>>,
    ) -> Result<(Made, std::time::Duration), NodeError> {
        let started = std::time::Instant::now();
        let mut terms = self.terms(&tip.block);
        terms.timestamp = self.clock.take(tip.block.header.timestamp);
        let made = miner::make(&self.factory, &self.engine, tip, &terms, transactions);
        let made = match made {
            Ok(made) => made,
            Err(error) => {
                // It would stop every block to come.
                if let NodeError::Unexecutable { hash, .. } = &error {
                    self.change_pool(|pool| pool.remove(*hash));
                }
                return Err(error);
            }
        };
        // Of a block without a transaction there is nothing that could come out otherwise.
        if self.validating && !made.block.transactions.is_empty() {
            validate::built(&self.factory, &self.engine, tip, &made)?;
        }
        self.set(|settings| {
            settings.next_base_fee = None;
            settings.next_prevrandao = None;
        });
        Ok((made, started.elapsed()))
    }

    /// Adds blocks to the chain: first on disk, then for everybody. Only to be called in turn.
    fn keep(&self, group: Group) -> Result<(), NodeError> {
        if let Some(disk) = &self.disk {
            let blocks: Vec<_> = group
                .iter()
                .map(|(made, _)| (made.block.clone(), made.step.clone()))
                .collect();
            disk.append(&blocks)?;
        }
        for (made, took) in group {
            let Made {
                block,
                world,
                skipped,
                ..
            } = made;
            self.chain.push(block.clone(), world.clone());
            self.clear_pool(&block, &world, &skipped)?;
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
            crate::figures::mined(&block, took, self.pool().len());
            self.tell(News::Block(block));
        }
        Ok(())
    }

    /// Takes out of the pool what went into a block, and what never will go into one. The block is in the chain by
    /// then: whoever asks for the next nonce finds those transactions there or here.
    fn clear_pool(&self, block: &MinedBlock, world: &World, skipped: &[Skipped]) -> Result<(), NodeError> {
        let mut shared = self.pool();
        let pool = Arc::make_mut(&mut shared);
        for transaction in &block.transactions {
            pool.advance(transaction.signer(), transaction.nonce().saturating_add(1));
        }
        for skipped in skipped {
            let Some(transaction) = pool.get(skipped.hash) else {
                continue;
            };
            if !is_for_later(block, world, transaction)? {
                tracing::warn!(hash = %skipped.hash, problem = %skipped.problem, "transaction dropped");
                pool.remove(skipped.hash);
            }
        }
        Ok(())
    }

    /// Makes the block that would be mined now, and keeps nothing of it.
    ///
    /// # Errors
    /// If a transaction cannot be executed on this machine.
    pub fn pending(&self) -> Result<Arc<MinedBlock>, NodeError> {
        let tip = self.chain.tip()?;
        let transactions = self.waiting(&tip)?;
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
