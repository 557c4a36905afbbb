//! Beats into words.

use super::beats::{garbage, words};
use super::{Bench, put, run};
use crate::random::Random;
use metisvm_hdl::stream::unpacker::Unpacker;
use std::collections::VecDeque;

type Wide = Unpacker<256>;

/// A word that must come: data of so many bytes, kind, end, error.
type Word = (u64, u64, u64, bool, bool);

#[derive(Default)]
struct Beats {
    /// The beat that is offered, and whether it is.
    offered: bool,
    expected: VecDeque<Word>,
    came: u64,
}

impl Bench for Beats {
    type Block = Wide;

    fn clock(block: &mut Wide, level: bool) {
        block.clock.next = level.into();
    }

    fn drive(&mut self, block: &mut Wide, random: &mut Random) {
        if !self.offered {
            block.in_data.next = garbage(random);
            put(&mut block.in_bytes, random.bits() % 33);
            put(&mut block.in_kind, random.bits());
            block.in_end.next = random.one_in(2);
            block.in_error.next = random.one_in(10);
            self.offered = random.one_in(2);
        }
        block.in_valid.next = self.offered;
        block.out_ready.next = !random.one_in(3);
        block.clear.next = random.one_in(500);
    }

    fn look(&mut self, block: &Wide) {
        assert_eq!(block.out_valid.val(), !self.expected.is_empty());
        if let Some(&(data, bytes, kind, end, error)) = self.expected.front() {
            assert_eq!(block.out_error.val(), error);
            assert_eq!(u64::from(block.out_kind.val()), kind);
            assert_eq!(block.out_end.val(), end);
            if !error {
                assert_eq!(u64::from(block.out_data.val()), data);
                assert_eq!(u64::from(block.out_bytes.val()), bytes);
            }
            if block.out_ready.val() {
                self.expected.pop_front();
                self.came += 1;
            }
        }
        if block.in_valid.val() && block.in_ready.val() {
            assert!(self.expected.is_empty(), "two beats at once");
            self.offered = false;
            let bytes: u64 = block.in_bytes.val().into();
            let error = block.in_error.val();
            let count = if error { 1 } else { bytes.div_ceil(8).max(1) };
            for (index, data) in words(block.in_data.val())
                .into_iter()
                .enumerate()
                .take(count as usize)
            {
                let is_last = index as u64 + 1 == count;
                let bytes = (bytes - 8 * index as u64).min(8);
                let end = block.in_end.val() && is_last;
                self.expected
                    .push_back((data, bytes, block.in_kind.val().into(), end, error));
            }
        }
        if block.clear.val() {
            self.expected.clear();
        }
    }
}

#[test]
fn unpacker_gives_the_words_of_each_beat() {
    let mut bench = Beats::default();
    run("unpacker", Wide::default(), &mut bench, 12, 10_000);
    assert!(bench.came > 3000, "{} words", bench.came);
}
