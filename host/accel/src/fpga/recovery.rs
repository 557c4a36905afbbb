//! Brings a card back, on a thread of its own that lives as long as that takes.
//!
//! Whoever finds the card at fault begins it and waits for nothing: other cards and backends do its work meanwhile.
//! A card that answers is reset. One that is away (all ones, no acknowledgement of a reset, a server that is gone) is
//! tried again, and opened anew where it is known how.

use super::card::{Card, Recovery, When};
use super::health::State;
use super::lock;
use metisvm_driver::{Device, Health};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// The end of whoever needs a card.
#[derive(Debug, Default)]
pub(super) struct End {
    told: Mutex<bool>,
    changed: Condvar,
}

impl End {
    pub(super) fn tell(&self) {
        *lock(&self.told) = true;
        self.changed.notify_all();
    }

    /// Waits for so long; says whether it came.
    pub(super) fn comes_within(&self, time: Duration) -> bool {
        let waiting = self
            .changed
            .wait_timeout_while(lock(&self.told), time, |told| !*told);
        *waiting.unwrap_or_else(PoisonError::into_inner).0
    }
}

/// Begins to bring a card back, after a pause.
pub(super) fn start(card: &Arc<Card>, pause: Duration) {
    let (weak, end) = (Arc::downgrade(card), Arc::clone(&card.end));
    let work = move || {
        let mut pause = pause;
        // The card is not held meanwhile, so that it can go.
        while !end.comes_within(pause)
            && let Some(card) = weak.upgrade()
        {
            match attempt(&card) {
                Some(next) => pause = next,
                None => return,
            }
        }
    };
    let started = thread::Builder::new().name("card-recovery".into()).spawn(work);
    if let Err(error) = started {
        // Whoever asks next finds it at fault again.
        lock(&card.health).put_off(format!("there is no thread to reset it on: {error}"));
    }
}

/// Gives the time until the next attempt; none where there is to be no other.
fn attempt(card: &Card) -> Option<Duration> {
    let device = card.device();
    let is_away = matches!(device.health(), Health::Dead(_));
    let first = if is_away { State::Probing } else { State::Resetting };
    if !lock(&card.health).begin(first) {
        return None;
    }
    let same = if is_away { device.revive() } else { device.reset() };
    let is_away = matches!(device.health(), Health::Dead(_));
    let outcome = match (same, &card.recovery) {
        (Err(_), Recovery::Opening(when, _))
            if is_away && (*when == When::Away || device.link_is_broken()) =>
        {
            open_anew(card, device)
        }
        (same, _) => same.map_err(|error| error.to_string()),
    };
    let mut health = lock(&card.health);
    match outcome {
        Ok(()) => {
            health.came_back();
            None
        }
        Err(why) => health.stayed_away(why, !is_away),
    }
}

/// Gives the link up and opens another.
fn open_anew(card: &Card, device: Arc<Device>) -> Result<(), String> {
    let Recovery::Opening(_, reopen) = &card.recovery else {
        return Err("it is not known how to open it".to_owned());
    };
    if !lock(&card.health).begin(State::Probing) {
        return Err("it is not wanted any more".to_owned());
    }
    // A card has one user: the next would wait for this one to go.
    device.close();
    drop(device);
    let device = reopen()?;
    if *device.capabilities() != card.capabilities {
        return Err(
            "another card answers in its place, with other capabilities: a new process can use it".to_owned(),
        );
    }
    card.attach(device);
    Ok(())
}
