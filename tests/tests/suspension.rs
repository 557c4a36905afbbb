//! The block engine and the dispatcher together: inferences of different transactions come to a device as
//! batches; and random blocks whose inferences come late come out as in sequential execution.

use alloy_primitives::{B256, Bytes};
use metisvm::engine::DispatcherEngine;
use metisvm_accel::fpga::{self, FpgaBackend};
use metisvm_accel::reference::ReferenceBackend;
use metisvm_accel::{Backend, Counters, Dispatcher, dispatcher};
use metisvm_executor::{BlockEngine, BlockInput, EngineOptions, EngineReport, Threads, recover_senders};
use metisvm_firmware::Geometry;
use metisvm_model::Bundle;
use metisvm_sim::{Fault, FaultyCard, FunctionalCard, SimOptions, Trigger};
use metisvm_state::MemoryState;
use metisvm_tests::cards;
use metisvm_tests::random_blocks::{Executed, PATIENCE, check_blocks, seeds};
use metisvm_vm::{
    ChainSpec, EngineError, InferenceEngine, InferenceTicket, MetisEvmFactory, ModelFacts, Request, Submitted,
};
use metisvm_workload::{DigitModels, Workload, small_block};
use std::io::Write;
use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicU8, AtomicU64, Ordering},
};
use std::time::Duration;

/// Digits that the block classifies; no two are alike.
const INFERENCES: usize = 40;
/// How many transactions the random blocks have in all.
const TRANSACTIONS: u64 = 80_000;
/// Where the seeds of the random blocks come from.
const FIRST_SEED: u64 = 0x5449_434b;

fn workload() -> &'static (Workload, DigitModels) {
    static ONCE: OnceLock<(Workload, DigitModels)> = OnceLock::new();
    ONCE.get_or_init(|| {
        let models = DigitModels::import().expect("the digit models import");
        let workload = small_block(&models, INFERENCES).expect("the block builds");
        (workload, models)
    })
}

/// Executes the block of digits on these threads and this backend, and compares it with how it was built.
fn digits(backend: Arc<dyn Backend>, threads: usize, always_by_ticket: bool) -> (EngineReport, Counters) {
    let (workload, models) = workload();
    let without_memo = dispatcher::Options {
        memo_bytes: 0,
        ..Default::default()
    };
    let dispatcher = Dispatcher::new(vec![backend], without_memo);
    for bundle in [&models.mlp.bundle, &models.cnn.bundle] {
        dispatcher.add(Bundle::decode(bundle).expect("what was encoded decodes"));
    }
    let mut inference = DispatcherEngine::new(Arc::new(dispatcher));
    if always_by_ticket {
        inference = inference.always_by_ticket();
    }
    let inference = Arc::new(inference);
    let file = &workload.built.file;
    let spec = Arc::new(file.chain_spec.clone().unwrap_or_else(ChainSpec::mainnet));
    let factory = MetisEvmFactory::new(spec.clone(), Some(inference.clone()));
    let header = &file.block.header;
    let threads = Threads::new(threads).expect("the threads start");
    let transactions = file.block.body.transactions.clone();
    let transactions =
        recover_senders(&spec, header.number, transactions, &threads).expect("they are signed");
    let block = BlockInput {
        header,
        transactions: &transactions,
        withdrawals: file.block.body.withdrawals.as_ref().map(|list| list.as_slice()),
        ommers: &[],
        access_list: None,
    };
    let executed = BlockEngine::new(threads).execute(&factory, block, &file.pre_state);
    let executed = executed.expect("the block executes");
    let mut state = file.pre_state.clone();
    state.apply(&executed.changes);
    assert_eq!(executed.outcome.receipts, workload.built.outcome.receipts);
    assert!(state == workload.built.state, "the state differs");
    (executed.report, inference.dispatcher().counters())
}

#[test]
fn inferences_of_different_transactions_are_gathered_into_batches() {
    for threads in [2, 4] {
        let card = cards::backend(Geometry::MEDIUM, fpga::Options::default());
        for (name, backend, always_by_ticket) in [
            ("reference", Arc::new(ReferenceBackend) as Arc<dyn Backend>, true),
            ("functional card", card, false),
        ] {
            let (report, counters) = digits(backend, threads, always_by_ticket);
            // println! would be kept back: the test passes.
            let _ = writeln!(
                std::io::stdout(),
                "{name}, {threads} threads: {} inferences in {} batches, {} suspended",
                counters.requests,
                counters.batches,
                report.suspended
            );
            assert!(report.suspended > 0);
            assert_eq!(counters.fallbacks, 0);
            assert!(counters.requests >= INFERENCES as u64);
            assert!(
                counters.batches < counters.requests,
                "{name}: every batch has one item"
            );
        }
    }
}

#[test]
fn a_card_that_fails_amid_tickets_does_not_change_the_block() {
    let driver = metisvm_driver::Options {
        timeout: Duration::from_millis(200),
        reset_timeout: Duration::from_millis(200),
        ..Default::default()
    };
    for fault in [
        Fault::Dead,
        Fault::Hang,
        Fault::WrongSequence,
        Fault::WrongOutput(7),
    ] {
        // There are two models, so at least two runs, however the batches fall out.
        for run in [0, 1] {
            let card = FaultyCard::new(FunctionalCard::new(SimOptions::new(Geometry::MEDIUM)));
            let plan = card.faults();
            let device = cards::open(card, driver).expect("a sound card opens");
            plan.arm(Trigger::Run(run), fault);
            let backend = FpgaBackend::new(device, fpga::Options::default());
            let (report, counters) = digits(Arc::new(backend), 2, false);
            assert!(report.suspended > 0);
            assert_eq!(plan.fired(), 1, "{fault:?} did not happen at run {run}");
            assert!(counters.fallbacks > 0, "{fault:?} at run {run} was not noticed");
        }
    }
}

#[test]
fn with_the_reference_alone_every_thread_works_for_itself() {
    let (report, _) = digits(Arc::new(ReferenceBackend), 2, false);
    assert_eq!(report.suspended, 0);
}

#[test]
fn on_one_thread_every_inference_is_a_batch_of_its_own() {
    let (report, counters) = digits(Arc::new(ReferenceBackend), 1, true);
    assert_eq!(report.suspended, 0);
    assert_eq!(counters.batches, counters.requests);
}

/// An engine whose outputs come at once, when they have been asked after a few times, or only to those who
/// wait; which, a counter says, so that it is another for each run of a transaction.
struct Late {
    engine: Arc<dyn InferenceEngine>,
    count: Arc<AtomicU64>,
}

impl InferenceEngine for Late {
    fn model(&self, id: B256) -> Option<ModelFacts> {
        self.engine.model(id)
    }

    fn infer(&self, id: B256, input: &[u8]) -> Result<Bytes, EngineError> {
        self.engine.infer(id, input)
    }

    fn submit(&self, id: B256, input: &[u8]) -> Result<Submitted, EngineError> {
        let output = self.engine.infer(id, input);
        let chance = self
            .count
            .fetch_add(1, Ordering::Relaxed)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            >> 61;
        Ok(match chance {
            0 => Submitted::Ready(output?),
            _ => Submitted::Pending(Arc::new(Questions {
                left: AtomicU8::new(if chance == 1 { u8::MAX } else { 1 << chance }),
                output,
            })),
        })
    }

    fn generate(&self, id: B256, request: &Request) -> Result<Bytes, EngineError> {
        self.engine.generate(id, request)
    }
}

/// A ticket that is ready when it has been looked at so often.
struct Questions {
    left: AtomicU8,
    output: Result<Bytes, EngineError>,
}

impl InferenceTicket for Questions {
    fn is_ready(&self) -> bool {
        let less = |left: u8| match left {
            u8::MAX => None,
            left => left.checked_sub(1),
        };
        let before = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        before == Err(0)
    }

    fn wait(&self) -> Result<Bytes, EngineError> {
        self.left.store(0, Ordering::Relaxed);
        self.output.clone()
    }
}

#[test]
fn random_blocks_with_late_inferences_come_out_as_in_sequential_execution() {
    static SUSPENDED: AtomicU64 = AtomicU64::new(0);
    let engine = BlockEngine::with_options(
        Threads::new(4).expect("the threads start"),
        EngineOptions {
            adaptive: false,
            ..EngineOptions::default()
        },
    );
    let count = Arc::new(AtomicU64::new(1));
    let execute = move |factory: &MetisEvmFactory, block: BlockInput<'_>, state: &MemoryState| -> Executed {
        let factory = match factory.engine() {
            Some(engine) => factory.with_engine(Arc::new(Late {
                engine: engine.clone(),
                count: count.clone(),
            })),
            None => factory.clone(),
        };
        let executed = engine.execute(&factory, block, state)?;
        SUSPENDED.fetch_add(executed.report.suspended, Ordering::Relaxed);
        let mut state = state.clone();
        state.apply(&executed.changes);
        Ok((executed.outcome, state))
    };
    check_blocks(execute, seeds(FIRST_SEED), TRANSACTIONS, PATIENCE);
    let suspended = SUSPENDED.load(Ordering::Relaxed);
    let _ = writeln!(
        std::io::stdout(),
        "random blocks: {suspended} times a transaction was suspended"
    );
    assert!(
        suspended > 200,
        "only {suspended} times a transaction was suspended"
    );
}
