//! The CRC-32 of a word a cycle, against the checksum that zlib has.

use super::{Bench, difference, put, run};
use crate::random::Random;
use crate::verilator;
use metisvm_hdl::shell::crc32::Crc32;

#[derive(Default)]
struct Words {
    checksum: crc32fast::Hasher,
}

impl Bench for Words {
    type Block = Crc32;

    fn clock(block: &mut Crc32, level: bool) {
        block.clock.next = level.into();
    }

    fn drive(&mut self, block: &mut Crc32, random: &mut Random) {
        block.clear.next = random.one_in(50);
        block.enable.next = !random.one_in(3);
        let word = match random.bits() % 4 {
            0 => 0,
            1 => 1 << (random.bits() % 64),
            _ => random.bits(),
        };
        put(&mut block.data, word);
    }

    fn look(&mut self, block: &Crc32) {
        let checksum: u64 = block.checksum.val().into();
        assert_eq!(checksum, u64::from(self.checksum.clone().finalize()));
        if block.clear.val() {
            self.checksum.reset();
        } else if block.enable.val() {
            let word: u64 = block.data.val().into();
            self.checksum.update(&word.to_le_bytes());
        }
    }
}

#[test]
fn crc32_is_that_of_zlib() {
    run("crc32", Crc32::default(), &mut Words::default(), 2, 10_000);
}

/// The Verilog of this one has another bit in one of its masks.
#[test]
fn one_wrong_bit_of_the_verilog_is_found() {
    if verilator::command().is_none() {
        return;
    }
    let found = difference("crc32_faulty", Crc32::default(), &mut Words::default(), 2, 1000);
    assert!(found.is_some_and(|text| text.contains("checksum is")));
}
