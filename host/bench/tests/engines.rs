//! Engines that take a part, give wrong bits, fail or are slow: what is measured of them, and what is said.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use metisvm_accel::reference::ReferenceBackend;
use metisvm_accel::{Backend, BackendError, Batch, Buffer, Executable};
use metisvm_bench::{Engine, Error, Model, Record, Setup, Subject, Watch, run};
use metisvm_executor::sampling::Samples;
use metisvm_model::{Bundle, Graph, Segment};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// What is wrong with an engine.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    None,
    WrongBit,
    /// It fails from the so manieth run on.
    FailsAfter(usize),
    Slow(Duration),
}

/// The reference kernels over some of the nodes.
#[derive(Debug)]
struct Odd {
    takes: fn(usize) -> Range<usize>,
    fault: Fault,
}

#[derive(Debug)]
struct OddPart {
    inner: Arc<dyn Executable>,
    fault: Fault,
    runs: AtomicUsize,
}

impl Backend for Odd {
    fn name(&self) -> &'static str {
        "odd"
    }

    fn takes(&self, graph: &Graph) -> Vec<Range<usize>> {
        vec![(self.takes)(graph.nodes().len())]
    }

    fn compile(&self, segment: &Segment) -> Result<Arc<dyn Executable>, BackendError> {
        Ok(Arc::new(OddPart {
            inner: ReferenceBackend.compile(segment)?,
            fault: self.fault,
            runs: AtomicUsize::new(0),
        }))
    }
}

impl Executable for OddPart {
    fn run(&self, batch: &Batch) -> Result<Batch, BackendError> {
        let runs = self.runs.fetch_add(1, Ordering::Relaxed);
        let outputs = self.inner.run(batch)?;
        match self.fault {
            Fault::FailsAfter(most) if runs >= most => Err(BackendError::Device("it is gone".into())),
            Fault::Slow(time) => {
                std::thread::sleep(time);
                Ok(outputs)
            }
            Fault::WrongBit => {
                let items = outputs.items();
                let flip = |value: &Buffer| {
                    let mut raw: Vec<Vec<u8>> = value.to_host()?.iter().map(|item| item.to_vec()).collect();
                    raw[items - 1][0] ^= 1;
                    Buffer::host(value.ty().clone(), raw.into_iter().map(Into::into).collect())
                };
                Batch::new(
                    items,
                    outputs.values().iter().map(flip).collect::<Result<_, _>>()?,
                )
            }
            _ => Ok(outputs),
        }
    }
}

#[derive(Default)]
struct Told {
    cases: Vec<(usize, usize)>,
    notes: Vec<String>,
    records: usize,
}

impl Watch for Told {
    type Error = Error;

    fn begin(&mut self, _: Subject, _: &str, done: usize, all: usize) {
        self.cases.push((done, all));
    }

    fn record(&mut self, _: &Record) -> Result<(), Error> {
        self.records += 1;
        Ok(())
    }

    fn note(&mut self, note: &str) {
        self.notes.push(note.to_owned());
    }
}

/// The digits MLP on an odd engine and on the reference, batches of 1 and 3.
fn measure(takes: fn(usize) -> Range<usize>, fault: Fault) -> (Result<Vec<Record>, Error>, Told) {
    let bundle = concat!(env!("CARGO_MANIFEST_DIR"), "/../cli/bundled/digits-mlp.bundle");
    let bundle = Bundle::decode(&std::fs::read(bundle).unwrap()).unwrap();
    let setup = Setup {
        subjects: vec![Subject::Models],
        engines: vec![
            Engine::new("odd", None, Arc::new(Odd { takes, fault })),
            Engine::new("reference", None, Arc::new(ReferenceBackend)),
        ],
        rest: Arc::new(ReferenceBackend),
        models: vec![Model {
            name: "digits".to_owned(),
            graph: Arc::new(bundle.graph),
        }],
        batches: vec![1, 3],
        threads: vec![1],
        block: None,
        samples: Samples::Exactly(2),
        patience: Duration::from_millis(200),
    };
    let mut told = Told::default();
    let records = run(&setup, &mut told);
    (records, told)
}

fn engines(records: &[Record]) -> Vec<&str> {
    records
        .iter()
        .filter(|record| !record.is_time())
        .map(|record| record.backend.as_str())
        .collect()
}

#[test]
fn all_engines_are_measured_at_every_batch_and_told_as_they_come() {
    let (records, told) = measure(|all| 0..all, Fault::None);
    let records = records.unwrap();
    assert_eq!(engines(&records), ["odd", "reference", "odd", "reference"]);
    assert_eq!((told.records, told.cases), (records.len(), vec![(0, 2), (1, 2)]));
    assert_eq!(told.notes, Vec::<String>::new());
    for record in &records {
        assert_eq!(record.samples, 2);
        assert!(record.ratio().is_some_and(|ratio| ratio > 0.0));
        let batch = record.place.as_ref().unwrap().size;
        let other = records.iter().find(|other| {
            other.case == record.case
                && other.backend == record.backend
                && other.is_time() != record.is_time()
        });
        // Throughput and latency are of the same samples.
        let [rate, ms] = if record.is_time() {
            [other.unwrap().ours, record.ours]
        } else {
            [record.ours, other.unwrap().ours]
        };
        assert!((rate * ms / 1e3 / batch - 1.0).abs() < 1e-6, "{record:?}");
    }
}

#[test]
fn what_an_engine_leaves_others_do_and_it_is_said() {
    let mut measured = 0;
    for takes in [|_| 0..1, |all: usize| all - 2..all, |_| 1..2] as [fn(usize) -> Range<usize>; 3] {
        let (records, told) = measure(takes, Fault::None);
        // Whatever part that is, the bits are right, or there would be an error.
        let records = records.unwrap();
        let said = told.notes.join("\n");
        if engines(&records).contains(&"odd") {
            measured += 1;
            assert!(
                said.contains("% of the multiply-accumulates of digits; reference does the rest"),
                "{said}"
            );
        } else {
            assert!(said.contains("it takes nothing of it"), "{said}");
        }
    }
    assert!(measured > 0, "a part of the model has products");
}

#[test]
fn one_wrong_bit_in_the_last_item_ends_the_run() {
    let (records, told) = measure(|all| 0..all, Fault::WrongBit);
    match records {
        Err(Error::Disagrees { engine, case }) => {
            assert_eq!(
                (engine.as_str(), case.as_str()),
                ("odd", "digits, batch 1, 1 thread")
            );
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(told.records, 0, "nothing of it was told");
}

#[test]
fn an_engine_that_fails_is_left_out_and_the_others_are_measured() {
    for runs in [0, 1, 2, 40] {
        let (records, told) = measure(|all| 0..all, Fault::FailsAfter(runs));
        let records = records.unwrap();
        assert_eq!(engines(&records), ["reference", "reference"], "after {runs}");
        let said = told.notes.join("\n");
        assert!(
            said.contains("left out: odd at digits, batch 1") && said.contains("it is gone"),
            "{said}"
        );
    }
}

#[test]
fn an_engine_that_is_too_slow_for_a_batch_is_left_out_of_that_batch() {
    // One run is soon enough; three are expected to take three times as long.
    let (records, told) = measure(|all| 0..all, Fault::Slow(Duration::from_millis(90)));
    assert_eq!(engines(&records.unwrap()), ["odd", "reference", "reference"]);
    let said = told.notes.join("\n");
    assert!(
        said.contains("left out: odd at digits, batch 3") && said.contains("--patience is 0.2 s"),
        "{said}"
    );
}
