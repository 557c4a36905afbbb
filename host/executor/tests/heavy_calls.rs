//! Blocks of one transaction that spends all gas in one kind of instruction come out of the engine as out of
//! alloy-evm's executor.

#![allow(clippy::unwrap_used)] // a panic is how a test fails

use metisvm_executor::{BlockEngine, EngineOptions, Threads, execute_block};
use metisvm_workload::{HeavyBlock, HeavyCall};

/// Enough for any table or journal that grows with the transaction to have grown.
const GAS: u64 = 5_000_000;

fn engines() -> Vec<BlockEngine> {
    let engine = |threads, options| BlockEngine::with_options(Threads::new(threads).unwrap(), options);
    let never_in_sequence = EngineOptions {
        adaptive: false,
        ..EngineOptions::default()
    };
    let with_access_list = EngineOptions {
        access_lists: true,
        ..EngineOptions::default()
    };
    vec![
        engine(1, EngineOptions::default()),
        engine(1, with_access_list),
        engine(2, never_in_sequence),
    ]
}

fn check(kind: HeavyCall, block: &HeavyBlock, engine: &BlockEngine) {
    let (factory, base) = (block.factory(), block.state());
    for input in [block.parent(), block.measured()] {
        let mut wanted = base.clone();
        let expected = execute_block(factory, input, &mut wanted).unwrap();
        let executed = engine.execute(factory, input, base).unwrap();
        let mut reached = base.clone();
        reached.apply(&executed.changes);
        assert_eq!(executed.outcome.receipts, expected.receipts, "{kind}");
        assert_eq!(executed.outcome.gas_used, expected.gas_used, "{kind}");
        assert!(executed.outcome.gas_used > GAS / 4 * 3, "{kind}");
        assert!(reached == wanted, "{kind}: the states differ");
    }
}

#[test]
fn a_transaction_that_takes_the_whole_block_comes_out_as_of_plain_revm() {
    for kind in HeavyCall::ALL {
        let block = kind.block(GAS);
        for engine in engines() {
            check(kind, &block, &engine);
        }
    }
}
