//! An item's input, from host memory to card memory.

use crate::stream::slice::Slice;
use rust_hdl::prelude::*;

/// Reads whole words and moves their bytes down, as an item may begin at any byte: a word of card memory has bytes of two
/// words of host memory.
///
/// States: 0 waits, 1 asks, 2 takes words, 3 puts down what the last one has left, 4 is done when the
/// memory has taken all.
#[derive(LogicBlock)]
pub struct StageIn {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// Forgets the item.
    pub clear: Signal<In, Bit>,
    /// Takes the ports below and begins.
    pub start: Signal<In, Bit>,
    /// The item's first byte in host memory.
    pub from: Signal<In, Bits<64>>,
    /// Where it goes, a multiple of 8.
    pub to: Signal<In, Bits<48>>,
    /// Its bytes.
    pub bytes: Signal<In, Bits<32>>,
    /// All words were taken by the memory.
    pub done: Signal<Out, Bit>,
    /// A word could not be read.
    pub failed: Signal<Out, Bit>,
    /// A command for the fetcher.
    pub cmd_valid: Signal<Out, Bit>,
    /// It is taken.
    pub cmd_ready: Signal<In, Bit>,
    /// Its address.
    pub cmd_address: Signal<Out, Bits<64>>,
    /// Its bytes.
    pub cmd_length: Signal<Out, Bits<49>>,
    /// A word is there.
    pub in_valid: Signal<In, Bit>,
    /// It is taken.
    pub in_ready: Signal<Out, Bit>,
    /// The word.
    pub in_data: Signal<In, Bits<64>>,
    /// The last one.
    pub in_end: Signal<In, Bit>,
    /// It cannot be read.
    pub in_error: Signal<In, Bit>,
    /// Card memory: where.
    pub wr_address: Signal<Out, Bits<48>>,
    /// What.
    pub wr_data: Signal<Out, Bits<64>>,
    /// A word waits.
    pub wr_valid: Signal<Out, Bit>,
    /// It is taken.
    pub wr_ready: Signal<In, Bit>,
    /// Words for card memory, and above them where: moving bytes takes a cycle.
    moved: Slice<112>,
    state: DFF<Bits<3>>,
    address: DFF<Bits<64>>,
    length: DFF<Bits<33>>,
    at: DFF<Bits<48>>,
    /// Words that are still to be put down.
    left: DFF<Bits<30>>,
    some_left: DFF<Bit>,
    /// The state is 2.
    takes: DFF<Bit>,
    /// The word before, and whether there is one.
    before_word: DFF<Bits<64>>,
    held: DFF<Bit>,
    down: DFF<Bits<7>>,
    padded: Signal<Local, Bits<33>>,
    both: Signal<Local, Bits<128>>,
    above: Signal<Local, Bits<128>>,
    puts: Signal<Local, Bit>,
    is_out: Signal<Local, Bit>,
    place: Signal<Local, Bits<112>>,
    seven: Constant<Bits<33>>,
}

impl Default for StageIn {
    fn default() -> Self {
        Self {
            clock: Signal::default(),
            clear: Signal::default(),
            start: Signal::default(),
            from: Signal::default(),
            to: Signal::default(),
            bytes: Signal::default(),
            done: Signal::default(),
            failed: Signal::default(),
            cmd_valid: Signal::default(),
            cmd_ready: Signal::default(),
            cmd_address: Signal::default(),
            cmd_length: Signal::default(),
            in_valid: Signal::default(),
            in_ready: Signal::default(),
            in_data: Signal::default(),
            in_end: Signal::default(),
            in_error: Signal::default(),
            wr_address: Signal::default(),
            wr_data: Signal::default(),
            wr_valid: Signal::default(),
            wr_ready: Signal::default(),
            moved: Slice::default(),
            state: DFF::default(),
            address: DFF::default(),
            length: DFF::default(),
            at: DFF::default(),
            left: DFF::default(),
            some_left: DFF::default(),
            takes: DFF::default(),
            before_word: DFF::default(),
            held: DFF::default(),
            down: DFF::default(),
            padded: Signal::default(),
            both: Signal::default(),
            above: Signal::default(),
            puts: Signal::default(),
            is_out: Signal::default(),
            place: Signal::default(),
            seven: Constant::new(7_u64.into()),
        }
    }
}

impl Logic for StageIn {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            state,
            address,
            length,
            at,
            left,
            some_left,
            takes,
            before_word,
            held,
            down
        );
        clock!(self, clock, moved);
        self.is_out.next = (self.state.q.val() == 4) && !self.moved.out_valid.val();
        self.done.next = self.is_out.val();
        self.failed.next = false;
        self.padded.next = bit_cast::<33, 32>(self.bytes.val());
        self.padded.next = self.padded.val() + self.seven.val();
        self.cmd_valid.next = self.state.q.val() == 1;
        self.cmd_address.next = self.address.q.val();
        self.cmd_length.next = bit_cast::<49, 33>(self.length.q.val());

        // Two words, moved down by the bytes that are not the item's.
        self.both.next = bit_cast::<128, 64>(self.before_word.q.val());
        self.above.next = bit_cast::<128, 64>(self.in_data.val());
        self.above.next = self.above.val() << 64;
        if self.state.q.val() == 2 {
            self.both.next = self.both.val() | self.above.val();
        }
        self.both.next = self.both.val() >> self.down.q.val();
        self.place.next = bit_cast::<112, 48>(self.at.q.val());
        self.place.next = self.place.val() << 64;
        self.moved.in_data.next = self.place.val() | bit_cast::<112, 64>(self.both.val().get_bits::<64>(0));
        self.moved.clear.next = self.clear.val();
        self.moved.out_ready.next = self.wr_ready.val();
        self.wr_valid.next = self.moved.out_valid.val();
        self.wr_data.next = self.moved.out_data.val().get_bits::<64>(0);
        self.wr_address.next = self.moved.out_data.val().get_bits::<48>(64);

        self.puts.next = false;
        self.in_ready.next = self.takes.q.val() && !self.in_error.val() && self.moved.in_ready.val();
        if self.is_out.val() {
            self.state.d.next = 0.into();
        }
        if self.start.val() {
            self.state.d.next = 1.into();
            self.address.d.next = bit_cast::<64, 61>(self.from.val().get_bits::<61>(3)) << 3;
            self.length.d.next =
                bit_cast::<33, 32>(self.bytes.val()) + bit_cast::<33, 3>(self.from.val().get_bits::<3>(0));
            self.down.d.next = bit_cast::<7, 3>(self.from.val().get_bits::<3>(0)) << 3;
            self.at.d.next = self.to.val();
            self.left.d.next = self.padded.val().get_bits::<30>(3);
            self.some_left.d.next = self.bytes.val().any();
            self.held.d.next = false;
            if !self.bytes.val().any() {
                self.state.d.next = 4.into();
            }
        }
        if (self.state.q.val() == 1) && self.cmd_ready.val() {
            self.state.d.next = 2.into();
            self.takes.d.next = true;
        }
        if self.takes.q.val() && self.in_valid.val() {
            if self.in_error.val() {
                self.failed.next = true;
            } else {
                self.puts.next = self.held.q.val() && self.some_left.q.val();
                if self.moved.in_ready.val() {
                    self.before_word.d.next = self.in_data.val();
                    self.held.d.next = true;
                    if self.in_end.val() {
                        self.state.d.next = 3.into();
                        self.takes.d.next = false;
                    }
                }
            }
        }
        if self.state.q.val() == 3 {
            self.puts.next = self.some_left.q.val();
            if !self.some_left.q.val() || self.moved.in_ready.val() {
                self.state.d.next = 4.into();
            }
        }
        self.moved.in_valid.next = self.puts.val();
        if self.puts.val() && self.moved.in_ready.val() {
            self.at.d.next = self.at.q.val() + 8;
            self.left.d.next = self.left.q.val() - 1;
            self.some_left.d.next = self.left.q.val() != 1;
        }
        if self.clear.val() {
            self.state.d.next = 0.into();
            self.takes.d.next = false;
        }
    }
}
