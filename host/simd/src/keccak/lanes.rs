//! Which message is in which lane, and how far it is.

use super::sponge::{Put, RATE};

/// `N` lanes over a batch. Each step every lane takes in one block of its message; a lane that is through takes
/// the next message of the batch. What is needed of all lanes lies side by side, for registers to take.
pub(super) struct Lanes<'a, const N: usize> {
    messages: &'a [&'a [u8]],
    /// The first message that no lane has taken.
    next: usize,
    /// Each lane's message; of a lane that has had none, an empty one.
    message: [&'a [u8]; N],
    /// Bytes of it that earlier steps took.
    done: [usize; N],
    /// Bytes of it that are left. The two are never more together than it has.
    left: [usize; N],
    /// Its place in the batch.
    index: [usize; N],
    /// The lanes that hash, one bit each.
    busy: u8,
}

/// What a step takes.
#[derive(Clone, Copy)]
pub(super) struct Step<const N: usize> {
    /// The lanes whose message begins: their state is to be zero before.
    pub(super) fresh: u8,
    /// The lanes whose message ends, and with it the block: what is there is to be padded, and after the
    /// permutation the digest is in the state.
    pub(super) ending: u8,
    /// Where the block of each lane begins in its message.
    pub(super) start: [usize; N],
    /// Its bytes: [`RATE`] where the message does not end, else less. Of a lane that is not in use, none.
    pub(super) length: [usize; N],
}

impl<'a, const N: usize> Lanes<'a, N> {
    pub(super) fn new(messages: &'a [&'a [u8]]) -> Self {
        Self {
            messages,
            next: 0,
            message: [&[]; N],
            done: [0; N],
            left: [0; N],
            index: [0; N],
            busy: 0,
        }
    }

    /// The next block for each lane; `None` when all messages are through. The block of each lane,
    /// `start..start + length`, lies within [`message`](Self::message).
    #[inline(always)]
    pub(super) fn step(&mut self) -> Option<Step<N>> {
        let mut fresh = 0;
        let mut idle = !self.busy & ALL[N];
        while idle != 0 {
            let Some(message) = self.messages.get(self.next) else {
                break;
            };
            let lane = idle.trailing_zeros() as usize % N;
            idle &= idle - 1;
            fresh |= 1 << lane;
            self.message[lane] = message;
            self.done[lane] = 0;
            self.left[lane] = message.len();
            self.index[lane] = self.next;
            self.next += 1;
        }
        self.busy |= fresh;
        if self.busy == 0 {
            return None;
        }
        let start = self.done;
        let length = self.left.map(|left| left.min(RATE));
        let mut ending = 0;
        for (lane, length) in length.iter().enumerate() {
            self.done[lane] += length;
            self.left[lane] -= length;
            ending |= u8::from(*length < RATE) << lane;
        }
        ending &= self.busy;
        self.busy &= !ending;
        Some(Step {
            fresh,
            ending,
            start,
            length,
        })
    }

    /// The message of a lane.
    #[inline(always)]
    pub(super) fn message(&self, lane: usize) -> &'a [u8] {
        self.message[lane]
    }

    /// Where one lane alone is left to hash and it is amid a message: its number, its message's place in the
    /// batch, and what is left of that. It is over then for the lanes.
    #[inline]
    pub(super) fn take_last(&mut self) -> Option<(usize, usize, &'a [u8])> {
        let alone = self.busy.is_power_of_two() && self.next == self.messages.len();
        alone.then(|| {
            let lane = self.busy.trailing_zeros() as usize % N;
            self.busy = 0;
            (lane, self.index[lane], &self.message[lane][self.done[lane]..])
        })
    }

    /// Gives the digests of the lanes of a set to their messages.
    #[inline(always)]
    pub(super) fn put(&self, mut set: u8, digests: &[[u8; 32]; N], put: Put<'_>) {
        while set != 0 {
            let lane = set.trailing_zeros() as usize % N;
            set &= set - 1;
            put(self.index[lane], &digests[lane]);
        }
    }
}

/// All of so many lanes.
const ALL: [u8; 9] = [0, 0x1, 0x3, 0x7, 0xf, 0x1f, 0x3f, 0x7f, 0xff];
