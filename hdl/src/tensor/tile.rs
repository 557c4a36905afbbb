//! Matmul tile and requantise unit as one block.

use crate::tensor::gemm::{Gemm, SIDE};
use crate::tensor::requantise::{self, Requantise};
use rust_hdl::prelude::*;

/// Sums that a tile holds.
pub const SUMS: usize = SIDE * SIDE;
/// Cycles from a read of an accumulator to its element on the output.
pub const READ_LATENCY: usize = requantise::LATENCY;

/// A [`Gemm`] whose sums leave through a [`Requantise`] unit, one a cycle, each with parameters of its
/// own.
///
/// The sixteen sums have one place each and share one requantise unit. They are read, one a cycle, from
/// the cycle of `done` on; only then may a step with `first` follow. Hiding the read-out behind the next
/// product takes a second place for every sum.
///
/// The raw sums need no path of their own: multiplier 2, shift 1, zero 0 and i32 are the identity.
#[derive(LogicBlock, Default)]
pub struct Tile {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// `first`, `last`, `a` and `b` hold a step of the matmul.
    pub valid: Signal<In, Bit>,
    /// This step starts a sum.
    pub first: Signal<In, Bit>,
    /// This step ends a sum.
    pub last: Signal<In, Bit>,
    /// A column of the left matrix, four lanes of nine bits.
    pub a: Signal<In, Bits<36>>,
    /// A row of the right matrix, four lanes of nine bits.
    pub b: Signal<In, Bits<36>>,
    /// High in the first cycle in which the sums may be read.
    pub done: Signal<Out, Bit>,
    /// `index` and the parameters of the requantisation hold a read.
    pub read: Signal<In, Bit>,
    /// Which sum, row by row.
    pub index: Signal<In, Bits<4>>,
    /// The multiplier, 1..=32767.
    pub multiplier: Signal<In, Bits<15>>,
    /// The shift, 1..=47.
    pub shift: Signal<In, Bits<6>>,
    /// The zero point of the output, two's complement.
    pub zero: Signal<In, Bits<32>>,
    /// The element type: 0 is u8, 1 is i8, 2 is i16, 3 is i32.
    pub dtype: Signal<In, Bits<2>>,
    /// The element, extended to 32 bits as its type says.
    pub out: Signal<Out, Bits<32>>,
    /// The output holds an element.
    pub out_valid: Signal<Out, Bit>,
    // A tree by the bits of the index: comparing it with every number would cost a chain of muxes.
    of_two: [Signal<Local, Bits<32>>; 8],
    of_four: [Signal<Local, Bits<32>>; 4],
    of_eight: [Signal<Local, Bits<32>>; 2],
    selected: Signal<Local, Bits<32>>,
    gemm: Gemm,
    requantise: Requantise,
}

impl Logic for Tile {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(self, clock, gemm, requantise);
        self.gemm.valid.next = self.valid.val();
        self.gemm.first.next = self.first.val();
        self.gemm.last.next = self.last.val();
        self.gemm.a.next = self.a.val();
        self.gemm.b.next = self.b.val();
        self.done.next = self.gemm.done.val();

        for i in 0..8 {
            self.of_two[i].next = self.gemm.acc[i * 2].val();
            if self.index.val().get_bit(0) {
                self.of_two[i].next = self.gemm.acc[i * 2 + 1].val();
            }
        }
        for i in 0..4 {
            self.of_four[i].next = self.of_two[i * 2].val();
            if self.index.val().get_bit(1) {
                self.of_four[i].next = self.of_two[i * 2 + 1].val();
            }
        }
        for i in 0..2 {
            self.of_eight[i].next = self.of_four[i * 2].val();
            if self.index.val().get_bit(2) {
                self.of_eight[i].next = self.of_four[i * 2 + 1].val();
            }
        }
        self.selected.next = self.of_eight[0].val();
        if self.index.val().get_bit(3) {
            self.selected.next = self.of_eight[1].val();
        }

        self.requantise.valid.next = self.read.val();
        self.requantise.acc.next = self.selected.val();
        self.requantise.multiplier.next = self.multiplier.val();
        self.requantise.shift.next = self.shift.val();
        self.requantise.zero.next = self.zero.val();
        self.requantise.dtype.next = self.dtype.val();
        self.out.next = self.requantise.out.val();
        self.out_valid.next = self.requantise.out_valid.val();
    }
}
