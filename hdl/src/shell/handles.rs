//! The handle table: up to 64 resident pieces of card memory.

use rust_hdl::prelude::*;

/// Compares a range with every resident one, one a cycle, and remembers and forgets pieces.
///
/// `handle` is the handle less one. A search begins with `search` and is over when `searched` rises; `meets`
/// then says whether the range meets a piece. While none is under way, `piece_start`, `piece_upto` and `is_state` are
/// those of `handle`, a cycle late.
#[derive(LogicBlock, Default)]
pub struct Handles {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// Forgets everything.
    pub clear: Signal<In, Bit>,
    /// The handle that the strobes mean, less one.
    pub handle: Signal<In, Bits<6>>,
    /// First byte of the range.
    pub start: Signal<In, Bits<48>>,
    /// The byte after it.
    pub upto: Signal<In, Bits<49>>,
    /// Begins to compare.
    pub search: Signal<In, Bit>,
    /// Gives `handle` the range, which stays for another cycle.
    pub insert: Signal<In, Bit>,
    /// The piece that is inserted is a state.
    pub as_state: Signal<In, Bit>,
    /// Forgets `handle`.
    pub remove: Signal<In, Bit>,
    /// `handle` has a range.
    pub present: Signal<Out, Bit>,
    /// The first byte of its piece.
    pub piece_start: Signal<Out, Bits<48>>,
    /// The byte after it.
    pub piece_upto: Signal<Out, Bits<49>>,
    /// A RUN may write it.
    pub is_state: Signal<Out, Bit>,
    /// The search is over.
    pub searched: Signal<Out, Bit>,
    /// The range meets a resident one.
    pub meets: Signal<Out, Bit>,
    pieces: RAM<Bits<97>, 6>,
    valid: DFF<Bits<64>>,
    at: DFF<Bits<7>>,
    seen: DFF<Bits<7>>,
    running: DFF<Bit>,
    hit: DFF<Bit>,
    mask: DFF<Bits<64>>,
    inserts: DFF<Bit>,
    removes: DFF<Bit>,
    states: DFF<Bits<64>>,
    piece: DFF<Bits<97>>,
    piece_counts: DFF<Bit>,
    below: DFF<Bit>,
    above: DFF<Bit>,
    both_count: DFF<Bit>,
    one: Signal<Local, Bits<64>>,
    inverse: Signal<Local, Bits<64>>,
    entry: Signal<Local, Bits<97>>,
    entry_high: Signal<Local, Bits<97>>,
    other_start: Signal<Local, Bits<49>>,
    other_end: Signal<Local, Bits<49>>,
    start_wide: Signal<Local, Bits<49>>,
}

impl Logic for Handles {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            valid,
            at,
            seen,
            running,
            hit,
            mask,
            inserts,
            removes,
            states,
            piece,
            piece_counts,
            below,
            above,
            both_count
        );
        self.pieces.read_clock.next = self.clock.val();
        self.pieces.write_clock.next = self.clock.val();
        self.one.next = 1.into();
        self.mask.d.next = self.one.val() << self.handle.val();
        self.inverse.next = !self.mask.q.val();
        self.present.next = self.valid.q.val().get_bit(self.handle.val().index());
        self.entry.next = bit_cast::<97, 48>(self.start.val());
        self.entry_high.next = bit_cast::<97, 49>(self.upto.val());
        self.entry_high.next = self.entry_high.val() << 48;
        self.pieces.write_address.next = self.handle.val();
        self.pieces.write_data.next = self.entry.val() | self.entry_high.val();
        self.inserts.d.next = self.insert.val();
        self.removes.d.next = self.remove.val();
        self.pieces.write_enable.next = self.inserts.q.val();
        self.pieces.read_address.next = self.handle.val();
        if self.running.q.val() {
            self.pieces.read_address.next = self.at.q.val().get_bits::<6>(0);
        }
        self.piece_start.next = self.pieces.read_data.val().get_bits::<48>(0);
        self.piece_upto.next = self.pieces.read_data.val().get_bits::<49>(48);
        self.is_state.next = self.states.q.val().get_bit(self.handle.val().index());
        self.seen.d.next = self.at.q.val();
        // The memory answers one cycle late, is looked at in the next, and compared in the one after that.
        self.piece.d.next = self.pieces.read_data.val();
        self.piece_counts.d.next = self.running.q.val()
            && (self.at.q.val() != 0)
            && (self.at.q.val() <= bits::<7>(64))
            && self
                .valid
                .q
                .val()
                .get_bit(self.seen.q.val().get_bits::<6>(0).index());
        self.other_start.next = bit_cast::<49, 48>(self.piece.q.val().get_bits::<48>(0));
        self.other_end.next = self.piece.q.val().get_bits::<49>(48);
        self.start_wide.next = bit_cast::<49, 48>(self.start.val());
        self.below.d.next = self.other_start.val() < self.upto.val();
        self.above.d.next = self.start_wide.val() < self.other_end.val();
        self.both_count.d.next = self.piece_counts.q.val();
        if self.both_count.q.val() && self.below.q.val() && self.above.q.val() {
            self.hit.d.next = true;
        }
        if self.running.q.val() {
            self.at.d.next = self.at.q.val() + 1;
            if self.at.q.val() == 67 {
                self.running.d.next = false;
            }
        }
        if self.search.val() {
            self.at.d.next = 0.into();
            self.running.d.next = true;
            self.hit.d.next = false;
            self.piece_counts.d.next = false;
            self.both_count.d.next = false;
        }
        self.searched.next = !self.running.q.val();
        self.meets.next = self.hit.q.val();
        if self.inserts.q.val() {
            self.valid.d.next = self.valid.q.val() | self.mask.q.val();
            self.states.d.next = self.states.q.val() & self.inverse.val();
            if self.as_state.val() {
                self.states.d.next = self.states.q.val() | self.mask.q.val();
            }
        }
        if self.removes.q.val() {
            self.valid.d.next = self.valid.q.val() & self.inverse.val();
        }
        if self.clear.val() {
            self.valid.d.next = 0.into();
            self.running.d.next = false;
        }
    }
}
