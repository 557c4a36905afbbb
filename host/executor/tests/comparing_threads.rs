//! `compare_threads`: what goes first, and what the block itself may not have been seen by.

#![allow(clippy::unwrap_used)] // in the helpers, too, a panic is how a test fails

use alloy_primitives::{B256, Bytes};
use metisvm_executor::{BlockEngine, BlockFile, Error, Threads, compare_threads, sampling::Samples};
use metisvm_vm::{EngineError, InferenceEngine, ModelFacts, Request};
use metisvm_workload::{
    DigitModels, ReferenceEngine,
    chains::{Scenario, WorkloadKind},
    small_block,
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

const SAMPLES: usize = 3;

fn files(kind: WorkloadKind) -> Vec<BlockFile> {
    let scenario = Scenario::generate(kind, 12, 2, 1).unwrap();
    let engine = BlockEngine::new(Threads::new(1).unwrap());
    scenario.files(&engine).map(Result::unwrap).collect()
}

/// Runs the models, and counts how often it was asked for each input.
struct Counting {
    models: Arc<ReferenceEngine>,
    asked: Mutex<HashMap<Vec<u8>, u64>>,
}

impl InferenceEngine for Counting {
    fn model(&self, id: B256) -> Option<ModelFacts> {
        self.models.model(id)
    }

    fn infer(&self, id: B256, input: &[u8]) -> Result<Bytes, EngineError> {
        let key = [id.as_slice(), input].concat();
        *self.asked.lock().unwrap().entry(key).or_default() += 1;
        self.models.infer(id, input)
    }

    fn generate(&self, id: B256, request: &Request) -> Result<Bytes, EngineError> {
        self.models.generate(id, request)
    }
}

#[test]
fn every_time_is_measured_and_all_ways_agree() {
    let files = files(WorkloadKind::MixedDefi);
    let threads = Threads::new(2).unwrap();
    let compared = compare_threads(
        &files[1],
        Some(&files[0]),
        || None,
        None,
        None,
        &threads,
        Samples::Exactly(SAMPLES),
    )
    .unwrap();
    assert!(
        compared.equal() && compared.block.matches_header(),
        "{compared:?}"
    );
    assert!(compared.after_another);
    for times in [
        &compared.plain_revm,
        &compared.plain_twice,
        &compared.sequential,
        &compared.parallel,
    ] {
        assert_eq!(times.count(), SAMPLES);
        assert!(!times.least().is_zero());
        assert!(times.least() <= times.median() && times.median() <= times.greatest());
    }
    assert!(compared.processors() > 0.0);
    assert_eq!(compared.report.threads, 2);
}

#[test]
fn a_block_does_not_go_before_itself() {
    let files = files(WorkloadKind::RawTransfers);
    let threads = Threads::new(2).unwrap();
    let after = |before: Option<&BlockFile>| {
        let once = Samples::Exactly(1);
        let compared = compare_threads(&files[1], before, || None, None, None, &threads, once).unwrap();
        assert!(compared.equal());
        compared.after_another
    };
    assert!(after(Some(&files[0])));
    assert!(!after(Some(&files[1])));
    assert!(!after(None));
}

#[test]
fn a_block_that_cannot_be_executed_does_not_go_first() {
    let files = files(WorkloadKind::RawTransfers);
    let mut before = files[0].clone();
    // Nobody can pay any more.
    before.pre_state = Default::default();
    let threads = Threads::new(2).unwrap();
    let once = Samples::Exactly(1);
    let compared = compare_threads(&files[1], Some(&before), || None, None, None, &threads, once).unwrap();
    assert!(!compared.after_another && compared.equal());
}

/// Nothing that answers inferences has answered those of the block before it is measured: none is asked
/// for the same input twice, though the block goes before itself.
#[test]
fn what_answers_inferences_has_not_seen_the_block() {
    let models = DigitModels::import().unwrap();
    let block = small_block(&models, 4).unwrap().built.file;
    let made: Mutex<Vec<Arc<Counting>>> = Mutex::default();
    let inference = || {
        let engine = Arc::new(Counting {
            models: models.engine(),
            asked: Mutex::default(),
        });
        made.lock().unwrap().push(engine.clone());
        Some(engine as Arc<dyn InferenceEngine>)
    };
    // One thread beside the sequential engine never speculates, so no input is asked for twice by a
    // speculation that was thrown away.
    let threads = Threads::new(1).unwrap();
    let compared = compare_threads(
        &block,
        None,
        inference,
        None,
        None,
        &threads,
        Samples::Exactly(SAMPLES),
    )
    .unwrap();
    assert!(compared.equal() && !compared.after_another);
    let made = made.into_inner().unwrap();
    let mut asked = 0;
    for engine in &made {
        let times = engine.asked.lock().unwrap();
        asked += times.len();
        assert!(times.values().all(|times| *times == 1), "{times:?}");
    }
    assert!(asked > 0);
}

#[test]
fn a_block_that_nobody_can_execute_is_an_error_and_not_a_difference() {
    let mut file = files(WorkloadKind::RawTransfers).remove(0);
    file.pre_state = Default::default();
    let threads = Threads::new(2).unwrap();
    let once = Samples::Exactly(1);
    let error = compare_threads(&file, None, || None, None, None, &threads, once).unwrap_err();
    assert!(
        matches!(error, Error::InvalidTransaction { index: 0, .. }),
        "{error}"
    );
}
