//! What is known of transactions when a worker takes them: what they are expected to write, and which values.
//!
//! Calls of [hot](super::kinds) kinds are foretold by the [predictor](crate::engine::prediction), in the order of the
//! block, each upon what is foretold of those below, where all can be told that they write. It is published before they
//! run, and transactions above run ahead on it. Where the value before is not known yet, it is only announced that the
//! slot will be written. Both are hints like every value in the multi-version memory: what is committed is held against
//! the committed state.

use super::{Shared, versions::Written};
use crate::engine::prediction::{Call, Change, Footprint, Kind, Outlook};
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
    /// Takes transactions of which the first is foretold, in the order of the block, one worker at a time.
    pub(super) fn claim_planned(&self, limit: usize) -> Option<Claim> {
        let lanes = self.lanes()?;
        // A worker that would have to wait has other things to do.
        let mut planner = self.planner.try_lock().ok()?;
        let first = self.next.load(Ordering::Acquire);
        if first >= limit || !self.is_foretold(first) {
            return None;
        }
        let planner = &mut *planner;
        planner.values.clear();
        let mut expected = Vec::new();
        let mut lesson = None;
        let most = self.batch_end(first, limit);
        let mut end = first;
        while end < most {
            let known = lanes.known(end);
            if let Some((known, kind)) = known.and_then(|known| Some((known, known.hot()?))) {
                // A call that is looked at is alone: here if it is the first, else with whoever comes next.
                let wanted = self.can_learn() && lanes.kinds.predictor.wants(kind);
                if wanted && end > first {
                    break;
                }
                if !self.foretell(planner, kind, end, first) {
                    known.forecast(false);
                    break;
                }
                if wanted {
                    lesson = Some(*kind);
                    end += 1;
                    break;
                }
            } else {
                self.expect_learnt(end, &mut expected);
            }
            end += 1;
        }
        if end == first {
            return None;
        }
        for index in first..end {
            if let Some(lane) = lanes.of(index) {
                lane.join(first);
            }
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

    /// The kind of a call, if the predictor wants to see what it does: where calls of the kind would collide, or where
    /// reading takes time, so that those after it can be read ahead.
    pub(super) fn lesson_of(&self, index: usize) -> Option<Kind> {
        let lanes = self.lanes()?;
        let known = lanes.known(index)?;
        if !(known.is_hot() || self.is_slow()) || !self.can_learn() {
            return None;
        }
        let kind = self.kind(index)?;
        let wanted = kind.code_hash != KECCAK256_EMPTY && lanes.kinds.predictor.wants(&kind);
        wanted.then(|| {
            known.set_kind(kind);
            kind
        })
    }

    /// Adds what a call is expected to do to the plan of the range that begins with `first`.
    /// False, and nothing is added, where it writes what nobody can tell.
    fn foretell(&self, planner: &mut Planner, kind: &Kind, index: usize, first: usize) -> bool {
        let (Some(lanes), Some(call)) = (self.lanes(), self.call(index)) else {
            return false;
        };
        let Planner { footprint, values } = planner;
        let mut view = View {
            shared: self,
            values,
            first,
        };
        lanes.kinds.predictor.predict(kind, &call, &mut view, footprint);
        let written = || footprint.slots.iter().filter(|forecast| forecast.writes);
        if written().any(|forecast| forecast.change == Change::Unknown) {
            return false;
        }
        for forecast in written() {
            let (address, slot) = (forecast.address, forecast.slot);
            let before = view.value(address, slot);
            let after = before.and_then(|before| forecast.change.apply(before));
            view.values.insert((address, slot), after);
        }
        true
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
        let Some(lanes) = self.lanes() else { return };
        // Of a batch it is not known which of its transactions it was.
        let alone = |index: &usize| self.slots[*index].end.load(Ordering::Acquire) == index + 1;
        let writer = self.versions.slot(&slot.0, &slot.1, reader);
        let writer = writer.map(|found| found.transaction).filter(alone);
        let reader = Some(reader).filter(alone);
        let taught = [(writer, Some(slot)), (reader, reader_writes.then_some(slot))];
        for (index, wrote) in taught {
            let Some(index) = index else { continue };
            if let (Some(known), Some(kind)) = (lanes.known(index), self.kind(index)) {
                known.learn(kind, wrote);
                if known.is_hot() {
                    lanes.kinds.predictor.missed(&kind);
                }
            }
        }
        if let (Some(writer), Some(reader)) = (writer, reader)
            && lanes.same(writer, reader)
            && let Some(known) = lanes.known(reader)
        {
            known.collided();
        }
    }

    /// A call has read what the one before it in its lane has written, or has not.
    pub(super) fn followed(&self, index: usize, followed: bool) {
        let known = self.lanes().and_then(|lanes| lanes.known(index));
        if let Some(known) = known {
            known.followed(followed);
        }
    }

    /// How it went with transactions whose turn has come.
    pub(super) fn judge(&self, range: Range<usize>, held: bool) {
        let Some(lanes) = self.lanes() else { return };
        for known in range.filter_map(|index| lanes.known(index)) {
            if held {
                known.held();
            } else {
                known.disturbed();
            }
        }
    }

    /// A read found what transaction `writer` has written, for which it waited, or was foretold to write. `foretold`:
    /// whether the value was, if anything was.
    pub(super) fn saved(&self, writer: usize, foretold: Option<bool>) {
        let known = self.lanes().and_then(|lanes| lanes.known(writer));
        if let Some(known) = known {
            known.saved(foretold);
        }
    }

    pub(super) fn kind(&self, index: usize) -> Option<Kind> {
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
