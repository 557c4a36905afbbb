//! What a block access list buys: blocks whose transactions collide, on two threads with and without their
//! list. docs/access-lists.md has figures.

#![allow(clippy::unwrap_used)] // in the helpers, too, a panic is how a test fails

use metisvm_executor::{BlockEngine, BlockInput, EngineOptions, Threads, build_access_list};
use metisvm_workload::chains::{Scenario, WorkloadKind};
use std::{
    io::Write,
    time::{Duration, Instant},
};

const TRANSACTIONS: usize = 1_000;
const SAMPLES: usize = 31;

/// The median and the least, in milliseconds.
fn figures(mut times: Vec<Duration>) -> (f64, f64) {
    times.sort();
    let [median, least] = [times.len() / 2, 0].map(|at| times[at].as_secs_f64() * 1e3);
    (median, least)
}

/// Each sample has an engine that has seen the block before and nothing else.
#[test]
#[ignore = "measures, asserts nothing of speed: cargo test --release -p metisvm-tests --test access_list_speed -- --ignored --nocapture"]
fn colliding_blocks_with_and_without_their_lists() {
    for kind in [
        WorkloadKind::Erc20Independent,
        WorkloadKind::NftMintCounter,
        WorkloadKind::DaoVoting,
        WorkloadKind::UniswapOnePool,
        WorkloadKind::MixedDefi,
    ] {
        let scenario = Scenario::generate(kind, TRANSACTIONS, 2, 11).unwrap();
        let factory = scenario.factory();
        let first = scenario.blocks[0].input();
        let mut base = scenario.genesis.clone();
        base.apply(&build_access_list(&factory, first, &base).unwrap().0.changes);
        let block = scenario.blocks[1].input();
        let (_, list) = build_access_list(&factory, block, &base).unwrap();
        let with_list = BlockInput {
            access_list: Some(&list),
            ..block
        };
        let ways: [(&str, usize, BlockInput<'_>, bool); 5] = [
            ("1 thread", 1, block, false),
            ("1 thread, makes the list", 1, block, true),
            ("2 threads", 2, block, false),
            ("2 threads, makes the list", 2, block, true),
            ("2 threads, has the list", 2, with_list, false),
        ];
        let mut times = vec![Vec::new(); ways.len()];
        let mut aborts = vec![0; ways.len()];
        for _ in 0..SAMPLES {
            for (way, (_, threads, block, access_lists)) in ways.iter().enumerate() {
                let options = EngineOptions {
                    access_lists: *access_lists,
                    ..EngineOptions::default()
                };
                let engine = BlockEngine::with_options(Threads::new(*threads).unwrap(), options);
                engine.execute(&factory, first, &scenario.genesis).unwrap();
                let started = Instant::now();
                let executed = engine.execute(&factory, *block, &base).unwrap();
                times[way].push(started.elapsed());
                aborts[way] = executed.report.aborts;
            }
        }
        let mut out = std::io::stdout();
        writeln!(
            out,
            "{kind}, {TRANSACTIONS} transactions, {} accounts:",
            list.len()
        )
        .unwrap();
        for ((way, times), aborts) in ways.iter().zip(times).zip(aborts) {
            let (median, least) = figures(times);
            writeln!(
                out,
                "  {:<28} {median:7.2} ms, at best {least:7.2}, {aborts} aborts",
                way.0
            )
            .unwrap();
        }
    }
}
