//! Mistakes put into what the card does of a RUN besides its engine, whose own are seeded in `hdl/tests`: all in one build
//! and chosen by an input, each noticed by the check that is there for it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod bursts;
mod checks;
mod mistakes;
#[path = "../support/mod.rs"]
mod support;

use checks::{
    GEOMETRY, addresses_outside_a_space, errors_of_memory, items_of_any_length, malformed_runs,
    programs_with_data_and_state, unreadable_inputs,
};
use metisvm_firmware::registers::{self as reg, counter};
use metisvm_firmware::{Gemm, Opcode, Program, ProgramBuilder, Status, Submission};
use metisvm_sim::RtlOptions;
use metisvm_sim::rtl::{ErrorResponse, MemoryErrors, MemoryOptions};
use mistakes::{
    BUDGET, FAULTS, READ_ERROR_FAULTS, RULES, WRITE_ERROR_FAULTS, card, first_read_error, first_rule,
    first_write_error, small_budget,
};
use std::time::Duration;
use support::copies::copies;
use support::rtl::has_verilator;
use support::scripts::{self, HOST_BYTES, INPUT, OUTPUT, load};
use support::seeded::{Check, Subject, are_noticed, are_noticed_from};

/// Each check, on a card without a mistake and beside each that it must notice.
const CHECKS: &[Check] = &[
    items_of_any_length,
    programs_with_data_and_state,
    addresses_outside_a_space,
    malformed_runs,
    unreadable_inputs,
];

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
    for (number, (fault, rule)) in (first_rule()..).zip(RULES) {
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
    for (reads, first, faults) in [
        (true, first_read_error(), READ_ERROR_FAULTS),
        (false, first_write_error(), WRITE_ERROR_FAULTS),
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
        fault: small_budget(),
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
