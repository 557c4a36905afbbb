//! A model whose operators the chain's gas schedule does not price reverts alike however the block is
//! executed and whatever engine there is; and a fork that brings in schedule 2 does so on every way alike.

use metisvm::engine::DispatcherEngine;
use metisvm_accel::reference::ReferenceBackend;
use metisvm_accel::{Backend, Dispatcher, dispatcher, fpga};
use metisvm_executor::{BlockEngine, BlockInput, BlockOutcome, Threads, execute_block, recover_senders};
use metisvm_firmware::Geometry;
use metisvm_model::{Bundle, OperatorId};
use metisvm_state::MemoryState;
use metisvm_tests::cards;
use metisvm_vm::{Activation, ChainSpec, GasSchedule, GasScheduleFork, GasScheduleVersion, MetisEvmFactory};
use metisvm_workload::{DigitModels, Workload, small_block};
use std::sync::{Arc, OnceLock};

/// Inferences of the block, half of them of each model.
const INFERENCES: usize = 12;

fn workload() -> &'static (Workload, DigitModels) {
    static ONCE: OnceLock<(Workload, DigitModels)> = OnceLock::new();
    ONCE.get_or_init(|| {
        let models = DigitModels::import().expect("the digit models import");
        let workload = small_block(&models, INFERENCES).expect("the block builds");
        (workload, models)
    })
}

/// An engine over these backends, without a memo, so that every inference reaches one.
fn engine(backends: Vec<Arc<dyn Backend>>) -> Arc<DispatcherEngine> {
    let options = dispatcher::Options {
        memo_bytes: 0,
        ..Default::default()
    };
    let dispatcher = Dispatcher::new(backends, options);
    let (_, models) = workload();
    for bundle in [&models.mlp.bundle, &models.cnn.bundle] {
        dispatcher.add(Bundle::decode(bundle).expect("what was encoded decodes"));
    }
    Arc::new(DispatcherEngine::new(Arc::new(dispatcher)))
}

/// The outcome of the block on every way there is, all equal; and how many inferences each way asked for.
fn on_every_way(
    spec: &ChainSpec,
    schedule: Option<GasSchedule>,
    context: &str,
) -> (BlockOutcome, MemoryState, u64) {
    let (workload, _) = workload();
    let file = &workload.built.file;
    let spec = Arc::new(spec.clone());
    let mut first: Option<(BlockOutcome, MemoryState, u64)> = None;
    for (backend, backends) in [
        ("reference", vec![Arc::new(ReferenceBackend) as Arc<dyn Backend>]),
        (
            "card",
            vec![
                cards::backend(Geometry::MEDIUM, fpga::Options::default()) as Arc<dyn Backend>,
                Arc::new(ReferenceBackend),
            ],
        ),
    ] {
        for threads in [0, 1, 4] {
            let engine = engine(backends.clone());
            let mut factory = MetisEvmFactory::new(spec.clone(), Some(engine.clone()));
            if let Some(schedule) = schedule {
                factory = factory.with_gas_schedule(schedule);
            }
            let header = &file.block.header;
            let pool = Threads::new(threads.max(1)).expect("the threads start");
            let transactions = file.block.body.transactions.clone();
            let transactions =
                recover_senders(&spec, header.number, transactions, &pool).expect("they are signed");
            let block = BlockInput {
                header,
                transactions: &transactions,
                withdrawals: file.block.body.withdrawals.as_ref().map(|list| list.as_slice()),
                ommers: &[],
                access_list: None,
            };
            let mut state = file.pre_state.clone();
            // No thread: the plain executor, in sequence.
            let outcome = if threads == 0 {
                execute_block(&factory, block, &mut state).expect("the block executes")
            } else {
                let executed = BlockEngine::new(pool).execute(&factory, block, &file.pre_state);
                let executed = executed.expect("the block executes");
                state.apply(&executed.changes);
                executed.outcome
            };
            let asked = engine.dispatcher().counters().requests;
            match &first {
                None => first = Some((outcome, state, asked)),
                Some((expected, expected_state, _)) => {
                    let way = format!("{context}: {backend}, {threads} threads");
                    assert_eq!(outcome.receipts, expected.receipts, "{way}");
                    assert_eq!(outcome.gas_used, expected.gas_used, "{way}");
                    assert!(state == *expected_state, "{way}: another state");
                    // Speculation may ask more often, but asks of nothing what the other did not.
                    let (_, _, expected_asked) = first.as_ref().expect("it was set");
                    assert_eq!(asked == 0, *expected_asked == 0, "{way}");
                }
            }
        }
    }
    first.expect("there is a way")
}

fn succeeded(outcome: &BlockOutcome) -> usize {
    use alloy_consensus::TxReceipt;
    outcome.receipts.iter().filter(|receipt| receipt.status()).count()
}

#[test]
fn a_model_with_an_operator_that_is_not_priced_reverts_alike_on_every_way() {
    let (workload, models) = workload();
    let spec = workload
        .built
        .file
        .chain_spec
        .clone()
        .expect("the block has its spec");
    let (all, ..) = on_every_way(&spec, None, "the chain's schedule");
    let count = succeeded(&all);
    assert_eq!(all.receipts, workload.built.outcome.receipts);

    // Conv2d is in the CNN alone: half of the inferences are left.
    let conv = OperatorId(2);
    assert!(models.cnn.reference.segment().graph().operators().contains(conv));
    assert!(!models.mlp.reference.segment().graph().operators().contains(conv));
    let priced = GasSchedule::V1.operators();
    let without_conv = GasSchedule::V1.pricing_only(priced.without(conv));
    let (some, _, asked) = on_every_way(&spec, Some(without_conv), "without Conv2d");
    assert_eq!(succeeded(&some), count - INFERENCES / 2);
    assert!(asked > 0);

    // MatMul is in both: nothing is asked of any backend.
    let without_products = without_conv.pricing_only(priced.without(conv).without(OperatorId(1)));
    let (none, _, asked) = on_every_way(&spec, Some(without_products), "without products");
    assert_eq!(succeeded(&none), count - INFERENCES);
    assert_eq!(asked, 0, "no backend is asked");
}

#[test]
fn schedule_2_is_charged_from_its_fork_on_and_not_before_on_every_way() {
    let (workload, models) = workload();
    let spec = workload
        .built
        .file
        .chain_spec
        .clone()
        .expect("the block has its spec");
    let header = &workload.built.file.block.header;
    let with_fork = |activation| {
        let mut spec = spec.clone();
        let inference = spec.inference.as_mut().expect("the chain has inference");
        inference.activation = Activation::Block(0);
        inference.gas_schedule_forks = vec![GasScheduleFork {
            activation,
            gas_schedule: GasScheduleVersion::V2,
        }];
        spec.check().expect("the fork comes after the activation");
        spec
    };
    let saved: u64 = [&models.mlp, &models.cnn]
        .map(|model| {
            let facts = model.facts();
            let price = |schedule: GasSchedule| schedule.inference_gas(&facts.work, facts.output_bytes);
            let (first, second) = (price(GasSchedule::V1), price(GasSchedule::V2));
            assert!(second < first, "{second} is not less than {first}");
            (first - second) * (INFERENCES / 2) as u64
        })
        .iter()
        .sum();
    let before = workload.built.outcome.gas_used;
    for (activation, difference) in [
        (Activation::Block(header.number + 1), 0),
        (Activation::Time(header.timestamp + 1), 0),
        (Activation::Block(header.number), saved),
        (Activation::Time(header.timestamp), saved),
    ] {
        let (outcome, ..) = on_every_way(&with_fork(activation), None, &format!("{activation:?}"));
        assert_eq!(before - outcome.gas_used, difference, "{activation:?}");
    }
}
