//! What clients without a standing connection ask for again and again: filters of blocks, logs and transactions.
//!
//! A filter listens to the news of the chain and keeps nothing itself; what has come since it was last asked is in its
//! receiver. One that is not asked for five minutes is forgotten.

use crate::{
    error::NodeError,
    logs,
    node::{News, Node},
};
use alloy_primitives::{B256, U256};
use alloy_rpc_types::{Filter, FilterBlockOption, FilterChanges};
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::broadcast::{Receiver, error::TryRecvError};

/// How long a filter lives that nobody asks.
const LIFE: Duration = Duration::from_secs(300);
/// The most filters at a time.
const MOST: usize = 10_000;

/// What a filter is of.
#[derive(Debug, Clone)]
pub enum Kind {
    /// The hashes of new blocks.
    Blocks,
    /// The hashes of transactions that wait.
    Transactions,
    /// Events.
    Logs(Box<Filter>),
}

#[derive(Debug)]
struct Polled {
    kind: Kind,
    news: Receiver<News>,
    asked: Instant,
}

/// The filters of all clients.
#[derive(Debug, Default)]
pub struct Filters {
    by_id: Mutex<HashMap<U256, Polled>>,
    next: std::sync::atomic::AtomicU64,
}

impl Filters {
    fn all(&self) -> MutexGuard<'_, HashMap<U256, Polled>> {
        self.by_id.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a filter, and gives its id.
    ///
    /// # Errors
    /// If it names too much, or there are too many.
    pub fn begin(&self, node: &Node, kind: Kind) -> Result<U256, NodeError> {
        if let Kind::Logs(filter) = &kind {
            logs::check(filter)?;
        }
        let mut all = self.all();
        all.retain(|_, filter| filter.asked.elapsed() < LIFE);
        if all.len() >= MOST {
            return Err(NodeError::TooMuch(format!(
                "there are {MOST} filters; remove some with eth_uninstallFilter"
            )));
        }
        let id = self.next.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1;
        let filter = Polled {
            kind,
            news: node.listen(),
            asked: Instant::now(),
        };
        all.insert(U256::from(id), filter);
        Ok(U256::from(id))
    }

    /// Ends a filter. False where there is none.
    pub fn end(&self, id: U256) -> bool {
        self.all().remove(&id).is_some()
    }

    /// What has come since the filter was last asked.
    ///
    /// # Errors
    /// If there is no such filter, or more has come than is kept for one.
    pub fn changes(&self, id: U256) -> Result<FilterChanges, NodeError> {
        let mut all = self.all();
        let filter = all.get_mut(&id).ok_or_else(not_found)?;
        if filter.asked.elapsed() >= LIFE {
            all.remove(&id);
            return Err(not_found());
        }
        filter.asked = Instant::now();
        let mut hashes = Vec::new();
        let mut found = Vec::new();
        loop {
            let news = match filter.news.try_recv() {
                Ok(news) => news,
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
                Err(TryRecvError::Lagged(lost)) => {
                    return Err(NodeError::TooMuch(format!(
                        "the filter was not asked for so long that {lost} events are lost; ask eth_getLogs for them"
                    )));
                }
            };
            match (&filter.kind, &news) {
                (Kind::Blocks, News::Block(block)) => hashes.push(block.hash),
                (Kind::Transactions, News::Transaction(transaction)) => hashes.push(*transaction.hash()),
                (Kind::Logs(wanted), news) => found.extend(logs_of(news, wanted)),
                _ => {}
            }
        }
        Ok(match filter.kind {
            Kind::Logs(_) => FilterChanges::Logs(found),
            _ => FilterChanges::Hashes(hashes),
        })
    }

    /// The filter of events of this id.
    ///
    /// # Errors
    /// If there is none.
    pub fn logs(&self, id: U256) -> Result<Filter, NodeError> {
        let mut all = self.all();
        let filter = all.get_mut(&id).ok_or_else(not_found)?;
        filter.asked = Instant::now();
        match &filter.kind {
            Kind::Logs(wanted) => Ok(wanted.as_ref().clone()),
            _ => Err(NodeError::invalid(
                "this filter is not one of logs; ask eth_getFilterChanges",
            )),
        }
    }
}

fn not_found() -> NodeError {
    NodeError::NotFound("filter not found".to_owned())
}

/// The events of some news that a filter means: of new blocks, and of blocks that were taken back as removed.
pub fn logs_of(news: &News, filter: &Filter) -> Vec<alloy_rpc_types::Log> {
    let mut found = Vec::new();
    let in_range = |number: u64| match filter.block_option {
        FilterBlockOption::Range { from_block, to_block } => {
            let from = from_block.and_then(|tag| tag.as_number());
            let to = to_block.and_then(|tag| tag.as_number());
            from.is_none_or(|from| number >= from) && to.is_none_or(|to| number <= to)
        }
        FilterBlockOption::AtBlockHash(_) => true,
    };
    let of_hash =
        |hash: B256| !matches!(filter.block_option, FilterBlockOption::AtBlockHash(at) if at != hash);
    let mut look = |block: &crate::block::MinedBlock, removed| {
        if in_range(block.number()) && of_hash(block.hash) {
            logs::of_block(block, filter, removed, &mut found);
        }
    };
    match news {
        News::Block(block) => look(block, false),
        News::Removed(blocks) => blocks.iter().for_each(|block| look(block, true)),
        News::Transaction(_) => {}
    }
    found
}
