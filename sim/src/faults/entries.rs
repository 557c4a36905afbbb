//! What the card fetches from the submission rings: entries are counted, and faults attached to them.
//!
//! The card may fetch any number of entries at once, a part of one, or one twice: an entry counts when it is
//! touched first.

use super::fault::Fault;
use super::interposer::{Attached, Interposer};
use super::plan::Group;
use metisvm_firmware::Submission;
use metisvm_firmware::port::HostPort;
use metisvm_firmware::submission::{SUBMISSION_BYTES, SUBMISSION_WORDS};

const ENTRY: u64 = SUBMISSION_BYTES as u64;

impl Interposer {
    /// Takes note of a read of `bytes` bytes that gave `words`, or bytes of any kind if that is empty.
    #[inline]
    pub(super) fn note_read(&mut self, address: u64, bytes: u64, words: &[u64], host: &dyn HostPort) {
        for index in 0..self.rings.len() {
            if self.rings[index].queue.submits_in(address, bytes) {
                self.note_fetch(index, address, bytes, words, host);
            }
        }
    }

    fn note_fetch(&mut self, index: usize, address: u64, bytes: u64, words: &[u64], host: &dyn HostPort) {
        let queue = self.rings[index].queue;
        let tail = self.link.queues.tail(queue.queue);
        let mask = (queue.entries() - 1) as u16;
        let first = address.saturating_sub(queue.submissions) / ENTRY;
        let end = (address.saturating_add(bytes) - queue.submissions).div_ceil(ENTRY);
        let quiet = self.plan.is_quiet();
        let mut group = Group::default();
        let mut counted = self.rings[index].counted;
        for slot in first..end.min(queue.entries()) {
            // Fetched before, or before it was submitted.
            if slot != u64::from(counted & mask) || counted == tail {
                continue;
            }
            let at = queue.submissions + slot * ENTRY;
            let Some(entry) = entry(at, address, words, host) else {
                continue;
            };
            counted = counted.wrapping_add(1);
            let opcode = entry[0] as u8;
            if quiet {
                group.add(opcode);
            } else if let Some((fault, job)) = self.plan.take(opcode) {
                if fault == Fault::GarbageEntry {
                    // Over with this read: the card does not know whom it answers.
                    self.garbage_entries.push(at..at + ENTRY);
                    self.plan.happened(fault, job);
                    continue;
                }
                self.attached.push(Attached {
                    queue: queue.queue,
                    entry: Submission::from_words(entry),
                    fault,
                    job,
                    happened: false,
                });
            }
        }
        self.rings[index].counted = counted;
        if quiet {
            self.plan.count(group);
        }
    }
}

/// The words of the entry at `at`: of those that were read from `address` on if it is among them, else
/// read anew.
#[inline]
fn entry(at: u64, address: u64, words: &[u64], host: &dyn HostPort) -> Option<[u64; SUBMISSION_WORDS]> {
    let read = at
        .checked_sub(address)
        .and_then(|offset| words.get((offset / 8) as usize..)?.first_chunk())
        .copied();
    read.or_else(|| {
        let mut entry = [0; SUBMISSION_WORDS];
        host.read_words(at, &mut entry).ok()?;
        Some(entry)
    })
}
