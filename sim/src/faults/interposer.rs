//! What stands in the link, from the card's side: the rings that it knows, and the faults under way.

use super::fault::Fault;
use super::link::Link;
use super::plan::FaultPlan;
use super::put_off::{Later, Stray};
use super::queues::Enabled;
use metisvm_firmware::Submission;
use metisvm_firmware::completion::COMPLETION_BYTES;
use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

/// An enabled queue, and how far the card has come in it.
#[derive(Debug)]
pub(super) struct Ring {
    /// Where it lies.
    pub(super) queue: Enabled,
    /// Entries that were counted, free-running as the tail.
    pub(super) counted: u16,
    /// The place of the card's next completion, counted over two passes of the ring, which differ in phase.
    pub(super) place: u64,
    /// The submission head of the card's last completion.
    pub(super) head: u16,
    /// The first word of a completion whose second one is still to come, and its offset in the ring.
    pub(super) first_word: Option<(u64, u64)>,
}

impl Ring {
    fn new(queue: Enabled) -> Self {
        Self {
            queue,
            counted: 0,
            place: 0,
            head: 0,
            first_word: None,
        }
    }

    /// The slot where the host expects the completion at the card's `place` if it got `excess` more than
    /// the card gave: address, offset in the ring, phase.
    pub(super) fn slot(&self, excess: i32) -> (u64, u64, bool) {
        let entries = self.queue.entries();
        let place = self.place.wrapping_add_signed(excess.into()) & (2 * entries - 1);
        let offset = (place & (entries - 1)) * COMPLETION_BYTES as u64;
        (self.queue.completions + offset, offset, place < entries)
    }
}

/// A fault whose entry the card has fetched and not answered.
#[derive(Debug)]
pub(super) struct Attached {
    /// The queue of the entry.
    pub(super) queue: u16,
    /// The entry.
    pub(super) entry: Submission,
    /// The fault.
    pub(super) fault: Fault,
    /// The number of its job.
    pub(super) job: u64,
    /// It was taken down as happened already.
    pub(super) happened: bool,
}

/// The state of the link's card side; owned by the card's thread.
#[derive(Debug)]
pub(super) struct Interposer {
    pub(super) link: Arc<Link>,
    pub(super) plan: FaultPlan,
    changes_seen: u32,
    pub(super) rings: Vec<Ring>,
    pub(super) attached: Vec<Attached>,
    /// Entries that the card reads as garbage.
    pub(super) garbage_entries: Vec<Range<u64>>,
    /// What is put off, and until when.
    pub(super) later: Vec<(Instant, Later)>,
    /// Waiting for the next reset.
    pub(super) strays: Vec<Stray>,
    /// Queues whose interrupts are raised again and again, and until when.
    pub(super) storms: Vec<(Instant, u16)>,
    /// Queues whose next interrupt is lost.
    pub(super) losing: Vec<u16>,
    /// Nothing that the card writes or raises gets through.
    pub(super) mute: bool,
}

impl Interposer {
    pub(super) fn new(link: Arc<Link>) -> Self {
        Self {
            link,
            plan: FaultPlan::default(),
            changes_seen: 0,
            rings: Vec::new(),
            attached: Vec::new(),
            garbage_entries: Vec::new(),
            later: Vec::new(),
            strays: Vec::new(),
            storms: Vec::new(),
            losing: Vec::new(),
            mute: false,
        }
    }

    /// Learns of queues that were enabled or disabled. Before every access of the card: a queue may have
    /// been enabled since the last.
    #[inline]
    pub(super) fn look_at_queues(&mut self) {
        let changes = self.link.queues.changes();
        if changes != self.changes_seen {
            self.changes_seen = changes;
            self.follow_queues();
        }
    }

    #[cold]
    fn follow_queues(&mut self) {
        let enabled = self.link.queues.enabled();
        let same = |ring: &Ring, queue: &Enabled| {
            ring.queue.queue == queue.queue && ring.queue.enabling == queue.enabling
        };
        self.rings
            .retain(|ring| enabled.iter().any(|queue| same(ring, queue)));
        let rings = &self.rings;
        let new: Vec<Enabled> = enabled
            .into_iter()
            .filter(|queue| !rings.iter().any(|ring| same(ring, queue)))
            .collect();
        // What an earlier enabling left unanswered is nobody's any more.
        self.attached
            .retain(|attached| new.iter().all(|queue| queue.queue != attached.queue));
        self.rings.extend(new.into_iter().map(Ring::new));
    }

    /// Takes down that an attached fault happened, once.
    pub(super) fn happens(&mut self, index: usize) {
        let attached = &mut self.attached[index];
        if !std::mem::replace(&mut attached.happened, true) {
            self.plan.happened(attached.fault, attached.job);
        }
    }

    /// Forgets what a reset has ended, and lets the host see that it has.
    pub(super) fn end_session(&mut self) {
        self.rings.clear();
        self.attached.clear();
        self.garbage_entries.clear();
        self.storms.clear();
        self.losing.clear();
        self.mute = false;
        let now = Instant::now();
        let strays = self.strays.drain(..);
        self.later = strays
            .map(|stray| (now + stray.delay, Later::Stray(stray)))
            .collect();
        self.link.acknowledge_reset();
    }
}
