//! Mistakes put into what the card does of a RUN besides its engine, whose own are seeded in `hdl/tests`: all in one build
//! and chosen by an input, each noticed by the check that is there for it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use metisvm_firmware::registers::{self as reg, CardState, counter};
use metisvm_firmware::{
    Burst, Dtype, Gemm, Geometry, LoadTiles, Opcode, Program, ProgramBuilder, Space, Status, StoreTiles,
    Submission,
};
use metisvm_sim::RtlOptions;
use metisvm_sim::rtl::{ErrorResponse, MemoryErrors, MemoryOptions, Source};
use std::time::Duration;
use support::Random;
use support::copies::copies;
use support::rtl::has_verilator;
use support::scripts::{self, Ending, HOST_BYTES, INPUT, ITEMS, OUTPUT, OUTPUT_BYTES, PROGRAM, Script, load};
use support::seeded::{Check, Fault, Outcome, Subject, are_noticed, are_noticed_from, equal, fault, source};

/// The board's.
const GEOMETRY: Geometry = Geometry::SMALL;

/// Copies items of so many bytes, which lie side by side.
fn copied(card: &mut Subject, bytes: u16, count: usize) -> Outcome {
    let host = card.buffer(HOST_BYTES);
    let program = copies(&GEOMETRY, bytes).to_bytes();
    let all = usize::from(bytes) * count;
    let input = Random(bytes.into()).bytes(all);
    host.copy_in(PROGRAM as usize, &program);
    host.copy_in(INPUT as usize, &input);
    let run = Submission {
        opcode: Opcode::Run as u8,
        program_handle: 1,
        count: count as u32,
        input: host.iova().0 + INPUT,
        output: host.iova().0 + OUTPUT,
        input_bytes: bytes.into(),
        output_bytes: bytes.into(),
        ..Submission::default()
    };
    let evict = Submission {
        opcode: Opcode::Evict as u8,
        data_handle: 1,
        ..Submission::default()
    };
    let right = (Status::Ok, crc32fast::hash(&input));
    let load = load(1, host.iova().0, 0, program.len());
    card.expect(&[load, run, evict], &[(Status::Ok, 0), right, (Status::Ok, 0)])?;
    equal("output", host.copy_out(OUTPUT as usize, all), input)
}

fn items_of_any_length(card: &mut Subject) -> Outcome {
    // Behind a shorter item its predecessor's bytes are left.
    [(21, 7), (13, 3), (16, 4), (1, 5)]
        .iter()
        .try_for_each(|&(bytes, count)| copied(card, bytes, count))
}

/// Runs a script, and gives the entry that ran it.
fn run(card: &mut Subject, script: &Script, answer: (Status, u32)) -> Result<(Submission, Vec<u8>), String> {
    let host = card.buffer(HOST_BYTES);
    for (place, bytes) in script.places() {
        host.copy_in(place as usize, bytes);
    }
    let entries = script.entries(host.iova().0);
    card.expect(&entries[..3], &[(Status::Ok, 0); 3])?;
    card.expect(&entries[3..], &[answer])?;
    let output = host.copy_out(OUTPUT as usize, OUTPUT_BYTES * ITEMS as usize);
    let evict = |data_handle| Submission {
        opcode: Opcode::Evict as u8,
        data_handle,
        ..Submission::default()
    };
    card.expect(&[1, 2, 3].map(evict), &[(Status::Ok, 0); 3])?;
    Ok((entries[3], output))
}

fn programs_with_data_and_state(card: &mut Subject) -> Outcome {
    for seed in [21, 22] {
        let script = Script::new(GEOMETRY, seed, 20);
        let expected = script.expected(card.capabilities);
        let (_, output) = run(card, &script, (Status::Ok, crc32fast::hash(&expected)))?;
        equal("output", output == expected, true)?;
    }
    Ok(())
}

fn addresses_outside_a_space(card: &mut Subject) -> Outcome {
    let mut script = Script::new(GEOMETRY, 23, 10);
    let ending = Ending::Fails(Status::OutOfBounds);
    script.program = scripts::program(GEOMETRY, &mut Random(24), 10, ending);
    // Which instruction it is, the functional card knows.
    let answer = script.answer(card.capabilities);
    equal("the functional card", answer.0, Status::OutOfBounds)?;
    run(card, &script, answer).map(|_| ())
}

/// What must be refused, with a RUN that is right behind it.
fn malformed_runs(card: &mut Subject) -> Outcome {
    let host = card.buffer(HOST_BYTES);
    let program = copies(&GEOMETRY, 8).to_bytes();
    host.copy_in(PROGRAM as usize, &program);
    let at = host.iova().0;
    let state = Submission {
        flags: metisvm_firmware::submission::flags::STATE,
        ..load(3, at, 0x2000, 64)
    };
    let loads = [load(1, at, 0, program.len()), load(2, at, 0x1000, 64), state];
    card.expect(&loads, &[(Status::Ok, 0); 3])?;
    let run = Submission {
        opcode: Opcode::Run as u8,
        program_handle: 1,
        data_handle: 2,
        state_handle: 3,
        count: 1,
        input: at + INPUT,
        output: at + OUTPUT,
        input_bytes: 8,
        output_bytes: 8,
        card_address: 0x3000,
        card_bytes: 64,
        ..Submission::default()
    };
    let cases = [
        (Submission { count: 0, ..run }, Status::InvalidField, 2),
        (
            Submission {
                dtype_in: 3,
                input_bytes: 10,
                ..run
            },
            Status::InvalidField,
            5,
        ),
        (
            Submission {
                dtype_out: 2,
                output_bytes: 9,
                ..run
            },
            Status::InvalidField,
            5,
        ),
        (
            Submission {
                data_handle: 3,
                ..run
            },
            Status::UnknownHandle,
            3,
        ),
        (
            Submission {
                state_handle: 2,
                ..run
            },
            Status::UnknownHandle,
            2,
        ),
        (
            Submission {
                data_handle: 9,
                ..run
            },
            Status::UnknownHandle,
            9,
        ),
        (
            Submission {
                output: u64::MAX - 7,
                ..run
            },
            Status::DmaFault,
            0,
        ),
        (
            Submission {
                card_address: 0x1000,
                ..run
            },
            Status::CardMemory,
            0,
        ),
        (
            Submission {
                card_address: 1 << 40,
                ..run
            },
            Status::CardMemory,
            0,
        ),
    ];
    let right = (Status::Ok, crc32fast::hash(&[0; 8]));
    for (entry, status, detail) in cases {
        card.expect(&[entry, run], &[(status, detail), right])?;
    }
    Ok(())
}

/// An input that cannot be read, and what follows it.
fn unreadable_inputs(card: &mut Subject) -> Outcome {
    let host = card.buffer(HOST_BYTES);
    let program = copies(&GEOMETRY, 8).to_bytes();
    host.copy_in(PROGRAM as usize, &program);
    let at = host.iova().0;
    card.expect(&[load(1, at, 0, program.len())], &[(Status::Ok, 0)])?;
    let run = Submission {
        opcode: Opcode::Run as u8,
        program_handle: 1,
        count: 3,
        input: at + INPUT,
        output: at + OUTPUT,
        input_bytes: 8,
        output_bytes: 8,
        ..Submission::default()
    };
    // Longer than a request: some of it is on its way when the first part has failed.
    let faulty = Submission {
        input: 1 << 40,
        input_bytes: 5000,
        ..run
    };
    let right = (Status::Ok, crc32fast::hash(&[0; 24]));
    card.expect(&[faulty, run], &[(Status::DmaFault, 0), right])?;
    card.expect(&[run], &[right])
}

/// One answer of card memory about the program's data is an error: the RUN ends with it, and only the reset helps.
fn errors_of_memory(card: &mut Subject) -> Outcome {
    let script = Script::new(GEOMETRY, 25, 12);
    let expected = script.expected(card.capabilities);
    let host = card.buffer(HOST_BYTES);
    for (place, bytes) in script.places() {
        host.copy_in(place as usize, bytes);
    }
    let entries = script.entries(host.iova().0);
    let ok = (Status::Ok, 0);
    card.expect(&entries[..3], &[ok; 3])?;
    for _ in 0..2 {
        card.expect(&entries[3..], &[(Status::Internal, 0)])?;
        equal(
            "status",
            card.transport.read32(reg::STATUS),
            CardState::Fatal as u32,
        )?;
    }
    card.reset()?;
    equal(
        "status",
        card.transport.read32(reg::STATUS),
        CardState::Ready as u32,
    )?;
    card.expect(&entries[..3], &[ok; 3])?;
    card.expect(&entries[3..], &[(Status::Ok, crc32fast::hash(&expected))])?;
    equal(
        "status",
        card.transport.read32(reg::STATUS),
        CardState::Ready as u32,
    )
}

const FAULTS: &[Fault] = &[
    fault(
        "tensor$job",
        "base$4",
        "checks$base$1",
        "checks$base$0",
        programs_with_data_and_state,
    ),
    fault(
        "tensor$job",
        "size$1",
        "((input_bytes) & 48'hffffffffffff)",
        "48'hffffffff",
        addresses_outside_a_space,
    ),
    fault(
        "tensor$job",
        "at_sum$d",
        "((at_low$q) & 33'h1ffffffff) + ((input_bytes) & 33'h1ffffffff)",
        "((at_low$q) & 33'h1ffffffff)",
        items_of_any_length,
    ),
    fault(
        "tensor$job",
        "work_area$d",
        "~work_area$q",
        "1'b0",
        items_of_any_length,
    ),
    fault(
        "tensor$job",
        "out_area$d",
        "~out_area$q",
        "1'b0",
        items_of_any_length,
    ),
    fault(
        "tensor$job",
        "out_left$d",
        "out_left$q - 32'h1",
        "out_left$q >> 1",
        items_of_any_length,
    ),
    fault(
        "tensor$job",
        "detail_reg$d",
        "stage_out$checksum",
        "32'h0",
        items_of_any_length,
    ),
    fault("tensor$job", "fail_status", "32'h7", "32'h0", unreadable_inputs),
    fault(
        "tensor$job",
        "work_detail$d",
        "ended_index$q",
        "32'h0",
        addresses_outside_a_space,
    ),
    fault(
        "tensor$job$checks",
        "bad_count$d",
        "(count == 32'h0) || (count > max_batch)",
        "count > max_batch",
        malformed_runs,
    ),
    fault(
        "tensor$job$checks",
        "in_ragged",
        "(in_type[32'h1] && input_bytes[32'h0]) || ((in_type == 32'h3) && input_bytes[32'h1])",
        "in_type[32'h1] && input_bytes[32'h0]",
        malformed_runs,
    ),
    fault(
        "tensor$job$checks",
        "is_known",
        "handle_ok$q && present$q && (is_state$q == wanted)",
        "handle_ok$q && present$q",
        malformed_runs,
    ),
    fault(
        "tensor$job$checks",
        "wraps$d",
        "in_end[32'h40] || out_end[32'h40]",
        "in_end[32'h40]",
        malformed_runs,
    ),
    fault(
        "tensor$job$stage_in",
        "both",
        "both >> down$q",
        "both",
        items_of_any_length,
    ),
    fault(
        "tensor$job$stage_in",
        "length$d",
        "((bytes) & 33'h1ffffffff) + ((from[(32'h0)+:(3)]) & 33'h1ffffffff)",
        "((bytes) & 33'h1ffffffff)",
        items_of_any_length,
    ),
    fault(
        "tensor$job$stage_out",
        "masked",
        "answers$out_data & mask",
        "answers$out_data",
        items_of_any_length,
    ),
    fault(
        "tensor$job$stage_out",
        "ask_at$d",
        "ask_at$q + 32'h200",
        "ask_at$q + 32'h100",
        programs_with_data_and_state,
    ),
    fault(
        "tensor$job$stage_out",
        "crc$octet",
        "1'b1",
        "1'b0",
        items_of_any_length,
    ),
    fault(
        "tensor",
        "wr_strobe",
        "engine$wr_strobe",
        "8'hff",
        programs_with_data_and_state,
    ),
    fault(
        "tensor$external$writes",
        "engine_settled",
        "(engine_open$q == 32'h0) && (~collector$held || ~collector$engine)",
        "1'b1",
        items_of_any_length,
    ),
    fault(
        "tensor$external$writes",
        "host_settled",
        "(host_open$q == 32'h0) && (~collector$held || collector$engine)",
        "1'b1",
        items_of_any_length,
    ),
    fault(
        "tensor$external$writes",
        "engine_open$d",
        "open_n",
        "open_n - 8'h1",
        items_of_any_length,
    ),
    fault(
        "tensor$external$writes$collector",
        "held",
        "has$q",
        "1'b0",
        items_of_any_length,
    ),
    fault(
        "tensor$external$writes$collector",
        "lanes$d",
        "lanes$q | wr_strobe",
        "wr_strobe",
        items_of_any_length,
    ),
    fault(
        "tensor$external$writes$collector",
        "word$d",
        "merged",
        "wr_data",
        items_of_any_length,
    ),
    fault(
        "tensor$external$writes$collector",
        "rests",
        "room && ~wr_valid && (waited$q == patience)",
        "1'b0",
        items_of_any_length,
    ),
    fault(
        "tensor$reads",
        "is_second",
        "order$first[32'h10]",
        "1'b0",
        items_of_any_length,
    ),
];

/// Mistakes that break a rule of AXI: what the simulated memory says of them.
const RULES: &[(Fault, &str)] = &[
    (
        fault(
            "tensor$external$writes",
            "wlast",
            "words$first[32'h0]",
            "1'b1",
            programs_with_data_and_state,
        ),
        "axi_wlast is not at the last word",
    ),
    (
        fault(
            "tensor$external$writes$collector",
            "length",
            "place$q[(32'h0)+:(4)] - start$q[(32'h0)+:(4)]",
            "place$q[(32'h0)+:(4)]",
            programs_with_data_and_state,
        ),
        "axi_wlast is not at the last word",
    ),
    (
        fault(
            "tensor$external$writes",
            "wvalid",
            "words$valid && |closed$q",
            "words$valid",
            programs_with_data_and_state,
        ),
        "axi_w",
    ),
    (
        fault(
            "tensor$external$writes",
            "words$pop",
            "wready && |closed$q",
            "|closed$q",
            programs_with_data_and_state,
        ),
        "axi_w changed while it waited",
    ),
    (
        fault(
            "tensor$external$writes",
            "places$pop",
            "awready",
            "1'b1",
            programs_with_data_and_state,
        ),
        "axi_aw changed while it waited",
    ),
    (
        fault(
            "tensor$external$writes",
            "awaddr",
            "address << 32'h3",
            "(address << 32'h3) | 48'h4",
            programs_with_data_and_state,
        ),
        "an AXI burst begins within a word",
    ),
    (
        fault(
            "tensor$external$writes",
            "awlen",
            "((places$first[(32'h2d)+:(4)]) & 8'hff)",
            "8'hff",
            programs_with_data_and_state,
        ),
        "an AXI burst has more than 64 words",
    ),
    (
        fault(
            "tensor$external$reads",
            "free",
            "~valid$q || arready",
            "1'b1",
            programs_with_data_and_state,
        ),
        "axi_ar changed while it waited",
    ),
    (
        fault(
            "tensor$external$reads",
            "room",
            "burst_words - ((at$q[(32'h0)+:(6)]) & 8'hff)",
            "burst_words",
            programs_with_data_and_state,
        ),
        "an AXI burst crosses 4096 bytes",
    ),
    (
        fault(
            "tensor$external$reads",
            "araddr",
            "address << 32'h3",
            "(address << 32'h3) | 48'h800000000000",
            programs_with_data_and_state,
        ),
        "an AXI burst is outside card memory",
    ),
];

/// Mistakes about answers of card memory that are errors: where reads fail, and where writes do.
const READ_ERROR_FAULTS: &[Fault] = &[
    fault(
        "tensor$external",
        "bad_read",
        "rvalid && rd_data_ready && rresp[32'h1]",
        "1'b0",
        errors_of_memory,
    ),
    fault(
        "tensor$external",
        "has_failed$d",
        "1'b0",
        "has_failed$q",
        errors_of_memory,
    ),
];
const WRITE_ERROR_FAULTS: &[Fault] = &[
    fault(
        "tensor$external",
        "bad_write",
        "bvalid && bresp[32'h1]",
        "bvalid && bresp[32'h0]",
        errors_of_memory,
    ),
    fault(
        "tensor$external",
        "failed",
        "has_failed$q",
        "bad_write",
        errors_of_memory,
    ),
];

/// No mistake, but a smaller WORK_BUDGET than the board's: with that, nothing would get there before a test ends.
const SMALL_BUDGET: Fault = fault(
    "tensor$job",
    "over_low$d",
    "spent_low$q >= budget_low",
    "spent_low$q >= 32'd20000",
    items_of_any_length,
);
const BUDGET: u64 = 20_000;

/// No mistake either, but every word is a burst of its own.
const SINGLE_WORDS: Fault = fault(
    "tensor$external$writes$collector",
    "follows",
    "is_near && (at == place_after$q) && ~&place$q[(32'h0)+:(4)]",
    "1'b0",
    items_of_any_length,
);

/// Each check, on a card without a mistake and beside each that it must notice.
const CHECKS: &[Check] = &[
    items_of_any_length,
    programs_with_data_and_state,
    addresses_outside_a_space,
    malformed_runs,
    unreadable_inputs,
];

fn card() -> Source {
    let all = FAULTS.iter().chain([&SMALL_BUDGET]);
    let all = all.chain(RULES.iter().map(|(fault, _)| fault));
    let all: Vec<Fault> = all
        .chain(READ_ERROR_FAULTS)
        .chain(WRITE_ERROR_FAULTS)
        .chain([&SINGLE_WORDS])
        .copied()
        .collect();
    source(metisvm_boards::INFERENCE, &all)
}

fn options() -> RtlOptions {
    RtlOptions {
        // Slow enough for what does not wait for its writes.
        memory: MemoryOptions {
            latency: Duration::from_micros(2),
            ..MemoryOptions::default()
        },
        ..RtlOptions::default()
    }
}

#[test]
fn every_mistake_of_runs_is_noticed_by_its_check() {
    if has_verilator() {
        are_noticed(&card(), &options(), CHECKS, FAULTS);
    }
}

#[test]
fn what_breaks_a_rule_of_axi_is_named() {
    if !has_verilator() {
        return;
    }
    for (number, (fault, rule)) in (FAULTS.len() as u32 + 2..).zip(RULES) {
        let options = RtlOptions {
            fault: number,
            disorder: Some(6),
            ..options()
        };
        let mut card = Subject::new(&card(), &options).unwrap();
        let outcome = fault.noticed_by(&mut card);
        let broken = card.meter.broken().unwrap_or_default();
        assert!(
            outcome.is_err() && broken.contains(rule),
            "{rule}: {outcome:?}, {broken}"
        );
    }
}

#[test]
fn every_mistake_about_errors_of_memory_is_noticed() {
    if !has_verilator() {
        return;
    }
    let first = (FAULTS.len() + 2 + RULES.len()) as u32;
    let second = first + READ_ERROR_FAULTS.len() as u32;
    for (reads, first, faults) in [
        (true, first, READ_ERROR_FAULTS),
        (false, second, WRITE_ERROR_FAULTS),
    ] {
        let errors = MemoryErrors {
            address: scripts::DATA_CARD,
            bytes: scripts::DATA_BYTES as u64,
            reads,
            writes: !reads,
            response: ErrorResponse::Slave,
            times: 1,
        };
        let mut options = options();
        options.memory.errors = Some(errors);
        are_noticed_from(first, &card(), &options, &[errors_of_memory], faults);
    }
}

/// A product of so many tiles that the budget is over before it is done.
fn long_product() -> Program {
    let gemm = Gemm {
        m_tiles: 1,
        n_tiles: 1,
        k_tiles: u16::MAX,
        ..Gemm::default()
    };
    let mut builder = ProgramBuilder::new(GEOMETRY);
    builder.gemm(gemm).unwrap();
    builder.finish().unwrap()
}

#[test]
fn a_run_ends_when_its_budget_of_cycles_is_over() {
    if !has_verilator() {
        return;
    }
    let options = RtlOptions {
        fault: FAULTS.len() as u32 + 1,
        ..options()
    };
    let mut card = Subject::new(&card(), &options).unwrap();
    let host = card.buffer(HOST_BYTES);
    let at = host.iova().0;
    let (long, short) = (long_product().to_bytes(), copies(&GEOMETRY, 8).to_bytes());
    host.copy_in(0, &long);
    host.copy_in(0x1000, &short);
    let loads = [
        load(1, at, 0, long.len()),
        load(2, at + 0x1000, 0x1000, short.len()),
    ];
    card.expect(&loads, &[(Status::Ok, 0); 2]).unwrap();
    let run = |program_handle, count: u32| Submission {
        opcode: Opcode::Run as u8,
        program_handle,
        count,
        input: at + INPUT,
        output: at + OUTPUT,
        input_bytes: 8,
        output_bytes: 8,
        ..Submission::default()
    };
    let over = (Status::BudgetExceeded, 0);
    let right = |count: usize| (Status::Ok, crc32fast::hash(&vec![0; 8 * count]));
    for _ in 0..3 {
        let before = card.transport.read32(reg::COUNTERS + 8 * counter::ARRAY_STEPS);
        // The budget is each job's own: short ones behind each other do not use it up.
        let entries = [run(1, 1), run(2, 3), run(2, 3), run(2, 3)];
        let answers = [over, right(3), right(3), right(3)];
        let expected = card.expect(&entries, &answers);
        assert_eq!(expected, Ok(()));
        let worked = u64::from(card.transport.read32(reg::COUNTERS + 8 * counter::ARRAY_STEPS) - before);
        assert!((BUDGET / 2..BUDGET + 100).contains(&worked), "{worked} steps");
        // And it is that of all items together.
        assert_eq!(card.expect(&[run(2, 100), run(2, 3)], &[over, right(3)]), Ok(()));
    }
}

/// A program that copies 4096 bytes, tile by tile.
fn copied_tiles() -> Program {
    let burst = |space| Burst {
        space,
        offset: 0,
        row_stride: 0,
        dtype: Dtype::I32,
    };
    let mut builder = ProgramBuilder::new(GEOMETRY);
    let load = LoadTiles {
        buffer: metisvm_firmware::Buffer::Acc,
        base: 0,
        pitch: 0,
        rows: 1,
        cols: 64,
        from: burst(Space::Input),
        zero_point: 0,
    };
    let store = StoreTiles {
        base: 0,
        pitch: 0,
        rows: 1,
        cols: 64,
        to: burst(Space::Output),
    };
    builder.load_tiles(load).unwrap();
    builder.store_tiles(store).unwrap();
    builder.finish().unwrap()
}

/// Cycles until 32 KiB are resident and can be read, and of a RUN that copies eight items of 4096 bytes.
fn moved(memory: &MemoryOptions, fault: u32) -> [u64; 2] {
    const ITEM: u32 = 4096;
    let options = RtlOptions {
        memory: memory.clone(),
        fault,
        ..RtlOptions::default()
    };
    let mut card = Subject::new(&card(), &options).unwrap();
    let host = card.buffer(0x2_0000);
    let (at, input) = (host.iova().0, Random(9).bytes(8 * ITEM as usize));
    let (tiles, short) = (copied_tiles().to_bytes(), copies(&GEOMETRY, 8).to_bytes());
    host.copy_in(0, &tiles);
    host.copy_in(0x1000, &short);
    host.copy_in(0x8000, &input);
    let ok = (Status::Ok, 0);
    let programs = [
        load(1, at, 0, tiles.len()),
        load(2, at + 0x1000, 0x1000, short.len()),
    ];
    assert_eq!(card.expect(&programs, &[ok; 2]), Ok(()));
    let run = |program_handle, count, bytes| Submission {
        opcode: Opcode::Run as u8,
        program_handle,
        count,
        input: at + 0x8000,
        output: at + 0x1_0000,
        input_bytes: bytes,
        output_bytes: bytes,
        ..Submission::default()
    };
    let mut cycles = |entries: &[Submission], answers: &[(Status, u32)]| {
        let before = card.meter.counts().cycles;
        assert_eq!(card.expect(entries, answers), Ok(()));
        card.meter.counts().cycles - before
    };
    let right = |bytes: usize| (Status::Ok, crc32fast::hash(&input[..bytes]));
    let resident = load(3, at + 0x8000, 0x8000, input.len());
    [
        cycles(&[resident, run(2, 1, 8)], &[ok, right(8)]),
        cycles(&[run(1, 8, ITEM)], &[right(input.len())]),
    ]
}

/// Where card memory moves 64 bytes in the eight cycles in which its port does, words that come one by one cost eight
/// times what they could.
#[test]
fn bursts_spare_a_wide_memory() {
    if !has_verilator() {
        return;
    }
    let single = (FAULTS.len() + 2 + RULES.len() + READ_ERROR_FAULTS.len() + WRITE_ERROR_FAULTS.len()) as u32;
    for access_cycles in [1, 4, 8] {
        let memory = MemoryOptions {
            access_cycles,
            ..MemoryOptions::default()
        };
        let (words, bursts) = (moved(&memory, single), moved(&memory, 0));
        println!("{access_cycles} cycles for 64 bytes: {words:?} in words, {bursts:?} in bursts");
        if access_cycles == 8 {
            assert!(bursts[0] * 3 < words[0] && bursts[1] * 3 < words[1] * 2);
        }
    }
}
