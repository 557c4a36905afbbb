//! Generated graphs on the card in RTL: what the compiler makes of them gives the bits of the reference there as well.
//!
//! The conformance suite (`backends.rs`) runs them on the functional card, in all geometries and depths. Here the smaller
//! ones run on the card that Verilator makes, checked mode on.

use bytes::Bytes;
use metisvm_accel::fpga::{self, CompileError, FpgaBackend, Mode, Options};
use metisvm_accel::{Backend, Batch};
use metisvm_firmware::Capabilities;
use metisvm_firmware::registers::features;
use metisvm_model::{Graph, Reference, Segment};
use metisvm_sim::rtl::{Meter, boards, library};
use metisvm_sim::{RtlCard, RtlOptions};
use metisvm_tests::rng::Rng;
use metisvm_tests::{backend_suite, cards, graphs};
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Of work that a graph may be, in units of cost: most take a tenth as many cycles.
const MOST_WORK: u64 = 400_000;
/// Items of a graph, one batch.
const ITEMS: usize = 2;
/// Cards, each on a thread of its own.
const CARDS: usize = 2;

/// How many seeds are looked at: `METISVM_RTL_GRAPHS`, or few.
fn seeds() -> u64 {
    let asked = std::env::var("METISVM_RTL_GRAPHS").ok();
    asked.map_or(250, |text| text.parse().expect("METISVM_RTL_GRAPHS is a number"))
}

/// A backend on a card in RTL, which has no other way to a result: it does not reset a card that fails.
fn backend() -> (FpgaBackend, Meter, Capabilities) {
    let source = boards::named(metisvm_boards::INFERENCE).expect("the board for simulation");
    let cache = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("metisvm");
    let card = RtlCard::new(&source, &RtlOptions::default(), &cache, &|_| {}).expect("the card builds");
    let (meter, capabilities) = (card.meter(), *card.capabilities());
    assert_ne!(
        capabilities.features & features::TENSOR,
        0,
        "the board has an engine"
    );
    // A graph takes a fraction of a second; a loaded machine may be slow.
    let patient = metisvm_driver::Options {
        timeout: Duration::from_secs(60),
        ..metisvm_driver::Options::default()
    };
    let device = cards::open(card, patient).expect("a sound card opens");
    let options = Options {
        checked: true,
        max_resets: 0,
        max_wrong_results: 1,
    };
    (FpgaBackend::new(device, options), meter, capabilities)
}

/// What became of the graphs.
#[derive(Debug, Default)]
struct Tally {
    ran: u64,
    nodes: u64,
    cycles: u64,
    most_cycles: u64,
    /// In the card's registers, in the programs' cost, or with nodes that it does not take.
    too_large: u64,
    too_long: u64,
    in_parts: u64,
}

impl Tally {
    fn add(&mut self, other: &Self) {
        self.ran += other.ran;
        self.nodes += other.nodes;
        self.cycles += other.cycles;
        self.most_cycles = self.most_cycles.max(other.most_cycles);
        self.too_large += other.too_large;
        self.too_long += other.too_long;
        self.in_parts += other.in_parts;
    }
}

/// Runs a graph whole, if it is small and the card takes all of it.
fn run(
    seed: u64,
    graph: Graph,
    (backend, meter, capabilities): &(FpgaBackend, Meter, Capabilities),
    tally: &mut Tally,
) {
    let graph = Arc::new(graph);
    let nodes = graph.nodes().len();
    let segment = Segment::whole(graph.clone());
    let whole = 0..nodes;
    if backend.takes(&graph) != [whole] {
        tally.in_parts += 1;
        return;
    }
    match fpga::compile(&segment, capabilities, Mode::Checked) {
        Ok(compiled) if compiled.work <= MOST_WORK => {}
        Ok(_) => {
            tally.too_long += 1;
            return;
        }
        Err(CompileError::TooLarge { .. }) => {
            tally.too_large += 1;
            return;
        }
        Err(error) => panic!("graph {seed}: {error}"),
    }
    let mut rng = Rng::new(!seed);
    let items: Vec<Vec<u8>> = (0..ITEMS).map(|_| graphs::input(&graph, &mut rng)).collect();
    let types = segment.inputs().iter().map(|&value| graph.ty(value));
    let batch = items.iter().map(|item| Bytes::copy_from_slice(item)).collect();
    let batch = Batch::from_items(types, batch).expect("made for this graph");
    let executable = backend
        .compile(&segment)
        .unwrap_or_else(|error| panic!("graph {seed}: {error}"));
    let before = meter.counts().cycles;
    let output = executable
        .run(&batch)
        .unwrap_or_else(|error| panic!("graph {seed}: {error}"));
    let cycles = meter.counts().cycles - before;
    let found = output.to_items().expect("it ran");
    let reference = Reference::new(graph);
    for (item, found) in items.iter().zip(found) {
        let expected = reference.run(item).expect("made for this graph");
        assert!(found == expected, "graph {seed}: other bits than the reference");
    }
    tally.ran += 1;
    tally.nodes += nodes as u64;
    tally.cycles += cycles;
    tally.most_cycles = tally.most_cycles.max(cycles);
}

#[test]
fn small_generated_graphs_give_the_bits_of_the_reference_in_rtl() {
    if library::verilator().is_err() {
        let _ = std::io::stdout().write_all(b"\nleft out: generated graphs in RTL (verilator not found)\n");
        return;
    }
    let seeds = seeds();
    assert!(seeds <= backend_suite::GRAPHS);
    let next = AtomicU64::new(0);
    let work = || {
        let card = backend();
        let mut tally = Tally::default();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds {
                break;
            }
            run(seed, graphs::of_version_1(seed).0, &card, &mut tally);
        }
        assert!(card.0.healthy(), "the card was never out of service");
        assert_eq!(card.1.broken(), None);
        tally
    };
    let mut total = Tally::default();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..CARDS).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            total.add(
                &worker
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            );
        }
    });
    let text = format!("\ngenerated graphs in RTL, of {seeds}: {total:?}\n");
    let _ = std::io::stdout().write_all(text.as_bytes());
    assert!(total.ran * 4 > seeds, "few graphs are small enough: {total:?}");
}
