//! Queues of a card in RTL beside each other, and a card that has lost all its tags.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use metisvm_firmware::keccak::lay_out;
use metisvm_firmware::port::Activity;
use metisvm_firmware::registers::{self as reg, CardState, QueueState, queue, queue_register};
use metisvm_firmware::{Opcode, Status, Submission};
use metisvm_sim::RtlOptions;
use sha3::{Digest, Keccak256};
use std::time::Duration;
use support::bench::Bench;
use support::rtl::{card, has_verilator};

/// Entries of the ring that is kept full: more than the card answers in a poll.
const LOG2: u32 = 8;
/// Entries of one service of a queue, as docs/hdl.md says.
const BURST: u64 = 8;
const POLLS: usize = 400;

/// Where a queue's digests go.
fn output(index: usize) -> u64 {
    Bench::data(index) + 0x8000
}

/// A job of some messages, laid out in a queue's data.
fn keccak(bench: &Bench, index: usize, messages: &[&[u8]]) -> Submission {
    let batch = lay_out(messages).unwrap();
    bench.store(Bench::data(index), &batch);
    Submission {
        opcode: Opcode::Keccak as u8,
        count: messages.len() as u32,
        input: Bench::data(index),
        output: output(index),
        input_bytes: batch.len() as u32,
        output_bytes: 32,
        ..Submission::default()
    }
}

/// Queues of which the first are kept full, and each of the others has one NOP at a time.
struct Rivals<'a> {
    bench: &'a mut Bench,
    /// What each of the first queues is full of.
    full_of: Vec<Submission>,
    /// What each full queue had answered when a queue's NOP was submitted.
    since: Vec<Vec<u64>>,
    nops: u64,
}

impl Rivals<'_> {
    fn submit(&mut self) {
        for (index, entry) in self.full_of.iter().enumerate() {
            while self.bench.queues[index].waiting() < 1 << LOG2 {
                self.bench.push(index, *entry);
            }
            self.bench.ring(index);
        }
        let answered = self.answered();
        for (index, since) in self.since.iter_mut().enumerate().skip(answered.len()) {
            if self.bench.queues[index].waiting() == 0 {
                self.bench.push(index, Submission::default());
                self.bench.ring(index);
                since.clone_from(&answered);
            }
        }
    }

    /// What the full queues have answered.
    fn answered(&self) -> Vec<u64> {
        let full = &self.bench.queues[..self.full_of.len()];
        full.iter().map(|queue| queue.answered).collect()
    }

    /// While a NOP waits, a full queue has no more than what is left of the service in progress, and one of
    /// its own.
    fn is_soon(&self, index: usize, answered: &[u64]) {
        for (hog, (now, before)) in answered.iter().zip(&self.since[index]).enumerate() {
            let waited = now - before;
            assert!(
                waited <= 2 * BURST,
                "queue {index} waits while queue {hog} is answered {waited} times"
            );
        }
    }

    fn poll(&mut self) {
        let mut answered = self.answered();
        let hogs = answered.len();
        for (index, answer) in self.bench.poll().1 {
            assert_eq!(answer.status, Status::Ok as u16);
            if index < hogs {
                answered[index] += 1;
            } else {
                self.nops += 1;
                self.is_soon(index, &answered);
            }
        }
        for (index, queue) in self.bench.queues.iter().enumerate() {
            assert!(index >= hogs || queue.waiting() > 0, "queue {index} has run dry");
            if index >= hogs && queue.waiting() > 0 {
                self.is_soon(index, &answered);
            }
        }
    }
}

fn no_queue_waits_long(bench: &mut Bench, hogs: usize, entry: impl Fn(&Bench, usize) -> Submission) {
    let count = bench.queues.len();
    for index in 0..count {
        bench.enable(index, LOG2);
    }
    let mut rivals = Rivals {
        full_of: (0..hogs).map(|index| entry(bench, index)).collect(),
        since: vec![vec![0; hogs]; count],
        nops: 0,
        bench,
    };
    for _ in 0..POLLS {
        rivals.submit();
        rivals.poll();
    }
    assert!(rivals.nops > 50, "{} NOPs", rivals.nops);
    assert_eq!(rivals.bench.meter.broken(), None);
}

fn bench() -> Bench {
    Bench::new(card(&RtlOptions::default()))
}

#[test]
fn a_queue_that_is_kept_full_of_nops_starves_no_other() {
    if has_verilator() {
        no_queue_waits_long(&mut bench(), 1, |_, _| Submission::default());
    }
}

#[test]
fn all_queues_but_one_kept_full_do_not_starve_it() {
    if has_verilator() {
        let mut bench = bench();
        let hogs = bench.queues.len() - 1;
        no_queue_waits_long(&mut bench, hogs, |_, _| Submission::default());
    }
}

#[test]
fn a_queue_that_is_kept_full_of_jobs_starves_no_other() {
    if !has_verilator() {
        return;
    }
    let messages: [&[u8]; 2] = [&[7; 40], &[1; 200]];
    let mut bench = bench();
    no_queue_waits_long(&mut bench, 1, |bench, index| keccak(bench, index, &messages));
    let words = bench.load(output(0), 8);
    let found: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    assert_eq!(found, messages.map(Keccak256::digest).concat());
}

/// Polls until a condition holds, or for so many polls of 2,048 cycles.
fn wait(bench: &mut Bench, polls: usize, what: &str, holds: impl Fn(&Bench) -> bool) {
    for _ in 0..polls {
        bench.poll();
        if holds(bench) {
            return;
        }
    }
    panic!("{what}: not after {polls} polls");
}

fn status(bench: &Bench) -> u32 {
    bench.registers.read32(reg::STATUS)
}

fn state(bench: &Bench, index: usize) -> u32 {
    bench.registers.read32(queue_register(index as u16, queue::STATE))
}

/// Loses all tags: answers come long after their time-outs, one queue after the other fetches and fails.
fn lose_all_tags(bench: &mut Bench) {
    for turn in 0..1000 {
        let index = turn % bench.queues.len();
        bench.enable(index, 2);
        bench.push(index, Submission::default());
        bench.ring(index);
        for _ in 0..40 {
            bench.poll();
            if status(bench) == CardState::Fatal as u32 {
                return;
            }
            if state(bench, index) == QueueState::DmaFault as u32 {
                break;
            }
        }
    }
    panic!("the card does not notice that its tags are lost");
}

/// A reset, and afterwards a card that works once the bus has said all that it has to say of before.
fn reset_brings_it_back(bench: &mut Bench) {
    bench.registers.write32(reg::CONTROL, reg::CONTROL_RESET);
    // 0.1 s would be 15 million cycles; the board for simulation has short time-outs.
    wait(bench, 100, "the reset is acknowledged", |bench| {
        bench.registers.read32(reg::BOOT_NONCE) == 0
    });
    assert_eq!(status(bench), CardState::Ready as u32);
    let before = bench.meter.counts();
    while bench.poll().0 != Activity::Idle {}
    assert_eq!(bench.meter.counts().reads, before.reads, "DMA after a reset");
    assert_eq!(bench.meter.counts().writes, before.writes, "DMA after a reset");
    assert_eq!(status(bench), CardState::Ready as u32);
    assert_eq!(bench.meter.broken(), None);
}

/// A bus so slow that every read is late, but that ends.
fn slow() -> RtlOptions {
    RtlOptions {
        // More than all time-outs one after the other.
        latency: Duration::from_millis(12),
        ..RtlOptions::default()
    }
}

#[test]
fn a_card_without_tags_is_fatal_and_a_reset_brings_it_back() {
    if !has_verilator() {
        return;
    }
    let mut bench = Bench::new(card(&slow()));
    lose_all_tags(&mut bench);
    assert_eq!(status(&bench), CardState::Fatal as u32);
    reset_brings_it_back(&mut bench);
}

#[test]
fn a_card_without_tags_is_reset_though_a_queue_waits_for_one() {
    if !has_verilator() {
        return;
    }
    let mut bench = Bench::new(card(&slow()));
    lose_all_tags(&mut bench);
    // An entry that cannot be fetched.
    bench.enable(0, 2);
    bench.push(0, Submission::default());
    bench.ring(0);
    for _ in 0..10 {
        bench.poll();
    }
    assert_eq!(status(&bench), CardState::Fatal as u32);
    assert_eq!(bench.queues[0].answered, 0);
    reset_brings_it_back(&mut bench);
}
