//! Random programs on the engine, and on the functional card.

use crate::bench::{self, Model, Ran};
use crate::edges::{self, edges};
use crate::jobs::{Job, Kind, Traffic};
use crate::random::instructions;
use crate::sample;
use metisvm_firmware::Geometry;
use std::collections::BTreeMap;
use std::time::Instant;

/// How often each was seen.
type Seen = BTreeMap<String, usize>;

const STOPPED: u64 = 99;

fn check(job: &Job, ran: &Ran) -> Result<(), String> {
    if job.kind == Kind::Stopped && ran.status == STOPPED {
        // What was asked for before comes, with latency, and everything is at rest.
        return if ran.resting < 4000 {
            Ok(())
        } else {
            Err(format!("{} cycles until it is idle", ran.resting))
        };
    }
    if !job.ends.contains(&(ran.status, ran.index)) {
        return Err(format!(
            "it ends with {} at {}, not {:?}",
            ran.status, ran.index, job.ends
        ));
    }
    if ran.status == 0 && (ran.items != job.items || ran.hash != job.hash) {
        return Err("memory is not the functional card's".to_owned());
    }
    Ok(())
}

fn see(geometry: &Geometry, job: &Job, ran: &Ran, seen: &mut Seen) {
    let mut see = |what: String| *seen.entry(what).or_default() += 1;
    see(format!("status {}", ran.status));
    if ran.status != 0 {
        return;
    }
    for (module, stream) in job.streams.iter().enumerate() {
        for instruction in stream {
            see(sample::kind(&instruction.operation));
            let tokens = instruction.encode()[0] >> 8 & 15;
            see(format!("tokens {module} {tokens:04b}"));
            edges(geometry, &instruction.operation)
                .into_iter()
                .for_each(&mut see);
        }
    }
}

/// Programs until there are so many instructions.
fn run(model: &Model, instructions: usize, seed: u64, seen: &mut Seen) -> usize {
    let mut traffic = Traffic::new(model.geometry, seed);
    let mut jobs = Vec::new();
    let mut count = 0;
    while count < instructions {
        let job = traffic.job();
        count += job.streams.iter().map(Vec::len).sum::<usize>();
        jobs.push(job);
    }
    let all = model.feed(&format!("traffic-{seed}"), &traffic.text).unwrap();
    assert_eq!(all.len(), jobs.len());
    for (number, (job, ran)) in jobs.iter().zip(&all).enumerate() {
        if let Err(what) = check(job, ran) {
            panic!("program {number}: {what}\n{ran:?}\n{job:#?}");
        }
        see(&model.geometry, job, ran, seen);
    }
    count
}

/// What must be seen: a class of it, and its names.
fn classes(geometry: &Geometry) -> [(&'static str, Vec<String>); 4] {
    let patterns = [(0, 0b1010_u64), (1, 0b1111), (2, 0b0101)];
    let tokens = patterns.iter().flat_map(|(module, allowed)| {
        (0..16_u64)
            .filter(move |mask| mask & !allowed == 0)
            .map(move |mask| format!("tokens {module} {mask:04b}"))
    });
    let statuses = [0, 8, 9, 10, 11, 12, 13, 14, STOPPED].map(|status| format!("status {status}"));
    [
        ("opcode × space × scratchpad × type", sample::kinds()),
        ("edges of operands", edges::all(geometry)),
        ("patterns of tokens", tokens.collect()),
        ("statuses", statuses.to_vec()),
    ]
}

/// Says how much of each class was seen, and that none of it less often than it must be.
fn report(geometry: &Geometry, seen: &Seen, least: usize) {
    let count = |what: &String| seen.get(what).copied().unwrap_or(0);
    let mut missed = Vec::new();
    for (class, names) in classes(geometry) {
        let there = names.iter().filter(|name| count(name) > 0).count();
        let rarest = names.iter().min_by_key(|name| count(name)).unwrap();
        println!(
            "{class}: {there} of {}, {rarest:?} {} times",
            names.len(),
            count(rarest)
        );
        missed.extend(
            names
                .into_iter()
                .filter(|name| count(name) < least)
                .map(|name| (count(&name), name)),
        );
    }
    assert!(missed.is_empty(), "less often than {least} times: {missed:#?}");
}

/// Random programs of so many instructions as a rule, and how often everything must have been seen in these.
fn agrees(model: &Model, as_a_rule: usize, least: usize) {
    let mut seen = Seen::new();
    let most = instructions(as_a_rule);
    let (mut count, begin) = (0, Instant::now());
    for seed in 1.. {
        if count >= most {
            break;
        }
        count += run(model, 20_000.min(most), seed, &mut seen);
    }
    println!("{count} instructions in {:?}", begin.elapsed());
    report(&model.geometry, &seen, if most < as_a_rule { 0 } else { least });
}

#[test]
fn programs_on_tiles_of_4_4_4_end_as_on_the_functional_card() {
    if let Some(model) = bench::small() {
        agrees(model, 100_000, 5);
    }
}

#[test]
fn programs_on_the_engine_that_is_routed_end_as_on_the_functional_card() {
    if let Some(model) = bench::ecp5() {
        agrees(model, 5_000, 0);
    }
}

#[test]
fn programs_on_tiles_of_8_8_4_end_as_on_the_functional_card() {
    if let Some(model) = bench::eight() {
        agrees(model, 20_000, 1);
    }
}
