//! The registers as the host sees them: those of the card inside, and what the faults make of them.
//!
//! Host threads write registers at any time while the card's thread works. What both need lies here; the
//! card's thread asks for it, and is asked nothing.

use metisvm_firmware::completion::COMPLETION_BYTES;
use metisvm_firmware::port::Registers;
use metisvm_firmware::registers::{self as reg, CardState, queue, queue_register};
use metisvm_firmware::submission::SUBMISSION_BYTES;
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Largest base-2 logarithm of a ring's entries: heads and tails are 16 bits.
const MAX_ENTRIES_LOG2: u32 = 15;

/// An enabled queue, as the registers had it when it was enabled.
#[derive(Clone, Copy, Debug)]
pub(super) struct Enabled {
    /// The queue's number.
    pub(super) queue: u16,
    /// Tells this enabling from others of the same queue.
    pub(super) enabling: u32,
    /// Address of the submission ring.
    pub(super) submissions: u64,
    /// Address of the completion ring.
    pub(super) completions: u64,
    /// Base-2 logarithm of the entries of each ring.
    pub(super) entries_log2: u32,
}

impl Enabled {
    /// Entries of each ring.
    pub(super) fn entries(&self) -> u64 {
        1 << self.entries_log2
    }

    /// Whether a span of memory touches the submission ring.
    pub(super) fn submits_in(&self, address: u64, bytes: u64) -> bool {
        address < self.submissions + self.entries() * SUBMISSION_BYTES as u64
            && address.saturating_add(bytes) > self.submissions
    }

    /// Whether an address lies in the completion ring.
    pub(super) fn completes_in(&self, address: u64) -> bool {
        address
            .checked_sub(self.completions)
            .is_some_and(|offset| offset < self.entries() * COMPLETION_BYTES as u64)
    }
}

/// What is passed on between the two sides for one queue, without a lock.
#[derive(Debug, Default)]
struct Doorbells {
    /// The submission tail.
    tail: AtomicU16,
    /// The enabling (high half), and by how many completions the host has got more than the card has
    /// given (low half, signed).
    excess: AtomicU64,
}

/// A reset that the host has asked for and not seen acknowledged.
#[derive(Clone, Copy, Debug)]
struct Reset {
    /// The boot generation that the host sees until then.
    shown: u32,
    /// The card's generation when it was told last.
    before: u32,
    /// Not acknowledged before this; never, if there is no time.
    due: Option<Instant>,
}

/// What became of a reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ResetState {
    /// None is under way, or none that the card knows of.
    None,
    /// The card has not met it, or may not say so for this much longer.
    Waiting(Duration),
    /// The card has met it.
    Met,
}

#[derive(Debug, Default)]
struct State {
    dead: bool,
    down: bool,
    stalled_until: Option<Instant>,
    ignores_resets: bool,
    next_reset_takes: Duration,
    next_reset_changes: bool,
    claims_less: bool,
    reset: Option<Reset>,
}

/// The registers of a faulty card.
pub(super) struct Link {
    card: Arc<dyn Registers>,
    /// Some register is not what the card inside says.
    distorted: AtomicBool,
    state: Mutex<State>,
    doorbells: Vec<Doorbells>,
    enabled: Mutex<Vec<Enabled>>,
    /// Counts enablings and disablings.
    changes: AtomicU32,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn excess_bits(enabling: u32, excess: i32) -> u64 {
    u64::from(enabling) << 32 | u64::from(excess as u32)
}

impl Link {
    pub(super) fn new(card: Arc<dyn Registers>) -> Self {
        Self {
            card,
            distorted: AtomicBool::new(false),
            state: Mutex::default(),
            doorbells: (0..reg::QUEUE_LIMIT).map(|_| Doorbells::default()).collect(),
            enabled: Mutex::default(),
            changes: AtomicU32::new(0),
        }
    }

    /// Changes the state, and whether registers are distorted by it.
    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = lock(&self.state);
        let result = change(&mut state);
        let distorted = state.dead
            || state.down
            || state.stalled_until.is_some()
            || state.claims_less
            || state.reset.is_some();
        self.distorted.store(distorted, Ordering::Release);
        result
    }

    /// The count of changes to the queues.
    #[inline]
    pub(super) fn changes(&self) -> u32 {
        self.changes.load(Ordering::Acquire)
    }

    /// The queues that are enabled.
    pub(super) fn enabled(&self) -> Vec<Enabled> {
        lock(&self.enabled).clone()
    }

    /// The last submission tail of a queue.
    #[inline]
    pub(super) fn tail(&self, queue: u16) -> u16 {
        self.doorbells[usize::from(queue)].tail.load(Ordering::Acquire)
    }

    /// By how many completions the host has got more than the card has given, since this enabling.
    #[inline]
    pub(super) fn excess(&self, queue: &Enabled) -> i32 {
        let bits = self.doorbells[usize::from(queue.queue)]
            .excess
            .load(Ordering::Acquire);
        if bits >> 32 == u64::from(queue.enabling) {
            bits as u32 as i32
        } else {
            0
        }
    }

    /// Counts a completion that the host gets and the card did not give (1), or the other way round (−1).
    pub(super) fn add_excess(&self, queue: &Enabled, more: i32) {
        let doorbells = &self.doorbells[usize::from(queue.queue)];
        let old = self.excess(queue);
        // Fails only if the queue was enabled anew: then there is nothing to count.
        let _ = doorbells.excess.compare_exchange(
            excess_bits(queue.enabling, old),
            excess_bits(queue.enabling, old + more),
            Ordering::AcqRel,
            Ordering::Relaxed,
        );
    }

    /// All registers read all ones from now on, and nothing written arrives.
    pub(super) fn die(&self) {
        self.change(|state| state.dead = true);
    }

    /// As [`Link::die`], while `down`.
    pub(super) fn set_down(&self, down: bool) {
        self.change(|state| state.down = down);
    }

    /// Accesses to registers block until this much later.
    pub(super) fn stall(&self, time: Duration) {
        self.change(|state| state.stalled_until = Some(Instant::now() + time));
    }

    /// Blocks as long as registers do.
    fn wait_for_registers(&self) {
        let Some(until) = lock(&self.state).stalled_until else {
            return;
        };
        std::thread::sleep(until.saturating_duration_since(Instant::now()));
        self.change(|state| {
            // Another stall may have begun meanwhile.
            state.stalled_until = state.stalled_until.filter(|later| *later > until);
        });
    }

    /// Resets no longer reach the card.
    pub(super) fn ignore_resets(&self) {
        self.change(|state| state.ignores_resets = true);
    }

    /// The next reset takes at least this long.
    pub(super) fn slow_next_reset(&self, time: Duration) {
        self.change(|state| state.next_reset_takes = time);
    }

    /// After the next reset, and until the one after it, other capabilities are claimed.
    pub(super) fn change_capabilities_with_next_reset(&self) {
        self.change(|state| state.next_reset_changes = true);
    }

    /// Looks after a reset that is under way.
    #[inline]
    pub(super) fn reset_state(&self) -> ResetState {
        if !self.distorted.load(Ordering::Acquire) {
            return ResetState::None;
        }
        let Some(Reset {
            before,
            due: Some(due),
            ..
        }) = lock(&self.state).reset
        else {
            return ResetState::None;
        };
        let left = due.saturating_duration_since(Instant::now());
        if left.is_zero() && self.card.read32(reg::BOOT_GENERATION) != before {
            ResetState::Met
        } else {
            ResetState::Waiting(left)
        }
    }

    /// The reset is over: the host may see it. No queue is left.
    pub(super) fn acknowledge_reset(&self) {
        let mut enabled = lock(&self.enabled);
        enabled.clear();
        self.changes.fetch_add(1, Ordering::Release);
        drop(enabled);
        self.change(|state| {
            state.claims_less = std::mem::take(&mut state.next_reset_changes);
            state.reset = None;
        });
    }

    /// Whether the host has armed the queue's interrupt; if so, it no longer is.
    pub(super) fn take_arm(&self, queue: u16) -> bool {
        let register = queue_register(queue, queue::INTERRUPT_ARM);
        let armed = self.card.read32(register) == 1;
        if armed {
            self.card.write32(register, 0);
        }
        armed
    }

    fn ask_for_reset(&self, value: u32) {
        let reaches_card = self.change(|state| {
            let before = self.card.read32(reg::BOOT_GENERATION);
            let takes = std::mem::take(&mut state.next_reset_takes);
            state.reset = Some(Reset {
                shown: state.reset.map_or(before, |reset| reset.shown),
                before,
                due: (!state.ignores_resets).then(|| Instant::now() + takes),
            });
            !state.ignores_resets
        });
        if reaches_card {
            self.card.write32(reg::CONTROL, value);
        }
    }

    fn enable(&self, index: u16, value: u32) {
        let read = |register| self.card.read32(queue_register(index, register));
        let address = |low, high| u64::from(read(low)) | u64::from(read(high)) << 32;
        let enables = value & 1 == 1;
        if enables && read(queue::ENABLE) == 1 {
            // Already enabled: nothing changes.
            return;
        }
        let mut enabled = lock(&self.enabled);
        enabled.retain(|other| other.queue != index);
        let enabling = self.changes.load(Ordering::Relaxed).wrapping_add(1);
        let queue = Enabled {
            queue: index,
            enabling,
            submissions: address(queue::SQ_BASE_LO, queue::SQ_BASE_HI),
            completions: address(queue::CQ_BASE_LO, queue::CQ_BASE_HI),
            entries_log2: read(queue::ENTRIES_LOG2),
        };
        // Any other the card refuses.
        let longest = SUBMISSION_BYTES as u64 * (1 << MAX_ENTRIES_LOG2);
        let valid = queue.entries_log2 <= MAX_ENTRIES_LOG2
            && queue.submissions.checked_add(longest).is_some()
            && queue.completions.checked_add(longest).is_some();
        if enables && valid {
            let doorbells = &self.doorbells[usize::from(index)];
            doorbells.tail.store(0, Ordering::Release);
            doorbells
                .excess
                .store(excess_bits(enabling, 0), Ordering::Release);
            enabled.push(queue);
        }
        // Before the card sees the queue: its first access to the rings is known for one.
        self.changes.store(enabling, Ordering::Release);
    }
}

/// Queue and register of an offset, if it is a queue's.
#[inline]
fn queue_of(offset: u32) -> Option<(u16, u32)> {
    let offset = offset.checked_sub(reg::QUEUE_BASE)?;
    let index = offset / reg::QUEUE_STRIDE;
    (index < reg::QUEUE_LIMIT).then_some((index as u16, offset % reg::QUEUE_STRIDE))
}

impl Registers for Link {
    fn read32(&self, offset: u32) -> u32 {
        let read = || self.card.read32(offset);
        if !self.distorted.load(Ordering::Acquire) {
            return read();
        }
        self.wait_for_registers();
        let state = lock(&self.state);
        match (offset, state.reset) {
            _ if state.dead || state.down => reg::ALL_ONES,
            (reg::BOOT_GENERATION, Some(reset)) => reset.shown,
            (reg::STATUS, Some(_)) => CardState::Resetting as u32,
            (reg::MAX_HANDLES, _) if state.claims_less => read().saturating_sub(1),
            _ => read(),
        }
    }

    #[inline]
    fn write32(&self, offset: u32, value: u32) {
        if self.distorted.load(Ordering::Acquire) {
            self.wait_for_registers();
            let state = lock(&self.state);
            if state.dead || state.down {
                return;
            }
        }
        let mut value = value;
        if let Some((index, register)) = queue_of(offset) {
            let doorbells = &self.doorbells[usize::from(index)];
            match register {
                queue::SQ_TAIL => doorbells.tail.store(value as u16, Ordering::Release),
                // The card is told how many of its own completions were consumed.
                queue::CQ_HEAD => {
                    let excess = doorbells.excess.load(Ordering::Acquire) as u16;
                    value = u32::from((value as u16).wrapping_sub(excess));
                }
                queue::ENABLE => self.enable(index, value),
                _ => {}
            }
        } else if offset == reg::CONTROL && value & reg::CONTROL_RESET != 0 {
            return self.ask_for_reset(value);
        }
        self.card.write32(offset, value);
    }
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link")
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Registers that hold what was written last.
    struct Card(Vec<AtomicU32>);

    impl Registers for Card {
        fn read32(&self, offset: u32) -> u32 {
            self.0[offset as usize / 4].load(Ordering::Relaxed)
        }

        fn write32(&self, offset: u32, value: u32) {
            self.0[offset as usize / 4].store(value, Ordering::Relaxed);
        }
    }

    fn link() -> (Link, Arc<Card>) {
        let card = Arc::new(Card(
            (0..reg::BAR0_BYTES / 4).map(|_| AtomicU32::new(0)).collect(),
        ));
        (Link::new(Arc::clone(&card) as Arc<dyn Registers>), card)
    }

    fn enable(link: &Link) -> Enabled {
        link.write32(queue_register(3, queue::ENABLE), 0);
        link.write32(queue_register(3, queue::SQ_BASE_HI), 7);
        link.write32(queue_register(3, queue::ENTRIES_LOG2), 4);
        link.write32(queue_register(3, queue::ENABLE), 1);
        let enabled = link.enabled();
        assert_eq!(enabled.len(), 1);
        enabled[0]
    }

    #[test]
    fn the_card_is_told_how_many_of_its_own_completions_were_consumed() {
        let (link, card) = link();
        let queue = enable(&link);
        assert_eq!(
            (queue.queue, queue.submissions, queue.entries()),
            (3, 7 << 32, 16)
        );
        let head = queue_register(3, queue::CQ_HEAD);
        let told = |consumed| {
            link.write32(head, consumed);
            card.read32(head)
        };
        assert_eq!(told(5), 5);
        link.add_excess(&queue, -1);
        assert_eq!(told(5), 6, "one was given and not got");
        assert_eq!(told(0xffff), 0);
        link.add_excess(&queue, 1);
        link.add_excess(&queue, 1);
        assert_eq!(told(5), 4, "one was got and not given");
        assert_eq!(told(0), 0xffff);
        // An answer of an earlier enabling is not counted in the next.
        let again = enable(&link);
        link.add_excess(&queue, 1);
        assert_eq!((link.excess(&queue), link.excess(&again)), (0, 0));
        assert_eq!(told(5), 5);
    }

    #[test]
    fn a_ring_that_no_card_takes_is_not_followed() {
        let (link, _) = link();
        for (register, value) in [(queue::ENTRIES_LOG2, 16), (queue::CQ_BASE_HI, u32::MAX)] {
            enable(&link);
            link.write32(queue_register(3, queue::ENABLE), 0);
            link.write32(queue_register(3, queue::CQ_BASE_LO), u32::MAX);
            link.write32(queue_register(3, register), value);
            link.write32(queue_register(3, queue::ENABLE), 1);
            assert!(link.enabled().is_empty());
        }
    }

    #[test]
    fn the_host_sees_no_reset_before_it_is_acknowledged() {
        let (link, card) = link();
        card.write32(reg::BOOT_GENERATION, 4);
        link.write32(reg::CONTROL, reg::CONTROL_RESET);
        assert_eq!(card.read32(reg::CONTROL), reg::CONTROL_RESET);
        assert!(matches!(link.reset_state(), ResetState::Waiting(_)));
        card.write32(reg::BOOT_GENERATION, 5);
        assert_eq!(link.reset_state(), ResetState::Met);
        assert_eq!(link.read32(reg::BOOT_GENERATION), 4);
        assert_eq!(link.read32(reg::STATUS), CardState::Resetting as u32);
        link.acknowledge_reset();
        assert_eq!(link.read32(reg::BOOT_GENERATION), 5);
        assert_eq!(link.reset_state(), ResetState::None);
    }
}
