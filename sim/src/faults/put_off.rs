//! What a fault can put off.

use metisvm_firmware::completion::{COMPLETION_WORDS, Completion};
use std::ops::Range;
use std::time::Duration;

/// Something that a fault has put off.
#[derive(Debug)]
pub(super) enum Later {
    /// Post a completion, if the queue is still the same.
    Complete {
        /// The queue's number.
        queue: u16,
        /// Its enabling.
        enabling: u32,
        /// The completion; head and phase are those of the time when it is posted.
        completion: Completion,
    },
    /// Overwrite host memory.
    Rewrite(Range<u64>),
    /// Write the word that belongs before one that was written already.
    Word {
        /// Where to.
        address: u64,
        /// The word.
        word: u64,
    },
    /// Post a completion from before a reset.
    Stray(Stray),
}

/// An answer that a reset does not stop, as it must.
#[derive(Debug)]
pub(super) struct Stray {
    /// How long after the reset it comes.
    pub(super) delay: Duration,
    /// The queue's number.
    pub(super) queue: u16,
    /// The completion ring that it belongs to.
    pub(super) ring: u64,
    /// Where in the ring.
    pub(super) offset: u64,
    /// The completion.
    pub(super) words: [u64; COMPLETION_WORDS],
}
