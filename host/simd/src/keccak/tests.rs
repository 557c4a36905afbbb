use super::*;
use crate::Level;

/// A generator of any words (Marsaglia's xorshift).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.next() as u8).collect()
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Every level against the scalar twin.
fn check(messages: &[&[u8]]) {
    let expected: Vec<[u8; 32]> = messages.iter().map(|message| keccak256(message)).collect();
    for level in Level::available() {
        let mut digests = vec![[0xaa; 32]; messages.len()];
        keccak256_many(level, messages, &mut digests);
        for (at, (digest, expected)) in digests.iter().zip(&expected).enumerate() {
            assert_eq!(
                hex(digest),
                hex(expected),
                "{level}: message {at} of {}, {} bytes",
                messages.len(),
                messages[at].len()
            );
        }
    }
}

#[test]
fn known_digests() {
    let known = [
        (
            "",
            "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470",
        ),
        (
            "abc",
            "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45",
        ),
        (
            "The quick brown fox jumps over the lazy dog",
            "4d741b6f1eb29cb2a9b9911c82f56fa8d73b04959d3d9d222895df6c0b28aa15",
        ),
    ];
    for (message, digest) in known {
        assert_eq!(hex(&keccak256(message.as_bytes())), digest);
    }
}

#[test]
fn every_length_alone_and_beside_others() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let body = random.bytes(900);
    for length in 0..=3 * RATE + 1 {
        let message = &body[length % 64..][..length];
        check(&[message]);
        check(&[message; 2]);
        check(&[message; 9]);
    }
    let all: Vec<&[u8]> = (0..=600).map(|length| &body[length % 61..][..length]).collect();
    check(&all);
    let falling: Vec<&[u8]> = all.iter().rev().copied().collect();
    check(&falling);
}

#[test]
fn batches_of_every_small_size_with_mixed_lengths() {
    let mut random = Random(7);
    for size in 0..=40 {
        for _ in 0..8 {
            let bodies: Vec<Vec<u8>> = (0..size)
                .map(|_| {
                    let most = [40, 140, 600, 3000][random.next() as usize % 4];
                    let length = random.next() as usize % most;
                    random.bytes(length)
                })
                .collect();
            let messages: Vec<&[u8]> = bodies.iter().map(|body| &body[..]).collect();
            check(&messages);
        }
    }
}

#[test]
fn one_long_message_among_short_ones_and_extreme_bytes() {
    let long = vec![0xff; 24 * 1024];
    let zeros = vec![0; 5000];
    for place in 0..10 {
        let mut messages: Vec<&[u8]> = vec![&[1]; 10];
        messages[place] = &long;
        check(&messages);
        messages[(place + 3) % 10] = &zeros;
        check(&messages);
    }
}

#[test]
#[should_panic(expected = "a digest for each message")]
fn digests_must_be_as_many_as_messages() {
    keccak256_many(Level::PORTABLE, &[&[]], &mut []);
}
