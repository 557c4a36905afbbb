//! Random programs on the engine, and on the functional card.

use crate::bench::{Model, Ran};
use crate::jobs::{Job, Kind, Traffic};
use crate::random::instructions;
use crate::sample;
use metisvm_firmware::Geometry;
use metisvm_hdl::tensor::array::twin::Multipliers;
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

fn see(job: &Job, ran: &Ran, seen: &mut Seen) {
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
        }
    }
}

/// Programs until there are so many instructions.
fn run(model: &Model, geometry: Geometry, instructions: usize, seed: u64, seen: &mut Seen) -> usize {
    let mut traffic = Traffic::new(geometry, seed);
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
        see(job, ran, seen);
    }
    count
}

fn all_seen(seen: &Seen, least: usize) {
    let patterns = [(0, 0b1010_u64), (1, 0b1111), (2, 0b0101)];
    let tokens = patterns.iter().flat_map(|(module, allowed)| {
        (0..16_u64)
            .filter(move |mask| mask & !allowed == 0)
            .map(move |mask| format!("tokens {module} {mask:04b}"))
    });
    let statuses = [0, 8, 9, 10, 11, 12, 13, 14, STOPPED].map(|status| format!("status {status}"));
    for what in sample::kinds().into_iter().chain(tokens).chain(statuses) {
        let count = seen.get(&what).copied().unwrap_or(0);
        assert!(count >= least, "{what}: {count} of {seen:#?}");
    }
}

#[test]
fn programs_on_tiles_of_4_4_4_end_as_on_the_functional_card() {
    let geometry = Geometry::SMALL;
    let Some(model) = Model::new(&geometry, Multipliers::Single { dedicated: 32 }, 1) else {
        return;
    };
    let mut seen = Seen::new();
    let most = instructions(100_000);
    let (mut count, begin) = (0, Instant::now());
    for seed in 1.. {
        if count >= most {
            break;
        }
        count += run(&model, geometry, 20_000.min(most), seed, &mut seen);
    }
    println!("{count} instructions in {:?}: {seen:?}", begin.elapsed());
    all_seen(&seen, most.min(100_000) / 20_000);
}
