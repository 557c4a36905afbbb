//! NOP: entries that do nothing, many at a time.
//!
//! They show that a ring works and measure what an entry costs, so this is one job of many
//! entries: NOPs go out in groups, one doorbell a group.

use super::pair::{Held, OnPair};
use super::state::State;
use super::submit::Caller;
use super::ticket::{Holds, Key, Remains};
use crate::counters::add;
use crate::error::DeviceError;
use metisvm_firmware::{Opcode, Submission};

/// NOPs before the first doorbell. Each later group is twice as long, up to [`LAST_GROUP`]: the card
/// begins early, and then works on one group while the next is written.
const FIRST_GROUP: usize = 8;
/// Most NOPs between two doorbells.
const LAST_GROUP: usize = 128;

impl<'a> OnPair<'a> {
    pub(super) fn nops(self, caller: Caller, count: usize) -> Result<(), DeviceError> {
        if count == 0 {
            return Ok(());
        }
        let mut state = self.lock();
        self.check(caller, &state)?;
        self.evict_dropped(&mut state, caller);
        let remains = Remains {
            opcode: Opcode::Nop,
            holds: Holds::default(),
            buffer: None,
        };
        let key = state.jobs.open(count, true, remains);
        let state = self.push_nops(state, key, count);
        let (state, outcome) = self.wait_for(state, Some(key), |state| state.jobs.collect(key));
        self.leave(state, outcome)?;
        add(&self.counters.nops, count as u64);
        Ok(())
    }

    /// Pushes NOPs in groups, unless the ticket is settled before.
    fn push_nops(self, mut state: Held<'a>, key: Key, count: usize) -> Held<'a> {
        let nop = Submission {
            opcode: Opcode::Nop as u8,
            ..Submission::default()
        };
        let mut left = count;
        let mut group = FIRST_GROUP;
        // A ticket that is settled is no longer to be answered: its entries would be another's.
        while left > 0 && !state.jobs.is_settled(key) {
            let pushed = self.push_and_leave(state, nop, group.min(left), key);
            state = self.lock();
            left -= pushed;
            group = (group * 2).min(LAST_GROUP);
            if pushed == 0 {
                // Completions are looked at only when the ring is full or all is submitted: polling lines
                // that the card is about to write slows both sides down.
                let room =
                    |state: &mut State| (state.jobs.is_settled(key) || self.has_room(state)).then_some(());
                (state, ()) = self.wait_for(state, None, room);
            }
        }
        state
    }
}
