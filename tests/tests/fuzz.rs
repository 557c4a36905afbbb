//! Bundles, graphs and call data that somebody made up. Seconds of it run with every test run;
//! `METISVM_FUZZ_SECONDS` says how many, `METISVM_SEED` where to begin.

use alloy_evm::{Evm, EvmFactory};
use alloy_primitives::{Address, B256, Bytes, TxKind, U256, address};
use alloy_sol_types::SolCall;
use metisvm::engine::DispatcherEngine;
use metisvm_accel::reference::ReferenceBackend;
use metisvm_accel::{Backend, Dispatcher, dispatcher, fpga};
use metisvm_firmware::Geometry;
use metisvm_model::{Bundle, Graph, Reference};
use metisvm_state::MemoryState;
use metisvm_tests::knobs::number;
use metisvm_tests::rng::Rng;
use metisvm_tests::{cards, formulas, graphs, mutations};
use metisvm_vm::{ChainSpec, GasSchedule, IInference, MetisEvmFactory, registry_slot};
use revm::context::TxEnv;
use revm::context::result::ExecutionResult;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Graphs that take longer than a moment are only checked.
const MOST_WORK: u64 = 1 << 18;
/// Results of so many elements are held against the formulas, which are slow.
const MOST_ELEMENTS: usize = 1 << 12;

/// Calls with one seed after the other until time is up; at least a hundred times. Gives how often.
fn until_time_is_up(mut each: impl FnMut(u64)) -> u64 {
    let time = Duration::from_secs(number("METISVM_FUZZ_SECONDS", 2));
    let (start, first) = (Instant::now(), number("METISVM_SEED", 0));
    let mut done = 0;
    while start.elapsed() < time || done < 100 {
        each(first + done);
        done += 1;
    }
    done
}

fn sample(seed: u64) -> Graph {
    let (graph, _) = if seed.is_multiple_of(4) {
        graphs::of_version_1(seed % 4096)
    } else {
        graphs::graph(seed % 4096)
    };
    graph
}

/// Runs a graph that passed every check: each result lies in its interval and is what the formulas say. In
/// builds with overflow checks a hole in the proof is a panic.
fn run(graph: Graph, rng: &mut Rng) {
    let work = graph.work();
    let all = [
        work.macs,
        work.wide_macs,
        work.elements,
        work.compares,
        work.lookups,
        work.runs,
        work.pointwise,
    ];
    if all.into_iter().fold(0, u64::saturating_add) > MOST_WORK {
        return;
    }
    let reference = Reference::new(Arc::new(graph));
    let graph = reference.segment().graph().clone();
    for _ in 0..2 {
        let input = graphs::input(&graph, rng);
        let visit = |step: metisvm_model::trace::TraceStep<'_>| {
            let interval = step.intervals().result;
            let inside = step.result.data().iter().all(|&v| interval.contains(v.into()));
            assert!(inside, "{:?} left {interval:?}", step.op());
            if step.result.data().len() <= MOST_ELEMENTS {
                formulas::check(step.op(), step.tensors, step.result).expect("the formulas agree");
            }
        };
        reference.trace(&input, visit).expect("the right length");
    }
}

#[test]
fn changed_graphs_are_refused_or_are_models_that_run() {
    let (mut refused, mut taken) = (0u64, 0u64);
    let count = until_time_is_up(|seed| {
        let mut rng = Rng::new(seed);
        let changed = mutations::graph(sample(seed).into_parsed(), &mut rng);
        match changed.check() {
            Err(error) => {
                assert!(!error.to_string().is_empty());
                refused += 1;
            }
            Ok(graph) => {
                let (bundle, bytes) = Bundle::encode(graph.clone()).expect("small");
                assert_eq!(Bundle::decode(&bytes).expect("it was just written").id, bundle.id);
                run(graph, &mut rng);
                taken += 1;
            }
        }
    });
    println!("{count} graphs: {refused} refused, {taken} taken");
    assert!(
        refused > count / 10 && taken > count / 10,
        "{refused} refused, {taken} taken"
    );
}

#[test]
fn changed_bundles_are_refused_or_are_models_that_run() {
    let (mut refused, mut taken) = (0u64, 0u64);
    let count = until_time_is_up(|seed| {
        let mut rng = Rng::new(seed);
        let (_, bytes) = Bundle::encode(sample(seed)).expect("small");
        for _ in 0..20 {
            let changed = mutations::bundle(&bytes, &mut rng);
            match Bundle::decode(&changed) {
                Err(error) => {
                    assert!(!error.to_string().is_empty());
                    refused += 1;
                }
                Ok(read) => {
                    let (_, written) = Bundle::encode(read.graph.clone()).expect("it was read");
                    assert_eq!(written, changed, "what is readable is canonical");
                    run(read.graph, &mut rng);
                    taken += 1;
                }
            }
        }
    });
    println!("{count} bundles, changed 20 times each: {refused} refused, {taken} taken");
    assert!(refused > 0 && taken > 0, "{refused} refused, {taken} taken");
}

const PRECOMPILE: Address = address!("0x4D45544900000000000000000000000000000001");
const REGISTRY: Address = address!("0x4D45544900000000000000000000000000000002");
const CALLER: Address = Address::repeat_byte(0xca);
/// Models on the chain, of old and new operators.
const MODELS: u64 = 64;

/// A chain with models, real engines behind its precompile, and the references to hold them against.
struct Chain {
    factory: MetisEvmFactory,
    spec: ChainSpec,
    state: MemoryState,
    models: Vec<(B256, Reference)>,
    schedule: GasSchedule,
}

impl Chain {
    fn new(schedule: GasSchedule) -> Self {
        let card = cards::backend(Geometry::MEDIUM, fpga::Options::default()) as Arc<dyn Backend>;
        let dispatcher = Dispatcher::new(
            vec![card, Arc::new(ReferenceBackend)],
            dispatcher::Options::default(),
        );
        let mut models = Vec::new();
        for seed in 0..MODELS {
            let (bundle, _) = Bundle::encode(sample(seed)).expect("small");
            models.push((
                B256::from(bundle.id.0),
                Reference::new(Arc::new(bundle.graph.clone())),
            ));
            dispatcher.add(bundle);
        }
        let mut state = MemoryState::default();
        let registered = models.iter().map(|(id, _)| (registry_slot(*id), U256::from(1)));
        state.insert_account(REGISTRY, U256::ZERO, 1, Bytes::from_static(&[0]), registered);
        state.insert_account(CALLER, U256::from(10).pow(U256::from(18)), 0, Bytes::new(), []);
        let spec = ChainSpec::metis_dev();
        let engine = Arc::new(DispatcherEngine::new(Arc::new(dispatcher)));
        let factory = MetisEvmFactory::new(Arc::new(spec.clone()), Some(engine)).with_gas_schedule(schedule);
        Self {
            factory,
            spec,
            state,
            models,
            schedule,
        }
    }

    fn call(&self, data: Vec<u8>, gas_limit: u64) -> ExecutionResult {
        let header = alloy_consensus::Header {
            number: 1,
            timestamp: 1,
            gas_limit: 1 << 40,
            base_fee_per_gas: Some(0),
            excess_blob_gas: Some(0),
            ..Default::default()
        };
        let tx = TxEnv {
            caller: CALLER,
            gas_limit,
            gas_price: 0,
            kind: TxKind::Call(PRECOMPILE),
            data: data.into(),
            chain_id: Some(self.spec.chain_id),
            ..TxEnv::default()
        };
        let env = self.spec.evm_env(&header);
        let executed = self.factory.create_evm(self.state.clone(), env).transact_raw(tx);
        executed.expect("no call data stops a node").result
    }
}

/// Call data of `infer` or `modelInfo`, as Solidity makes it or changed.
fn call_data(chain: &Chain, rng: &mut Rng) -> Vec<u8> {
    let (id, reference) = &chain.models[rng.below(MODELS) as usize];
    let mut input = graphs::input(reference.segment().graph(), rng);
    if rng.one_in(4) {
        input.resize(rng.below(2 * input.len() as u64 + 2) as usize, 7);
    }
    let model_id = if rng.one_in(10) { B256::repeat_byte(9) } else { *id };
    let mut data = if rng.one_in(5) {
        IInference::modelInfoCall { modelId: model_id }.abi_encode()
    } else {
        let input = input.into();
        IInference::inferCall {
            modelId: model_id,
            input,
        }
        .abi_encode()
    };
    for _ in 0..rng.below(3) {
        let at = |rng: &mut Rng, data: &[u8]| rng.below(data.len().max(1) as u64) as usize;
        match rng.below(5) {
            0 => data.truncate(at(rng, &data)),
            1 => data.extend(vec![rng.below(256) as u8; rng.pick(&[1, 31, 32, 33])]),
            // A word of the head: the model, the offset or the length.
            2 if data.len() >= 100 => {
                let field = 4 + 32 * rng.below(3) as usize;
                let word = rng.pick(&[0, 1, 0x20, 0x40, 0x60, u64::MAX, u64::MAX - 30]);
                data[field + 24..field + 32].copy_from_slice(&word.to_be_bytes());
                if rng.one_in(4) {
                    data[field] = 0x80;
                }
            }
            _ => {
                let field = at(rng, &data);
                if let Some(byte) = data.get_mut(field) {
                    *byte = rng.below(256) as u8;
                }
            }
        }
    }
    data
}

/// What `infer` has to give for this call data, if it is the one encoding of a call that is served.
fn expected(chain: &Chain, data: &[u8]) -> Option<Vec<u8>> {
    let call = IInference::inferCall::abi_decode(data).ok()?;
    if call.abi_encode() != data {
        return None;
    }
    let (_, reference) = chain.models.iter().find(|(id, _)| *id == call.modelId)?;
    let graph = reference.segment().graph();
    chain
        .schedule
        .first_unpriced(&graph.operators())
        .is_none()
        .then_some(())?;
    let output = reference.run(&call.input).ok()?;
    Some(IInference::inferCall::abi_encode_returns(&output.into()))
}

#[test]
fn call_data_is_answered_or_refused_as_the_reference_says() {
    let chains = [GasSchedule::V1, GasSchedule::V2].map(Chain::new);
    let (mut answered, mut refused, mut starved) = (0u64, 0u64, 0u64);
    let count = until_time_is_up(|seed| {
        let mut rng = Rng::new(seed);
        let chain = &chains[(seed % 2) as usize];
        let data = call_data(chain, &mut rng);
        let info = data.starts_with(&IInference::modelInfoCall::SELECTOR);
        let enough = !rng.one_in(6);
        // A transaction costs this before it calls anything.
        let intrinsic = 21_000 + 40 * data.len() as u64;
        let limit = if enough {
            1 << 24
        } else {
            intrinsic + rng.below(20_000)
        };
        let expected = expected(chain, &data);
        match chain.call(data, limit) {
            ExecutionResult::Success { output, .. } => {
                if !info {
                    assert_eq!(Some(output.data().to_vec()), expected, "seed {seed}");
                }
                answered += 1;
            }
            ExecutionResult::Revert { .. } => {
                assert!(expected.is_none(), "seed {seed} is refused");
                refused += 1;
            }
            ExecutionResult::Halt { reason, .. } => {
                assert!(!enough || expected.is_none(), "seed {seed}: {reason:?}");
                starved += 1;
            }
        }
    });
    println!("{count} calls: {answered} answered, {refused} refused, {starved} starved");
    assert!(answered > 0 && refused > 0 && starved > 0);
}
