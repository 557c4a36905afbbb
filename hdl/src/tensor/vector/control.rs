//! What a VECTOR asks for, and how far it is.

use rust_hdl::prelude::*;

/// Decodes the operation, and goes from the start through checks and rows to the end.
///
/// After a `stop` it waits for the pipelines to run empty before it begins again: `flushes` is high so long.
#[derive(LogicBlock, Default)]
pub struct Control {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// Begins an instruction.
    pub start: Signal<In, Bit>,
    /// Gives up.
    pub stop: Signal<In, Bit>,
    /// The instruction's operation.
    pub op: Signal<In, Bits<4>>,
    /// Cycles of a row: of REQUANTISE.
    pub unit_steps: Signal<In, Bits<8>>,
    /// Of an operation that takes a lane a cycle.
    pub lane_steps: Signal<In, Bits<8>>,
    /// Of one that takes two cycles a lane.
    pub pair_steps: Signal<In, Bits<8>>,
    /// The checks are over.
    pub checked: Signal<In, Bit>,
    /// They fail.
    pub fails: Signal<In, Bit>,
    /// All records were looked at.
    pub scanned: Signal<In, Bit>,
    /// One was never loaded.
    pub missing: Signal<In, Bit>,
    /// All rows are written.
    pub written: Signal<In, Bit>,
    /// Begins the checks.
    pub check: Signal<Out, Bit>,
    /// Begins to look at the records.
    pub scan: Signal<Out, Bit>,
    /// Begins with the rows.
    pub begins: Signal<Out, Bit>,
    /// Rows are worked on.
    pub runs: Signal<Out, Bit>,
    /// Pipelines run empty after a stop.
    pub flushes: Signal<Out, Bit>,
    /// The instruction is done.
    pub done: Signal<Out, Bit>,
    /// How it ended.
    pub status: Signal<Out, Bits<15>>,
    /// There is an instruction, or rests of one.
    pub busy: Signal<Out, Bit>,
    /// The destination is read, too.
    pub takes_two: Signal<Out, Bit>,
    /// ADD, MAX or MIN, with an immediate or without.
    pub is_element: Signal<Out, Bit>,
    /// ADD.
    pub is_sum: Signal<Out, Bit>,
    /// MAX.
    pub is_greater: Signal<Out, Bit>,
    /// REQUANTISE.
    pub is_requantise: Signal<Out, Bit>,
    /// TABLE or INTERPOLATE.
    pub is_lookup: Signal<Out, Bit>,
    /// INTERPOLATE.
    pub is_pair: Signal<Out, Bit>,
    /// ARGMAX.
    pub is_reduce: Signal<Out, Bit>,
    /// Cycles of a row.
    pub steps: Signal<Out, Bits<8>>,
    /// Pieces in which a row's result comes, less one.
    pub last_piece: Signal<Out, Bits<8>>,
    pending: DFF<Bit>,
    state: DFF<Bits<2>>,
    flush: DFF<Bits<5>>,
    two: DFF<Bit>,
    element: DFF<Bit>,
    sum: DFF<Bit>,
    greater: DFF<Bit>,
    requantise: DFF<Bit>,
    lookup: DFF<Bit>,
    pair: DFF<Bit>,
    reduce: DFF<Bit>,
    row_steps: DFF<Bits<8>>,
    row_pieces: DFF<Bits<8>>,
    idle: Signal<Local, Bit>,
    flushing: Signal<Local, Bit>,
    starts: Signal<Local, Bit>,
}

impl Logic for Control {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, pending, state, flush, two, element, sum, greater, requantise, lookup, pair, reduce,
            row_steps, row_pieces
        );
        self.two.d.next = self.op.val() < bits::<4>(3);
        self.element.d.next = self.op.val() < bits::<4>(6);
        self.sum.d.next = (self.op.val() == bits::<4>(0)) || (self.op.val() == bits::<4>(3));
        self.greater.d.next = (self.op.val() == bits::<4>(1)) || (self.op.val() == bits::<4>(4));
        self.requantise.d.next = self.op.val() == bits::<4>(6);
        self.lookup.d.next = (self.op.val() == bits::<4>(7)) || (self.op.val() == bits::<4>(9));
        self.pair.d.next = self.op.val() == bits::<4>(9);
        self.reduce.d.next = self.op.val() == bits::<4>(8);
        self.row_steps.d.next = bits::<8>(1);
        self.row_pieces.d.next = self.lane_steps.val() - 1;
        if self.requantise.q.val() {
            self.row_pieces.d.next = self.unit_steps.val() - 1;
            self.row_steps.d.next = self.unit_steps.val();
        } else if self.pair.q.val() {
            self.row_steps.d.next = self.pair_steps.val();
        } else if self.lookup.q.val() || self.reduce.q.val() {
            self.row_steps.d.next = self.lane_steps.val();
        }
        self.takes_two.next = self.two.q.val();
        self.is_element.next = self.element.q.val();
        self.is_sum.next = self.sum.q.val();
        self.is_greater.next = self.greater.q.val();
        self.is_requantise.next = self.requantise.q.val();
        self.is_lookup.next = self.lookup.q.val();
        self.is_pair.next = self.pair.q.val();
        self.is_reduce.next = self.reduce.q.val();
        self.steps.next = self.row_steps.q.val();
        self.last_piece.next = self.row_pieces.q.val();

        // 0 idle, 1 checks, 2 records are looked at, 3 rows are worked on.
        self.flushing.next = self.flush.q.val() != bits::<5>(0);
        if self.flushing.val() {
            self.flush.d.next = self.flush.q.val() - 1;
        }
        self.flushes.next = self.flushing.val();
        self.idle.next = self.state.q.val() == bits::<2>(0);
        self.runs.next = self.state.q.val() == bits::<2>(3);
        self.busy.next = self.pending.q.val() || self.flushing.val() || !self.idle.val();
        self.starts.next = self.pending.q.val() && !self.flushing.val();
        self.check.next = self.starts.val();
        if self.start.val() {
            self.pending.d.next = true;
        }
        if self.starts.val() {
            self.pending.d.next = false;
            self.state.d.next = bits::<2>(1);
        }
        self.done.next = false;
        self.status.next = bits::<15>(0);
        self.begins.next = false;
        self.scan.next = false;
        if self.checked.val() {
            if self.fails.val() {
                self.done.next = true;
                self.status.next = bits::<15>(9);
                self.state.d.next = bits::<2>(0);
            } else if self.requantise.q.val() {
                self.scan.next = true;
                self.state.d.next = bits::<2>(2);
            } else {
                self.begins.next = true;
                self.state.d.next = bits::<2>(3);
            }
        }
        if self.scanned.val() {
            if self.missing.val() {
                self.done.next = true;
                self.status.next = bits::<15>(11);
                self.state.d.next = bits::<2>(0);
            } else {
                self.begins.next = true;
                self.state.d.next = bits::<2>(3);
            }
        }
        if self.written.val() {
            self.done.next = true;
            self.state.d.next = bits::<2>(0);
        }
        if self.stop.val() {
            self.done.next = false;
            self.pending.d.next = false;
            self.state.d.next = 0.into();
            self.flush.d.next = bits::<5>(31);
        }
    }
}
