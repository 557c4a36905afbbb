//! Batches of messages, sound and otherwise, and how a job with one must end.

use super::keccak_job::{MAX_BYTES, MAX_MESSAGES};
use crate::random::Random;

/// A batch in host memory whose words follow from their addresses, but for the descriptors.
#[derive(Clone, Debug, Default)]
pub(crate) struct Batch {
    pub(crate) input: u64,
    pub(crate) output: u64,
    pub(crate) count: u64,
    /// What the entry says of its length.
    pub(crate) bytes: u64,
    output_bytes: u64,
    /// Offset and length of each message.
    pub(crate) messages: Vec<(u64, u64)>,
    pub(crate) may_fail: bool,
}

/// What the engine of the test makes of a message.
pub(crate) fn digest(words: &[u64]) -> [u64; 4] {
    let mix = |sum: u64, word: &u64| (sum ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29);
    [1, 2, 3, 4].map(|lane| words.iter().fold(lane, mix))
}

impl Batch {
    pub(crate) fn random(random: &mut Random) -> Self {
        let count = match random.bits() % 4 {
            0 => 1 + random.bits() % 3,
            1 => random.choose(&[63, 64, 65, 128, 129, MAX_MESSAGES]),
            _ => 1 + random.bits() % 80,
        };
        let space = 16 * count + random.bits() % 2000;
        let mut total = 0;
        let mut message = |_| {
            let offset = 8 * (random.bits() % (space / 8));
            let most = (space - offset).min(MAX_BYTES - total);
            let length = random.bits() % (most + 1) % random.choose(&[8, 200, 600]);
            total += length;
            (offset, length)
        };
        let messages = (0..count).map(&mut message).collect();
        let mut batch = Self {
            input: (random.bits() >> 8 & !7) + 8,
            output: random.bits() >> 8 & !7,
            count,
            messages,
            bytes: space,
            output_bytes: 32,
            may_fail: random.one_in(4),
        };
        batch.spoil(random);
        batch
    }

    /// Sometimes something is wrong.
    fn spoil(&mut self, random: &mut Random) {
        let index = (random.bits() % self.count) as usize;
        let message = &mut self.messages[index];
        match random.bits() % 20 {
            0 => self.input += 1 + random.bits() % 7,
            1 => self.output += 4,
            2 => self.count = random.choose(&[0, MAX_MESSAGES + 1, u64::from(u32::MAX)]),
            3 => self.bytes = MAX_BYTES + 1 + random.bits() % 1000,
            4 => self.output_bytes = random.choose(&[0, 31, 64]),
            5 => self.output = u64::MAX - 7 - 32 * (self.count - 1),
            6 => message.0 += 1 + random.bits() % 7,
            7 => message.1 = self.bytes - message.0 + 1,
            8 => message.0 = self.bytes.next_multiple_of(8) + 8,
            9 => *message = (0xffff_fff8, 0xffff_ffff),
            // Descriptors do not fit the batch.
            10 => self.bytes = (8 * index as u64) + random.bits() % 8,
            // More bytes than a job may hash.
            11 => self.messages.iter_mut().for_each(|(offset, length)| {
                *length = (self.bytes - *offset).min(700);
            }),
            _ => {}
        }
    }

    pub(crate) fn entry(&self) -> [u64; 8] {
        let sizes = self.output_bytes << 32 | self.bytes;
        [5, 0, self.count << 32, self.input, self.output, sizes, 0, 0]
    }

    /// A word of the batch.
    pub(crate) fn word(&self, address: u64) -> u64 {
        let offset = address - self.input;
        match self.messages.get(offset as usize / 8) {
            Some((start, length)) => start | length << 32,
            None => digest(&[address])[0],
        }
    }

    /// What a message's digest must be.
    pub(crate) fn digest(&self, index: usize) -> [u64; 4] {
        let (offset, length) = self.messages[index];
        let words = (0..length.div_ceil(8)).map(|word| self.word(self.input + offset + 8 * word));
        digest(&words.collect::<Vec<_>>())
    }

    /// What the entry itself says wrongly.
    fn refused(&self) -> Option<(u64, u64)> {
        let end = u128::from(self.output) + 32 * u128::from(self.count);
        match self {
            _ if !self.input.is_multiple_of(8) => Some((2, 3)),
            _ if !self.output.is_multiple_of(8) => Some((2, 4)),
            _ if self.count == 0 || self.count > MAX_MESSAGES => Some((2, 2)),
            _ if self.bytes > MAX_BYTES || self.output_bytes != 32 => Some((2, 5)),
            _ if end >> 64 != 0 => Some((7, 0)),
            _ => None,
        }
    }

    /// The first message that is wrong, and how.
    fn wrong_message(&self) -> Option<(u64, u64)> {
        let mut total = 0;
        for (index, (offset, length)) in self.messages.iter().enumerate() {
            let index = index as u64;
            if index >= self.bytes / 8 || offset % 8 != 0 || offset + length > self.bytes {
                return Some((18, index));
            }
            total += length;
            if total > MAX_BYTES {
                return Some((15, index));
            }
        }
        None
    }

    /// Status and detail, if reads succeed and the job is not ok.
    pub(crate) fn ends(&self) -> Option<(u64, u64)> {
        self.refused().or_else(|| self.wrong_message())
    }

    /// Messages before the first wrong one.
    pub(crate) fn hashable(&self) -> usize {
        match (self.refused(), self.wrong_message()) {
            (Some(_), _) => 0,
            (None, Some((_, index))) => index as usize,
            (None, None) => self.messages.len(),
        }
    }
}
