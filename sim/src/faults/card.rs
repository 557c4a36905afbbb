//! A card around a card, which misbehaves as its plan says.

use super::fault::Fault;
use super::interposer::Interposer;
use super::link::{Link, ResetState};
use super::plan::{FaultPlan, Trigger};
use super::port::FaultyPort;
use metisvm_firmware::port::{Activity, CardModel, HostPort, Registers};
use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

/// How often a card that has not met a reset is polled.
const RESET_LOOK: Duration = Duration::from_micros(50);

/// Any card, on a link where faults can happen. Without one it is the card inside, a little slower.
#[derive(Debug)]
pub struct FaultyCard<C> {
    card: C,
    link: Arc<Link>,
    interposer: Interposer,
}

impl<C: CardModel> FaultyCard<C> {
    /// Wraps a card that nobody has used yet.
    pub fn new(card: C) -> Self {
        let link = Arc::new(Link::new(card.registers()));
        Self {
            card,
            interposer: Interposer::new(Arc::clone(&link)),
            link,
        }
    }

    /// The card's fault plan; clones of it stay connected.
    pub fn faults(&self) -> FaultPlan {
        self.interposer.plan.clone()
    }

    /// Arms a fault before the card is given away.
    #[must_use]
    pub fn with_fault(self, trigger: Trigger, fault: Fault) -> Self {
        self.interposer.plan.arm(trigger, fault);
        self
    }
}

impl<C: CardModel> CardModel for FaultyCard<C> {
    fn registers(&self) -> Arc<dyn Registers> {
        Arc::clone(&self.link) as Arc<dyn Registers>
    }

    #[inline]
    fn poll(&mut self, host: &dyn HostPort) -> Activity {
        // A card that hangs does nothing, unless a reset wakes it up.
        if self.interposer.mute && self.link.reset_state() == ResetState::None {
            return Activity::Idle;
        }
        let port = FaultyPort {
            host,
            interposer: RefCell::new(&mut self.interposer),
        };
        let activity = self.card.poll(&port);
        let reset = match self.link.reset_state() {
            ResetState::None => None,
            ResetState::Waiting(time) => Some(time.max(RESET_LOOK)),
            ResetState::Met => {
                self.interposer.end_session();
                return Activity::Worked;
            }
        };
        let later = if self.interposer.mute {
            None
        } else {
            self.interposer.catch_up(host)
        };
        match (activity, reset.into_iter().chain(later).min()) {
            (Activity::Worked, _) | (_, None) => activity,
            (Activity::Idle, Some(time)) => Activity::WaitFor(time),
            (Activity::WaitFor(card), Some(time)) => Activity::WaitFor(card.min(time)),
        }
    }
}
