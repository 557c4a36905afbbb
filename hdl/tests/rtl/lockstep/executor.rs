//! One entry at a time: the checks of the ABI, resident memory, and Keccak jobs handed on.

use super::{Bench, put, run};
use crate::random::Random;
use metisvm_firmware::Status;
use metisvm_hdl::shell::executor::Executor;
use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;

const NONCE: u64 = 0x1234_5678;
const CARD_BYTES: u64 = 1 << 20;
const MAX_HANDLES: u64 = 10;
/// Cycles that an entry may take without a neighbour that holds it up.
const PATIENCE: u32 = 3000;

/// How an entry must end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ends {
    With(Status, u64),
    /// As the Keccak job says.
    WithKeccak,
    /// Copies its bytes, if they can be read.
    Copies,
}

#[derive(Default)]
struct Host {
    resident: BTreeMap<u64, Range<u64>>,
    entry: [u64; 8],
    flags: [bool; 2],
    nonce: u64,
    /// The entry in progress, and its cycles.
    current: Option<(Ends, u32)>,
    /// Words on their way: what, the last one, an error.
    words: VecDeque<(u64, bool, bool)>,
    asked: bool,
    sent: bool,
    /// The word that memory gets next.
    at: u64,
    copied: u64,
    failed: bool,
    keccak: Option<(u64, u64)>,
    keccak_runs: bool,
    stopping: bool,
    statuses: BTreeMap<u16, u32>,
}

impl Host {
    fn entry(&mut self, random: &mut Random) {
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
    fn ends(&self) -> Ends {
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
            _ if self.entry[3] % 8 != 0 => ends(Status::InvalidField, 3),
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

    /// The bytes of a LOAD_RESIDENT, cut into what tags hold, some of which fail.
    fn send(&mut self, random: &mut Random) {
        let count = self.entry[7].div_ceil(8);
        let fails = random
            .one_in(4)
            .then(|| 64 * (random.bits() % count.div_ceil(64)));
        for word in 0..count {
            match fails {
                Some(at) if word == at => self.words.push_back((random.bits(), word + 64 >= count, true)),
                Some(at) if (at..at + 64).contains(&word) => {}
                _ => self.words.push_back((random.bits(), word + 1 == count, false)),
            }
        }
    }

    fn has_ended(&mut self, block: &Executor, ends: Ends) {
        let status = Status::from_bits(u64::from(block.status.val()) as u16).unwrap();
        let detail: u64 = block.detail.val().into();
        *self.statuses.entry(status as u16).or_default() += 1;
        let handle = self.entry[2] & 0xffff_ffff;
        match ends {
            Ends::With(expected, also) => assert_eq!((status, detail), (expected, also), "{:x?}", self.entry),
            Ends::WithKeccak => {
                let (expected, also) = self.keccak.take().unwrap();
                assert_eq!((status as u64, detail), (expected, also));
            }
            Ends::Copies if self.stopping && status == Status::Internal => {}
            Ends::Copies if self.failed => assert_eq!(status, Status::DmaFault),
            Ends::Copies => {
                assert_eq!(status, Status::Ok);
                assert_eq!(self.copied, self.entry[7].div_ceil(8));
            }
        }
        if status == Status::Ok && self.flags == [false; 2] {
            match self.entry[0] & 0xff {
                2 => drop(
                    self.resident
                        .insert(handle, self.entry[6]..self.entry[6] + self.entry[7]),
                ),
                3 => drop(self.resident.remove(&handle)),
                _ => {}
            }
        }
        assert!(self.words.is_empty(), "words are left on their way");
    }
}

impl Bench for Host {
    type Block = Executor;

    fn clock(block: &mut Executor, level: bool) {
        block.clock.next = level.into();
    }

    fn drive(&mut self, block: &mut Executor, random: &mut Random) {
        let starts = self.current.is_none() && random.one_in(3);
        if starts {
            self.entry(random);
            self.copied = 0;
            (self.failed, self.asked, self.sent, self.stopping) = (false, false, false, false);
            self.at = self.entry[6];
        }
        // A reset at its end.
        let clears = self.current.is_none() && random.one_in(500);
        if clears {
            self.resident.clear();
        }
        block.clear.next = clears;
        self.stopping |= self.current.is_some() && random.one_in(400);
        block.stop.next = self.stopping;
        block.start.next = starts && !clears;
        put(&mut block.max_handles, MAX_HANDLES);
        put(&mut block.card_bytes, CARD_BYTES);
        put(&mut block.boot_nonce, self.nonce);
        for (port, word) in block.entry.iter_mut().zip(self.entry) {
            put(port, word);
        }
        block.cancelled.next = self.flags[0];
        block.found.next = self.flags[1];
        block.cmd_ready.next = random.one_in(2);
        if self.asked && !self.sent {
            self.sent = true;
            self.send(random);
        }
        let word = self.words.front().copied().filter(|_| !random.one_in(3));
        block.in_valid.next = word.is_some();
        let (data, end, error) = word.unwrap_or((random.bits(), random.one_in(2), random.one_in(2)));
        put(&mut block.in_data, data);
        block.in_end.next = end;
        block.in_error.next = error;
        block.drained.next = self.words.is_empty();
        block.mw_ready.next = !random.one_in(4);
        block.has_keccak.next = true;
        block.keccak_done.next = false;
        if self.keccak_runs && random.one_in(5) {
            self.keccak_runs = false;
            self.keccak = Some((random.bits() % 20, random.bits() & 0xffff_ffff));
            block.keccak_done.next = true;
        }
        let (status, detail) = self.keccak.unwrap_or((random.bits(), random.bits()));
        put(&mut block.keccak_status, status);
        put(&mut block.keccak_detail, detail);
    }

    fn look(&mut self, block: &Executor) {
        assert_eq!(
            block.keccak_start.val(),
            block.start.val() && self.ends() == Ends::WithKeccak
        );
        self.keccak_runs |= block.keccak_start.val();
        if block.cmd_valid.val() {
            assert_eq!(self.current.map(|(ends, _)| ends), Some(Ends::Copies));
            assert!(!self.asked, "its bytes are asked for twice");
            self.asked = block.cmd_ready.val();
        }
        if block.in_valid.val() && block.in_ready.val() {
            let (word, _, error) = self.words.pop_front().unwrap();
            let copies = block.mw_valid.val();
            assert!(copies || error || block.abort.val(), "a word is lost");
            if copies {
                assert!(block.mw_ready.val() && !error && !self.failed);
                assert_eq!(u64::from(block.mw_address.val()), self.at);
                assert_eq!(u64::from(block.mw_data.val()), word);
                assert!(self.at < self.entry[6] + self.entry[7], "outside its range");
                self.at += 8;
                self.copied += 1;
            }
            self.failed |= error;
        }
        assert_eq!(
            block.done.val() && self.current.is_none(),
            false,
            "done without an entry"
        );
        if let Some((ends, cycles)) = &mut self.current {
            let ends = *ends;
            *cycles += 1;
            assert!(*cycles < PATIENCE, "an entry hangs: {:x?}", self.entry);
            if block.done.val() {
                self.has_ended(block, ends);
                self.current = None;
            }
        }
        if block.start.val() {
            self.current = Some((self.ends(), 0));
        }
    }
}

#[test]
fn executor_ends_every_entry_as_the_abi_says() {
    let mut bench = Host::default();
    run("executor", Executor::default(), &mut bench, 8, 60_000);
    for status in [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 19] {
        assert!(
            bench.statuses.contains_key(&status),
            "no status {status}: {:?}",
            bench.statuses
        );
    }
}
