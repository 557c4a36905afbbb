//! What an inference costs on the `cpu` backend: CPU time by level, for the bundles that `METISVM_BUNDLES`
//! names (paths, separated by colons), or those of the binary; each is compared with the reference kernels first.
//!
//! `METISVM_LEVELS` names levels, separated by commas; without it, the fastest. Inputs are random bytes within
//! what the types allow, small enough to be indices. With `METISVM_STEPS=1` the steps are listed; with
//! `METISVM_THREADS=2` so many threads are compared with one, by the wall: on a batch of 16 items, and on one.

use metisvm_accel::cpu::{CpuBackend, Options};
use metisvm_accel::{Backend, Batch, Executable};
use metisvm_model::{Bundle, DType, Graph, Reference, Segment};
use metisvm_simd::Level;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// So long each model is run, at each level.
const TIME: Duration = Duration::from_millis(600);

fn main() {
    let bundled = ["digits-mlp", "digits-cnn"].map(|name| {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../cli/bundled");
        format!("{folder}/{name}.bundle")
    });
    let paths = std::env::var("METISVM_BUNDLES").unwrap_or_else(|_| bundled.join(":"));
    let levels: Vec<Level> = match std::env::var("METISVM_LEVELS") {
        Ok(names) => names
            .split(',')
            .map(|name| name.parse().expect("a level of this processor"))
            .collect(),
        Err(_) => vec![Level::best()],
    };
    let threads: Option<usize> = std::env::var("METISVM_THREADS")
        .ok()
        .and_then(|text| text.parse().ok());
    println!(
        "{:>10}  {:>10}  {:>10}  {:>8}  model",
        "median µs", "least µs", "compile ms", "GMAC/s"
    );
    for path in paths.split(':') {
        let bytes = std::fs::read(path).expect("a bundle that can be read");
        let graph = Arc::new(Bundle::decode(&bytes).expect("a sound bundle").graph);
        let input = input(&graph);
        let expected = Reference::new(graph.clone()).run(&input).expect("its own input");
        for &level in &levels {
            let backend = CpuBackend::new(Options {
                level: Some(level),
                ..Options::default()
            });
            let started = Instant::now();
            let segment = Segment::whole(graph.clone());
            let made = backend.compile(&segment).expect("it takes everything");
            let compiled = started.elapsed();
            let types = graph.inputs().iter().map(|port| &port.ty);
            let batch = Batch::from_items(types, vec![input.clone().into()]).expect("one item");
            let output = made
                .run(&batch)
                .expect("it runs")
                .into_items()
                .expect("on the host");
            assert_eq!(*output[0], *expected, "{path} at {level}");
            if std::env::var_os("METISVM_STEPS").is_some() {
                println!("{made:?}");
            }
            let times = times(|| {
                std::hint::black_box(made.run(&batch).expect("it runs"));
            });
            let median = times[times.len() / 2];
            let work = graph.work();
            let rate = (work.macs + work.wide_macs) as f64 / median / 1e3;
            println!(
                "{median:10.1}  {:10.1}  {:10.1}  {rate:8.1}  {path} at {level}",
                times[0],
                compiled.as_secs_f64() * 1e3
            );
            if let Some(threads) = threads {
                compare(&graph, &*made, &input, threads);
            }
        }
    }
}

/// Microseconds of each run, sorted.
fn times(mut run: impl FnMut()) -> Vec<f64> {
    let mut times = Vec::new();
    let started = Instant::now();
    while started.elapsed() < TIME || times.len() < 5 {
        let one = Instant::now();
        run();
        times.push(one.elapsed().as_secs_f64() * 1e6);
    }
    times.sort_by(f64::total_cmp);
    times
}

/// So many threads against one, in turn, so that both see the same machine.
fn compare(graph: &Graph, made: &dyn Executable, input: &[u8], threads: usize) {
    let pool = |threads| {
        let builder = rayon::ThreadPoolBuilder::new().num_threads(threads);
        builder.build().expect("threads")
    };
    let (one, several) = (pool(1), pool(threads));
    for items in [16, 1] {
        let types = graph.inputs().iter().map(|port| &port.ty);
        let batch = Batch::from_items(types, vec![input.to_vec().into(); items]).expect("items");
        let mut ratios = Vec::new();
        for _ in 0..5 {
            let median = |pool: &rayon::ThreadPool| {
                let times = pool.install(|| {
                    times(|| {
                        std::hint::black_box(made.run(&batch).expect("it runs"));
                    })
                });
                times[times.len() / 2]
            };
            ratios.push(median(&one) / median(&several));
        }
        ratios.sort_by(f64::total_cmp);
        println!(
            "{:>10}  {items} items: {threads} threads are {:.2} of one",
            "", ratios[2]
        );
    }
}

fn input(graph: &Graph) -> Vec<u8> {
    let mut state = 1u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) as u8
    };
    let mut all = Vec::new();
    for port in graph.inputs() {
        for _ in 0..port.ty.elements() {
            match port.ty.dtype {
                // Masks are ones and zeros, and indices small; ones are both.
                DType::I32 => all.extend(1i32.to_le_bytes()),
                DType::I16 => all.extend(i16::from(next()).to_le_bytes()),
                DType::U8 if port.name.contains("mask") => all.push(1),
                _ => all.push(next()),
            }
        }
    }
    all
}
