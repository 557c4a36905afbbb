//! Memory for DMA: for jobs, which wait for what others have and give it back, and for rings.
//!
//! What is with the card, or with a thread of the driver's own or one that waits for its job, comes back for certain.
//! A job that is answered while nobody waits for it is its owner's: that may be the very thread that waits for memory,
//! or one that waits for that thread. So such a job counts only if the thread that submitted it does not wait for
//! memory, and it is given some time, not a job's.

use super::Shared;
use super::pair::OnPair;
use super::state::State;
use super::submit::Caller;
use super::wait::{Elsewhere, wake_settled};
use crate::error::DeviceError;
use crate::lending::LentBuffer;
use crate::pool::is_shortage;
use crate::region::PAGE_BYTES;
use crate::rings::Rings;
use std::thread;
use std::time::{Duration, Instant};

/// How long the owners of answered jobs may take to collect them, while somebody waits for nothing else.
const OWNERS_PATIENCE: Duration = Duration::from_millis(500);
/// How often it is looked whether the memory of older rings has come free.
const LOOK: Duration = Duration::from_millis(1);

impl OnPair<'_> {
    /// A buffer for a job's input and, from the offset that comes with it, its output, on pages of its own.
    pub(super) fn take_buffer(
        self,
        caller: Caller,
        input: usize,
        output: usize,
    ) -> Result<(LentBuffer, usize), DeviceError> {
        let offset = input.next_multiple_of(PAGE_BYTES);
        let buffer = self.take_dma_memory(caller, offset + output)?;
        Ok((buffer, offset))
    }

    /// Takes memory for DMA, waiting for jobs that have some, but not longer than a job may take.
    pub(super) fn take_dma_memory(self, caller: Caller, bytes: usize) -> Result<LentBuffer, DeviceError> {
        let lending = self.pool.lending();
        let start = Instant::now();
        loop {
            // A card that takes no job gets no memory either: its reset may need it.
            self.check(caller, &self.lock())?;
            let seen = lending.returned();
            let loan = lending.begin();
            let shortage = match self.pool.take(&self.transport, bytes) {
                Ok(buffer) => return Ok(loan.of(buffer)),
                Err(shortage) if is_shortage(&shortage) => shortage,
                Err(error) => return Err(error),
            };
            drop(loan);
            self.whole.lock().awaiting_memory.push(thread::current().id());
            // Others may have counted on this thread.
            self.wake_all_settled();
            let (state, outcome) = self.wait_across(self.lock(), |state, elsewhere| {
                let refused = self.check(caller, state).err();
                if let Some(refusal) = refused.or_else(|| self.transport.failure().map(DeviceError::from)) {
                    return Some(Err(refusal));
                }
                // In this order: what is no longer out has come back by then.
                let out = lending.out();
                if lending.returned() != seen {
                    return Some(Ok(()));
                }
                let goes_on = self.will_come_back(state, elsewhere, out, start.elapsed());
                (!goes_on).then(|| Err(shortage.clone()))
            });
            let this = thread::current().id();
            self.whole
                .lock()
                .awaiting_memory
                .retain(|&waiting| waiting != this);
            self.leave(state, outcome)?;
        }
    }

    /// Whether some of the buffers that are out are worth waiting for after so long a time.
    fn will_come_back(self, state: &State, elsewhere: &Elsewhere, out: usize, waited: Duration) -> bool {
        let here = state.jobs.uncollected(&self.whole.lock().awaiting_memory);
        let uncollected = here.all + elsewhere.uncollected.all;
        let by_themselves = out.saturating_sub(uncollected);
        let by_owners = here.by_others + elsewhere.uncollected.by_others > 0 && waited < OWNERS_PATIENCE;
        waited < self.options.timeout && (by_themselves > 0 || by_owners)
    }
}

impl Shared {
    /// Gives back the buffer of a job that is over, or was not to be, and wakes who waits for one.
    pub(super) fn give_back(&self, buffer: LentBuffer) {
        drop(buffer);
        self.pool.trim();
        if self.whole.is_memory_awaited() {
            self.wake_all_settled();
        }
    }

    /// On every pair, wakes those whose job is settled, and those who wait for room of any kind.
    fn wake_all_settled(&self) {
        for on in self.all_pairs() {
            wake_settled(&on.lock());
        }
    }

    /// Rings for a card that has none. Memory of older ones may be looked at for a while yet by a thread that waits.
    pub(super) fn allocate_rings(&self, entries_log2: u32, boot_nonce: u32) -> Result<Rings, DeviceError> {
        let deadline = Instant::now() + self.options.reset_timeout;
        loop {
            match self.try_rings(entries_log2, boot_nonce) {
                Err(shortage) if is_shortage(&shortage) => {
                    self.pool.tidy();
                    let budget = self.pool.budget();
                    // What nobody has will not come free, nor does a broken link map any more.
                    let hopeless = budget.mapped() == budget.leaked() || self.transport.failure().is_some();
                    if hopeless || Instant::now() >= deadline {
                        return Err(shortage);
                    }
                    thread::sleep(LOOK);
                }
                outcome => return outcome,
            }
        }
    }
}
