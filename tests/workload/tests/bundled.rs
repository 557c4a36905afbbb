//! What is committed under `host/cli/bundled` is what this crate makes.

use alloy_primitives::B256;
use alloy_sol_types::SolEvent;
use metisvm_executor::{BlockEngine, BlockFile, DEFAULT_FILE_LIMIT, Threads, run_block_file};
use metisvm_model::{Bundle, Reference};
use metisvm_workload::{Digit, DigitClassifier, Golden, ReferenceEngine, bundled_files};
use std::{fs, io::Read, path::PathBuf, sync::Arc};

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../host/cli/bundled"))
}

fn decompressed(name: &str, bytes: Vec<u8>) -> Vec<u8> {
    if !name.ends_with(".gz") {
        return bytes;
    }
    // Another version of the compressor may find other bytes for the same content.
    let mut content = Vec::new();
    flate2::read::GzDecoder::new(bytes.as_slice())
        .read_to_end(&mut content)
        .expect("a gzip file");
    content
}

#[test]
fn bundled_files_are_what_the_generator_makes() {
    for file in bundled_files().unwrap() {
        let path = folder().join(file.name);
        let committed = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert!(
            decompressed(file.name, committed) == decompressed(file.name, file.bytes),
            "{} differs; `cargo run --release -p metisvm-workload --bin make-bundled` writes it anew",
            file.name
        );
    }
}

#[test]
fn the_committed_bundles_execute_the_committed_block_to_the_golden_values() {
    let models = ["digits-mlp.bundle", "digits-cnn.bundle"].map(|name| {
        let bundle = Bundle::decode(&fs::read(folder().join(name)).unwrap()).unwrap();
        (
            B256::from(bundle.id.0),
            Arc::new(Reference::new(Arc::new(bundle.graph))),
        )
    });
    let engine = Arc::new(ReferenceEngine::new(models));
    let file = BlockFile::read(folder().join("block.json.gz"), DEFAULT_FILE_LIMIT).unwrap();
    let golden: Golden = serde_json::from_slice(&fs::read(folder().join("golden.json")).unwrap()).unwrap();

    let blocks = BlockEngine::new(Threads::new(1).unwrap());
    let report = run_block_file(&file, Some(engine.clone()), &blocks).unwrap();
    assert_eq!(report.mismatches, []);
    assert_eq!(report.state_root, Some(golden.state_root));
    assert_eq!(report.receipts_root, Some(golden.receipts_root));
    assert_eq!(report.outcome.gas_used, golden.gas_used);
    assert_eq!(report.outcome.transactions.len(), golden.txs);
    assert_eq!(engine.answers(), golden.inferences);

    let logs = report.outcome.receipts.iter().flat_map(|receipt| receipt.logs());
    let right: Vec<bool> = logs
        .filter_map(|log| DigitClassifier::Classified::decode_log(log).ok())
        .map(|log| Digit::new(log.id.to()).label == log.class)
        .collect();
    assert_eq!(right.len(), golden.inferences_succeeded);
    let correct = right.iter().filter(|right| **right).count();
    assert_eq!(correct, golden.correct);
}
