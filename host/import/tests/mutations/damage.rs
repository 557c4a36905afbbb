//! Bytes of a file flipped, cut, doubled and spliced.

use crate::random::Random;

/// Bytes that are the edges of something: of a varint, of a wire type, of a sign.
const EDGES: [u8; 12] = [0, 1, 2, 0x0a, 0x12, 0x2a, 0x7f, 0x80, 0x81, 0xf8, 0xfe, 0xff];

pub(crate) fn damage(random: &mut Random, seed: &[u8], other: &[u8]) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    let times = random.pick(&[1, 1, 1, 2, 3, 4]);
    for _ in 0..times {
        if bytes.is_empty() {
            break;
        }
        let at = random.below(bytes.len());
        match random.below(8) {
            0 | 1 => bytes[at] ^= 1 << random.below(8),
            2 => bytes[at] = random.pick(&EDGES),
            3 => bytes.truncate(at),
            4 => {
                let from = random.below(other.len());
                let length = random.below(64).min(other.len() - from);
                bytes.splice(at..at, other[from..from + length].iter().copied());
            }
            5 => {
                let end = (at + random.below(64)).min(bytes.len());
                bytes.drain(at..end);
            }
            6 => {
                let end = (at + random.below(256)).min(bytes.len());
                let copy = bytes[at..end].to_vec();
                bytes.splice(at..at, copy);
            }
            _ => {
                for byte in bytes.iter_mut().skip(at).take(4) {
                    *byte = random.pick(&EDGES);
                }
            }
        }
    }
    bytes
}
