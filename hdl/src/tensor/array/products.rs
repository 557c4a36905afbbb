//! The array: one product of tiles a cycle.

use super::delay::Delay;
use super::multiplier::{LATENCY, PACKED_LATENCY};
use super::twin::{Multipliers, Twin};
use rust_hdl::prelude::*;

/// R×C sums of D products each, one step of them a cycle. AW is 9·D, W is 18 + log2 D; all are powers of two, C at
/// least 2.
///
/// A step's flags come with the addresses of its tiles, its lanes a cycle later: when the scratchpads answer. Nothing
/// can stall.
///
/// Row r works r cycles after row 0: the lanes of B are handed on from row to row, so no wire reaches further than
/// from a row to the next, and the finished sums leave by themselves row by row, one a cycle. Steps with `last` are
/// therefore at least R cycles apart. Rows come out in order, the first one [`Array::LATENCY_OF_ROWS`] cycles and the
/// multiplier's latency after the flags of the last step.
#[derive(LogicBlock)]
pub struct Array<const R: usize, const C: usize, const D: usize, const AW: usize, const W: usize> {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// The next cycle has the lanes of a step.
    pub step: Signal<In, Bit>,
    /// It begins sums.
    pub first: Signal<In, Bit>,
    /// It ends them.
    pub last: Signal<In, Bit>,
    /// A tile of A: lane d of row r is r·D + d.
    pub a: Vec<Signal<In, Bits<9>>>,
    /// A tile of B: lane d of column c is d·C + c.
    pub b: Vec<Signal<In, Bits<9>>>,
    /// A row of finished sums.
    pub row: Vec<Signal<Out, Bits<32>>>,
    /// There is one.
    pub row_valid: Signal<Out, Bit>,
    rows: Vec<Delay<AW>>,
    columns: Vec<DFF<Bits<AW>>>,
    cells: Vec<Twin<D, AW, W>>,
    early: Delay<3>,
    flags: Vec<DFF<Bits<3>>>,
    /// Sums of the rows, then choices of two nodes before them, for each column; and whether there are any.
    nodes: Vec<Signal<Local, Bits<32>>>,
    node_valid: Vec<Signal<Local, Bit>>,
    choices: Vec<DFF<Bits<32>>>,
    choice_valid: Vec<DFF<Bit>>,
    lane: Signal<Local, Bits<9>>,
    lane_wide: Signal<Local, Bits<AW>>,
    lanes: Signal<Local, Bits<AW>>,
    flag: Signal<Local, Bits<3>>,
    no_lanes: Constant<Bits<AW>>,
    no_flags: Constant<Bits<3>>,
    flag_step: Constant<Bits<3>>,
    flag_first: Constant<Bits<3>>,
    flag_last: Constant<Bits<3>>,
}

impl<const R: usize, const C: usize, const D: usize, const AW: usize, const W: usize> Array<R, C, D, AW, W> {
    /// Cycles from the flags of a last step to the first row of sums, without the multiplier's.
    pub const LATENCY_OF_ROWS: usize = 3 + D.ilog2() as usize + R.ilog2() as usize;

    /// An array with such multipliers.
    pub fn new(multipliers: Multipliers) -> Self {
        assert!(
            R.is_power_of_two() && C.is_power_of_two() && C >= 2,
            "sides of tiles"
        );
        let cells = R * C / 2;
        let (dedicated, latency) = match multipliers {
            Multipliers::Single { dedicated } => (dedicated, LATENCY),
            Multipliers::Packed => (0, PACKED_LATENCY),
        };
        let dedicated_before = |cell: usize| dedicated.min(R * C * D) * cell / cells;
        Self {
            clock: Signal::default(),
            step: Signal::default(),
            first: Signal::default(),
            last: Signal::default(),
            a: (0..R * D).map(|_| Signal::default()).collect(),
            b: (0..D * C).map(|_| Signal::default()).collect(),
            row: (0..C).map(|_| Signal::default()).collect(),
            row_valid: Signal::default(),
            rows: (0..R).map(|row| Delay::new(row + 1)).collect(),
            columns: (0..R * C).map(|_| DFF::default()).collect(),
            cells: (0..cells)
                .map(|i| Twin::new(multipliers, dedicated_before(i + 1) - dedicated_before(i)))
                .collect(),
            early: Delay::new(1 + latency + D.ilog2() as usize),
            flags: (0..R + 1).map(|_| DFF::default()).collect(),
            nodes: (0..C * (2 * R - 1)).map(|_| Signal::default()).collect(),
            node_valid: (0..2 * R - 1).map(|_| Signal::default()).collect(),
            choices: (0..C * (R - 1)).map(|_| DFF::default()).collect(),
            choice_valid: (0..R - 1).map(|_| DFF::default()).collect(),
            lane: Signal::default(),
            lane_wide: Signal::default(),
            lanes: Signal::default(),
            flag: Signal::default(),
            no_lanes: Constant::new(0_u64.into()),
            no_flags: Constant::new(0_u64.into()),
            flag_step: Constant::new(1_u64.into()),
            flag_first: Constant::new(2_u64.into()),
            flag_last: Constant::new(4_u64.into()),
        }
    }
}

impl<const R: usize, const C: usize, const D: usize, const AW: usize, const W: usize> Logic
    for Array<R, C, D, AW, W>
{
    #[hdl_gen]
    fn update(&mut self) {
        clock!(self, clock, early);
        self.flag.next = self.no_flags.val();
        if self.step.val() {
            self.flag.next = self.flag_step.val();
            if self.first.val() {
                self.flag.next = self.flag.val() | self.flag_first.val();
            }
            if self.last.val() {
                self.flag.next = self.flag.val() | self.flag_last.val();
            }
        }
        self.early.data_in.next = self.flag.val();
        self.flags[0].d.next = self.early.data_out.val();
        self.flags[0].clock.next = self.clock.val();
        for i in 1..self.flags.len() {
            self.flags[i].clock.next = self.clock.val();
            self.flags[i].d.next = self.flags[i - 1].q.val();
        }

        // Loops of one turn give the indices numbers that the emitter knows.
        for depth in D..(D + 1) {
            for cols in C..(C + 1) {
                for rows in R..(R + 1) {
                    for r in 0..R {
                        self.lanes.next = self.no_lanes.val();
                        for d in 0..D {
                            self.lane.next = self.a[r * depth + depth - 1 - d].val();
                            self.lane_wide.next = bit_cast::<AW, 9>(self.lane.val());
                            self.lanes.next = self.lanes.val() << 9;
                            self.lanes.next = self.lanes.val() | self.lane_wide.val();
                        }
                        self.rows[r].clock.next = self.clock.val();
                        self.rows[r].data_in.next = self.lanes.val();
                    }
                    for c in 0..C {
                        self.lanes.next = self.no_lanes.val();
                        for d in 0..D {
                            self.lane.next = self.b[(depth - 1 - d) * cols + c].val();
                            self.lane_wide.next = bit_cast::<AW, 9>(self.lane.val());
                            self.lanes.next = self.lanes.val() << 9;
                            self.lanes.next = self.lanes.val() | self.lane_wide.val();
                        }
                        self.columns[c].d.next = self.lanes.val();
                        self.columns[c].clock.next = self.clock.val();
                        for r in 1..R {
                            self.columns[r * cols + c].clock.next = self.clock.val();
                            self.columns[r * cols + c].d.next = self.columns[(r - 1) * cols + c].q.val();
                        }
                    }
                    for r in 0..R {
                        for pair in 0..(C / 2) {
                            self.cells[r * (cols / 2) + pair].clock.next = self.clock.val();
                            self.cells[r * (cols / 2) + pair].a.next = self.rows[r].data_out.val();
                            self.cells[r * (cols / 2) + pair].b_left.next =
                                self.columns[r * cols + 2 * pair].q.val();
                            self.cells[r * (cols / 2) + pair].b_right.next =
                                self.columns[r * cols + 2 * pair + 1].q.val();
                            self.cells[r * (cols / 2) + pair].enable.next = self.flags[r].q.val().get_bit(0);
                            self.cells[r * (cols / 2) + pair].first.next = self.flags[r].q.val().get_bit(1);
                        }
                    }
                    // A row is finished in the cycle after its last step.
                    for r in 0..R {
                        self.node_valid[r].next = self.flags[r + 1].q.val().get_bit(2);
                        for pair in 0..(C / 2) {
                            self.nodes[2 * pair * (2 * rows - 1) + r].next =
                                self.cells[r * (cols / 2) + pair].left_sum.val();
                            self.nodes[(2 * pair + 1) * (2 * rows - 1) + r].next =
                                self.cells[r * (cols / 2) + pair].right_sum.val();
                        }
                    }
                    for j in 0..(R - 1) {
                        self.choice_valid[j].clock.next = self.clock.val();
                        self.choice_valid[j].d.next =
                            self.node_valid[2 * j].val() || self.node_valid[2 * j + 1].val();
                        self.node_valid[rows + j].next = self.choice_valid[j].q.val();
                        for c in 0..C {
                            self.choices[c * (rows - 1) + j].clock.next = self.clock.val();
                            self.choices[c * (rows - 1) + j].d.next =
                                self.nodes[c * (2 * rows - 1) + 2 * j].val();
                            if self.node_valid[2 * j + 1].val() {
                                self.choices[c * (rows - 1) + j].d.next =
                                    self.nodes[c * (2 * rows - 1) + 2 * j + 1].val();
                            }
                            self.nodes[c * (2 * rows - 1) + rows + j].next =
                                self.choices[c * (rows - 1) + j].q.val();
                        }
                    }
                    self.row_valid.next = self.node_valid[2 * rows - 2].val();
                    for c in 0..C {
                        self.row[c].next = self.nodes[c * (2 * rows - 1) + 2 * rows - 2].val();
                    }
                }
            }
        }
    }
}
