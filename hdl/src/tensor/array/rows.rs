//! The way of a GEMM's sums into the accumulators.

use super::row_walk::RowWalk;
use crate::stream::fifo::Fifo;
use rust_hdl::prelude::*;

/// Takes rows of sums as the array gives them, adds what the accumulators held where the instruction says so, and
/// writes them. R is 2^S rows a tile, C columns, T bits of a row's address; the queues hold 2^F rows, P is F + 1.
///
/// What the accumulators held is added at the end of the sum and not at its beginning, which is the same modulo 2^32:
/// so it takes C adders instead of a second set of R·C registers. It is read ahead, as far as its queue has room.
/// Whole tiles of sums have a place before their last step is taken, `room`, since the array cannot wait.
#[derive(LogicBlock)]
pub struct GemmRows<const C: usize, const T: usize, const S: usize, const F: usize, const P: usize> {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// Begins; the operands are there from two cycles before to the end.
    pub launch: Signal<In, Bit>,
    /// Forgets everything; high for as long as the array may still give rows.
    pub clear: Signal<In, Bit>,
    /// Adds to what the accumulators hold.
    pub accumulate: Signal<In, Bit>,
    /// Shifts it left by 8 bits first.
    pub shift: Signal<In, Bit>,
    /// Counts of m and n, at least 1.
    pub m_tiles: Signal<In, Bits<16>>,
    /// See `m_tiles`.
    pub n_tiles: Signal<In, Bits<16>>,
    /// The first tile, and tiles from one m to the next.
    pub acc: Signal<In, Bits<16>>,
    /// See `acc`.
    pub acc_pitch: Signal<In, Bits<16>>,
    /// The sums of another tile may end.
    pub room: Signal<Out, Bit>,
    /// They will.
    pub ends: Signal<In, Bit>,
    /// A row of sums.
    pub row: Vec<Signal<In, Bits<32>>>,
    /// There is one.
    pub row_valid: Signal<In, Bit>,
    /// Asks for a row of accumulators.
    pub read_valid: Signal<Out, Bit>,
    /// The next cycle has it.
    pub read_ready: Signal<In, Bit>,
    /// The row.
    pub read_address: Signal<Out, Bits<T>>,
    /// The row that was asked for a cycle ago.
    pub held: Vec<Signal<In, Bits<32>>>,
    /// Writes a row of accumulators.
    pub write_valid: Signal<Out, Bit>,
    /// It is written.
    pub write_ready: Signal<In, Bit>,
    /// The row.
    pub write_address: Signal<Out, Bits<T>>,
    /// Its values.
    pub write_row: Vec<Signal<Out, Bits<32>>>,
    /// All rows are written: low from the cycle after `launch` on.
    pub finished: Signal<Out, Bit>,
    sums: Vec<Fifo<32, F, P>>,
    olds: Vec<Fifo<32, F, P>>,
    reads: RowWalk<T, S>,
    writes: RowWalk<T, S>,
    /// Rows that were asked for and not taken yet.
    reserved: DFF<Bits<P>>,
    granted: DFF<Bit>,
    captured: DFF<Bit>,
    capture: Vec<DFF<Bits<32>>>,
    /// Tiles whose rows are not all taken yet, and cycles until another last step.
    tiles: DFF<Bits<P>>,
    spacing: DFF<Bits<8>>,
    taken_row: DFF<Bits<8>>,
    /// Both addends, then their sum.
    addends_valid: DFF<Bit>,
    sum: Vec<DFF<Bits<32>>>,
    old: Vec<DFF<Bits<32>>>,
    total_valid: DFF<Bit>,
    total: Vec<DFF<Bits<32>>>,
    may_read: Signal<Local, Bit>,
    reads_now: Signal<Local, Bit>,
    has_both: Signal<Local, Bit>,
    total_free: Signal<Local, Bit>,
    takes: Signal<Local, Bit>,
    takes_old: Signal<Local, Bit>,
    takes_tile: Signal<Local, Bit>,
    value: Signal<Local, Bits<32>>,
    capacity: Constant<Bits<P>>,
    capacity_tiles: Constant<Bits<P>>,
    last_row: Constant<Bits<8>>,
    no_wait: Constant<Bits<8>>,
    nothing: Constant<Bits<32>>,
}

impl<const C: usize, const T: usize, const S: usize, const F: usize, const P: usize> Default
    for GemmRows<C, T, S, F, P>
{
    fn default() -> Self {
        assert!(F > S, "the queues hold two tiles at least");
        let values = || (0..C).map(|_| DFF::default()).collect();
        Self {
            clock: Signal::default(),
            launch: Signal::default(),
            clear: Signal::default(),
            accumulate: Signal::default(),
            shift: Signal::default(),
            m_tiles: Signal::default(),
            n_tiles: Signal::default(),
            acc: Signal::default(),
            acc_pitch: Signal::default(),
            room: Signal::default(),
            ends: Signal::default(),
            row: (0..C).map(|_| Signal::default()).collect(),
            row_valid: Signal::default(),
            read_valid: Signal::default(),
            read_ready: Signal::default(),
            read_address: Signal::default(),
            held: (0..C).map(|_| Signal::default()).collect(),
            write_valid: Signal::default(),
            write_ready: Signal::default(),
            write_address: Signal::default(),
            write_row: (0..C).map(|_| Signal::default()).collect(),
            finished: Signal::default(),
            sums: (0..C).map(|_| Fifo::default()).collect(),
            olds: (0..C).map(|_| Fifo::default()).collect(),
            reads: RowWalk::default(),
            writes: RowWalk::default(),
            reserved: DFF::default(),
            granted: DFF::default(),
            captured: DFF::default(),
            capture: values(),
            tiles: DFF::default(),
            spacing: DFF::default(),
            taken_row: DFF::default(),
            addends_valid: DFF::default(),
            sum: values(),
            old: values(),
            total_valid: DFF::default(),
            total: values(),
            may_read: Signal::default(),
            reads_now: Signal::default(),
            has_both: Signal::default(),
            total_free: Signal::default(),
            takes: Signal::default(),
            takes_old: Signal::default(),
            takes_tile: Signal::default(),
            value: Signal::default(),
            capacity: Constant::new((1_u64 << F).into()),
            capacity_tiles: Constant::new((1_u64 << (F - S)).into()),
            last_row: Constant::new(((1_u64 << S) - 1).into()),
            no_wait: Constant::new(0_u64.into()),
            nothing: Constant::new(0_u64.into()),
        }
    }
}

impl<const C: usize, const T: usize, const S: usize, const F: usize, const P: usize> Logic
    for GemmRows<C, T, S, F, P>
{
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            reserved,
            granted,
            captured,
            tiles,
            spacing,
            taken_row,
            addends_valid,
            total_valid
        );
        clock!(self, clock, reads, writes);
        self.reads.clear.next = self.clear.val();
        self.reads.base.next = self.acc.val();
        self.reads.pitch.next = self.acc_pitch.val();
        self.reads.m_tiles.next = self.m_tiles.val();
        self.reads.n_tiles.next = self.n_tiles.val();
        self.reads.launch.next = self.launch.val() && self.accumulate.val();
        self.writes.clear.next = self.clear.val();
        self.writes.base.next = self.acc.val();
        self.writes.pitch.next = self.acc_pitch.val();
        self.writes.m_tiles.next = self.m_tiles.val();
        self.writes.n_tiles.next = self.n_tiles.val();
        self.writes.launch.next = self.launch.val();

        // What the accumulators hold, read ahead.
        self.may_read.next = self.reads.valid.val() && (self.reserved.q.val() != self.capacity.val());
        self.read_valid.next = self.may_read.val();
        self.read_address.next = self.reads.address.val();
        self.reads_now.next = self.may_read.val() && self.read_ready.val();
        self.reads.step.next = self.reads_now.val();
        self.granted.d.next = self.reads_now.val();
        self.captured.d.next = self.granted.q.val();

        // Both addends.
        self.total_free.next = !self.total_valid.q.val() || self.write_ready.val();
        self.has_both.next = self.sums[0].valid.val() && (self.olds[0].valid.val() || !self.accumulate.val());
        self.takes.next = self.has_both.val() && (self.total_free.val() || !self.addends_valid.q.val());
        self.takes_old.next = self.takes.val() && self.accumulate.val();
        for i in 0..C {
            self.capture[i].clock.next = self.clock.val();
            self.capture[i].d.next = self.held[i].val();
            self.olds[i].clock.next = self.clock.val();
            self.olds[i].clear.next = self.clear.val();
            self.olds[i].data.next = self.capture[i].q.val();
            self.olds[i].push.next = self.captured.q.val();
            self.olds[i].pop.next = self.takes_old.val();
            self.sums[i].clock.next = self.clock.val();
            self.sums[i].clear.next = self.clear.val();
            self.sums[i].data.next = self.row[i].val();
            self.sums[i].push.next = self.row_valid.val();
            self.sums[i].pop.next = self.takes.val();

            self.sum[i].clock.next = self.clock.val();
            self.sum[i].d.next = self.sum[i].q.val();
            self.old[i].clock.next = self.clock.val();
            self.old[i].d.next = self.old[i].q.val();
            self.value.next = self.olds[i].first.val();
            if self.shift.val() {
                self.value.next = self.value.val() << 8;
            }
            if !self.accumulate.val() {
                self.value.next = self.nothing.val();
            }
            if self.takes.val() {
                self.sum[i].d.next = self.sums[i].first.val();
                self.old[i].d.next = self.value.val();
            }
            self.total[i].clock.next = self.clock.val();
            self.total[i].d.next = self.total[i].q.val();
            if self.total_free.val() {
                self.total[i].d.next = self.sum[i].q.val() + self.old[i].q.val();
            }
            self.write_row[i].next = self.total[i].q.val();
        }
        if self.total_free.val() {
            self.total_valid.d.next = self.addends_valid.q.val();
            self.addends_valid.d.next = false;
        }
        if self.takes.val() {
            self.addends_valid.d.next = true;
        }
        self.write_valid.next = self.total_valid.q.val();
        self.write_address.next = self.writes.address.val();
        self.writes.step.next = self.total_valid.q.val() && self.write_ready.val();
        self.finished.next = !self.writes.valid.val();

        // Places in the queue of rows that are read ahead.
        if self.reads_now.val() && !self.takes_old.val() {
            self.reserved.d.next = self.reserved.q.val() + 1;
        }
        if self.takes_old.val() && !self.reads_now.val() {
            self.reserved.d.next = self.reserved.q.val() - 1;
        }
        // Places for the sums of whole tiles.
        self.takes_tile.next = self.takes.val() && (self.taken_row.q.val() == self.last_row.val());
        if self.takes.val() {
            self.taken_row.d.next = self.taken_row.q.val() + 1;
            if self.takes_tile.val() {
                self.taken_row.d.next = 0.into();
            }
        }
        if self.ends.val() && !self.takes_tile.val() {
            self.tiles.d.next = self.tiles.q.val() + 1;
        }
        if self.takes_tile.val() && !self.ends.val() {
            self.tiles.d.next = self.tiles.q.val() - 1;
        }
        // Rows of two tiles must not leave the array at once.
        if self.spacing.q.val() != self.no_wait.val() {
            self.spacing.d.next = self.spacing.q.val() - 1;
        }
        if self.ends.val() {
            self.spacing.d.next = self.last_row.val();
        }
        self.room.next =
            (self.tiles.q.val() != self.capacity_tiles.val()) && (self.spacing.q.val() == self.no_wait.val());

        if self.clear.val() {
            self.reserved.d.next = 0.into();
            self.granted.d.next = false;
            self.captured.d.next = false;
            self.tiles.d.next = 0.into();
            self.spacing.d.next = 0.into();
            self.taken_row.d.next = 0.into();
            self.addends_valid.d.next = false;
            self.total_valid.d.next = false;
        }
    }
}
