//! ARGMAX: the greatest of a row's lanes, and where it is.

use rust_hdl::prelude::*;

/// Keeps the greatest value that came, and its index; of equals the first.
///
/// A lane's place among the best is decided in the cycle after it came.
#[derive(LogicBlock, Default)]
pub struct Best {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// Begins a row; no lane of the row before is under way.
    pub begins: Signal<In, Bit>,
    /// The best index so far.
    pub old_index: Signal<In, Bits<32>>,
    /// The best value so far.
    pub old_value: Signal<In, Bits<32>>,
    /// The index of the row's first lane.
    pub base: Signal<In, Bits<32>>,
    /// The row's first lane wins in any case.
    pub first_wins: Signal<In, Bit>,
    /// There is a lane.
    pub valid: Signal<In, Bit>,
    /// Its value.
    pub value: Signal<In, Bits<32>>,
    /// The best index.
    pub index: Signal<Out, Bits<32>>,
    /// The best value.
    pub greatest: Signal<Out, Bits<32>>,
    column: DFF<Bits<32>>,
    fresh: DFF<Bit>,
    lane_valid: DFF<Bit>,
    lane_wins: DFF<Bit>,
    lane_value: DFF<Bits<32>>,
    lane_index: DFF<Bits<32>>,
    best_index: DFF<Bits<32>>,
    best_value: DFF<Bits<32>>,
    lane_ordered: Signal<Local, Bits<32>>,
    best_ordered: Signal<Local, Bits<32>>,
    is_greater: Signal<Local, Bit>,
}

impl Logic for Best {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, column, fresh, lane_valid, lane_wins, lane_value, lane_index, best_index, best_value
        );
        self.lane_valid.d.next = self.valid.val();
        self.lane_value.d.next = self.value.val();
        self.lane_index.d.next = self.column.q.val();
        self.lane_wins.d.next = self.fresh.q.val();
        if self.valid.val() {
            self.fresh.d.next = false;
            self.column.d.next = self.column.q.val() + 1;
        }

        // With the sign inverted, signed numbers are in the order of unsigned ones.
        self.lane_ordered.next = self.lane_value.q.val() ^ (bits::<32>(1) << 31);
        self.best_ordered.next = self.best_value.q.val() ^ (bits::<32>(1) << 31);
        self.is_greater.next = self.lane_ordered.val() > self.best_ordered.val();
        if self.lane_valid.q.val() && (self.is_greater.val() || self.lane_wins.q.val()) {
            self.best_value.d.next = self.lane_value.q.val();
            self.best_index.d.next = self.lane_index.q.val();
        }
        if self.begins.val() {
            self.best_index.d.next = self.old_index.val();
            self.best_value.d.next = self.old_value.val();
            self.column.d.next = self.base.val();
            self.fresh.d.next = self.first_wins.val();
        }
        self.index.next = self.best_index.q.val();
        self.greatest.next = self.best_value.q.val();
    }
}
