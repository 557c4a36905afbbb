//! GEMM as an instruction: checks, steps, array and accumulation.

use super::check::{GemmCheck, Sizes};
use super::products::Array;
use super::rows::GemmRows;
use super::sequencer::GemmSequencer;
use super::twin::Multipliers;
use metisvm_firmware::Status;
use rust_hdl::prelude::*;

/// Executes GEMM. Tiles have sides R = 2^S, C and D; AW is 9·D, W is 18 + log2 D; addresses have TA bits in A, TB in B
/// and T, a row's, in ACC; queues hold 2^F rows, P is F + 1.
///
/// Operands are checked first, in a dozen cycles; then the array multiplies two tiles a cycle. A GEMM is done when its
/// last row is in the accumulators, so the next instruction finds it there.
#[derive(LogicBlock)]
pub struct GemmUnit<
    const R: usize,
    const C: usize,
    const D: usize,
    const AW: usize,
    const W: usize,
    const TA: usize,
    const TB: usize,
    const T: usize,
    const S: usize,
    const F: usize,
    const P: usize,
> {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// One cycle, only while `idle`: executes the instruction.
    pub start: Signal<In, Bit>,
    /// The instruction, well-formed; it stays until `done`.
    pub words: [Signal<In, Bits<64>>; 4],
    /// One cycle: it is done.
    pub done: Signal<Out, Bit>,
    /// With `done`: 0, or the ABI's status of an operand that does not fit.
    pub status: Signal<Out, Bits<15>>,
    /// Gives up.
    pub stop: Signal<In, Bit>,
    /// An instruction may come.
    pub idle: Signal<Out, Bit>,
    /// Two tiles are multiplied in this cycle.
    pub steps: Signal<Out, Bit>,
    /// The tile of A whose lanes the next cycle has.
    pub a_address: Signal<Out, Bits<TA>>,
    /// Lane d of row r is r·D + d.
    pub a: Vec<Signal<In, Bits<9>>>,
    /// The tile of B whose lanes the next cycle has.
    pub b_address: Signal<Out, Bits<TB>>,
    /// Lane d of column c is d·C + c.
    pub b: Vec<Signal<In, Bits<9>>>,
    /// Asks for a row of accumulators.
    pub read_valid: Signal<Out, Bit>,
    /// The next cycle has it.
    pub read_ready: Signal<In, Bit>,
    /// The row.
    pub read_address: Signal<Out, Bits<T>>,
    /// The row that was asked for a cycle ago.
    pub held: Vec<Signal<In, Bits<32>>>,
    /// Writes a row of accumulators, all of its columns.
    pub write_valid: Signal<Out, Bit>,
    /// It is written.
    pub write_ready: Signal<In, Bit>,
    /// The row.
    pub write_address: Signal<Out, Bits<T>>,
    /// Its values.
    pub write_row: Vec<Signal<Out, Bits<32>>>,
    check: GemmCheck,
    sequencer: GemmSequencer<TA, TB>,
    array: Array<R, C, D, AW, W>,
    rows: GemmRows<C, T, S, F, P>,
    checking: DFF<Bit>,
    multiplying: DFF<Bit>,
    begins: DFF<Bit>,
    /// Counts the cycles in which the array may still give rows of what was given up.
    flushing: DFF<Bits<7>>,
    done_out: DFF<Bit>,
    status_out: DFF<Bits<15>>,
    flushes: Signal<Local, Bit>,
    m_tiles: Signal<Local, Bits<16>>,
    n_tiles: Signal<Local, Bits<16>>,
    k_tiles: Signal<Local, Bits<16>>,
    acc: Signal<Local, Bits<16>>,
    acc_pitch: Signal<Local, Bits<16>>,
    a_base: Signal<Local, Bits<16>>,
    a_pitch: Signal<Local, Bits<16>>,
    a_step: Signal<Local, Bits<16>>,
    b_base: Signal<Local, Bits<16>>,
    b_pitch: Signal<Local, Bits<16>>,
    b_step: Signal<Local, Bits<16>>,
    invalid_operand: Constant<Bits<15>>,
    flush_cycles: Constant<Bits<7>>,
    no_cycles: Constant<Bits<7>>,
}

impl<
    const R: usize,
    const C: usize,
    const D: usize,
    const AW: usize,
    const W: usize,
    const TA: usize,
    const TB: usize,
    const T: usize,
    const S: usize,
    const F: usize,
    const P: usize,
> GemmUnit<R, C, D, AW, W, TA, TB, T, S, F, P>
{
    /// A unit with such multipliers, for scratchpads of such sizes.
    pub fn new(multipliers: Multipliers, sizes: Sizes) -> Self {
        assert_eq!(R, 1 << S, "a tile has 2^S rows");
        let flush = 2 * R + 24;
        assert!(flush < 128, "rows leave the array within 127 cycles");
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
            held: (0..C).map(|_| Signal::default()).collect(),
            write_valid: Signal::default(),
            write_ready: Signal::default(),
            write_address: Signal::default(),
            write_row: (0..C).map(|_| Signal::default()).collect(),
            check: GemmCheck::new(sizes),
            sequencer: GemmSequencer::default(),
            array: Array::new(multipliers),
            rows: GemmRows::default(),
            checking: DFF::default(),
            multiplying: DFF::default(),
            begins: DFF::default(),
            flushing: DFF::default(),
            done_out: DFF::default(),
            status_out: DFF::default(),
            flushes: Signal::default(),
            m_tiles: Signal::default(),
            n_tiles: Signal::default(),
            k_tiles: Signal::default(),
            acc: Signal::default(),
            acc_pitch: Signal::default(),
            a_base: Signal::default(),
            a_pitch: Signal::default(),
            a_step: Signal::default(),
            b_base: Signal::default(),
            b_pitch: Signal::default(),
            b_step: Signal::default(),
            invalid_operand: Constant::new(u64::from(Status::InvalidOperand as u16).into()),
            flush_cycles: Constant::new((flush as u64).into()),
            no_cycles: Constant::new(0_u64.into()),
        }
    }
}

impl<
    const R: usize,
    const C: usize,
    const D: usize,
    const AW: usize,
    const W: usize,
    const TA: usize,
    const TB: usize,
    const T: usize,
    const S: usize,
    const F: usize,
    const P: usize,
> Logic for GemmUnit<R, C, D, AW, W, TA, TB, T, S, F, P>
{
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            checking,
            multiplying,
            begins,
            flushing,
            done_out,
            status_out
        );
        clock!(self, clock, check, sequencer, array, rows);
        self.m_tiles.next = self.words[0].val().get_bits::<16>(32);
        self.n_tiles.next = self.words[0].val().get_bits::<16>(48);
        self.k_tiles.next = self.words[1].val().get_bits::<16>(0);
        self.acc.next = self.words[1].val().get_bits::<16>(16);
        self.acc_pitch.next = self.words[1].val().get_bits::<16>(32);
        self.a_base.next = self.words[1].val().get_bits::<16>(48);
        self.a_pitch.next = self.words[2].val().get_bits::<16>(0);
        self.a_step.next = self.words[2].val().get_bits::<16>(16);
        self.b_base.next = self.words[2].val().get_bits::<16>(32);
        self.b_pitch.next = self.words[2].val().get_bits::<16>(48);
        self.b_step.next = self.words[3].val().get_bits::<16>(0);

        self.check.launch.next = self.start.val();
        self.check.m_tiles.next = self.m_tiles.val();
        self.check.n_tiles.next = self.n_tiles.val();
        self.check.k_tiles.next = self.k_tiles.val();
        self.check.acc.next = self.acc.val();
        self.check.acc_pitch.next = self.acc_pitch.val();
        self.check.a.next = self.a_base.val();
        self.check.a_pitch.next = self.a_pitch.val();
        self.check.a_step.next = self.a_step.val();
        self.check.b.next = self.b_base.val();
        self.check.b_pitch.next = self.b_pitch.val();
        self.check.b_step.next = self.b_step.val();

        self.sequencer.launch.next = self.begins.q.val();
        self.sequencer.m_tiles.next = self.m_tiles.val();
        self.sequencer.n_tiles.next = self.n_tiles.val();
        self.sequencer.k_tiles.next = self.k_tiles.val();
        self.sequencer.a.next = self.a_base.val();
        self.sequencer.a_pitch.next = self.a_pitch.val();
        self.sequencer.a_step.next = self.a_step.val();
        self.sequencer.b.next = self.b_base.val();
        self.sequencer.b_pitch.next = self.b_pitch.val();
        self.sequencer.b_step.next = self.b_step.val();
        self.sequencer.room.next = self.rows.room.val();
        self.a_address.next = self.sequencer.a_address.val();
        self.b_address.next = self.sequencer.b_address.val();

        self.array.step.next = self.sequencer.step.val();
        self.steps.next = self.sequencer.step.val();
        self.array.first.next = self.sequencer.first.val();
        self.array.last.next = self.sequencer.last.val();
        for i in 0..self.a.len() {
            self.array.a[i].next = self.a[i].val();
        }
        for i in 0..self.b.len() {
            self.array.b[i].next = self.b[i].val();
        }

        self.rows.launch.next = self.begins.q.val();
        self.rows.accumulate.next = self.words[0].val().get_bit(16);
        self.rows.shift.next = self.words[0].val().get_bit(17);
        self.rows.m_tiles.next = self.m_tiles.val();
        self.rows.n_tiles.next = self.n_tiles.val();
        self.rows.acc.next = self.acc.val();
        self.rows.acc_pitch.next = self.acc_pitch.val();
        self.rows.ends.next = self.sequencer.ends.val();
        self.rows.row_valid.next = self.array.row_valid.val();
        self.read_valid.next = self.rows.read_valid.val();
        self.rows.read_ready.next = self.read_ready.val();
        self.read_address.next = self.rows.read_address.val();
        self.write_valid.next = self.rows.write_valid.val();
        self.rows.write_ready.next = self.write_ready.val();
        self.write_address.next = self.rows.write_address.val();
        for i in 0..C {
            self.rows.row[i].next = self.array.row[i].val();
            self.rows.held[i].next = self.held[i].val();
            self.write_row[i].next = self.rows.write_row[i].val();
        }

        self.done.next = self.done_out.q.val();
        self.status.next = self.status_out.q.val();
        self.done_out.d.next = false;
        self.status_out.d.next = 0.into();
        self.begins.d.next = false;
        if self.start.val() {
            self.checking.d.next = true;
        }
        if self.checking.q.val() && self.check.done.val() {
            self.checking.d.next = false;
            if self.check.wrong.val() {
                self.done_out.d.next = true;
                self.status_out.d.next = self.invalid_operand.val();
            } else {
                self.begins.d.next = true;
                self.multiplying.d.next = true;
            }
        }
        if self.multiplying.q.val() && !self.begins.q.val() && self.rows.finished.val() {
            self.multiplying.d.next = false;
            self.done_out.d.next = true;
        }

        self.flushes.next = self.flushing.q.val() != self.no_cycles.val();
        self.idle.next = !self.flushes.val()
            && !self.checking.q.val()
            && !self.multiplying.q.val()
            && !self.done_out.q.val();
        self.check.clear.next = self.flushes.val();
        self.sequencer.clear.next = self.flushes.val();
        self.rows.clear.next = self.flushes.val();
        if self.flushes.val() {
            self.flushing.d.next = self.flushing.q.val() - 1;
            self.checking.d.next = false;
            self.multiplying.d.next = false;
            self.begins.d.next = false;
            self.done_out.d.next = false;
        }
        if self.stop.val() {
            self.flushing.d.next = self.flush_cycles.val();
            self.checking.d.next = false;
            self.multiplying.d.next = false;
            self.begins.d.next = false;
            self.done_out.d.next = false;
        }
    }
}
