//! A piece of card memory in block RAM.

use rust_hdl::prelude::*;

/// Address bits of a bank: 4,096 words, so that a byte of them is two of an ECP5's block RAMs.
pub const BANK_BITS: usize = 12;

/// 4,096 words of 64 bits; a write may leave bytes out. What is read comes a cycle later; a word that is written in the
/// same cycle may come old.
#[derive(LogicBlock, Default)]
pub struct Bank {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// The word to read.
    pub read_address: Signal<In, Bits<BANK_BITS>>,
    /// What it was, a cycle later.
    pub read_data: Signal<Out, Bits<64>>,
    /// The word to write.
    pub write_address: Signal<In, Bits<BANK_BITS>>,
    /// Its new bytes.
    pub write_data: Signal<In, Bits<64>>,
    /// Those that are written, the lowest first.
    pub write_strobe: Signal<In, Bits<8>>,
    lanes: [RAM<Bits<8>, BANK_BITS>; 8],
    lane: Signal<Local, Bits<8>>,
    octet: Signal<Local, Bits<64>>,
    word: Signal<Local, Bits<64>>,
}

impl Logic for Bank {
    #[hdl_gen]
    fn update(&mut self) {
        self.word.next = 0.into();
        for i in 0..8 {
            self.lanes[i].read_clock.next = self.clock.val();
            self.lanes[i].write_clock.next = self.clock.val();
            self.lanes[i].read_address.next = self.read_address.val();
            self.lanes[i].write_address.next = self.write_address.val();
            self.lanes[i].write_data.next = self.write_data.val().get_bits::<8>(i * 8);
            self.lanes[i].write_enable.next = self.write_strobe.val().get_bit(i);
            // From above, and down by a byte for each that follows.
            self.lane.next = self.lanes[i].read_data.val();
            self.octet.next = bit_cast::<64, 8>(self.lane.val());
            self.octet.next = self.octet.val() << 56;
            self.word.next = self.word.val() >> 8;
            self.word.next = self.word.val() | self.octet.val();
        }
        self.read_data.next = self.word.val();
    }
}
