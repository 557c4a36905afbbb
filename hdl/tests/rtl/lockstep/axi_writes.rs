//! Writes beyond AXI pins: bursts, what they write, and when it is said to be written.

use super::{Bench, put, run};
use crate::random::Random;
use metisvm_hdl::memory::axi_writes::AxiWrites;
use std::collections::{HashMap, HashSet, VecDeque};

/// The engine's words lie above this, those of the host's side below.
const ENGINE: u64 = 1 << 40;
/// Cycles in which all that was answered must be said to be written, and all that was taken be offered.
const PATIENCE: u32 = 32;

/// A word: its address, its data, and the bytes that count.
#[derive(Clone, Copy, Debug)]
struct Word {
    address: u64,
    data: u64,
    strobe: u8,
}

fn bytes(word: Word) -> impl Iterator<Item = (u64, u8)> {
    let lanes = (0..8).filter(move |lane| word.strobe >> lane & 1 == 1);
    lanes.map(move |lane| (word.address + lane, (word.data >> (8 * lane)) as u8))
}

#[derive(Default)]
struct Side {
    /// What comes, and whether its first word is offered.
    coming: VecDeque<Word>,
    offered: bool,
    rests: u32,
    /// Bytes as they should be, those among them that are not there yet, and all that were ever asked for.
    asked: HashMap<u64, u8>,
    waiting: HashMap<u64, u8>,
    ever: HashSet<(u64, u8)>,
    memory: HashMap<u64, u8>,
    /// Bursts without all their beats: address, beats. Beats without a burst. Bursts without an answer.
    places: VecDeque<(u64, usize)>,
    beats: VecDeque<(u64, u8, bool)>,
    whole: VecDeque<Vec<Word>>,
    last_place: Option<(u64, u64)>,
    last_beat: Option<(u64, u8, bool)>,
    /// Whether memory takes little, and for how long it has owed nothing.
    slow: bool,
    idle: u32,
    taken: u64,
    written: u64,
    full: u64,
}

impl Side {
    /// More words: a run that follows, near the end of 128 or 4096 bytes, whole words or bytes one after the other.
    fn draw(&mut self, random: &mut Random) {
        let base = random.choose(&[0_u64, 1 << 20, ENGINE, ENGINE + (1 << 20)]);
        let first = base + 8 * (random.bits() % 600);
        let count = random.choose(&[1_u64, 1, 2, 3, 15, 16, 17, 40]);
        let is_scattered = random.one_in(3);
        for index in 0..count {
            let word = Word {
                address: first + 8 * index,
                data: random.bits(),
                strobe: if random.one_in(4) {
                    random.bits() as u8 | 1
                } else {
                    255
                },
            };
            if is_scattered {
                let parts = (0..8).map(|lane| Word {
                    strobe: 1 << lane,
                    ..word
                });
                self.coming.extend(parts);
            } else {
                self.coming.push_back(word);
            }
        }
    }

    fn waits(&self, engine: bool) -> bool {
        self.waiting.keys().any(|&byte| (byte >= ENGINE) == engine)
    }

    fn take(&mut self, word: Word) {
        for (byte, value) in bytes(word) {
            self.asked.insert(byte, value);
            self.waiting.insert(byte, value);
            self.ever.insert((byte, value));
        }
        self.taken += 1;
    }

    fn answered(&mut self) {
        for (byte, value) in self.whole.pop_front().unwrap().into_iter().flat_map(bytes) {
            self.memory.insert(byte, value);
            if self.waiting.get(&byte) == Some(&value) {
                self.waiting.remove(&byte);
            }
        }
    }

    /// Gives bursts their beats.
    fn join(&mut self) {
        while let Some(&(address, count)) = self.places.front() {
            if self.beats.len() < count {
                assert!(
                    self.beats.iter().all(|beat| !beat.2),
                    "a last beat comes too soon"
                );
                return;
            }
            self.places.pop_front();
            let mut words = Vec::new();
            for (index, (data, strobe, is_last)) in self.beats.drain(..count).enumerate() {
                assert_eq!(is_last, index + 1 == count, "the last beat of {count}");
                let word = Word {
                    address: address + 8 * index as u64,
                    data,
                    strobe,
                };
                assert!(
                    bytes(word).all(|byte| self.ever.contains(&byte)),
                    "{word:x?} was not asked for"
                );
                words.push(word);
            }
            self.written += count as u64;
            self.full += u64::from(count == 16);
            self.whole.push_back(words);
        }
    }
}

impl Bench for Side {
    type Block = AxiWrites;

    fn clock(block: &mut AxiWrites, level: bool) {
        block.clock.next = level.into();
    }

    fn drive(&mut self, block: &mut AxiWrites, random: &mut Random) {
        if self.coming.is_empty() && !self.offered {
            if self.rests == 0 {
                self.draw(random);
                self.rests = random.choose(&[0, 0, 3, 5, 60, 200]);
                self.slow = random.one_in(3);
            }
            self.rests = self.rests.saturating_sub(1);
        }
        self.offered = !self.coming.is_empty() && (self.offered || !random.one_in(8));
        let garbage = Word {
            address: random.bits() & 0xffff_ffff_fff8,
            data: random.bits(),
            strobe: random.bits() as u8,
        };
        let word = if self.offered { self.coming[0] } else { garbage };
        block.wr_valid.next = self.offered;
        put(&mut block.wr_address, word.address);
        put(&mut block.wr_data, word.data);
        put(&mut block.wr_strobe, word.strobe.into());
        block.wr_engine.next = word.address >= ENGINE;
        let rests = |random: &mut Random, slow| if slow { !random.one_in(6) } else { random.one_in(4) };
        block.awready.next = !rests(random, self.slow);
        block.wready.next = !rests(random, self.slow);
        block.bvalid.next = !self.whole.is_empty() && !rests(random, self.slow);
    }

    fn look(&mut self, block: &AxiWrites) {
        for (engine, settled) in [(true, &block.engine_settled), (false, &block.host_settled)] {
            assert!(
                !settled.val() || !self.waits(engine),
                "said to be written, and is not"
            );
        }
        self.idle = if self.waiting.is_empty() { self.idle + 1 } else { 0 };
        if self.idle > PATIENCE {
            assert!(
                block.engine_settled.val() && block.host_settled.val(),
                "never said"
            );
        }
        let place = (u64::from(block.awaddr.val()), u64::from(block.awlen.val()));
        if let Some(last) = self.last_place.take() {
            assert!(block.awvalid.val() && last == place, "a burst does not stay");
        }
        let beat = (
            u64::from(block.wdata.val()),
            u64::from(block.wstrb.val()) as u8,
            block.wlast.val(),
        );
        if let Some(last) = self.last_beat.take() {
            assert!(block.wvalid.val() && last == beat, "a beat does not stay");
        }
        if block.bvalid.val() {
            self.answered();
        }
        if block.awvalid.val() {
            let (address, beats) = (place.0, place.1 + 1);
            assert!(beats <= 16 && address.is_multiple_of(8), "{beats} at {address:x}");
            assert_eq!(address / 128, (address + 8 * beats - 1) / 128, "across 128 bytes");
            if block.awready.val() {
                self.places.push_back((address, beats as usize));
            } else {
                self.last_place = Some(place);
            }
        }
        if block.wvalid.val() {
            if block.wready.val() {
                self.beats.push_back(beat);
            } else {
                self.last_beat = Some(beat);
            }
        }
        self.join();
        if block.wr_valid.val() && block.wr_ready.val() {
            let word = self.coming.pop_front().unwrap();
            self.take(word);
            self.offered = false;
        }
    }
}

#[test]
fn axi_writes_are_bursts_and_all_is_written_before_it_is_said() {
    let mut bench = Side::default();
    run("axi_writes", AxiWrites::default(), &mut bench, 15, 20_000);
    assert!(bench.taken > 3000 && bench.full > 30, "{} words", bench.taken);
    // Bytes of a word go together.
    assert!(
        bench.written * 3 < bench.taken * 2,
        "{} of {}",
        bench.written,
        bench.taken
    );
    let here = bench
        .memory
        .iter()
        .filter(|(byte, _)| !bench.waiting.contains_key(byte));
    for (byte, value) in here {
        assert_eq!(bench.asked[byte], *value, "at {byte:x}");
    }
}
