//! What is known of transactions when a worker takes them: what they are expected to write, and which values.
//!
//! Calls of [hot](super::contention) kinds are foretold by the [predictor](crate::engine::prediction), in the
//! order of the block, each upon what is foretold of those below. A value that can be told is published at
//! once, and transactions above run ahead on it; of other slots it is announced that they will be written.
//! Both are hints like every value in the multi-version memory: what is committed is held against the
//! committed state.

use super::{
    CallKey, Shared, WIDE,
    contention::{Contention, Heat},
    versions::Written,
};
use crate::engine::prediction::{Call, Footprint, Kind, Outlook};
use alloy_consensus::Transaction;
use alloy_primitives::{Address, B256, KECCAK256_EMPTY, U256, map::HashMap};
use core::{ops::Range, sync::atomic::Ordering};
use metisvm_state::StateError;
use revm::DatabaseRef;

/// Learning has one part in so many of the time of a block.
const LESSON_SHARE: u128 = 24;
/// In a shorter block there are too few left to gain from what is learnt.
const LONG_ENOUGH: usize = 128;

/// A write that is expected.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expected {
    pub(super) address: Address,
    pub(super) slot: U256,
    /// The value, where it can be told.
    pub(super) value: Option<U256>,
}

/// Transactions that a worker has taken.
#[derive(Debug)]
pub(super) struct Claim {
    pub(super) range: Range<usize>,
    /// What they are expected to write. It has been published as of the first.
    pub(super) expected: Vec<Expected>,
    /// The predictor wants to see what the one transaction of the range does.
    pub(super) lesson: Option<Kind>,
}

/// What foretelling needs from call to call.
#[derive(Debug, Default)]
pub(super) struct Planner {
    footprint: Footprint,
    /// What the transactions of the range make of slots; `None` where nobody can tell.
    values: HashMap<(Address, U256), Option<U256>>,
}

impl<S: DatabaseRef<Error = StateError>> Shared<'_, S> {
    /// Takes transactions that nobody has taken yet, before `limit`.
    pub(super) fn claim_new(&self, limit: usize) -> Option<Claim> {
        let next = self.next.load(Ordering::Acquire);
        match self.contention {
            Some(contention) if self.is_hot(contention, next) => self.claim_planned(contention, limit),
            _ => self.claim_plainly(limit),
        }
    }

    /// Whether a transaction is a call that is foretold.
    fn is_hot(&self, contention: &Contention, index: usize) -> bool {
        contention.any_hot() && self.call_key(index).is_some_and(|key| contention.is_hot(key))
    }

    fn claim_plainly(&self, limit: usize) -> Option<Claim> {
        let mut first = self.next.load(Ordering::Acquire);
        let mut lesson = None;
        let range = loop {
            // Transfers collide with nothing, so they may run far ahead.
            let limit = if self.is_transfer(first) {
                limit.max(self.ahead(WIDE * self.workers))
            } else {
                limit
            };
            if first >= limit {
                return None;
            }
            lesson = lesson.or_else(|| self.lesson_of(first));
            let end = match lesson {
                Some((index, _)) if index == first => first + 1,
                _ => self.batch_end(first, limit),
            };
            let taken = self
                .next
                .compare_exchange(first, end, Ordering::AcqRel, Ordering::Acquire);
            match taken {
                Ok(_) => break first..end,
                Err(now) => first = now,
            }
        };
        let mut expected = Vec::new();
        let mut keys = Vec::new();
        for index in range.clone() {
            self.expect_learnt(index, &mut keys, &mut expected);
        }
        for write in &expected {
            self.versions
                .write_slot(write.address, write.slot, first, Written::Expected);
        }
        let lesson = lesson.filter(|(index, _)| *index == range.start);
        Some(Claim {
            range,
            expected,
            lesson: lesson.map(|(_, kind)| kind),
        })
    }

    /// Where a batch ends that begins with this transaction. A call has others with it only of kinds that are
    /// calm, or that are foretold as it is; a transfer has transfers only.
    fn batch_end(&self, first: usize, limit: usize) -> usize {
        let most = limit.min(first + self.batch_size(first));
        let Some(contention) = self
            .contention
            .filter(|_| self.jitter.is_none() && most > first + 1)
        else {
            return most;
        };
        let transfers = self.is_transfer(first);
        let hot = self.is_hot(contention, first);
        let fits = |index: &usize| {
            let calm = || self.call_key(*index).is_some_and(|key| contention.is_calm(key));
            self.is_transfer(*index)
                || (!transfers && self.is_hot(contention, *index) == hot && (hot || calm()))
        };
        (first..most)
            .find(|index| !fits(index))
            .unwrap_or(most)
            .max(first + 1)
    }

    /// What collisions have taught of a transaction.
    /// `keys`: the kinds of call that it was asked for already.
    fn expect_learnt(&self, index: usize, keys: &mut Vec<CallKey>, expected: &mut Vec<Expected>) {
        let Some(contention) = self.contention.filter(|contention| contention.any()) else {
            return;
        };
        let Some(key) = self.call_key(index).filter(|key| !keys.contains(key)) else {
            return;
        };
        keys.push(key);
        let slots = contention.expected(key).into_iter();
        expected.extend(slots.map(|(address, slot)| Expected {
            address,
            slot,
            value: None,
        }));
    }

    /// The same in the order of the block, one worker at a time, with forecasts for hot calls.
    fn claim_planned(&self, contention: &Contention, limit: usize) -> Option<Claim> {
        // Before the lock is held: it may take a read.
        let wanted = self.lesson_of(self.next.load(Ordering::Acquire));
        // A worker that would have to wait has other things to do.
        let mut planner = self.planner.try_lock().ok()?;
        let first = self.next.load(Ordering::Acquire);
        if first >= limit {
            return None;
        }
        let planner = &mut *planner;
        planner.values.clear();
        let (mut keys, mut expected) = (Vec::new(), Vec::new());
        let mut lesson = None;
        let most = self.batch_end(first, limit);
        let mut end = first;
        while end < most {
            match contention.hot(self.call_key(end)) {
                None => {
                    self.expect_learnt(end, &mut keys, &mut expected);
                    if let Some((_, kind)) = wanted.filter(|(index, _)| *index == first && end == first) {
                        lesson = Some(kind);
                        end += 1;
                        break;
                    }
                }
                Some(heat) => {
                    if self.can_learn() && contention.predictor.wants(&heat.kind) {
                        // It is looked at alone: here if it is the first, else by whoever comes next.
                        if end > first {
                            break;
                        }
                        self.foretell(planner, contention, &heat, end, first);
                        lesson = Some(heat.kind);
                        end += 1;
                        break;
                    }
                    self.foretell(planner, contention, &heat, end, first);
                }
            }
            end += 1;
        }
        // A sequential stretch may have begun meanwhile.
        self.next
            .compare_exchange(first, end, Ordering::AcqRel, Ordering::Acquire)
            .ok()?;
        expected.retain(|write| !planner.values.contains_key(&(write.address, write.slot)));
        for write in &expected {
            self.versions
                .write_slot(write.address, write.slot, first, Written::Expected);
        }
        for ((address, slot), value) in planner.values.drain() {
            let written = value.map_or(Written::Expected, Written::Foretold);
            self.versions.write_slot(address, slot, first, written);
            expected.push(Expected { address, slot, value });
        }
        Some(Claim {
            range: first..end,
            expected,
            lesson,
        })
    }

    /// Whether the predictor has had little of the time of the block so far.
    fn can_learn(&self) -> bool {
        let spent = u128::from(self.lesson_time.load(Ordering::Relaxed));
        (self.slots.len() >= LONG_ENOUGH || self.is_slow())
            && spent * LESSON_SHARE <= self.started.elapsed().as_nanos()
    }

    /// A call that is not hot, of which the predictor wants to see what it does all the same, so that those after
    /// it can be read ahead: where reading takes time. Its index and kind.
    fn lesson_of(&self, index: usize) -> Option<(usize, Kind)> {
        let contention = self.contention.filter(|_| self.is_slow() && self.can_learn())?;
        if contention.is_hot(self.call_key(index)?) {
            return None;
        }
        let kind = self.kind(index)?;
        let wanted = kind.code_hash != KECCAK256_EMPTY && contention.predictor.wants(&kind);
        wanted.then_some((index, kind))
    }

    /// Adds what a call is expected to do to the plan of the range that begins with `first`.
    fn foretell(
        &self,
        planner: &mut Planner,
        contention: &Contention,
        heat: &Heat,
        index: usize,
        first: usize,
    ) {
        let Some(call) = self.call(index) else { return };
        let Planner { footprint, values } = planner;
        let mut view = View {
            shared: self,
            values,
            first,
        };
        contention
            .predictor
            .predict(&heat.kind, &call, &mut view, footprint);
        for forecast in footprint.slots.iter().filter(|forecast| forecast.writes) {
            let (address, slot) = (forecast.address, forecast.slot);
            let after = match forecast.change.apply(U256::ZERO) {
                None => None,
                Some(_) => view
                    .value(address, slot)
                    .and_then(|before| forecast.change.apply(before)),
            };
            view.values.insert((address, slot), after);
        }
    }

    /// The call that a transaction makes, if it is one.
    pub(super) fn call(&self, index: usize) -> Option<Call<'_>> {
        let transaction = self.environment.transactions.get(index)?;
        Some(Call {
            sender: transaction.signer(),
            to: transaction.to()?,
            value: transaction.value(),
            input: transaction.input(),
        })
    }

    /// Transaction `reader` has read a slot that one below it wrote later.
    pub(super) fn learn(&self, reader: usize, slot: (Address, U256), reader_writes: bool) {
        let Some(contention) = self.contention else { return };
        // Of a batch it is not known which of its transactions it was.
        let alone = |index: &usize| self.slots[*index].end.load(Ordering::Acquire) == index + 1;
        let writer = self.versions.slot(&slot.0, &slot.1, reader);
        let writer = writer.map(|found| found.transaction).filter(alone);
        let taught = [
            writer.map(|writer| (writer, Some(slot))),
            alone(&reader).then_some((reader, reader_writes.then_some(slot))),
        ];
        for (index, wrote) in taught.into_iter().flatten() {
            if let Some(key) = self.call_key(index)
                && let Some(kind) = self.kind(index)
            {
                contention.learn(key, kind, wrote);
            }
        }
    }

    /// How it went with transactions whose turn has come.
    pub(super) fn judge(&self, range: Range<usize>, held: bool) {
        let Some(contention) = self.contention else { return };
        for index in range {
            match self.call_key(index) {
                Some(key) if held => contention.held(key),
                Some(key) => contention.disturbed(key),
                None => {}
            }
        }
    }

    /// A read found in time what transaction `writer` was foretold to write, or waited for it.
    pub(super) fn saved(&self, writer: usize) {
        let heat = self
            .contention
            .and_then(|contention| contention.heat(self.call_key(writer)));
        if let Some(heat) = heat {
            heat.saved();
        }
    }

    fn kind(&self, index: usize) -> Option<Kind> {
        let call = self.call(index)?;
        let account = self.base.account(&call.to).ok()??;
        Some(Kind::of(account.code_hash, call.input))
    }
}

/// The values as the calls of a range are going to find them.
struct View<'v, 'e, S> {
    shared: &'v Shared<'e, S>,
    values: &'v mut HashMap<(Address, U256), Option<U256>>,
    first: usize,
}

impl<S: DatabaseRef<Error = StateError>> Outlook for View<'_, '_, S> {
    fn value(&mut self, address: Address, slot: U256) -> Option<U256> {
        if let Some(value) = self.values.get(&(address, slot)) {
            return *value;
        }
        match self.shared.versions.slot(&address, &slot, self.first) {
            Some(found) => match found.written {
                Written::Value(value) | Written::Foretold(value) => Some(value),
                Written::Expected | Written::Estimate(_) => None,
            },
            None => self.shared.base.storage_ref(address, slot).ok(),
        }
    }

    fn keccak256(&mut self, input: &[u8]) -> B256 {
        self.shared.environment.hashes.keccak256(input)
    }
}
