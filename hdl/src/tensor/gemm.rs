//! The matmul tile: a 4×4 array of multiply-accumulate cells, fed one step of depth a cycle.

use crate::tensor::mac::Mac;
use rust_hdl::prelude::*;

/// Rows and columns of the tile.
pub const SIDE: usize = 4;
/// Bits of one operand lane: an 8-bit value less an 8-bit zero point, −255..=255.
pub const LANE_BITS: usize = 9;
/// Cycles from a step on the inputs to its sum in the accumulators.
pub const LATENCY: usize = 3;

/// Computes `acc[4·i + j] += a[i] · b[j]` for all sixteen pairs, one step of depth a cycle.
///
/// A step is a column of four lanes of the left matrix and a row of four lanes of the right one, with
/// zero points already taken off. Sums wrap at 32 bits, as they do nowhere in a graph that passed its
/// overflow proof. A ragged tile feeds zeros in the lanes outside of the matrices.
///
/// Nothing can stall: a step is taken in every cycle in which `valid` is high, and `done` comes
/// [`LATENCY`] cycles after the step that carried `last`. The accumulators hold until the next step
/// with `first` reaches them.
#[derive(LogicBlock)]
pub struct Gemm {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// The other inputs hold a step.
    pub valid: Signal<In, Bit>,
    /// This step starts a sum: what the accumulators hold is forgotten.
    pub first: Signal<In, Bit>,
    /// This step ends a sum.
    pub last: Signal<In, Bit>,
    /// A column of the left matrix; lane *i* in bits 9·*i* to 9·*i* + 8, two's complement.
    pub a: Signal<In, Bits<36>>,
    /// A row of the right matrix; lane *j* in bits 9·*j* to 9·*j* + 8, two's complement.
    pub b: Signal<In, Bits<36>>,
    /// The accumulators, row by row.
    pub acc: [Signal<Out, Bits<32>>; SIDE * SIDE],
    /// High in the first cycle in which the accumulators hold the finished sums.
    pub done: Signal<Out, Bit>,
    a_reg: [DFF<Bits<9>>; SIDE],
    b_reg: [DFF<Bits<9>>; SIDE],
    lane: Signal<Local, Bits<9>>,
    lane_wide: Signal<Local, Bits<16>>,
    a_wide: [Signal<Local, Bits<16>>; SIDE],
    b_wide: [Signal<Local, Bits<16>>; SIDE],
    valid_reg: DFF<Bit>,
    first_reg: DFF<Bit>,
    last_reg: DFF<Bit>,
    enable: DFF<Bit>,
    restart: DFF<Bit>,
    finish: DFF<Bit>,
    done_reg: DFF<Bit>,
    mac: [Mac; SIDE * SIDE],
    sign_fill: Constant<Bits<16>>,
}

impl Default for Gemm {
    fn default() -> Self {
        Self {
            clock: Signal::default(),
            valid: Signal::default(),
            first: Signal::default(),
            last: Signal::default(),
            a: Signal::default(),
            b: Signal::default(),
            acc: std::array::from_fn(|_| Signal::default()),
            done: Signal::default(),
            a_reg: std::array::from_fn(|_| DFF::default()),
            b_reg: std::array::from_fn(|_| DFF::default()),
            lane: Signal::default(),
            lane_wide: Signal::default(),
            a_wide: std::array::from_fn(|_| Signal::default()),
            b_wide: std::array::from_fn(|_| Signal::default()),
            valid_reg: DFF::default(),
            first_reg: DFF::default(),
            last_reg: DFF::default(),
            enable: DFF::default(),
            restart: DFF::default(),
            finish: DFF::default(),
            done_reg: DFF::default(),
            mac: std::array::from_fn(|_| Mac::default()),
            sign_fill: Constant::new(0xFE00_u64.into()),
        }
    }
}

impl Logic for Gemm {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(
            self, clock, valid_reg, first_reg, last_reg, enable, restart, finish, done_reg
        );

        for i in 0..4 {
            self.a_reg[i].clock.next = self.clock.val();
            self.b_reg[i].clock.next = self.clock.val();
            self.a_reg[i].d.next = self.a.val().get_bits::<9>(i * 9);
            self.b_reg[i].d.next = self.b.val().get_bits::<9>(i * 9);

            // Through signals without an index: the emitter cannot cast an element of an array.
            self.lane.next = self.a_reg[i].q.val();
            self.lane_wide.next = bit_cast::<16, 9>(self.lane.val());
            if self.lane.val().get_bit(8) {
                self.lane_wide.next = self.lane_wide.val() | self.sign_fill.val();
            }
            self.a_wide[i].next = self.lane_wide.val();
            self.lane.next = self.b_reg[i].q.val();
            self.lane_wide.next = bit_cast::<16, 9>(self.lane.val());
            if self.lane.val().get_bit(8) {
                self.lane_wide.next = self.lane_wide.val() | self.sign_fill.val();
            }
            self.b_wide[i].next = self.lane_wide.val();
        }

        // `valid` qualifies the other two at the door, so that a stray `last` ends nothing.
        self.valid_reg.d.next = self.valid.val();
        self.first_reg.d.next = self.first.val();
        self.last_reg.d.next = self.valid.val() & self.last.val();
        self.enable.d.next = self.valid_reg.q.val();
        self.restart.d.next = self.first_reg.q.val();
        self.finish.d.next = self.last_reg.q.val();
        self.done_reg.d.next = self.finish.q.val();
        self.done.next = self.done_reg.q.val();

        for i in 0..4 {
            for j in 0..4 {
                self.mac[i * 4 + j].clock.next = self.clock.val();
                self.mac[i * 4 + j].a.next = signed_cast(self.a_wide[i].val());
                self.mac[i * 4 + j].b.next = signed_cast(self.b_wide[j].val());
                self.mac[i * 4 + j].enable.next = self.enable.q.val();
                self.mac[i * 4 + j].first.next = self.restart.q.val();
                self.acc[i * 4 + j].next = self.mac[i * 4 + j].acc.val();
            }
        }
    }
}
