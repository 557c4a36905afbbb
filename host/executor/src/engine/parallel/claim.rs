//! Taking transactions to execute: which, how many together, and which have to wait.

use super::{
    DONE, Prospect, RUNNING, Shared, WAITING, WIDE,
    governor::LARGEST_BATCH,
    later::Until,
    mixed,
    plan::{Claim, Expected},
    suspension::lock,
    versions::Written,
    worker::Speculated,
};
use core::{ops::Range, sync::atomic::Ordering};
use metisvm_state::StateError;
use revm::DatabaseRef;

/// A batch is at most one of so many parts of what is left, for each worker.
const SHARE: usize = 3;

/// What came of an attempt to take transactions that nobody has taken.
enum Taken {
    Ready(Claim),
    /// They have to wait for others of their kind.
    Queued,
}

impl<S> Shared<'_, S> {
    /// What may be expected of the write that a transaction is to make.
    pub(super) fn prospect(&self, transaction: usize) -> Prospect {
        match self.slots[transaction].status.load(Ordering::Acquire) {
            RUNNING => Prospect::Soon,
            WAITING => Prospect::Later,
            _ => Prospect::Settled,
        }
    }

    /// The first transaction that is too far ahead of the committed ones, where so many may be.
    fn ahead(&self, window: usize) -> usize {
        let end = self.committed.load(Ordering::Acquire) + window;
        end.min(self.slots.len())
    }

    /// Has a transaction that was taken executed later.
    pub(super) fn run_later(&self, index: usize, until: Until) {
        self.slots[index].status.store(WAITING, Ordering::Release);
        self.later.put(index, until);
    }

    /// How many transactions a worker takes that begins with this one.
    fn batch_size(&self, first: usize) -> usize {
        if self.recording {
            return 1;
        }
        match self.jitter {
            // Smaller batches towards the end of the block, so that the workers end together.
            None => {
                let known = self.lanes().and_then(|lanes| lanes.known(first));
                let reliable = || known.is_some_and(|known| known.is_foretold() && known.is_reliable());
                let most = if self.is_transfer(first) || reliable() {
                    LARGEST_BATCH
                } else {
                    self.batch.load(Ordering::Relaxed)
                };
                most.min((self.slots.len() - first) / (SHARE * self.workers))
                    .max(1)
            }
            Some(seed) => (seed as usize ^ first.wrapping_mul(7)) % LARGEST_BATCH + 1,
        }
    }

    /// Whether a transaction is a call that is foretold.
    pub(super) fn is_foretold(&self, index: usize) -> bool {
        let known = self.lanes().and_then(|lanes| lanes.known(index));
        known.is_some_and(|known| known.is_foretold())
    }

    /// The batch that has to have run before a transaction begins: the last one of its lane, if that has not. Some
    /// transactions do not wait where a test wants every order of events.
    fn queues_behind(&self, index: usize) -> Option<usize> {
        let lanes = self.lanes()?;
        let lane = lanes.of(index)?;
        if !lanes.queues(lane)
            || self
                .jitter
                .is_some_and(|seed| mixed(seed ^ index as u64) & 1 == 0)
        {
            return None;
        }
        let last = lane.last()?;
        (last < index && !matches!(self.prospect(last), Prospect::Settled)).then_some(last)
    }

    /// Where a batch ends that begins with this transaction. A call has others with it only of kinds that are calm, or
    /// chained without anybody at work on them, or that are foretold as it is; a transfer has transfers only.
    pub(super) fn batch_end(&self, first: usize, limit: usize) -> usize {
        let most = limit.min(first + self.batch_size(first));
        let Some(lanes) = self.lanes() else { return most };
        if most <= first + 1 || self.jitter.is_some() {
            return most;
        }
        let transfers = self.is_transfer(first);
        let foretold = self.is_foretold(first);
        let fits = |index: &usize| {
            let Some(known) = lanes.known(*index) else {
                return self.is_transfer(*index);
            };
            if transfers || known.is_foretold() != foretold {
                return false;
            }
            let calm = known.is_calm() || known.is_chained();
            foretold || (calm && self.queues_behind(*index).is_none())
        };
        (first..most)
            .find(|index| !fits(index))
            .unwrap_or(most)
            .max(first + 1)
    }

    /// Where the row of calls ends that begins with this one and follow from each other, as far as that is known.
    fn row_end(&self, first: usize, limit: usize) -> usize {
        let Some(lanes) = self.lanes().filter(|_| !self.recording) else {
            return first + 1;
        };
        let chained = lanes.known(first).is_some_and(|known| known.is_chained());
        let most = if chained { LARGEST_BATCH } else { 1 };
        let row = first + 1..limit.min(first + most);
        let end = row.end;
        row.into_iter()
            .find(|index| !lanes.same(first, *index))
            .unwrap_or(end)
            .max(first + 1)
    }

    /// The transactions of a batch are the last ones of their lanes. If it is one transaction, gives the one before
    /// it in its lane.
    fn join_lanes(&self, range: Range<usize>) -> Option<usize> {
        let lanes = self.lanes()?;
        let before = lanes.of(range.start)?.last();
        for index in range.clone() {
            if let Some(lane) = lanes.of(index) {
                lane.join(range.start);
            }
        }
        before.filter(|before| range.len() == 1 && *before < range.start)
    }

    /// What collisions have taught of a transaction is announced.
    pub(super) fn expect_learnt(&self, index: usize, expected: &mut Vec<Expected>) {
        let Some(known) = self.lanes().and_then(|lanes| lanes.known(index)) else {
            return;
        };
        known.expected(|(address, slot)| {
            let known = |write: &Expected| write.address == address && write.slot == slot;
            if !expected.iter().any(known) {
                expected.push(Expected {
                    address,
                    slot,
                    value: None,
                });
            }
        });
    }

    pub(super) fn count_again(&self, transactions: usize) {
        self.executed_again
            .fetch_add(transactions as u64, Ordering::Relaxed);
    }
}

impl<S: DatabaseRef<Error = StateError> + Sync> Shared<'_, S> {
    /// Takes transactions to execute: those that were taken before and can go on now, and then new ones.
    pub(super) fn claim(&self) -> Option<Claim> {
        let settled = |on| matches!(self.prospect(on), Prospect::Settled);
        let waiting = self.later.take(|until| match until {
            Until::Now => true,
            Until::Written(on) | Until::Ran(on) => settled(on),
        });
        if let Some(index) = waiting.or_else(|| self.suspensions.resume()) {
            return Some(self.claim_again(index));
        }
        let claim = if self.in_sequence.load(Ordering::Relaxed) {
            None
        } else {
            self.claim_new(self.ahead(self.window.load(Ordering::Relaxed)))
        };
        claim.or_else(|| {
            // Nothing else to do: what comes before the read that it waits for can be done meanwhile.
            let soon =
                |until| matches!(until, Until::Written(on) if !matches!(self.prospect(on), Prospect::Later));
            self.later.take(soon).map(|index| self.claim_again(index))
        })
    }

    /// What has run before is expected to write what it wrote then.
    fn claim_again(&self, index: usize) -> Claim {
        let slot = &self.slots[index];
        slot.queued.store(false, Ordering::Release);
        let range = index..slot.end.load(Ordering::Acquire);
        let expected = match lock(&slot.speculated).take() {
            Some(Speculated::Overtaken(published)) => {
                self.count_again(range.len());
                let expected = published.into_iter().map(|(address, slot)| {
                    let estimate = Written::Estimate(None);
                    self.versions.write_slot(address, slot, index, estimate);
                    Expected {
                        address,
                        slot,
                        value: None,
                    }
                });
                expected.collect()
            }
            _ => Vec::new(),
        };
        let lesson = if slot.lesson.swap(false, Ordering::AcqRel) {
            self.kind(index)
        } else {
            None
        };
        Claim {
            range,
            expected,
            lesson,
        }
    }

    /// Takes transactions that nobody has taken yet, before `limit`.
    fn claim_new(&self, limit: usize) -> Option<Claim> {
        loop {
            if let Some(lanes) = self.lanes() {
                lanes.look_at(self.next.load(Ordering::Acquire) + LARGEST_BATCH);
            }
            let next = self.next.load(Ordering::Acquire);
            if self.is_foretold(next) {
                let claim = self.claim_planned(limit);
                if claim.is_some() || self.is_foretold(next) {
                    return claim;
                }
            }
            match self.claim_plainly(limit)? {
                Taken::Ready(claim) => return Some(claim),
                Taken::Queued => {}
            }
        }
    }

    fn claim_plainly(&self, limit: usize) -> Option<Taken> {
        let mut first = self.next.load(Ordering::Acquire);
        loop {
            // Transfers collide with nothing, so they may run far ahead.
            let limit = if self.is_transfer(first) {
                limit.max(self.ahead(WIDE * self.workers))
            } else {
                limit
            };
            if first >= limit {
                return None;
            }
            let behind = self.queues_behind(first);
            let lesson = self.lesson_of(first);
            let end = if lesson.is_some() || self.is_tested(first) {
                first + 1
            } else {
                let row = self.row_end(first, limit);
                match behind {
                    Some(_) => row,
                    None => row.max(self.batch_end(first, limit)),
                }
            };
            // Before they are taken: whoever takes those after them has to see it.
            let before = self.join_lanes(first..end);
            let taken = self
                .next
                .compare_exchange(first, end, Ordering::AcqRel, Ordering::Acquire);
            if let Err(now) = taken {
                first = now;
                continue;
            }
            if let Some(known) = self.lanes().and_then(|lanes| lanes.known(first)) {
                known.taken(end - first);
            }
            let slot = &self.slots[first];
            slot.after
                .store(before.map_or(0, |before| before + 1), Ordering::Release);
            if let Some(on) = behind {
                slot.end.store(end, Ordering::Release);
                slot.lesson.store(lesson.is_some(), Ordering::Release);
                slot.queued.store(true, Ordering::Release);
                slot.has_queued.store(true, Ordering::Release);
                self.queued.fetch_add((end - first) as u64, Ordering::Relaxed);
                self.later.put(first, Until::Ran(on));
                return Some(Taken::Queued);
            }
            let mut expected = Vec::new();
            for index in first..end {
                self.expect_learnt(index, &mut expected);
            }
            for write in &expected {
                self.versions
                    .write_slot(write.address, write.slot, first, Written::Expected);
            }
            return Some(Taken::Ready(Claim {
                range: first..end,
                expected,
                lesson,
            }));
        }
    }

    /// Whether a transaction is to be executed by itself, so that it can be seen whether it follows from the one before
    /// it in its lane.
    fn is_tested(&self, index: usize) -> bool {
        let known = self.lanes().and_then(|lanes| lanes.known(index));
        known.is_some_and(|known| known.is_tested())
    }

    /// The transaction before this one in its lane, where this one is going to show whether it follows from that: it
    /// has run, by itself.
    pub(super) fn ran_before_in_lane(&self, index: usize) -> Option<usize> {
        let before = self.slots[index].after.load(Ordering::Acquire).checked_sub(1)?;
        let by_itself = |index: usize| self.slots[index].end.load(Ordering::Acquire) == index + 1;
        let ran = matches!(self.prospect(before), Prospect::Settled);
        (ran && by_itself(before)).then_some(before)
    }

    /// True where the next thing to be committed is there: an executed transaction, or a stretch that is to
    /// run in sequence.
    pub(super) fn ready(&self, index: usize) -> bool {
        let Some(slot) = self.slots.get(index) else {
            return false;
        };
        let status = slot.status.load(Ordering::Acquire);
        let free = || self.next.load(Ordering::Acquire) == index || slot.queued.load(Ordering::Acquire);
        status == DONE || (self.in_sequence.load(Ordering::Relaxed) && status == WAITING && free())
    }

    /// Takes transactions from this one on for a stretch in sequence, if nobody has begun with it. Gives the one after
    /// the last.
    pub(super) fn take_for_sequence(&self, index: usize, most: usize) -> Option<usize> {
        let taken = self
            .next
            .compare_exchange(index, most, Ordering::AcqRel, Ordering::Acquire);
        if taken.is_ok() {
            return Some(most);
        }
        let queued = self.slots[index].queued.load(Ordering::Acquire) && self.later.take_queued(index);
        queued.then(|| self.slots[index].end.load(Ordering::Acquire))
    }
}
