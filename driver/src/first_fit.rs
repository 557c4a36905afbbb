//! First fit: which parts of a space of addresses are free. For card memory, and for regions of DMA
//! memory.

/// Free pieces of a space that begins at 0, by address, never adjacent.
#[derive(Clone, Debug)]
pub(crate) struct FirstFit {
    free: Vec<(u64, u64)>,
    /// Addresses and sizes are multiples of this.
    granule: u64,
}

impl FirstFit {
    /// A space of `bytes` bytes, all free but for what is no whole granule at its end.
    pub(crate) fn new(bytes: u64, granule: u64) -> Self {
        Self {
            free: vec![(0, bytes / granule * granule)],
            granule,
        }
    }

    /// Finds the lowest piece that is large enough. Gives its address, a multiple of
    /// the granule; `None` if none is large enough.
    pub(crate) fn allocate(&mut self, bytes: u64) -> Option<u64> {
        let bytes = bytes.max(1).checked_next_multiple_of(self.granule)?;
        let index = self.free.iter().position(|&(_, size)| size >= bytes)?;
        let (address, size) = self.free[index];
        if size == bytes {
            self.free.remove(index);
        } else {
            self.free[index] = (address + bytes, size - bytes);
        }
        Some(address)
    }

    /// Gives back what [`FirstFit::allocate`] gave for the same size.
    pub(crate) fn free(&mut self, address: u64, bytes: u64) {
        let bytes = bytes.max(1).next_multiple_of(self.granule);
        let index = self.free.partition_point(|&(start, _)| start < address);
        self.free.insert(index, (address, bytes));
        if let Some(&(next, size)) = self.free.get(index + 1)
            && address + bytes == next
        {
            self.free[index].1 += size;
            self.free.remove(index + 1);
        }
        if index > 0 && self.free[index - 1].0 + self.free[index - 1].1 == address {
            self.free[index - 1].1 += self.free[index].1;
            self.free.remove(index);
        }
    }

    /// Free bytes, in all pieces together.
    pub(crate) fn free_bytes(&self) -> u64 {
        self.free.iter().map(|&(_, size)| size).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn freed_neighbours_become_one_piece() {
        let mut memory = FirstFit::new(1000, 64);
        assert_eq!(memory.free_bytes(), 960);
        let pieces: Vec<u64> = (0..5).map(|_| memory.allocate(130).unwrap()).collect();
        assert_eq!(pieces, [0, 192, 384, 576, 768]);
        assert_eq!(memory.allocate(1), None);
        for index in [1, 3, 2, 0, 4] {
            memory.free(pieces[index], 130);
        }
        assert_eq!(memory.free, [(0, 960)]);
        assert_eq!(memory.allocate(u64::MAX), None);
    }
}
