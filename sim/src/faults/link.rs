//! The registers as the host sees them: those of the card inside, and what the faults make of them.
//!
//! Host threads write registers at any time while the card's thread works. What both need lies here; the
//! card's thread asks for it, and is asked nothing.

use super::queues::Queues;
use metisvm_firmware::port::Registers;
use metisvm_firmware::registers::{self as reg, CardState, queue, queue_register};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A reset that the host has asked for and not seen acknowledged.
#[derive(Clone, Copy, Debug)]
struct Reset {
    /// The boot nonce that the host sees until then.
    shown: u32,
    /// The card's nonce when it was told last.
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
    /// The queues, which cost no lock.
    pub(super) queues: Queues,
}

impl Link {
    pub(super) fn new(card: Arc<dyn Registers>) -> Self {
        Self {
            card,
            distorted: AtomicBool::new(false),
            state: Mutex::default(),
            queues: Queues::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state, and whether registers are distorted by it.
    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state();
        let result = change(&mut state);
        let distorted = state.dead
            || state.down
            || state.stalled_until.is_some()
            || state.claims_less
            || state.reset.is_some();
        self.distorted.store(distorted, Ordering::Release);
        result
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
        let Some(until) = self.state().stalled_until else {
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
        }) = self.state().reset
        else {
            return ResetState::None;
        };
        let left = due.saturating_duration_since(Instant::now());
        if left.is_zero() && self.card.read32(reg::BOOT_NONCE) != before {
            ResetState::Met
        } else {
            ResetState::Waiting(left)
        }
    }

    /// The reset is over: the host may see it. No queue is left.
    pub(super) fn acknowledge_reset(&self) {
        self.queues.clear();
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

    /// The card is reset, and the host has not asked for it.
    pub(super) fn reset_unasked(&self) {
        self.ask_for_reset(reg::CONTROL_RESET);
    }

    fn ask_for_reset(&self, value: u32) {
        let reaches_card = self.change(|state| {
            let before = self.card.read32(reg::BOOT_NONCE);
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
}

impl Registers for Link {
    fn read32(&self, offset: u32) -> u32 {
        let read = || self.card.read32(offset);
        if !self.distorted.load(Ordering::Acquire) {
            return read();
        }
        self.wait_for_registers();
        let state = self.state();
        match (offset, state.reset) {
            _ if state.dead || state.down => reg::ALL_ONES,
            (reg::BOOT_NONCE, Some(reset)) => reset.shown,
            (reg::STATUS, Some(_)) => CardState::Resetting as u32,
            (reg::MAX_HANDLES, _) if state.claims_less => read().saturating_sub(1),
            _ => read(),
        }
    }

    #[inline]
    fn write32(&self, offset: u32, value: u32) {
        if self.distorted.load(Ordering::Acquire) {
            self.wait_for_registers();
            let state = self.state();
            if state.dead || state.down {
                return;
            }
        }
        if let Some(value) = self.queues.written(offset, value, &*self.card) {
            self.card.write32(offset, value);
        } else if offset == reg::CONTROL && value & reg::CONTROL_RESET != 0 {
            self.ask_for_reset(value);
        } else {
            self.card.write32(offset, value);
        }
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
    use std::sync::atomic::AtomicU32;

    /// A boot nonce, and the control register.
    #[derive(Default)]
    struct Card {
        nonce: AtomicU32,
        control: AtomicU32,
    }

    impl Registers for Card {
        fn read32(&self, offset: u32) -> u32 {
            match offset {
                reg::BOOT_NONCE => self.nonce.load(Ordering::Relaxed),
                _ => CardState::Ready as u32,
            }
        }

        fn write32(&self, offset: u32, value: u32) {
            assert_eq!(offset, reg::CONTROL);
            self.control.store(value, Ordering::Relaxed);
        }
    }

    #[test]
    fn the_host_sees_no_reset_before_it_is_acknowledged() {
        let card = Arc::new(Card::default());
        let link = Link::new(Arc::clone(&card) as Arc<dyn Registers>);
        card.nonce.store(4, Ordering::Relaxed);
        link.write32(reg::CONTROL, reg::CONTROL_RESET);
        assert_eq!(card.control.load(Ordering::Relaxed), reg::CONTROL_RESET);
        assert!(matches!(link.reset_state(), ResetState::Waiting(_)));
        card.nonce.store(5, Ordering::Relaxed);
        assert_eq!(link.reset_state(), ResetState::Met);
        assert_eq!(link.read32(reg::BOOT_NONCE), 4);
        assert_eq!(link.read32(reg::STATUS), CardState::Resetting as u32);
        link.acknowledge_reset();
        assert_eq!(link.read32(reg::BOOT_NONCE), 5);
        assert_eq!(link.read32(reg::STATUS), CardState::Ready as u32);
        assert_eq!(link.reset_state(), ResetState::None);
    }

    #[test]
    fn a_reset_that_takes_long_is_met_no_sooner() {
        let card = Arc::new(Card::default());
        let link = Link::new(Arc::clone(&card) as Arc<dyn Registers>);
        let hour = Duration::from_secs(3600);
        link.slow_next_reset(hour);
        link.write32(reg::CONTROL, reg::CONTROL_RESET);
        card.nonce.store(1, Ordering::Relaxed);
        assert!(matches!(link.reset_state(), ResetState::Waiting(left) if left > hour / 2));
    }
}
