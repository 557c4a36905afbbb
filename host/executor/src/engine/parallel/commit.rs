//! Committing in the order of the block.
//!
//! Whoever finds the next transaction executed commits it, and as many after it as are ready. Here every
//! transaction is held against the committed state: if everything it has seen is as it is there, it did
//! what sequential execution would have done, because an execution is a function of what it reads. If not,
//! it is executed again, now over the committed state itself; so no transaction runs more than twice.

use super::{
    DONE, RUNNING, Shared,
    database::{BalanceUse, Seen},
    governor::{Governor, Next},
    worker::{Execution, Speculated},
};
use crate::{
    Error,
    engine::{
        EngineReport, Invalid, Progress,
        block_state::{BlockState, basic},
        sequential::Turn,
    },
};
use alloy_primitives::{Address, Bloom, U256};
use core::sync::atomic::Ordering;
use metisvm_state::{BasicAccount, StateError};
use revm::{DatabaseRef, state::AccountInfo};
use std::sync::PoisonError;

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
    pub(super) tally: EngineReport,
}

impl<'c, 'e, S: DatabaseRef<Error = StateError> + Sync> Committer<'c, 'e, S> {
    pub(super) fn new(
        state: &'c mut BlockState<'e, S>,
        progress: &'c mut Progress,
        remembered: usize,
    ) -> Self {
        Self {
            state,
            progress,
            governor: Governor::new(remembered),
            tally: EngineReport::default(),
        }
    }

    /// What the next block should know of the choice between parallel and in sequence.
    pub(super) fn remember(&self) -> usize {
        let tally = &self.tally;
        self.governor
            .remember(tally.sequential > tally.speculated + tally.transfers + tally.in_turn)
    }

    /// Commits the next transaction, or executes the stretch that is to run in sequence. Gives the index
    /// after it.
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
        let speculated = slot
            .speculated
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        slot.status.store(RUNNING, Ordering::Release);
        let before = (self.progress.gas_used, self.tally.aborts);
        let waited = matches!(&speculated, Some(Speculated::Executed(execution)) if execution.waited);
        self.commit(shared, turn, index, speculated.unwrap_or(Speculated::Deferred))?;
        let contended = waited || self.tally.aborts != before.1;
        if contended {
            shared.set_window(true);
        }
        let gas = self.progress.gas_used - before.0;
        match self.governor.committed(gas, contended) {
            Some(Next::Sequence) if shared.adaptive => shared.in_sequence.store(true, Ordering::Relaxed),
            Some(Next::Parallel { calm: true }) => shared.set_window(false),
            _ => {}
        }
        Ok(index + 1)
    }

    /// Executes transactions that nobody has taken, one after the other.
    fn stretch(
        &mut self,
        shared: &Shared<'e, S>,
        turn: &mut Option<Turn<'e, S>>,
        index: usize,
    ) -> Result<usize, Error> {
        let environment = shared.environment;
        let end = shared.slots.len().min(index + self.governor.stretch());
        let taken = shared
            .next
            .compare_exchange(index, end, Ordering::AcqRel, Ordering::Acquire);
        if taken.is_err() {
            // Somebody has taken it at the last moment; it will come as an executed transaction.
            return Ok(index);
        }
        let gas = self.progress.gas_used;
        let turn = turn.get_or_insert_with(|| Turn::new(&shared.in_turn, environment, &shared.base));
        turn.start(self.state);
        let outcome = turn.execute(environment, index..end, self.progress);
        turn.publish(&shared.versions, end - 1);
        turn.finish(self.state);
        outcome?;
        self.tally.sequential += (end - index) as u64;
        self.governor.stretched(self.progress.gas_used - gas);
        shared.in_sequence.store(false, Ordering::Relaxed);
        Ok(end)
    }

    /// Commits one transaction.
    fn commit(
        &mut self,
        shared: &Shared<'e, S>,
        turn: &mut Option<Turn<'e, S>>,
        index: usize,
        speculated: Speculated,
    ) -> Result<(), Error> {
        let environment = shared.environment;
        if let Err(invalid) = self.progress.admit(environment, index) {
            return self.progress.refuse(environment, index, invalid);
        }
        let beneficiary = environment.evm_env.block_env.beneficiary;
        let node = |error: StateError| Invalid::Node(error.to_string());
        match speculated {
            Speculated::Transfer(read) => {
                match read
                    .transfer
                    .apply(self.state, beneficiary, read.sender, read.recipient)
                {
                    Ok(true) => {
                        self.tally.transfers += 1;
                        let result = read.transfer.result();
                        self.progress
                            .include_with_bloom(environment, index, result, Bloom::ZERO);
                        return Ok(());
                    }
                    Ok(false) => {}
                    Err(error) => return self.progress.refuse(environment, index, node(error)),
                }
            }
            Speculated::Executed(mut execution) => match self.holds(&mut execution) {
                Ok(Held::Yes) => {
                    self.tally.speculated += 1;
                    self.tally.predicted_hits += execution.predicted;
                    self.state.commit_state(execution.state);
                    self.progress
                        .include_with_bloom(environment, index, execution.result, execution.bloom);
                    return Ok(());
                }
                Ok(Held::No(collision)) => {
                    self.tally.aborts += 1;
                    if let Collision::Slot(address, slot) = collision {
                        let writes = execution.published.contains(&(address, slot));
                        shared.learn(index, (address, slot), writes);
                    }
                    self.in_turn(shared, turn, index, &execution.published)?;
                    match collision {
                        Collision::Slot(address, slot) => shared.recheck_slot(index, address, slot),
                        Collision::Account(address) => {
                            let now = self.state.basic_ref(address);
                            let now = now.map_err(|error| Error::Block(error.to_string()))?;
                            shared.versions.write_account(address, index, now.clone());
                            shared.recheck_account(index, address, now.as_ref().map(basic));
                        }
                    }
                    return Ok(());
                }
                Err(error) => return self.progress.refuse(environment, index, node(error)),
            },
            Speculated::Deferred | Speculated::Behind | Speculated::Overtaken(_) => {}
        }
        self.in_turn(shared, turn, index, &[])
    }

    /// Executes a transaction over the committed state.
    fn in_turn(
        &mut self,
        shared: &Shared<'e, S>,
        turn: &mut Option<Turn<'e, S>>,
        index: usize,
        published: &[(Address, U256)],
    ) -> Result<(), Error> {
        let environment = shared.environment;
        self.tally.in_turn += 1;
        for (address, slot) in published {
            shared.versions.doubt_slot(*address, *slot, index);
        }
        let turn = turn.get_or_insert_with(|| Turn::new(&shared.in_turn, environment, &shared.base));
        turn.start(self.state);
        let outcome = turn.transact(environment, index);
        for (address, slot) in published {
            shared.versions.remove_slot(*address, *slot, index);
        }
        turn.publish(&shared.versions, index);
        turn.finish(self.state);
        match outcome {
            Ok(result) => {
                self.progress.include(environment, index, result);
                Ok(())
            }
            Err(error) => self
                .progress
                .refuse(environment, index, Invalid::from_evm(error)?),
        }
    }

    /// True where everything that an execution has seen is so in the committed state. Balances that it
    /// only added to or took from are carried over to what they are now.
    fn holds(&self, execution: &mut Execution) -> Result<Held, StateError> {
        let state = &*self.state;
        for (address, seen) in &execution.seen {
            let now = match state.changed(address) {
                Some(changed) => changed.account,
                None if !seen.assumed => continue,
                None => state.account(address)?,
            };
            if !seen.holds(now) {
                return Ok(Held::No(Collision::Account(*address)));
            }
            if !carry_over(
                seen,
                now,
                execution.state.get_mut(address).map(|account| &mut account.info),
            ) {
                return Ok(Held::No(Collision::Account(*address)));
            }
        }
        for (address, slot, value) in &execution.assumed_slots {
            if state.storage_ref(*address, *slot)? != *value {
                return Ok(Held::No(Collision::Slot(*address, *slot)));
            }
        }
        for (address, account) in &execution.state {
            if account.storage.is_empty() || account.is_created() {
                // What is created in the transaction starts with no storage, whatever was there.
                continue;
            }
            let Some(changed) = state.changed(address) else {
                continue;
            };
            for (slot, value) in &account.storage {
                let now = match changed.storage.get(slot) {
                    Some(now) => *now,
                    None if changed.storage_cleared => U256::ZERO,
                    None => continue,
                };
                if now != value.original_value {
                    return Ok(Held::No(Collision::Slot(*address, *slot)));
                }
            }
        }
        Ok(Held::Yes)
    }
}

/// Applies the difference that the transaction made to balance and nonce as they are now. False where it
/// does not fit.
fn carry_over(seen: &Seen, now: Option<BasicAccount>, info: Option<&mut AccountInfo>) -> bool {
    let (Some(now), Some(info), Some(BasicAccount { balance, nonce, .. })) = (now, info, seen.account) else {
        return true;
    };
    if !seen.nonce_used && info.nonce == nonce {
        info.nonce = now.nonce;
    }
    if seen.balance == BalanceUse::Exact {
        return true;
    }
    let carried = if info.balance >= balance {
        now.balance.checked_add(info.balance - balance)
    } else {
        now.balance.checked_sub(balance - info.balance)
    };
    if let Some(carried) = carried {
        info.balance = carried;
    }
    carried.is_some()
}
