//! The compute module: GEMM and VECTOR, between the same scratchpads.

use crate::tensor::array::check::Sizes;
use crate::tensor::array::twin::Multipliers;
use crate::tensor::array::unit::GemmUnit;
use crate::tensor::vector::unit::VectorUnit;
use metisvm_firmware::Geometry;
use rust_hdl::prelude::*;

/// Gives an instruction to the unit of its opcode, and that unit the ports of ACC. Of the parameters see [`GemmUnit`]
/// and [`VectorUnit`]; VW is 32·C, VP is 64·C.
#[derive(LogicBlock)]
#[rustfmt::skip]
pub struct Compute<
    const R: usize, const C: usize, const D: usize, const AW: usize, const W: usize, const TA: usize,
    const TB: usize, const T: usize, const S: usize, const F: usize, const P: usize, const VW: usize,
    const VP: usize,
> {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// Begins the instruction in `words`, which stay until `done`; only while `idle`.
    pub start: Signal<In, Bit>,
    /// A canonical GEMM or VECTOR.
    pub words: [Signal<In, Bits<64>>; 4],
    /// It is done; one cycle.
    pub done: Signal<Out, Bit>,
    /// With `done`: 0, or 9, 11.
    pub status: Signal<Out, Bits<15>>,
    /// Gives up; one cycle.
    pub stop: Signal<In, Bit>,
    /// Nothing is in progress.
    pub idle: Signal<Out, Bit>,
    /// Two tiles are multiplied in this cycle.
    pub steps: Signal<Out, Bit>,
    /// The tile of A whose lanes the next cycle has.
    pub a_address: Signal<Out, Bits<TA>>,
    /// Its lanes.
    pub a: Vec<Signal<In, Bits<9>>>,
    /// The tile of B whose lanes the next cycle has.
    pub b_address: Signal<Out, Bits<TB>>,
    /// Its lanes.
    pub b: Vec<Signal<In, Bits<9>>>,
    /// Asks for a row of accumulators.
    pub read_valid: Signal<Out, Bit>,
    /// The next cycle has it.
    pub read_ready: Signal<In, Bit>,
    /// The row.
    pub read_address: Signal<Out, Bits<T>>,
    /// The row that was asked for a cycle ago.
    pub read_row: Vec<Signal<In, Bits<32>>>,
    /// Writes a row of accumulators.
    pub write_valid: Signal<Out, Bit>,
    /// It is written.
    pub write_ready: Signal<In, Bit>,
    /// The row.
    pub write_address: Signal<Out, Bits<T>>,
    /// The columns that are written.
    pub write_mask: Signal<Out, Bits<C>>,
    /// Their values.
    pub write_row: Vec<Signal<Out, Bits<32>>>,
    /// A record that the next cycle has.
    pub param_address: Signal<Out, Bits<16>>,
    /// The record.
    pub param_record: Signal<In, Bits<64>>,
    /// It was loaded.
    pub param_loaded: Signal<In, Bit>,
    /// table·256 + entry, which the next cycle has.
    pub table_address: Signal<Out, Bits<24>>,
    /// The entry.
    pub table_entry: Signal<In, Bits<32>>,
    gemm: GemmUnit<R, C, D, AW, W, TA, TB, T, S, F, P>,
    vector: VectorUnit<C, VW, VP>,
    is_vector: DFF<Bit>,
    opcode: Signal<Local, Bits<8>>,
    piece: Signal<Local, Bits<32>>,
    piece_wide: Signal<Local, Bits<VW>>,
    wide_row: Signal<Local, Bits<VW>>,
    vector_row: Signal<Local, Bits<VW>>,
    up: Vec<Constant<Bits<16>>>,
    all_columns: Constant<Bits<C>>,
}

#[rustfmt::skip]
impl<
    const R: usize, const C: usize, const D: usize, const AW: usize, const W: usize, const TA: usize,
    const TB: usize, const T: usize, const S: usize, const F: usize, const P: usize, const VW: usize,
    const VP: usize,
> Compute<R, C, D, AW, W, TA, TB, T, S, F, P, VW, VP> {
    /// For such scratchpads, with such multipliers and so many requantise units.
    pub fn new(geometry: &Geometry, multipliers: Multipliers, requantise_units: usize) -> Self {
        let sizes = Sizes {
            a: geometry.a_tiles,
            b: geometry.b_tiles,
            acc: geometry.acc_tiles,
        };
        Self {
            clock: Signal::default(),
            start: Signal::default(),
            words: Default::default(),
            done: Signal::default(),
            status: Signal::default(),
            stop: Signal::default(),
            idle: Signal::default(),
            steps: Signal::default(),
            a_address: Signal::default(),
            a: (0..R * D).map(|_| Signal::default()).collect(),
            b_address: Signal::default(),
            b: (0..D * C).map(|_| Signal::default()).collect(),
            read_valid: Signal::default(),
            read_ready: Signal::default(),
            read_address: Signal::default(),
            read_row: (0..C).map(|_| Signal::default()).collect(),
            write_valid: Signal::default(),
            write_ready: Signal::default(),
            write_address: Signal::default(),
            write_mask: Signal::default(),
            write_row: (0..C).map(|_| Signal::default()).collect(),
            param_address: Signal::default(),
            param_record: Signal::default(),
            param_loaded: Signal::default(),
            table_address: Signal::default(),
            table_entry: Signal::default(),
            gemm: GemmUnit::new(multipliers, sizes),
            vector: VectorUnit::new(geometry, requantise_units),
            is_vector: DFF::default(),
            opcode: Signal::default(),
            piece: Signal::default(),
            piece_wide: Signal::default(),
            wide_row: Signal::default(),
            vector_row: Signal::default(),
            up: (0..C).map(|column| Constant::new((32 * column as u64).into())).collect(),
            all_columns: Constant::new(((1_u64 << C) - 1).into()),
        }
    }
}

#[rustfmt::skip]
impl<
    const R: usize, const C: usize, const D: usize, const AW: usize, const W: usize, const TA: usize,
    const TB: usize, const T: usize, const S: usize, const F: usize, const P: usize, const VW: usize,
    const VP: usize,
> Logic for Compute<R, C, D, AW, W, TA, TB, T, S, F, P, VW, VP> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, is_vector);
        clock!(self, clock, gemm, vector);
        self.opcode.next = self.words[0].val().get_bits::<8>(0);
        self.gemm.start.next = self.start.val() && (self.opcode.val() == bits::<8>(4));
        self.vector.start.next = self.start.val() && (self.opcode.val() == bits::<8>(5));
        if self.start.val() {
            self.is_vector.d.next = self.opcode.val() == bits::<8>(5);
        }
        self.gemm.stop.next = self.stop.val();
        self.vector.stop.next = self.stop.val();
        for i in 0..4 {
            self.gemm.words[i].next = self.words[i].val();
            self.vector.words[i].next = self.words[i].val();
        }
        self.done.next = self.gemm.done.val() || self.vector.done.val();
        self.status.next = self.gemm.status.val();
        self.idle.next = self.gemm.idle.val() && !self.vector.busy.val();
        self.steps.next = self.gemm.steps.val();

        // A and B are GEMM's, PARAM and TABLE are VECTOR's.
        self.a_address.next = self.gemm.a_address.val();
        self.b_address.next = self.gemm.b_address.val();
        for i in 0..self.a.len() {
            self.gemm.a[i].next = self.a[i].val();
        }
        for i in 0..self.b.len() {
            self.gemm.b[i].next = self.b[i].val();
        }
        self.param_address.next = self.vector.param_address.val();
        self.vector.param_record.next = self.param_record.val();
        self.vector.param_loaded.next = self.param_loaded.val();
        self.table_address.next = self.vector.table_address.val();
        self.vector.table_entry.next = self.table_entry.val();

        // ACC is both's.
        self.read_valid.next = self.gemm.read_valid.val();
        self.read_address.next = self.gemm.read_address.val();
        self.write_valid.next = self.gemm.write_valid.val();
        self.write_address.next = self.gemm.write_address.val();
        self.write_mask.next = self.all_columns.val();
        if self.is_vector.q.val() {
            self.status.next = self.vector.status.val();
            self.read_valid.next = self.vector.acc_read_valid.val();
            self.read_address.next = self.vector.acc_read_address.val().get_bits::<T>(0);
            self.write_valid.next = self.vector.acc_write_valid.val();
            self.write_address.next = self.vector.acc_write_address.val().get_bits::<T>(0);
            self.write_mask.next = self.vector.acc_write_mask.val();
        }
        self.gemm.read_ready.next = self.read_ready.val() && !self.is_vector.q.val();
        self.gemm.write_ready.next = self.write_ready.val() && !self.is_vector.q.val();
        self.vector.acc_read_ready.next = self.read_ready.val() && self.is_vector.q.val();
        self.vector.acc_write_ready.next = self.write_ready.val() && self.is_vector.q.val();
        self.wide_row.next = 0.into();
        self.vector_row.next = self.vector.acc_write_data.val();
        for i in 0..C {
            self.piece.next = self.read_row[i].val();
            self.gemm.held[i].next = self.read_row[i].val();
            self.piece_wide.next = bit_cast::<VW, 32>(self.piece.val());
            self.wide_row.next = self.wide_row.val() | (self.piece_wide.val() << self.up[i].val());
            self.write_row[i].next = self.gemm.write_row[i].val();
            if self.is_vector.q.val() {
                self.write_row[i].next = self.vector_row.val().get_bits::<32>(i * 32);
            }
        }
        self.vector.acc_read_data.next = self.wide_row.val();
    }
}
