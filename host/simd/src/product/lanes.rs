//! What kernels are written with: vectors of 32-bit lanes, and products of neighbours into them.

use super::amx::HasTiles;

/// The instructions of a level. A value of the type is the proof that the processor has them.
///
/// Slices that are loaded or stored have to be as long as said; more is not looked at.
pub(super) trait Lanes: Copy {
    /// A vector: [`N`](Self::N) lanes of 32 bits.
    type V: Copy;
    /// Lanes of a vector.
    const N: usize;
    /// Rows of the largest tile whose sums the registers hold, two vectors of each.
    const ROWS: usize;
    /// Whether bytes are multiplied as they are, four to a lane; otherwise as words of 16 bits, two to a
    /// lane.
    const QUADS: bool;

    /// Whether there are tiles of sums beside the vectors.
    const TILES: bool = false;

    /// The proof of them.
    fn tiles(self) -> Option<HasTiles> {
        None
    }

    /// Does a job in a function of its own, so that it is compiled once for all that call it.
    fn call<J: Job>(self, job: J);

    /// All lanes zero.
    fn zero(self) -> Self::V;
    /// All lanes `word`.
    fn splat(self, word: u32) -> Self::V;
    /// Lanes from `N` words.
    fn load(self, words: &[u32]) -> Self::V;
    /// Lanes from `4 · N` bytes.
    fn load_bytes(self, bytes: &[u8]) -> Self::V;
    /// Pairs of 16 bits from `2 · N` signed bytes.
    fn load_wider(self, bytes: &[u8]) -> Self::V;
    /// Lanes from `N` unsigned bytes.
    fn load_each(self, bytes: &[u8]) -> Self::V;
    /// Lanes from every second one of `2 · N` unsigned bytes.
    fn load_every_second(self, bytes: &[u8]) -> Self::V;
    /// Lanes to `N` words.
    fn store_words(self, v: Self::V, words: &mut [u32]);
    /// Lanes to `4 · N` bytes.
    fn store_bytes(self, v: Self::V, bytes: &mut [u8]);
    /// Lane by lane.
    fn sub(self, a: Self::V, b: Self::V) -> Self::V;
    /// Bit by bit.
    fn xor(self, a: Self::V, b: Self::V) -> Self::V;
    /// Lanes of four bytes, from lanes that hold one each.
    fn join_bytes(self, bytes: [Self::V; 4]) -> Self::V;
    /// Lanes of two words of 16 bits, from the low halves of two.
    fn join_words(self, low: Self::V, high: Self::V) -> Self::V;
    /// Lanes from `N` numbers.
    fn load_sums(self, sums: &[i32]) -> Self::V;
    /// Lanes to `N` numbers.
    fn store(self, v: Self::V, sums: &mut [i32]);
    /// Lane by lane.
    fn add(self, a: Self::V, b: Self::V) -> Self::V;
    /// All lanes together.
    #[inline(always)]
    fn sum(self, v: Self::V) -> i32 {
        let mut lanes = [0; 16];
        self.store(v, &mut lanes);
        lanes.into_iter().fold(0, i32::wrapping_add)
    }
    /// Adds to each lane of `sums` the four products of its unsigned bytes in one and signed ones in the
    /// other.
    fn quads(self, sums: Self::V, unsigned: Self::V, signed: Self::V) -> Self::V;
    /// Adds to each lane of `sums` the two products of its signed words of 16 bits.
    fn pairs(self, sums: Self::V, a: Self::V, b: Self::V) -> Self::V;
}

/// Work that is compiled for each level.
pub(super) trait Job {
    /// Whether it may take tiles.
    const TILES: bool = false;

    /// Does it. To be marked `#[inline(always)]`, with all that it calls, so that it is compiled with the
    /// instructions of whoever calls it.
    fn run<L: Lanes>(self, lanes: L);
}

/// Plain Rust.
#[derive(Clone, Copy)]
pub(super) struct Portable;

/// Lanes of [`Portable`].
const N: usize = 8;

impl Lanes for Portable {
    type V = [i32; N];
    const N: usize = N;
    const ROWS: usize = 4;
    const QUADS: bool = false;

    #[inline(never)]
    fn call<J: Job>(self, job: J) {
        job.run(self);
    }

    #[inline(always)]
    fn zero(self) -> Self::V {
        [0; N]
    }

    #[inline(always)]
    fn splat(self, word: u32) -> Self::V {
        [word as i32; N]
    }

    #[inline(always)]
    fn load(self, words: &[u32]) -> Self::V {
        let mut v = [0; N];
        for (v, &word) in v.iter_mut().zip(&words[..N]) {
            *v = word as i32;
        }
        v
    }

    #[inline(always)]
    fn load_bytes(self, bytes: &[u8]) -> Self::V {
        let mut v = [0; N];
        for (v, bytes) in v.iter_mut().zip(bytes[..4 * N].as_chunks().0) {
            *v = i32::from_le_bytes(*bytes);
        }
        v
    }

    #[inline(always)]
    fn load_wider(self, bytes: &[u8]) -> Self::V {
        let mut v = [0; N];
        for (v, &[low, high]) in v.iter_mut().zip(bytes[..2 * N].as_chunks().0) {
            *v = (i32::from(low as i8) & 0xffff) | (i32::from(high as i8) << 16);
        }
        v
    }

    #[inline(always)]
    fn load_sums(self, sums: &[i32]) -> Self::V {
        let mut v = [0; N];
        v.copy_from_slice(&sums[..N]);
        v
    }

    #[inline(always)]
    fn store(self, v: Self::V, sums: &mut [i32]) {
        sums[..N].copy_from_slice(&v);
    }

    #[inline(always)]
    fn add(self, mut a: Self::V, b: Self::V) -> Self::V {
        for (a, b) in a.iter_mut().zip(b) {
            *a = a.wrapping_add(b);
        }
        a
    }

    #[inline(always)]
    fn load_each(self, bytes: &[u8]) -> Self::V {
        let mut v = [0; N];
        for (v, &byte) in v.iter_mut().zip(&bytes[..N]) {
            *v = byte.into();
        }
        v
    }

    #[inline(always)]
    fn load_every_second(self, bytes: &[u8]) -> Self::V {
        let mut v = [0; N];
        for (v, &[byte, _]) in v.iter_mut().zip(bytes[..2 * N].as_chunks().0) {
            *v = byte.into();
        }
        v
    }

    #[inline(always)]
    fn store_words(self, v: Self::V, words: &mut [u32]) {
        for (word, v) in words[..N].iter_mut().zip(v) {
            *word = v as u32;
        }
    }

    #[inline(always)]
    fn store_bytes(self, v: Self::V, bytes: &mut [u8]) {
        for (bytes, v) in bytes[..4 * N].as_chunks_mut().0.iter_mut().zip(v) {
            *bytes = v.to_le_bytes();
        }
    }

    #[inline(always)]
    fn sub(self, mut a: Self::V, b: Self::V) -> Self::V {
        for (a, b) in a.iter_mut().zip(b) {
            *a = a.wrapping_sub(b);
        }
        a
    }

    #[inline(always)]
    fn xor(self, mut a: Self::V, b: Self::V) -> Self::V {
        for (a, b) in a.iter_mut().zip(b) {
            *a ^= b;
        }
        a
    }

    #[inline(always)]
    fn join_bytes(self, bytes: [Self::V; 4]) -> Self::V {
        let mut v = [0; N];
        for (i, v) in v.iter_mut().enumerate() {
            *v = bytes[0][i] | bytes[1][i] << 8 | bytes[2][i] << 16 | bytes[3][i] << 24;
        }
        v
    }

    #[inline(always)]
    fn join_words(self, mut low: Self::V, high: Self::V) -> Self::V {
        for (low, high) in low.iter_mut().zip(high) {
            *low = *low & 0xffff | high << 16;
        }
        low
    }

    #[inline(always)]
    fn quads(self, mut sums: Self::V, unsigned: Self::V, signed: Self::V) -> Self::V {
        for ((sum, unsigned), signed) in sums.iter_mut().zip(unsigned).zip(signed) {
            for (u, s) in unsigned.to_le_bytes().into_iter().zip(signed.to_le_bytes()) {
                *sum = sum.wrapping_add(i32::from(u) * i32::from(s as i8));
            }
        }
        sums
    }

    #[inline(always)]
    fn pairs(self, mut sums: Self::V, a: Self::V, b: Self::V) -> Self::V {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            let low = i32::from(a as i16) * i32::from(b as i16);
            let high = (a >> 16) * (b >> 16);
            *sum = sum.wrapping_add(low.wrapping_add(high));
        }
        sums
    }
}
