//! Texts on a dispatcher: whatever runs their steps, and whatever fails amid them, they are those of the reference
//! kernels.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[allow(
    dead_code,
    unreachable_pub,
    reason = "it is a module of another crate, which uses the rest of it"
)]
#[path = "../../../tests/workload/src/generator.rs"]
mod generator;

use generator::{CHUNK, CONTEXT, Kernels, VOCABULARY, drawn, greedy, toy};
use metisvm_accel::backend::{Backend, BackendError, Executable};
use metisvm_accel::cpu::{self, CpuBackend};
use metisvm_accel::fpga::{self, FpgaBackend};
use metisvm_accel::reference::ReferenceBackend;
use metisvm_accel::{Batch, DispatchError, Dispatcher, Options};
use metisvm_driver::{Device, InProcess};
use metisvm_firmware::Geometry;
use metisvm_model::generation::{MAX_TEMPERATURE, Request, RequestError};
use metisvm_model::{Bundle, ModelId, Segment};
use metisvm_sim::{Fault, FaultPlan, FaultyCard, FunctionalCard, SimOptions, Trigger};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

fn dispatcher(backends: Vec<Arc<dyn Backend>>, memo_bytes: u64) -> (Dispatcher, ModelId) {
    let options = Options {
        memo_bytes,
        ..Options::default()
    };
    let dispatcher = Dispatcher::new(backends, options);
    let id = dispatcher.add(toy(&[]).unwrap().0);
    (dispatcher, id)
}

fn expected(request: &Request) -> Vec<u8> {
    let kernels = Kernels::new(&toy(&[]).unwrap().0).unwrap();
    let tokens = kernels.text(request).unwrap();
    assert_eq!(tokens.len(), request.count as usize);
    tokens.into_iter().flat_map(u32::to_le_bytes).collect()
}

/// Prompts of less than a chunk, of chunks and of chunks and more; by likelihood and by chance.
fn requests() -> Vec<Request> {
    let all = [3, 1, 4, 1, 5, 2, 6, 5, 3, 0, 2];
    let lengths = [1, 2, CHUNK, CHUNK + 1, 2 * CHUNK + 1, 11];
    let of = |length: u32| {
        let prompt = &all[..length as usize];
        [greedy(prompt, CONTEXT - length), drawn(prompt, 9, length as u8)]
    };
    lengths.into_iter().flat_map(of).collect()
}

fn card(driver: metisvm_driver::Options) -> (Device, FaultPlan) {
    let card = FaultyCard::new(FunctionalCard::new(SimOptions::new(Geometry::MEDIUM)));
    let plan = card.faults();
    let transport = InProcess::start(Box::new(card)).unwrap();
    (Device::open(Box::new(transport), driver).unwrap(), plan)
}

#[test]
fn a_text_is_that_of_the_reference_whatever_runs_its_steps() {
    let cpu = || Arc::new(CpuBackend::new(cpu::Options::default())) as Arc<dyn Backend>;
    let fpga = |checked| {
        let options = fpga::Options {
            checked,
            ..Default::default()
        };
        Arc::new(FpgaBackend::new(card(Default::default()).0, options)) as Arc<dyn Backend>
    };
    let lists: [(&str, Vec<Arc<dyn Backend>>); 5] = [
        ("reference", vec![Arc::new(ReferenceBackend)]),
        ("cpu", vec![cpu()]),
        ("fpga", vec![fpga(true)]),
        ("fpga", vec![fpga(false)]),
        ("fpga", vec![fpga(true), cpu()]),
    ];
    for (first, backends) in lists {
        let names: Vec<_> = backends.iter().map(|backend| backend.name()).collect();
        let (dispatcher, id) = dispatcher(backends, 0);
        for request in requests() {
            let (text, by) = dispatcher.generate_by(id, &request).unwrap();
            assert_eq!(*text, expected(&request), "{names:?}: {request:?}");
            assert!(by.contains(&first), "{names:?}: {by:?}");
        }
        let counters = dispatcher.counters();
        assert_eq!(counters.requests, requests().len() as u64);
        assert_eq!(counters.fallbacks, 0, "{names:?}: {:?}", dispatcher.take_errors());
        assert_eq!(counters.to_devices > 0, first == "fpga");
    }
}

#[test]
fn each_step_is_a_batch_of_its_own() {
    let (dispatcher, id) = dispatcher(vec![], 0);
    let facts = dispatcher.facts(id).unwrap().generation.unwrap();
    let bundle = toy(&[]).unwrap().0;
    assert_eq!(facts, bundle.generation.as_ref().unwrap().facts(&bundle.graph));
    assert_eq!(
        (facts.context, facts.chunk, facts.vocabulary),
        (CONTEXT, CHUNK, VOCABULARY)
    );
    for request in requests() {
        let before = dispatcher.counters();
        dispatcher.generate(id, &request).unwrap();
        let (prefills, decodes) = facts.runs(request.tokens.len() as u64, request.count.into());
        assert_eq!(dispatcher.counters().since(&before).batches, prefills + decodes);
    }
}

#[test]
fn a_card_that_fails_amid_a_text_changes_no_token() {
    let driver = metisvm_driver::Options {
        timeout: Duration::from_millis(200),
        reset_timeout: Duration::from_millis(200),
        ..Default::default()
    };
    // Two runs of the prefill graph and fourteen of the decode graph.
    let request = drawn(&[3, 1, 4, 1, 5, 2, 6, 5], 12, 1);
    let expected = expected(&request);
    let faults = [
        Fault::Dead,
        Fault::Hang,
        Fault::WrongSequence,
        Fault::WrongOutput(7),
        Fault::LostOutput,
    ];
    for fault in faults {
        for run in [0, 1, 2, 5, 12] {
            let (device, plan) = card(driver);
            let backend = FpgaBackend::new(device, fpga::Options::default());
            let (dispatcher, id) = dispatcher(
                vec![
                    Arc::new(backend),
                    Arc::new(CpuBackend::new(cpu::Options::default())),
                ],
                0,
            );
            plan.arm(Trigger::Run(run), fault);
            let text = dispatcher.generate(id, &request).unwrap();
            assert_eq!(*text, expected, "{fault:?} at run {run}");
            assert_eq!(plan.fired(), 1, "{fault:?} at run {run}");
            assert!(dispatcher.counters().fallbacks > 0, "{fault:?} at run {run}");
            let errors = dispatcher.take_errors();
            assert!(
                errors
                    .iter()
                    .any(|error| error.contains("fpga") && error.contains(&id.to_string())),
                "{fault:?} at run {run}: {errors:?}"
            );
        }
    }
}

/// Two numbers for each position.
const STATE_BYTES: u64 = 2 * CONTEXT as u64;

/// What a backend does at a step.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Mood {
    Right,
    Fails,
    Panics,
    OneMissing,
}

/// The reference, which at every third step does something else, is held back by a gate, and takes note of where the
/// states lie.
#[derive(Debug, Default)]
struct Moody {
    mood: Option<Mood>,
    steps: Arc<AtomicUsize>,
    states: Arc<Mutex<Vec<usize>>>,
    gate: Arc<Gate>,
}

#[derive(Debug, Default)]
struct Gate {
    closed: Mutex<bool>,
    changed: Condvar,
}

impl Gate {
    fn set(&self, closed: bool) {
        *self.closed.lock().unwrap() = closed;
        self.changed.notify_all();
    }
}

#[derive(Debug)]
struct MoodyExecutable {
    mood: Mood,
    inner: Arc<dyn Executable>,
    steps: Arc<AtomicUsize>,
    states: Arc<Mutex<Vec<usize>>>,
    gate: Arc<Gate>,
}

impl Backend for Moody {
    fn name(&self) -> &'static str {
        "moody"
    }

    fn compile(&self, segment: &Segment) -> Result<Arc<dyn Executable>, BackendError> {
        Ok(Arc::new(MoodyExecutable {
            mood: self.mood.unwrap_or(Mood::Right),
            inner: ReferenceBackend.compile(segment)?,
            steps: self.steps.clone(),
            states: self.states.clone(),
            gate: self.gate.clone(),
        }))
    }
}

impl Executable for MoodyExecutable {
    fn run(&self, batch: &Batch) -> Result<Batch, BackendError> {
        let step = self.steps.fetch_add(1, Ordering::SeqCst);
        // The toy's prefill graph does not read the state.
        let state = batch.values().iter().find(|value| value.bytes() == STATE_BYTES);
        if let Some(state) = state {
            let at = state.to_host()?[0].as_ptr() as usize;
            self.states.lock().unwrap().push(at);
        }
        let closed = self.gate.closed.lock().unwrap();
        drop(self.gate.changed.wait_while(closed, |closed| *closed).unwrap());
        let results = self.inner.run(batch)?;
        match self.mood {
            _ if step % 3 != 1 => Ok(results),
            Mood::Right => Ok(results),
            Mood::Fails => Err(BackendError::Device("on purpose".into())),
            Mood::Panics => panic!("on purpose"),
            Mood::OneMissing => {
                let mut values = results.into_values();
                values.pop();
                Batch::new(1, values)
            }
        }
    }
}

#[test]
fn a_backend_that_misbehaves_costs_fall_backs_and_no_token() {
    for mood in [Mood::Fails, Mood::Panics, Mood::OneMissing] {
        let moody = Moody {
            mood: Some(mood),
            ..Moody::default()
        };
        let (dispatcher, id) = dispatcher(vec![Arc::new(moody)], 0);
        for request in requests() {
            let (text, by) = dispatcher.generate_by(id, &request).unwrap();
            assert_eq!(*text, expected(&request), "{mood:?}");
            assert!(
                by.contains(&"moody") && by.contains(&"reference"),
                "{mood:?}: {by:?}"
            );
        }
        let counters = dispatcher.counters();
        assert_eq!(
            counters.fallbacks,
            (counters.batches + 1) / 3,
            "{mood:?}: one step in three"
        );
        assert!(dispatcher.take_errors()[0].contains("moody"), "{mood:?}");
    }
}

#[test]
fn the_state_stays_where_it_is_from_step_to_step() {
    let moody = Moody::default();
    let states = moody.states.clone();
    let (dispatcher, id) = dispatcher(vec![Arc::new(moody)], 0);
    let request = greedy(&[3, 1, 4, 1, 5], 12);
    dispatcher.generate(id, &request).unwrap();
    let states = states.lock().unwrap();
    assert_eq!(states.len(), 13);
    assert!(states.iter().all(|state| *state == states[0]), "{states:?}");
}

#[test]
fn the_memo_answers_the_second_time_and_nobody_has_done_it() {
    let (dispatcher, id) = dispatcher(vec![], 1 << 20);
    let request = drawn(&[3, 1], 9, 4);
    let (first, by) = dispatcher.generate_by(id, &request).unwrap();
    assert_eq!(*by, ["reference"]);
    let (again, by) = dispatcher.generate_by(id, &request).unwrap();
    assert_eq!((again, by.len()), (first, 0));
    let counters = dispatcher.counters();
    assert_eq!((counters.requests, counters.memo_hits), (2, 1));
    // Every part of a request is in its key.
    let others = [
        drawn(&[3, 2], 9, 4),
        drawn(&[3, 1], 8, 4),
        drawn(&[3, 1], 9, 5),
        Request {
            top_k: 2,
            ..request.clone()
        },
        Request {
            temperature: 9,
            ..request
        },
    ];
    for other in others {
        assert_eq!(*dispatcher.generate(id, &other).unwrap(), expected(&other));
    }
    assert_eq!(dispatcher.counters().memo_hits, 1);
}

#[test]
fn equal_requests_at_the_same_time_are_one_text() {
    let moody = Moody::default();
    let (gate, steps) = (moody.gate.clone(), moody.steps.clone());
    let (dispatcher, id) = dispatcher(vec![Arc::new(moody)], 0);
    let request = greedy(&[3, 1], 5);
    gate.set(true);
    std::thread::scope(|scope| {
        let ask = || {
            let text = dispatcher.generate(id, &request).unwrap();
            assert_eq!(*text, expected(&request));
        };
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(ask)).collect();
        while dispatcher.counters().joined < 3 {
            std::thread::yield_now();
        }
        gate.set(false);
        for thread in threads {
            thread.join().unwrap();
        }
    });
    assert_eq!(steps.load(Ordering::SeqCst), 6, "a token before, and five");
    assert_eq!(dispatcher.counters().requests, 4);
}

#[test]
fn many_threads_get_their_own_texts_beside_inferences() {
    let (dispatcher, id) = dispatcher(vec![Arc::new(CpuBackend::new(cpu::Options::default()))], 1 << 16);
    let bundle = toy(&[]).unwrap().0;
    let input = vec![0; bundle.graph.input_bytes()];
    let output = Kernels::new(&bundle).unwrap().decode().run(&input).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..4u32 {
            let (dispatcher, input, output) = (&dispatcher, &input, &output);
            scope.spawn(move || {
                for seed in 0..40 {
                    let request = drawn(&[thread % 2, 3, 1, 5], 6, seed);
                    assert_eq!(*dispatcher.generate(id, &request).unwrap(), expected(&request));
                    assert_eq!(*dispatcher.infer(id, input).unwrap(), output[..]);
                }
            });
        }
    });
}

#[test]
fn a_text_ends_with_an_end_token() {
    let request = greedy(&[3, 1], 12);
    let plain = expected(&request);
    let end = u32::from_le_bytes(plain[16..20].try_into().unwrap());
    let first = plain
        .chunks(4)
        .position(|token| token == end.to_le_bytes())
        .unwrap();
    let (dispatcher, _) = dispatcher(vec![], 0);
    let id = dispatcher.add(toy(&[end]).unwrap().0);
    assert_eq!(
        *dispatcher.generate(id, &request).unwrap(),
        plain[..4 * (first + 1)]
    );
}

#[test]
fn what_cannot_be_asked_is_refused_at_once() {
    let (dispatcher, id) = dispatcher(vec![], 0);
    let good = greedy(&[1], 1);
    let unknown = ModelId([0; 32]);
    let error = |id, request: &Request| dispatcher.generate(id, request).unwrap_err();
    assert_eq!(error(unknown, &good), DispatchError::UnknownModel(unknown));
    let plain = dispatcher.add(Bundle::encode(toy(&[]).unwrap().0.graph).unwrap().0);
    assert_eq!(error(plain, &good), DispatchError::NotGenerative(plain));
    assert_eq!(dispatcher.facts(plain).unwrap().generation, None);
    let refused = |request: &Request| match error(id, request) {
        DispatchError::Request { model, error } if model == id => error,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(&greedy(&[], 1)), RequestError::Empty);
    assert_eq!(refused(&greedy(&[1], 0)), RequestError::Empty);
    let tokens = u64::from(u32::MAX) + 1;
    let context = CONTEXT;
    assert_eq!(
        refused(&greedy(&[1], u32::MAX)),
        RequestError::TooLong { tokens, context }
    );
    let tokens = 1 << 20;
    assert_eq!(
        refused(&greedy(&vec![u32::MAX; (1 << 20) - 1], 1)),
        RequestError::TooLong { tokens, context }
    );
    let (token, vocabulary) = (u32::MAX, VOCABULARY);
    assert_eq!(
        refused(&greedy(&[1, u32::MAX], 1)),
        RequestError::Token { token, vocabulary }
    );
    let hot = Request {
        temperature: MAX_TEMPERATURE + 1,
        ..good.clone()
    };
    assert_eq!(refused(&hot), RequestError::Temperature(MAX_TEMPERATURE + 1));
    assert_eq!(dispatcher.counters().requests, 0, "what is refused is no request");
    // The most of everything that may be asked for.
    let most = Request {
        temperature: MAX_TEMPERATURE,
        top_k: u32::MAX,
        seed: [0xff; 32],
        ..greedy(&[VOCABULARY - 1], CONTEXT - 1)
    };
    assert_eq!(*dispatcher.generate(id, &most).unwrap(), expected(&most));
    dispatcher.remove(id);
    assert_eq!(error(id, &good), DispatchError::UnknownModel(id));
}
