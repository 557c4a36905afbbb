//! The queue engine, between a host with rings, an executor and the DMA engines.

use super::queue_host::{Host, LARGEST_LOG2, NONCE, QUEUES};
use super::write_side::{Wishes, WriteSide};
use super::{Bench, put, run};
use crate::random::Random;
use metisvm_hdl::shell::queue::Queue;
use std::collections::VecDeque;

/// Cycles without any progress, with a host that wants some.
const PATIENCE: u32 = 2000;

/// An entry that was fetched and is to be answered.
struct Fetched {
    words: [u64; 8],
    is_cancelled: bool,
    is_found: bool,
}

#[derive(Default)]
struct Card {
    host: Host,
    writes: WriteSide,
    /// What cfg_address asked for.
    cfg: u64,
    /// Words of the burst on their way: what, the last one, an error.
    words: VecDeque<(u64, bool, bool)>,
    /// The burst in hand, of which queue.
    burst: VecDeque<Fetched>,
    queue: usize,
    /// Of the entry that is executed: status and detail, once they are known.
    runs: bool,
    answer: Option<(u64, u64)>,
    answered: usize,
    quiet: u32,
    stop: bool,
    stops: bool,
    has_stopped: bool,
    bursts: u64,
    cancelled: u64,
    faults: u64,
    interrupts: u64,
}

impl Card {
    /// Whether an entry is a CANCEL without a stray field, and of what.
    fn cancels(entry: &[u64; 8]) -> Option<u64> {
        let rest = entry[3..].iter().all(|word| *word == 0);
        let sound = entry[0] & 0xffff_ffff == 1 && entry[1] == NONCE && entry[2] & 0xffff_ffff == 0 && rest;
        sound.then_some(entry[2] >> 32)
    }

    fn fetch(&mut self, queue: usize, address: u64, bytes: u64, random: &mut Random) {
        let entries = self.host.fetch(queue, address, bytes);
        self.queue = queue;
        self.bursts += 1;
        let mut burst: Vec<Fetched> = entries
            .iter()
            .map(|words| Fetched {
                words: *words,
                is_cancelled: false,
                is_found: false,
            })
            .collect();
        for index in 0..burst.len() {
            let entry = burst[index].words;
            if !(2..=5).contains(&(entry[0] & 0xff)) || entry[1] & 0xffff_ffff != NONCE {
                continue;
            }
            let later =
                (index + 1..burst.len()).find(|&at| Self::cancels(&burst[at].words) == Some(entry[0] >> 32));
            if let Some(later) = later {
                burst[index].is_cancelled = true;
                burst[later].is_found = true;
                self.cancelled += 1;
            }
        }
        // Requests end at multiples of 512 bytes, and each may fail.
        let count = entries.len() * 8;
        let mut word = 0;
        let mut failed = false;
        while word < count {
            let place = address as usize / 8 + word;
            let end = count.min(word + 64 - place % 64);
            if random.one_in(25) {
                failed = true;
                self.words.push_back((random.bits(), end == count, true));
            } else {
                let sent = (word..end).map(|at| (entries[at / 8][at % 8], at + 1 == count, false));
                self.words.extend(sent);
            }
            word = end;
        }
        if failed {
            self.faults += 1;
            self.host.queues[queue].must_fault = true;
        } else {
            self.host.has_fetched(queue, entries.len());
            self.burst = burst.into();
        }
    }

    /// Completions that were pushed since.
    fn completions(&mut self) {
        while self.writes.words.len() >= 2 * (self.answered + 1) {
            let pair = [0, 1].map(|word| self.writes.words[2 * self.answered + word]);
            let fetched = self.burst.pop_front().expect("a completion without an entry");
            let answer = self.answer.take().expect("a completion without an execution");
            self.host
                .complete(self.queue, fetched.words[0] >> 32, answer, pair);
            self.answered += 1;
        }
    }
}

impl Bench for Card {
    type Block = Queue;

    fn clock(block: &mut Queue, level: bool) {
        block.clock.next = level.into();
    }

    fn drive(&mut self, block: &mut Queue, random: &mut Random) {
        self.host.act(random, self.stop);
        self.writes.drive(random);
        // A reset waits until the engine is idle.
        self.stop = if self.stop {
            !(self.has_stopped && random.one_in(20))
        } else {
            self.stops && random.one_in(3000)
        };
        block.stop.next = self.stop;
        put(&mut block.queues, QUEUES as u64);
        put(&mut block.max_log2, LARGEST_LOG2);
        put(&mut block.boot_nonce, NONCE);
        let cfg = self.host.register(self.cfg);
        put(&mut block.cfg_data, cfg);
        let sel: u64 = block.sel.val().into();
        let queue = &self.host.queues[sel as usize];
        block.sel_pending.next = queue.pending;
        block.sel_enabled.next = queue.enabled;
        block.sel_fresh.next = queue.fresh;
        block.sel_running.next = queue.state == 1;
        block.sel_armed.next = queue.armed;
        block.cmd_ready.next = random.one_in(2);
        let word = self.words.front().copied().filter(|_| !random.one_in(4));
        block.in_valid.next = word.is_some();
        let (data, end, error) = word.unwrap_or((random.bits(), random.one_in(2), random.one_in(2)));
        put(&mut block.in_data, data);
        block.in_end.next = end;
        block.in_error.next = error;
        block.drained.next = self.words.is_empty();
        let done = self.runs && random.one_in(8);
        block.done.next = done;
        if done {
            self.runs = false;
            self.answer = Some((random.bits() & 0x7fff, random.bits() & 0xffff_ffff));
        }
        let (status, detail) = self.answer.unwrap_or((random.bits(), random.bits()));
        put(&mut block.status, status);
        put(&mut block.detail, detail);
        block.write_ready.next = self.writes.ready;
        block.write_idle.next = self.writes.idle();
        block.irq_ready.next = random.one_in(3);
    }

    fn look(&mut self, block: &Queue) {
        self.cfg = block.cfg_address.val().into();
        let sel = u64::from(block.sel.val()) as usize;
        if block.start.val() {
            assert!(!self.runs && self.answer.is_none(), "two entries at once");
            let fetched = self.burst.front().expect("an entry that was not fetched");
            for (port, word) in block.entry.iter().zip(fetched.words) {
                assert_eq!(u64::from(port.val()), word);
            }
            assert_eq!(block.cancelled.val(), fetched.is_cancelled);
            assert_eq!(block.found.val(), fetched.is_found);
            if fetched.words[0] & 0xff != 0 {
                assert!(self.writes.idle(), "answers wait for a job");
            }
            self.runs = true;
        }
        if block.in_valid.val() && block.in_ready.val() {
            self.words.pop_front();
        }
        let wishes = Wishes {
            start: block.write_start.val(),
            address: block.write_address.val().into(),
            push: block.write_push.val(),
            data: block.write_data.val().into(),
            flush: block.write_flush.val(),
        };
        self.writes.look(wishes);
        self.completions();
        if block.cmd_valid.val() && block.cmd_ready.val() {
            assert!(self.burst.is_empty(), "a burst before the last one is answered");
            let mut random = Random(self.bursts);
            let bytes: u64 = block.cmd_length.val().into();
            self.fetch(sel, block.cmd_address.val().into(), bytes, &mut random);
        }
        if block.irq_valid.val() {
            assert!(self.host.queues[sel].armed && self.host.queues[sel].unannounced > 0);
            self.interrupts += u64::from(block.irq_ready.val());
        }
        let state = block.set_state.val().then(|| block.new_state.val().into());
        let progress = self.host.look(
            sel,
            block.take.val(),
            block.again.val(),
            block.disarm.val(),
            state,
        );
        self.has_stopped = block.idle.val() && self.stop;
        if self.has_stopped {
            // What a reset drops.
            self.burst.clear();
            self.answer = None;
            self.host.forget();
        }
        let waits = self.host.queues.iter().any(|queue| queue.pending) && !self.stop;
        self.quiet = if progress || !waits { 0 } else { self.quiet + 1 };
        assert!(self.quiet < PATIENCE, "a queue waits and nothing happens");
    }
}

#[test]
fn queue_engine_answers_every_entry_once_and_in_order() {
    for (seed, stops) in [(9, false), (10, true)] {
        let mut bench = Card {
            stops,
            ..Card::default()
        };
        run("queue", Queue::default(), &mut bench, seed, 60_000);
        assert!(bench.answered > 500, "{} entries", bench.answered);
        let seen = [bench.cancelled, bench.faults, bench.interrupts];
        assert!(
            seen.iter().all(|count| *count > 2),
            "{seen:?} of cancelled, faults, interrupts, {} bursts, {} entries",
            bench.bursts,
            bench.answered
        );
        assert!(
            stops || bench.host.wraps > 10,
            "{} times round a ring",
            bench.host.wraps
        );
    }
}
