//! The read requests for rows of tiles.

use rust_hdl::prelude::*;

/// Asks for `rows` rows of `row_words` words, the first at `address`, each `row_stride` bytes after the one before,
/// in pieces of at most 64 words: a row of tiles may be long, and others read too. A piece takes two cycles.
///
/// On `clear` a request that waits stays.
#[derive(LogicBlock, Default)]
pub struct Bursts {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// Gives up.
    pub clear: Signal<In, Bit>,
    /// Begins.
    pub start: Signal<In, Bit>,
    /// There may be another request.
    pub may: Signal<In, Bit>,
    /// First byte of the first row.
    pub address: Signal<In, Bits<48>>,
    /// Bytes from a row to the next.
    pub row_stride: Signal<In, Bits<32>>,
    /// Words of a row, at least 1.
    pub row_words: Signal<In, Bits<32>>,
    /// Rows, at least 1.
    pub rows: Signal<In, Bits<16>>,
    /// A read request.
    pub req_valid: Signal<Out, Bit>,
    /// It is taken.
    pub req_ready: Signal<In, Bit>,
    /// Its first byte.
    pub req_address: Signal<Out, Bits<48>>,
    /// Its words.
    pub req_words: Signal<Out, Bits<16>>,
    active: DFF<Bit>,
    asks: DFF<Bit>,
    ends_row: DFF<Bit>,
    here: DFF<Bits<48>>,
    next_row: DFF<Bits<48>>,
    words_left: DFF<Bits<32>>,
    rows_left: DFF<Bits<16>>,
    begins: DFF<Bit>,
    row_after: Signal<Local, Bits<48>>,
}

impl Logic for Bursts {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, active, asks, ends_row, here, next_row, words_left, rows_left, begins
        );
        self.row_after.next = self.next_row.q.val() + bit_cast::<48, 32>(self.row_stride.val());
        self.req_valid.next = self.asks.q.val();
        self.req_address.next = self.here.q.val();
        self.req_words.next = bits::<16>(64);
        if self.ends_row.q.val() {
            self.req_words.next = bit_cast::<16, 7>(self.words_left.q.val().get_bits::<7>(0));
        }
        self.begins.d.next = self.start.val();
        if self.begins.q.val() {
            self.active.d.next = true;
            self.next_row.d.next = self.row_after.val();
        }
        // One cycle to see whether the row ends, the next ones to ask.
        if !self.asks.q.val() {
            self.ends_row.d.next = self.words_left.q.val() <= bits::<32>(64);
            self.asks.d.next = self.active.q.val() && self.may.val();
        } else {
            if self.req_ready.val() {
                self.asks.d.next = false;
                self.here.d.next = self.here.q.val() + bits::<48>(512);
                self.words_left.d.next = self.words_left.q.val() - bits::<32>(64);
                if self.ends_row.q.val() {
                    self.here.d.next = self.next_row.q.val();
                    self.next_row.d.next = self.row_after.val();
                    self.words_left.d.next = self.row_words.val();
                    self.rows_left.d.next = self.rows_left.q.val() - 1;
                    if !self.rows_left.q.val().any() {
                        self.active.d.next = false;
                    }
                }
            }
        }
        if self.start.val() {
            self.here.d.next = self.address.val();
            self.next_row.d.next = self.address.val();
            self.words_left.d.next = self.row_words.val();
            self.rows_left.d.next = self.rows.val() - 1;
        }
        if self.clear.val() {
            self.begins.d.next = false;
            self.active.d.next = false;
            if !self.asks.q.val() {
                self.asks.d.next = false;
            }
        }
    }
}
