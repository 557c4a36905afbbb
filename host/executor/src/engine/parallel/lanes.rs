//! Lanes: the calls of one kind in a block, in their order.
//!
//! Where calls of a kind may follow from each other ([kinds](super::kinds)), each is executed once the one before it
//! in its lane has run, on what that has written; several of a chained kind in a row are one batch. So a block in
//! which everything hangs together costs no thrown-away executions, and what does not hang together with it runs
//! beside it. Like all of prediction a lane only says what is worth executing when: what was not seen coming shows
//! when it is committed.

use super::{
    CallKey,
    kinds::{Kinds, Known},
    suspension::lock,
};
use crate::engine::{prediction::selector, seems_transfer};
use alloy_consensus::{Transaction, TxEnvelope, transaction::Recovered};
use alloy_primitives::{Address, map::HashMap};
use core::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

/// Of a transaction that is no call.
const NONE: u32 = u32::MAX;
/// So many transactions are looked at together.
const PART: usize = 32;
/// So many calls of a kind that nothing is known of begin without regard to each other. Most kinds have no more of
/// them in a block, and the others show soon what they are.
const UNKNOWN: u32 = 2;

/// A kind of call in this block.
#[derive(Debug)]
pub(super) struct Lane {
    pub(super) known: Arc<Known>,
    /// The start of the last batch taken with such a call, plus one; 0 for none.
    last: AtomicUsize,
    /// How many such calls were taken.
    calls: AtomicU32,
}

impl Lane {
    fn new(known: Arc<Known>) -> Self {
        Self {
            known,
            last: AtomicUsize::new(0),
            calls: AtomicU32::new(0),
        }
    }

    /// Where the last batch taken starts that has such a call.
    pub(super) fn last(&self) -> Option<usize> {
        self.last.load(Ordering::Acquire).checked_sub(1)
    }

    /// A batch that starts here has such a call.
    pub(super) fn join(&self, first: usize) {
        self.last.fetch_max(first + 1, Ordering::AcqRel);
        self.calls.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether calls of which nothing is known are so many that they had better wait for each other.
    fn is_unknown(&self) -> bool {
        !self.known.is_free() && self.calls.load(Ordering::Relaxed) >= UNKNOWN
    }
}

/// Where each kind is among the lanes.
#[derive(Debug, Default)]
struct Index {
    numbers: HashMap<CallKey, u32>,
    /// Transactions with ether and no data, by their recipients: transfers most likely, of careful wallets, where there
    /// is one of them.
    gifts: HashMap<Address, usize>,
}

/// The lanes of a block. Transactions are looked at a part after the other, as they come up for execution: that takes
/// them out of memory, and there are blocks which run in sequence.
#[derive(Debug)]
pub(super) struct Lanes<'e> {
    pub(super) kinds: &'e Kinds,
    transactions: &'e [Recovered<TxEnvelope>],
    /// The lane of each transaction.
    of: Box<[AtomicU32]>,
    lanes: Box<[OnceLock<Lane>]>,
    /// All below have been looked at.
    seen: AtomicUsize,
    index: Mutex<Index>,
    /// Transactions may be suspended, for longer than collisions cost.
    suspending: bool,
}

impl<'e> Lanes<'e> {
    /// `suspending`: transactions may have to wait for something outside, so that none waits behind them on a guess.
    pub(super) fn new(kinds: &'e Kinds, transactions: &'e [Recovered<TxEnvelope>], suspending: bool) -> Self {
        Self {
            suspending,
            kinds,
            transactions,
            of: transactions.iter().map(|_| AtomicU32::new(NONE)).collect(),
            lanes: transactions.iter().map(|_| OnceLock::new()).collect(),
            seen: AtomicUsize::new(0),
            index: Mutex::default(),
        }
    }

    /// Looks at all transactions below this one, and some more.
    pub(super) fn look_at(&self, end: usize) {
        let end = end.min(self.transactions.len());
        if self.seen.load(Ordering::Acquire) >= end {
            return;
        }
        let mut index = lock(&self.index);
        let seen = self.seen.load(Ordering::Acquire);
        let end = end.max(seen + PART).min(self.transactions.len());
        for at in seen..end {
            self.enter(&mut index, at);
        }
        self.seen.store(end.max(seen), Ordering::Release);
    }

    fn enter(&self, index: &mut Index, at: usize) {
        let transaction = &self.transactions[at];
        let Some(to) = transaction.to().filter(|_| !seems_transfer(transaction)) else {
            return;
        };
        let mut also = at;
        if transaction.input().is_empty() {
            match index.gifts.insert(to, at) {
                None => return,
                Some(before) => also = before,
            }
        }
        let key = (to, selector(transaction.input()));
        let next = index.numbers.len();
        let number = *index.numbers.entry(key).or_insert_with(|| {
            // There are as many places as transactions, and those are fewer than NONE.
            self.lanes[next].get_or_init(|| Lane::new(self.kinds.get(key)));
            u32::try_from(next).unwrap_or(NONE)
        });
        self.of[at].store(number, Ordering::Release);
        self.of[also].store(number, Ordering::Release);
    }

    fn number(&self, index: usize) -> Option<u32> {
        let number = self.of.get(index)?.load(Ordering::Acquire);
        (number != NONE).then_some(number)
    }

    /// The lane of a transaction, if it is a call that has been looked at.
    pub(super) fn of(&self, index: usize) -> Option<&Lane> {
        self.lanes.get(self.number(index)? as usize)?.get()
    }

    /// Whether a call of this lane has to wait for the one before it.
    pub(super) fn queues(&self, lane: &Lane) -> bool {
        lane.known.is_chained() || (!self.suspending && lane.is_unknown())
    }

    /// What is known of the kind of call that a transaction is.
    pub(super) fn known(&self, index: usize) -> Option<&Known> {
        self.of(index).map(|lane| &*lane.known)
    }

    /// Whether two transactions are calls of the same kind.
    pub(super) fn same(&self, one: usize, other: usize) -> bool {
        self.number(one)
            .is_some_and(|number| self.number(other) == Some(number))
    }
}
