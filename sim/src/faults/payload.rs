//! Inputs that the card reads wrong, and outputs that the host gets wrong.

use super::fault::Fault;
use super::interposer::Interposer;
use crc32fast::Hasher;
use metisvm_firmware::completion::Completion;
use metisvm_firmware::port::HostPort;
use metisvm_firmware::{Opcode, Submission};
use std::ops::Range;

/// The host memory that an entry lets the card read.
fn input(entry: &Submission) -> Range<u64> {
    let bytes = match Opcode::from_bits(entry.opcode) {
        Some(Opcode::LoadResident) => entry.card_bytes,
        Some(Opcode::Run) => u64::from(entry.input_bytes) * u64::from(entry.count),
        Some(Opcode::Keccak) => entry.input_bytes.into(),
        _ => 0,
    };
    entry.input..entry.input.saturating_add(bytes)
}

/// The host memory that an entry lets the card write.
pub(super) fn output(entry: &Submission) -> Range<u64> {
    let bytes = match Opcode::from_bits(entry.opcode) {
        Some(Opcode::Run | Opcode::Keccak) => u64::from(entry.output_bytes) * u64::from(entry.count),
        _ => 0,
    };
    entry.output..entry.output.saturating_add(bytes)
}

/// Where two ranges meet; empty if they do not.
fn common(one: &Range<u64>, other: &Range<u64>) -> Range<u64> {
    one.start.max(other.start)..one.end.min(other.end)
}

/// The completion of a card that computed what is in the output now: with its checksum.
pub(super) fn agree_with_output(
    mut completion: Completion,
    entry: &Submission,
    host: &dyn HostPort,
) -> Completion {
    let mut range = output(entry);
    let mut checksum = Hasher::new();
    let mut piece = [0; 4096];
    while !range.is_empty() {
        let bytes = (range.end - range.start).min(piece.len() as u64) as usize;
        // Of memory that is gone there is nothing to agree with.
        if host.read_bytes(range.start, &mut piece[..bytes]).is_err() {
            return completion;
        }
        checksum.update(&piece[..bytes]);
        range.start += bytes as u64;
    }
    completion.detail = checksum.finalize();
    completion
}

impl Interposer {
    /// The bytes of a read that the card gets inverted, as offsets from `address`.
    pub(super) fn garbage(&mut self, address: u64, bytes: u64) -> Vec<Range<usize>> {
        if self.attached.is_empty() && self.garbage_entries.is_empty() {
            return Vec::new();
        }
        let read = address..address.saturating_add(bytes);
        let mut garbage = Vec::new();
        let mut add = |range: &Range<u64>| {
            let hit = common(range, &read);
            let is_hit = !hit.is_empty();
            if is_hit {
                garbage.push((hit.start - address) as usize..(hit.end - address) as usize);
            }
            is_hit
        };
        for index in 0..self.attached.len() {
            let attached = &self.attached[index];
            if attached.fault == Fault::GarbageInput && add(&input(&attached.entry)) {
                self.happens(index);
            }
        }
        // An entry is read once: what gets its last byte has read all of it.
        self.garbage_entries
            .retain(|entry| !add(entry) || read.end < entry.end);
        garbage
    }

    /// Whether a write is lost on its way.
    pub(super) fn is_lost(&mut self, address: u64, bytes: u64) -> bool {
        let write = address..address.saturating_add(bytes);
        let lost = self.attached.iter().position(|attached| {
            attached.fault == Fault::LostOutput && !common(&output(&attached.entry), &write).is_empty()
        });
        if let Some(index) = lost {
            self.happens(index);
        }
        lost.is_some()
    }

    /// The bits of a write that do not arrive as the card wrote them: offsets of their bytes, and masks.
    pub(super) fn wrong_bits(&mut self, address: u64, bytes: u64) -> Vec<(usize, u8)> {
        let mut wrong = Vec::new();
        for index in 0..self.attached.len() {
            let attached = &self.attached[index];
            let (Fault::WrongOutput(bit) | Fault::CorruptedDma(bit)) = attached.fault else {
                continue;
            };
            let output = output(&attached.entry);
            // Only memory that is mapped is ever written, so the count of its bits cannot overflow.
            let bits = (output.end - output.start).saturating_mul(8);
            let Some(bit) = bit.checked_rem(bits) else {
                continue;
            };
            let at = output.start + bit / 8;
            if (address..address.saturating_add(bytes)).contains(&at) {
                wrong.push(((at - address) as usize, 1 << (bit % 8)));
                self.happens(index);
            }
        }
        wrong
    }
}
