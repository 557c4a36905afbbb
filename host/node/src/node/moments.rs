//! Going back: to a snapshot, or by some blocks.

use super::inner::{News, Node, Snapshot, lock};
use crate::{chain::Tip, error::NodeError};
use std::sync::{Arc, atomic::Ordering};

/// The most snapshots that are kept; the oldest make room.
const MOST_SNAPSHOTS: usize = 1000;
impl Node {
    /// Remembers this moment. The number is what [`revert`](Self::revert) takes.
    ///
    /// # Errors
    /// None of a chain with a block.
    pub fn snapshot(&self) -> Result<u64, NodeError> {
        let _turn = lock(&self.turn);
        let snapshot = Snapshot {
            tip: self.chain.tip()?,
            shift: self.clock.shift(),
            settings: self.settings(),
            pool: self.pool().clone(),
        };
        let id = self.next_snapshot.fetch_add(1, Ordering::Relaxed);
        let mut snapshots = lock(&self.snapshots);
        snapshots.push((id, snapshot));
        if snapshots.len() > MOST_SNAPSHOTS {
            snapshots.remove(0);
        }
        Ok(id)
    }

    /// Goes back to a moment, which is then forgotten with all later ones. False where it is not known.
    ///
    /// # Errors
    /// If blocks since then are not kept any more, or the disk cannot go back so far.
    pub fn revert(&self, id: u64) -> Result<bool, NodeError> {
        let _turn = lock(&self.turn);
        let mut snapshots = lock(&self.snapshots);
        let Some(at) = snapshots.iter().position(|(known, _)| *known == id) else {
            return Ok(false);
        };
        let (_, snapshot) = snapshots[at].clone();
        self.go_back(&snapshot.tip)?;
        snapshots.truncate(at);
        self.clock.restore(snapshot.shift);
        *lock(&self.settings) = snapshot.settings;
        *self.pool() = snapshot.pool;
        Ok(true)
    }

    /// Goes back to the moment at which the node began. Snapshots are forgotten, and nobody is acted for any more; when
    /// blocks are mined stays as it is set.
    ///
    /// # Errors
    /// If the disk cannot go back so far.
    pub fn reset(&self) -> Result<(), NodeError> {
        let _turn = lock(&self.turn);
        let Some(beginning) = &self.beginning else {
            return Err(NodeError::NoBlock);
        };
        if let Some(disk) = &self.disk {
            disk.unwind_to(beginning.tip.block.number())?;
        }
        let gone = self.chain.begin_again(&beginning.tip);
        lock(&self.snapshots).clear();
        self.accounts.impersonate_nobody();
        self.clock.restore(beginning.shift);
        *lock(&self.settings) = beginning.settings.clone();
        *self.pool() = beginning.pool.clone();
        self.resets.fetch_add(1, Ordering::Relaxed);
        if !gone.is_empty() {
            self.tell(News::Removed(Arc::new(gone)));
        }
        Ok(())
    }

    /// Takes the last blocks back.
    ///
    /// # Errors
    /// If there are not so many, or they are not kept any more.
    pub fn roll_back(&self, blocks: u64) -> Result<(), NodeError> {
        let _turn = lock(&self.turn);
        let head = self.chain.head()?.number();
        let number = head.checked_sub(blocks).ok_or_else(|| {
            NodeError::Invalid(format!(
                "the chain has {head} blocks after its first, and cannot go back {blocks}"
            ))
        })?;
        let id = alloy_eips::BlockId::number(number);
        let (block, world) = self.chain.state(id)?;
        // Of the last block that is the state with what was set by hand since, which stays.
        self.go_back(&Tip { block, world })
    }

    fn go_back(&self, tip: &Tip) -> Result<(), NodeError> {
        if let Some(disk) = &self.disk {
            disk.unwind_to(tip.block.number())?;
        }
        let gone = self.chain.go_back(tip)?;
        if !gone.is_empty() {
            self.tell(News::Removed(Arc::new(gone)));
        }
        Ok(())
    }
}
