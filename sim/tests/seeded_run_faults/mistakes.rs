//! The mistakes, and two changes that are none. Their numbers are their places in [`all`], from 1 on.

use crate::checks::{
    addresses_outside_a_space, errors_of_memory, items_of_any_length, malformed_runs,
    programs_with_data_and_state, unreadable_inputs,
};
use crate::support::seeded::{Fault, fault, source};
use metisvm_sim::rtl::Source;

pub(crate) const FAULTS: &[Fault] = &[
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
pub(crate) const RULES: &[(Fault, &str)] = &[
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
pub(crate) const READ_ERROR_FAULTS: &[Fault] = &[
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
pub(crate) const WRITE_ERROR_FAULTS: &[Fault] = &[
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
pub(crate) const SMALL_BUDGET: Fault = fault(
    "tensor$job",
    "over_low$d",
    "spent_low$q >= budget_low",
    "spent_low$q >= 32'd20000",
    items_of_any_length,
);
pub(crate) const BUDGET: u64 = 20_000;

/// No mistake either, but every word is a burst of its own.
pub(crate) const SINGLE_WORDS: Fault = fault(
    "tensor$external$writes$collector",
    "follows",
    "is_near && (at == place_after$q) && ~&place$q[(32'h0)+:(4)]",
    "1'b0",
    items_of_any_length,
);

/// The card with all of them.
pub(crate) fn card() -> Source {
    source(metisvm_boards::INFERENCE, &all())
}

/// All of them, in the order of their numbers.
fn all() -> Vec<Fault> {
    let rules = RULES.iter().map(|(fault, _)| fault);
    let all = FAULTS.iter().chain([&SMALL_BUDGET]).chain(rules);
    let all = all.chain(READ_ERROR_FAULTS).chain(WRITE_ERROR_FAULTS);
    all.chain([&SINGLE_WORDS]).copied().collect()
}

/// The number of [`SMALL_BUDGET`].
pub(crate) fn small_budget() -> u32 {
    FAULTS.len() as u32 + 1
}

/// The number of the first of [`RULES`].
pub(crate) fn first_rule() -> u32 {
    small_budget() + 1
}

/// The number of the first of [`READ_ERROR_FAULTS`].
pub(crate) fn first_read_error() -> u32 {
    first_rule() + RULES.len() as u32
}

/// The number of the first of [`WRITE_ERROR_FAULTS`].
pub(crate) fn first_write_error() -> u32 {
    first_read_error() + READ_ERROR_FAULTS.len() as u32
}

/// The number of [`SINGLE_WORDS`].
pub(crate) fn single_words() -> u32 {
    first_write_error() + WRITE_ERROR_FAULTS.len() as u32
}
