//! Outputs, from card memory to host memory.

use super::crc32_bytes::Crc32Bytes;
use crate::stream::slice::Slice;
use rust_hdl::prelude::*;

/// Reads an item's output and hands its bytes on behind those of the item before, as whole words, with their CRC-32. What
/// is left of a word when all items are out is filled up with zeroes.
///
/// States: 0 waits, 1 moves an item, 2 is done with it; 3 hands over the last word, 4 adds its bytes to the checksum, 5 is
/// done with all.
#[derive(LogicBlock)]
pub struct StageOut {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// Forgets everything: a job begins.
    pub clear: Signal<In, Bit>,
    /// Takes the ports below and begins with an item.
    pub start: Signal<In, Bit>,
    /// Its first byte, a multiple of 8.
    pub from: Signal<In, Bits<48>>,
    /// Its bytes.
    pub bytes: Signal<In, Bits<32>>,
    /// All items are out.
    pub finish: Signal<In, Bit>,
    /// Done with the item, or with all.
    pub done: Signal<Out, Bit>,
    /// Hands nothing on any more; what comes is thrown away.
    pub stop: Signal<In, Bit>,
    /// No word is on its way.
    pub idle: Signal<Out, Bit>,
    /// The CRC-32 of what was handed on.
    pub checksum: Signal<Out, Bits<32>>,
    /// Card memory: the first byte to read.
    pub rd_address: Signal<Out, Bits<48>>,
    /// Words.
    pub rd_words: Signal<Out, Bits<16>>,
    /// There is a request.
    pub rd_valid: Signal<Out, Bit>,
    /// It is taken.
    pub rd_ready: Signal<In, Bit>,
    /// A word.
    pub rd_data: Signal<In, Bits<64>>,
    /// There is one.
    pub rd_data_valid: Signal<In, Bit>,
    /// It is taken.
    pub rd_data_ready: Signal<Out, Bit>,
    /// A word for the host.
    pub write_push: Signal<Out, Bit>,
    /// The word.
    pub write_data: Signal<Out, Bits<64>>,
    /// It is taken.
    pub write_ready: Signal<In, Bit>,
    crc: Crc32Bytes,
    /// Between memory and here, and between here and the host.
    answers: Slice<64>,
    whole: Slice<64>,
    state: DFF<Bits<3>>,
    /// Words to ask for, and the next of them.
    to_ask: DFF<Bits<30>>,
    ask_at: DFF<Bits<48>>,
    /// Words to come of those that were asked for.
    owed: DFF<Bits<8>>,
    /// Words of the item to hand on, the bytes of the last one, and whether the next one is that.
    left: DFF<Bits<30>>,
    last_bytes: DFF<Bits<4>>,
    at_last: DFF<Bit>,
    /// A word, its bytes that count, and whether it is the last one.
    holds: DFF<Bit>,
    word: DFF<Bits<64>>,
    word_bytes: DFF<Bits<4>>,
    is_last: DFF<Bit>,
    /// Bytes of a word that is not whole yet.
    carry: DFF<Bits<64>>,
    fill: DFF<Bits<4>>,
    /// A word for the checksum.
    crc_word: DFF<Bit>,
    crc_data: DFF<Bits<64>>,
    padded: Signal<Local, Bits<33>>,
    piece: Signal<Local, Bits<8>>,
    asks: Signal<Local, Bit>,
    of_word: Signal<Local, Bits<4>>,
    total: Signal<Local, Bits<5>>,
    unused: Signal<Local, Bits<7>>,
    mask: Signal<Local, Bits<64>>,
    masked: Signal<Local, Bits<64>>,
    up: Signal<Local, Bits<7>>,
    joined: Signal<Local, Bits<128>>,
    words: Signal<Local, Bits<30>>,
    comes: Signal<Local, Bit>,
    is_whole: Signal<Local, Bit>,
    all_out: Signal<Local, Bit>,
    takes: Signal<Local, Bit>,
    pushes: Signal<Local, Bit>,
    owed_n: Signal<Local, Bits<8>>,
    seven: Constant<Bits<33>>,
    piece_words: Constant<Bits<8>>,
    ones: Constant<Bits<64>>,
}

impl Default for StageOut {
    fn default() -> Self {
        Self {
            clock: Signal::default(),
            clear: Signal::default(),
            start: Signal::default(),
            from: Signal::default(),
            bytes: Signal::default(),
            finish: Signal::default(),
            done: Signal::default(),
            stop: Signal::default(),
            idle: Signal::default(),
            checksum: Signal::default(),
            rd_address: Signal::default(),
            rd_words: Signal::default(),
            rd_valid: Signal::default(),
            rd_ready: Signal::default(),
            rd_data: Signal::default(),
            rd_data_valid: Signal::default(),
            rd_data_ready: Signal::default(),
            write_push: Signal::default(),
            write_data: Signal::default(),
            write_ready: Signal::default(),
            crc: Crc32Bytes::default(),
            answers: Slice::default(),
            whole: Slice::default(),
            state: DFF::default(),
            to_ask: DFF::default(),
            ask_at: DFF::default(),
            owed: DFF::default(),
            left: DFF::default(),
            last_bytes: DFF::default(),
            at_last: DFF::default(),
            holds: DFF::default(),
            word: DFF::default(),
            word_bytes: DFF::default(),
            is_last: DFF::default(),
            carry: DFF::default(),
            fill: DFF::default(),
            crc_word: DFF::default(),
            crc_data: DFF::default(),
            padded: Signal::default(),
            piece: Signal::default(),
            asks: Signal::default(),
            of_word: Signal::default(),
            total: Signal::default(),
            unused: Signal::default(),
            mask: Signal::default(),
            masked: Signal::default(),
            up: Signal::default(),
            joined: Signal::default(),
            words: Signal::default(),
            comes: Signal::default(),
            is_whole: Signal::default(),
            all_out: Signal::default(),
            takes: Signal::default(),
            pushes: Signal::default(),
            owed_n: Signal::default(),
            seven: Constant::new(7_u64.into()),
            piece_words: Constant::new(64_u64.into()),
            ones: Constant::new(u64::MAX.into()),
        }
    }
}

impl Logic for StageOut {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, state, to_ask, ask_at, owed, left, last_bytes, at_last, holds, word, word_bytes,
            is_last, carry, fill, crc_word, crc_data
        );
        clock!(self, clock, crc, answers, whole);
        self.answers.clear.next = false;
        self.answers.in_data.next = self.rd_data.val();
        self.answers.in_valid.next = self.rd_data_valid.val();
        self.rd_data_ready.next = self.answers.in_ready.val();
        self.checksum.next = self.crc.checksum.val();
        self.all_out.next = (self.state.q.val() == 5) && !self.whole.out_valid.val();
        self.done.next = (self.state.q.val() == 2) || self.all_out.val();
        self.idle.next = self.owed.q.val() == 0;
        self.padded.next = bit_cast::<33, 32>(self.bytes.val());
        self.padded.next = self.padded.val() + self.seven.val();
        self.words.next = self.padded.val().get_bits::<30>(3);

        // Requests of 64 words at most, the next one when the words of the last have come.
        self.piece.next = self.piece_words.val();
        if !self.to_ask.q.val().get_bits::<24>(6).any() {
            self.piece.next = bit_cast::<8, 6>(self.to_ask.q.val().get_bits::<6>(0));
        }
        self.rd_address.next = self.ask_at.q.val();
        self.rd_words.next = bit_cast::<16, 8>(self.piece.val());
        self.asks.next = (self.owed.q.val() == 0) && self.to_ask.q.val().any();
        self.rd_valid.next = self.asks.val();
        self.owed_n.next = self.owed.q.val();
        if self.asks.val() && self.rd_ready.val() {
            self.owed_n.next = self.piece.val();
            self.to_ask.d.next = self.to_ask.q.val() - bit_cast::<30, 8>(self.piece.val());
            self.ask_at.d.next = self.ask_at.q.val() + 512;
        }

        // The bytes of a word that count.
        self.of_word.next = 8.into();
        if self.at_last.q.val() {
            self.of_word.next = self.last_bytes.q.val();
        }
        self.unused.next = bit_cast::<7, 4>(self.of_word.val()) << 3;
        self.unused.next = bits::<7>(64) - self.unused.val();
        self.mask.next = self.ones.val() >> self.unused.val();
        self.masked.next = self.answers.out_data.val() & self.mask.val();

        // They come behind those that are left.
        self.up.next = bit_cast::<7, 4>(self.fill.q.val()) << 3;
        self.joined.next = bit_cast::<128, 64>(self.word.q.val());
        self.joined.next = self.joined.val() << self.up.val();
        self.joined.next = self.joined.val() | bit_cast::<128, 64>(self.carry.q.val());
        self.total.next = bit_cast::<5, 4>(self.fill.q.val()) + bit_cast::<5, 4>(self.word_bytes.q.val());
        self.is_whole.next = self.total.val().get_bit(3);
        self.takes.next = self.holds.q.val() && (!self.is_whole.val() || self.whole.in_ready.val());
        self.pushes.next = self.holds.q.val() && self.is_whole.val();
        self.comes.next = (self.state.q.val() == 1)
            && self.left.q.val().any()
            && self.answers.out_valid.val()
            && (!self.holds.q.val() || self.takes.val());
        self.answers.out_ready.next = self.comes.val() || self.stop.val();
        self.whole.in_data.next = self.joined.val().get_bits::<64>(0);
        self.crc_data.d.next = self.joined.val().get_bits::<64>(0);
        self.crc.data.next = self.crc_data.q.val();
        self.crc.clear.next = self.clear.val();
        self.crc.octet.next = false;
        if self.takes.val() {
            self.holds.d.next = false;
            self.fill.d.next = bit_cast::<4, 3>(self.total.val().get_bits::<3>(0));
            self.carry.d.next = self.joined.val().get_bits::<64>(0);
            if self.is_whole.val() {
                self.carry.d.next = self.joined.val().get_bits::<64>(64);
            }
            if self.is_last.q.val() {
                self.state.d.next = 2.into();
            }
        }
        if self.comes.val() {
            self.holds.d.next = true;
            self.word.d.next = self.masked.val();
            self.word_bytes.d.next = self.of_word.val();
            self.is_last.d.next = self.at_last.q.val();
            self.left.d.next = self.left.q.val() - 1;
            self.at_last.d.next = self.left.q.val() == 2;
        }
        if self.answers.out_valid.val() && (self.comes.val() || self.stop.val()) {
            self.owed_n.next = self.owed_n.val() - 1;
        }
        self.owed.d.next = self.owed_n.val();
        self.crc_word.d.next = self.takes.val() && self.is_whole.val();
        self.crc.word.next = self.crc_word.q.val();

        if (self.state.q.val() == 2) || self.all_out.val() {
            self.state.d.next = 0.into();
        }
        if self.start.val() {
            self.state.d.next = 1.into();
            self.to_ask.d.next = self.words.val();
            self.left.d.next = self.words.val();
            self.at_last.d.next = self.words.val() == 1;
            self.ask_at.d.next = self.from.val();
            self.last_bytes.d.next = bit_cast::<4, 3>(self.padded.val().get_bits::<3>(0)) + 1;
            if !self.bytes.val().any() {
                self.state.d.next = 2.into();
            }
        }
        if self.finish.val() {
            self.state.d.next = 5.into();
            if self.fill.q.val().any() {
                self.state.d.next = 3.into();
            }
        }
        if self.state.q.val() == 3 {
            self.pushes.next = true;
            self.whole.in_data.next = self.carry.q.val();
            if self.whole.in_ready.val() {
                self.state.d.next = 4.into();
            }
        }
        if self.state.q.val() == 4 {
            self.crc.octet.next = true;
            self.crc.data.next = self.carry.q.val();
            self.carry.d.next = self.carry.q.val() >> 8;
            self.fill.d.next = self.fill.q.val() - 1;
            if self.fill.q.val() == 1 {
                self.state.d.next = 5.into();
            }
        }
        self.whole.in_valid.next = self.pushes.val();
        self.whole.clear.next = self.stop.val();
        self.whole.out_ready.next = self.write_ready.val();
        self.write_push.next = self.whole.out_valid.val() && !self.stop.val();
        self.write_data.next = self.whole.out_data.val();
        if self.clear.val() {
            self.fill.d.next = 0.into();
            self.carry.d.next = 0.into();
        }
        if self.stop.val() {
            self.state.d.next = 0.into();
            self.to_ask.d.next = 0.into();
            self.holds.d.next = false;
        }
    }
}
