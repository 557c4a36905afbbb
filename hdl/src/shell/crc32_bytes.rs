//! The CRC-32 of output that may end within a word.

use super::crc32::steps;
use rust_hdl::prelude::*;

/// Takes a word of 64 bits or its lowest byte a cycle, see [`super::crc32::Crc32`].
#[derive(LogicBlock)]
pub struct Crc32Bytes {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// Begins anew.
    pub clear: Signal<In, Bit>,
    /// All of `data` counts.
    pub word: Signal<In, Bit>,
    /// Its lowest byte counts.
    pub octet: Signal<In, Bit>,
    /// The word.
    pub data: Signal<In, Bits<64>>,
    /// The checksum, as zlib has it.
    pub checksum: Signal<Out, Bits<32>>,
    register: DFF<Bits<32>>,
    word_mask: [Constant<Bits<64>>; 32],
    byte_mask: [Constant<Bits<64>>; 32],
    place: [Constant<Bits<32>>; 32],
    /// The register's part that a byte only shifts.
    kept: Signal<Local, Bits<32>>,
    sum: Signal<Local, Bits<64>>,
    picked: Signal<Local, Bits<64>>,
    result: Signal<Local, Bits<32>>,
}

/// Which bits of the sum bit `bit` of the register is the parity of, after so many steps.
fn mask(bit: usize, count: usize) -> u64 {
    (0..64).fold(0, |mask, input| {
        mask | u64::from(steps(1 << input, count) >> bit & 1) << input
    })
}

impl Default for Crc32Bytes {
    fn default() -> Self {
        Self {
            clock: Signal::default(),
            clear: Signal::default(),
            word: Signal::default(),
            octet: Signal::default(),
            data: Signal::default(),
            checksum: Signal::default(),
            register: DFF::default(),
            word_mask: std::array::from_fn(|bit| Constant::new(mask(bit, 64).into())),
            byte_mask: std::array::from_fn(|bit| Constant::new((mask(bit, 8) & 0xff).into())),
            place: std::array::from_fn(|bit| Constant::new((1_u64 << bit).into())),
            kept: Signal::default(),
            sum: Signal::default(),
            picked: Signal::default(),
            result: Signal::default(),
        }
    }
}

impl Logic for Crc32Bytes {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, register);
        // The register holds the checksum itself; the CRC's own is its inverse.
        self.result.next = !self.register.q.val();
        self.kept.next = self.result.val() >> 8;
        self.sum.next = bit_cast::<64, 32>(self.result.val());
        self.sum.next = self.sum.val() ^ self.data.val();
        self.result.next = 0.into();
        if self.octet.val() {
            self.result.next = self.kept.val();
        }
        for i in 0..32 {
            self.picked.next = self.sum.val() & self.word_mask[i].val();
            if self.octet.val() {
                self.picked.next = self.sum.val() & self.byte_mask[i].val();
            }
            if self.picked.val().xor() {
                self.result.next = self.result.val() ^ self.place[i].val();
            }
        }
        if self.word.val() || self.octet.val() {
            self.register.d.next = !self.result.val();
        }
        if self.clear.val() {
            self.register.d.next = 0.into();
        }
        self.checksum.next = self.register.q.val();
    }
}
