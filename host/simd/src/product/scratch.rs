//! Memory that products work in.

/// Memory that products work in: grows to what the largest of them needed, and is there for the next. One
/// for each thread.
#[derive(Default)]
pub struct Scratch {
    /// Sums of a block before it is handed out.
    pub(super) sums: Aligned<i32>,
    /// What the sums of each column, or row, begin with.
    pub(super) starts: Vec<i32>,
    /// Zeroes, where the starts are added later.
    pub(super) zeroes: Vec<i32>,
    /// Words of x as the kernels broadcast them, and the sum of each of its rows.
    pub(super) rows: Aligned<u32>,
    pub(super) row_sums: Vec<i32>,
    /// An image with its padding, in words of neighbours.
    pub(super) image: Aligned<u32>,
    /// A padded line of an image.
    pub(super) line: Vec<u8>,
}

/// From one row of x to the next in [`Scratch`], in words: what of a row a kernel takes at once, and a cache
/// line, so that all begin at one and do not compete for the same places of the cache.
pub(super) const ROW_WORDS: usize = BLOCK_WORDS + 16;

/// How many words of a row a kernel takes at once.
pub(super) const BLOCK_WORDS: usize = 512;

/// Memory that begins at a cache line.
#[derive(Debug)]
pub(super) struct Aligned<T> {
    memory: Vec<T>,
    start: usize,
    len: usize,
}

impl<T> Default for Aligned<T> {
    fn default() -> Self {
        Self {
            memory: Vec::new(),
            start: 0,
            len: 0,
        }
    }
}

impl<T: Copy + Default> Aligned<T> {
    /// Makes it `len` long, with whatever it held.
    pub(super) fn resize(&mut self, len: usize) -> &mut [T] {
        const LINE: usize = 64;
        if self.start + len > self.memory.len() {
            self.memory = vec![T::default(); len + LINE / size_of::<T>()];
            // Where an address cannot be aligned, which only interpreters do, nothing but speed is lost.
            let start = self.memory.as_ptr().align_offset(LINE);
            self.start = if start < LINE / size_of::<T>() { start } else { 0 };
        }
        self.len = len;
        self.get_mut()
    }

    pub(super) fn get(&self) -> &[T] {
        &self.memory[self.start..][..self.len]
    }

    pub(super) fn get_mut(&mut self) -> &mut [T] {
        &mut self.memory[self.start..][..self.len]
    }
}
