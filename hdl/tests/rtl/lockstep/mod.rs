//! Blocks of the shell in lockstep: rust-hdl's simulation and Verilator, every output of every cycle.
//!
//! A [`Bench`] is what stands around a block: it answers the block as its neighbours in the card do, with
//! stalls at random and garbage where nothing counts, and holds it against a model of what the block is for.
//! It drives rust-hdl's simulation; what went in is then given to the emitted Verilog, in Verilator.

mod axi_writes;
mod bank;
mod beats;
mod cluster;
mod counters;
mod crc32;
mod entries;
mod executor;
mod fetcher;
mod fifo;
mod handles;
mod keccak_batch;
mod keccak_job;
mod ports;
mod queue;
mod queue_host;
mod reader;
mod registers;
mod unpacker;
mod vector;
mod verilated;
mod write_side;
mod writer;

use crate::random::Random;
use ports::Values;
use rust_hdl::prelude::{Bits, Block, In, Signal, simulate};

/// Updates after which a change must have died out.
const MOST_UPDATES: usize = 64;

/// What stands around a block.
pub(crate) trait Bench {
    /// The block.
    type Block: Block;

    /// Sets the clock.
    fn clock(block: &mut Self::Block, level: bool);

    /// Sets the inputs of a cycle. Outputs that depend on registers alone are those of this cycle already.
    fn drive(&mut self, block: &mut Self::Block, random: &mut Random);

    /// Looks at a cycle that has settled, before the edge that ends it.
    fn look(&mut self, block: &Self::Block);
}

/// The input's value, cut to its width.
pub(crate) fn put<const N: usize>(signal: &mut Signal<In, Bits<N>>, value: u64) {
    let value = if N < 64 { value & ((1 << N) - 1) } else { value };
    signal.next = value.into();
}

/// Runs a block so many cycles, then the same in Verilator. Gives the first difference.
fn difference<B: Bench>(
    name: &str,
    mut block: B::Block,
    bench: &mut B,
    seed: u64,
    cycles: usize,
) -> Option<String> {
    block.connect_all();
    let ports = ports::of(name, &block);
    let mut random = Random(seed);
    let mut inputs = Values::default();
    let mut outputs = Values::default();
    let settle = |block: &mut B::Block, what: &str| {
        assert!(simulate(block, MOST_UPDATES), "{name}: {what} do not settle");
    };
    for _ in 0..cycles {
        bench.drive(&mut block, &mut random);
        settle(&mut block, "inputs");
        ports::read(name, &block, &mut inputs, &mut outputs);
        bench.look(&block);
        for level in [true, false] {
            B::clock(&mut block, level);
            settle(&mut block, "registers");
        }
    }
    let verilated = verilated::run(name, &ports, &inputs)?;
    let width = ports.words(ports::Direction::Out);
    assert_eq!(verilated.len(), outputs.len());
    let mut pairs = verilated.chunks(width).zip(outputs.chunks(width)).enumerate();
    let (cycle, (verilog, rust)) = pairs.find(|(_, (verilog, rust))| verilog != rust)?;
    let difference = ports.difference(verilog, rust);
    Some(format!("{name}, seed {seed}, cycle {cycle}: {difference}"))
}

/// Runs a block so many cycles, in rust-hdl and in Verilator.
pub(crate) fn run<B: Bench>(name: &str, block: B::Block, bench: &mut B, seed: u64, cycles: usize) {
    if let Some(difference) = difference(name, block, bench, seed, cycles) {
        panic!("{difference}");
    }
}
