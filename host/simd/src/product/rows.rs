//! Rows of x as the words that kernels broadcast.

/// A row of x, that becomes words.
pub(super) trait Row: Copy {
    /// Writes words from a step on, and gives the sum of what they hold.
    fn words(self, first: usize, to: &mut [u32], sum: bool) -> i32;
}

/// Bytes, made unsigned by a flip.
#[derive(Clone, Copy)]
pub(super) struct QuadRow<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) flip: u8,
}

impl Row for QuadRow<'_> {
    #[inline(always)]
    fn words(self, first: usize, to: &mut [u32], sum: bool) -> i32 {
        let bytes = &self.bytes[4 * first..];
        let bytes = &bytes[..bytes.len().min(4 * to.len())];
        let (quads, rest) = bytes.as_chunks::<4>();
        let flip = u32::from_ne_bytes([self.flip; 4]);
        for (to, &quad) in to.iter_mut().zip(quads) {
            *to = u32::from_le_bytes(quad) ^ flip;
        }
        if !rest.is_empty() {
            let mut quad = [0; 4];
            for (to, byte) in quad.iter_mut().zip(rest) {
                *to = byte ^ self.flip;
            }
            to[quads.len()] = u32::from_le_bytes(quad);
        }
        if !sum {
            return 0;
        }
        bytes.iter().map(|&byte| i32::from(byte ^ self.flip)).sum()
    }
}

/// Bytes, that become words of 16 bits less their zero point.
#[derive(Clone, Copy)]
pub(super) struct PairRow<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) flip: u8,
    pub(super) zero: i32,
}

impl Row for PairRow<'_> {
    #[inline(always)]
    fn words(self, first: usize, to: &mut [u32], sum: bool) -> i32 {
        let bytes = &self.bytes[2 * first..];
        let bytes = &bytes[..bytes.len().min(2 * to.len())];
        let (pairs, rest) = bytes.as_chunks::<2>();
        let number = |byte: u8| i32::from(byte ^ self.flip) - self.zero;
        for (to, &[low, high]) in to.iter_mut().zip(pairs) {
            *to = (number(low) & 0xffff | number(high) << 16) as u32;
        }
        if let [last] = rest {
            to[pairs.len()] = number(*last) as u32 & 0xffff;
        }
        if !sum {
            return 0;
        }
        bytes.iter().map(|&byte| number(byte)).sum()
    }
}

/// Words of 16 bits.
#[derive(Clone, Copy)]
pub(super) struct WordRow<'a>(pub(super) &'a [i16]);

impl Row for WordRow<'_> {
    #[inline(always)]
    fn words(self, first: usize, to: &mut [u32], sum: bool) -> i32 {
        let words = &self.0[2 * first..];
        let words = &words[..words.len().min(2 * to.len())];
        let (pairs, rest) = words.as_chunks::<2>();
        for (to, &[low, high]) in to.iter_mut().zip(pairs) {
            *to = u32::from(low as u16) | u32::from(high as u16) << 16;
        }
        if let [last] = rest {
            to[pairs.len()] = u32::from(*last as u16);
        }
        if !sum {
            return 0;
        }
        words.iter().fold(0, |sum, &word| sum.wrapping_add(word.into()))
    }
}

/// The high or the low bytes of words of 16 bits: of x + 2^15, so that both are unsigned.
#[derive(Clone, Copy)]
pub(super) struct HalfRow<'a> {
    pub(super) words: &'a [i16],
    /// 8 for the high bytes, 0 for the low ones.
    pub(super) shift: u32,
}

impl HalfRow<'_> {
    /// By how much an element of two halves is greater than x's.
    pub(super) const MORE: i32 = 1 << 15;
}

impl Row for HalfRow<'_> {
    #[inline(always)]
    fn words(self, first: usize, to: &mut [u32], sum: bool) -> i32 {
        let words = &self.words[4 * first..];
        let words = &words[..words.len().min(4 * to.len())];
        let half = |word: i16| ((word as u16 ^ 1 << 15) >> self.shift) as u8;
        // A vector of bytes at a time, then what is left, with zeroes behind it.
        let (vectors, rest) = words.as_chunks::<64>();
        let (to_vectors, to_rest) = to[..words.len().div_ceil(4)].split_at_mut(16 * vectors.len());
        let (to_vectors, _) = to_vectors.as_chunks_mut::<16>();
        for (to, vector) in to_vectors.iter_mut().zip(vectors) {
            let bytes = vector.map(half);
            let (quads, _) = bytes.as_chunks::<4>();
            for (to, &quad) in to.iter_mut().zip(quads) {
                *to = u32::from_le_bytes(quad);
            }
        }
        for (to, words) in to_rest.iter_mut().zip(rest.chunks(4)) {
            let mut quad = [0; 4];
            for (to, &word) in quad.iter_mut().zip(words) {
                *to = half(word);
            }
            *to = u32::from_le_bytes(quad);
        }
        if !sum {
            return 0;
        }
        words.iter().map(|&word| i32::from(half(word))).sum()
    }
}
