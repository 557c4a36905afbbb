//! Blocks: plain revm against our engine, interleaved.

#[global_allocator]
static GLOBAL: mimalloc::MiMalloc = mimalloc::MiMalloc;

use alloy_evm::{
    EthEvmFactory, EvmFactory,
    block::BlockExecutor,
    eth::{EthBlockExecutionCtx, EthBlockExecutor, receipt_builder::AlloyReceiptBuilder},
};
use metisvm_executor::*;
use metisvm_vm::{ChainSpec, MetisEvmFactory};
use revm::database::{CacheDB, State};
use std::{
    borrow::Cow,
    sync::Arc,
    time::{Duration, Instant},
};

fn plain<DB: alloy_evm::block::StateDB + std::fmt::Debug>(
    spec: &ChainSpec,
    block: BlockInput<'_>,
    db: DB,
) -> u64
where
    DB::Error: Send + Sync,
{
    let header = block.header;
    let context = EthBlockExecutionCtx {
        parent_hash: header.parent_hash,
        parent_beacon_block_root: header.parent_beacon_block_root,
        ommers: block.ommers,
        withdrawals: block.withdrawals.map(Cow::Borrowed),
        extra_data: header.extra_data.clone(),
        tx_count_hint: Some(block.transactions.len()),
        slot_number: None,
    };
    let evm = EthEvmFactory::default().create_evm(db, spec.evm_env(header));
    let mut executor = EthBlockExecutor::new(evm, context, spec, AlloyReceiptBuilder::default());
    executor.apply_pre_execution_changes().unwrap();
    for tx in block.transactions {
        let r = executor.execute_transaction_without_commit(tx).unwrap();
        executor.commit_transaction(r);
    }
    let (_, result) = executor.finish().unwrap();
    result.gas_used
}

fn median(mut v: Vec<Duration>) -> f64 {
    v.sort();
    v[v.len() / 2].as_secs_f64() * 1e3
}

fn main() {
    let folder = std::env::var("METISVM_DATA").unwrap_or_else(|_| "../../shared/data".into());
    let samples: usize = std::env::var("SAMPLES").map_or(20, |s| s.parse().unwrap());
    let threads = Threads::new(0).unwrap();
    let spec = Arc::new(ChainSpec::mainnet());
    let factory = MetisEvmFactory::new(spec.clone(), None);
    let mut logs = [0.0f64; 4];
    let mut n = 0;
    for path in std::fs::read_dir(format!("{folder}/mainnet-blocks"))
        .unwrap()
        .map(|e| e.unwrap().path())
    {
        if let Ok(only) = std::env::var("BLOCK")
            && !path.to_string_lossy().contains(&only)
        {
            continue;
        }
        let file = BlockFile::read(&path, DEFAULT_FILE_LIMIT).unwrap();
        let header = &file.block.header;
        let transactions = recover_senders(
            &spec,
            header.number,
            file.block.body.transactions.clone(),
            &threads,
        )
        .unwrap();
        let block = BlockInput {
            header,
            transactions: &transactions,
            withdrawals: file.block.body.withdrawals.as_ref().map(|w| w.as_slice()),
            ommers: &[],
        };
        let engine = BlockEngine::new(Threads::new(2).unwrap());
        let mut t: [Vec<Duration>; 4] = Default::default();
        for _ in 0..samples {
            let mut db = CacheDB::new(&file.pre_state);
            let s = Instant::now();
            plain(&spec, block, &mut db);
            t[0].push(s.elapsed());
            drop(db);
            let mut db = State::builder().with_database_ref(&file.pre_state).build();
            let s = Instant::now();
            plain(&spec, block, &mut db);
            t[1].push(s.elapsed());
            drop(db);
            let mut db = file.pre_state.clone();
            let s = Instant::now();
            plain(&spec, block, &mut db);
            t[2].push(s.elapsed());
            drop(db);
            let s = Instant::now();
            let x = engine.execute(&factory, block, &file.pre_state).unwrap();
            t[3].push(s.elapsed());
            drop(x);
        }
        let x = engine.execute(&factory, block, &file.pre_state).unwrap();
        println!(
            "aborts report {:?} biggest {:?}",
            x.report,
            x.outcome.transactions.iter().map(|t| t.gas_used).max()
        );
        let m = t.map(median);
        let big = header.gas_used > 4_000_000;
        if big {
            n += 1;
            for i in 0..4 {
                logs[i] += (m[0] / m[i]).ln();
            }
        }
        println!(
            "{:>9} {:>4} txs {:>9} gas cachedb {:.3} state {:.3} memory {:.3} ours {:.3} ratio {:.2}",
            header.number,
            transactions.len(),
            header.gas_used,
            m[0],
            m[1],
            m[2],
            m[3],
            m[0] / m[3]
        );
    }
    println!("geo over cachedb: {:?}", logs.map(|l| (l / n as f64).exp()));
}
