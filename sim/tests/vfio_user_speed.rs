//! How long it takes from a doorbell over a socket to its completion, and a register access: a measurement.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use metisvm_driver::measure::nop_round_trip;
use metisvm_driver::{Device, Transport};
use metisvm_firmware::registers::MAGIC;
use metisvm_sim::{FunctionalCard, SimOptions};
use std::time::Instant;
use support::served::Served;

const ROUNDS: usize = 20_000;

#[test]
#[ignore = "a measurement: cargo test --release -p metisvm-sim --test vfio_user_speed -- --ignored --nocapture"]
fn doorbells_and_registers_over_a_socket() {
    let served = Served::new(FunctionalCard::new(SimOptions::default()));
    let transport = served.transport();
    let mut reads: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            transport.read32(MAGIC);
            start.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    reads.sort_by(f64::total_cmp);
    println!("{:>24}  {:>8}  {:>8}", "", "p50 µs", "p99 µs");
    println!(
        "{:>24}  {:>8.1}  {:>8.1}",
        "register read",
        reads[ROUNDS / 2],
        reads[ROUNDS * 99 / 100]
    );
    let device = Device::open(Box::new(transport), metisvm_driver::Options::default()).unwrap();
    for batch in [1, 32, 512] {
        let trip = nop_round_trip(&device, batch, ROUNDS / 4).unwrap();
        let (p50, p99) = (trip.p50.as_secs_f64() * 1e6, trip.p99.as_secs_f64() * 1e6);
        println!(
            "{:>24}  {p50:>8.1}  {p99:>8.1}",
            format!("doorbell, {batch} NOPs")
        );
    }
}
