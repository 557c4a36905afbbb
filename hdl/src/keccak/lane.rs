//! A Keccak core with a queue of beats before it.

use super::core::Core;
use crate::stream::{fifo::Fifo, unpacker::Unpacker};
use rust_hdl::prelude::*;

/// Takes beats of W bits as fast as they come, and gives their words to a core. D is W + 7: what is queued of a beat
/// is its data, its bytes that count, and whether it ends its message.
///
/// The queue holds 512 beats, what a block RAM of common parts has at its widest, so that a long message does not
/// keep the stream from the other cores.
#[derive(LogicBlock)]
pub struct Lane<const W: usize, const D: usize> {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// Forgets everything.
    pub clear: Signal<In, Bit>,
    /// A beat of a message.
    pub in_data: Signal<In, Bits<W>>,
    /// Its bytes that count.
    pub in_bytes: Signal<In, Bits<6>>,
    /// It is the message's last.
    pub in_end: Signal<In, Bit>,
    /// There is a beat.
    pub in_valid: Signal<In, Bit>,
    /// It is taken.
    pub in_ready: Signal<Out, Bit>,
    /// A word of a digest.
    pub out_data: Signal<Out, Bits<64>>,
    /// It is the digest's last.
    pub out_last: Signal<Out, Bit>,
    /// There is a word.
    pub out_valid: Signal<Out, Bit>,
    /// It is taken.
    pub out_ready: Signal<In, Bit>,
    /// The core permutes.
    pub busy: Signal<Out, Bit>,
    /// A word waits for it.
    pub has_word: Signal<Out, Bit>,
    /// How much work it has: beats that wait, and one for what the core is at.
    pub load: Signal<Out, Bits<10>>,
    beats: Fifo<D, 9, 10>,
    words: Unpacker<W>,
    core: Core,
    entry: Signal<Local, Bits<D>>,
    bytes: Signal<Local, Bits<D>>,
    end_part: Signal<Local, Bits<D>>,
    above_data: Constant<Bits<9>>,
    above_bytes: Constant<Bits<9>>,
    end_flag: Constant<Bits<D>>,
    no_entry: Constant<Bits<D>>,
    no_kind: Constant<Bits<2>>,
}

impl<const W: usize, const D: usize> Lane<W, D> {
    /// One whose core executes so many rounds a cycle.
    pub fn new(rounds_per_cycle: usize) -> Self {
        assert_eq!(D, W + 7, "an entry holds a beat's data, bytes and end");
        Self {
            clock: Signal::default(),
            clear: Signal::default(),
            in_data: Signal::default(),
            in_bytes: Signal::default(),
            in_end: Signal::default(),
            in_valid: Signal::default(),
            in_ready: Signal::default(),
            out_data: Signal::default(),
            out_last: Signal::default(),
            out_valid: Signal::default(),
            out_ready: Signal::default(),
            busy: Signal::default(),
            has_word: Signal::default(),
            load: Signal::default(),
            beats: Fifo::default(),
            words: Unpacker::default(),
            core: Core::new(rounds_per_cycle),
            entry: Signal::default(),
            bytes: Signal::default(),
            end_part: Signal::default(),
            above_data: Constant::new((W as u64).into()),
            above_bytes: Constant::new((W as u64 + 6).into()),
            end_flag: Constant::new(Bits::<D>::default().replace_bit(W + 6, true)),
            no_entry: Constant::new(Bits::<D>::default()),
            no_kind: Constant::new(0_u64.into()),
        }
    }
}

impl<const W: usize, const D: usize> Logic for Lane<W, D> {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(self, clock, beats, words, core);
        self.beats.clear.next = self.clear.val();
        self.words.clear.next = self.clear.val();
        self.core.clear.next = self.clear.val();
        self.bytes.next = bit_cast::<D, 6>(self.in_bytes.val());
        self.bytes.next = self.bytes.val() << self.above_data.val();
        self.end_part.next = self.no_entry.val();
        if self.in_end.val() {
            self.end_part.next = self.end_flag.val();
        }
        self.entry.next = bit_cast::<D, W>(self.in_data.val());
        self.beats.data.next = self.entry.val() | self.bytes.val() | self.end_part.val();
        self.beats.push.next = self.in_valid.val();
        self.in_ready.next = !self.beats.full.val();

        self.words.in_data.next = self.beats.first.val().get_bits::<W>(0);
        self.words.in_bytes.next = self
            .beats
            .first
            .val()
            .get_bits::<6>(self.above_data.val().index());
        self.words.in_end.next = self.beats.first.val().get_bit(self.above_bytes.val().index());
        self.words.in_kind.next = self.no_kind.val();
        self.words.in_error.next = false;
        self.words.in_valid.next = self.beats.valid.val();
        self.beats.pop.next = self.words.in_ready.val();

        self.core.in_data.next = self.words.out_data.val();
        self.core.in_bytes.next = self.words.out_bytes.val();
        self.core.in_last.next = self.words.out_end.val();
        self.core.in_valid.next = self.words.out_valid.val();
        self.words.out_ready.next = self.core.in_ready.val();
        self.out_data.next = self.core.out_data.val();
        self.out_last.next = self.core.out_last.val();
        self.out_valid.next = self.core.out_valid.val();
        self.core.out_ready.next = self.out_ready.val();

        self.busy.next = self.core.busy.val();
        self.has_word.next = self.words.out_valid.val();
        self.load.next = self.beats.fill.val();
        if self.words.out_valid.val() || self.core.busy.val() {
            self.load.next = self.beats.fill.val() + 1;
        }
    }
}
