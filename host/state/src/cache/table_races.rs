//! Threads at one set of a table.

use super::{admission::Fill, keys::Key, table::Table};
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;

const EPOCH: u64 = 1;
const KEYS: u64 = 12;

// More keys than places, all in the one set that there is.
fn key(number: u64) -> Key<3> {
    Key {
        hash: number,
        words: [number, !number, number << 7],
    }
}

#[test]
fn a_reader_never_sees_half_an_entry() {
    let table: Table<3, 10> = Table::new(1100);
    assert!(table.bytes() > 0);
    let done = AtomicBool::new(false);
    let seen = AtomicU64::new(0);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let mut turn = 0_u64;
                while !done.load(Relaxed) {
                    turn += 1;
                    let number = turn % KEYS;
                    if let Some(found) = table.get(&key(number), EPOCH, true) {
                        // All words are of one write, and that was a write to this key.
                        assert!(found.value.iter().all(|word| *word == found.value[0]));
                        assert_eq!(found.value[0] % KEYS, number);
                        seen.fetch_add(1, Relaxed);
                    }
                }
            });
        }
        for turn in 0..300_000_u64 {
            let number = turn.wrapping_mul(7) % KEYS;
            let value = [turn * KEYS + number; 10];
            if turn % 3 == 0 {
                table.fill(&key(number), &value, EPOCH, Fill::Read, || true);
            } else {
                table.write(&key(number), EPOCH, |_| value);
            }
            if turn % 1000 == 0 {
                thread::yield_now();
            }
        }
        done.store(true, Relaxed);
    });
    assert!(seen.load(Relaxed) > 0);
}

#[test]
fn two_writers_of_one_key_lose_no_change() {
    let table: Table<3, 1> = Table::new(1 << 10);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..20_000 {
                    table.write(&key(1), EPOCH, |count| [count.map_or(0, |[count]| count) + 1]);
                }
            });
        }
    });
    let count = table.get(&key(1), EPOCH, false).map(|found| found.value[0]);
    assert_eq!(count, Some(40_000));
}
