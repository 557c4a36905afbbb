//! What a token takes on the `cpu` backend that a GPT-2 of 124 million parameters generates, on one thread, beside
//! what the same thread takes to add up as many bytes as its weights have, in ordinary pages and in large ones: one by
//! one in turn, so that all see the same machine. `METISVM_LEVELS` names levels, separated by commas; without it, the
//! fastest. An argument is a part of the names of what is measured.
//!
//! The bits are compared with those of the reference kernels first. With `METISVM_STEPS=1` the steps are listed;
//! `METISVM_TURNS` says how many turns there are (201), and so does `METISVM_SAMPLES`, as of all benchmarks.

mod graph;

use graph::{CONTEXT, LAYERS, Sites, Step, VOCABULARY, WIDTH, step};
use memmap2::MmapMut;
use metisvm_accel::cpu::{CpuBackend, Options};
use metisvm_accel::{Backend, Batch};
use metisvm_model::{DType, Graph, Reference, Segment};
use metisvm_simd::Level;
use metisvm_simd::elements::{Slice, reduce_sum};
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

/// Microseconds of a call.
fn time(call: impl FnOnce()) -> f64 {
    let started = Instant::now();
    call();
    started.elapsed().as_secs_f64() * 1e6
}

fn median(mut samples: Vec<f64>) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples[samples.len() / 2]
}

fn main() {
    let wanted = std::env::args()
        .skip(1)
        .find(|a| !a.starts_with("--"))
        .unwrap_or_default();
    let levels: Vec<Level> = match std::env::var("METISVM_LEVELS") {
        Ok(names) => names
            .split(',')
            .map(|name| name.parse().expect("a level of this processor"))
            .collect(),
        Err(_) => vec![Level::best()],
    };
    let number = |name| {
        std::env::var(name)
            .ok()
            .and_then(|text| text.parse::<usize>().ok())
    };
    let turns = number("METISVM_TURNS").or_else(|| number("METISVM_SAMPLES"));
    println!("{LAYERS} layers of {WIDTH}, context {CONTEXT}, vocabulary {VOCABULARY}; medians of turns, µs");
    println!(
        "{:30} {:>8} {:>9} {:>9} {:>8} {:>9} {:>7}",
        "", "a step", "a token", "reading", "GB/s", "of large", "GB/s"
    );
    for (name, tokens, sites) in [
        ("1 token, bytes", 1, Sites::Bytes),
        ("1 token, words", 1, Sites::Words),
        ("8 tokens, bytes", 8, Sites::Bytes),
    ] {
        if !name.contains(&wanted) {
            continue;
        }
        let Step { graph, weights } = step(tokens, sites);
        let graph = Arc::new(graph);
        let input = input(&graph);
        let expected = Reference::new(graph.clone()).run(&input).expect("its own input");
        let memory = vec![1_i32; weights / 4];
        let map = in_large_pages(weights / 4 * 4);
        let large: &[i32] = bytemuck::cast_slice(&map);
        for &level in &levels {
            let backend = CpuBackend::new(Options {
                level: Some(level),
                ..Options::default()
            });
            let made = backend
                .compile(&Segment::whole(graph.clone()))
                .expect("it takes everything");
            let types = graph.inputs().iter().map(|port| &port.ty);
            let batch = Batch::from_items(types, vec![input.clone().into()]).expect("one item");
            let run = || made.run(&batch).expect("it runs");
            let output = run().into_items().expect("on the host");
            assert!(*output[0] == *expected, "other bits at {level}");
            if std::env::var_os("METISVM_STEPS").is_some() {
                println!("{made:?}");
            }
            let read = |memory: &[i32]| {
                black_box(reduce_sum(level, Slice::I32(black_box(memory))));
            };
            let mut samples: [Vec<f64>; 3] = Default::default();
            for _ in 0..turns.unwrap_or(201) {
                samples[0].push(time(|| drop(black_box(run()))));
                samples[1].push(time(|| read(&memory)));
                samples[2].push(time(|| read(large)));
            }
            let ratio = |of: usize| {
                let ratios = samples[of].iter().zip(&samples[0]);
                median(ratios.map(|(reading, ours)| reading / ours).collect())
            };
            let ratios = [1, 2].map(ratio);
            let [ours, small, large] = samples.map(median);
            let rate = |time: f64| weights as f64 / time / 1e3;
            println!(
                "{:30} {ours:8.0} {:9.0} {small:9.0} {:8.1} {large:9.0} {:7.1}   {:.2} and {:.2} of a step",
                format!("{name}, {level}"),
                ours / f64::from(tokens),
                rate(small),
                rate(large),
                ratios[0],
                ratios[1]
            );
        }
    }
}

/// As many bytes in large pages, where the system has them.
fn in_large_pages(bytes: usize) -> MmapMut {
    let mut map = MmapMut::map_anon(bytes).expect("memory");
    #[cfg(target_os = "linux")]
    if let Err(error) = map.advise(memmap2::Advice::HugePage) {
        println!("no large pages: {error}");
    }
    map.fill(1);
    map
}

/// Random states; small numbers for the token and its position.
fn input(graph: &Graph) -> Vec<u8> {
    let mut state = 1_u64;
    let mut all = Vec::new();
    for port in graph.inputs() {
        for _ in 0..port.ty.elements() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            match port.ty.dtype {
                DType::I32 => all.extend(((state >> 33) as i32 % VOCABULARY as i32).to_le_bytes()),
                _ => all.push((state >> 33) as u8),
            }
        }
    }
    all
}
