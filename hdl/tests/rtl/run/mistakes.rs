//! Mistakes put into the Verilog of the runner and of a slot, to choose from by an input.

use crate::seeded::{Fault, fault};

pub(crate) const IN_RUNNER: &[Fault] = &[
    // Tokens: room is not asked for; one is given too early; one is forgotten; what is left is not seen.
    fault(
        "$links",
        "fits$0",
        "(~tokens$0[32'h1] || |compute_load$q) && (~tokens$0[32'h3] || ~&load_compute$q)",
        "(~tokens$0[32'h1] || |compute_load$q)",
    ),
    fault(
        "$links",
        "push$2",
        "ends$1 && compute_gives_store$q",
        "begins$1 && tokens$1[32'h3]",
    ),
    fault(
        "$links",
        "compute_gives_load$d",
        "tokens$1[32'h2]",
        "tokens$1[32'h2] && ready$0",
    ),
    fault(
        "$links",
        "pop$1",
        "begins$0 && tokens$0[32'h1]",
        "begins$0 && tokens$0[32'h3]",
    ),
    fault(
        "$links",
        "left",
        "|load_compute$q || |compute_load$q || |compute_store$q || |store_compute$q",
        "|load_compute$q || |compute_load$q || |compute_store$q",
    ),
    fault("$links", "waits$1", "ready$1 && ~fits$1", "~fits$1"),
    fault("$links", "at$2$d", "begins$2 || (at$2$q && ~ends$2)", "begins$2"),
    // What a failing program leaves behind.
    fault("", "links$clear", "~in_item", "1'b0"),
    fault("$fetch$streams$0", "queue$clear", "flush", "1'b0"),
    fault(
        "$slots$2",
        "apart$start",
        "count$q == 32'h4",
        "(count$q == 32'h4) && ~apart$busy",
    ),
    fault("", "silent$d", "1'b1", "1'b0"),
    // Fetching: more than there is room for; too little; a time in which words are still to come.
    fault(
        "$fetch$streams$0",
        "asks$d",
        "|left$q && (reserved$q <= most_reserved)",
        "|left$q",
    ),
    fault(
        "$fetch$streams$0",
        "reserved_n",
        "reserved_n - 32'h1",
        "reserved_n",
    ),
    fault(
        "$fetch$streams$0",
        "piece_n",
        "((left$q[(32'h0)+:(2)]) & 3'h7)",
        "32'h4",
    ),
    fault(
        "$fetch",
        "drained",
        "~pending$q && ~waits_header$q && (order$fill == 32'h0)",
        "~pending$q && ~waits_header$q",
    ),
    // The header.
    fault(
        "$header",
        "allowed$d",
        "(available$q <= limit_wide) && |available$q",
        "(available$q < limit_wide) && |available$q",
    ),
    fault(
        "$header",
        "sum_fits$d",
        "all$q == available_wide",
        "all$q[24:0] == available_wide[24:0]",
    ),
    fault(
        "$header",
        "place_store$d",
        "place_compute$q + compute_wide",
        "place_compute$q",
    ),
    // Indices, ends, and answers.
    fault("$slots$1", "is_ended$d", "left$q == 32'h0", "left$q <= 32'h1"),
    fault("$slots$0", "at$d", "next$q", "next$q + 32'h1"),
    fault("", "index_n", "slots$0$next_index", "slots$0$index"),
    fault("", "status_n", "module_status$1", "module_status$0"),
];

pub(crate) const IN_SLOT: &[Fault] = &[
    fault("$decode", "tokens_ok$d", "~|words$0[(32'hc)+:(4)]", "1'b1"),
    fault(
        "$decode",
        "writable",
        "(field_24$q >= ((32'h2) & 4'hf)) && (field_24$q <= ((32'h4) & 4'hf))",
        "field_24$q <= ((32'h4) & 4'hf)",
    ),
    fault(
        "$decode",
        "any_28$d",
        "|words$0[(32'h1c)+:(4)]",
        "|words$0[(32'h1c)+:(3)]",
    ),
    fault(
        "$decode",
        "offset_whole$d",
        "~|words$2[(32'h10)+:(3)]",
        "~|words$2[(32'h10)+:(2)]",
    ),
    fault(
        "$apart",
        "inner_apart$d",
        "one_inner$q || (stride$q >= element32)",
        "one_inner$q || (stride$q > element32)",
    ),
    fault("$apart", "too_far$d", "|high$q[(32'h10)+:(16)]", "1'b0"),
    fault(
        "$apart",
        "passes",
        "inner_apart$q && (one_outer$q || (~too_far$q && (reach$q <= outer_wide)))",
        "inner_apart$q && ~too_far$q && (reach$q <= outer_wide)",
    ),
    fault("$apart", "stride$d", "row$q", "col$q"),
    fault("$apart", "col$d", "none - col_stride", "col_stride"),
];
