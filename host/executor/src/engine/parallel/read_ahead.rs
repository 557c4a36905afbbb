//! Reading ahead: threads that only wait for storage bring what transactions are going to read into the state
//! cache, before a worker comes to it.
//!
//! Whether that pays is found out by a **probe** at the start of the block, which reads the accounts of a few
//! transactions. Only where reads take long, more threads are started. They take the transactions in the order
//! of the block and read what is plain to see (sender, recipient, codes, the transaction's own access list of
//! EIP-2930) and which slots the [predictor](crate::engine::prediction) foretells; or, where the block carries
//! an access list (EIP-7928), what that names. They change what is in the cache, and so speed, and nothing else:
//! execution reads everything by itself, and meets an error where it counts.

use super::{
    Shared, WAITING,
    suspension::lock,
    versions::{Found, Written},
};
use crate::engine::prediction::{Footprint, Kind, Outlook};
use alloy_consensus::Transaction;
use alloy_eips::eip7928::AccountChanges;
use alloy_primitives::{Address, B256, KECCAK256_EMPTY, U256};
use core::{
    ops::Range,
    sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    time::Duration,
};
use metisvm_state::{Fetched, ReadAhead, StateError};
use revm::{DatabaseRef, state::AccountInfo};
use std::{
    sync::Mutex,
    thread::{self, Builder, Scope},
    time::Instant,
};

/// Of so many transactions the probe reads sender and recipient,
const PROBES: usize = 16;
/// of every so manieth of those also what is foretold, which takes a hundred times as long to say.
const FORETOLD_PROBES: usize = 4;
/// So many slow reads make a block slow: one may be an interruption.
const SLOW_READS: u32 = 2;
/// What takes longer is a wait for a device. What a store has in memory it finds in less, with the processor
/// busy all the time: more threads would take that away from the workers.
const SLOW_READ: Duration = Duration::from_micros(8);
/// So many threads at most, whatever is asked for.
const MOST_THREADS: usize = 64;
/// So many slots of an account in the block's access list are read by one thread at a time.
const PART: usize = 16;

/// The threads that read ahead in one block.
pub(super) struct ReadingAhead<'s, 'e, S> {
    shared: &'s Shared<'e, S>,
    source: &'e dyn ReadAhead,
    threads: usize,
    /// The next transaction to be read for.
    next: AtomicUsize,
    /// The next part of the block's access list: the place of an account, and of a slot of it.
    place: Mutex<(usize, usize)>,
    /// For how many keys the source was asked.
    asked: AtomicU64,
    /// A read has failed.
    failed: AtomicBool,
}

/// Nothing more is to be read: the block has come to its end, a read has failed, a worker executes the
/// transaction, or it is known what the probe was to find out.
struct Ended;

impl<S> Shared<'_, S> {
    /// Whether reading the state takes time in this block.
    pub(super) fn is_slow(&self) -> bool {
        self.slow.load(Ordering::Relaxed)
    }
}

impl<'s, 'e, S: DatabaseRef<Error = StateError> + Sync> ReadingAhead<'s, 'e, S> {
    /// With so many threads, 64 at most; `None` where nothing can be read ahead.
    pub(super) fn new(shared: &'s Shared<'e, S>, threads: usize) -> Option<Self> {
        let source = shared.environment.ahead.filter(|_| threads > 0)?;
        Some(Self {
            shared,
            source,
            threads: threads.min(MOST_THREADS),
            next: AtomicUsize::new(0),
            place: Mutex::new((0, 0)),
            asked: AtomicU64::new(0),
            failed: AtomicBool::new(false),
        })
    }

    /// For how many keys the source was asked.
    pub(super) fn asked(&self) -> u64 {
        self.asked.load(Ordering::Relaxed)
    }

    /// Does a worker's work, reading ahead meanwhile where that pays. Ends at most one read after the work.
    pub(super) fn during(&self, work: impl FnOnce()) {
        if !self.reads_are_slow() {
            return work();
        }
        self.shared.slow.store(true, Ordering::Relaxed);
        thread::scope(|scope| {
            self.start(scope, self.threads);
            work();
        });
    }

    /// Starts a thread, which starts the next one: the worker has other things to do.
    fn start<'scope>(&'scope self, scope: &'scope Scope<'scope, '_>, threads: usize) {
        if threads == 0 || self.shared.stopped() {
            return;
        }
        // What cannot be started is done without.
        let _ = Builder::new()
            .name("read-ahead".to_owned())
            .spawn_scoped(scope, move || {
                self.start(scope, threads - 1);
                let mut reader = Reader::new(self);
                // Why it has come to its end makes no difference.
                let _: Result<(), Ended> = match self.shared.environment.given {
                    Some(list) => reader.read_list(list),
                    None => reader.read_transactions(),
                };
            });
    }

    /// The probe.
    fn reads_are_slow(&self) -> bool {
        let count = self.shared.environment.transactions.len();
        let step = count.div_ceil(PROBES).max(1);
        let mut reader = Reader::new(self);
        reader.clock = Some(Instant::now());
        for (probe, index) in (0..count).step_by(step).enumerate() {
            if reader.probe(index, probe % FORETOLD_PROBES == 0).is_err() {
                break;
            }
        }
        reader.slow >= SLOW_READS
    }

    /// A transaction that nobody has read for, executes or has executed by itself.
    fn next_transaction(&self) -> Option<usize> {
        let shared = self.shared;
        loop {
            self.next
                .fetch_max(shared.committed.load(Ordering::Acquire), Ordering::Relaxed);
            let index = self.next.fetch_add(1, Ordering::Relaxed);
            // Of a batch the first transaction says that it runs. Those after it may have been executed;
            // if so, reading finds everything at hand.
            if shared.slots.get(index)?.status.load(Ordering::Acquire) == WAITING {
                return Some(index);
            }
        }
    }

    /// Slots of an account of the block's access list that nobody has read; the account itself goes with the
    /// first of them.
    fn next_part<'l>(&self, list: &'l [AccountChanges]) -> Option<(&'l AccountChanges, Range<usize>)> {
        let mut place = lock(&self.place);
        let account = list.get(place.0)?;
        let slots = account.storage_changes.len() + account.storage_reads.len();
        let from = place.1;
        let to = slots.min(from + PART);
        *place = if to < slots {
            (place.0, to)
        } else {
            (place.0 + 1, 0)
        };
        Some((account, from..to))
    }
}

/// One thread that reads ahead, or the probe.
struct Reader<'r, 's, 'e, S> {
    of: &'r ReadingAhead<'s, 'e, S>,
    footprint: Footprint,
    /// The transaction that it reads for, if it is one.
    index: Option<usize>,
    /// When the last read ended, where it matters how long they take: in the probe.
    clock: Option<Instant>,
    /// Slow reads so far.
    slow: u32,
}

impl<'r, 's, 'e, S: DatabaseRef<Error = StateError> + Sync> Reader<'r, 's, 'e, S> {
    fn new(of: &'r ReadingAhead<'s, 'e, S>) -> Self {
        Self {
            of,
            footprint: Footprint::default(),
            index: None,
            clock: None,
            slow: 0,
        }
    }

    fn read_transactions(&mut self) -> Result<(), Ended> {
        while let Some(index) = self.of.next_transaction() {
            self.index = Some(index);
            match self.transaction(index) {
                // A worker has come to it and reads the rest by itself.
                Err(Ended) if self.overtaken() => {}
                outcome => outcome?,
            }
        }
        Ok(())
    }

    fn read_list(&mut self, list: &[AccountChanges]) -> Result<(), Ended> {
        while let Some((account, slots)) = self.of.next_part(list) {
            if slots.start == 0 {
                self.account_with_code(account.address)?;
            }
            for place in slots {
                let changed = account.storage_changes.get(place).map(|changes| changes.slot);
                let read = || account.storage_reads.get(place - account.storage_changes.len());
                if let Some(slot) = changed.or_else(|| read().copied()) {
                    self.slot(account.address, slot)?;
                }
            }
        }
        Ok(())
    }

    /// Whether a worker executes the transaction that is being read for.
    fn overtaken(&self) -> bool {
        let slot = self.index.and_then(|index| self.of.shared.slots.get(index));
        slot.is_some_and(|slot| slot.status.load(Ordering::Acquire) != WAITING)
    }

    /// What a transaction is going to read. The beneficiary is not among it: every worker reads that when it
    /// starts. In about the opposite order: a worker that comes to it meanwhile does not ask for the same keys
    /// at the same time.
    fn transaction(&mut self, index: usize) -> Result<(), Ended> {
        let Some(transaction) = self.of.shared.environment.transactions.get(index) else {
            return Ok(());
        };
        if let Some(to) = transaction.to() {
            let account = self.account_with_code(to)?;
            self.foretold(index, account.as_ref())?;
        }
        for item in transaction.access_list().iter().flat_map(|list| list.iter()) {
            self.account_with_code(item.address)?;
            for key in &item.storage_keys {
                self.slot(item.address, U256::from_be_bytes(key.0))?;
            }
        }
        self.account(transaction.signer())?;
        Ok(())
    }

    /// A part of that, to see how long it takes.
    fn probe(&mut self, index: usize, foretold: bool) -> Result<(), Ended> {
        let Some(transaction) = self.of.shared.environment.transactions.get(index) else {
            return Ok(());
        };
        self.account(transaction.signer())?;
        let Some(to) = transaction.to() else { return Ok(()) };
        let account = self.account(to)?;
        if foretold {
            self.foretold(index, account.as_ref())?;
            // Telling took time, too.
            self.clock = Some(Instant::now());
        }
        Ok(())
    }

    /// The slots that a call of `account` is foretold to touch, with the accounts that they belong to.
    fn foretold(&mut self, index: usize, account: Option<&AccountInfo>) -> Result<(), Ended> {
        let shared = self.of.shared;
        let has_code = |info: &&AccountInfo| info.code_hash != KECCAK256_EMPTY;
        let (Some(lanes), Some(call), Some(info)) =
            (shared.lanes(), shared.call(index), account.filter(has_code))
        else {
            return Ok(());
        };
        let kind = Kind::of(info.code_hash, call.input);
        let mut footprint = core::mem::take(&mut self.footprint);
        let mut view = View {
            reader: self,
            index,
            ended: false,
        };
        lanes
            .kinds
            .predictor
            .predict(&kind, &call, &mut view, &mut footprint);
        let mut outcome = if view.ended { Err(Ended) } else { Ok(()) };
        let mut last = call.to;
        for forecast in footprint.slots.iter().rev() {
            if outcome.is_err() {
                break;
            }
            if forecast.address != last {
                last = forecast.address;
                outcome = self.account_with_code(last).map(|_| ());
            }
            outcome = outcome.and_then(|()| self.slot(forecast.address, forecast.slot).map(|_| ()));
        }
        self.footprint = footprint;
        outcome
    }

    /// An account, and the code that a call of it executes: where it has delegated (EIP-7702), that of another.
    fn account_with_code(&mut self, address: Address) -> Result<Option<AccountInfo>, Ended> {
        let account = self.account(address)?;
        if let Some(info) = &account
            && let Some(delegate) = self.code(info.code_hash)?
            && let Some(info) = self.account(delegate)?
        {
            self.code(info.code_hash)?;
        }
        Ok(account)
    }

    fn account(&mut self, address: Address) -> Result<Option<AccountInfo>, Ended> {
        self.begin()?;
        let fetched = self.of.source.account(address);
        self.end(fetched)
    }

    fn slot(&mut self, address: Address, slot: U256) -> Result<U256, Ended> {
        self.begin()?;
        let fetched = self.of.source.slot(address, slot);
        self.end(fetched)
    }

    /// Reads a code. Gives the account that it delegates to, if it is a delegation.
    fn code(&mut self, code_hash: B256) -> Result<Option<Address>, Ended> {
        if code_hash == KECCAK256_EMPTY || code_hash.is_zero() {
            return Ok(None);
        }
        self.begin()?;
        let fetched = self.of.source.code(code_hash);
        Ok(self.end(fetched)?.eip7702_address())
    }

    fn begin(&self) -> Result<(), Ended> {
        if self.of.shared.stopped() || self.of.failed.load(Ordering::Relaxed) || self.overtaken() {
            return Err(Ended);
        }
        Ok(())
    }

    fn end<T>(&mut self, fetched: Result<Fetched<T>, StateError>) -> Result<T, Ended> {
        let Ok(Fetched { value, asked }) = fetched else {
            self.of.failed.store(true, Ordering::Relaxed);
            return Err(Ended);
        };
        if asked {
            self.of.asked.fetch_add(1, Ordering::Relaxed);
            // Reads of what is at hand take no time that matters here, so they are not timed.
            if let Some(clock) = &mut self.clock {
                let now = Instant::now();
                self.slow += u32::from(now - *clock > SLOW_READ);
                *clock = now;
                if self.slow >= SLOW_READS {
                    return Err(Ended);
                }
            }
        }
        Ok(value)
    }
}

/// The values as a transaction is going to find them, as far as that is known now.
struct View<'v, 'r, 's, 'e, S> {
    reader: &'v mut Reader<'r, 's, 'e, S>,
    index: usize,
    ended: bool,
}

impl<S: DatabaseRef<Error = StateError> + Sync> Outlook for View<'_, '_, '_, '_, S> {
    fn value(&mut self, address: Address, slot: U256) -> Option<U256> {
        if self.ended {
            return None;
        }
        let shared = self.reader.of.shared;
        if let Some(Found { written, .. }) = shared.versions.slot(&address, &slot, self.index) {
            return match written {
                Written::Value(value) | Written::Foretold(value) => Some(value),
                Written::Expected | Written::Estimate(_) => None,
            };
        }
        // The beginning of the block has written a few slots.
        let changed = shared.base.changed(&address);
        if let Some(value) = changed.and_then(|change| change.storage.get(&slot)) {
            return Some(*value);
        }
        let value = self.reader.slot(address, slot);
        self.ended = value.is_err();
        value.ok()
    }

    fn keccak256(&mut self, input: &[u8]) -> B256 {
        self.reader.of.shared.environment.hashes.keccak256(input)
    }
}
