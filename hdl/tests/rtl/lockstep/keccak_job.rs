//! Keccak jobs, between an executor, the DMA engines and an engine whose digests are made up.

use super::beats::{beat, garbage, words};
use super::keccak_batch::{Batch, digest};
use super::write_side::{Wishes, WriteSide};
use super::{Bench, put, run};
use crate::random::Random;
use metisvm_hdl::shell::keccak_job::KeccakJob;
use std::collections::{BTreeMap, VecDeque};

pub(crate) type Job = KeccakJob<128, 134>;

pub(crate) const MAX_MESSAGES: u64 = 150;
pub(crate) const MAX_BYTES: u64 = 8000;
/// Cycles that a job may take.
const PATIENCE: u32 = 20_000;

/// A beat on its way: its words, its bytes, kind, end, error.
type Beat = (Vec<u64>, u64, u64, bool, bool);

#[derive(Default)]
struct Neighbours {
    batch: Batch,
    runs: Option<u32>,
    starts: bool,
    stops: bool,
    had_error: bool,
    /// Bytes of descriptors asked for, and messages.
    asked: u64,
    messages: usize,
    beats: VecDeque<Beat>,
    /// Words of the message that comes in.
    message: Vec<u64>,
    hashed: usize,
    /// Words of digests, each not before its turn.
    digests: VecDeque<u64>,
    shows: bool,
    writes: WriteSide,
    statuses: BTreeMap<u64, u32>,
}

impl Neighbours {
    /// The beats of a command, cut into requests, some of which fail.
    fn read(&mut self, address: u64, bytes: u64, kind: u64) {
        let mut random = Random(address ^ bytes << 32 ^ self.messages as u64);
        let end = address + bytes;
        let mut at = address;
        loop {
            let upto = end.min((at & !511) + 512);
            let is_last = upto == end;
            if self.batch.may_fail && random.one_in(40) {
                self.beats
                    .push_back((vec![random.bits(); 2], random.bits() % 17, kind, is_last, true));
            } else {
                while at < upto || bytes == 0 {
                    let count = (upto - at).min(16);
                    let lanes = (0..count.div_ceil(8))
                        .map(|word| self.batch.word(at + 8 * word))
                        .collect();
                    at += count;
                    self.beats
                        .push_back((lanes, count, kind, is_last && at == upto, false));
                    if bytes == 0 {
                        return;
                    }
                }
            }
            at = upto;
            if is_last {
                return;
            }
        }
    }

    fn command(&mut self, block: &Job) {
        let (address, bytes): (u64, u64) = (block.cmd_address.val().into(), block.cmd_length.val().into());
        let offset = address.wrapping_sub(self.batch.input);
        assert!(
            offset + bytes <= self.batch.bytes,
            "a read outside the batch: {offset} + {bytes}"
        );
        let kind = u64::from(block.cmd_kind.val());
        if kind == 2 {
            assert_eq!(offset, self.asked, "descriptors in their order");
            assert!(bytes > 0 && bytes <= 512);
            if block.cmd_ready.val() {
                self.asked += bytes;
            }
        } else {
            let (start, length) = self.batch.messages[self.messages];
            assert_eq!(
                (offset, bytes, kind),
                (start, length, 3),
                "message {}",
                self.messages
            );
            if block.cmd_ready.val() {
                self.messages += 1;
            }
        }
        if block.cmd_ready.val() {
            self.read(address, bytes, kind);
        }
    }

    fn engine(&mut self, block: &Job) {
        if block.engine_valid.val() && block.engine_ready.val() {
            let bytes: u64 = block.engine_bytes.val().into();
            let found = words(block.engine_data.val());
            self.message.extend(&found[..bytes.div_ceil(8) as usize]);
            if block.engine_last.val() {
                let (offset, length) = self.batch.messages[self.hashed];
                let words = length.div_ceil(8);
                let expected = (0..words).map(|word| self.batch.word(self.batch.input + offset + 8 * word));
                assert!(
                    self.message.iter().copied().eq(expected),
                    "message {}",
                    self.hashed
                );
                self.digests.extend(digest(&self.message));
                self.message.clear();
                self.hashed += 1;
            }
        }
        if block.digest_ready.val() && self.shows {
            self.digests.pop_front();
            self.shows = false;
        }
        if block.engine_clear.val() {
            self.digests.clear();
            self.message.clear();
            self.shows = false;
        }
    }

    fn has_ended(&mut self, block: &Job) {
        let status: u64 = block.status.val().into();
        let detail: u64 = block.detail.val().into();
        *self.statuses.entry(status).or_default() += 1;
        let expected = self.batch.ends();
        let written = &self.writes.words;
        match status {
            0 => {
                assert_eq!(expected, None, "the batch is bad");
                let mut checksum = crc32fast::Hasher::new();
                written
                    .iter()
                    .for_each(|(_, word)| checksum.update(&word.to_le_bytes()));
                assert_eq!(detail, u64::from(checksum.finalize()));
                assert_eq!(written.len() as u64, 4 * self.batch.count);
            }
            7 if self.had_error => {}
            19 if self.stops => {}
            _ => assert_eq!(expected, Some((status, detail)), "{:?}", self.batch),
        }
        let words = (0..self.batch.hashable()).flat_map(|index| self.batch.digest(index));
        let places = (0..).map(|index| self.batch.output + 8 * index);
        assert!(
            places
                .zip(words)
                .zip(written)
                .all(|(expected, found)| expected == *found)
        );
        assert!(self.writes.idle() && self.beats.is_empty());
    }
}

impl Bench for Neighbours {
    type Block = Job;

    fn clock(block: &mut Job, level: bool) {
        block.clock.next = level.into();
    }

    fn drive(&mut self, block: &mut Job, random: &mut Random) {
        self.starts = self.runs.is_none() && random.one_in(10);
        if self.starts {
            *self = Self {
                batch: Batch::random(random),
                starts: true,
                statuses: std::mem::take(&mut self.statuses),
                ..Self::default()
            };
        }
        self.stops |= self.runs.is_some() && random.one_in(6000);
        block.stop.next = self.stops;
        put(&mut block.max_messages, MAX_MESSAGES);
        put(&mut block.max_bytes, MAX_BYTES);
        for (port, word) in block.entry.iter_mut().zip(self.batch.entry()) {
            put(port, word);
        }
        block.start.next = self.starts;
        block.cmd_ready.next = random.one_in(2);
        block.drained.next = self.beats.is_empty();
        let next = self.beats.front().cloned().filter(|_| !random.one_in(3));
        block.in_valid.next = next.is_some();
        let (lanes, bytes, kind, end, error) = next.unwrap_or((
            vec![],
            random.bits(),
            random.bits(),
            random.one_in(2),
            random.one_in(2),
        ));
        block.in_data.next = if lanes.is_empty() {
            garbage(random)
        } else {
            beat(&lanes)
        };
        put(&mut block.in_bytes, bytes);
        put(&mut block.in_kind, kind);
        block.in_end.next = end;
        block.in_error.next = error;
        block.engine_ready.next = !random.one_in(4);
        self.shows |= !self.digests.is_empty() && random.one_in(3);
        block.digest_valid.next = self.shows;
        let word = if self.shows {
            self.digests[0]
        } else {
            random.bits()
        };
        put(&mut block.digest_data, word);
        self.writes.drive(random);
        block.write_ready.next = self.writes.ready;
        block.write_idle.next = self.writes.idle();
    }

    fn look(&mut self, block: &Job) {
        if block.in_valid.val() && block.in_ready.val() {
            self.beats.pop_front();
        }
        self.had_error |= block.in_valid.val() && block.in_error.val();
        self.engine(block);
        if block.cmd_valid.val() {
            self.command(block);
        }
        let wishes = Wishes {
            start: block.write_start.val(),
            address: block.write_address.val().into(),
            push: block.write_push.val(),
            data: block.write_data.val().into(),
            flush: block.write_flush.val(),
        };
        // An address that is refused is given to the writer all the same, and nothing written.
        let is_sound = self.batch.output.is_multiple_of(8) || wishes.push;
        self.writes.look(Wishes {
            start: wishes.start && is_sound,
            ..wishes
        });
        if block.abort.val() {
            // What was not asked of the bus yet does not come.
            self.beats.truncate(20);
        }
        assert!(!block.done.val() || self.runs.is_some(), "done without a job");
        if let Some(cycles) = &mut self.runs {
            *cycles += 1;
            assert!(*cycles < PATIENCE, "a job hangs: {:?}", self.batch);
            if block.done.val() {
                self.has_ended(block);
                self.runs = None;
            }
        }
        if self.starts {
            self.runs = Some(0);
        }
    }
}

#[test]
fn keccak_jobs_read_within_their_batch_and_write_what_the_engine_gives() {
    let mut bench = Neighbours::default();
    run("keccak_job", Job::default(), &mut bench, 16, 60_000);
    for status in [0, 2, 7, 15, 18, 19] {
        assert!(
            bench.statuses.contains_key(&status),
            "no status {status}: {:?}",
            bench.statuses
        );
    }
}
