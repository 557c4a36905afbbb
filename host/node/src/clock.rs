//! The time of the blocks to come: that of the machine, moved as was asked for.

use crate::error::NodeError;
use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

/// What moves the time of blocks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Shift {
    /// Seconds added to the time of the machine.
    pub offset: i64,
    /// The timestamp of the next block, once.
    pub next: Option<u64>,
    /// Seconds between a block and the one before it, in place of the time that passed.
    pub interval: Option<u64>,
}

/// The clock of the chain.
#[derive(Debug, Default)]
pub struct Clock(Mutex<Shift>);

fn now() -> u64 {
    // Before 1970 a machine has no time that a block could have.
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

impl Clock {
    fn shift_mut(&self) -> MutexGuard<'_, Shift> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What moves it.
    pub fn shift(&self) -> Shift {
        *self.shift_mut()
    }

    /// Puts back what moved it.
    pub fn restore(&self, shift: Shift) {
        *self.shift_mut() = shift;
    }

    /// The timestamp that a block after `parent` would have now.
    pub fn peek(&self, parent: u64) -> u64 {
        let shift = self.shift();
        let wanted = shift
            .next
            .or_else(|| shift.interval.map(|seconds| parent.saturating_add(seconds)))
            .unwrap_or_else(|| now().saturating_add_signed(shift.offset));
        // A block is later than its parent, however quickly blocks follow each other.
        wanted.max(parent.saturating_add(1))
    }

    /// The timestamp of the block after `parent`. One that was set for it is used up, and time goes on from there.
    pub fn take(&self, parent: u64) -> u64 {
        let timestamp = self.peek(parent);
        let mut shift = self.shift_mut();
        if shift.next.take().is_some() {
            shift.offset = difference(timestamp, now());
        }
        timestamp
    }

    /// Moves the time on. Gives how far it is moved altogether.
    pub fn increase(&self, seconds: u64) -> i64 {
        let mut shift = self.shift_mut();
        let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
        shift.offset = shift.offset.saturating_add(seconds);
        shift.offset
    }

    /// Sets the time, from which it goes on. Gives how far it is moved.
    pub fn set(&self, timestamp: u64) -> i64 {
        let mut shift = self.shift_mut();
        shift.offset = difference(timestamp, now());
        shift.offset
    }

    /// Sets the timestamp of the next block.
    ///
    /// # Errors
    /// If that is not later than the last block's.
    pub fn set_next(&self, timestamp: u64, parent: u64) -> Result<(), NodeError> {
        if timestamp <= parent {
            return Err(NodeError::Invalid(format!(
                "timestamp {timestamp} is not later than {parent}, that of the last block"
            )));
        }
        self.shift_mut().next = Some(timestamp);
        Ok(())
    }

    /// Sets the seconds between blocks, or lets time pass as it does.
    pub fn set_interval(&self, seconds: Option<u64>) {
        self.shift_mut().interval = seconds;
    }
}

fn difference(to: u64, from: u64) -> i64 {
    let difference = i128::from(to) - i128::from(from);
    i64::try_from(difference).unwrap_or(if difference < 0 { i64::MIN } else { i64::MAX })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_that_is_set_is_that_of_one_block_and_time_goes_on_from_it() {
        let clock = Clock::default();
        let far = now() + 1_000_000;
        clock.set_next(far, 5).unwrap();
        assert_eq!(clock.take(5), far);
        let after = clock.take(far);
        assert!((far + 1..far + 100).contains(&after), "{after}");
    }

    #[test]
    fn blocks_are_later_than_their_parents_whatever_is_set() {
        let clock = Clock::default();
        assert!(clock.set_next(7, 7).is_err());
        clock.set(0);
        assert_eq!(clock.take(1000), 1001);
        clock.set_interval(Some(12));
        assert_eq!(clock.take(1000), 1012);
        clock.set_interval(Some(0));
        assert_eq!(clock.take(1000), 1001);
    }

    #[test]
    fn no_time_overflows() {
        let clock = Clock::default();
        clock.increase(u64::MAX);
        clock.increase(u64::MAX);
        clock.set(u64::MAX);
        assert!(clock.peek(u64::MAX) == u64::MAX);
    }
}
