//! Where on the card things lie: a first-fit allocator of card addresses, and the handles.

use metisvm_firmware::submission::CARD_ALIGN;

/// Free pieces of card memory, by address, never adjacent.
#[derive(Clone, Debug)]
pub struct CardMemory {
    free: Vec<(u64, u64)>,
}

impl CardMemory {
    /// All of a card's memory, free.
    pub fn new(bytes: u64) -> Self {
        Self {
            free: vec![(0, bytes / CARD_ALIGN * CARD_ALIGN)],
        }
    }

    /// Finds the lowest piece that is large enough. Gives its address, a multiple of
    /// [`CARD_ALIGN`]; `None` if none is large enough.
    pub fn allocate(&mut self, bytes: u64) -> Option<u64> {
        let bytes = bytes.max(1).checked_next_multiple_of(CARD_ALIGN)?;
        let index = self.free.iter().position(|&(_, size)| size >= bytes)?;
        let (address, size) = self.free[index];
        if size == bytes {
            self.free.remove(index);
        } else {
            self.free[index] = (address + bytes, size - bytes);
        }
        Some(address)
    }

    /// Gives back what [`CardMemory::allocate`] gave for the same size.
    pub fn free(&mut self, address: u64, bytes: u64) {
        let bytes = bytes.max(1).next_multiple_of(CARD_ALIGN);
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
    pub fn free_bytes(&self) -> u64 {
        self.free.iter().map(|&(_, size)| size).sum()
    }
}

/// Handles of resident memory, 1 to the card's highest.
#[derive(Clone, Debug)]
pub(crate) struct Handles {
    limit: u32,
    next: u32,
    free: Vec<u32>,
}

impl Handles {
    pub(crate) fn new(limit: u32) -> Self {
        Self {
            limit,
            next: 1,
            free: Vec::new(),
        }
    }

    pub(crate) fn take(&mut self) -> Option<u32> {
        self.free.pop().or_else(|| {
            (self.next <= self.limit).then(|| {
                self.next += 1;
                self.next - 1
            })
        })
    }

    pub(crate) fn give(&mut self, handle: u32) {
        self.free.push(handle);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn freed_neighbours_become_one_piece() {
        let mut memory = CardMemory::new(1000);
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

    #[test]
    fn handles_run_out_and_come_back() {
        let mut handles = Handles::new(2);
        assert_eq!(
            (handles.take(), handles.take(), handles.take()),
            (Some(1), Some(2), None)
        );
        handles.give(1);
        assert_eq!(handles.take(), Some(1));
    }
}
