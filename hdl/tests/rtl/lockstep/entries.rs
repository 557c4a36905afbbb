//! Entries, sound and otherwise, and what the ABI says of them.

use crate::random::Random;
use metisvm_firmware::Status;
use std::collections::BTreeMap;
use std::ops::Range;

const NONCE: u64 = 0x1234_5678;
pub(crate) const CARD_BYTES: u64 = 1 << 20;
pub(crate) const MAX_HANDLES: u64 = 10;

/// How an entry must end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ends {
    With(Status, u64),
    /// As the Keccak job says.
    WithKeccak,
    /// Copies its bytes, if they can be read.
    Copies,
}

/// An entry and what there is when it begins.
#[derive(Debug, Default)]
pub(crate) struct Session {
    pub(crate) resident: BTreeMap<u64, Range<u64>>,
    pub(crate) entry: [u64; 8],
    /// A CANCEL means it; it is one that has found its entry.
    pub(crate) flags: [bool; 2],
    pub(crate) nonce: u64,
}

impl Session {
    /// Another entry, in another state of the card.
    pub(crate) fn draw(&mut self, random: &mut Random) {
        let opcode = random.choose(&[0, 1, 2, 2, 2, 2, 3, 3, 4, 5, 5, 6, 255]);
        let nonce = if random.one_in(20) {
            random.bits() & 0xffff_ffff
        } else {
            NONCE
        };
        let handle = random.bits() % (MAX_HANDLES + 2);
        let count = random.bits() % 100;
        let start = 64 * (random.bits() % 200) + 8 * u64::from(random.one_in(20));
        let length = random.choose(&[0, 1, 8, 9, 64, 100, 1000, CARD_BYTES + 1, u64::MAX, 1 << 49]);
        self.entry = match opcode {
            1 => [opcode, nonce, count << 32, 0, 0, 0, 0, 0],
            2 => {
                let input = (random.bits() & !7) + u64::from(random.one_in(20));
                let start = match random.bits() % 10 {
                    0 => random.bits() & !63,
                    1 => CARD_BYTES - 64,
                    _ => start,
                };
                [opcode, nonce, handle, input, 0, 0, start, length]
            }
            3 => [opcode, nonce, handle, 0, 0, 0, 0, 0],
            4 => std::array::from_fn(|word| {
                if word == 1 {
                    nonce
                } else {
                    random.bits() & !0xffff | 4
                }
            }),
            5 => [
                opcode,
                nonce,
                count << 32,
                random.bits(),
                random.bits(),
                random.bits(),
                0,
                0,
            ],
            _ => [opcode, nonce, 0, 0, 0, 0, 0, 0],
        };
        self.entry[0] |= random.bits() << 32;
        if random.one_in(12) && opcode != 4 {
            // A stray bit somewhere.
            self.entry[(random.bits() % 8) as usize] |= 1 << (random.bits() % 64);
        }
        if opcode == 4 && random.one_in(4) {
            self.entry[0] |= 0x100;
        }
        self.flags = [random.one_in(10), random.one_in(10)];
        self.nonce = if random.one_in(50) { 0 } else { NONCE };
    }

    /// The lowest word with a field that the opcode does not name.
    fn stray(&self) -> Option<u64> {
        let low: u64 = 0xffff_ffff;
        let named = match self.entry[0] & 0xff {
            1 => [0xff, low, !low, 0, 0, 0, 0, 0],
            2 => [0x1ff, low, low, !0, 0, 0, !0, !0],
            3 => [0xff, low, low, 0, 0, 0, 0, 0],
            5 => [0xff, low, !low, !0, !0, !0, 0, 0],
            _ => [0xff, low, 0, 0, 0, 0, 0, 0],
        };
        let sequence = |word| if word == 0 { !low } else { 0 };
        (0..8).find(|&word| self.entry[word as usize] & !(named[word as usize] | sequence(word)) != 0)
    }

    /// What the ABI says of an entry.
    pub(crate) fn ends(&self) -> Ends {
        let ends = |status, detail| Ends::With(status, detail);
        let (handle, address, length) = (self.entry[2] & 0xffff_ffff, self.entry[6], self.entry[7]);
        if self.nonce == 0 || self.entry[1] & 0xffff_ffff != self.nonce {
            return ends(Status::StaleNonce, self.nonce);
        }
        if self.flags[0] {
            return ends(Status::Cancelled, 0);
        }
        if self.flags[1] {
            return ends(Status::Ok, 0);
        }
        let opcode = self.entry[0] & 0xff;
        if opcode > 5 {
            return ends(Status::InvalidOpcode, 0);
        }
        if opcode == 4 {
            let flags = self.entry[0] >> 8 & 0xff;
            return if flags == 0 {
                ends(Status::InvalidOpcode, 0)
            } else {
                ends(Status::InvalidField, 0)
            };
        }
        if let Some(word) = self.stray() {
            return ends(Status::InvalidField, word);
        }
        let is_handle = (1..=MAX_HANDLES).contains(&handle);
        match opcode {
            0 => ends(Status::Ok, 0),
            1 => ends(Status::NotFound, 0),
            5 => Ends::WithKeccak,
            3 if is_handle && self.resident.contains_key(&handle) => ends(Status::Ok, 0),
            3 => ends(Status::UnknownHandle, handle),
            _ if !is_handle => ends(Status::InvalidField, 2),
            _ if !self.entry[3].is_multiple_of(8) => ends(Status::InvalidField, 3),
            _ if self.resident.contains_key(&handle) => ends(Status::HandleInUse, handle),
            _ => {
                let end = u128::from(address) + u128::from(length);
                let meets = |piece: &Range<u64>| piece.start < end as u64 && address < piece.end;
                if address % 64 != 0 || end > CARD_BYTES.into() || self.resident.values().any(meets) {
                    return ends(Status::CardMemory, 0);
                }
                if length == 0 {
                    ends(Status::Ok, 0)
                } else {
                    Ends::Copies
                }
            }
        }
    }
}
