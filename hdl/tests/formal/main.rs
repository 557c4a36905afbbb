//! What the shell's blocks never do, proven by k-induction with yosys: properties of `*.sv` are put into the emitted
//! modules, whose registers they name.
//!
//! Each proof is done again with a fault in the block, which it must find: a property that nothing can break says
//! nothing.

#![allow(
    clippy::unwrap_used,
    reason = "a panic is how a test fails, in its helpers too"
)]

mod blocks;
mod memory;
mod yosys;

use blocks::Block;
use yosys::{Outcome, is_there, prove};

/// Proves a block's properties. Then puts in each of the faults, a text of the emitted Verilog and what takes its place,
/// and has the proof fail.
fn check(block: &Block, faults: &[(&str, &str)]) {
    if !is_there() {
        return;
    }
    assert_eq!(prove("sound", block, &block.verilog), Outcome::Proven);
    for (index, (text, instead)) in faults.iter().enumerate() {
        let count = block.verilog.matches(text).count();
        assert_eq!(count, 1, "{}: {text} stands there {count} times", block.name);
        let faulty = block.verilog.replacen(text, instead, 1);
        let outcome = prove(&format!("fault{index}"), block, &faulty);
        assert_ne!(outcome, Outcome::Proven, "{}: {instead} for {text}", block.name);
    }
}

#[test]
fn fetcher_asks_for_nothing_outside_its_command() {
    check(&blocks::fetcher(), &[]);
}

#[test]
fn fifo_never_overflows_and_keeps_the_order() {
    check(&blocks::fifo(), &[]);
}

#[test]
fn writer_writes_only_where_words_belong() {
    check(&blocks::writer(), &[]);
}

#[test]
fn keccak_job_reads_its_batch_and_writes_its_output_alone() {
    check(&blocks::keccak_job(), &[]);
}

#[test]
fn reader_uses_no_tag_twice() {
    check(&blocks::reader(), &[]);
}

#[test]
fn cluster_grants_one_core_and_gives_digests_in_turn() {
    check(&blocks::cluster(), &[]);
}

#[test]
fn queue_answers_what_it_fetched_and_stays_within_its_rings() {
    check(&blocks::queue(), &[]);
}
