//! Keccak of the card against that of the processor.

use super::check::{Passed, Problem, Target};
use super::random::Random;
use alloy_primitives::keccak256;
use metisvm_firmware::registers::features;

/// Lengths around a block of the sponge, of 136 bytes, and around the words of a stream.
const LENGTHS: [usize; 17] = [
    0, 1, 7, 8, 9, 31, 32, 64, 127, 128, 135, 136, 137, 271, 272, 273, 1000,
];
/// Messages of a batch after those, and the longest of them; of a card that takes its time.
const MANY: usize = 256;
const FEW: usize = 8;
const LONG: usize = 100_000;
const SHORT: usize = 3000;

pub(super) fn keccak(target: &Target) -> Result<Passed, Problem> {
    let card = target.capabilities();
    if card.features & features::KECCAK == 0 {
        return Err(Problem::NotThere("the card has no Keccak engine".to_owned()));
    }
    let mut random = Random::new(1);
    let (many, long) = if target.slow { (FEW, SHORT) } else { (MANY, LONG) };
    // What the driver adds to a message for its descriptor, twice over.
    let most = (card.keccak_max_bytes as usize / 2).saturating_sub(32);
    let alone = LENGTHS
        .iter()
        .copied()
        .chain([long])
        .filter(|length| *length <= most);
    let mut batches: Vec<Vec<Vec<u8>>> = alone.map(|length| vec![random.bytes(length)]).collect();
    let many = many.min(card.keccak_max_messages as usize);
    let lengths = (0..many)
        .map(|_| random.next() as usize % 600)
        .collect::<Vec<_>>();
    let fit = lengths.iter().scan(0, |all, length| {
        *all += length + 32;
        (*all <= most).then_some(*length)
    });
    batches.push(
        fit.collect::<Vec<_>>()
            .into_iter()
            .map(|length| random.bytes(length))
            .collect(),
    );
    let mut messages = 0;
    for batch in &batches {
        let slices: Vec<&[u8]> = batch.iter().map(Vec::as_slice).collect();
        let digests = target.device.keccak(&slices)?;
        for (index, (message, digest)) in batch.iter().zip(&digests).enumerate() {
            if keccak256(message).0 != *digest {
                return Err(Problem::Wrong(format!(
                    "the digest of message {index} of {}, of {} bytes, is wrong",
                    batch.len(),
                    message.len()
                )));
            }
        }
        messages += digests.len();
    }
    Ok(Passed {
        detail: format!("{messages} messages, as the processor's"),
        figures: vec![("messages", messages as f64)],
    })
}
