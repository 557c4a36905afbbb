//! The CRC-32 of IEEE 802.3 over words of 64 bits.

use rust_hdl::prelude::*;

/// Takes a word a cycle, lowest byte first; `checksum` is that of all words since `clear`.
///
/// The register is linear in its last value and the word, so each of its bits is the parity of some bits of
/// their sum: the masks are computed when the Verilog is written.
#[derive(LogicBlock)]
pub struct Crc32 {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// Begins anew.
    pub clear: Signal<In, Bit>,
    /// `data` counts.
    pub enable: Signal<In, Bit>,
    /// The word.
    pub data: Signal<In, Bits<64>>,
    /// The checksum, as zlib has it.
    pub checksum: Signal<Out, Bits<32>>,
    register: DFF<Bits<32>>,
    mask: [Constant<Bits<64>>; 32],
    place: [Constant<Bits<32>>; 32],
    sum: Signal<Local, Bits<64>>,
    picked: Signal<Local, Bits<64>>,
    result: Signal<Local, Bits<32>>,
}

/// The register after so many bits, starting from `register`, which they are already added to.
pub(super) const fn steps(mut register: u64, count: usize) -> u32 {
    let mut step = 0;
    while step < count {
        let low = register & 1;
        register >>= 1;
        if low == 1 {
            register ^= 0xedb8_8320;
        }
        step += 1;
    }
    register as u32
}

impl Default for Crc32 {
    fn default() -> Self {
        let mask = |bit: usize| {
            (0..64).fold(0_u64, |mask, input| {
                let set = steps(1 << input, 64) >> bit & 1;
                mask | u64::from(set) << input
            })
        };
        Self {
            clock: Signal::default(),
            clear: Signal::default(),
            enable: Signal::default(),
            data: Signal::default(),
            checksum: Signal::default(),
            register: DFF::default(),
            mask: std::array::from_fn(|bit| Constant::new(mask(bit).into())),
            place: std::array::from_fn(|bit| Constant::new((1_u64 << bit).into())),
            sum: Signal::default(),
            picked: Signal::default(),
            result: Signal::default(),
        }
    }
}

impl Logic for Crc32 {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, register);
        // The register holds the checksum itself; the CRC's own is its inverse.
        self.result.next = !self.register.q.val();
        self.sum.next = bit_cast::<64, 32>(self.result.val());
        self.sum.next = self.sum.val() ^ self.data.val();
        self.result.next = 0.into();
        for i in 0..32 {
            self.picked.next = self.sum.val() & self.mask[i].val();
            if self.picked.val().xor() {
                self.result.next = self.result.val() | self.place[i].val();
            }
        }
        if self.enable.val() {
            self.register.d.next = !self.result.val();
        }
        if self.clear.val() {
            self.register.d.next = 0.into();
        }
        self.checksum.next = self.register.q.val();
    }
}
