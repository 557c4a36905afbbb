//! Mistakes put into the Verilog of both modules on the board's tiles, to choose from by an input.

use crate::seeded::{Fault, fault};

pub(crate) const IN_LOAD: &[Fault] = &[
    fault(
        "$checks",
        "outside$d",
        "last$q >= tiles_wide",
        "last$q > tiles_wide",
    ),
    fault("$checks", "over$d", "high$q > size_wide", "high$q >= size_wide"),
    fault("$checks", "under$d", "low$q[32'h33]", "1'b0"),
    fault(
        "$checks",
        "pitch_small$d",
        "written && |tile_rows_less$q && (pitch_17 <= tile_cols_less$q)",
        "written && |tile_rows_less$q && (pitch_17 < tile_cols_less$q)",
    ),
    fault("$gather", "crosses", "&place", "1'b0"),
    fault("$gather", "cut", "cut | cut_above", "cut"),
    fault(
        "$gather",
        "lo_is_held$d",
        "some2$q && (lo1$q == hi2$q)",
        "some2$q",
    ),
    fault("$gather$walker", "row_step", "row_step | sign", "row_step"),
    fault("$cursor", "row_first$d", "tile_down", "row_first$q"),
    fault("$cursor", "at_col$d", "col[(32'h0)+:(8)] & width_mask$q", "8'h0"),
    fault("$deposit", "nine", "nine - zero", "nine"),
    fault("$deposit", "bad", "to_param && ~record_good$q", "1'b0"),
    fault("$deposit", "param_write", "to_param && record_good$q", "to_param"),
    fault(
        "$bursts",
        "ends_row$d",
        "words_left$q <= ((32'h40) & 32'hffffffff)",
        "words_left$q < ((32'h40) & 32'hffffffff)",
    ),
    fault("$chunks", "at_part$d", "at_part$q + 32'h1", "at_part$q"),
    fault("", "clear", "stop || deposit$bad", "stop"),
];

pub(crate) const IN_STORE: &[Fault] = &[
    fault(
        "$checks",
        "rows_meet$d",
        "apart && |rows_less$q && (stride_wide < col_reach)",
        "1'b0",
    ),
    fault("$checks", "over$d", "high$q > size_wide", "1'b0"),
    fault("$scatter", "more$d", "|strobes[(32'h8)+:(4)]", "1'b0"),
    fault(
        "$scatter",
        "word_after$d",
        "place$q[(32'h3)+:(45)] + 32'h1",
        "place$q[(32'h3)+:(45)]",
    ),
    fault(
        "$scatter",
        "acc_address",
        "tile_rows | ((cursor$tile_row) & 24'hffffff)",
        "tile_rows",
    ),
    fault("$scatter", "bytes", "((32'h3) & 12'hfff)", "((32'hf) & 12'hfff)"),
    fault("$scatter$cursor", "entered$d", "1'b1", "1'b0"),
    fault(
        "$scatter$walker",
        "row_after",
        "next_row$q + row_step",
        "next_row$q + col_step",
    ),
    fault("$tile_words", "room$d", "~|queue$fill[(32'h3)+:(2)]", "1'b1"),
    fault("$tile_words", "built$d", "placed", "built$q | placed"),
    fault("$tile_words", "w_next_row$d", "w_row_after", "w_next_row$q"),
    fault("$tile_words", "fresh1$d", "fire && fresh", "fire"),
];
