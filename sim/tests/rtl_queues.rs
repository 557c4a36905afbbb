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

/// A job of some messages, laid out in a queue's data.
fn keccak(bench: &Bench, index: usize, messages: &[&[u8]]) -> Submission {
    let batch = lay_out(messages).unwrap();
    bench.store(Bench::data(index), &batch);
    Submission {
        opcode: Opcode::Keccak as u8,
        count: messages.len() as u32,
        input: Bench::data(index),
        output: Bench::data(index) + 0x8000,
        input_bytes: batch.len() as u32,
        output_bytes: 32,
        ..Submission::default()
    }
}

/// Some queues are kept full of an entry, the others have one NOP at a time. While a NOP waits, a full queue
/// has no more than what is left of the service in progress, and one of its own.
fn no_queue_waits_long(hogs: usize, entry: impl Fn(&Bench, usize) -> Submission) {
    let mut bench = Bench::new(card(&RtlOptions::default()));
    let count = bench.queues.len();
    let entries: Vec<Submission> = (0..count).map(|index| entry(&bench, index)).collect();
    for index in 0..count {
        bench.enable(index, LOG2);
    }
    // What each full queue had answered when the NOP of a queue was submitted.
    let mut since = vec![vec![0; hogs]; count];
    let mut worst = 0;
    let mut answers_of_others = 0;
    for _ in 0..POLLS {
        for index in 0..hogs {
            while bench.queues[index].waiting() < 1 << LOG2 {
                bench.push(index, entries[index]);
            }
            bench.ring(index);
        }
        let done: Vec<u64> = (0..hogs).map(|hog| bench.queues[hog].answered).collect();
        for index in hogs..count {
            if bench.queues[index].waiting() == 0 {
                bench.push(index, Submission::default());
                bench.ring(index);
                since[index].clone_from(&done);
            }
        }
        let mut done = done;
        let (_, answers) = bench.poll();
        for (index, answer) in answers {
            assert_eq!(answer.status, Status::Ok as u16);
            if index < hogs {
                done[index] += 1;
                continue;
            }
            answers_of_others += 1;
            for (now, before) in done.iter().zip(&since[index]) {
                worst = worst.max(now - before);
            }
        }
        for index in 0..hogs {
            assert!(bench.queues[index].waiting() > 0, "queue {index} has run dry");
        }
        for index in hogs..count {
            for hog in 0..hogs {
                let waited = bench.queues[hog].answered - since[index][hog];
                assert!(
                    bench.queues[index].waiting() == 0 || waited <= 2 * BURST,
                    "queue {index} waits while queue {hog} is answered {waited} times"
                );
            }
        }
    }
    assert!(
        worst <= 2 * BURST,
        "{worst} entries of a full queue before one NOP"
    );
    assert!(answers_of_others > 50, "{answers_of_others} NOPs");
    assert_eq!(bench.meter.broken(), None);
}

#[test]
fn a_queue_that_is_kept_full_of_nops_starves_no_other() {
    if has_verilator() {
        no_queue_waits_long(1, |_, _| Submission::default());
    }
}

#[test]
fn all_queues_but_one_kept_full_do_not_starve_it() {
    if has_verilator() {
        let count =
            metisvm_firmware::Capabilities::clone(card(&RtlOptions::default()).capabilities()).max_queues;
        no_queue_waits_long(count as usize - 1, |_, _| Submission::default());
    }
}

#[test]
fn a_queue_that_is_kept_full_of_jobs_starves_no_other() {
    if has_verilator() {
        no_queue_waits_long(1, |bench, index| keccak(bench, index, &[&[7; 40], &[1; 200]]));
    }
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
