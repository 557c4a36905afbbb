//! A block with inferences, executed over backends as often as one likes.

use metisvm::engine::DispatcherEngine;
use metisvm_accel::{Backend, Counters, Dispatcher, dispatcher};
use metisvm_executor::{BlockEngine, Threads, run_block_file};
use metisvm_model::Bundle;
use metisvm_workload::{DigitModels, Workload, small_block};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// Inferences of the block; each is a job of its own, as no two are alike.
pub(crate) const INFERENCES: u64 = 6;
/// How long the driver waits for a card: what a sound one needs on a busy machine, many times over.
pub(crate) const TIMEOUT: Duration = Duration::from_millis(300);
/// Past that, but within the test.
pub(crate) const LATE: Duration = Duration::from_millis(700);

pub(crate) fn impatient() -> metisvm_driver::Options {
    metisvm_driver::Options {
        timeout: TIMEOUT,
        reset_timeout: TIMEOUT,
        ..Default::default()
    }
}

fn workload() -> &'static (Workload, DigitModels) {
    static ONCE: OnceLock<(Workload, DigitModels)> = OnceLock::new();
    ONCE.get_or_init(|| {
        let models = DigitModels::import().expect("the digit models import");
        let block = small_block(&models, INFERENCES as usize).expect("the block builds");
        (block, models)
    })
}

/// The models of the block.
pub(crate) fn bundles() -> Vec<Bundle> {
    let (_, models) = workload();
    let decode = |bytes: &[u8]| Bundle::decode(bytes).expect("what was encoded decodes");
    vec![decode(&models.mlp.bundle), decode(&models.cnn.bundle)]
}

/// A dispatcher over some backends, with the models of the block.
pub(crate) struct Rig {
    pub(crate) dispatcher: Arc<Dispatcher>,
}

impl Rig {
    /// Without a memo: every inference reaches a backend.
    pub(crate) fn new(backend: Arc<dyn Backend>) -> Self {
        let options = dispatcher::Options {
            memo_bytes: 0,
            ..Default::default()
        };
        let dispatcher = Dispatcher::new(vec![backend], options);
        for bundle in bundles() {
            dispatcher.add(bundle);
        }
        Self {
            dispatcher: Arc::new(dispatcher),
        }
    }

    /// Executes the block, checks every root, and gives what was counted meanwhile.
    pub(crate) fn block(&self, what: &str) -> Counters {
        let before = self.dispatcher.counters();
        let engine = Arc::new(DispatcherEngine::new(self.dispatcher.clone()));
        let blocks = BlockEngine::new(Threads::new(1).expect("this thread"));
        let report = run_block_file(&workload().0.built.file, Some(engine), &blocks);
        let report = report.unwrap_or_else(|error| panic!("{what}: {error}"));
        assert!(report.matches_header(), "{what}: {:?}", report.mismatches);
        assert!(report.state_root.is_some(), "the block's state is complete");
        self.dispatcher.counters().since(&before)
    }
}

/// On a machine that stalls, a sound card may run into the time-out too; what has to hold of a card that nothing else
/// happens to may take another try. Roots have to hold each time.
const TRIES: usize = 5;

/// Tries until it comes out, a few times at most.
pub(crate) fn tried(what: &str, mut attempt: impl FnMut() -> Result<(), String>) {
    let mut outcome = attempt();
    for _ in 1..TRIES {
        outcome = outcome.or_else(|_| attempt());
    }
    assert_eq!(outcome, Ok(()), "{what}");
}

/// Waits until something is so; much longer than it should take.
pub(crate) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) -> Duration {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(30), "{what}");
        std::thread::sleep(Duration::from_millis(1));
    }
    start.elapsed()
}
