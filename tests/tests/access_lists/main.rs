//! Block access lists (EIP-7928): lists made from sequential runs are those that revm makes, a block with its
//! list comes out as without, and a list that lies makes the block invalid, whatever it says.

#![allow(clippy::unwrap_used)] // in the helpers, too, a panic is how a test fails

mod again;
mod lies;

use alloy_eips::{
    eip7928::BlockAccessList,
    eip8282::{
        BUILDER_DEPOSIT_CONTRACT_ADDRESS, BUILDER_DEPOSIT_CONTRACT_CODE, BUILDER_EXIT_CONTRACT_ADDRESS,
        BUILDER_EXIT_CONTRACT_CODE,
    },
};
use alloy_evm::{
    EvmFactory,
    block::BlockExecutor,
    eth::{EthBlockExecutionCtx, EthBlockExecutor, receipt_builder::AlloyReceiptBuilder},
};
use alloy_primitives::U256;
use metisvm_executor::{BlockEngine, BlockInput, EngineOptions, Threads, build_access_list, execute_block};
use metisvm_state::MemoryState;
use metisvm_tests::random_blocks::{
    AccountPlan, Case, Coverage, Executed, Fork, PATIENCE, Plan, check_blocks, seeds, settle,
};
use metisvm_vm::MetisEvmFactory;
use metisvm_workload::chains::{Scenario, WorkloadKind};
use revm::database::State;
use std::{borrow::Cow, sync::OnceLock};

const FIRST_SEED: u64 = 0x4241_4c53;

/// Engines on 1, 2 and 4 threads, and one whose threads are delayed at random. They never choose to run in
/// sequence, so that lists are used.
fn engines() -> &'static [BlockEngine; 4] {
    static ENGINES: OnceLock<[BlockEngine; 4]> = OnceLock::new();
    ENGINES.get_or_init(|| {
        [(1, None), (2, None), (4, None), (3, Some(1))].map(|(threads, jitter)| {
            let options = EngineOptions {
                adaptive: false,
                jitter,
                ..EngineOptions::default()
            };
            BlockEngine::with_options(Threads::new(threads).unwrap(), options)
        })
    })
}

/// The list that revm's own state makes of the block, executed by alloy-evm.
fn list_of_revm(factory: &MetisEvmFactory, block: BlockInput<'_>, state: &MemoryState) -> BlockAccessList {
    let spec = factory.spec().as_ref();
    let mut state = State::builder()
        .with_database_ref(state)
        .with_bundle_update()
        .with_bal_builder()
        .build();
    let context = EthBlockExecutionCtx {
        parent_hash: block.header.parent_hash,
        parent_beacon_block_root: block.header.parent_beacon_block_root,
        ommers: block.ommers,
        withdrawals: block.withdrawals.map(Cow::Borrowed),
        extra_data: block.header.extra_data.clone(),
        tx_count_hint: None,
        slot_number: block.header.slot_number,
    };
    let evm = factory.create_evm(&mut state, spec.evm_env(block.header));
    let mut executor = EthBlockExecutor::new(evm, context, spec, AlloyReceiptBuilder::default());
    executor.apply_pre_execution_changes().unwrap();
    for transaction in block.transactions {
        executor.evm.ctx_mut().journaled_state.database.bump_bal_index();
        let executed = executor.execute_transaction_without_commit(transaction).unwrap();
        executor.commit_transaction(executed);
    }
    executor.evm.ctx_mut().journaled_state.database.bump_bal_index();
    executor.finish().unwrap();
    state.take_built_alloy_bal().unwrap()
}

/// Blocks that can be executed, with their lists.
fn check_lists(
    seeds: impl Iterator<Item = u64>,
    blocks: usize,
    mut check: impl FnMut(u64, &Case, &BlockAccessList),
) {
    let mut checked = 0;
    for seed in seeds {
        let case = settle(&Plan::generate(seed), &mut Coverage::default());
        let Ok((_, list)) = build_access_list(&case.factory, case.block(), &case.state) else {
            continue;
        };
        check(seed, &case, &list);
        checked += 1;
        if checked == blocks {
            return;
        }
    }
}

#[test]
fn lists_of_random_blocks_are_those_that_revm_makes() {
    // See `the_oracle_agrees_with_the_state_of_revm`.
    let comparable = |seed: &u64| {
        let plan = Plan::generate(*seed);
        let code_or_no_slots = |account: &AccountPlan| account.nonce > 0 || account.storage.is_empty();
        // alloy-evm moves the DAO's ether after the transactions, which the fork does before them.
        let moves_dao = plan.chain.dao_fork == Some(plan.header.number);
        !moves_dao && plan.accounts.values().all(code_or_no_slots)
    };
    let mut on_amsterdam = 0;
    check_lists(seeds(FIRST_SEED).filter(comparable), 400, |seed, case, list| {
        on_amsterdam += usize::from(case.plan.chain.fork == Fork::Amsterdam);
        let before_cancun = case.plan.chain.fork < Fork::Cancun;
        let ours = again::without_wiped_values(list, before_cancun);
        let revm = list_of_revm(&case.factory, case.block(), &case.state);
        let expected = again::without_wiped_values(&revm, before_cancun);
        if ours != expected {
            let place = ours.iter().zip(&expected).find(|(ours, theirs)| ours != theirs);
            panic!("seed {seed}, {}: ours and revm's: {place:#?}", case.plan.chain);
        }
    });
    assert!(on_amsterdam > 40, "only {on_amsterdam} blocks on Amsterdam");
}

/// Executes a block with its own list on all engines, and gives the outcome on the last.
fn with_its_list(factory: &MetisEvmFactory, block: BlockInput<'_>, state: &MemoryState) -> Executed {
    let list = build_access_list(factory, block, state)?.1;
    let block = BlockInput {
        access_list: Some(&list),
        ..block
    };
    let mut executed = engines()
        .each_ref()
        .map(|engine| engine.execute(factory, block, state));
    for (engine, executed) in engines().iter().zip(&executed) {
        let executed = executed.as_ref().unwrap();
        assert_eq!(executed.outcome.access_list.as_ref(), Some(&list), "{engine:?}");
        let alone = executed.outcome.transactions.len() < 2 || engine.threads().count() == 1;
        if is_exact(factory, state) && !alone {
            assert_eq!(executed.report.aborts, 0, "{:?}", executed.report);
        }
    }
    let [.., executed] = &mut executed;
    let executed = executed.as_mut().unwrap();
    let mut state = state.clone();
    state.apply(&executed.changes);
    Ok((executed.outcome.clone(), state))
}

/// From Cancun on a list says everything: before, SELFDESTRUCT removes slots that are not listed. So does a
/// creation at an account that has slots but no code, and a touch removes one that is empty; Ethereum has
/// neither.
fn is_exact(factory: &MetisEvmFactory, state: &MemoryState) -> bool {
    factory.spec().forks.cancun_time.is_some()
        && state.accounts().all(|(_, account)| {
            let info = &account.info;
            !info.is_empty() && (info.nonce > 0 || account.storage.is_empty())
        })
}

#[test]
fn random_blocks_with_their_lists_come_out_as_in_sequential_execution() {
    check_blocks(with_its_list, seeds(FIRST_SEED), 12_000, PATIENCE);
}

/// A list is made on all threads as in sequence, where none came with the block.
fn making_a_list(factory: &MetisEvmFactory, block: BlockInput<'_>, state: &MemoryState) -> Executed {
    static ENGINE: OnceLock<BlockEngine> = OnceLock::new();
    let engine = ENGINE.get_or_init(|| {
        let options = EngineOptions {
            access_lists: true,
            ..EngineOptions::default()
        };
        BlockEngine::with_options(Threads::new(4).unwrap(), options)
    });
    let executed = engine.execute(factory, block, state)?;
    let list = build_access_list(factory, block, state)?.1;
    assert_eq!(executed.outcome.access_list.as_ref(), Some(&list));
    let mut state = state.clone();
    state.apply(&executed.changes);
    Ok((executed.outcome, state))
}

#[test]
fn lists_made_on_threads_are_those_made_in_sequence() {
    check_blocks(making_a_list, seeds(FIRST_SEED + 1), 12_000, PATIENCE);
}

/// The first block of a workload over its genesis; on Amsterdam, if wanted.
fn scenario(kind: WorkloadKind, amsterdam: bool) -> (Scenario, MetisEvmFactory) {
    let mut scenario = Scenario::generate(kind, 60, 1, 11).unwrap();
    let mut spec = scenario.spec.as_ref().clone();
    spec.forks.amsterdam_time = amsterdam.then_some(0);
    if amsterdam {
        for (address, code) in [
            (BUILDER_DEPOSIT_CONTRACT_ADDRESS, &BUILDER_DEPOSIT_CONTRACT_CODE),
            (BUILDER_EXIT_CONTRACT_ADDRESS, &BUILDER_EXIT_CONTRACT_CODE),
        ] {
            scenario
                .genesis
                .insert_account(address, U256::ZERO, 1, code.clone(), []);
        }
    }
    let factory = MetisEvmFactory::new(spec.into(), Some(scenario.models.engine()));
    (scenario, factory)
}

fn check_workload(kind: WorkloadKind, amsterdam: bool) {
    let (scenario, factory) = scenario(kind, amsterdam);
    let (block, genesis) = (scenario.blocks[0].input(), &scenario.genesis);
    let mut after = genesis.clone();
    let oracle = execute_block(&factory, block, &mut after).unwrap();
    let (_, list) = build_access_list(&factory, block, genesis).unwrap();
    assert_eq!(list, list_of_revm(&factory, block, genesis), "{kind}");
    let block = BlockInput {
        access_list: Some(&list),
        ..block
    };
    for engine in engines() {
        let executed = engine.execute(&factory, block, genesis).unwrap();
        assert_eq!(executed.outcome.receipts, oracle.receipts, "{kind}");
        assert_eq!(executed.outcome.transactions, oracle.transactions, "{kind}");
        assert_eq!(executed.outcome.gas_used, oracle.gas_used, "{kind}");
        let mut state = genesis.clone();
        state.apply(&executed.changes);
        assert!(state == after, "{kind}: another state");
        assert_eq!(executed.report.aborts, 0, "{kind}: {:?}", executed.report);
        if engine.threads().count() > 1 {
            assert_eq!(executed.report.in_turn, 0, "{kind}: {:?}", executed.report);
        }
    }
}

#[test]
fn with_its_list_no_workload_collides() {
    for kind in WorkloadKind::ALL {
        check_workload(kind, false);
    }
}

#[test]
fn with_its_list_no_workload_collides_on_amsterdam() {
    for kind in [
        WorkloadKind::NftMintCounter,
        WorkloadKind::UniswapOnePool,
        WorkloadKind::MixedDefi,
    ] {
        check_workload(kind, true);
    }
}
