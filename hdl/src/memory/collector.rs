//! From words to bursts.

use rust_hdl::prelude::*;

/// Holds the last word back until it is known whether the next one belongs to the same burst: it does if it follows, is
/// of the same user, and lies in the same 128 bytes. So a burst has at most 16 words, and none crosses 4 KiB.
///
/// Bytes of the word that is held are put into it: a STORE of bytes writes each element by itself.
///
/// A burst ends when the next word does not belong to it, and when none has come for four cycles: who waits until its
/// words can be read sends none.
#[derive(LogicBlock)]
pub struct Collector {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// The byte to write at, a multiple of 8.
    pub wr_address: Signal<In, Bits<48>>,
    /// The word.
    pub wr_data: Signal<In, Bits<64>>,
    /// Its bytes that are written.
    pub wr_strobe: Signal<In, Bits<8>>,
    /// It is the engine's, not of the host's side.
    pub wr_engine: Signal<In, Bit>,
    /// There is a word.
    pub wr_valid: Signal<In, Bit>,
    /// It is taken.
    pub wr_ready: Signal<Out, Bit>,
    /// A word can leave.
    pub room: Signal<In, Bit>,
    /// A word is held: this one.
    pub held: Signal<Out, Bit>,
    /// Its bytes.
    pub data: Signal<Out, Bits<64>>,
    /// Those that are written.
    pub strobe: Signal<Out, Bits<8>>,
    /// It is the engine's.
    pub engine: Signal<Out, Bit>,
    /// It leaves.
    pub leaves: Signal<Out, Bit>,
    /// With it the burst ends.
    pub is_last: Signal<Out, Bit>,
    /// Where the burst begins, in words.
    pub first: Signal<Out, Bits<45>>,
    /// Words of the burst before this one.
    pub length: Signal<Out, Bits<4>>,
    has: DFF<Bit>,
    place: DFF<Bits<45>>,
    place_after: DFF<Bits<45>>,
    start: DFF<Bits<45>>,
    word: DFF<Bits<64>>,
    lanes: DFF<Bits<8>>,
    user: DFF<Bit>,
    waited: DFF<Bits<3>>,
    at: Signal<Local, Bits<45>>,
    takes: Signal<Local, Bit>,
    is_near: Signal<Local, Bit>,
    joins: Signal<Local, Bit>,
    follows: Signal<Local, Bit>,
    rests: Signal<Local, Bit>,
    octet: Signal<Local, Bits<8>>,
    spread: Signal<Local, Bits<64>>,
    merged: Signal<Local, Bits<64>>,
    patience: Constant<Bits<3>>,
}

impl Default for Collector {
    fn default() -> Self {
        Self {
            clock: Signal::default(),
            wr_address: Signal::default(),
            wr_data: Signal::default(),
            wr_strobe: Signal::default(),
            wr_engine: Signal::default(),
            wr_valid: Signal::default(),
            wr_ready: Signal::default(),
            room: Signal::default(),
            held: Signal::default(),
            data: Signal::default(),
            strobe: Signal::default(),
            engine: Signal::default(),
            leaves: Signal::default(),
            is_last: Signal::default(),
            first: Signal::default(),
            length: Signal::default(),
            has: DFF::default(),
            place: DFF::default(),
            place_after: DFF::default(),
            start: DFF::default(),
            word: DFF::default(),
            lanes: DFF::default(),
            user: DFF::default(),
            waited: DFF::default(),
            at: Signal::default(),
            takes: Signal::default(),
            is_near: Signal::default(),
            joins: Signal::default(),
            follows: Signal::default(),
            rests: Signal::default(),
            octet: Signal::default(),
            spread: Signal::default(),
            merged: Signal::default(),
            patience: Constant::new(4_u64.into()),
        }
    }
}

impl Logic for Collector {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            has,
            place,
            place_after,
            start,
            word,
            lanes,
            user,
            waited
        );
        self.held.next = self.has.q.val();
        self.data.next = self.word.q.val();
        self.strobe.next = self.lanes.q.val();
        self.engine.next = self.user.q.val();
        self.first.next = self.start.q.val();
        self.length.next = self.place.q.val().get_bits::<4>(0) - self.start.q.val().get_bits::<4>(0);

        self.at.next = self.wr_address.val().get_bits::<45>(3);
        self.wr_ready.next = self.room.val();
        self.takes.next = self.room.val() && self.wr_valid.val();
        self.is_near.next =
            self.takes.val() && self.has.q.val() && (self.wr_engine.val() == self.user.q.val());
        self.joins.next = self.is_near.val() && (self.at.val() == self.place.q.val());
        self.follows.next = self.is_near.val()
            && (self.at.val() == self.place_after.q.val())
            && !self.place.q.val().get_bits::<4>(0).all();
        self.rests.next =
            self.room.val() && !self.wr_valid.val() && (self.waited.q.val() == self.patience.val());
        self.leaves.next = self.has.q.val() && ((self.takes.val() && !self.joins.val()) || self.rests.val());
        self.is_last.next = !self.follows.val();

        // Bytes that come take the place of those that are there.
        self.spread.next = 0.into();
        for i in 0..8 {
            self.spread.next = self.spread.val() << 8;
            self.octet.next = 0.into();
            if self.wr_strobe.val().get_bit(7 - i) {
                self.octet.next = 255.into();
            }
            self.spread.next = self.spread.val() | bit_cast::<64, 8>(self.octet.val());
        }
        self.merged.next = self.wr_data.val() & self.spread.val();
        self.spread.next = !self.spread.val();
        self.merged.next = self.merged.val() | (self.word.q.val() & self.spread.val());

        if self.leaves.val() {
            self.has.d.next = false;
        }
        if self.takes.val() {
            self.has.d.next = true;
            self.word.d.next = self.wr_data.val();
            self.lanes.d.next = self.wr_strobe.val();
            self.user.d.next = self.wr_engine.val();
            self.place.d.next = self.at.val();
            self.place_after.d.next = self.at.val() + 1;
            if self.joins.val() {
                self.word.d.next = self.merged.val();
                self.lanes.d.next = self.lanes.q.val() | self.wr_strobe.val();
            } else if !self.follows.val() {
                self.start.d.next = self.at.val();
            }
        }
        if self.takes.val() || !self.has.q.val() {
            self.waited.d.next = 0.into();
        } else if self.waited.q.val() != self.patience.val() {
            self.waited.d.next = self.waited.q.val() + 1;
        }
    }
}
