//! The dispatcher with backends that misbehave, and its memo, batches and tickets.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use metisvm_accel::backend::{Backend, BackendError, DeviceReport, Executable};
use metisvm_accel::reference::ReferenceBackend;
use metisvm_accel::{Batch, Buffer, DispatchError, Dispatcher, Options, Submitted};
use metisvm_model::{Bundle, DType, Graph, ModelId, Op, Parsed, Segment, Tensor, TensorType};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};

/// y = x + 1, for a vector of eight bytes.
fn model(constant: i32) -> Bundle {
    let mut g = Parsed::default();
    let ty = TensorType::new(DType::U8, &[8]).unwrap();
    let x = g.input("x", ty);
    let one = g.constant(&Tensor::new(TensorType::scalar(DType::U8), vec![constant]).unwrap());
    let y = g.node(Op::Add, &[x, one]);
    g.output("y", y);
    Bundle::encode(g.check().unwrap()).unwrap().0
}

fn expected(input: &[u8], constant: i32) -> Vec<u8> {
    input
        .iter()
        .flat_map(|&b| (i32::from(b) + constant).to_le_bytes())
        .collect()
}

/// What a backend does when it is asked to run.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Mood {
    Right,
    Fails,
    Panics,
    PanicsAtCompile,
    TooShort,
    OneMissing,
    TooSmall,
}

#[derive(Debug)]
struct Moody {
    mood: Mood,
    healthy: AtomicBool,
    compiled: AtomicUsize,
    batches: Arc<Mutex<Vec<usize>>>,
    gate: Arc<Gate>,
}

/// Holds runs back until it is opened.
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

    fn pass(&self) {
        drop(
            self.changed
                .wait_while(self.closed.lock().unwrap(), |closed| *closed)
                .unwrap(),
        );
    }
}

#[derive(Debug)]
struct MoodyExecutable {
    mood: Mood,
    inner: Arc<dyn Executable>,
    batches: Arc<Mutex<Vec<usize>>>,
    gate: Arc<Gate>,
}

impl Moody {
    fn new(mood: Mood) -> Arc<Self> {
        Arc::new(Self {
            mood,
            healthy: AtomicBool::new(true),
            compiled: AtomicUsize::new(0),
            batches: Arc::default(),
            gate: Arc::default(),
        })
    }
}

impl Backend for Moody {
    fn name(&self) -> &'static str {
        "moody"
    }

    fn healthy(&self) -> bool {
        self.healthy.load(Ordering::SeqCst)
    }

    fn report(&self) -> DeviceReport {
        DeviceReport {
            jobs: 1,
            dma_bytes: 2,
            faults: 3,
            loads: 4,
        }
    }

    fn takes(&self, graph: &Graph) -> Vec<Range<usize>> {
        ReferenceBackend.takes(graph)
    }

    fn compile(&self, segment: &Segment) -> Result<Arc<dyn Executable>, BackendError> {
        self.compiled.fetch_add(1, Ordering::SeqCst);
        match self.mood {
            Mood::PanicsAtCompile => panic!("on purpose"),
            Mood::TooSmall => return Err(BackendError::TooLarge("on purpose".into())),
            _ => {}
        }
        Ok(Arc::new(MoodyExecutable {
            mood: self.mood,
            inner: ReferenceBackend.compile(segment)?,
            batches: self.batches.clone(),
            gate: self.gate.clone(),
        }))
    }
}

impl Executable for MoodyExecutable {
    fn run(&self, batch: &Batch) -> Result<Batch, BackendError> {
        self.batches.lock().unwrap().push(batch.items());
        self.gate.pass();
        let results = self.inner.run(batch)?;
        match self.mood {
            Mood::Fails => Err(BackendError::Device("on purpose".into())),
            Mood::Panics => panic!("on purpose"),
            Mood::TooShort => {
                let ty = TensorType::new(DType::I32, &[7]).unwrap();
                let items = results.to_items()?.iter().map(|item| item.slice(..28)).collect();
                Batch::new(batch.items(), vec![Buffer::host(ty, items)?])
            }
            Mood::OneMissing => {
                let mut items = results.to_items()?;
                items.pop();
                Batch::from_items([results.values()[0].ty()], items)
            }
            Mood::Right | Mood::PanicsAtCompile | Mood::TooSmall => Ok(results),
        }
    }
}

fn dispatcher(backend: &Arc<Moody>, memo_bytes: u64) -> (Dispatcher, ModelId) {
    let options = Options {
        memo_bytes,
        ..Options::default()
    };
    let dispatcher = Dispatcher::new(vec![backend.clone() as Arc<dyn Backend>], options);
    let id = dispatcher.add(model(1));
    (dispatcher, id)
}

#[test]
fn a_backend_that_misbehaves_costs_a_fall_back_and_no_result() {
    for mood in [
        Mood::Fails,
        Mood::Panics,
        Mood::PanicsAtCompile,
        Mood::TooShort,
        Mood::OneMissing,
        Mood::TooSmall,
    ] {
        let backend = Moody::new(mood);
        let (dispatcher, id) = dispatcher(&backend, 0);
        for round in 1..=3 {
            let input = [round; 8];
            assert_eq!(
                *dispatcher.infer(id, &input).unwrap(),
                expected(&input, 1),
                "{mood:?}"
            );
            assert_eq!(dispatcher.counters().fallbacks, u64::from(round), "{mood:?}");
        }
        let errors = dispatcher.take_errors();
        assert!(
            !errors.is_empty() && errors[0].contains("moody"),
            "{mood:?}: {errors:?}"
        );
        assert!(dispatcher.take_errors().is_empty());
        // Neither what does not fit nor a compiler that panics is tried again.
        assert_eq!(backend.compiled.load(Ordering::SeqCst), 1, "{mood:?}");
    }
}

#[test]
fn an_unhealthy_backend_is_passed_over_until_it_is_well() {
    let backend = Moody::new(Mood::Right);
    let (dispatcher, id) = dispatcher(&backend, 0);
    backend.healthy.store(false, Ordering::SeqCst);
    dispatcher.infer(id, &[1; 8]).unwrap();
    assert_eq!(
        (
            dispatcher.counters().fallbacks,
            backend.batches.lock().unwrap().len()
        ),
        (1, 0)
    );
    backend.healthy.store(true, Ordering::SeqCst);
    dispatcher.infer(id, &[2; 8]).unwrap();
    assert_eq!(
        (
            dispatcher.counters().fallbacks,
            backend.batches.lock().unwrap().len()
        ),
        (1, 1)
    );
}

#[test]
fn the_memo_answers_the_second_time() {
    let backend = Moody::new(Mood::Right);
    let (dispatcher, id) = dispatcher(&backend, 1 << 20);
    let first = dispatcher.infer(id, &[7; 8]).unwrap();
    assert!(matches!(dispatcher.submit(id, &[7; 8]), Ok(Submitted::Ready(output)) if output == first));
    let counters = dispatcher.counters();
    assert_eq!(
        (counters.requests, counters.memo_hits, counters.batches),
        (2, 1, 1)
    );
}

#[test]
fn who_did_an_inference_is_told_and_of_what_the_memo_has_nobody_did() {
    for (mood, who) in [
        (Mood::Right, "moody"),
        (Mood::Fails, "reference"),
        (Mood::TooSmall, "reference"),
    ] {
        let (dispatcher, id) = dispatcher(&Moody::new(mood), 1 << 20);
        let (output, by) = dispatcher.infer_by(id, &[3; 8]).unwrap();
        assert_eq!((&*output, &*by), (&*expected(&[3; 8], 1), &[who][..]), "{mood:?}");
        let (again, by) = dispatcher.infer_by(id, &[3; 8]).unwrap();
        assert_eq!((again, by.len()), (output, 0), "{mood:?}");
        let Submitted::Pending(ticket) = dispatcher.submit(id, &[4; 8]).unwrap() else {
            panic!("nobody asked for it before");
        };
        dispatcher.wait(&ticket).unwrap();
        assert_eq!(*ticket.done_by(), [who], "{mood:?}");
    }
}

#[test]
fn the_memo_is_bounded_in_bytes() {
    let backend = Moody::new(Mood::Right);
    // Room for some ten entries of 40 bytes and what each costs besides.
    let (dispatcher, id) = dispatcher(&backend, 2048);
    for i in 0..1000u16 {
        let [a, b] = i.to_le_bytes();
        dispatcher.infer(id, &[a, b, 0, 0, 0, 0, 0, 0]).unwrap();
    }
    let before = dispatcher.counters().memo_hits;
    for i in 0..1000u16 {
        let [a, b] = i.to_le_bytes();
        let input = [a, b, 0, 0, 0, 0, 0, 0];
        assert_eq!(*dispatcher.infer(id, &input).unwrap(), expected(&input, 1));
    }
    let hits = dispatcher.counters().memo_hits - before;
    assert!(hits <= 2048 / 40, "{hits} entries were kept");
}

#[test]
fn models_do_not_answer_for_each_other() {
    let backend = Moody::new(Mood::Right);
    let (dispatcher, one) = dispatcher(&backend, 1 << 20);
    let two = dispatcher.add(model(2));
    assert_ne!(one, two);
    for _ in 0..2 {
        assert_eq!(*dispatcher.infer(one, &[5; 8]).unwrap(), expected(&[5; 8], 1));
        assert_eq!(*dispatcher.infer(two, &[5; 8]).unwrap(), expected(&[5; 8], 2));
    }
}

#[test]
fn tickets_that_wait_together_become_one_batch_and_equal_ones_are_shared() {
    let backend = Moody::new(Mood::Right);
    let (dispatcher, id) = dispatcher(&backend, 0);
    backend.gate.set(true);
    // The first ticket occupies the dispatcher's thread; the others gather behind it.
    let first = dispatcher.submit(id, &[0; 8]).unwrap();
    while backend.batches.lock().unwrap().is_empty() {
        std::thread::yield_now();
    }
    let inputs: Vec<[u8; 8]> = (1..=10).map(|i| [i; 8]).collect();
    let tickets: Vec<Submitted> = inputs.iter().map(|i| dispatcher.submit(id, i).unwrap()).collect();
    let again = dispatcher.submit(id, &inputs[3]).unwrap();
    backend.gate.set(false);
    for (ticket, input) in tickets
        .into_iter()
        .zip(&inputs)
        .chain([(again, &inputs[3]), (first, &[0; 8])])
    {
        let Submitted::Pending(ticket) = ticket else {
            panic!("there is no memo")
        };
        assert_eq!(*dispatcher.wait(&ticket).unwrap(), expected(input, 1));
        assert_eq!(*ticket.poll().unwrap().unwrap(), expected(input, 1));
    }
    let batches = backend.batches.lock().unwrap().clone();
    assert_eq!(batches.iter().sum::<usize>(), 11);
    assert!(batches.len() <= 3, "{batches:?}");
    assert_eq!(dispatcher.counters().joined, 1);
}

#[test]
fn a_ticket_that_nobody_waits_for_is_done_all_the_same() {
    let backend = Moody::new(Mood::Right);
    let (dispatcher, id) = dispatcher(&backend, 0);
    let Submitted::Pending(ticket) = dispatcher.submit(id, &[4; 8]).unwrap() else {
        panic!("no memo")
    };
    let started = std::time::Instant::now();
    while ticket.poll().is_none() {
        assert!(started.elapsed().as_secs() < 20, "nobody did the work");
        std::thread::yield_now();
    }
}

#[test]
fn many_threads_get_their_own_answers() {
    let backend = Moody::new(Mood::Right);
    let options = Options {
        memo_bytes: 4096,
        max_batch: 4,
        max_waiting: 3,
        max_waiting_bytes: 20,
    };
    let dispatcher = Dispatcher::new(vec![backend as Arc<dyn Backend>], options);
    let ids = [dispatcher.add(model(1)), dispatcher.add(model(2))];
    std::thread::scope(|scope| {
        for thread in 0..4u8 {
            let dispatcher = &dispatcher;
            scope.spawn(move || {
                for i in 0..500u16 {
                    let [a, b] = (i / 2).to_le_bytes();
                    let input = [a, b, thread % 2, 0, 0, 0, 0, 0];
                    let which = usize::from(i % 2);
                    let output = dispatcher.infer(ids[which], &input).unwrap();
                    assert_eq!(*output, expected(&input, which as i32 + 1));
                }
            });
        }
    });
    assert_eq!(dispatcher.counters().requests, 2000);
}

#[test]
fn what_cannot_be_asked_is_refused_at_once() {
    let backend = Moody::new(Mood::Right);
    let (dispatcher, id) = dispatcher(&backend, 0);
    assert!(matches!(
        dispatcher.submit(ModelId([0; 32]), &[0; 8]),
        Err(DispatchError::UnknownModel(_))
    ));
    for length in [0, 7, 9] {
        let refused = dispatcher.submit(id, &vec![0; length]);
        assert!(
            matches!(refused, Err(DispatchError::WrongInputLength { expected: 8, actual, .. }) if actual == length)
        );
    }
    dispatcher.remove(id);
    assert!(matches!(
        dispatcher.infer(id, &[0; 8]),
        Err(DispatchError::UnknownModel(_))
    ));
    assert!(dispatcher.facts(id).is_none());
}
