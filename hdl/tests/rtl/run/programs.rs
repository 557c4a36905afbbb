//! Programs on the runner, between a memory that stalls and modules that take their time.

use super::expected::{End, Links, ends};
use super::jobs::{Fault, Job, full_links, job};
use super::models::Model;
use super::{jobs, models};
use crate::random::{Random, instructions};
use std::collections::BTreeMap;

/// How often an item, or opening a program, ended with a status; and stopped jobs, as 99.
type Seen = BTreeMap<u16, usize>;

fn end(line: &str) -> End {
    let mut numbers = line.split(' ').skip(1);
    let mut number = || numbers.next().unwrap().parse::<u32>().unwrap();
    (number() as u16, number())
}

/// Holds what happened in a job against what must.
fn check(job: &Job, seed: u64, lines: &[&str], seen: &mut Seen) -> Result<(), String> {
    let (opened, items) = ends(job, seed);
    let mut items = items.iter();
    let mut links = Links::new(job);
    let mut through = false;
    for line in lines {
        match line.split_at(1).0 {
            "o" => {
                let is = end(line);
                if is != opened {
                    return Err(format!("{line}, not {opened:?}"));
                }
                through = is.0 != 0;
                if is.0 != 0 {
                    *seen.entry(is.0).or_default() += 1;
                }
            }
            "s" => {
                let mut fields = line.split(' ').skip(1);
                let of = fields.next().unwrap().parse().unwrap();
                let words: Vec<u64> = fields
                    .map(|word| u64::from_str_radix(word, 16).unwrap())
                    .collect();
                links.starts(of, &words.try_into().unwrap())?;
            }
            "e" => links.ends(line[2..].parse().unwrap()),
            "d" => {
                let right = items.next().ok_or("an item too many")?;
                let is = end(line);
                if !right.contains(&is) {
                    return Err(format!("{line}, not one of {right:?}"));
                }
                if is.0 == 0 && !links.is_finished() {
                    return Err(format!("done too early: {links:?}"));
                }
                *seen.entry(is.0).or_default() += 1;
                links = Links::new(job);
                through = items.len() == 0;
            }
            "x" => {
                *seen.entry(99).or_default() += 1;
                through = true;
            }
            _ => return Err((*line).to_owned()),
        }
    }
    if through {
        Ok(())
    } else {
        Err("it is not at its end".to_owned())
    }
}

/// Runs jobs one after the other on one runner, with a seeded mistake or 0. Gives what was seen, or what was wrong
/// first.
pub(crate) fn compare(
    model: &Model,
    fault: usize,
    name: &str,
    seed: u64,
    all: &[Job],
) -> Result<Seen, String> {
    let mut random = Random(seed);
    let mut text = String::new();
    for job in all {
        job.write(&mut random, &mut text);
    }
    let answer = model.try_feed(name, &text, fault).ok_or("the model fails")?;
    let lines: Vec<&str> = answer.lines().collect();
    let mut seen = Seen::new();
    let mut answers = lines.split(|line| *line == ".");
    for (number, job) in all.iter().enumerate() {
        let lines = answers.next().unwrap_or(&[]);
        check(job, seed.wrapping_add(number as u64), lines, &mut seen)
            .map_err(|what| format!("job {number}: {what}\n{job:x?}\n{lines:?}"))?;
    }
    Ok(seen)
}

fn run(name: &str, seed: u64, all: &[Job]) -> Option<Seen> {
    match compare(models::runner()?, 0, name, seed, all) {
        Ok(seen) => Some(seen),
        Err(what) => panic!("{what}"),
    }
}

#[test]
fn run_of_any_program_ends_as_the_functional_card_has_it() {
    let mut random = Random(77);
    // A program has some 25 instructions.
    let count = instructions(75_000) / 25;
    let all: Vec<Job> = (0..count).map(|_| job(&mut random)).collect();
    let Some(seen) = run("programs", 78, &all) else {
        return;
    };
    println!("ends by status, 99 being stopped jobs: {seen:?}");
    for (status, of) in [
        (0, 2),
        (8, 20),
        (9, 100),
        (10, 100),
        (11, 100),
        (12, 10),
        (13, 25),
        (14, 40),
        (99, 40),
    ] {
        let seen = seen.get(&status).copied().unwrap_or(0);
        assert!(seen >= count / of, "status {status}: {seen}");
    }
}

#[test]
fn run_fills_a_link_with_1023_tokens_and_no_more() {
    let Some(seen) = run("full_links", 5, &full_links()) else {
        return;
    };
    assert!([0, 12, 13].iter().all(|status| seen[status] >= 8), "{seen:?}");
}

#[test]
fn run_begins_a_failing_job_s_successor_from_the_start() {
    // Tokens, indices and queues of a job that fails are not the next one's.
    let mut random = Random(6);
    let nop = jobs::nop;
    let deadlock = Job::of([vec![nop(0, 8); 3], vec![nop(1, 1), nop(1, 2)], vec![]]);
    let sound = Job::of([vec![nop(0, 8)], vec![nop(1, 1)], vec![nop(2, 0); 90]]);
    let mut all = Vec::new();
    for i in 0..200 {
        let mut first = if i % 2 == 0 {
            deadlock.clone()
        } else {
            job(&mut random)
        };
        if i % 5 == 0 {
            first.faults = vec![Fault {
                item: 0,
                module: i % 3,
                nth: 0,
                status: 9,
            }];
        }
        all.extend([first, sound.clone()]);
    }
    run("successors", 7, &all);
}

/// Jobs of each kind, given up in one cycle after the other, each before one that is whole.
pub(crate) fn stops(random: &mut Random, first: u64, last: u64) -> Vec<Job> {
    let whole = Job::of([
        vec![jobs::nop(0, 8)],
        vec![jobs::nop(1, 1)],
        vec![jobs::nop(2, 0); 3],
    ]);
    (first..=last)
        .flat_map(|stop| {
            let given_up = Job { stop, ..job(random) };
            [given_up, whole.clone()]
        })
        .collect()
}

#[test]
fn run_is_given_up_in_any_cycle() {
    let mut random = Random(9);
    let mut all = Vec::new();
    for _ in 0..8 {
        all.extend(stops(&mut random, 1, 250));
    }
    let Some(seen) = run("stops", 10, &all) else {
        return;
    };
    // The others are at their end before.
    assert!(seen[&99] > 1_400 && seen[&0] > 2_000, "{seen:?}");
}

#[test]
fn run_judges_a_store_apart_from_one_that_was_given_up() {
    // Two rows of two bytes: apart, or one over the other.
    let store = |row_stride: u64| [6 | 2 << 24, 2 << 48, 2, row_stride | 1 << 32];
    let mut all = Vec::new();
    for stop in 10..100 {
        for [given_up, next] in [[1, 2], [2, 1]] {
            let job = |stride| Job::of([vec![], vec![], vec![store(stride); 3]]);
            all.extend([
                Job {
                    stop,
                    ..job(given_up)
                },
                job(next),
            ]);
        }
    }
    run("stores", 8, &all);
}
