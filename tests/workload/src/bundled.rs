//! The files of `host/cli/bundled`.

use crate::{DigitModels, Workload, WorkloadError, digits_block};
use alloy_primitives::B256;
use flate2::{Compression, GzBuilder};
use serde::{Deserialize, Serialize};
use std::io::Write;

/// What every engine has to reach on the bundled block.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Golden {
    /// The gas of the block.
    pub gas_used: u64,
    /// The root of its receipts.
    pub receipts_root: B256,
    /// The state root after it.
    pub state_root: B256,
    /// How many transactions it has.
    pub txs: usize,
    /// How often a model runs, results that a revert undoes included.
    pub inferences: u64,
    /// How many digits end with a class in the state.
    pub inferences_succeeded: usize,
    /// How many of those have the class that the image shows.
    pub correct: usize,
    /// The part of them, to four decimals.
    pub accuracy: f64,
}

impl Golden {
    /// The values of a block.
    pub fn of(workload: &Workload) -> Self {
        let header = &workload.built.file.block.header;
        let (correct, inferences_succeeded) = workload.correct();
        let accuracy = correct as f64 / inferences_succeeded as f64;
        Self {
            gas_used: header.gas_used,
            receipts_root: header.receipts_root,
            state_root: header.state_root,
            txs: workload.expected.len(),
            inferences: workload.inferences,
            inferences_succeeded,
            correct,
            accuracy: (accuracy * 10_000.0).round() / 10_000.0,
        }
    }
}

/// A file to be committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundledFile {
    /// Its name.
    pub name: &'static str,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// The bundles of both models, the block, and the golden values, made anew.
pub fn bundled_files() -> Result<Vec<BundledFile>, WorkloadError> {
    let models = DigitModels::import()?;
    let workload = digits_block(&models)?;
    let mut golden = serde_json::to_string_pretty(&Golden::of(&workload))
        .expect("a plain structure of numbers and text is JSON");
    golden.push('\n');
    let file = |name, bytes| BundledFile { name, bytes };
    Ok(vec![
        file("digits-mlp.bundle", models.mlp.bundle),
        file("digits-cnn.bundle", models.cnn.bundle),
        file("block.json.gz", gzip(workload.built.file.to_json().as_bytes())),
        file("golden.json", golden.into_bytes()),
    ])
}

/// Without a name and a time, so that equal content is an equal file.
fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
    encoder
        .write_all(content)
        .and_then(|()| encoder.finish())
        .expect("writing to memory does not fail")
}
