//! Mistakes put into what the card does of a RUN besides its engine, whose own are seeded in `hdl/tests`: all in one build
//! and chosen by an input, each noticed by the check that is there for it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use metisvm_firmware::registers::{self as reg, counter};
use metisvm_firmware::{
    Dtype, Gemm, Geometry, Lanes, Load, Opcode, Program, ProgramBuilder, Space, Status, Store, Submission,
    Walk,
};
use metisvm_sim::RtlOptions;
use metisvm_sim::rtl::Source;
use std::time::Duration;
use support::Random;
use support::rtl::has_verilator;
use support::scripts::{self, Ending, HOST_BYTES, INPUT, ITEMS, OUTPUT, OUTPUT_BYTES, PROGRAM, Script, load};
use support::seeded::{Check, Fault, Outcome, Subject, are_noticed, equal, fault, source};

/// The board's.
const GEOMETRY: Geometry = Geometry::SMALL;

/// A program that copies as many bytes as an item has.
fn copies(bytes: u16) -> Program {
    let lanes = Lanes {
        pitch: bytes.div_ceil(GEOMETRY.tile_cols),
        rows: 1,
        cols: bytes,
        ..Lanes::default()
    };
    let walk = |space| Walk {
        space,
        offset: 0,
        row_stride: bytes.into(),
        col_stride: 1,
        dtype: Dtype::U8,
    };
    let mut builder = ProgramBuilder::new(GEOMETRY);
    let load = Load {
        buffer: metisvm_firmware::Buffer::Acc,
        to: lanes,
        from: walk(Space::Input),
        zero_point: 0,
    };
    let store = Store {
        from: lanes,
        to: walk(Space::Output),
    };
    builder.load(load).unwrap();
    builder.store(store).unwrap();
    builder.finish().unwrap()
}

/// Copies items of so many bytes, which lie side by side.
fn copied(card: &mut Subject, bytes: u16, count: usize) -> Outcome {
    let host = card.buffer(HOST_BYTES);
    let program = copies(bytes).to_bytes();
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
    let program = copies(8).to_bytes();
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
    let program = copies(8).to_bytes();
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
        "engine_index",
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
        "handle_ok$q && run_present && (run_is_state == wanted)",
        "handle_ok$q && run_present",
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
        "rd_data & mask",
        "rd_data",
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
        "tensor$external$reads",
        "room",
        "burst_words - ((at$q[(32'h0)+:(6)]) & 8'hff)",
        "burst_words",
        programs_with_data_and_state,
    ),
    fault(
        "tensor$external$writes",
        "engine_settled",
        "engine_open$q == 32'h0",
        "1'b1",
        items_of_any_length,
    ),
    fault(
        "tensor$external$writes",
        "host_settled",
        "host_open$q == 32'h0",
        "1'b1",
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

/// No mistake, but a smaller WORK_BUDGET than the board's: with that, nothing would get there before a test ends.
const SMALL_BUDGET: Fault = fault(
    "tensor$job",
    "over_low$d",
    "spent_low$q >= budget_low",
    "spent_low$q >= 32'd20000",
    items_of_any_length,
);
const BUDGET: u64 = 20_000;

/// Each check, on a card without a mistake and beside each that it must notice.
const CHECKS: &[Check] = &[
    items_of_any_length,
    programs_with_data_and_state,
    addresses_outside_a_space,
    malformed_runs,
    unreadable_inputs,
];

fn card() -> Source {
    let all: Vec<Fault> = FAULTS.iter().chain([&SMALL_BUDGET]).copied().collect();
    source(metisvm_boards::INFERENCE, &all)
}

fn options() -> RtlOptions {
    RtlOptions {
        // Slow enough for what does not wait for its writes.
        memory_latency: Duration::from_micros(2),
        ..RtlOptions::default()
    }
}

#[test]
fn every_mistake_of_runs_is_noticed_by_its_check() {
    if has_verilator() {
        are_noticed(&card(), &options(), CHECKS, FAULTS);
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
    let (long, short) = (long_product().to_bytes(), copies(8).to_bytes());
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
