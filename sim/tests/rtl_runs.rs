//! RUN on a card in RTL: what only the card's cycles can be asked for.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use metisvm_firmware::registers::{self as reg, CardState, counter, features};
use metisvm_firmware::{
    Buffer, Burst, Dtype, Fill, Gemm, Geometry, Lanes, Load, LoadTiles, Opcode, Program, ProgramBuilder,
    Space, Status, Store, Submission, Walk,
};
use metisvm_sim::RtlOptions;
use metisvm_sim::rtl::MemoryOptions;
use std::time::Duration;
use support::bench::Bench;
use support::runs::{acknowledged, answers, at, bring, cycles, is_right, output, run};
use support::scripts::{
    DATA, DATA_CARD, INPUT, INPUT_BYTES, ITEMS, OUTPUT, OUTPUT_BYTES, PROGRAM, Script, load,
};
use support::{NONCE, rtl};

/// The board's geometry; nothing where there is no such card.
fn geometry() -> Option<Geometry> {
    rtl::prefer_an_engine();
    let capabilities = rtl::board()?;
    (capabilities.features & features::TENSOR != 0).then_some(capabilities.geometry)
}

fn bench(options: &RtlOptions) -> Bench {
    Bench::new(rtl::card(options))
}

fn counters(bench: &Bench) -> Vec<u64> {
    let word = |offset| u64::from(bench.registers.read32(offset));
    let counter = |index| word(reg::COUNTERS + index * 8) | word(reg::COUNTERS + index * 8 + 4) << 32;
    (0..counter::COUNT).map(counter).collect()
}

/// How many resets: `METISVM_RTL_RESETS`, or few.
fn resets(few: u64) -> u64 {
    std::env::var("METISVM_RTL_RESETS").map_or(few, |text| text.parse().unwrap())
}

/// How far a job was when it was interrupted.
#[derive(Debug, Default)]
struct Phases {
    /// Its entry, program or first input is on the way.
    input: u32,
    /// The engine has begun, and no output was written.
    engine: u32,
    /// Output was written.
    output: u32,
    /// It was answered already.
    behind: u32,
}

#[test]
fn a_reset_at_any_cycle_of_a_run_leaves_a_sound_card() {
    let Some(geometry) = geometry() else { return };
    let script = Script::new(geometry, 5, 24);
    let expected = script.expected(rtl::board().unwrap());
    let mut phases = Phases::default();
    for disorder in [None, Some(8)] {
        let mut bench = bench(&RtlOptions {
            disorder,
            cycles_per_poll: 8,
            ..RtlOptions::default()
        });
        // Where the RUN begins and ends, if it is let alone.
        bench.enable(0, 4);
        bring(&script, &mut bench);
        let start = cycles(&bench);
        run(&script, &mut bench);
        answers(&mut bench);
        let whole = cycles(&bench) - start;
        let turns = resets(40) / 2;
        for turn in 0..turns {
            let what = format!("disorder {disorder:?}, turn {turn}");
            // All that the program needs is resident.
            let (before, counts) = (counters(&bench), bench.meter.counts());
            let begin = cycles(&bench);
            run(&script, &mut bench);
            // Every third one before the engine begins, which is soon.
            let last = if turn % 3 == 1 { whole / 8 } else { whole };
            let after = turn * last / turns + turn % 7;
            while cycles(&bench) - begin < after && bench.queues[0].waiting() > 0 {
                bench.poll();
            }
            let now = counters(&bench);
            let grew = |index: u32| now[index as usize] > before[index as usize];
            let stored = bench.meter.counts().writes > counts.writes;
            let phase = match bench.queues[0].waiting() {
                0 => &mut phases.behind,
                _ if stored => &mut phases.output,
                _ if grew(counter::LOAD_BUSY) => &mut phases.engine,
                _ => &mut phases.input,
            };
            *phase += 1;
            if turn % 3 == 2 {
                bench.meter.reset_function();
            } else {
                bench.registers.write32(reg::CONTROL, reg::CONTROL_RESET);
            }
            acknowledged(&mut bench);
            // No DMA from before follows, but for the delivery of writes that were taken before the answer: on a bus
            // they come before it.
            let counts = bench.meter.counts();
            for _ in 0..10 {
                bench.poll();
            }
            let left = output(&bench);
            for _ in 0..200 {
                bench.poll();
            }
            let later = bench.meter.counts();
            assert_eq!(
                (later.writes, later.reads),
                (counts.writes, counts.reads),
                "{what}"
            );
            assert!(output(&bench) == left, "{what}: DMA follows");
            assert_eq!(bench.registers.read32(reg::STATUS), CardState::Ready as u32);
            bench.registers.write32(reg::BOOT_NONCE, NONCE);
            is_right(&mut bench, &script, &expected);
        }
    }
    println!("{phases:?}");
    let hit = [phases.input, phases.engine, phases.output];
    assert!(hit.iter().all(|&turns| turns > 2), "{phases:?}");
}

#[test]
fn a_run_that_waits_is_cancelled_and_one_of_another_session_refused() {
    let Some(geometry) = geometry() else { return };
    let script = Script::new(geometry, 6, 10);
    let expected = script.expected(rtl::board().unwrap());
    let mut bench = bench(&RtlOptions::default());
    is_right(&mut bench, &script, &expected);
    let [.., run] = script.entries(at(0));
    let second = Submission {
        output: at(OUTPUT + 0x2000),
        ..run
    };
    bench.store(at(OUTPUT + 0x2000), &vec![0xc3; OUTPUT_BYTES * ITEMS as usize]);
    // Behind a RUN that is at work a RUN waits, and is taken back.
    let sequence = bench.queues[0].submitted as u32;
    let cancel = Submission {
        opcode: Opcode::Cancel as u8,
        count: sequence + 1,
        ..Submission::default()
    };
    let lost = Submission { count: 999, ..cancel };
    for entry in [run, second, cancel, lost] {
        bench.push(0, entry);
    }
    bench.ring(0);
    let found: Vec<u16> = answers(&mut bench).iter().map(|answer| answer.status).collect();
    let expected_statuses = [Status::Ok, Status::Cancelled, Status::Ok, Status::NotFound];
    assert_eq!(found, expected_statuses.map(|status| status as u16));
    // With another session's nonce.
    bench.push_of(0, second, NONCE + 1);
    bench.ring(0);
    let answer = answers(&mut bench)[0];
    assert_eq!((answer.status, answer.detail), (Status::StaleNonce as u16, NONCE));
    let untouched = bench.load(at(OUTPUT + 0x2000), OUTPUT_BYTES * ITEMS as usize / 8);
    assert!(untouched.iter().all(|&word| word == 0xc3c3_c3c3_c3c3_c3c3));
    assert_eq!(bench.meter.broken(), None);
}

#[test]
fn an_input_that_cannot_be_read_fails_its_run_and_the_next_is_right() {
    let Some(geometry) = geometry() else { return };
    let script = Script::new(geometry, 7, 10);
    let expected = script.expected(rtl::board().unwrap());
    for disorder in [None, Some(3), Some(4)] {
        let mut bench = bench(&RtlOptions {
            disorder,
            ..RtlOptions::default()
        });
        is_right(&mut bench, &script, &expected);
        let [.., run] = script.entries(at(0));
        // Of the last item, the second, the first; of its last word or all of it.
        for (items, word) in [(2, 8), (1, 8), (0, 8), (1, 16), (0, INPUT_BYTES as u64)] {
            let end = support::bench::MEMORY_BYTES as u64;
            let faulty = Submission {
                input: end - items * INPUT_BYTES as u64 - INPUT_BYTES as u64 + word,
                ..run
            };
            bench.push(0, faulty);
            bench.push(0, Submission::default());
            bench.ring(0);
            let found: Vec<u16> = answers(&mut bench).iter().map(|answer| answer.status).collect();
            assert_eq!(found, [Status::DmaFault as u16, 0], "{disorder:?}, {items} items");
            // The state is undefined: it is loaded again.
            for handle in [1, 2, 3] {
                let evict = Submission {
                    opcode: Opcode::Evict as u8,
                    data_handle: handle,
                    ..Submission::default()
                };
                bench.push(0, evict);
            }
            bench.ring(0);
            answers(&mut bench);
            is_right(&mut bench, &script, &expected);
        }
    }
}

/// A program of so many products of tiles, each of several instructions, with a gather and a scatter around.
fn products(geometry: Geometry, shapes: &[(u16, u16, u16)]) -> Program {
    let mut builder = ProgramBuilder::new(geometry);
    let lanes = Lanes {
        rows: 4,
        cols: 4,
        pitch: 1,
        ..Lanes::default()
    };
    let walk = |space, dtype: Dtype| Walk {
        space,
        offset: 0,
        row_stride: 4 * dtype.bytes() as i32,
        col_stride: dtype.bytes() as i32,
        dtype,
    };
    for buffer in [Buffer::A, Buffer::B] {
        builder
            .fill(Fill {
                buffer,
                base: 0,
                tiles: 16,
                value: 3,
            })
            .unwrap();
    }
    builder
        .load(Load {
            buffer: Buffer::A,
            to: lanes,
            from: walk(Space::Input, Dtype::U8),
            zero_point: 0,
        })
        .unwrap();
    let from = Burst {
        space: Space::Resident,
        offset: 0,
        row_stride: 0,
        dtype: Dtype::U8,
    };
    builder
        .load_tiles(LoadTiles {
            buffer: Buffer::B,
            base: 0,
            pitch: 0,
            rows: 1,
            cols: 16,
            from,
            zero_point: 0,
        })
        .unwrap();
    for &(m_tiles, n_tiles, k_tiles) in shapes {
        builder
            .gemm(Gemm {
                m_tiles,
                n_tiles,
                k_tiles,
                acc_pitch: n_tiles,
                a_step: 1,
                b_pitch: 1,
                b_step: 1,
                ..Gemm::default()
            })
            .unwrap();
    }
    builder
        .store(Store {
            from: lanes,
            to: walk(Space::Output, Dtype::I32),
        })
        .unwrap();
    builder.finish().unwrap()
}

/// What the counters grow by with a RUN of this program on some items of 16 bytes, 64 of output each.
fn grown(program: &[u8], items: u32, memory_latency: u64) -> Vec<u64> {
    let mut bench = bench(&RtlOptions {
        memory: MemoryOptions {
            latency: Duration::from_nanos(memory_latency),
            ..MemoryOptions::default()
        },
        ..RtlOptions::default()
    });
    bench.enable(0, 4);
    bench.store(at(PROGRAM), program);
    bench.push(0, load(1, at(PROGRAM), 0, program.len()));
    bench.push(0, load(2, at(DATA), DATA_CARD, 1024));
    bench.ring(0);
    answers(&mut bench);
    let before = counters(&bench);
    let run = Submission {
        opcode: Opcode::Run as u8,
        program_handle: 1,
        data_handle: 2,
        count: items,
        input: at(INPUT),
        output: at(OUTPUT),
        input_bytes: 16,
        output_bytes: 64,
        ..Submission::default()
    };
    bench.push(0, run);
    bench.ring(0);
    assert_eq!(answers(&mut bench)[0].status, 0);
    let after = counters(&bench);
    after
        .iter()
        .zip(before)
        .map(|(after, before)| after - before)
        .collect()
}

#[test]
fn the_engines_counters_tell_what_a_program_was() {
    let Some(geometry) = geometry() else { return };
    let shapes = [(1, 1, 1), (3, 2, 5), (4, 4, 4), (1, 7, 2)];
    let steps: u16 = shapes.iter().map(|(m, n, k)| m * n * k).sum();
    let program = products(geometry, &shapes).to_bytes();
    let mut memory_waits = Vec::new();
    for (items, latency) in [(1, 0), (1, 100), (1, 2000), (5, 100)] {
        let grown = grown(&program, items, latency);
        let grew = |index: u32| grown[index as usize];
        let what = format!("{items} items, {latency} ns: {grown:?}");
        let items = u64::from(items);
        assert_eq!(grew(counter::ARRAY_STEPS), items * u64::from(steps), "{what}");
        assert_eq!(grew(counter::ENTRIES), 1, "{what}");
        assert_eq!(grew(counter::WORDS_READ), 8 + 2 * items, "{what}");
        assert_eq!(grew(counter::WORDS_WRITTEN), 2 + 8 * items, "{what}");
        // Compute is at its instructions while the array works, and a module is at one, has none, or waits.
        assert!(
            grew(counter::COMPUTE_BUSY) >= grew(counter::ARRAY_STEPS),
            "{what}"
        );
        for (busy, waits) in [
            (counter::LOAD_BUSY, counter::LOAD_WAITS),
            (counter::COMPUTE_BUSY, counter::COMPUTE_WAITS),
            (counter::STORE_BUSY, counter::STORE_WAITS),
        ] {
            assert!(grew(busy) > 0, "{what}");
            assert!(grew(waits) > 0, "{what}: everything is in order, so all wait");
            assert!(grew(busy) + grew(waits) <= grew(counter::BUSY), "{what}");
        }
        assert!(grew(counter::MEMORY_WAITS) <= grew(counter::LOAD_BUSY), "{what}");
        // Two FILLs of 16 tiles, a gather of 16 lanes and a burst of 16 tiles.
        assert!(grew(counter::LOAD_BUSY) >= items * (2 * 16 + 16 + 16), "{what}");
        memory_waits.push(grew(counter::MEMORY_WAITS));
    }
    // 2000 ns are 300 cycles, for a gather and a burst at least.
    assert!(
        memory_waits[2] >= memory_waits[1] + 2 * (300 - 15) - 30,
        "{memory_waits:?}"
    );
    assert!(memory_waits[1] > memory_waits[0], "{memory_waits:?}");
}
