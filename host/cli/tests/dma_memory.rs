//! A bound on the memory that a card may reach costs speed and never a result.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use bytes::Bytes;
use metisvm::engine::DispatcherEngine;
use metisvm_accel::fpga::{self, FpgaBackend, FpgaPool};
use metisvm_accel::{Backend, Batch, Dispatcher, dispatcher};
use metisvm_driver::{Device, InProcess, Options};
use metisvm_executor::{BlockEngine, Threads, run_block_file};
use metisvm_model::{Bundle, Reference, Segment};
use metisvm_sim::{FunctionalCard, SimOptions};
use metisvm_workload::{DigitModels, small_block};
use std::sync::Arc;
use support::{objects, run, stderr};
use tempfile::tempdir;

/// Rings of 1024 entries.
const RINGS: u64 = 80 << 10;
/// Two pages beside the rings: enough for the self-test, and too little for two items of the convolutional model.
const NARROW: u64 = RINGS + (8 << 10);

fn card(dma_bytes: u64) -> Arc<FpgaBackend> {
    let transport = InProcess::start(Box::new(FunctionalCard::new(SimOptions::default()))).unwrap();
    let options = Options {
        dma_bytes,
        ..Options::default()
    };
    let device = Device::open(Box::new(transport), options).unwrap();
    Arc::new(FpgaBackend::new(device, fpga::Options::default()))
}

#[test]
fn roots_are_alike_with_any_bound_and_no_bound_is_exceeded() {
    let models = DigitModels::import().unwrap();
    let file = small_block(&models, 8).unwrap().built.file;
    let bundles = [&models.mlp.bundle, &models.cnn.bundle].map(|bytes| Bundle::decode(bytes).unwrap());
    let execute = |backend: Arc<dyn Backend>| {
        let dispatcher = Arc::new(Dispatcher::new(vec![backend], dispatcher::Options::default()));
        for bundle in &bundles {
            dispatcher.add(bundle.clone());
        }
        let engine = Arc::new(DispatcherEngine::new(dispatcher.clone()));
        let blocks = BlockEngine::new(Threads::new(2).unwrap());
        let report = run_block_file(&file, Some(engine), &blocks).unwrap();
        assert!(report.matches_header(), "{:?}", report.mismatches);
        dispatcher.counters()
    };
    // From one in which a batch does not fit to one in which all jobs do.
    let mut passed_on = Vec::new();
    for bound in [NARROW, RINGS + (64 << 10), 512 << 10, 8 << 20] {
        let card = card(bound);
        let counters = execute(card.clone());
        passed_on.push(counters.fallbacks);
        let device = card.device();
        assert!(
            device.most_mapped_bytes() <= bound,
            "{} of {bound}",
            device.most_mapped_bytes()
        );
        assert!(device.health().is_healthy(), "{:?}", device.health());
        assert_eq!(device.counters().faults, 0);
    }
    assert!(passed_on[0] > 0, "nothing was passed on: {passed_on:?}");
    assert_eq!(passed_on[3], 0, "{passed_on:?}");
}

#[test]
fn of_two_cards_the_one_that_may_map_more_does_what_the_other_cannot() {
    let models = DigitModels::import().unwrap();
    let (narrow, wide) = (card(NARROW), card(8 << 20));
    let pool = FpgaPool::new(vec![
        ("narrow".to_owned(), narrow.clone()),
        ("wide".to_owned(), wide.clone()),
    ]);
    let graph = Arc::new(Bundle::decode(&models.cnn.bundle).unwrap().graph);
    let types: Vec<_> = graph.inputs().iter().map(|input| &input.ty).collect();
    let bytes = types.iter().map(|ty| ty.bytes()).sum();
    let inputs: Vec<_> = (0..8_u8).map(|pixel| Bytes::from(vec![pixel; bytes])).collect();
    let batch = Batch::from_items(types, inputs.clone()).unwrap();
    // Nothing was measured yet and no card is at work, so that each gets half of the batch.
    let part = pool.compile(&Segment::whole(graph.clone())).unwrap();
    let outputs = part.run(&batch).unwrap().to_items().unwrap();
    let reference = Reference::new(graph);
    for (input, output) in inputs.iter().zip(outputs) {
        assert_eq!(*output, *reference.run(input).unwrap());
    }

    let errors = pool.take_errors();
    let of_narrow = |error: &String| error.contains("narrow") && error.contains("--dma-memory");
    assert!(
        errors.iter().any(of_narrow),
        "{errors:?}, {:?}",
        narrow.condition()
    );
    let work = pool.work();
    assert_eq!((work.asked, work.answered, work.handed_back), (8, 8, 0));
    assert!(wide.report().jobs > 0);
    assert!(narrow.device().most_mapped_bytes() <= NARROW);
}

#[test]
fn the_command_takes_the_bound_in_mib_and_says_where_it_does_nothing() {
    let folder = tempdir().unwrap();
    let root = |arguments: &[&str]| {
        let output = run(folder.path(), arguments);
        assert!(output.status.success(), "{output:?}");
        objects(&output)[0]["state_root"].clone()
    };
    let free = root(&["run", "--json", "--backend", "fpga"]);
    assert!(free.is_string());
    let bounded = root(&["run", "--json", "--backend", "fpga", "--dma-memory", "1"]);
    assert_eq!(bounded, free);
    for (arguments, said) in [
        (&["run", "--dma-memory", "1"][..], "add --backend fpga"),
        (&["run", "--backend", "fpga", "--dma-memory", "0"], "--dma-memory"),
        (
            &["run", "--backend", "fpga", "--dma-memory", "1GiB"],
            "--dma-memory",
        ),
    ] {
        let output = run(folder.path(), arguments);
        assert!(!output.status.success());
        let words = stderr(&output);
        assert!(words.contains(said), "{words}");
    }
}
