//! Committing in the order of the block.
//!
//! Whoever finds the next transaction executed commits it, and as many after it as are ready. Here every
//! batch is held against the committed state: if everything it has seen is as it is there, it did what
//! sequential execution would have done, because an execution is a function of what it reads. If not, its
//! transactions are executed again, now over the committed state itself.

use super::{
    DONE, RUNNING, Shared,
    batch::Batch,
    database::{AccountUse, BalanceUse},
    governor::{Committed, Governor, Next, Remembered},
    suspension::lock,
    worker::Speculated,
};
use crate::{
    Error,
    engine::{
        EngineReport, Environment, Invalid, Progress,
        block_state::{BlockState, basic},
        sequential::Turn,
    },
};
use alloy_primitives::{Address, Bloom, U256};
use core::{ops::Range, sync::atomic::Ordering};
use metisvm_state::{BasicAccount, StateError};
use revm::DatabaseRef;

/// So many transactions before the end of a stretch in sequence the other workers are woken: that takes a while.
const WAKING: usize = 8;

/// Where a speculation went wrong.
#[derive(Debug, Clone, Copy)]
enum Collision {
    Slot(Address, U256),
    Account(Address),
}

/// Whether a speculation is what sequential execution would have done.
enum Held {
    Yes,
    /// It has seen something else, here.
    No(Collision),
}

/// The committed part of the block. One worker at a time holds it.
pub(super) struct Committer<'c, 'e, S> {
    state: &'c mut BlockState<'e, S>,
    progress: &'c mut Progress,
    governor: Governor,
    /// The first stretch has begun.
    begun: bool,
    pub(super) tally: EngineReport,
}

impl<'c, 'e, S: DatabaseRef<Error = StateError> + Sync> Committer<'c, 'e, S> {
    pub(super) fn new(
        state: &'c mut BlockState<'e, S>,
        progress: &'c mut Progress,
        remembered: Remembered,
        workers: usize,
    ) -> Self {
        Self {
            state,
            progress,
            governor: Governor::new(remembered, workers),
            begun: false,
            tally: EngineReport::default(),
        }
    }

    /// What the next block should know of the choice between parallel and in sequence.
    pub(super) fn remember(&self) -> Remembered {
        let tally = &self.tally;
        self.governor
            .remember(tally.sequential > tally.speculated + tally.transfers + tally.in_turn)
    }

    /// Commits what is next, or executes the stretch that is to run in sequence. Gives the index after it.
    pub(super) fn advance(
        &mut self,
        shared: &Shared<'e, S>,
        turn: &mut Option<Turn<'e, S>>,
        index: usize,
    ) -> Result<usize, Error> {
        let slot = &shared.slots[index];
        if slot.status.load(Ordering::Acquire) != DONE {
            return self.stretch(shared, turn, index);
        }
        let speculated = {
            let mut speculated = lock(&slot.speculated);
            if slot.status.load(Ordering::Acquire) != DONE {
                // It was overtaken at the last moment.
                return Ok(index);
            }
            slot.status.store(RUNNING, Ordering::Release);
            speculated.take()
        };
        let end = slot.end.load(Ordering::Acquire);
        let before = (self.progress.gas_used, self.tally.aborts);
        let waited = matches!(&speculated, Some(Speculated::Executed(batch)) if batch.waited);
        let evm = matches!(&speculated, Some(Speculated::Executed(_)));
        let speculated = speculated.unwrap_or(Speculated::Deferred);
        self.commit(shared, turn, index..end, speculated)?;
        let collided = self.tally.aborts != before.1;
        if evm {
            shared.judge(index..end, !waited && !collided);
        }
        if collided && shared.given.is_some() {
            shared.in_sequence.store(true, Ordering::Relaxed);
        }
        if waited || collided {
            shared.set_window(true);
        }
        let gas = self.progress.gas_used - before.0;
        let lessons = shared.lessons.load(Ordering::Relaxed);
        let committed = Committed {
            count: end - index,
            gas,
            contended: waited || collided,
            lessons,
            idle: shared.idle_time(),
        };
        match self.governor.committed(committed) {
            Some(Next::Sequence) if shared.adaptive => shared.in_sequence.store(true, Ordering::Relaxed),
            Some(Next::Parallel { calm: true }) => shared.set_window(false),
            _ => {}
        }
        shared.batch.store(self.governor.batch(), Ordering::Relaxed);
        Ok(end)
    }

    /// Executes transactions that nobody has taken, one after the other.
    fn stretch(
        &mut self,
        shared: &Shared<'e, S>,
        turn: &mut Option<Turn<'e, S>>,
        index: usize,
    ) -> Result<usize, Error> {
        if shared.begins_alone && !self.begun {
            self.begun = true;
            return self.begin_alone(shared, turn, index);
        }
        let environment = shared.environment;
        // A list that came with the block and has proved wrong is not read any more.
        let stretch = if shared.given.is_some() {
            usize::MAX
        } else {
            self.governor.stretch()
        };
        let most = shared.slots.len().min(index.saturating_add(stretch));
        let gas = self.progress.gas_used;
        let turn = turn.get_or_insert_with(|| Turn::new(&shared.in_turn, environment, &shared.base));
        turn.start(self.state);
        let (mut end, mut outcome) = (index, Ok(()));
        let versions = Some(&shared.versions);
        let last = most - WAKING.min(most - index);
        shared.gate.close();
        while end < most && outcome.is_ok() {
            // Nobody has taken it, or nobody has begun with it; else it will come as an executed transaction.
            let Some(next) = shared.take_for_sequence(end, most) else {
                break;
            };
            if shared.slots[end].has_queued.load(Ordering::Acquire) {
                self.tally.queued_in_sequence += (next - end) as u64;
            }
            let waking = last.clamp(end, next);
            outcome = turn.execute(environment, end..waking, self.progress, versions);
            if waking < next && outcome.is_ok() {
                shared.gate.open();
                outcome = turn.execute(environment, waking..next, self.progress, versions);
            }
            end = next;
        }
        shared.gate.open();
        if end > index && end < shared.slots.len() {
            turn.publish(&shared.versions, end - 1);
        }
        turn.finish(self.state);
        outcome?;
        self.tally.sequential += (end - index) as u64;
        if end >= most {
            self.governor
                .stretched(self.progress.gas_used - gas, shared.idle_time());
            shared.in_sequence.store(false, Ordering::Relaxed);
        } else {
            self.governor.begin();
        }
        Ok(end)
    }

    /// Executes transactions in sequence until a second worker is awake: waking one takes as long as a few
    /// transactions do, and one worker alone is faster so.
    fn begin_alone(
        &mut self,
        shared: &Shared<'e, S>,
        turn: &mut Option<Turn<'e, S>>,
        index: usize,
    ) -> Result<usize, Error> {
        let environment = shared.environment;
        let turn = turn.get_or_insert_with(|| Turn::new(&shared.in_turn, environment, &shared.base));
        turn.start(self.state);
        let (mut end, mut outcome) = (index, Ok(()));
        while end < shared.slots.len() && outcome.is_ok() && (end == index || shared.is_alone()) {
            // Nobody else takes any while all is to run in sequence.
            shared.next.store(end + 1, Ordering::Release);
            outcome = turn.execute(environment, end..end + 1, self.progress, Some(&shared.versions));
            end += 1;
        }
        turn.publish(&shared.versions, end - 1);
        turn.finish(self.state);
        outcome?;
        self.tally.sequential += (end - index) as u64;
        self.governor.begin();
        shared
            .in_sequence
            .store(self.governor.begins_in_sequence(), Ordering::Relaxed);
        Ok(end)
    }

    /// Commits what was executed speculatively, or executes it in its turn.
    fn commit(
        &mut self,
        shared: &Shared<'e, S>,
        turn: &mut Option<Turn<'e, S>>,
        range: Range<usize>,
        speculated: Speculated,
    ) -> Result<(), Error> {
        let environment = shared.environment;
        let first = range.start;
        let node = |error: StateError| Invalid::Node(error.to_string());
        match speculated {
            Speculated::Transfer(read) => {
                let beneficiary = environment.evm_env.block_env.beneficiary;
                if let Err(invalid) = self.progress.admit(environment, first) {
                    return self.progress.refuse(environment, first, invalid);
                }
                match read
                    .transfer
                    .apply(self.state, beneficiary, read.sender, read.recipient)
                {
                    Ok(true) => {
                        self.tally.transfers += 1;
                        let result = read.transfer.result();
                        self.progress
                            .include_with_bloom(environment, first, result, Bloom::ZERO);
                        Ok(())
                    }
                    Ok(false) => self.in_turn(shared, turn, range, None),
                    Err(error) => self.progress.refuse(environment, first, node(error)),
                }
            }
            Speculated::Executed(mut batch) => match self.holds(&mut batch) {
                Ok(Held::Yes)
                    if self
                        .progress
                        .admit_all(environment, range.clone(), &batch.results) =>
                {
                    self.tally.speculated += range.len() as u64;
                    self.tally.predicted_hits += batch.predicted;
                    self.tally.run_ahead += batch.run_ahead;
                    self.include(environment, first, *batch);
                    Ok(())
                }
                Ok(Held::Yes) => self.in_turn(shared, turn, range, Some(&batch)),
                Ok(Held::No(collision)) => {
                    self.tally.aborts += range.len() as u64;
                    if let Collision::Slot(address, slot) = collision {
                        let writes = batch
                            .written()
                            .any(|written| (written.0, written.1) == (address, slot));
                        shared.learn(first, (address, slot), writes);
                    }
                    self.in_turn(shared, turn, range.clone(), Some(&batch))?;
                    self.tell(shared, range, collision);
                    Ok(())
                }
                // Executed over the same state, they show which of them cannot do without what cannot be read.
                Err(_) => self.in_turn(shared, turn, range, Some(&batch)),
            },
            Speculated::Deferred | Speculated::Overtaken(_) => self.in_turn(shared, turn, range, None),
        }
    }

    /// Has those run again above that have seen what a collision was about.
    fn tell(&self, shared: &Shared<'e, S>, range: Range<usize>, collision: Collision) {
        match collision {
            Collision::Slot(address, slot) => shared.recheck_slot(range.start, address, slot),
            Collision::Account(address) => {
                // It is told for speed only, and whoever needs an account that cannot be read will say so.
                let Ok(now) = self.state.basic_ref(address) else {
                    return;
                };
                shared.versions.write_account(address, range.start, now.clone());
                shared.recheck_account(range.start, address, now.as_ref().map(basic));
            }
        }
    }

    /// Executes transactions over the committed state; `thrown_away` is what came of them before.
    fn in_turn(
        &mut self,
        shared: &Shared<'e, S>,
        turn: &mut Option<Turn<'e, S>>,
        range: Range<usize>,
        thrown_away: Option<&Batch>,
    ) -> Result<(), Error> {
        let environment = shared.environment;
        let first = range.start;
        self.tally.in_turn += range.len() as u64;
        if thrown_away.is_some() {
            self.tally.reexecuted += range.len() as u64;
        }
        let published = || thrown_away.iter().flat_map(|batch| batch.written());
        for (address, slot, _) in published() {
            shared.versions.doubt_slot(address, slot, first);
        }
        let turn = turn.get_or_insert_with(|| Turn::new(&shared.in_turn, environment, &shared.base));
        turn.start(self.state);
        let last = range.end - 1;
        let outcome = range.into_iter().try_for_each(|index| {
            shared.suspensions.turn(index);
            turn.execute(
                environment,
                index..index + 1,
                self.progress,
                Some(&shared.versions),
            )
        });
        for (address, slot, _) in published() {
            shared.versions.withdraw_slot(address, slot, first);
        }
        turn.publish(&shared.versions, last);
        turn.finish(self.state);
        outcome
    }

    /// Commits a batch that has held.
    fn include(&mut self, environment: &Environment<'_>, first: usize, mut batch: Batch) {
        let mut whole = batch.whole.take();
        for (account, change) in core::mem::take(&mut batch.accounts) {
            let Some(change) = change else { continue };
            if let Some(state) = &mut whole {
                // Balance and nonce may have been carried over.
                if let (Some(account), Some(now)) = (state.get_mut(&account.address), change.write.account) {
                    account.info.balance = now.balance;
                    account.info.nonce = now.nonce;
                }
                continue;
            }
            let slots = batch.slots_of(&change);
            self.state
                .apply(account.address, change.write, slots.len(), slots.iter().copied());
        }
        if let Some(state) = whole {
            self.state.commit_transaction(state);
        }
        for (index, (result, bloom)) in (first..).zip(batch.results) {
            self.progress
                .include_with_bloom(environment, index, result, bloom);
        }
    }

    /// Whether everything that a batch has seen is so in the committed state. Balances that it only added
    /// to or took from are carried over to what they are now.
    fn holds(&self, batch: &mut Batch) -> Result<Held, StateError> {
        let state = &*self.state;
        let mut changed = Vec::with_capacity(batch.accounts.len());
        for (account, change) in &mut batch.accounts {
            let address = &account.address;
            let of_account = state.changed(address);
            changed.push(of_account);
            let now = match of_account {
                Some(changed) => changed.account,
                None if !account.seen.assumed => continue,
                None => state.account(address)?,
            };
            let write = change.as_mut().and_then(|change| change.write.account.as_mut());
            if !account.seen.holds(now) || !carry_over(account, now, write) {
                return Ok(Held::No(Collision::Account(*address)));
            }
        }
        for read in &batch.reads {
            let address = batch.accounts[read.place].0.address;
            let now = match changed[read.place] {
                Some(changed) => match changed.storage.get(&read.slot) {
                    Some(now) => *now,
                    None if changed.storage_cleared => U256::ZERO,
                    None if !read.assumed => continue,
                    None => state.storage_ref(address, read.slot)?,
                },
                None if !read.assumed => continue,
                None => state.storage_ref(address, read.slot)?,
            };
            if now != read.value {
                return Ok(Held::No(Collision::Slot(address, read.slot)));
            }
        }
        for asked in &batch.asked {
            let address = batch.accounts[asked.place].0.address;
            if state.has_storage(address)? != asked.has {
                return Ok(Held::No(Collision::Account(address)));
            }
        }
        Ok(Held::Yes)
    }
}

/// Applies the difference that the batch made to balance and nonce as they are now. False where it does not
/// fit.
fn carry_over(account: &AccountUse, now: Option<BasicAccount>, write: Option<&mut BasicAccount>) -> bool {
    let seen = &account.seen;
    let (Some(now), Some(write), Some(before)) = (now, write, seen.account) else {
        return true;
    };
    if !seen.nonce_used && write.nonce == before.nonce {
        write.nonce = now.nonce;
    }
    if seen.balance == BalanceUse::Exact {
        return true;
    }
    let carried = if write.balance >= before.balance {
        now.balance.checked_add(write.balance - before.balance)
    } else {
        now.balance.checked_sub(before.balance - write.balance)
    };
    if let Some(carried) = carried {
        write.balance = carried;
    }
    carried.is_some()
}
