//! The waveform of one KECCAK job of two messages.

use crate::card::{Batch, Card};
use metisvm_sim::RtlOptions;
use std::error::Error;
use std::path::Path;
use std::time::Duration;

/// A whole block, of which the padding makes two, and one that fits into a block.
const LENGTHS: [usize; 2] = [136, 32];
/// Short, so that the picture shows more than waiting.
const LATENCY: Duration = Duration::from_nanos(100);

pub(crate) fn write(file: &Path, board: &str) -> Result<(), Box<dyn Error>> {
    let options = RtlOptions {
        latency: LATENCY,
        trace: Some(file.to_owned()),
        ..RtlOptions::default()
    };
    let mut card = Card::new(board, &options)?;
    let batch = Batch::new(&card.transport, LENGTHS)?;
    card.hash(&batch)
}
