//! Keccak cores behind an arbiter, against `sha3`.

use super::beats::{beat, garbage};
use super::{Bench, put, run};
use crate::random::Random;
use metisvm_hdl::keccak::cluster::Cluster;
use sha3::{Digest, Keccak256};
use std::collections::VecDeque;

pub(crate) const CORES: usize = 3;
pub(crate) type Three = Cluster<128, 135>;

pub(crate) fn three() -> Three {
    Cluster::new(CORES, 1)
}

#[derive(Default)]
struct Messages {
    message: Vec<u8>,
    at: usize,
    /// A beat is offered.
    offered: bool,
    /// Words of digests that are due.
    due: VecDeque<(u64, bool)>,
    digests: u64,
    /// Cycles in which all cores permuted.
    all_busy: u64,
}

impl Messages {
    fn next(&mut self, random: &mut Random) {
        let length = match random.bits() % 8 {
            0 => 0,
            1 => 136,
            2 => random.bits() % 700,
            _ => random.bits() % 200,
        };
        self.message = (0..length).map(|_| random.bits() as u8).collect();
        self.at = 0;
    }
}

impl Bench for Messages {
    type Block = Three;

    fn clock(block: &mut Three, level: bool) {
        block.clock.next = level.into();
    }

    fn drive(&mut self, block: &mut Three, random: &mut Random) {
        self.offered = self.offered || !random.one_in(4);
        let left = &self.message[self.at..];
        let count = left.len().min(16);
        let mut words = [random.bits(), random.bits()];
        for (index, byte) in left[..count].iter().enumerate() {
            let shift = 8 * (index % 8);
            words[index / 8] = words[index / 8] & !(0xff << shift) | u64::from(*byte) << shift;
        }
        block.in_valid.next = self.offered;
        block.in_data.next = if self.offered {
            beat(&words)
        } else {
            garbage(random)
        };
        put(
            &mut block.in_bytes,
            if self.offered { count as u64 } else { random.bits() },
        );
        block.in_end.next = if self.offered {
            left.len() <= 16
        } else {
            random.one_in(2)
        };
        block.out_ready.next = !random.one_in(3);
        block.clear.next = random.one_in(1500);
        if random.one_in(40) {
            // A pause, in which the cores finish.
            self.offered = false;
            block.in_valid.next = false;
        }
    }

    fn look(&mut self, block: &Three) {
        if block.out_valid.val() {
            let (word, last) = *self.due.front().expect("a digest of no message");
            assert_eq!(u64::from(block.out_data.val()), word, "digest {}", self.digests);
            assert_eq!(block.out_last.val(), last);
            if block.out_ready.val() {
                self.due.pop_front();
                self.digests += u64::from(last);
            }
        }
        self.all_busy += u64::from(u64::from(block.busy.val()) == CORES as u64);
        if block.in_valid.val() && block.in_ready.val() {
            self.at += (self.message.len() - self.at).min(16);
            self.offered = false;
            if block.in_end.val() {
                let digest = Keccak256::digest(&self.message);
                let words = digest.chunks(8).enumerate();
                self.due.extend(
                    words.map(|(index, word)| (u64::from_le_bytes(word.try_into().unwrap()), index == 3)),
                );
                let mut random = Random(self.due.len() as u64 ^ digest[0] as u64);
                self.next(&mut random);
            }
        }
        if block.clear.val() {
            self.due.clear();
            self.at = 0;
            self.offered = false;
        }
    }
}

#[test]
fn cluster_gives_digests_in_the_order_of_messages() {
    let mut bench = Messages::default();
    run("cluster", three(), &mut bench, 15, 6_000);
    assert!(bench.digests > 100, "{} digests", bench.digests);
    assert!(
        bench.all_busy > 500,
        "{} cycles with all cores busy",
        bench.all_busy
    );
}
