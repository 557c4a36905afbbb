//! A host with rings, and the registers between it and the queue engine.

use crate::random::Random;

pub(crate) const QUEUES: usize = 3;
pub(crate) const LARGEST_LOG2: u64 = 5;
pub(crate) const NONCE: u64 = 0x55aa_0001;

/// A queue, as registers and host have it.
#[derive(Clone, Default)]
pub(crate) struct Ring {
    pub(crate) pending: bool,
    pub(crate) enabled: bool,
    pub(crate) fresh: bool,
    pub(crate) armed: bool,
    pub(crate) state: u64,
    /// Completions since the last interrupt.
    pub(crate) unannounced: u64,
    /// A burst could not be read: the engine must say so.
    pub(crate) must_fault: bool,
    sq: u64,
    cq: u64,
    log2: u64,
    tail: u64,
    consumed: u64,
    fetched: u64,
    completed: u64,
    slots: Vec<[u64; 8]>,
    /// The host has broken a rule, which the engine must notice.
    is_wrong: bool,
}

#[derive(Default)]
pub(crate) struct Host {
    pub(crate) queues: [Ring; QUEUES],
    /// Times round a ring.
    pub(crate) wraps: u64,
    sequence: u64,
    cycles: usize,
}

impl Host {
    fn entry(&mut self, random: &mut Random) -> [u64; 8] {
        let nonce = if random.one_in(10) { 5 } else { NONCE };
        let back = random.bits() % 8;
        self.sequence += 1;
        let sequence = (self.sequence & 0xffff_ffff) << 32;
        match random.bits() % 8 {
            0..2 => [sequence, NONCE, 0, 0, 0, 0, 0, 0],
            2..4 => {
                let target = self.sequence.wrapping_sub(back) & 0xffff_ffff;
                let stray = if random.one_in(8) {
                    1 << (random.bits() % 64)
                } else {
                    0
                };
                let mut words = [sequence | 1, nonce, target << 32, 0, 0, 0, 0, 0];
                words[(random.bits() % 8) as usize] ^= stray;
                words
            }
            _ => {
                let opcode = random.bits() % 7;
                std::array::from_fn(|word| match word {
                    0 => sequence | opcode,
                    1 => nonce,
                    _ => random.bits(),
                })
            }
        }
    }

    /// What the host does in a cycle: enables, submits, consumes, arms, breaks rules.
    pub(crate) fn act(&mut self, random: &mut Random, stop: bool) {
        // At times in haste, at times slower than the engine.
        self.cycles += 1;
        let pace = [12, 150, 50][self.cycles / 1000 % 3];
        if stop || !random.one_in(pace) {
            return;
        }
        let index = (random.bits() % QUEUES as u64) as usize;
        let ring = &self.queues[index];
        if !ring.enabled || (ring.state > 1 && random.one_in(4)) {
            return self.enable(index, random);
        }
        if ring.is_wrong {
            return;
        }
        let entries = 1 << ring.log2;
        match random.bits() % 16 {
            0..8 => {
                // Unanswered entries and unreported completions fit the ring.
                let room = (entries - (ring.tail - ring.consumed)).min(1 + random.bits() % 12);
                for _ in 0..room {
                    let entry = self.entry(random);
                    let ring = &mut self.queues[index];
                    ring.slots[(ring.tail % entries) as usize] = entry;
                    ring.tail += 1;
                }
            }
            8..13 => self.queues[index].consumed = ring.completed,
            13..15 => self.queues[index].armed = true,
            _ if ring.fetched == ring.tail && !ring.fresh && random.one_in(10) => {
                let ring = &mut self.queues[index];
                ring.is_wrong = true;
                if random.one_in(2) {
                    ring.tail += entries + 1;
                } else {
                    ring.consumed = ring.completed + 1 + random.bits() % 100;
                }
            }
            _ => return,
        }
        self.queues[index].pending = true;
    }

    fn enable(&mut self, index: usize, random: &mut Random) {
        let is_valid = !random.one_in(4);
        // Rings begin anywhere in a page.
        let mut ring = Ring {
            sq: random.bits() >> 20 & !63,
            cq: random.bits() >> 20 & !63,
            log2: 1 + random.bits() % LARGEST_LOG2,
            enabled: true,
            fresh: true,
            pending: true,
            is_wrong: !is_valid,
            ..Ring::default()
        };
        if !is_valid {
            match random.bits() % 6 {
                0 => ring.sq |= 8,
                1 => ring.cq |= 32,
                2 => ring.log2 = 0,
                3 => ring.log2 = LARGEST_LOG2 + 1 + random.bits() % 1000,
                4 => ring.sq = !63,
                _ => ring.cq = !63,
            }
        }
        if ring.log2 <= LARGEST_LOG2 {
            ring.slots = vec![[0; 8]; 1 << ring.log2];
        }
        self.queues[index] = ring;
    }

    /// A register of a queue.
    pub(crate) fn register(&self, address: u64) -> u64 {
        let Some(ring) = self.queues.get(address as usize / 16) else {
            return 0;
        };
        let value = match address % 16 {
            0 => ring.sq,
            1 => ring.sq >> 32,
            2 => ring.cq,
            3 => ring.cq >> 32,
            4 => ring.log2,
            6 => ring.tail & 0xffff,
            7 => ring.consumed & 0xffff,
            _ => 0,
        };
        value & 0xffff_ffff
    }

    /// The entries that a command for the fetcher means.
    pub(crate) fn fetch(&self, queue: usize, address: u64, bytes: u64) -> Vec<[u64; 8]> {
        let ring = &self.queues[queue];
        assert!(
            ring.enabled && ring.state == 1 && !ring.is_wrong,
            "a queue that does not run"
        );
        let entries = 1 << ring.log2;
        let count = bytes / 64;
        assert!(bytes.is_multiple_of(64) && (1..=8).contains(&count));
        assert_eq!(address, ring.sq + 64 * (ring.fetched % entries));
        assert!(ring.fetched % entries + count <= entries, "beyond the ring");
        assert!(ring.fetched + count <= ring.tail, "beyond the doorbell");
        assert!(
            ring.completed + count <= ring.consumed + entries,
            "no room for its completions"
        );
        assert!(address / 4096 == (address + bytes - 1) / 4096, "across a page");
        let first = (ring.fetched % entries) as usize;
        ring.slots[first..first + count as usize].to_vec()
    }

    pub(crate) fn has_fetched(&mut self, queue: usize, count: usize) {
        let ring = &mut self.queues[queue];
        ring.fetched += count as u64;
        self.wraps += u64::from(ring.fetched.is_multiple_of(1 << ring.log2));
    }

    /// A completion: its words and where they went.
    pub(crate) fn complete(
        &mut self,
        queue: usize,
        sequence: u64,
        (status, detail): (u64, u64),
        pair: [(u64, u64); 2],
    ) {
        let ring = &mut self.queues[queue];
        let entries = 1 << ring.log2;
        let place = ring.cq + 16 * (ring.completed % entries);
        let phase = u64::from((ring.completed / entries).is_multiple_of(2));
        let second = detail | (ring.fetched & 0xffff) << 32 | phase << 48 | status << 49;
        assert_eq!(pair, [(place, sequence | NONCE << 32), (place + 8, second)]);
        ring.completed += 1;
        ring.unannounced += 1;
    }

    /// What the engine does with a queue's bits. Whether that is progress.
    pub(crate) fn look(
        &mut self,
        sel: usize,
        take: bool,
        again: bool,
        disarm: bool,
        state: Option<u64>,
    ) -> bool {
        let ring = &mut self.queues[sel];
        if take {
            ring.pending = false;
        }
        ring.pending |= again;
        if disarm {
            assert!(ring.armed);
            ring.armed = false;
            ring.unannounced = 0;
        }
        if let Some(state) = state {
            ring.state = state;
            ring.fresh = false;
            match state {
                1 => assert!(!ring.is_wrong, "an unsound queue runs"),
                2 => assert!(ring.is_wrong, "a sound queue is stopped"),
                _ => assert!(std::mem::take(&mut ring.must_fault), "a fault of no read"),
            }
        }
        take || again || disarm || state.is_some()
    }

    /// Drops all queues.
    pub(crate) fn forget(&mut self) {
        self.queues = Default::default();
    }
}
