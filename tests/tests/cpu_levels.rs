//! Levels of the cpu backend that compute wrongly: they are found out, put out of use, and the result is right.

use metisvm_accel::cpu::{self, CpuBackend, Sabotage};
use metisvm_accel::{Backend, Dispatcher, dispatcher};
use metisvm_model::{Bundle, Graph, Reference};
use metisvm_simd::Level;
use metisvm_tests::{graphs, rng::Rng};
use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;

const EVERY_ONE: Option<NonZeroU32> = NonZeroU32::new(1);

/// A dispatcher over a cpu backend with these options, and the backend.
fn over(options: cpu::Options) -> (Dispatcher, Arc<CpuBackend>) {
    let backend = Arc::new(CpuBackend::new(options));
    let list: Vec<Arc<dyn Backend>> = vec![backend.clone()];
    let options = dispatcher::Options {
        memo_bytes: 0,
        ..dispatcher::Options::default()
    };
    (Dispatcher::new(list, options), backend)
}

/// A generated graph with a product in it, as a bundle.
fn model() -> Bundle {
    let has_product = |graph: &Graph| graph.work().macs > 0;
    let mut graphs = (0..).map(|seed| graphs::graph(seed).0);
    let graph = graphs.find(has_product).expect("most have one");
    Bundle::encode(graph).expect("a sound graph").0
}

/// Runs inputs through a dispatcher, and compares with the reference kernels.
fn compare(dispatcher: &Dispatcher, model: &Bundle, seeds: std::ops::Range<u64>) {
    let reference = Reference::new(Arc::new(model.graph.clone()));
    for seed in seeds {
        let input = graphs::input(&model.graph, &mut Rng::new(seed));
        let given = dispatcher.infer(model.id, &input).expect("something computes it");
        assert_eq!(*given, *reference.run(&input).expect("an input of the model"));
    }
}

#[test]
fn a_level_that_fails_its_self_test_is_never_used() {
    let best = Level::best();
    let sabotage = Some(Sabotage {
        level: best,
        from_the_start: true,
    });
    let (dispatcher, backend) = over(cpu::Options {
        sabotage,
        ..cpu::Options::default()
    });
    let report = backend.report();
    let [(condemned, why)] = &report.condemned[..] else {
        panic!("{report:?}")
    };
    assert_eq!(*condemned, best);
    assert!(why.contains("self-test"), "{why}");
    assert_eq!(report.level, Level::available().nth(1));
    let model = model();
    dispatcher.add(model.clone());
    compare(&dispatcher, &model, 0..8);
    assert_eq!(dispatcher.counters().fallbacks, 0);
}

#[test]
fn a_kernel_that_lies_is_found_by_an_audit_and_its_work_done_again() {
    let best = Level::best();
    let sabotage = Some(Sabotage {
        level: best,
        from_the_start: false,
    });
    let (dispatcher, backend) = over(cpu::Options {
        audit: EVERY_ONE,
        sabotage,
        ..cpu::Options::default()
    });
    assert_eq!(backend.level(), Some(best), "the self-test has nothing to find");
    let model = model();
    dispatcher.add(model.clone());
    compare(&dispatcher, &model, 0..8);
    let report = backend.report();
    assert_eq!(report.level, Level::available().nth(1));
    assert!(report.condemned[0].1.contains("audit"), "{report:?}");
    // The reference did what the level had spoilt; from then on the next level works.
    assert_eq!(dispatcher.counters().fallbacks, 1);
    let errors = dispatcher.take_errors();
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(
        errors[0].contains("audit") && errors[0].contains(best.name()),
        "{errors:?}"
    );
    assert_eq!(report.audited, 8);
}

#[test]
fn a_backend_whose_only_level_lies_leaves_everything_to_the_reference() {
    let sabotage = Some(Sabotage {
        level: Level::PORTABLE,
        from_the_start: false,
    });
    let (dispatcher, backend) = over(cpu::Options {
        level: Some(Level::PORTABLE),
        audit: EVERY_ONE,
        sabotage,
    });
    let model = model();
    dispatcher.add(model.clone());
    compare(&dispatcher, &model, 0..4);
    assert!(!backend.healthy());
    assert_eq!(backend.report().level, None);
}

#[test]
fn an_audit_looks_at_its_share() {
    let (dispatcher, backend) = over(cpu::Options {
        audit: NonZeroU32::new(4),
        ..cpu::Options::default()
    });
    let model = model();
    dispatcher.add(model.clone());
    compare(&dispatcher, &model, 0..32);
    let report = backend.report();
    assert_eq!((report.items, report.audited), (32, 8));
    assert!(report.macs > 0);
}

#[test]
fn groups_and_threads_change_no_bit() {
    let model = model();
    let reference = Reference::new(Arc::new(model.graph.clone()));
    let inputs: Vec<Vec<u8>> = (0..64)
        .map(|seed| graphs::input(&model.graph, &mut Rng::new(seed)))
        .collect();
    let expected: BTreeMap<&Vec<u8>, Vec<u8>> = inputs
        .iter()
        .map(|input| (input, reference.run(input).expect("an input of the model")))
        .collect();
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(3)
        .build()
        .expect("three threads");
    pool.install(|| {
        let (dispatcher, _) = over(cpu::Options::default());
        dispatcher.add(model.clone());
        let submitted: Vec<_> = inputs
            .iter()
            .map(|input| dispatcher.submit(model.id, input).expect("it is known"))
            .collect();
        for (input, submitted) in inputs.iter().zip(submitted) {
            let given = match submitted {
                metisvm_accel::Submitted::Ready(output) => output,
                metisvm_accel::Submitted::Pending(ticket) => dispatcher.wait(&ticket).expect("it runs"),
            };
            assert_eq!(*given, *expected[input]);
        }
    });
}
