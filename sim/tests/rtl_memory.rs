//! Card memory beyond AXI pins: however slow it is the outputs are right, its errors end RUNs and are told, and what is
//! written are bursts.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use metisvm_firmware::registers::{self as reg, CardState};
use metisvm_firmware::{Capabilities, Opcode, Status, Submission};
use metisvm_sim::rtl::{ErrorResponse, MemoryCounts, MemoryErrors, MemoryOptions, boards};
use metisvm_sim::{RtlCard, RtlOptions};
use std::time::Duration;
use support::NONCE;
use support::bench::Bench;
use support::copies::copies;
use support::rtl::{cache, has_verilator};
use support::runs::{acknowledged, answers, at, bring, cycles, is_right, run};
use support::scripts::{
    DATA, DATA_BYTES, DATA_CARD, INPUT, INPUT_BYTES, OUTPUT, OUTPUT_BYTES, PROGRAM, STATE_BYTES, STATE_CARD,
    Script, WORKSPACE_BYTES, WORKSPACE_CARD, load,
};

/// A card whose memory is beyond AXI pins; nothing where there is no Verilator.
fn bench(options: &RtlOptions) -> Option<(Bench, Capabilities)> {
    has_verilator().then(|| {
        let source = boards::named(metisvm_boards::INFERENCE).unwrap();
        let card = RtlCard::new(&source, options, &cache(), &|_| {}).unwrap();
        let capabilities = *card.capabilities();
        (Bench::new(card), capabilities)
    })
}

fn with(memory: MemoryOptions, disorder: Option<u64>) -> RtlOptions {
    RtlOptions {
        memory,
        disorder,
        ..RtlOptions::default()
    }
}

fn traffic(bench: &Bench) -> MemoryCounts {
    bench.meter.counts().memory
}

/// What a bench did since it had these counts.
fn since(bench: &Bench, before: MemoryCounts) -> MemoryCounts {
    let now = traffic(bench);
    MemoryCounts {
        reads: now.reads - before.reads,
        read_words: now.read_words - before.read_words,
        writes: now.writes - before.writes,
        written_words: now.written_words - before.written_words,
    }
}

#[test]
fn outputs_are_right_however_slow_and_narrow_memory_is() {
    let Some((_, capabilities)) = bench(&RtlOptions::default()) else {
        return;
    };
    let script = Script::new(capabilities.geometry, 31, 24);
    let expected = script.expected(capabilities);
    let mut took = Vec::new();
    for (latency, width, access_cycles) in [
        (0, 8, 0),
        (100, 64, 1),
        (100, 64, 8),
        (100, 8, 8),
        (1000, 32, 3),
        (0, 4096, 60),
    ] {
        for disorder in [None, Some(3), Some(4), Some(5)] {
            let memory = MemoryOptions {
                latency: Duration::from_nanos(latency),
                width,
                access_cycles,
                errors: None,
            };
            let (mut bench, _) = bench(&with(memory, disorder)).unwrap();
            for _ in 0..2 {
                is_right(&mut bench, &script, &expected);
                bench.registers.write32(reg::CONTROL, reg::CONTROL_RESET);
                acknowledged(&mut bench);
                bench.registers.write32(reg::BOOT_NONCE, NONCE);
            }
            if disorder.is_none() {
                took.push(cycles(&bench));
            }
        }
    }
    // The wider or the faster, the sooner.
    assert!(
        took[0] < took[1] && took[1] < took[2] && took[2] < took[3],
        "{took:?}"
    );
}

/// Errors of so many answers that concern these bytes of card memory.
fn errors(address: u64, bytes: usize, reads: bool, times: u64) -> MemoryErrors {
    MemoryErrors {
        address,
        bytes: bytes as u64,
        reads,
        writes: !reads,
        response: if address.is_multiple_of(128) {
            ErrorResponse::Slave
        } else {
            ErrorResponse::Decode
        },
        times,
    }
}

/// Until the reset no RUN succeeds, though memory may work again; the rest of the card does. After it all is well.
fn ends_and_is_told(what: &str, bench: &mut Bench, script: &Script, expected: &[u8]) {
    let status = |bench: &Bench| bench.registers.read32(reg::STATUS);
    bench.enable(0, 4);
    bring(script, bench);
    for _ in 0..2 {
        run(script, bench);
        let answer = answers(bench)[0];
        assert_eq!(
            (answer.status, answer.detail),
            (Status::Internal as u16, 0),
            "{what}"
        );
        assert_eq!(status(bench), CardState::Fatal as u32, "{what}");
    }
    bench.push(0, Submission::default());
    bench.ring(0);
    assert_eq!(answers(bench)[0].status, 0, "{what}");
    bench.registers.write32(reg::CONTROL, reg::CONTROL_RESET);
    acknowledged(bench);
    assert_eq!(status(bench), CardState::Ready as u32, "{what}");
    bench.registers.write32(reg::BOOT_NONCE, NONCE);
    is_right(bench, script, expected);
    assert_eq!(status(bench), CardState::Ready as u32, "{what}");
}

#[test]
fn an_error_of_memory_ends_runs_and_is_fatal_until_the_reset() {
    let Some((_, capabilities)) = bench(&RtlOptions::default()) else {
        return;
    };
    let script = Script::new(capabilities.geometry, 32, 40);
    let expected = script.expected(capabilities);
    let inputs = capabilities.card_memory_bytes;
    let outputs = inputs + 2 * u64::from(capabilities.max_input_bytes);
    let areas = [
        ("program", 0, script.program.len()),
        ("data", DATA_CARD + 8, DATA_BYTES - 8),
        ("state", STATE_CARD, STATE_BYTES),
        ("workspace", WORKSPACE_CARD, WORKSPACE_BYTES),
        ("input", inputs, INPUT_BYTES),
        (
            "second input",
            inputs + u64::from(capabilities.max_input_bytes),
            64,
        ),
        ("output", outputs, OUTPUT_BYTES),
        (
            "second output",
            outputs + u64::from(capabilities.max_output_bytes),
            64,
        ),
    ];
    for (index, (area, address, bytes)) in areas.into_iter().enumerate() {
        for reads in [true, false] {
            for disorder in [None, Some(index as u64)] {
                let memory = MemoryOptions {
                    errors: Some(errors(address, bytes, reads, 1)),
                    ..MemoryOptions::default()
                };
                let (mut bench, _) = bench(&with(memory, disorder)).unwrap();
                let what = format!("{area}, reads: {reads}, {disorder:?}");
                ends_and_is_told(&what, &mut bench, &script, &expected);
            }
        }
    }
}

#[test]
fn a_memory_of_errors_alone_hangs_nothing() {
    let Some((_, capabilities)) = bench(&RtlOptions::default()) else {
        return;
    };
    let script = Script::new(capabilities.geometry, 33, 16);
    for reads in [true, false] {
        let memory = MemoryOptions {
            errors: Some(errors(0, usize::MAX >> 1, reads, u64::MAX)),
            ..MemoryOptions::default()
        };
        let (mut bench, _) = bench(&with(memory, None)).unwrap();
        for _ in 0..3 {
            bench.enable(0, 4);
            bring(&script, &mut bench);
            run(&script, &mut bench);
            assert_eq!(answers(&mut bench)[0].status, Status::Internal as u16);
            bench.registers.write32(reg::CONTROL, reg::CONTROL_RESET);
            acknowledged(&mut bench);
            assert_eq!(bench.registers.read32(reg::STATUS), CardState::Ready as u32);
            bench.registers.write32(reg::BOOT_NONCE, NONCE);
        }
        assert_eq!(bench.meter.broken(), None);
    }
}

/// A reset just behind a LOAD_RESIDENT waits for what that has written: an error of the old session is not one of the
/// next.
#[test]
fn an_error_from_before_the_reset_is_forgotten_by_it() {
    let Some((_, capabilities)) = bench(&RtlOptions::default()) else {
        return;
    };
    let script = Script::new(capabilities.geometry, 34, 8);
    let expected = script.expected(capabilities);
    for delay in 0..12 {
        let memory = MemoryOptions {
            latency: Duration::from_micros(20),
            // Of the last burst.
            errors: Some(errors(DATA_CARD + DATA_BYTES as u64 - 8, 8, false, 1)),
            ..MemoryOptions::default()
        };
        let options = RtlOptions {
            cycles_per_poll: 50,
            ..with(memory, None)
        };
        let (mut bench, _) = bench(&options).unwrap();
        bench.enable(0, 4);
        bench.store(at(DATA), &[0x5a; DATA_BYTES]);
        bench.push(0, load(2, at(DATA), DATA_CARD, DATA_BYTES));
        bench.ring(0);
        answers(&mut bench);
        for _ in 0..delay {
            bench.poll();
        }
        bench.registers.write32(reg::CONTROL, reg::CONTROL_RESET);
        acknowledged(&mut bench);
        assert_eq!(bench.registers.read32(reg::STATUS), CardState::Ready as u32);
        bench.registers.write32(reg::BOOT_NONCE, NONCE);
        for _ in 0..200 {
            bench.poll();
        }
        assert_eq!(bench.registers.read32(reg::STATUS), CardState::Ready as u32);
        is_right(&mut bench, &script, &expected);
    }
}

#[test]
fn what_is_made_resident_is_written_in_bursts() {
    let Some((mut bench, _)) = bench(&RtlOptions::default()) else {
        return;
    };
    bench.enable(0, 4);
    let bytes: Vec<u8> = (0..DATA_BYTES).map(|index| (index * 7 % 251) as u8).collect();
    bench.store(at(DATA), &bytes);
    bench.push(0, load(2, at(DATA), DATA_CARD, DATA_BYTES));
    bench.ring(0);
    assert_eq!(answers(&mut bench)[0].status, 0);
    // Its last words may be on their way.
    while bench.poll().0 == metisvm_firmware::port::Activity::Worked {}
    let made = traffic(&bench);
    // From the middle of 128 bytes; between two of the host's answers a burst may end.
    assert_eq!((made.written_words, made.reads), (512, 0));
    assert!((33..=33 + 8).contains(&made.writes), "{made:?}");
    let words = bench.meter.card_memory(DATA_CARD, 512).unwrap();
    let found: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    assert!(found == bytes);
}

#[test]
fn bytes_that_are_stored_one_by_one_are_written_as_words() {
    let Some((mut bench, capabilities)) = bench(&RtlOptions::default()) else {
        return;
    };
    const BYTES: u16 = 240;
    let program = copies(&capabilities.geometry, BYTES).to_bytes();
    bench.enable(0, 4);
    bench.store(at(PROGRAM), &program);
    let input: Vec<u8> = (0..BYTES).map(|byte| byte as u8 ^ 0x35).collect();
    bench.store(at(INPUT), &input);
    bench.push(0, load(1, at(PROGRAM), 0, program.len()));
    bench.ring(0);
    assert_eq!(answers(&mut bench)[0].status, 0);
    while bench.poll().0 == metisvm_firmware::port::Activity::Worked {}
    let before = traffic(&bench);
    let run = Submission {
        opcode: Opcode::Run as u8,
        program_handle: 1,
        count: 1,
        input: at(INPUT),
        output: at(OUTPUT),
        input_bytes: BYTES.into(),
        output_bytes: BYTES.into(),
        ..Submission::default()
    };
    bench.push(0, run);
    bench.ring(0);
    let answer = answers(&mut bench)[0];
    assert_eq!((answer.status, answer.detail), (0, crc32fast::hash(&input)));
    let made = since(&bench, before);
    // An input and an output of 30 words each. A row of a tile is read between elements, which is no pause that counts.
    assert_eq!(made.written_words, 60, "{made:?}");
    assert!(made.writes <= 6, "{made:?}");
}
