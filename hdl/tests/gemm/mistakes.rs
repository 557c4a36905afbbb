//! Mistakes put into the Verilog of the first build, to choose from by an input.

use crate::seeded::{Fault, fault};

pub(crate) const IN_GEMM: &[Fault] = &[
    // Bounds.
    fault("$check", "added", "((n_less$q) & 34'h3ffffffff)", "34'h0"),
    fault("$check", "several_rows$d", "m_less$q != nothing", "1'b1"),
    fault("$check", "right$d", "a_step", "a_pitch"),
    fault("$check", "failed$d", "1'b1", "total$q > bound$q"),
    // Which tiles follow each other.
    fault("$sequencer", "k_is_first$d", "k_is_last$q", "1'b0"),
    fault("$sequencer", "a_row$d", "next_row", "a_row$q"),
    fault("$sequencer", "b_column$d", "next_column", "b_column$q"),
    fault(
        "$sequencer",
        "issues",
        "active$q && (room || ~k_is_last$q)",
        "active$q",
    ),
    // Rows of sums and the accumulators that they are added to.
    fault(
        "$rows",
        "room",
        "(tiles$q != capacity_tiles) && (spacing$q == no_wait)",
        "spacing$q == no_wait",
    ),
    fault("$rows", "spacing$d", "last_row", "no_wait"),
    fault(
        "$rows",
        "may_read",
        "reads$valid && (reserved$q != capacity)",
        "reads$valid",
    ),
    fault("$rows", "value", "value << 32'h8", "value << 32'h7"),
    fault(
        "$rows$reads",
        "next_start",
        "start$q + pitch_rows$q",
        "at$q + pitch_rows$q",
    ),
    // The array.
    fault(
        "$array$cells$0",
        "extended",
        "extended | sign_fill_32",
        "extended",
    ),
    fault(
        "$array$cells$0",
        "right$0$a",
        "a[(0 * 32'h9)+:(9)]",
        "a[(1 * 32'h9)+:(9)]",
    ),
    // What a stop leaves behind.
    fault("", "flushing$d", "flush_cycles", "no_cycles"),
];
