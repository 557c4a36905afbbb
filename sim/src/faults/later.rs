//! What a fault has put off, done when it is due.

use super::interposer::Interposer;
use super::put_off::{Later, Stray};
use metisvm_firmware::port::HostPort;
use std::time::{Duration, Instant};

/// Bytes that overwrite an output are written in pieces of this, so that a size which no mapping backs is
/// never allocated.
const REWRITTEN: [u8; 4096] = [0xa5; 4096];
/// Between two interrupts of a storm.
const STORM_PERIOD: Duration = Duration::from_micros(20);

impl Interposer {
    /// Does what was put off until now; gives the time until the next of it.
    pub(super) fn catch_up(&mut self, host: &dyn HostPort) -> Option<Duration> {
        if self.later.is_empty() && self.storms.is_empty() {
            return None;
        }
        self.look_at_queues();
        let now = Instant::now();
        let mut next = self.storm(now, host);
        for (due, later) in std::mem::take(&mut self.later) {
            if due > now {
                let left = due - now;
                next = Some(next.map_or(left, |next| next.min(left)));
                self.later.push((due, later));
            } else {
                self.do_late(later, host);
            }
        }
        next
    }

    fn storm(&mut self, now: Instant, host: &dyn HostPort) -> Option<Duration> {
        self.storms.retain(|&(end, _)| end > now);
        for &(_, queue) in &self.storms {
            host.raise(queue);
            self.plan.count_needless_interrupt();
        }
        (!self.storms.is_empty()).then_some(STORM_PERIOD)
    }

    fn do_late(&mut self, later: Later, host: &dyn HostPort) {
        // Memory may be gone by now; then the card writes into nothing.
        match later {
            Later::Complete {
                queue,
                enabling,
                mut completion,
            } => {
                let same = self
                    .rings
                    .iter()
                    .find(|ring| ring.queue.queue == queue && ring.queue.enabling == enabling);
                let Some(ring) = same else { return };
                let (address, _, phase) = ring.slot(self.link.queues.excess(&ring.queue));
                self.link.queues.add_excess(&ring.queue, 1);
                completion.phase = phase;
                completion.submission_head = ring.head;
                let _ = host.write_words(address, &completion.to_words());
                // The card has raised the interrupt of this answer already, and before its time.
                if self.link.take_arm(queue) {
                    host.raise(queue);
                }
            }
            Later::Rewrite(mut range) => {
                while !range.is_empty() {
                    let piece = (range.end - range.start).min(REWRITTEN.len() as u64);
                    if host
                        .write_bytes(range.start, &REWRITTEN[..piece as usize])
                        .is_err()
                    {
                        return;
                    }
                    range.start += piece;
                }
            }
            Later::Word { address, word } => {
                let _ = host.write_words(address, &[word]);
            }
            Later::Stray(stray) => self.post_stray(&stray, host),
        }
    }

    fn post_stray(&self, stray: &Stray, host: &dyn HostPort) {
        if host.write_words(stray.ring + stray.offset, &stray.words).is_ok() {
            self.plan.count_stray();
        } else if let Some(ring) = self.rings.iter().find(|ring| ring.queue.queue == stray.queue) {
            // Inside the new ring or not: if not, the card writes into nothing.
            let _ = host.write_words(ring.queue.completions + stray.offset, &stray.words);
        }
    }
}
