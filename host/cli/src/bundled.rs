//! What the binary carries: a block, the models that its contracts call, and what the images in it
//! really show. `tests/workload` makes all of it.

use crate::error::CliError;
use alloy_primitives::{B256, keccak256};
use flate2::read::GzDecoder;
use metisvm_executor::{BlockFile, BlockOutcome, DEFAULT_FILE_LIMIT};
use metisvm_model::Bundle;
use std::io::Read;

const BLOCK: &[u8] = include_bytes!("../bundled/block.json.gz");
/// Names of the bundled models, in their order.
pub const MODEL_NAMES: [&str; 2] = ["digits MLP", "digits CNN"];
const MODELS: [(&str, &[u8]); 2] = [
    (MODEL_NAMES[0], include_bytes!("../bundled/digits-mlp.bundle")),
    (MODEL_NAMES[1], include_bytes!("../bundled/digits-cnn.bundle")),
];
/// One byte an image of the test set: the digit it shows.
const LABELS: &[u8] = include_bytes!("../../../models/digits/test_labels.bin");

/// The bundled block.
///
/// # Errors
/// If the binary was damaged.
pub fn block() -> Result<BlockFile, CliError> {
    let damaged = |problem: String| CliError::Bundled {
        what: "block",
        problem,
    };
    let mut json = Vec::new();
    GzDecoder::new(BLOCK)
        .take(DEFAULT_FILE_LIMIT)
        .read_to_end(&mut json)
        .map_err(|e| damaged(e.to_string()))?;
    BlockFile::from_json(&json).map_err(|e| damaged(e.to_string()))
}

/// The bundled models.
///
/// # Errors
/// If the binary was damaged.
pub fn models() -> Result<Vec<Bundle>, CliError> {
    let decode = |(what, bytes): (&'static str, &[u8])| {
        Bundle::decode(bytes).map_err(|e| CliError::Bundled {
            what,
            problem: e.to_string(),
        })
    };
    MODELS.into_iter().map(decode).collect()
}

/// How many images were classified rightly, of how many: from the `Classified(uint256 indexed id,
/// uint8 class)` events of the block, where `id` is an image of the test set.
pub fn accuracy(outcome: &BlockOutcome) -> Option<f64> {
    let event: B256 = keccak256("Classified(uint256,uint8)");
    let (mut right, mut all) = (0u32, 0u32);
    for log in outcome.receipts.iter().flat_map(|r| r.logs()) {
        let [topic, id] = log.topics() else { continue };
        let id =
            id.0.last_chunk()
                .map(|b| u64::from_be_bytes(*b))
                .filter(|_| id.0[..24] == [0; 24]);
        let label = id.and_then(|id| LABELS.get(usize::try_from(id).ok()?));
        if let (true, Some(label), Some(class)) = (*topic == event, label, log.data.data.last()) {
            all += 1;
            right += u32::from(class == label);
        }
    }
    (all > 0).then(|| f64::from(right) / f64::from(all))
}
