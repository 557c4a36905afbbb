//! What the card writes into the completion rings: answers that are swallowed, changed, doubled or kept.
//!
//! The card counts its completions, and the host its own. Where one is swallowed or doubled the counts part,
//! and from then on every completion of the queue is moved to the slot where the host expects the next, with
//! the phase of that slot: to the host it looks as if the card had given so many answers and no others.

use super::fault::Fault;
use super::interposer::{Attached, Interposer};
use super::payload::{agree_with_output, output};
use super::put_off::{Later, Stray};
use metisvm_firmware::Status;
use metisvm_firmware::completion::{COMPLETION_BYTES, COMPLETION_WORDS, Completion};
use metisvm_firmware::port::{DmaFault, HostPort};
use std::time::{Duration, Instant};

/// A status that the ABI does not have.
const NO_STATUS: u16 = 0x7abc;
/// Turns a sequence number into one that no host comes to within a test.
const FAR_SEQUENCE: u32 = 0x4000_0000;
/// Half of the range of heads: beyond the tail of any ring.
const FAR_HEAD: u16 = 1 << 15;

const COMPLETION: u64 = COMPLETION_BYTES as u64;

impl Interposer {
    /// The ring in whose completions an address lies.
    #[inline]
    pub(super) fn completion_ring(&self, address: u64) -> Option<usize> {
        self.rings
            .iter()
            .position(|ring| ring.queue.completes_in(address))
    }

    /// Words on their way into a completion ring.
    #[inline]
    pub(super) fn post(
        &mut self,
        ring: usize,
        address: u64,
        words: &[u64],
        host: &dyn HostPort,
    ) -> Result<(), DmaFault> {
        let queue = self.rings[ring].queue;
        let base = queue.completions;
        let offset = address - base;
        let whole = offset.is_multiple_of(COMPLETION) && words.len().is_multiple_of(COMPLETION_WORDS);
        if whole && self.attached.is_empty() && self.link.queues.excess(&queue) == 0 {
            host.write_words(address, words)?;
            if let Some(last) = words.last_chunk() {
                let end = offset + size_of_val(words) as u64;
                self.note_completion(ring, end - COMPLETION, &Completion::from_words(*last));
                self.rings[ring].place += 1;
            }
            return Ok(());
        }
        for (at, &word) in (offset..).step_by(8).zip(words) {
            if at.is_multiple_of(COMPLETION) {
                self.rings[ring].first_word = Some((at, word));
                continue;
            }
            let first = self.rings[ring].first_word.take();
            match first.filter(|(first, _)| first + 8 == at) {
                Some((at, first)) => self.answer(ring, at, [first, word], host)?,
                // No completion: it is the card's own fault, and the host's to find.
                None => host.write_words(base + at, &[word])?,
            }
        }
        Ok(())
    }

    /// Learns from a completion of the card, at an offset in the ring, where the card is.
    #[inline]
    fn note_completion(&mut self, ring: usize, offset: u64, completion: &Completion) {
        let ring = &mut self.rings[ring];
        let second_pass = if completion.phase { 0 } else { ring.queue.entries() };
        ring.place = offset / COMPLETION + second_pass;
        ring.head = completion.submission_head;
    }

    /// One completion of the card.
    fn answer(
        &mut self,
        ring: usize,
        offset: u64,
        words: [u64; COMPLETION_WORDS],
        host: &dyn HostPort,
    ) -> Result<(), DmaFault> {
        if self.mute {
            return Ok(());
        }
        let completion = Completion::from_words(words);
        self.note_completion(ring, offset, &completion);
        let queue = self.rings[ring].queue.queue;
        let attached = self
            .attached
            .iter()
            .position(|attached| attached.queue == queue && attached.entry.sequence == completion.sequence);
        let given = match attached {
            None => self.give(ring, completion, host),
            Some(index) => {
                let happens_here = !matches!(
                    self.attached[index].fault,
                    Fault::WrongOutput(_) | Fault::CorruptedDma(_) | Fault::LostOutput | Fault::GarbageInput
                );
                if happens_here {
                    self.happens(index);
                }
                let attached = self.attached.swap_remove(index);
                self.misbehave(ring, &attached, completion, host)
            }
        };
        self.rings[ring].place += 1;
        given
    }

    /// Writes a completion to where the host expects its next one.
    fn give(&self, ring: usize, mut completion: Completion, host: &dyn HostPort) -> Result<(), DmaFault> {
        let ring = &self.rings[ring];
        let (address, _, phase) = ring.slot(self.link.queues.excess(&ring.queue));
        completion.phase = phase;
        host.write_words(address, &completion.to_words())
    }

    fn misbehave(
        &mut self,
        ring: usize,
        attached: &Attached,
        mut completion: Completion,
        host: &dyn HostPort,
    ) -> Result<(), DmaFault> {
        let queue = self.rings[ring].queue;
        let slot = self.rings[ring].slot(self.link.queues.excess(&queue));
        match attached.fault {
            Fault::Silent => {
                self.link.queues.add_excess(&queue, -1);
                return Ok(());
            }
            Fault::Late(time) => {
                self.link.queues.add_excess(&queue, -1);
                let enabling = queue.enabling;
                self.put_off(
                    time,
                    Later::Complete {
                        queue: queue.queue,
                        enabling,
                        completion,
                    },
                );
                return Ok(());
            }
            Fault::LateAcrossReset(delay) => {
                let (_, offset, phase) = slot;
                self.link.queues.add_excess(&queue, -1);
                completion.phase = phase;
                self.strays.push(Stray {
                    delay,
                    queue: queue.queue,
                    ring: queue.completions,
                    offset,
                    words: completion.to_words(),
                });
                return Ok(());
            }
            Fault::SwappedWords(time) => {
                let (address, _, phase) = slot;
                completion.phase = phase;
                let [first, second] = completion.to_words();
                self.put_off(time, Later::Word { address, word: first });
                return host.write_words(address + 8, &[second]);
            }
            Fault::UnaskedReset => {
                self.link.reset_unasked();
                return Ok(());
            }
            Fault::Hang | Fault::HangForGood | Fault::Dead => {
                self.mute = true;
                match attached.fault {
                    Fault::HangForGood => self.link.ignore_resets(),
                    Fault::Dead => self.link.die(),
                    _ => {}
                }
                return Ok(());
            }
            Fault::Twice => {
                self.give(ring, completion, host)?;
                self.link.queues.add_excess(&queue, 1);
            }
            Fault::LinkRetrain(time) => {
                self.link.set_down(true);
                // The card's thread is what does DMA, and DMA stalls.
                std::thread::sleep(time);
                self.link.set_down(false);
            }
            Fault::WrongSequence => completion.sequence ^= FAR_SEQUENCE,
            Fault::WrongStatus => completion.status = NO_STATUS,
            Fault::WrongKnownStatus(status) => {
                completion.status = status as u16;
                // The detail of an ok completion means nothing under another status.
                if status != Status::Ok {
                    completion.detail = 0;
                }
            }
            Fault::HeadBeyondTail => {
                completion.submission_head = completion.submission_head.wrapping_add(FAR_HEAD);
            }
            Fault::WrongNonce => {
                completion.boot_nonce = completion.boot_nonce.wrapping_sub(1);
            }
            Fault::WrongOutput(_) => {
                completion = agree_with_output(completion, &attached.entry, host);
            }
            Fault::ChangeCapabilities => self.link.change_capabilities_with_next_reset(),
            Fault::SlowReset(time) => self.link.slow_next_reset(time),
            Fault::RewriteAfterCompletion(time) => {
                self.put_off(time, Later::Rewrite(output(&attached.entry)));
            }
            Fault::LostInterrupt => self.losing.push(queue.queue),
            Fault::InterruptStorm(time) => self.storms.push((Instant::now() + time, queue.queue)),
            Fault::StalledRegisters(time) => self.link.stall(time),
            // Over by now: what is at fault is what the card has read or written.
            Fault::CorruptedDma(_) | Fault::LostOutput | Fault::GarbageEntry | Fault::GarbageInput => {}
        }
        self.give(ring, completion, host)
    }

    fn put_off(&mut self, time: Duration, what: Later) {
        self.later.push((Instant::now() + time, what));
    }
}
