//! One process, several blocks: the second finds the memo, the compiled models and the weights on the card that
//! the first one left, and its report counts its own share alone.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use metisvm::args::{Backend, Engine};
use metisvm::composition::{self, Mark};
use metisvm::engine::DispatcherEngine;
use metisvm_accel::fpga::{self, FpgaBackend};
use metisvm_accel::{Dispatcher, dispatcher};
use metisvm_driver::{Device, InProcess};
use metisvm_executor::{BlockEngine, BlockFile, Threads, run_block_file};
use metisvm_model::Bundle;
use metisvm_sim::{FunctionalCard, SimOptions};
use metisvm_workload::{DigitModels, small_block};
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;
use support::{objects, run, stdout};
use tempfile::tempdir;

const DIGITS: [usize; 2] = [4, 8];
/// Program and data of two models.
const LOADS: u64 = 4;

/// Two blocks of different digits over the same genesis, and the models that they call.
fn blocks() -> ([BlockFile; 2], Vec<Bundle>) {
    let models = DigitModels::import().unwrap();
    let files = DIGITS.map(|digits| small_block(&models, digits).unwrap().built.file);
    let bundles = [&models.mlp.bundle, &models.cnn.bundle].map(|bytes| Bundle::decode(bytes).unwrap());
    (files, bundles.into())
}

fn execute(file: &BlockFile, dispatcher: &Arc<Dispatcher>) {
    let engine = Arc::new(DispatcherEngine::new(dispatcher.clone()));
    let blocks = BlockEngine::new(Threads::new(1).unwrap());
    let report = run_block_file(file, Some(engine), &blocks).unwrap();
    assert!(report.matches_header(), "{:?}", report.mismatches);
}

#[test]
fn a_second_block_on_one_dispatcher_uses_the_memo_of_the_first() {
    let ([file, _], bundles) = blocks();
    let engine = Engine::of(vec![Backend::Fpga]);
    let composed = composition::compose(&engine, &bundles);
    let share = |before: &Mark| {
        execute(&file, &composed.dispatcher);
        composed.counters_since(before)
    };
    let before = composed.mark();
    let first = share(&before);
    let inferences = first.requests;
    assert!(inferences >= DIGITS[0] as u64);
    assert_eq!((first.memo_hits, first.compiled), (0, 2));
    assert_eq!(first.devices.jobs, inferences + LOADS);

    let second = share(&composed.mark());
    assert_eq!((second.requests, second.memo_hits), (inferences, inferences));
    assert_eq!((second.batches, second.compiled, second.devices.jobs), (0, 0, 0));
    assert_eq!(second.devices.dma_bytes, 0);

    let both = composed.counters_since(&before);
    assert_eq!((both.requests, both.memo_hits), (2 * inferences, inferences));
}

#[test]
fn a_second_block_uses_the_weights_that_the_first_left_on_the_card() {
    let ([file, _], bundles) = blocks();
    let transport = InProcess::start(Box::new(FunctionalCard::new(SimOptions::default()))).unwrap();
    let device = Device::open(Box::new(transport), metisvm_driver::Options::default()).unwrap();
    let backend = Arc::new(FpgaBackend::new(device, fpga::Options::default()));
    // Without a memo, every inference of either block reaches the card.
    let without_memo = dispatcher::Options {
        memo_bytes: 0,
        ..Default::default()
    };
    let dispatcher = Arc::new(Dispatcher::new(vec![backend.clone()], without_memo));
    for bundle in bundles.iter().chain(&bundles) {
        dispatcher.add(bundle.clone());
    }
    let share = || {
        let (before, device) = (dispatcher.counters(), backend.device().counters());
        execute(&file, &dispatcher);
        let to_card = backend.device().counters().dma_to_card_bytes - device.dma_to_card_bytes;
        (dispatcher.counters().since(&before), to_card)
    };
    let (first, to_card_first) = share();
    let (second, to_card_second) = share();
    assert_eq!((first.compiled, second.compiled), (2, 0));
    assert_eq!(first.devices.jobs, first.requests + LOADS);
    assert_eq!(second.devices.jobs, second.requests, "nothing is loaded again");
    // The weights of both models are some tens of kilobytes, an input 64 bytes.
    assert!(
        to_card_first > to_card_second + 10_000,
        "{to_card_first} and {to_card_second}"
    );
    assert_eq!((first.fallbacks, second.fallbacks), (0, 0));
}

fn write(folder: &Path, files: &[BlockFile]) {
    for (index, file) in files.iter().enumerate() {
        std::fs::write(folder.join(format!("{index}.json")), file.to_json()).unwrap();
    }
}

fn counts(object: &Value, keys: [&str; 4]) -> [u64; 4] {
    assert_eq!(object["matches_header"], true, "{object}");
    assert_eq!(object["fallbacks"], 0, "{object}");
    keys.map(|key| object[key].as_u64().unwrap())
}

#[test]
fn files_of_one_command_share_memo_and_card() {
    let (files, _) = blocks();
    let folder = tempdir().unwrap();
    write(folder.path(), &files);
    let arguments = ["run", "0.json", "1.json", "1.json", "--backend", "fpga"];
    let output = run(
        folder.path(),
        &[&arguments[..], &["--threads", "1", "--json"]].concat(),
    );
    assert!(output.status.success(), "{}", stdout(&output));
    let objects = objects(&output);
    let keys = ["inferences", "memo_hits", "card_jobs", "dma_bytes"];
    let [asked, hits, jobs, _] = counts(&objects[0], keys);
    assert_eq!((hits, jobs), (0, asked + LOADS));
    // New digits are computed, with what is on the card already.
    let [asked, hits, jobs, _] = counts(&objects[1], keys);
    assert!(hits < asked, "the second block has digits of its own");
    assert_eq!(jobs, asked - hits);
    // And none of the third.
    let [asked, hits, jobs, bytes] = counts(&objects[2], keys);
    assert_eq!((hits, jobs, bytes), (asked, 0, 0));
}

#[test]
fn a_fault_is_reported_with_the_block_in_which_it_happened() {
    let (files, _) = blocks();
    let folder = tempdir().unwrap();
    write(folder.path(), &files);
    let faults = ["--fault", "flip-bit@1", "--fault", "silent@100000"];
    let arguments = [
        "run",
        "0.json",
        "1.json",
        "--backend",
        "fpga",
        "--threads",
        "1",
        "--json",
    ];
    let output = run(folder.path(), &[&arguments[..], &faults].concat());
    assert!(output.status.success(), "{}", stdout(&output));
    let objects = objects(&output);
    let faults = |at: usize| objects[at]["faults"].as_array().unwrap().clone();
    assert_eq!(faults(0).len(), 2);
    assert!(faults(0)[0]["at_job"].is_u64());
    assert_eq!(objects[0]["card_faults"], 1);
    let left = faults(1);
    assert_eq!(
        (left.len(), &left[0]["fault"]),
        (1, &Value::from("silent@100000"))
    );
    assert_eq!(objects[1]["card_faults"], 0);
}
