//! The bundled block with each backend, on one thread: sender recovery, execution, roots. Every sample
//! has a fresh dispatcher (no memo from the sample before); opening cards and adding models is outside
//! of the timed part, compiling them for the card is inside.

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use metisvm::args::{Backend, Engine};
use metisvm::composition;
use metisvm::engine::DispatcherEngine;
use metisvm_executor::{BlockEngine, Threads, run_block_file};
use std::sync::Arc;

fn block(c: &mut Criterion) {
    let file = metisvm::bundled::block().expect("the bundled block is whole");
    let models = metisvm::bundled::models().expect("the bundled models are whole");
    let blocks = BlockEngine::new(Threads::new(1).expect("the calling thread is there"));
    let mut group = c.benchmark_group("bundled block");
    group.throughput(Throughput::Elements(file.block.body.transactions.len() as u64));
    let variants = [
        ("reference", Backend::Reference, false),
        ("cpu", Backend::Cpu, false),
        ("fpga checked, functional card", Backend::Fpga, false),
        ("fpga trusted, functional card", Backend::Fpga, true),
    ];
    for (name, backend, trust_card) in variants {
        let engine = Engine {
            trust_card,
            ..Engine::of(vec![backend])
        };
        group.bench_function(BenchmarkId::new("execute", name), |b| {
            b.iter_batched(
                || {
                    let composed = composition::compose(&engine, &models);
                    assert!(composed.problems.is_empty(), "{:?}", composed.problems);
                    Arc::new(DispatcherEngine::new(composed.dispatcher))
                },
                |engine| run_block_file(&file, Some(engine), &blocks).expect("it executes"),
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = block
}
criterion_main!(benches);
