//! The rings between driver and card: NOP batches between two threads, completions included.
//!
//! Prints the percentiles first (criterion reports means), then runs criterion.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group};
use metisvm_driver::measure::nop_round_trip;
use metisvm_driver::{Device, DeviceError, InProcess, Options};
use metisvm_sim::{FunctionalCard, SimOptions};

const BATCHES: [usize; 3] = [1, 32, 512];
const ROUNDS: usize = 50_000;

fn device() -> Result<Device, DeviceError> {
    let transport = InProcess::start(Box::new(FunctionalCard::new(SimOptions::default())))?;
    Device::open(Box::new(transport), Options::default())
}

fn percentiles() -> Result<(), DeviceError> {
    let device = device()?;
    println!("NOP round trip between two threads, completion included");
    println!(
        "{:>6}  {:>10}  {:>10}  {:>12}",
        "batch", "p50 ns", "p99 ns", "p50 ns/entry"
    );
    for batch in BATCHES {
        let trip = nop_round_trip(&device, batch, ROUNDS)?;
        let (p50, p99) = (trip.p50.as_nanos(), trip.p99.as_nanos());
        println!(
            "{batch:>6}  {p50:>10}  {p99:>10}  {:>12.1}",
            trip.p50_per_entry_ns()
        );
    }
    Ok(())
}

fn rings(criterion: &mut Criterion) {
    let device = device().expect("the simulated card opens");
    let mut group = criterion.benchmark_group("rings/nop");
    for batch in BATCHES {
        group.throughput(Throughput::Elements(batch as u64));
        group.bench_with_input(BenchmarkId::from_parameter(batch), &batch, |bencher, &batch| {
            bencher.iter(|| device.nop_batch(batch).expect("NOPs succeed"));
        });
    }
    group.finish();
}

criterion_group!(benches, rings);

fn main() -> Result<(), DeviceError> {
    percentiles()?;
    benches();
    Criterion::default().configure_from_args().final_summary();
    Ok(())
}
