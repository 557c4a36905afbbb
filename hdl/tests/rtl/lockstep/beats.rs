//! Beats: values wider than 64 bits, as words of 64 bits, the first one lowest.

use crate::random::Random;
use rust_hdl::prelude::{Bits, bit_cast, bits};

/// A beat of these words, the rest zeroes.
pub(crate) fn beat<const W: usize>(words: &[u64]) -> Bits<W> {
    let mut beat = Bits::<W>::default();
    for word in words.iter().rev() {
        beat = beat << bits::<9>(64) | bit_cast::<W, 64>((*word).into());
    }
    beat
}

/// The words of a beat.
pub(crate) fn words<const W: usize>(beat: Bits<W>) -> Vec<u64> {
    (0..W / 64)
        .map(|word| beat.get_bits::<64>(64 * word).into())
        .collect()
}

/// A beat of anything.
pub(crate) fn garbage<const W: usize>(random: &mut Random) -> Bits<W> {
    let words: Vec<u64> = (0..W / 64).map(|_| random.bits()).collect();
    beat(&words)
}
