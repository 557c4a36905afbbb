//! Which level hashes: the fastest that knows what Keccak-256 of some messages is.
//!
//! A digest that is wrong is a state root that is wrong, and nothing on the way there would tell. So a processor
//! (or an emulator, or a compiler) that gets the vector instructions wrong is to be found out before
//! anything hashes with it.

use super::each::keccak256_many;
use crate::level::Level;
use std::sync::OnceLock;

/// The lengths of the stored messages: around the ends of words, registers and blocks, more than there are lanes,
/// and mixed, so that lanes end and begin at different times.
const LENGTHS: [usize; 12] = [0, 1, 7, 532, 63, 64, 110, 127, 135, 136, 137, 300];

/// Their digests, by keccak-asm and by the specification written down in another language.
const DIGESTS: [&str; LENGTHS.len()] = [
    "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470",
    "5fe7f977e71dba2ea1a68e21057beebb9be2ac30c6410aa38d4f3fbe41dcffd2",
    "82d7875d2c0f7b868e5b83d72763ba773dcdfb3b8e882daadea2d90d1f56608f",
    "0d6870e8a4b00ec2b0c28981fb168009f326d895cfa31c0ffe827ff9c552a190",
    "511de73885e6cb8e83f833263de1552d36de6da5ef24238964f0017f88b56a52",
    "45225cd72067b9eb4f2e44ed718fdeb56ada078a494fe81695b44d69f367e14d",
    "4d4308b75230d93f9d7ab9171c7b44fbe100da6f906eecd860dbe73db77ef575",
    "4b11793187303af9bcae2402ecea4a2741837c2970f1e3182e0e3ccab7a53ee3",
    "403d6369d8eb1369546d6476398c9dd5bb6df8cf41c5b362eb78133c6b640537",
    "bed6273909b1be3de56a512649507aafb77f8271e84e793c3713b948c81a7824",
    "f06ed5da9d286984281b529ecf4090da466a46fc559a42390fe775f4999a7945",
    "38ce6bc3caedc1c3343a07e31b19dd23b81e6c7aa9ca4b1e1ec0bcc64bdbc5d9",
];

/// The fastest level of this processor that passes, with what the faster ones did not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The level to hash with.
    pub level: Level,
    /// The levels that gave a wrong digest, the fastest first.
    pub failed: Vec<Level>,
}

/// The level to hash with, found when it is first asked for.
pub fn tested_level() -> &'static Choice {
    static CHOICE: OnceLock<Choice> = OnceLock::new();
    CHOICE.get_or_init(|| choose_level(keccak256_many))
}

/// The same by any hash function; tests give it one that is wrong. The portable level is taken where no other is
/// right, whatever it says: there is none below it.
pub fn choose_level(hash: impl Fn(Level, &[&[u8]], &mut [[u8; 32]])) -> Choice {
    let mut failed = Vec::new();
    for level in Level::available().filter(|level| *level != Level::PORTABLE) {
        if passes(level, &hash) {
            return Choice { level, failed };
        }
        failed.push(level);
    }
    Choice {
        level: Level::PORTABLE,
        failed,
    }
}

fn passes(level: Level, hash: impl Fn(Level, &[&[u8]], &mut [[u8; 32]])) -> bool {
    let bodies = LENGTHS.map(message);
    let messages = bodies.each_ref().map(|body| &body[..]);
    let mut digests = [[0; 32]; LENGTHS.len()];
    hash(level, &messages, &mut digests);
    let right = |(digest, expected): (&[u8; 32], &&str)| hex(digest) == **expected;
    digests.iter().zip(&DIGESTS).all(right)
}

/// The stored message of a length: no byte of it is zero, and its words differ.
fn message(length: usize) -> Vec<u8> {
    let byte = |at: usize| (at * 31 + at / 8 * 57 + length) as u8 | 1;
    (0..length).map(byte).collect()
}

fn hex(digest: &[u8; 32]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_passes_and_the_fastest_is_taken() {
        for level in Level::available() {
            assert!(passes(level, keccak256_many), "{level}");
        }
        let choice = tested_level();
        assert_eq!((choice.level, &choice.failed[..]), (Level::best(), &[][..]));
    }

    #[test]
    fn a_level_with_one_wrong_bit_in_one_digest_is_not_taken() {
        for wrong in Level::available().filter(|level| *level != Level::PORTABLE) {
            for message in 0..LENGTHS.len() {
                let choice = choose_level(|level, messages, digests| {
                    keccak256_many(level, messages, digests);
                    if level >= wrong {
                        digests[message][message] ^= 0x10;
                    }
                });
                assert!(choice.level < wrong, "{choice:?}");
                let failed: Vec<Level> = Level::available().filter(|level| *level >= wrong).collect();
                assert_eq!(choice.failed, failed);
            }
        }
    }

    #[test]
    fn there_is_always_a_level() {
        let choice = choose_level(|_, _, _| {});
        assert_eq!(choice.level, Level::PORTABLE);
        assert_eq!(choice.failed.len(), Level::available().count() - 1);
    }
}
