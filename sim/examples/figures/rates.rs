//! What the counters of a card say about batches of messages of one length.

use crate::card::{Batch, Card};
use metisvm_firmware::registers::{self as reg, counter};
use metisvm_sim::RtlOptions;
use std::error::Error;

/// A whole block, of which the padding makes two; a branch of a trie with sixteen children, four blocks.
const LENGTHS: [usize; 2] = [136, 532];
/// Enough that the beginning and the end of a job do not count.
const MESSAGES: usize = 8192;

pub(crate) fn print(board: &str) -> Result<(), Box<dyn Error>> {
    let options = RtlOptions::default();
    let mut card = Card::new(board, &options)?;
    let most = card.capabilities.keccak_max_messages as usize;
    for length in LENGTHS {
        // With room for the descriptors.
        let fit = card.capabilities.keccak_max_bytes as usize / (length + 16);
        let messages = MESSAGES.min(most).min(fit);
        let batch = Batch::new(&card.transport, vec![length; messages])?;
        let before = read(&card);
        card.hash(&batch)?;
        let after = read(&card);
        let count = |index: u32| after[index as usize] - before[index as usize];
        println!(
            "{{\"board\": \"{board}\", \"latency_ns\": {}, \"message_bytes\": {length}, \
             \"messages\": {messages}, \"card_cycles\": {}, \"core_busy_cycles\": {}, \
             \"starved_cycles\": {}, \"stalled_cycles\": {}, \"words_read\": {}, \"words_written\": {}, \
             \"read_waits\": {}, \"read_stalled\": {}, \"request_stalled\": {}, \"write_stalled\": {}}}",
            options.latency.as_nanos(),
            count(counter::BUSY),
            count(counter::KECCAK_BUSY),
            count(counter::KECCAK_STARVED),
            count(counter::KECCAK_STALLED),
            count(counter::WORDS_READ),
            count(counter::WORDS_WRITTEN),
            count(counter::READ_WAITS),
            count(counter::READ_STALLED),
            count(counter::REQUEST_STALLED),
            count(counter::WRITE_STALLED),
        );
    }
    Ok(())
}

fn read(card: &Card) -> Vec<u64> {
    let word = |offset| u64::from(card.transport.read32(reg::COUNTERS + offset));
    (0..counter::COUNT)
        .map(|index| word(index * 8) | word(index * 8 + 4) << 32)
        .collect()
}
