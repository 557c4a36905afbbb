//! What blocks of the shell and of the tensor pipeline never do, and what the requantise unit always does, proven by
//! k-induction with yosys: properties of `*.sv` are put into the
//! emitted modules, whose registers they name.
//!
//! Each proof is done again with a fault in the block, which it must find: a property that nothing can break
//! says nothing.

#![allow(
    clippy::unwrap_used,
    reason = "a panic is how a test fails, in its helpers too"
)]

mod blocks;
mod memory;
mod yosys;

use blocks::Block;
use yosys::{Outcome, is_there, prove};

/// Proves a block's properties. Then puts in each of the faults, a text of the emitted Verilog and what takes
/// its place, and has the proof fail.
fn check(block: &Block, faults: &[(&str, &str)]) {
    if !is_there() {
        return;
    }
    assert_eq!(
        prove("sound", block, &block.verilog, block.steps),
        Outcome::Proven
    );
    // What is assumed contradicts nothing: with it, what is false is not proven.
    let hollow = Block {
        properties: format!("{}\nalways @(*) assert (0);\n", block.properties),
        ..block.clone()
    };
    assert_eq!(prove("hollow", &hollow, &block.verilog, 1), Outcome::Refuted);
    let is_found = |(index, (text, instead)): (usize, &(&str, &str))| {
        let count = block.verilog.matches(text).count();
        assert_eq!(count, 1, "{}: {text} stands there {count} times", block.name);
        let faulty = block.verilog.replacen(text, instead, 1);
        let outcome = prove(&format!("fault{index}"), block, &faulty, block.depth);
        assert_ne!(outcome, Outcome::Proven, "{}: {instead} for {text}", block.name);
    };
    // Two at a time: the longest proof is not left to one processor.
    let (even, odd): (Vec<_>, Vec<_>) = faults.iter().enumerate().partition(|(index, _)| index % 2 == 0);
    std::thread::scope(|scope| {
        scope.spawn(|| even.into_iter().for_each(is_found));
        odd.into_iter().for_each(is_found);
    });
}

#[test]
fn fetcher_asks_for_nothing_outside_its_command() {
    check(
        &blocks::fetcher(),
        &[
            ("room_n = ((32'h200)", "room_n = ((32'h208)"),
            ("<= room_n", "< room_n"),
            ("left$d = left$q - room_wide", "left$d = left$q"),
        ],
    );
}

#[test]
fn fifo_never_overflows_and_keeps_the_order() {
    check(
        &blocks::fifo(),
        &[
            ("nearly = 4'h6", "nearly = 4'h9"),
            ("has_two = ~slice$in_ready ||", "has_two = ~slice$in_ready &&"),
            ("reads = (head$q != tail$q) &&", "reads ="),
            ("(~has_two || pops)", "1'b1"),
        ],
    );
}

#[test]
fn writer_writes_only_where_words_belong() {
    check(
        &blocks::writer(),
        &[
            ("held$q == 32'h3f", "held$q == 32'h47"),
            ("boundary$q == 32'h1)", "boundary$q == 32'h0)"),
            ("beats_n = beats_held$q + 32'h1", "beats_n = beats_held$q"),
            ("wd_last = sending$q == 32'h1", "wd_last = sending$q == 32'h2"),
            ("idle = ~active && (held$q == 32'h0)", "idle = ~active"),
        ],
    );
}

#[test]
fn keccak_job_reads_its_batch_and_writes_its_output_alone() {
    check(
        &blocks::keccak_job(),
        &[
            ("last_byte$q > batch_wide", "last_byte$q > most"),
            ("piece$d = 32'h40", "piece$d = 32'h48"),
            ("words_left$q == 32'h1", "words_left$q == 32'h0"),
            ("if (limit < ", "if (limit >= "),
        ],
    );
}

#[test]
fn reader_uses_no_tag_twice() {
    check(
        &blocks::reader(),
        &[
            ("blocked = used$q | outstanding$q", "blocked = used$q"),
            ("tag_beats = 7'b100000", "tag_beats = 7'b100001"),
            ("rounded = req_bytes + 32'h7", "rounded = req_bytes"),
        ],
    );
}

#[test]
fn cluster_grants_one_core_and_gives_digests_in_turn() {
    check(
        &blocks::cluster(),
        &[
            ("begun$d = ~in_end", "begun$d = 1'b0"),
            ("order$push = fire && first_beat", "order$push = fire"),
            ("lanes$1$out_valid && order$valid", "lanes$1$out_valid"),
            ("order$pop = out_fire && word_last", "order$pop = out_fire"),
            ("target_ready && (begun$q || ~order$full)", "target_ready"),
            ("last_core = 4'h2", "last_core = 4'h3"),
        ],
    );
}

#[test]
fn queue_answers_what_it_fetched_and_stays_within_its_rings() {
    check(
        &blocks::queue(),
        &[
            (
                "completed$d = completed$q + 32'h1",
                "completed$d = completed$q + 32'h2",
            ),
            ("~sel_enabled || (sel_fresh && sel_pending)", "~sel_enabled"),
            (
                "~sel_enabled || (sel_fresh && sel_pending)",
                "sel_fresh && sel_pending",
            ),
            ("else if (next_burst$at_start)", "else if (1'b0)"),
            ("count$d = next_burst$count", "count$d = 4'h8"),
        ],
    );
}

#[test]
fn burst_is_what_was_submitted_and_has_room() {
    check(
        &blocks::burst(),
        &[
            ("room$d = entries$q - unreported_wide", "room$d = entries$q"),
            ("to_end$d = entries$q - slot$q", "to_end$d = entries$q"),
            ("to_page = ((32'h40)", "to_page = ((32'h48)"),
        ],
    );
}

#[test]
fn tokens_are_neither_lost_nor_made_and_none_begins_without_its_own() {
    check(
        &blocks::tokens(),
        &[
            (
                "load_compute$d = load_compute$q + 32'h1",
                "load_compute$d = load_compute$q + 32'h2",
            ),
            ("push$2 && ~pop$2", "push$2"),
            ("(~tokens$0[32'h3] || ~&load_compute$q)", "1'b1"),
            ("(~tokens$2[32'h0] || |compute_store$q)", "1'b1"),
            ("waits$1 = ready$1 && ~fits$1", "waits$1 = ready$1"),
        ],
    );
}

#[test]
fn stream_asks_for_its_instructions_once_and_for_no_more_than_it_has_room_for() {
    check(
        &blocks::stream(),
        &[
            ("most_reserved = 7'b110000", "most_reserved = 7'b110001"),
            ("left$d = left$q - piece_left", "left$d = left$q"),
            ("if (popped)", "if (out_pop)"),
        ],
    );
}

#[test]
fn fetch_gives_words_to_whom_they_belong_and_lets_streams_take_turns() {
    check(
        &blocks::fetch(),
        &[
            ("whose == 1)", "whose != 0)"),
            (
                "serve$1 = streams$1$wants && ~streams$0$wants;",
                "serve$1 = 1'b0;",
            ),
            ("keeps = comes && ~flush", "keeps = comes"),
            ("expected = expected << 32'h2", "expected = expected << 32'h1"),
        ],
    );
}

#[test]
fn runner_flushes_until_nothing_is_under_way() {
    check(
        &blocks::runner(),
        &[
            ("at_rest && fetch$drained", "at_rest"),
            ("(state$q == 32'h1) && fetch$drained", "(state$q == 32'h1)"),
        ],
    );
}

#[test]
fn turns_grant_one_and_keep_nobody_waiting() {
    check(
        &blocks::turns(),
        &[
            (
                "second_ready = its_turn || ~first_valid",
                "second_ready = its_turn",
            ),
            ("first_ready = ~its_turn", "first_ready = 1'b1"),
            ("patience = 3'b111", "patience = 3'b110"),
            (
                "second_valid && first_valid && ~its_turn",
                "first_valid && ~its_turn",
            ),
        ],
    );
}

#[test]
fn accumulators_are_written_by_whom_the_port_was_granted() {
    check(
        &blocks::accumulators(),
        &[
            (
                "memories$0$write_data = compute_write_row$0",
                "memories$0$write_data = load_write_row$0",
            ),
            (
                "load_writes = load_write_valid && writes$second_ready",
                "load_writes = writes$second_ready",
            ),
            ("mask = compute_write_mask", "mask = load_write_mask"),
            (
                "read_address = compute_read_address",
                "read_address = store_read_address",
            ),
            (
                "memories$1$write_enable = mask[1]",
                "memories$1$write_enable = mask[0]",
            ),
        ],
    );
}

#[test]
fn read_share_gives_words_to_whom_they_belong_and_load_no_more_than_its_part() {
    check(
        &blocks::read_share(),
        &[
            ("~for_load", "1'b1"),
            ("owner = owner | ", "owner = owner & "),
            ("owed$d = owed_more - 32'h1", "owed$d = owed_more"),
            ("given$d = 32'h0", "given$d = 32'h1"),
        ],
    );
}

#[test]
fn collector_makes_bursts_of_words_that_follow_each_other() {
    check(
        &blocks::collector(),
        &[
            ("joins = is_near && (at == place$q)", "joins = is_near"),
            ("(at == place_after$q)", "(at > place$q)"),
            ("patience = 3'b100", "patience = 3'b101"),
            ("has$q && (wr_engine == user$q)", "has$q"),
        ],
    );
}

#[test]
fn axi_writes_offers_whole_bursts_and_says_nothing_is_written_before_its_answer() {
    check(
        &blocks::axi_writes(),
        &[
            ("wvalid = words$valid && |closed$q", "wvalid = words$valid"),
            ("bvalid && |host_open$q", "|host_open$q"),
            ("if (collector$engine)", "if (~collector$engine)"),
            ("~words$full && ~places$full", "~words$full"),
            ("place | length", "place"),
        ],
    );
}

#[test]
fn product_is_that_of_accumulator_and_multiplier() {
    check(
        &blocks::product(),
        &[
            (
                "acc_high_signed * multiplier_signed",
                "acc_high * multiplier_wide",
            ),
            ("high_wide << 32'h10", "high_wide << 32'hf"),
            ("acc_reg$q[(32'h0)+:(16)]", "acc_reg$q[(32'h1)+:(16)]"),
            ("acc_low * multiplier_wide", "acc_low"),
        ],
    );
}

#[test]
fn requantise_is_the_contract_for_every_product_shift_zero_point_and_type() {
    check(
        &blocks::requantise(),
        &[
            ("shift_delay$2$q & coarse_mask", "shift_delay$1$q & coarse_mask"),
            ("bumped = shifted_reg$q + one_48", "bumped = shifted_reg$q"),
            ("if (bumped[32'h2f])", "if (1'b0)"),
            ("above_i16 = 48'hffffffff8000", "above_i16 = 48'hffffffff0000"),
            ("below = without_sign & negative", "below = 1'b0"),
        ],
    );
}
