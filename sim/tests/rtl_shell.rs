//! What only a card in RTL can be asked: its counters, reads that come too late, resets in the middle of DMA.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use metisvm_boards::Board;
use metisvm_driver::ring::QueuePair;
use metisvm_driver::{DmaBuffer, InProcess, Transport};
use metisvm_firmware::keccak::lay_out;
use metisvm_firmware::registers::{self as reg, CardState, QueueState, counter, queue, queue_register};
use metisvm_firmware::{Opcode, Status, Submission};
use metisvm_sim::RtlOptions;
use metisvm_sim::rtl::Meter;
use sha3::{Digest, Keccak256};
use std::sync::Arc;
use std::time::{Duration, Instant};
use support::rtl::{card, has_verilator, name};
use support::{NONCE, submit};

const PATIENCE: Duration = Duration::from_secs(20);

fn start(options: &RtlOptions) -> (Arc<dyn Transport>, Meter) {
    let card = card(options);
    let meter = card.meter();
    (Arc::new(InProcess::start(Box::new(card)).unwrap()), meter)
}

fn read_counter(transport: &Arc<dyn Transport>, index: u32) -> u64 {
    let low = transport.read32(reg::COUNTERS + index * 8);
    u64::from(low) | u64::from(transport.read32(reg::COUNTERS + index * 8 + 4)) << 32
}

/// A batch of `count` messages of `length` bytes, the entry that hashes it, and what it must give.
struct Batch {
    _input: DmaBuffer,
    output: DmaBuffer,
    entry: Submission,
    expected: Vec<u8>,
}

impl Batch {
    fn new(transport: &Arc<dyn Transport>, count: usize, length: usize) -> Self {
        let messages: Vec<Vec<u8>> = (0..count)
            .map(|index| (0..length).map(|byte| (index * 31 + byte * 7) as u8).collect())
            .collect();
        let views: Vec<&[u8]> = messages.iter().map(Vec::as_slice).collect();
        let batch = lay_out(&views).unwrap();
        let input = DmaBuffer::new(transport, batch.len()).unwrap();
        input.copy_in(0, &batch);
        let output = DmaBuffer::new(transport, count * 32).unwrap();
        let entry = Submission {
            opcode: Opcode::Keccak as u8,
            count: count as u32,
            input: input.iova().0,
            output: output.iova().0,
            input_bytes: batch.len() as u32,
            output_bytes: 32,
            ..Submission::default()
        };
        let expected = views.iter().flat_map(Keccak256::digest).collect();
        Self {
            _input: input,
            output,
            entry,
            expected,
        }
    }

    fn is_right(&self, pair: &mut QueuePair) {
        let checksum = crc32fast::hash(&self.expected);
        assert_eq!(submit(pair, &[self.entry]), [(Status::Ok, checksum)]);
        assert_eq!(self.output.copy_out(0, self.expected.len()), self.expected);
    }
}

#[test]
fn registers_say_what_the_board_is() {
    if !has_verilator() {
        return;
    }
    let board = Board::named(&name()).unwrap();
    assert_eq!(*card(&RtlOptions::default()).capabilities(), board.capabilities);
}

#[test]
fn counters_tell_what_a_job_was() {
    if !has_verilator() {
        return;
    }
    let (transport, meter) = start(&RtlOptions::default());
    transport.write32(reg::BOOT_NONCE, NONCE);
    let mut pair = QueuePair::new(&transport, 0, 4, NONCE).unwrap();
    let batch = Batch::new(&transport, 4000, 136);
    batch.is_right(&mut pair);
    let count = |index| read_counter(&transport, index);
    assert_eq!(count(counter::DIGESTS), 4000);
    assert_eq!(count(counter::ENTRIES), 1);
    // A message of a whole block takes two permutations.
    let busy = count(counter::KECCAK_BUSY);
    assert_eq!(busy, 4000 * 2 * 24);
    assert_eq!(count(counter::WORDS_READ), 8 + 4000 + 4000 * 17);
    assert_eq!(count(counter::WORDS_WRITTEN), 4000 * 4 + 2);
    let waits = count(counter::KECCAK_STARVED) + count(counter::KECCAK_STALLED);
    let board = Board::named(&name()).unwrap();
    let cores = board.cores as u64;
    let share = busy as f64 / (count(counter::BUSY) * cores) as f64;
    println!(
        "{cores} cores are busy in {share:.4} of {} cycles; all wait in {waits}",
        count(counter::BUSY)
    );
    for index in counter::READ_WAITS..counter::COUNT {
        println!("counter {index}: {}", count(index));
    }
    // Of a card with several cores, the beginning and the end of a job are a greater part. A bridge may feed fewer
    // cores than there are.
    let least = if cores == 1 { 0.95 } else { 0.85 };
    assert!(
        board.bridged || share > least,
        "the cores are busy in {share} of a job's cycles"
    );
    assert_eq!(meter.broken(), None);
}

/// Counters of a job of 400 messages of 136 bytes.
fn stalls(latency: u64, disorder: Option<u64>) -> Vec<u64> {
    let (transport, _) = start(&RtlOptions {
        latency: Duration::from_nanos(latency),
        disorder,
        ..RtlOptions::default()
    });
    transport.write32(reg::BOOT_NONCE, NONCE);
    let mut pair = QueuePair::new(&transport, 0, 4, NONCE).unwrap();
    Batch::new(&transport, 400, 136).is_right(&mut pair);
    let counts = (0..counter::COUNT).map(|index| read_counter(&transport, index));
    counts.collect()
}

#[test]
fn stalls_are_counted_by_what_causes_them() {
    // Of the board for simulation: others have other bottlenecks.
    if !has_verilator() || name() != metisvm_boards::DEFAULT {
        return;
    }
    let [quick, slow, stalling] = [(100, None), (20_000, None), (100, Some(5))].map(|(latency, disorder)| {
        let counts = stalls(latency, disorder);
        move |index: u32| counts[index as usize]
    });
    // The core is what bounds a job on a quick bus: data wait for it, and it waits a little between messages.
    assert!(quick(counter::READ_STALLED) > quick(counter::BUSY) / 4);
    assert!((400..2000).contains(&quick(counter::KECCAK_STALLED)));
    // On a slow one everything waits for the host, and requests for tags.
    assert!(slow(counter::READ_STALLED) < quick(counter::READ_STALLED) / 10);
    for index in [counter::READ_WAITS, counter::KECCAK_STARVED] {
        assert!(slow(index) > 10 * quick(index), "counter {index}");
    }
    assert!(slow(counter::REQUEST_STALLED) > 2 * quick(counter::REQUEST_STALLED));
    // Only a bus that stalls lets writes wait.
    assert_eq!([&quick, &slow].map(|count| count(counter::WRITE_STALLED)), [0, 0]);
    assert!(stalling(counter::WRITE_STALLED) > 100);
    for count in [&quick, &slow, &stalling] {
        let core = [
            counter::KECCAK_BUSY,
            counter::KECCAK_STARVED,
            counter::KECCAK_STALLED,
        ];
        let cycles: u64 = core.map(count).iter().sum();
        assert!(cycles <= count(counter::BUSY), "the core has one state a cycle");
    }
}

#[test]
fn reads_that_come_too_late_fail_and_lose_no_tag() {
    if !has_verilator() {
        return;
    }
    // Past the time-out of the board for simulation; those of others are too long to be waited for.
    let board = Board::named(metisvm_boards::DEFAULT).unwrap();
    if name() != board.name {
        return;
    }
    let cycles = u64::from(board.read_timeout_cycles) * 2;
    let latency = Duration::from_micros(cycles * 1000 / u64::from(board.capabilities.clock_khz));
    let (transport, meter) = start(&RtlOptions {
        latency,
        ..RtlOptions::default()
    });
    transport.write32(reg::BOOT_NONCE, NONCE);
    // More often than there are tags.
    for turn in 0..40 {
        let mut pair = QueuePair::new(&transport, 0, 4, NONCE).unwrap();
        pair.push(Submission::default()).unwrap();
        pair.ring_doorbell();
        let deadline = Instant::now() + PATIENCE;
        while transport.read32(queue_register(0, queue::STATE)) != QueueState::DmaFault as u32 {
            assert!(Instant::now() < deadline, "turn {turn}: the queue goes on");
        }
        assert_eq!(transport.read32(reg::STATUS), CardState::Ready as u32);
    }
    assert_eq!(meter.broken(), None);
}

#[test]
fn a_reset_in_the_middle_of_dma_leaves_a_sound_card() {
    if !has_verilator() {
        return;
    }
    for (round, disorder) in [None, Some(3), Some(4)].into_iter().enumerate() {
        let (transport, meter) = start(&RtlOptions {
            disorder,
            ..RtlOptions::default()
        });
        for turn in 0..12_u64 {
            transport.write32(reg::BOOT_NONCE, NONCE);
            let mut pair = QueuePair::new(&transport, 0, 4, NONCE).unwrap();
            let long = Batch::new(&transport, 400, 4000);
            Batch::new(&transport, 5, 100).is_right(&mut pair);
            pair.push(long.entry).unwrap();
            pair.ring_doorbell();
            std::thread::sleep(Duration::from_micros(300 * turn));
            if turn % 3 == 2 {
                meter.reset_function();
            } else {
                transport.write32(reg::CONTROL, reg::CONTROL_RESET);
            }
            let deadline = Instant::now() + PATIENCE;
            while transport.read32(reg::BOOT_NONCE) != 0 {
                assert!(
                    Instant::now() < deadline,
                    "round {round}, turn {turn}: no acknowledgement"
                );
            }
            // Nothing of before follows.
            let output = long.output.copy_out(0, long.expected.len());
            let before = meter.counts();
            std::thread::sleep(Duration::from_millis(2));
            assert_eq!(meter.counts().writes, before.writes);
            assert!(
                long.output.copy_out(0, long.expected.len()) == output,
                "round {round}, turn {turn}: DMA follows"
            );
            assert_eq!(transport.read32(queue_register(0, queue::STATE)), 0);
            assert_eq!(transport.read32(reg::STATUS), CardState::Ready as u32);
        }
        assert_eq!(meter.broken(), None);
    }
}
