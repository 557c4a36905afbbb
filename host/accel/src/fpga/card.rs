//! A card, whatever becomes of the link to it: the device that it is now, its state, and what was compiled for it.

use super::health::{Condition, Health, Limits};
use super::on_card::Part;
use super::recovery::{self, End};
use super::{Options, Reopen, lock};
use crate::placement::DeviceId;
use metisvm_driver::{Counters, Device, DeviceError};
use metisvm_firmware::Capabilities;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};
use std::time::Duration;

/// The card as it is open now.
#[derive(Clone, Debug)]
pub(super) struct Attached {
    pub(super) device: Arc<Device>,
    /// How often it was opened anew.
    pub(super) opening: u64,
}

/// When a card is opened anew.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    Away,
    LinkIsBroken,
}

/// Who brings a card back that was at fault.
pub(super) enum Recovery {
    /// Whoever opened its device. A thread that does it too would reset the card under the owner's next job.
    Owner,
    /// A thread, by resets.
    Resets,
    /// A thread, by resets, and by opening it anew where these do not help.
    Opening(When, Reopen),
}

pub(super) struct Card {
    attached: RwLock<Attached>,
    /// Those of its first opening. It is not taken back with others: what is compiled holds to these.
    pub(super) capabilities: Capabilities,
    pub(super) recovery: Recovery,
    pub(super) id: DeviceId,
    pub(super) options: Options,
    pub(super) health: Mutex<Health>,
    /// Told when nobody needs the card any more.
    pub(super) end: Arc<End>,
    /// What was counted on links of before.
    past: Mutex<Counters>,
    /// Everything that was compiled for the card.
    compiled: Mutex<Vec<Weak<Part>>>,
    /// Multiply-accumulates of what it computed.
    macs: AtomicU64,
    /// Nanoseconds that the host has spent on checks of its results.
    check_ns: AtomicU64,
    /// Counts runs, to tell which model was used least recently.
    clock: AtomicU64,
}

impl Card {
    pub(super) fn new(device: Device, options: Options, recovery: Recovery) -> Self {
        let limits = Limits {
            resets: options.max_resets,
            wrong_results: options.max_wrong_results,
        };
        Self {
            capabilities: *device.capabilities(),
            attached: RwLock::new(Attached {
                device: Arc::new(device),
                opening: 0,
            }),
            recovery,
            id: DeviceId::unique(),
            options,
            health: Mutex::new(Health::new(limits)),
            end: Arc::default(),
            past: Mutex::default(),
            compiled: Mutex::default(),
            macs: AtomicU64::new(0),
            check_ns: AtomicU64::new(0),
            clock: AtomicU64::new(0),
        }
    }

    pub(super) fn attached(&self) -> Attached {
        self.attached
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(super) fn device(&self) -> Arc<Device> {
        self.attached().device
    }

    /// Puts another device in the place of one that is given up.
    pub(super) fn attach(&self, device: Device) {
        let mut attached = self.attached.write().unwrap_or_else(PoisonError::into_inner);
        let mut past = lock(&self.past);
        *past = past.plus(&attached.device.counters());
        attached.opening += 1;
        let before = std::mem::replace(&mut attached.device, Arc::new(device));
        drop((attached, past));
        // Not under the lock: the last one to hold it writes to the link.
        drop(before);
    }

    /// What was counted on all links, by the driver.
    pub(super) fn counters(&self) -> Counters {
        // In one hold, so that nothing is counted twice or not at all while another device is attached.
        let attached = self.attached.read().unwrap_or_else(PoisonError::into_inner);
        lock(&self.past).plus(&attached.device.counters())
    }

    pub(super) fn condition(&self) -> Condition {
        lock(&self.health).condition().clone()
    }

    /// Whether it takes work. One that is found at fault begins to be brought back.
    pub(super) fn takes_work(self: &Arc<Self>) -> bool {
        if matches!(self.recovery, Recovery::Owner) {
            return self.device().health().is_healthy();
        }
        let mut health = lock(&self.health);
        if !health.takes_work() {
            return false;
        }
        let device = self.device().health();
        let Some(fault) = device.fault() else {
            return true;
        };
        let why = fault.to_string();
        let pause = if matches!(device, metisvm_driver::Health::Dead(_)) {
            health.gone(why)
        } else {
            health.fault(why)
        };
        if let Some(pause) = pause {
            drop(health);
            recovery::start(self, pause);
        }
        false
    }

    /// It did a job, and nothing was wrong with it.
    pub(super) fn did_a_job(&self) {
        lock(&self.health).sound_job();
    }

    /// Its result was wrong: nothing that it says is believed until it was reset, and too many of those take it out.
    pub(super) fn was_wrong(self: &Arc<Self>, device: &Device, wrong: &str) {
        device.condemn(DeviceError::WrongResult(wrong.to_owned()));
        let mut health = lock(&self.health);
        let took_work = health.takes_work();
        health.wrong_result();
        if took_work && health.is_out() {
            health.fault(DeviceError::WrongResult(wrong.to_owned()).to_string());
        }
        drop(health);
        self.takes_work();
    }

    /// Multiply-accumulates of all that it computed.
    pub(super) fn macs(&self) -> u64 {
        self.macs.load(Ordering::Relaxed)
    }

    pub(super) fn add_macs(&self, macs: u64) {
        self.macs.fetch_add(macs, Ordering::Relaxed);
    }

    /// How long the host has checked its results, all threads together.
    pub(super) fn check_time(&self) -> Duration {
        Duration::from_nanos(self.check_ns.load(Ordering::Relaxed))
    }

    pub(super) fn add_check(&self, time: Duration) {
        self.check_ns.fetch_add(time.as_nanos() as u64, Ordering::Relaxed);
    }

    /// The next number of its clock.
    pub(super) fn tick(&self) -> u64 {
        self.clock.fetch_add(1, Ordering::Relaxed)
    }

    /// Takes note of what was compiled.
    pub(super) fn keep(&self, part: &Arc<Part>) {
        let mut all = lock(&self.compiled);
        all.retain(|other| other.strong_count() > 0);
        all.push(Arc::downgrade(part));
    }

    /// Takes the least recently used model off the card, `besides` apart; says whether there was one. A job
    /// that still runs keeps what it reads until it is answered.
    pub(super) fn make_room(&self, besides: &Part) -> bool {
        let mut others: Vec<Arc<Part>> = lock(&self.compiled).iter().filter_map(Weak::upgrade).collect();
        others.retain(|other| !std::ptr::eq(Arc::as_ptr(other), besides));
        others.sort_by_key(|other| other.used());
        others.iter().any(|other| other.unload())
    }
}

impl Drop for Card {
    fn drop(&mut self) {
        self.end.tell();
    }
}

impl fmt::Debug for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Card")
            .field("attached", &self.attached())
            .field("condition", &self.condition())
            .finish_non_exhaustive()
    }
}
