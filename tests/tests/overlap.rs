//! Programs of the compiler of the `fpga` backend overlap, and their tokens order all that must be ordered.
//!
//! What the programs compute in random orders is the matter of `backends.rs`, whose cards draw one for each run.

use metisvm_accel::fpga::{self, Compiled, Mode};
use metisvm_firmware::program::Link;
use metisvm_firmware::{Geometry, Instruction, Module, Program};
use metisvm_model::{Graph, Segment};
use metisvm_sim::SimOptions;
use metisvm_sim::machine::{Machine, Spaces};
use metisvm_sim::races::{self, Disorder};
use metisvm_sim::schedule::Schedule;
use metisvm_sim::streams::Streams;
use metisvm_tests::cards::GEOMETRIES;
use metisvm_tests::graphs;
use metisvm_tests::rng::Rng;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

const GRAPHS: u64 = 600;

/// What a card takes of a generated graph, compiled.
fn programs(graph: &Arc<Graph>, geometry: Geometry, mode: Mode) -> Vec<(Segment, Compiled)> {
    let card = SimOptions::new(geometry).capabilities;
    let runs = fpga::takes(graph, &geometry);
    let segment = |run| Segment::part(graph.clone(), run);
    runs.into_iter()
        .map(segment)
        .filter_map(|segment| fpga::compile(&segment, &card, mode).ok().map(|c| (segment, c)))
        .collect()
}

#[test]
fn tokens_order_whatever_two_modules_touch() {
    let (mut checked, mut free) = (0_u64, 0_u64);
    for seed in 0..GRAPHS {
        let graph = Arc::new(graphs::of_version_1(seed).0);
        let mode = if seed % 2 == 0 { Mode::Fast } else { Mode::Checked };
        for (name, geometry) in GEOMETRIES {
            for (_, compiled) in programs(&graph, geometry, mode) {
                races::check(&compiled.program, &geometry)
                    .unwrap_or_else(|disorder| panic!("graph {seed}, {name}: {disorder}"));
                checked += 1;
                free += u64::from(overlaps(&compiled.program));
            }
        }
    }
    assert!(checked > 4_000, "{checked} programs");
    // A program of one step has nothing to overlap; most have several.
    assert!(free * 2 > checked, "{free} of {checked} programs overlap");
}

/// Whether load and compute may run at once anywhere: some orders differ.
fn overlaps(program: &Program) -> bool {
    let bytes = program.to_bytes();
    let streams = streams(&bytes);
    let order = |seed| {
        let mut schedule = Schedule::new(seed);
        schedule.rewind(&streams);
        std::iter::from_fn(|| schedule.next(&streams).expect("it ends")).collect::<Vec<u32>>()
    };
    let first = order(1);
    (2..8).any(|seed| order(seed) != first)
}

fn streams(bytes: &[u8]) -> Streams {
    let stop = AtomicBool::new(false);
    Streams::read(bytes, 1 << 20, &Geometry::MEDIUM, &stop).expect("it is well-formed")
}

/// The program without the `nth` token of a link; none if there are fewer.
fn without(program: &Program, link: Link, nth: usize) -> Option<Program> {
    let mut instructions: Vec<Instruction> = program.instructions().copied().collect();
    let (giver, taker) = match link {
        Link::LoadToCompute => (Module::Load, Module::Compute),
        Link::ComputeToLoad => (Module::Compute, Module::Load),
        Link::ComputeToStore => (Module::Compute, Module::Store),
        Link::StoreToCompute => (Module::Store, Module::Compute),
    };
    let forward = (giver as usize) < taker as usize;
    let of = |module: Module| move |i: &&mut Instruction| i.operation.module() == module;
    let push = instructions
        .iter_mut()
        .filter(of(giver))
        .map(|i| {
            if forward {
                &mut i.dependencies.push_next
            } else {
                &mut i.dependencies.push_prev
            }
        })
        .filter(|flag| **flag)
        .nth(nth)?;
    *push = false;
    let pop = instructions
        .iter_mut()
        .filter(of(taker))
        .map(|i| {
            if forward {
                &mut i.dependencies.pop_prev
            } else {
                &mut i.dependencies.pop_next
            }
        })
        .filter(|flag| **flag)
        .nth(nth)?;
    *pop = false;
    Some(Program::new(instructions).expect("it was well-formed"))
}

/// What a program makes of an input in an order of its own.
fn run(compiled: &Compiled, program: &Program, geometry: Geometry, input: &[u8], seed: u64) -> Vec<u8> {
    let bytes = program.to_bytes();
    let streams = streams(&bytes);
    let stop = AtomicBool::new(false);
    let mut machine = Machine::new(geometry);
    machine.poison();
    let mut output = vec![0xa5; compiled.output_bytes];
    let mut workspace = vec![0x5a; compiled.workspace_bytes as usize];
    let mut schedule = Schedule::new(seed);
    schedule.rewind(&streams);
    while let Some(index) = schedule.next(&streams).expect("it ends") {
        let mut spaces = Spaces {
            resident: &compiled.resident,
            input,
            output: &mut output,
            workspace: &mut workspace,
            state: &mut [],
        };
        // A record that is used before it is there is a fault of its own.
        if machine.execute(streams.get(index), &mut spaces, &stop).is_err() {
            return Vec::new();
        }
    }
    output
}

#[test]
fn a_program_without_one_of_its_tokens_is_found_and_goes_wrong() {
    const ORDERS: u64 = 24;
    let links = [
        Link::LoadToCompute,
        Link::ComputeToLoad,
        Link::ComputeToStore,
        Link::StoreToCompute,
    ];
    let (mut dropped, mut found, mut wrong) = ([0_u64; 4], [0_u64; 4], [0_u64; 4]);
    for seed in 0..60 {
        let graph = Arc::new(graphs::of_version_1(seed).0);
        for (_, geometry) in [GEOMETRIES[1], GEOMETRIES[2], GEOMETRIES[7]] {
            for (segment, compiled) in programs(&graph, geometry, Mode::Fast) {
                let mut rng = Rng::new(seed);
                let input: Vec<u8> = (0..segment.input_bytes()).map(|_| rng.next() as u8).collect();
                let right = run(&compiled, &compiled.program, geometry, &input, 0);
                assert!(!right.is_empty());
                for (at, link) in links.into_iter().enumerate() {
                    for nth in [0, 1, 5] {
                        let Some(program) = without(&compiled.program, link, nth) else {
                            continue;
                        };
                        dropped[at] += 1;
                        let outputs =
                            (0..ORDERS).map(|order| run(&compiled, &program, geometry, &input, order));
                        let differs = outputs.filter(|output| *output != right).count() > 0;
                        let race = matches!(races::check(&program, &geometry), Err(Disorder::Race { .. }));
                        // What is in order in every way gives the right result in every order.
                        assert!(race || !differs, "graph {seed}: a race that is not found");
                        found[at] += u64::from(race);
                        wrong[at] += u64::from(differs);
                    }
                }
            }
        }
    }
    println!("of {dropped:?} tokens dropped, {found:?} were found missing, {wrong:?} by a wrong result");
    for at in 0..4 {
        assert!(dropped[at] > 50, "{dropped:?}");
        // The others are tokens that further ones make superfluous.
        assert!(found[at] * 4 > dropped[at] * 3, "{found:?} of {dropped:?}");
        assert!(wrong[at] > 10, "{wrong:?} of {dropped:?}");
    }
}
