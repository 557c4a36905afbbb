//! Misses of one key wait for each other: whoever comes while the source is being asked for it waits for the
//! answer instead of asking again. What reads ahead and the execution behind it ask for the same keys at about
//! the same time, and a store is slow because it is asked often.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// More than there are threads, so that two seldom meet by chance.
const SHARDS: usize = 64;

/// The keys that the source is being asked for now, by their hashes. Two keys of one hash wait for each other
/// for no reason, and lose nothing but that time.
#[derive(Debug, Default)]
struct Shard {
    keys: Mutex<Vec<u64>>,
    landed: Condvar,
}

impl Shard {
    // Nothing that holds this lock can panic half-way.
    fn lock(&self) -> MutexGuard<'_, Vec<u64>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug)]
pub(super) struct Flights(Box<[Shard]>);

impl Default for Flights {
    fn default() -> Self {
        Self((0..SHARDS).map(|_| Shard::default()).collect())
    }
}

/// The source is being asked for a key, until this is dropped.
#[derive(Debug)]
pub(super) struct Flight<'f> {
    shard: &'f Shard,
    key: u64,
}

impl Flights {
    /// The caller is to ask the source for a key; or, after `None`, somebody else has just done so.
    pub(super) fn board(&self, key: u64) -> Option<Flight<'_>> {
        // The tables use the low bits.
        let shard = &self.0[(key >> 48) as usize % SHARDS];
        let mut keys = shard.lock();
        if !keys.contains(&key) {
            keys.push(key);
            return Some(Flight { shard, key });
        }
        while keys.contains(&key) {
            keys = shard.landed.wait(keys).unwrap_or_else(PoisonError::into_inner);
        }
        None
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        let mut keys = self.shard.lock();
        keys.retain(|key| *key != self.key);
        drop(keys);
        self.shard.landed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        sync::atomic::{AtomicUsize, Ordering},
        thread,
        time::Duration,
    };

    #[test]
    fn of_many_who_miss_a_key_at_once_one_asks() {
        let (flights, asked) = (Flights::default(), AtomicUsize::new(0));
        let first = flights.board(7).unwrap();
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    asked.fetch_add(usize::from(flights.board(7).is_some()), Ordering::SeqCst);
                });
            }
            assert!(flights.board(8).is_some(), "another key is not waited for");
            thread::sleep(Duration::from_millis(50));
            drop(first);
        });
        // Who came after it had landed asks again; its table has the value by then.
        assert!(asked.load(Ordering::SeqCst) < 8);
        assert!(flights.board(7).is_some());
    }

    #[test]
    fn who_panics_while_asking_leaves_nobody_waiting() {
        let flights = Flights::default();
        let outcome = thread::scope(|scope| {
            let asking = scope.spawn(|| {
                let _flight = flights.board(7);
                panic!("the source panics");
            });
            asking.join()
        });
        assert!(outcome.is_err());
        assert!(flights.board(7).is_some());
    }
}
