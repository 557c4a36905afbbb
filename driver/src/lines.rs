//! Memory that two sides may touch at any time: cache lines made of atomic words.
//!
//! The host's copies are Relaxed: a doorbell (Release) publishes what was copied in, and the Acquire
//! load of a completion's phase precedes what is copied out.

use std::sync::atomic::{AtomicU64, Ordering};

/// Words of a cache line.
pub const LINE_WORDS: usize = 8;
/// Bytes of a cache line.
pub const LINE_BYTES: usize = 64;

/// One cache line of shared memory. Ring entries never straddle two.
#[derive(Debug, Default)]
#[repr(C, align(64))]
pub struct Line(pub [AtomicU64; LINE_WORDS]);

/// Word `index` of a piece of memory. Panics past its end.
#[inline]
pub fn word(memory: &[Line], index: usize) -> &AtomicU64 {
    &memory[index / LINE_WORDS].0[index % LINE_WORDS]
}

/// Copies bytes into memory from byte `offset` on, with `order` for each word's store. Panics past
/// the end. Where a word is covered in part, its other bytes are kept.
pub fn write_bytes(memory: &[Line], offset: usize, bytes: &[u8], order: Ordering) {
    let lead = offset.wrapping_neg() % 8;
    let (head, rest) = bytes.split_at(lead.min(bytes.len()));
    let (whole, tail) = rest.as_chunks::<8>();
    if !head.is_empty() {
        write_part(word(memory, offset / 8), offset % 8, head, order);
    }
    let mut at = (offset + head.len()) / 8;
    for chunk in whole {
        word(memory, at).store(u64::from_le_bytes(*chunk), order);
        at += 1;
    }
    if !tail.is_empty() {
        write_part(word(memory, at), 0, tail, order);
    }
}

fn write_part(word: &AtomicU64, at: usize, bytes: &[u8], order: Ordering) {
    let mut old = word.load(Ordering::Relaxed).to_le_bytes();
    old[at..at + bytes.len()].copy_from_slice(bytes);
    word.store(u64::from_le_bytes(old), order);
}

/// Copies bytes out of memory from byte `offset` on, with `order` for each word's load. Panics past
/// the end.
pub fn read_bytes(memory: &[Line], offset: usize, bytes: &mut [u8], order: Ordering) {
    let lead = (offset.wrapping_neg() % 8).min(bytes.len());
    let (head, rest) = bytes.split_at_mut(lead);
    if !head.is_empty() {
        let old = word(memory, offset / 8).load(order).to_le_bytes();
        head.copy_from_slice(&old[offset % 8..offset % 8 + head.len()]);
    }
    let mut at = (offset + lead) / 8;
    let (whole, tail) = rest.as_chunks_mut::<8>();
    for chunk in whole {
        *chunk = word(memory, at).load(order).to_le_bytes();
        at += 1;
    }
    if !tail.is_empty() {
        let old = word(memory, at).load(order).to_le_bytes();
        tail.copy_from_slice(&old[..tail.len()]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_at_every_alignment_keep_their_neighbours() {
        for offset in 0..20 {
            for length in 0..40 {
                let memory = [Line::default()];
                write_bytes(&memory, 0, &[0xee; 64], Ordering::Relaxed);
                let bytes: Vec<u8> = (1..=length as u8).collect();
                write_bytes(&memory, offset, &bytes, Ordering::Release);
                let mut all = vec![0; 64];
                read_bytes(&memory, 0, &mut all, Ordering::Acquire);
                let mut expected = vec![0xee; 64];
                expected[offset..offset + length].copy_from_slice(&bytes);
                assert_eq!(all, expected);
                let mut back = vec![0; length];
                read_bytes(&memory, offset, &mut back, Ordering::Acquire);
                assert_eq!(back, bytes);
            }
        }
    }
}
