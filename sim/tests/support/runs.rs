//! RUNs of scripts on a bench.

use super::bench::Bench;
use super::scripts::{ITEMS, OUTPUT, OUTPUT_BYTES, Script};
use metisvm_firmware::Completion;
use metisvm_firmware::registers as reg;

/// Where things of queue 0 are in host memory.
pub(crate) fn at(place: u64) -> u64 {
    Bench::data(0) + place
}

/// Makes what a program needs resident, by a queue that was just enabled.
pub(crate) fn bring(script: &Script, bench: &mut Bench) {
    for (place, bytes) in script.places() {
        bench.store(at(place), bytes);
    }
    bench.store(at(OUTPUT), &vec![0xc3; OUTPUT_BYTES * ITEMS as usize]);
    let [loads @ .., _] = script.entries(at(0));
    for entry in loads {
        bench.push(0, entry);
    }
    bench.ring(0);
    let statuses: Vec<u16> = answers(bench).iter().map(|answer| answer.status).collect();
    assert_eq!(statuses, [0; 3]);
}

pub(crate) fn run(script: &Script, bench: &mut Bench) {
    let [.., run] = script.entries(at(0));
    bench.push(0, run);
    bench.ring(0);
}

pub(crate) fn output(bench: &Bench) -> Vec<u8> {
    let words = bench.load(at(OUTPUT), OUTPUT_BYTES * ITEMS as usize / 8);
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

pub(crate) fn cycles(bench: &Bench) -> u64 {
    bench.meter.counts().cycles
}

/// The answers to all that waits in queue 0.
pub(crate) fn answers(bench: &mut Bench) -> Vec<Completion> {
    let begin = cycles(bench);
    let mut answers = Vec::new();
    while bench.queues[0].waiting() > 0 {
        answers.extend(bench.poll().1.into_iter().map(|(_, answer)| answer));
        assert!(
            cycles(bench) - begin < 3_000_000,
            "no answer: {:?}",
            bench.meter.broken()
        );
    }
    answers.sort_by_key(|answer| answer.sequence);
    answers
}

/// A job from a fresh queue to its output.
pub(crate) fn is_right(bench: &mut Bench, script: &Script, expected: &[u8]) {
    bench.enable(0, 4);
    bring(script, bench);
    run(script, bench);
    let answer = answers(bench)[0];
    assert_eq!((answer.status, answer.detail), (0, crc32fast::hash(expected)));
    assert!(output(bench) == expected, "the output is another");
    assert_eq!(bench.meter.broken(), None);
}

/// Waits until a reset is acknowledged: 0.1 s are 15 million cycles, and the board's time-outs are short.
pub(crate) fn acknowledged(bench: &mut Bench) {
    let asked = cycles(bench);
    while bench.registers.read32(reg::BOOT_NONCE) != 0 {
        bench.poll();
        assert!(cycles(bench) - asked < 1_000_000, "no acknowledgement");
    }
}
