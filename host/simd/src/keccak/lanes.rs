//! Which message is in which lane.

use super::RATE;

/// `N` lanes over a batch. Each step every lane takes in one block of its message; a lane that is through takes
/// the next message of the batch.
pub(super) struct Lanes<'a, const N: usize> {
    messages: &'a [&'a [u8]],
    /// The first message that no lane has taken.
    next: usize,
    /// What is left of each lane's message.
    rest: [&'a [u8]; N],
    /// Each lane's message, as an index; of a lane without one, anything.
    index: [usize; N],
    /// The lanes that hash, one bit each.
    busy: u8,
}

/// One block for each lane.
pub(super) struct Step<'a, const N: usize> {
    /// The lanes whose message begins: their state is to be zero before.
    pub(super) fresh: u8,
    /// The lanes whose message ends, and with it the block: what is there is to be padded, and after the
    /// permutation the digest is in the state.
    pub(super) ending: u8,
    /// At most [`RATE`] bytes for each lane, and as many where the message does not end. A lane that is not
    /// in use has none.
    pub(super) blocks: [&'a [u8]; N],
}

impl<'a, const N: usize> Lanes<'a, N> {
    pub(super) fn new(messages: &'a [&'a [u8]]) -> Self {
        Self {
            messages,
            next: 0,
            rest: [&[]; N],
            index: [0; N],
            busy: 0,
        }
    }

    /// The next block for each lane; `None` when all messages are through.
    #[inline(always)]
    pub(super) fn step(&mut self) -> Option<Step<'a, N>> {
        let mut step = Step {
            fresh: 0,
            ending: 0,
            blocks: [&[]; N],
        };
        let mut idle = !self.busy & ALL[N];
        while idle != 0 && self.next < self.messages.len() {
            let lane = idle.trailing_zeros() as usize % N;
            idle &= idle - 1;
            self.rest[lane] = self.messages[self.next];
            self.index[lane] = self.next;
            self.next += 1;
            step.fresh |= 1 << lane;
        }
        self.busy |= step.fresh;
        if self.busy == 0 {
            return None;
        }
        for lane in 0..N {
            let rest = self.rest[lane];
            let length = rest.len().min(RATE);
            (step.blocks[lane], self.rest[lane]) = rest.split_at(length);
            step.ending |= u8::from(length < RATE) << lane;
        }
        step.ending &= self.busy;
        self.busy &= !step.ending;
        Some(step)
    }

    /// Where one lane alone is left to hash and it is amid a message: its number, its message, and what is left
    /// of that. It is over then for the lanes.
    pub(super) fn take_last(&mut self) -> Option<(usize, usize, &'a [u8])> {
        let alone = self.busy.is_power_of_two() && self.next == self.messages.len();
        let lane = self.busy.trailing_zeros() as usize;
        alone.then(|| {
            self.busy = 0;
            (lane, self.index[lane], self.rest[lane])
        })
    }

    /// The messages in the lanes of a set, with the lanes.
    pub(super) fn messages_of(&self, mut set: u8) -> impl Iterator<Item = (usize, usize)> {
        std::iter::from_fn(move || {
            let lane = set.trailing_zeros() as usize;
            set &= set.wrapping_sub(1);
            self.index.get(lane).map(|index| (lane, *index))
        })
    }
}

/// All of so many lanes.
const ALL: [u8; 9] = [0, 0x1, 0x3, 0x7, 0xf, 0x1f, 0x3f, 0x7f, 0xff];
