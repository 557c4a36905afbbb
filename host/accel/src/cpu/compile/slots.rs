//! Slots: the memory of a run, used again for values that do not live at the same time.

use std::collections::BTreeSet;

/// Slots and which of them are free.
#[derive(Debug, Default)]
pub(super) struct Slots {
    bytes: Vec<usize>,
    /// Free ones: their bytes and their numbers.
    free: BTreeSet<(usize, usize)>,
    /// Those that are no other value's.
    for_good: BTreeSet<usize>,
}

impl Slots {
    /// A slot for so many bytes: the smallest free one that holds them, else the largest, which grows.
    pub(super) fn take(&mut self, bytes: usize) -> usize {
        let fits = self.free.range((bytes, 0)..).next();
        let best = fits.or_else(|| self.free.last()).copied();
        if let Some((own, slot)) = best {
            self.free.remove(&(own, slot));
            self.bytes[slot] = own.max(bytes);
            return slot;
        }
        self.bytes.push(bytes);
        self.bytes.len() - 1
    }

    /// A slot of its own for so many bytes, which no other value takes later.
    pub(super) fn take_for_good(&mut self, bytes: usize) -> usize {
        self.bytes.push(bytes);
        self.for_good.insert(self.bytes.len() - 1);
        self.bytes.len() - 1
    }

    /// Nothing reads a slot any more.
    pub(super) fn free(&mut self, slot: usize) {
        if !self.for_good.contains(&slot) {
            self.free.insert((self.bytes[slot], slot));
        }
    }

    /// The bytes of each.
    pub(super) fn finish(self) -> Vec<usize> {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_used_again() {
        let mut slots = Slots::default();
        let (a, b) = (slots.take(100), slots.take(10));
        slots.free(a);
        slots.free(b);
        assert_eq!(slots.take(5), b);
        assert_eq!(slots.take(200), a);
        assert_eq!(slots.take(1), 2);
        let own = slots.take_for_good(1000);
        slots.free(own);
        assert_eq!(slots.take(1000), 4);
        assert_eq!(slots.finish(), [200, 10, 1, 1000, 1000]);
    }
}
