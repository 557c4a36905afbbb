//! The elements of a walk through card memory, in its order.

use super::walker::Walker;
use crate::stream::fifo::Fifo;
use rust_hdl::prelude::*;

/// Reads element after element, at best one a cycle, at any byte. A word that the element before has brought is not
/// read again.
///
/// Elements go through three steps: where it lies (address, place in the word, whether it reaches into the next
/// word); which of its words the one before has left; the request for the others. Behind them a queue holds what is
/// to be done with the answers, so as many reads are under way as it has room.
///
/// On `clear` a request that waits stays, and its answer and those to come are the owner's to take.
#[derive(LogicBlock, Default)]
pub struct Gather {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// Gives up.
    pub clear: Signal<In, Bit>,
    /// Begins.
    pub start: Signal<In, Bit>,
    /// See [`Walker`].
    pub address: Signal<In, Bits<48>>,
    /// See [`Walker`].
    pub row_stride: Signal<In, Bits<32>>,
    /// See [`Walker`].
    pub col_stride: Signal<In, Bits<32>>,
    /// See [`Walker`].
    pub rows: Signal<In, Bits<16>>,
    /// See [`Walker`].
    pub cols: Signal<In, Bits<16>>,
    /// Type of the elements.
    pub dtype: Signal<In, Bits<2>>,
    /// A read request.
    pub req_valid: Signal<Out, Bit>,
    /// It is taken.
    pub req_ready: Signal<In, Bit>,
    /// Its first byte.
    pub req_address: Signal<Out, Bits<48>>,
    /// Its words.
    pub req_words: Signal<Out, Bits<16>>,
    /// An answer.
    pub data: Signal<In, Bits<64>>,
    /// There is one.
    pub data_valid: Signal<In, Bit>,
    /// It is taken.
    pub data_ready: Signal<Out, Bit>,
    /// An element, in all places of a word.
    pub word: Signal<Out, Bits<64>>,
    /// There is one.
    pub valid: Signal<Out, Bit>,
    /// It is taken.
    pub ready: Signal<In, Bit>,
    walker: Walker,
    // First step.
    lo1: DFF<Bits<45>>,
    place1: DFF<Bits<3>>,
    crosses1: DFF<Bit>,
    valid1: DFF<Bit>,
    // Second step; the words stay until the next element is here.
    lo2: DFF<Bits<45>>,
    hi2: DFF<Bits<45>>,
    place2: DFF<Bits<3>>,
    crosses2: DFF<Bit>,
    valid2: DFF<Bit>,
    some2: DFF<Bit>,
    lo_is_held: DFF<Bit>,
    both_are_held: DFF<Bit>,
    // Third step.
    asks: DFF<Bit>,
    ask_word: DFF<Bits<45>>,
    ask_count: DFF<Bits<2>>,
    /// Of each element: its place, whether it crosses, words that come for it.
    plan: Fifo<6, 7, 8>,
    // Answers: the last two words, and an element to be cut out of them.
    older: DFF<Bits<64>>,
    newest: DFF<Bits<64>>,
    half: DFF<Bit>,
    place3: DFF<Bits<3>>,
    crosses3: DFF<Bit>,
    valid3: DFF<Bit>,
    out_word: DFF<Bits<64>>,
    out_valid: DFF<Bit>,

    go: Signal<Local, Bit>,
    crosses: Signal<Local, Bit>,
    place: Signal<Local, Bits<3>>,
    needs: Signal<Local, Bits<2>>,
    entry: Signal<Local, Bits<6>>,
    part: Signal<Local, Bits<6>>,
    lo_from: Signal<Local, Bits<45>>,
    moves: Signal<Local, Bit>,
    leaves3: Signal<Local, Bit>,
    wants: Signal<Local, Bits<2>>,
    has_words: Signal<Local, Bit>,
    takes_word: Signal<Local, Bit>,
    completes: Signal<Local, Bit>,
    window: Signal<Local, Bits<64>>,
    above: Signal<Local, Bits<64>>,
    shift: Signal<Local, Bits<6>>,
    shift_up: Signal<Local, Bits<6>>,
    cut: Signal<Local, Bits<64>>,
    cut_above: Signal<Local, Bits<64>>,
    spread: Signal<Local, Bits<64>>,
    octet: Signal<Local, Bits<64>>,
    half_word: Signal<Local, Bits<64>>,
    long: Signal<Local, Bits<64>>,
}

impl Logic for Gather {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, lo1, place1, crosses1, valid1, lo2, hi2, place2, crosses2, valid2, some2
        );
        dff_setup!(self, clock, lo_is_held, both_are_held, asks, ask_word, ask_count);
        dff_setup!(
            self, clock, older, newest, half, place3, crosses3, valid3, out_word, out_valid
        );
        clock!(self, clock, walker, plan);
        self.walker.clear.next = self.clear.val();
        self.walker.start.next = self.start.val();
        self.walker.address.next = self.address.val();
        self.walker.row_stride.next = self.row_stride.val();
        self.walker.col_stride.next = self.col_stride.val();
        self.walker.rows.next = self.rows.val();
        self.walker.cols.next = self.cols.val();
        self.plan.clear.next = self.clear.val() || self.start.val();

        // All three steps go on together.
        self.go.next = (!self.asks.q.val() || self.req_ready.val()) && !self.plan.full.val();
        self.walker.advance.next = self.go.val();
        self.place.next = self.walker.at.val().get_bits::<3>(0);
        self.crosses.next = false;
        if self.dtype.val() == bits::<2>(2) {
            self.crosses.next = self.place.val().all();
        }
        if self.dtype.val() == bits::<2>(3) {
            self.crosses.next = self.place.val().get_bit(2) && self.place.val().get_bits::<2>(0).any();
        }
        // Words that come: none, the element's only or second one, or both of two.
        self.lo_from.next = self.lo2.q.val();
        self.needs.next = 1.into();
        if self.crosses2.q.val() {
            self.needs.next = 2.into();
            if self.lo_is_held.q.val() {
                self.needs.next = 1.into();
                self.lo_from.next = self.hi2.q.val();
            }
            if self.both_are_held.q.val() {
                self.needs.next = 0.into();
            }
        } else {
            if self.lo_is_held.q.val() {
                self.needs.next = 0.into();
            }
        }
        if self.req_ready.val() {
            self.asks.d.next = false;
        }
        if self.go.val() {
            self.lo1.d.next = self.walker.at.val().get_bits::<45>(3);
            self.place1.d.next = self.place.val();
            self.crosses1.d.next = self.crosses.val();
            self.valid1.d.next = self.walker.valid.val();
            self.valid2.d.next = self.valid1.q.val();
            if self.valid1.q.val() {
                self.lo2.d.next = self.lo1.q.val();
                self.hi2.d.next = self.lo1.q.val();
                if self.crosses1.q.val() {
                    self.hi2.d.next = self.lo1.q.val() + 1;
                }
                self.place2.d.next = self.place1.q.val();
                self.crosses2.d.next = self.crosses1.q.val();
                self.some2.d.next = true;
                self.lo_is_held.d.next = self.some2.q.val() && (self.lo1.q.val() == self.hi2.q.val());
                self.both_are_held.d.next = self.some2.q.val()
                    && self.crosses1.q.val()
                    && self.crosses2.q.val()
                    && (self.lo1.q.val() == self.lo2.q.val());
            }
            self.asks.d.next = self.valid2.q.val() && self.needs.val().any();
            self.ask_word.d.next = self.lo_from.val();
            self.ask_count.d.next = self.needs.val();
        }
        self.entry.next = bit_cast::<6, 3>(self.place2.q.val());
        if self.crosses2.q.val() {
            self.entry.next = self.entry.val() | bits::<6>(8);
        }
        self.part.next = bit_cast::<6, 2>(self.needs.val());
        self.part.next = self.part.val() << 4;
        self.plan.data.next = self.entry.val() | self.part.val();
        self.plan.push.next = self.go.val() && self.valid2.q.val();
        self.req_valid.next = self.asks.q.val();
        self.req_address.next = bit_cast::<48, 45>(self.ask_word.q.val()) << 3;
        self.req_words.next = bit_cast::<16, 2>(self.ask_count.q.val());

        // Answers: the last word that an element waits for makes it complete.
        self.wants.next = self.plan.first.val().get_bits::<2>(4);
        self.leaves3.next = !self.out_valid.q.val() || self.ready.val();
        self.moves.next = self.plan.valid.val() && (!self.valid3.q.val() || self.leaves3.val());
        self.has_words.next = !self.wants.val().any();
        self.takes_word.next = self.moves.val() && !self.has_words.val() && self.data_valid.val();
        self.data_ready.next = self.moves.val() && !self.has_words.val();
        self.completes.next = self.moves.val() && self.has_words.val();
        if self.takes_word.val() {
            self.completes.next = self.wants.val().get_bit(0) || self.half.q.val();
            self.half.d.next = self.wants.val().get_bit(1) && !self.half.q.val();
        }
        self.plan.pop.next = self.completes.val();
        if self.leaves3.val() {
            self.valid3.d.next = false;
        }
        if self.takes_word.val() {
            self.older.d.next = self.newest.q.val();
            self.newest.d.next = self.data.val();
        }
        if self.completes.val() {
            self.valid3.d.next = true;
            self.place3.d.next = self.plan.first.val().get_bits::<3>(0);
            self.crosses3.d.next = self.plan.first.val().get_bit(3);
        }

        // Cut out, and into all places.
        self.window.next = self.newest.q.val();
        self.above.next = 0.into();
        if self.crosses3.q.val() {
            self.window.next = self.older.q.val();
            self.above.next = self.newest.q.val();
        }
        self.shift.next = bit_cast::<6, 3>(self.place3.q.val());
        self.shift.next = self.shift.val() << 3;
        self.cut.next = self.window.val() >> self.shift.val();
        // What crosses does not begin at 0, so this is not 64.
        self.shift_up.next = bits::<6>(0) - self.shift.val();
        self.cut_above.next = self.above.val() << self.shift_up.val();
        self.cut.next = self.cut.val() | self.cut_above.val();
        self.long.next = bit_cast::<64, 32>(self.cut.val().get_bits::<32>(0));
        self.half_word.next = bit_cast::<64, 16>(self.cut.val().get_bits::<16>(0));
        self.half_word.next = self.half_word.val() | (self.half_word.val() << 16);
        self.octet.next = bit_cast::<64, 8>(self.cut.val().get_bits::<8>(0));
        self.octet.next = self.octet.val() | (self.octet.val() << 8);
        self.octet.next = self.octet.val() | (self.octet.val() << 16);
        self.spread.next = self.octet.val();
        if self.dtype.val() == bits::<2>(2) {
            self.spread.next = self.half_word.val();
        }
        if self.dtype.val() == bits::<2>(3) {
            self.spread.next = self.long.val();
        }
        if self.ready.val() {
            self.out_valid.d.next = false;
        }
        if self.leaves3.val() && self.valid3.q.val() {
            self.out_valid.d.next = true;
            self.out_word.d.next = self.spread.val() | (self.spread.val() << 32);
        }
        self.word.next = self.out_word.q.val();
        self.valid.next = self.out_valid.q.val();

        if self.start.val() || self.clear.val() {
            self.valid1.d.next = false;
            self.valid2.d.next = false;
            self.some2.d.next = false;
            self.half.d.next = false;
            self.valid3.d.next = false;
            self.out_valid.d.next = false;
        }
    }
}
