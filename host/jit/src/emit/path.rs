//! What is known of the stack, gas and memory at a point of the machine code.

use super::word::Word;
use cranelift_codegen::ir::{Block, Value};

/// A place of the stack.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Slot {
    /// What is there, where that is known or in registers.
    pub(super) word: Option<Word>,
    /// Whether the stack in memory still has something else there.
    pub(super) dirty: bool,
}

/// The state at a point of a path. A path begins at a block with the stack in memory, and knows no more of the stack
/// than it has looked at or pushed.
#[derive(Debug, Clone)]
pub(super) struct Path {
    /// One past the top of the stack where the path began.
    pub(super) start: Value,
    /// The places that the path knows, the lowest first.
    slots: Vec<Slot>,
    /// The place of the first of them, in words from `start`: mostly below 0.
    lowest: i32,
    /// How many of them are dirty.
    dirty: usize,
    /// Gas that is left, without what the whole segment takes.
    pub(super) gas: Value,
    /// What instructions of this segment that are still to come take: it has been taken from `gas`.
    pub(super) rest: u64,
    /// Where the segment ends.
    pub(super) segment_end: usize,
    /// The last instruction of the segment for which memory may have to grow.
    pub(super) last_growth: Option<usize>,
    /// So many words below `start` are known to be on the stack,
    pub(super) present: i32,
    /// and there is known to be room for so many above.
    pub(super) room: i32,
    /// So much memory there is for certain, in bytes.
    pub(super) memory: u64,
}

impl Path {
    pub(super) fn new(start: Value, gas: Value, memory: u64) -> Self {
        Self {
            start,
            slots: Vec::new(),
            lowest: 0,
            dirty: 0,
            gas,
            rest: 0,
            segment_end: 0,
            last_growth: None,
            present: 0,
            room: 0,
            memory,
        }
    }

    /// Height of the stack, in words from `start`.
    pub(super) fn height(&self) -> i32 {
        self.lowest + self.slots.len() as i32
    }

    /// How many words only registers have.
    pub(super) fn dirty(&self) -> usize {
        self.dirty
    }

    /// Where the word at a depth is, in words from `start`. The top has depth 0.
    pub(super) fn place(&self, depth: usize) -> i32 {
        self.height() - 1 - depth as i32
    }

    /// What is known of the word at a depth.
    pub(super) fn peek(&self, depth: usize) -> Option<Word> {
        let index = self.slots.len().checked_sub(depth + 1)?;
        self.slots[index].word
    }

    fn slot(&mut self, depth: usize) -> &mut Slot {
        let missing = (depth + 1).saturating_sub(self.slots.len());
        if missing > 0 {
            self.slots.splice(0..0, (0..missing).map(|_| Slot::default()));
            self.lowest -= missing as i32;
        }
        let index = self.slots.len() - 1 - depth;
        &mut self.slots[index]
    }

    /// Notes what the stack in memory has at a depth.
    pub(super) fn loaded(&mut self, depth: usize, word: Word) {
        *self.slot(depth) = Slot {
            word: Some(word),
            dirty: false,
        };
    }

    /// Puts a word in the place of the one at a depth.
    pub(super) fn set(&mut self, depth: usize, word: Word) {
        let slot = self.slot(depth);
        let was_dirty = core::mem::replace(&mut slot.dirty, true);
        slot.word = Some(word);
        self.dirty += usize::from(!was_dirty);
    }

    pub(super) fn push(&mut self, word: Word) {
        self.slots.push(Slot {
            word: Some(word),
            dirty: true,
        });
        self.dirty += 1;
    }

    /// Pushes what the stack in memory has there already.
    pub(super) fn push_stored(&mut self) {
        self.slots.push(Slot::default());
    }

    pub(super) fn drop(&mut self, count: usize) {
        for _ in 0..count {
            match self.slots.pop() {
                Some(slot) => self.dirty -= usize::from(slot.dirty),
                None => self.lowest -= 1,
            }
        }
    }

    /// The words that only registers have, each with its place in words from `start`.
    pub(super) fn unstored(&self) -> impl Iterator<Item = (i32, Word)> + '_ {
        let places = self.slots.iter().zip(self.lowest..);
        places
            .filter(|(slot, _)| slot.dirty)
            .filter_map(|(slot, place)| slot.word.map(|word| (place, word)))
    }

    /// Notes that the stack in memory has everything.
    pub(super) fn stored(&mut self) {
        self.slots.iter_mut().for_each(|slot| slot.dirty = false);
        self.dirty = 0;
    }

    /// Forgets values of what the stack in memory has: across a call they would only be put into memory again.
    pub(super) fn forget(&mut self) {
        for slot in &mut self.slots {
            if !slot.dirty && !slot.word.is_some_and(|word| word.is_known()) {
                slot.word = None;
            }
        }
    }

    /// Replaces words, wherever they are.
    pub(super) fn replace(&mut self, old: Word, new: Word) {
        for slot in &mut self.slots {
            if slot.word == Some(old) {
                slot.word = Some(new);
            }
        }
    }
}

/// The second block of a loop's head.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    /// Takes gas, the top of the stack, and the limbs of each word, the topmost word first.
    pub(super) block: Block,
    /// How many words it takes.
    pub(super) words: usize,
}
