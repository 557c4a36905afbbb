//! The suite of backends itself: a backend of thirty lines passes it; those that lie are found, and the
//! failure says how.

mod device;
mod liar;

use device::Keeping;
use liar::{Liar, has};
use metisvm_accel::{Backend, BackendError, Batch, DeviceReport, Executable};
use metisvm_model::{Graph, Op, Reference, Segment};
use metisvm_tests::backend_suite::{Difference, Failure, Fault, Report, Row, run};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Generated graphs of each row: here they are few, as the cases made by hand have to find every lie.
const GRAPHS: Range<u64> = 0..50;

/// A whole backend.
#[derive(Debug)]
struct Toy;

#[derive(Debug)]
struct Runner(Reference);

impl Backend for Toy {
    fn name(&self) -> &'static str {
        "toy"
    }
    fn compile(&self, segment: &Segment) -> Result<Arc<dyn Executable>, BackendError> {
        Ok(Arc::new(Runner(Reference::of(segment.clone()))))
    }
}

impl Executable for Runner {
    fn run(&self, batch: &Batch) -> Result<Batch, BackendError> {
        batch.map_items(self.0.segment(), |values| {
            Ok(self.0.run_values(values).expect("their lengths"))
        })
    }
}

fn outcome(row: Row) -> Result<Report, Box<Failure>> {
    run(&[row.graphs(GRAPHS, 1)]).pop().expect("one outcome a row")
}

#[test]
fn a_toy_backend_passes_the_suite() {
    let report = outcome(Row::new("toy", || Arc::new(Toy))).expect("it gives the bits of the reference");
    assert!(report.nodes_left.is_empty() && report.cases_left == 0, "{report}");
    assert!(report.coverage.count("MatMul", "depth", 65) > 0, "{report}");
    assert!(
        report.items > 64 * 65 / 2 * 9,
        "each batch of each operator: {report}"
    );
}

#[test]
fn a_device_that_keeps_its_values_passes_the_suite() {
    let report = outcome(Row::new("keeping", || Arc::new(Keeping::honest())));
    assert!(report.expect("its values are right wherever they lie").parts > 0);
}

#[test]
fn a_device_that_mixes_up_what_it_keeps_is_found() {
    let row = Row::new("forgetful", || Arc::new(Keeping::mixing_up()));
    let failure = outcome(row).expect_err("what it is handed on is wrong");
    assert!(matches!(failure.fault, Fault::WrongBits(_)), "{failure}");
}

#[test]
fn a_row_may_name_the_operators_that_its_backend_takes() {
    let products = |_: &Graph, node: &metisvm_model::Node| matches!(node.op, Op::MatMul | Op::Conv2d { .. });
    let row = Row::new("products", || Arc::new(Liar::taking(products_alone))).taking(products);
    let report = outcome(row).expect("what it takes is right");
    assert!(report.nodes_left["Add"] > 0 && !report.nodes_left.contains_key("MatMul"));
    assert_eq!(report.coverage.count("Add", "nodes", 0), 0, "others ran it");
    assert!(report.coverage.count("Conv2d", "nodes", 0) > 0);
}

fn products_alone(graph: &Graph) -> Vec<Range<usize>> {
    let product = |&i: &usize| matches!(graph.nodes()[i].op, Op::MatMul | Op::Conv2d { .. });
    let nodes = (0..graph.nodes().len()).filter(product);
    nodes.map(|i| i..i + 1).collect()
}

fn found(liar: fn() -> Liar) -> Box<Failure> {
    let row = Row::new("liar", move || Arc::new(liar()));
    let failure = outcome(row).expect_err("it lies");
    assert!(failure.to_string().starts_with("backend liar"), "{failure}");
    failure
}

/// The operators of the part that was wrong.
fn operators(failure: &Failure) -> &[&'static str] {
    failure.place.as_ref().map_or(&[], |place| &place.operators)
}

#[test]
fn one_wrong_bit_of_one_operator_at_one_edge_is_found() {
    // One bit of the last element, for products whose depth is one more than a tile of 64 alone.
    let failure = found(|| {
        Liar::telling(|this, _, results| {
            let graph = this.segment().graph();
            for node in &graph.nodes()[this.segment().nodes()] {
                let ragged = graph.ty(node.operands[0]).shape.dims().last() == Some(&65);
                if node.op == Op::MatMul && ragged {
                    let last = results[0].len() - 4;
                    results[0][last] ^= 1;
                }
            }
        })
    });
    let Fault::WrongBits(Difference { expected, actual, .. }) = failure.fault else {
        panic!("{failure}");
    };
    assert_eq!(expected ^ actual, 1);
    assert_eq!(operators(&failure), ["MatMul"], "{failure}");
    assert!(failure.to_string().contains("MatMul 5x65 by 65x3"), "{failure}");
}

#[test]
fn a_result_that_depends_on_the_batch_is_found() {
    // The 34th item gets the result of the first.
    let failure = found(|| {
        Liar::telling(|_, _, results| {
            if results.len() > 33 {
                results[33] = results[0].clone();
            }
        })
    });
    let Fault::DependsOnBatch(Difference { batch, item, .. }) = &failure.fault else {
        panic!("{failure}");
    };
    assert!(*batch >= 34 && *item == 33, "{failure}");
}

#[test]
fn a_result_that_depends_on_the_run_before_is_found() {
    let failure = found(|| {
        Liar::telling(|this, batch, results| {
            results[0][0] ^= this.before.load(Ordering::SeqCst) & 1;
            this.before.store(batch[0][0] | 1, Ordering::SeqCst);
        })
    });
    assert!(
        matches!(failure.fault, Fault::DependsOnEarlierRuns(_)),
        "{failure}"
    );
}

#[test]
fn a_backend_that_is_wrong_under_threads_is_found() {
    let failure = found(|| {
        Liar::telling(|this, _, results| {
            // Others come and go while this waits, if there are any.
            if this.segment().nodes().len() == 1 && has(this.segment(), "MatMul") {
                std::thread::sleep(Duration::from_micros(200));
            }
            if this.runs_twice() {
                results[0][0] ^= 1;
            }
        })
    });
    assert!(matches!(failure.fault, Fault::DependsOnThreads(_)), "{failure}");
}

#[test]
fn a_backend_that_is_wrong_when_several_executables_run_is_found() {
    // One executable at a time is right, on however many threads.
    let failure = found(|| {
        Liar::telling(|this, _, results| {
            if this.segment().nodes().len() == 1 && has(this.segment(), "MatMul") {
                std::thread::sleep(Duration::from_micros(200));
            }
            if this.others_run() {
                results[0][0] ^= 1;
            }
        })
    });
    assert!(matches!(failure.fault, Fault::DependsOnThreads(_)), "{failure}");
}

#[test]
fn a_backend_that_takes_a_node_and_then_refuses_it_is_found() {
    for liar in [
        (|| Liar::refusing(|part| has(part, "Table").then(|| BackendError::NotTaken("no tables".into()))))
            as fn() -> Liar,
        || Liar::refusing(|part| has(part, "Table").then(|| BackendError::TooLarge("of 0".into()))),
    ] {
        let failure = found(liar);
        assert!(matches!(failure.fault, Fault::Refused(_)), "{failure}");
        assert!(operators(&failure).contains(&"Table"), "{failure}");
    }
}

#[test]
fn a_part_that_is_too_large_as_one_runs_as_halves() {
    let small = |part: &Segment| {
        let large = part.nodes().len() > 1;
        large.then(|| BackendError::TooLarge("one node at most".into()))
    };
    let row = Row::new("small", move || Arc::new(Liar::refusing(small)));
    outcome(row).expect("halves fit");
}

#[test]
fn results_of_the_wrong_length_or_number_are_found() {
    let failure = found(|| {
        Liar::telling(|this, _, results| {
            if has(this.segment(), "Clamp") {
                results.iter_mut().for_each(|result| result.push(0));
            }
        })
    });
    assert!(
        matches!(failure.fault, Fault::WrongLength { item: 0, .. }),
        "{failure}"
    );
    assert!(operators(&failure).contains(&"Clamp"), "{failure}");
    let failure = found(|| {
        Liar::telling(|_, batch, results| {
            if batch.len() == 64 {
                results.pop();
            }
        })
    });
    let expected = Fault::WrongCount {
        items: 64,
        results: 63,
    };
    assert_eq!(failure.fault, expected);
}

#[test]
fn a_backend_that_panics_is_found_and_does_not_take_the_suite_with_it() {
    for (liar, method) in [
        (
            (|| Liar::telling(|this, _, _| assert!(!has(this.segment(), "ArgMax"), "no such axis")))
                as fn() -> Liar,
            "run",
        ),
        (
            || {
                Liar::refusing(|part| {
                    assert!(!has(part, "ArgMax"), "no such axis");
                    None
                })
            },
            "compile",
        ),
        (|| Liar::taking(|_| panic!("no such axis")), "takes"),
    ] {
        let failure = found(liar);
        let Fault::Panicked { during, message } = &failure.fault else {
            panic!("{failure}");
        };
        assert_eq!((*during, message.as_str()), (method, "no such axis"), "{failure}");
    }
}

#[test]
fn a_backend_that_cannot_be_made_fails_its_own_row_alone() {
    let rows = [
        Row::new("absent", || -> Arc<Toy> { panic!("no such device") }).graphs(GRAPHS, 1),
        Row::new("toy", || Arc::new(Toy)).graphs(GRAPHS, 1),
    ];
    let outcomes = run(&rows);
    let failure = outcomes[0].as_ref().expect_err("there is none");
    assert!(failure.to_string().contains("no such device"), "{failure}");
    assert!(outcomes[1].is_ok());
}

#[test]
fn a_backend_that_confuses_what_enters_a_part_is_found() {
    // Right for whole graphs, wrong for parts that begin later.
    let failure = found(|| {
        Liar::telling(|this, _, results| {
            if this.segment().nodes().start > 0 {
                results[0][0] ^= 1;
            }
        })
    });
    assert!(matches!(failure.fault, Fault::WrongBits(_)), "{failure}");
    assert!(
        failure.place.as_ref().is_some_and(|place| place.nodes.start > 0),
        "{failure}"
    );
}

#[test]
fn a_backend_that_fails_is_found() {
    #[derive(Debug)]
    struct Broken;
    impl Executable for Broken {
        fn run(&self, _: &Batch) -> Result<Batch, BackendError> {
            Err(BackendError::Device("it is unplugged".into()))
        }
    }
    #[derive(Debug)]
    struct Unplugged;
    impl Backend for Unplugged {
        fn name(&self) -> &'static str {
            "unplugged"
        }
        fn healthy(&self) -> bool {
            false
        }
        fn report(&self) -> DeviceReport {
            DeviceReport::default()
        }
        fn takes(&self, graph: &Graph) -> Vec<Range<usize>> {
            std::iter::once(0..graph.nodes().len()).collect()
        }
        fn compile(&self, _: &Segment) -> Result<Arc<dyn Executable>, BackendError> {
            Ok(Arc::new(Broken))
        }
    }
    let failure = outcome(Row::new("unplugged", || Arc::new(Unplugged))).expect_err("no device");
    assert!(
        matches!(&failure.fault, Fault::Failed(why) if why.contains("unplugged")),
        "{failure}"
    );
}

#[test]
fn a_device_that_saw_faults_does_not_pass() {
    let failure = found(Liar::with_a_fault);
    assert_eq!(failure.fault, Fault::Unhealthy { faults: 1 });
}

#[test]
fn a_backend_that_takes_less_or_more_than_its_row_says_is_found() {
    let nothing = || Arc::new(Liar::taking(|_| Vec::new()));
    let failure = outcome(Row::new("idle", nothing)).expect_err("its row says it takes all");
    assert!(matches!(failure.fault, Fault::Left(_)), "{failure}");
    let failure = outcome(Row::new("idle", nothing).taking(|_, _| false)).expect_err("nothing ran");
    assert_eq!(failure.fault, Fault::NothingRan);
    let failure = found(|| Liar::taking(products_alone));
    assert!(matches!(failure.fault, Fault::Left(_)), "{failure}");
    let tables = |_: &Graph, node: &metisvm_model::Node| node.op == Op::Table;
    let failure = outcome(Row::new("toy", || Arc::new(Toy)).taking(tables)).expect_err("it takes more");
    assert!(matches!(failure.fault, Fault::Undeclared(_)), "{failure}");
    let failure = found(|| Liar::taking(|graph| std::iter::once(0..graph.nodes().len() + 1).collect()));
    assert!(matches!(failure.fault, Fault::BadRuns(_)), "{failure}");
}
