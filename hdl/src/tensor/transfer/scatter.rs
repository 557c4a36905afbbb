//! The elements of a walk into card memory, in its order.

use super::cursor::Cursor;
use super::deposit::many;
use super::walker::Walker;
use rust_hdl::prelude::*;

/// Writes lanes of ACC one after the other, at any byte.
///
/// A row of a tile is read once: two cycles, then an element a cycle. One that reaches into the next word takes two
/// writes. On `clear` a write that waits stays.
#[derive(LogicBlock)]
pub struct Scatter {
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
    /// See [`Cursor`].
    pub first_tile: Signal<In, Bits<16>>,
    /// See [`Cursor`].
    pub pitch: Signal<In, Bits<16>>,
    /// See [`Cursor`].
    pub row: Signal<In, Bits<16>>,
    /// See [`Cursor`].
    pub col: Signal<In, Bits<16>>,
    /// See [`Cursor`].
    pub rows: Signal<In, Bits<16>>,
    /// See [`Cursor`].
    pub cols: Signal<In, Bits<16>>,
    /// See [`Cursor`].
    pub height_log2: Signal<In, Bits<4>>,
    /// See [`Cursor`].
    pub width_log2: Signal<In, Bits<4>>,
    /// Type of the elements in memory.
    pub dtype: Signal<In, Bits<2>>,
    /// A row of a tile is wanted.
    pub acc_valid: Signal<Out, Bit>,
    /// It is read: the answer is there in the next cycle.
    pub acc_ready: Signal<In, Bit>,
    /// tile·R + row.
    pub acc_address: Signal<Out, Bits<24>>,
    /// The answer.
    pub acc_data: Vec<Signal<In, Bits<32>>>,
    /// A write.
    pub w_valid: Signal<Out, Bit>,
    /// It is taken.
    pub w_ready: Signal<In, Bit>,
    /// First byte of the word.
    pub w_address: Signal<Out, Bits<48>>,
    /// The word.
    pub w_data: Signal<Out, Bits<64>>,
    /// Its bytes that are written.
    pub w_strobe: Signal<Out, Bits<8>>,
    /// Nothing is left to do.
    pub empty: Signal<Out, Bit>,
    walker: Walker,
    cursor: Cursor,
    // A row: asked for, on its way, here.
    arrives: DFF<Bit>,
    is_here: DFF<Bit>,
    lanes: Vec<DFF<Bits<32>>>,
    // An element: its value; then spread over two words.
    value: DFF<Bits<32>>,
    place: DFF<Bits<48>>,
    valid1: DFF<Bit>,
    low: DFF<Bits<64>>,
    high: DFF<Bits<32>>,
    strobe: DFF<Bits<12>>,
    word: DFF<Bits<45>>,
    word_after: DFF<Bits<45>>,
    valid2: DFF<Bit>,
    second: DFF<Bit>,
    /// A write into the next word is still to follow.
    more: DFF<Bit>,

    wants: Signal<Local, Bit>,
    moves: Signal<Local, Bit>,
    room1: Signal<Local, Bit>,
    room2: Signal<Local, Bit>,
    strobes: Signal<Local, Bits<12>>,
    tile_rows: Signal<Local, Bits<24>>,
    chosen: Signal<Local, Bits<32>>,
    kept: Signal<Local, Bits<64>>,
    shift: Signal<Local, Bits<6>>,
    shift_down: Signal<Local, Bits<6>>,
    bytes: Signal<Local, Bits<12>>,
    above: Signal<Local, Bits<64>>,
}

impl Scatter {
    /// With so many columns.
    pub fn new(cols: usize) -> Self {
        Self {
            clock: Signal::default(),
            clear: Signal::default(),
            start: Signal::default(),
            address: Signal::default(),
            row_stride: Signal::default(),
            col_stride: Signal::default(),
            first_tile: Signal::default(),
            pitch: Signal::default(),
            row: Signal::default(),
            col: Signal::default(),
            rows: Signal::default(),
            cols: Signal::default(),
            height_log2: Signal::default(),
            width_log2: Signal::default(),
            dtype: Signal::default(),
            acc_valid: Signal::default(),
            acc_ready: Signal::default(),
            acc_address: Signal::default(),
            acc_data: many(cols),
            w_valid: Signal::default(),
            w_ready: Signal::default(),
            w_address: Signal::default(),
            w_data: Signal::default(),
            w_strobe: Signal::default(),
            empty: Signal::default(),
            walker: Walker::default(),
            cursor: Cursor::default(),
            arrives: DFF::default(),
            is_here: DFF::default(),
            lanes: (0..cols).map(|_| DFF::default()).collect(),
            value: DFF::default(),
            place: DFF::default(),
            valid1: DFF::default(),
            low: DFF::default(),
            high: DFF::default(),
            strobe: DFF::default(),
            word: DFF::default(),
            word_after: DFF::default(),
            valid2: DFF::default(),
            second: DFF::default(),
            more: DFF::default(),
            wants: Signal::default(),
            moves: Signal::default(),
            room1: Signal::default(),
            room2: Signal::default(),
            strobes: Signal::default(),
            tile_rows: Signal::default(),
            chosen: Signal::default(),
            kept: Signal::default(),
            shift: Signal::default(),
            shift_down: Signal::default(),
            bytes: Signal::default(),
            above: Signal::default(),
        }
    }
}

impl Logic for Scatter {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, arrives, is_here, value, place, valid1, low, high, strobe
        );
        dff_setup!(self, clock, word, word_after, valid2, second, more);
        clock!(self, clock, walker, cursor);
        for i in 0..self.lanes.len() {
            self.lanes[i].clock.next = self.clock.val();
            self.lanes[i].d.next = self.lanes[i].q.val();
        }
        self.walker.clear.next = self.clear.val();
        self.walker.start.next = self.start.val();
        self.walker.address.next = self.address.val();
        self.walker.row_stride.next = self.row_stride.val();
        self.walker.col_stride.next = self.col_stride.val();
        self.walker.rows.next = self.rows.val();
        self.walker.cols.next = self.cols.val();
        self.cursor.clear.next = self.clear.val();
        self.cursor.start.next = self.start.val();
        self.cursor.first_tile.next = self.first_tile.val();
        self.cursor.pitch.next = self.pitch.val();
        self.cursor.row.next = self.row.val();
        self.cursor.col.next = self.col.val();
        self.cursor.rows.next = self.rows.val();
        self.cursor.cols.next = self.cols.val();
        self.cursor.height_log2.next = self.height_log2.val();
        self.cursor.width_log2.next = self.width_log2.val();

        // Which steps may go on.
        self.room2.next = !self.valid2.q.val() || (self.w_ready.val() && !self.more.q.val());
        self.room1.next = !self.valid1.q.val() || self.room2.val();

        // The row in which the element lies.
        self.wants.next = self.walker.valid.val()
            && self.cursor.enters.val()
            && !self.is_here.q.val()
            && !self.arrives.q.val();
        self.acc_valid.next = self.wants.val();
        self.tile_rows.next = bit_cast::<24, 16>(self.cursor.tile.val());
        self.tile_rows.next = self.tile_rows.val() << self.height_log2.val();
        self.acc_address.next = self.tile_rows.val() | bit_cast::<24, 8>(self.cursor.tile_row.val());
        self.arrives.d.next = self.wants.val() && self.acc_ready.val();
        if self.arrives.q.val() {
            self.is_here.d.next = true;
            for i in 0..self.lanes.len() {
                self.lanes[i].d.next = self.acc_data[i].val();
            }
        }

        // An element: `is_here` tells that the row of one that enters it is there.
        self.moves.next = self.walker.valid.val()
            && self.room1.val()
            && (self.is_here.q.val() || !self.cursor.enters.val());
        self.walker.advance.next = self.moves.val();
        self.cursor.advance.next = self.moves.val();
        self.chosen.next = 0.into();
        for i in 0..self.lanes.len() {
            if self.cursor.tile_col.val() == i.to_bits() {
                self.chosen.next = self.lanes[i].q.val();
            }
        }
        if self.room1.val() {
            self.valid1.d.next = self.moves.val();
            self.value.d.next = self.chosen.val();
            self.place.d.next = self.walker.at.val();
        }
        if self.moves.val() {
            self.is_here.d.next = false;
        }

        // Its bytes in a word and the next one.
        self.shift.next = bit_cast::<6, 3>(self.place.q.val().get_bits::<3>(0));
        self.shift.next = self.shift.val() << 3;
        self.shift_down.next = bits::<6>(0) - self.shift.val();
        self.kept.next = bit_cast::<64, 32>(self.value.q.val());
        self.bytes.next = bits::<12>(15);
        if self.dtype.val() == bits::<2>(2) {
            self.bytes.next = bits::<12>(3);
        }
        if !self.dtype.val().get_bit(1) {
            self.bytes.next = bits::<12>(1);
        }
        self.strobes.next = self.bytes.val() << self.place.q.val().get_bits::<3>(0);
        self.above.next = self.kept.val() >> self.shift_down.val();
        if self.room2.val() {
            self.valid2.d.next = self.valid1.q.val();
            self.second.d.next = false;
            self.low.d.next = self.kept.val() << self.shift.val();
            // What begins at 0 does not reach into the next word: no strobe is set there.
            self.high.d.next = self.above.val().get_bits::<32>(0);
            self.strobe.d.next = self.strobes.val();
            self.more.d.next = self.strobes.val().get_bits::<4>(8).any();
            self.word.d.next = self.place.q.val().get_bits::<45>(3);
            self.word_after.d.next = self.place.q.val().get_bits::<45>(3) + 1;
        } else {
            if self.w_ready.val() {
                self.second.d.next = true;
                self.more.d.next = false;
            }
        }
        self.w_valid.next = self.valid2.q.val();
        self.w_data.next = self.low.q.val();
        self.w_strobe.next = self.strobe.q.val().get_bits::<8>(0);
        self.w_address.next = bit_cast::<48, 45>(self.word.q.val()) << 3;
        if self.second.q.val() {
            self.w_data.next = bit_cast::<64, 32>(self.high.q.val());
            self.w_strobe.next = bit_cast::<8, 4>(self.strobe.q.val().get_bits::<4>(8));
            self.w_address.next = bit_cast::<48, 45>(self.word_after.q.val()) << 3;
        }
        self.empty.next = !self.cursor.valid.val() && !self.valid1.q.val() && !self.valid2.q.val();
        if self.clear.val() {
            self.arrives.d.next = false;
            self.is_here.d.next = false;
            self.valid1.d.next = false;
        }
    }
}
