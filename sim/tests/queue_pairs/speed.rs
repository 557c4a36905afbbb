//! What several pairs are worth.

use super::Bench;
use crate::support::{impatient, small};
use metisvm_driver::Options;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

/// How long each measurement takes, how often it is made, and how many NOPs a thread sends at once.
const TIME: Duration = Duration::from_millis(500);
const ROUNDS: usize = 5;
const BATCHES: [usize; 2] = [1, 128];

/// NOPs a second of so many threads on a device with so many pairs, from a first to a last look at the clock.
fn nops_a_second(threads: usize, queues: u16, batch: usize) -> f64 {
    let options = Options {
        queues: Some(queues),
        timeout: Duration::from_secs(10),
        ..impatient()
    };
    let bench = Bench::new(small(), options);
    let device = &bench.device;
    let begin = Barrier::new(threads);
    thread::scope(|scope| {
        // Threads are numbered in the order in which they first use a device, so as many as pairs have one each.
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    device.nop_batch(1).unwrap();
                    begin.wait();
                    let start = Instant::now();
                    let mut done = 0;
                    while start.elapsed() < TIME {
                        device.nop_batch(batch).unwrap();
                        done += batch;
                    }
                    done as f64 / start.elapsed().as_secs_f64()
                })
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).sum()
    })
}

#[test]
#[ignore = "a measurement"]
fn nops_a_second_by_threads_and_pairs() {
    println!("threads  pairs  batch    NOPs a second: median (least to greatest)");
    for batch in BATCHES {
        for (threads, queues) in [(1, 1), (1, 2), (2, 1), (2, 2), (4, 1), (4, 4)] {
            let mut figures: Vec<f64> = (0..ROUNDS)
                .map(|_| nops_a_second(threads, queues, batch))
                .collect();
            figures.sort_by(f64::total_cmp);
            let [least, .., greatest] = figures[..] else {
                panic!("there is more than one round")
            };
            println!(
                "{threads:7}  {queues:5}  {batch:5}    {:.0} ({least:.0} to {greatest:.0})",
                figures[ROUNDS / 2]
            );
        }
    }
}
