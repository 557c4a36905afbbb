//! How quick the links are: register reads, NOPs there and back, jobs and bytes a second. A measurement.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use metisvm_driver::lines::Line;
use metisvm_driver::measure::nop_round_trip;
use metisvm_driver::{AsyncDevice, Device, InProcess, Options, Resident, RunJob, Transport};
use metisvm_firmware::registers::MAGIC;
use metisvm_firmware::{Dtype, Geometry};
use metisvm_sim::{FunctionalCard, SimOptions};
use std::collections::VecDeque;
use std::hint;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Instant;
use support::copies::copies;
use support::served::Served;

/// Each figure is the median of so many, taken one after the other.
const RUNS: usize = 5;
const ROUNDS: usize = 4_000;
/// Jobs of a run, of which so many are in flight.
const JOBS: usize = 3_000;
const IN_FLIGHT: usize = 32;
/// Bytes of an item that is copied: an element at a time, so the card's own work is in it.
const ITEM: u16 = 64;
/// Bytes of a load, which the card copies as they are, and how many are made.
const LOAD: usize = 8 << 20;
const LOADS: usize = 32;

fn card() -> FunctionalCard {
    FunctionalCard::new(SimOptions::default())
}

/// The median of several runs, the least and the greatest.
fn several(mut run: impl FnMut() -> f64) -> [f64; 3] {
    let mut values: Vec<f64> = (0..RUNS).map(|_| run()).collect();
    values.sort_by(f64::total_cmp);
    [values[RUNS / 2], values[0], values[RUNS - 1]]
}

fn line(link: &str, what: &str, unit: &str, run: impl FnMut() -> f64) {
    let [median, least, greatest] = several(run);
    println!("{link:>10}  {what:<34}  {median:>10.2}  {least:>10.2}  {greatest:>10.2}  {unit}");
}

fn register_read(transport: &dyn Transport) -> f64 {
    let mut reads: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            transport.read32(MAGIC);
            start.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    reads.sort_by(f64::total_cmp);
    reads[ROUNDS / 2]
}

/// Jobs that copy an item: the driver, the link, and the card's own work.
fn jobs_a_second(device: &Device, program: &Resident) -> f64 {
    let input = [7; ITEM as usize];
    let job = RunJob {
        program,
        data: None,
        state: None,
        workspace_bytes: 0,
        inputs: &[&input],
        output_bytes: ITEM.into(),
        dtype_in: Dtype::U8,
        dtype_out: Dtype::U8,
    };
    let start = Instant::now();
    let mut running = VecDeque::new();
    for _ in 0..JOBS {
        if running.len() == IN_FLIGHT {
            let first: metisvm_driver::Running<Vec<Vec<u8>>> = running.pop_front().unwrap();
            first.wait().unwrap();
        }
        running.push_back(device.submit(&job).unwrap());
    }
    for last in running {
        last.wait().unwrap();
    }
    JOBS as f64 / start.elapsed().as_secs_f64()
}

fn gigabytes_a_second(device: &Device) -> f64 {
    let bytes = vec![1; LOAD];
    let start = Instant::now();
    for _ in 0..LOADS {
        device.load_resident(&bytes).unwrap();
    }
    (LOADS * LOAD) as f64 / start.elapsed().as_secs_f64() / 1e9
}

fn futures_a_second(jobs: &AsyncDevice) -> f64 {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let start = Instant::now();
        let mut submitted = VecDeque::new();
        for _ in 0..JOBS {
            if submitted.len() == IN_FLIGHT {
                let first: metisvm_driver::Submitting<Vec<[u8; 32]>> = submitted.pop_front().unwrap();
                first.await.unwrap().await.unwrap();
            }
            submitted.push_back(jobs.submit_keccak(vec![vec![7; 64]]));
        }
        for last in submitted {
            last.await.unwrap().await.unwrap();
        }
        JOBS as f64 / start.elapsed().as_secs_f64()
    })
}

/// A line whose neighbours nobody fetches with it.
#[derive(Default)]
#[repr(align(256))]
struct Apart(Line);

/// What the machine needs for one NOP without driver and card: a line for the entry, one for the doorbell and one for
/// the completion, handed over between two threads that do nothing else. Microseconds, p50.
fn bare_hand_over() -> f64 {
    let apart = [(); 3].map(|()| Apart::default());
    let [entry, doorbell, completion] = apart.each_ref().map(|Apart(line)| line);
    let last = ROUNDS as u64;
    thread::scope(|scope| {
        scope.spawn(|| {
            for round in 1..=last {
                while doorbell.0[0].load(Ordering::Acquire) != round {
                    hint::spin_loop();
                }
                let read: u64 = entry.0.iter().map(|word| word.load(Ordering::Relaxed)).sum();
                completion.0[0].store(read, Ordering::Relaxed);
                completion.0[1].store(round, Ordering::Release);
            }
        });
        let mut trips: Vec<f64> = (1..=last)
            .map(|round| {
                let start = Instant::now();
                for word in &entry.0 {
                    word.store(round, Ordering::Relaxed);
                }
                doorbell.0[0].store(round, Ordering::Release);
                while completion.0[1].load(Ordering::Acquire) != round {
                    hint::spin_loop();
                }
                start.elapsed().as_secs_f64() * 1e6
            })
            .collect();
        trips.sort_by(f64::total_cmp);
        trips[ROUNDS / 2]
    })
}

/// How many queue pairs are measured; the driver's own number where nothing is said.
fn queues() -> Option<u16> {
    let asked = std::env::var("METISVM_QUEUES").ok()?;
    Some(asked.parse().expect("METISVM_QUEUES is a number of queue pairs"))
}

fn measure(link: &str, transport: impl Transport + 'static) {
    line(link, "register read", "µs", || register_read(&transport));
    let options = Options {
        queues: queues(),
        ..Options::default()
    };
    let device = Device::open(Box::new(transport), options).unwrap();
    for batch in [1, 32, 512] {
        let trip = || nop_round_trip(&device, batch, ROUNDS).unwrap();
        line(
            link,
            &format!("doorbell to completion, {batch} NOPs"),
            "µs",
            || trip().p50.as_secs_f64() * 1e6,
        );
        if batch > 1 {
            line(link, &format!("an entry, of {batch} NOPs"), "ns", || {
                trip().p50_per_entry_ns()
            });
        }
    }
    let geometry: Geometry = device.capabilities().geometry;
    let program = device.load_program(&copies(&geometry, ITEM)).unwrap();
    line(link, "runs of 64 bytes, 32 in flight", "1/s", || {
        jobs_a_second(&device, &program)
    });
    line(link, "loads of 8 MiB", "GB/s", || gigabytes_a_second(&device));
    drop(program);
    let jobs = AsyncDevice::new(Arc::new(device)).unwrap();
    line(link, "hashes as futures, 32 in flight", "1/s", || {
        futures_a_second(&jobs)
    });
}

#[test]
#[ignore = "a measurement: cargo test --release -p metisvm-sim --test link_speed -- --ignored --nocapture"]
fn links_are_measured() {
    println!(
        "{:>10}  {:<34}  {:>10}  {:>10}  {:>10}",
        "link", "", "median", "least", "greatest"
    );
    line("no link", "three lines handed over", "µs", bare_hand_over);
    measure("in process", InProcess::start(Box::new(card())).unwrap());
    let served = Served::new(card());
    measure("vfio-user", served.transport());
}
