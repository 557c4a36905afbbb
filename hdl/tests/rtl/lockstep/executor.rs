//! One entry at a time: the checks of the ABI, resident memory, and Keccak jobs handed on.

use super::entries::{CARD_BYTES, Ends, MAX_HANDLES, Session};
use super::{Bench, put, run};
use crate::random::Random;
use metisvm_firmware::Status;
use metisvm_hdl::shell::executor::Executor;
use std::collections::{BTreeMap, VecDeque};

/// Cycles that an entry may take without a neighbour that holds it up.
const PATIENCE: u32 = 3000;

#[derive(Default)]
struct Host {
    abi: Session,
    /// The next entry is there.
    drawn: bool,
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
    /// The bytes of a LOAD_RESIDENT, cut into what tags hold, some of which fail.
    fn send(&mut self, random: &mut Random) {
        let count = self.abi.entry[7].div_ceil(8);
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
        let handle = self.abi.entry[2] & 0xffff_ffff;
        match ends {
            Ends::With(expected, also) => {
                assert_eq!((status, detail), (expected, also), "{:x?}", self.abi.entry)
            }
            Ends::WithKeccak => {
                let (expected, also) = self.keccak.take().unwrap();
                assert_eq!((status as u64, detail), (expected, also));
            }
            Ends::Copies if self.stopping && status == Status::Internal => {}
            Ends::Copies if self.failed => assert_eq!(status, Status::DmaFault),
            Ends::Copies => {
                assert_eq!(status, Status::Ok);
                assert_eq!(self.copied, self.abi.entry[7].div_ceil(8));
            }
        }
        if status == Status::Ok && self.abi.flags == [false; 2] {
            match self.abi.entry[0] & 0xff {
                2 => drop(
                    self.abi
                        .resident
                        .insert(handle, self.abi.entry[6]..self.abi.entry[6] + self.abi.entry[7]),
                ),
                3 => drop(self.abi.resident.remove(&handle)),
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
        // An entry is there in the cycle before it begins.
        let starts = self.current.is_none() && self.drawn;
        if self.current.is_none() && !self.drawn && random.one_in(2) {
            self.drawn = true;
            self.abi.draw(random);
            self.copied = 0;
            (self.failed, self.asked, self.sent, self.stopping) = (false, false, false, false);
            self.at = self.abi.entry[6];
        }
        // A reset at its end.
        let clears = self.current.is_none() && random.one_in(500);
        if clears {
            self.abi.resident.clear();
        }
        block.clear.next = clears;
        self.stopping |= self.current.is_some() && random.one_in(400);
        block.stop.next = self.stopping;
        block.start.next = starts && !clears;
        self.drawn &= !starts || clears;
        put(&mut block.max_handles, MAX_HANDLES);
        put(&mut block.card_bytes, CARD_BYTES);
        put(&mut block.boot_nonce, self.abi.nonce);
        for (port, word) in block.entry.iter_mut().zip(self.abi.entry) {
            put(port, word);
        }
        block.cancelled.next = self.abi.flags[0];
        block.found.next = self.abi.flags[1];
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
        if block.keccak_start.val() {
            let ends = self.current.map_or_else(|| self.abi.ends(), |(ends, _)| ends);
            assert!(ends == Ends::WithKeccak && !self.keccak_runs && self.keccak.is_none());
            assert!(block.start.val() || self.current.is_some(), "a job of no entry");
            self.keccak_runs = true;
        }
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
                assert!(
                    self.at < self.abi.entry[6] + self.abi.entry[7],
                    "outside its range"
                );
                self.at += 8;
                self.copied += 1;
            }
            self.failed |= error;
        }
        assert!(
            !block.done.val() || self.current.is_some(),
            "done without an entry"
        );
        if let Some((ends, cycles)) = &mut self.current {
            let ends = *ends;
            *cycles += 1;
            assert!(*cycles < PATIENCE, "an entry hangs: {:x?}", self.abi.entry);
            if block.done.val() {
                self.has_ended(block, ends);
                self.current = None;
            }
        }
        if block.start.val() {
            self.current = Some((self.abi.ends(), 0));
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
