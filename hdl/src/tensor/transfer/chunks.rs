//! Where the words of tiles go: from words of memory to what a scratchpad can write in a cycle.

use rust_hdl::prelude::*;

/// Hands on each word `1 + chunks_less` times, each time shifted down by `chunk_shift` more bits: where a row of the
/// scratchpad is shorter than a word, a word is several rows. With each goes its address and its part of what lies
/// at that address, which is what a row longer than a word comes in.
///
/// A row of tiles has `row_words` words. The inputs stay as they are while it works.
#[derive(LogicBlock, Default)]
pub struct Chunks {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// Gives up.
    pub clear: Signal<In, Bit>,
    /// Begins.
    pub start: Signal<In, Bit>,
    /// First address.
    pub address: Signal<In, Bits<24>>,
    /// From a row of tiles to the next.
    pub row_step: Signal<In, Bits<24>>,
    /// Parts of an address, less one.
    pub parts_less: Signal<In, Bits<16>>,
    /// Chunks of a word, less one.
    pub chunks_less: Signal<In, Bits<3>>,
    /// Bits of a chunk, if a word has several.
    pub chunk_shift: Signal<In, Bits<6>>,
    /// Words of a row of tiles, at least 1.
    pub row_words: Signal<In, Bits<32>>,
    /// Rows of tiles, at least 1.
    pub rows: Signal<In, Bits<16>>,
    /// A word.
    pub data: Signal<In, Bits<64>>,
    /// There is one.
    pub data_valid: Signal<In, Bit>,
    /// It is taken.
    pub data_ready: Signal<Out, Bit>,
    /// A chunk, lowest in the word.
    pub word: Signal<Out, Bits<64>>,
    /// Where it goes.
    pub at: Signal<Out, Bits<24>>,
    /// Its part of that.
    pub part: Signal<Out, Bits<16>>,
    /// It is the last of all.
    pub is_last: Signal<Out, Bit>,
    /// There is one.
    pub valid: Signal<Out, Bit>,
    /// It is taken.
    pub ready: Signal<In, Bit>,
    held: DFF<Bits<64>>,
    holds: DFF<Bit>,
    chunk: DFF<Bits<3>>,
    here: DFF<Bits<24>>,
    next_row: DFF<Bits<24>>,
    at_part: DFF<Bits<16>>,
    words_left: DFF<Bits<32>>,
    rows_left: DFF<Bits<16>>,
    /// The chunk is its word's last, the word its row's, the row the last of all.
    word_ends: DFF<Bit>,
    row_ends: DFF<Bit>,
    all_ends: DFF<Bit>,
    begins: DFF<Bit>,
    active: DFF<Bit>,
    fire: Signal<Local, Bit>,
    is_end: Signal<Local, Bit>,
    whole_word: Signal<Local, Bit>,
    next_chunk: Signal<Local, Bits<3>>,
    takes: Signal<Local, Bit>,
    room: Signal<Local, Bit>,
    row_after: Signal<Local, Bits<24>>,
}

impl Logic for Chunks {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, held, holds, chunk, here, next_row, at_part, words_left, rows_left
        );
        dff_setup!(self, clock, word_ends, row_ends, all_ends, begins, active);
        self.word.next = self.held.q.val();
        self.at.next = self.here.q.val();
        self.part.next = self.at_part.q.val();
        self.valid.next = self.holds.q.val();
        self.whole_word.next = self.chunks_less.val() == 0;
        self.next_chunk.next = self.chunk.q.val() + 1;
        self.is_end.next = self.word_ends.q.val() && self.row_ends.q.val() && self.all_ends.q.val();
        self.is_last.next = self.is_end.val();
        self.fire.next = self.holds.q.val() && self.ready.val();
        self.row_after.next = self.next_row.q.val() + self.row_step.val();
        self.begins.d.next = self.start.val();
        if self.begins.q.val() {
            self.next_row.d.next = self.row_after.val();
            self.active.d.next = true;
        }
        if self.fire.val() {
            self.chunk.d.next = self.next_chunk.val();
            self.word_ends.d.next = self.next_chunk.val() == self.chunks_less.val();
            self.held.d.next = self.held.q.val() >> self.chunk_shift.val();
            self.at_part.d.next = self.at_part.q.val() + 1;
            if self.at_part.q.val() == self.parts_less.val() {
                self.at_part.d.next = 0.into();
                self.here.d.next = self.here.q.val() + 1;
            }
            if self.word_ends.q.val() {
                self.chunk.d.next = 0.into();
                self.word_ends.d.next = self.whole_word.val();
                self.holds.d.next = false;
                if self.row_ends.q.val() {
                    self.here.d.next = self.next_row.q.val();
                    self.next_row.d.next = self.row_after.val();
                    self.rows_left.d.next = self.rows_left.q.val() - 1;
                    self.all_ends.d.next = self.rows_left.q.val() == 1;
                }
            }
        }
        // A word is taken when the one before it leaves; then it is known whether the row ends with it.
        self.room.next = self.active.q.val()
            && (!self.holds.q.val() || (self.ready.val() && self.word_ends.q.val() && !self.is_end.val()));
        self.data_ready.next = self.room.val();
        self.takes.next = self.room.val() && self.data_valid.val();
        if self.takes.val() {
            self.held.d.next = self.data.val();
            self.holds.d.next = true;
            self.row_ends.d.next = self.words_left.q.val() == bits::<32>(1);
            self.words_left.d.next = self.words_left.q.val() - 1;
            if self.words_left.q.val() == bits::<32>(1) {
                self.words_left.d.next = self.row_words.val();
            }
        }
        if self.fire.val() && self.is_end.val() {
            self.active.d.next = false;
        }
        if self.start.val() {
            self.here.d.next = self.address.val();
            self.next_row.d.next = self.address.val();
            self.at_part.d.next = 0.into();
            self.chunk.d.next = 0.into();
            self.word_ends.d.next = self.whole_word.val();
            self.all_ends.d.next = self.rows.val() == 1;
            self.words_left.d.next = self.row_words.val();
            self.rows_left.d.next = self.rows.val() - 1;
        }
        if self.clear.val() {
            self.begins.d.next = false;
            self.active.d.next = false;
            self.holds.d.next = false;
        }
    }
}
