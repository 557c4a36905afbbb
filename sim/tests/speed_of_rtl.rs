//! How fast a card in RTL is simulated: a measurement.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use metisvm_driver::{Device, InProcess, Options};
use metisvm_firmware::registers::features;
use metisvm_sim::RtlOptions;
use metisvm_sim::rtl::Counts;
use std::time::{Duration, Instant};
use support::rtl;

#[test]
#[ignore = "a measurement: cargo test --release -p metisvm-sim --test speed_of_rtl -- --ignored --nocapture"]
fn cycles_a_second() {
    let Some(capabilities) = rtl::board() else { return };
    let card = rtl::card(&RtlOptions::default());
    let meter = card.meter();
    let options = Options {
        timeout: Duration::from_secs(60),
        ..Options::default()
    };
    let device = Device::open(Box::new(InProcess::start(Box::new(card)).unwrap()), options).unwrap();
    let report = |what: &str, before: Counts, start: Instant| {
        let (seconds, counts) = (start.elapsed().as_secs_f64(), meter.counts());
        let cycles = (counts.cycles - before.cycles) as f64;
        let megabytes = (counts.read_bytes - before.read_bytes) as f64 / 1e6;
        println!(
            "{what}: {cycles} cycles in {seconds:.3} s, {:.2} M cycles/s; {megabytes:.1} MB read",
            cycles / seconds / 1e6
        );
    };
    let (before, start) = (meter.counts(), Instant::now());
    device.nop_batch(20_000).unwrap();
    report("20,000 NOPs", before, start);
    let (before, start) = (meter.counts(), Instant::now());
    let bytes = capabilities.card_memory_bytes.min(4 << 20) as usize;
    drop(device.load_resident(&vec![7; bytes]).unwrap());
    report(&format!("a load of {bytes} bytes"), before, start);
    if capabilities.features & features::KECCAK != 0 {
        let message = [5; 136];
        let count = capabilities.keccak_max_messages.min(16_384) as usize;
        let messages = vec![&message[..]; count];
        let (before, start) = (meter.counts(), Instant::now());
        device.keccak(&messages).unwrap();
        report(&format!("{count} messages of 136 bytes hashed"), before, start);
    }
}
