//! The scratchpad of accumulators: a memory for each column of a tile.

use super::turns::Turns;
use rust_hdl::prelude::*;

/// 2^T rows of C accumulators; row r of tile t is t·R + r. Compute shares the write port with load and the read port
/// with store, and comes first, see [`Turns`].
///
/// A read that is granted answers in the next cycle, in that cycle only; a read of a row that is written in the same
/// cycle gives anything.
#[derive(LogicBlock)]
pub struct Accumulators<const C: usize, const T: usize> {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// Compute writes a row.
    pub compute_write_valid: Signal<In, Bit>,
    /// It is written.
    pub compute_write_ready: Signal<Out, Bit>,
    /// The row.
    pub compute_write_address: Signal<In, Bits<T>>,
    /// The columns that are written.
    pub compute_write_mask: Signal<In, Bits<C>>,
    /// Their values.
    pub compute_write_row: Vec<Signal<In, Bits<32>>>,
    /// Load writes a row.
    pub load_write_valid: Signal<In, Bit>,
    /// It is written.
    pub load_write_ready: Signal<Out, Bit>,
    /// The row.
    pub load_write_address: Signal<In, Bits<T>>,
    /// The columns that are written.
    pub load_write_mask: Signal<In, Bits<C>>,
    /// Their values.
    pub load_write_row: Vec<Signal<In, Bits<32>>>,
    /// Compute reads a row.
    pub compute_read_valid: Signal<In, Bit>,
    /// The next cycle has it.
    pub compute_read_ready: Signal<Out, Bit>,
    /// The row.
    pub compute_read_address: Signal<In, Bits<T>>,
    /// Store reads a row.
    pub store_read_valid: Signal<In, Bit>,
    /// The next cycle has it.
    pub store_read_ready: Signal<Out, Bit>,
    /// The row.
    pub store_read_address: Signal<In, Bits<T>>,
    /// The row that was asked for a cycle ago, whoever asked.
    pub row: Vec<Signal<Out, Bits<32>>>,
    memories: Vec<RAM<Bits<32>, T>>,
    writes: Turns,
    reads: Turns,
    write_address: Signal<Local, Bits<T>>,
    read_address: Signal<Local, Bits<T>>,
    mask: Signal<Local, Bits<C>>,
    compute_writes: Signal<Local, Bit>,
    compute_reads: Signal<Local, Bit>,
    load_writes: Signal<Local, Bit>,
    no_columns: Constant<Bits<C>>,
}

impl<const C: usize, const T: usize> Default for Accumulators<C, T> {
    fn default() -> Self {
        Self {
            clock: Signal::default(),
            compute_write_valid: Signal::default(),
            compute_write_ready: Signal::default(),
            compute_write_address: Signal::default(),
            compute_write_mask: Signal::default(),
            compute_write_row: (0..C).map(|_| Signal::default()).collect(),
            load_write_valid: Signal::default(),
            load_write_ready: Signal::default(),
            load_write_address: Signal::default(),
            load_write_mask: Signal::default(),
            load_write_row: (0..C).map(|_| Signal::default()).collect(),
            compute_read_valid: Signal::default(),
            compute_read_ready: Signal::default(),
            compute_read_address: Signal::default(),
            store_read_valid: Signal::default(),
            store_read_ready: Signal::default(),
            store_read_address: Signal::default(),
            row: (0..C).map(|_| Signal::default()).collect(),
            memories: (0..C).map(|_| RAM::default()).collect(),
            writes: Turns::default(),
            reads: Turns::default(),
            write_address: Signal::default(),
            read_address: Signal::default(),
            mask: Signal::default(),
            compute_writes: Signal::default(),
            compute_reads: Signal::default(),
            load_writes: Signal::default(),
            no_columns: Constant::new(0_u64.into()),
        }
    }
}

impl<const C: usize, const T: usize> Logic for Accumulators<C, T> {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(self, clock, writes, reads);
        self.writes.first_valid.next = self.compute_write_valid.val();
        self.writes.second_valid.next = self.load_write_valid.val();
        self.compute_write_ready.next = self.writes.first_ready.val();
        self.load_write_ready.next = self.writes.second_ready.val();
        self.reads.first_valid.next = self.compute_read_valid.val();
        self.reads.second_valid.next = self.store_read_valid.val();
        self.compute_read_ready.next = self.reads.first_ready.val();
        self.store_read_ready.next = self.reads.second_ready.val();

        self.compute_writes.next = self.compute_write_valid.val() && self.writes.first_ready.val();
        self.load_writes.next = self.load_write_valid.val() && self.writes.second_ready.val();
        self.write_address.next = self.load_write_address.val();
        self.mask.next = self.no_columns.val();
        if self.load_writes.val() {
            self.mask.next = self.load_write_mask.val();
        }
        if self.compute_writes.val() {
            self.write_address.next = self.compute_write_address.val();
            self.mask.next = self.compute_write_mask.val();
        }
        self.compute_reads.next = self.compute_read_valid.val() && self.reads.first_ready.val();
        self.read_address.next = self.store_read_address.val();
        if self.compute_reads.val() {
            self.read_address.next = self.compute_read_address.val();
        }
        for i in 0..C {
            self.memories[i].read_clock.next = self.clock.val();
            self.memories[i].write_clock.next = self.clock.val();
            self.memories[i].read_address.next = self.read_address.val();
            self.row[i].next = self.memories[i].read_data.val();
            self.memories[i].write_address.next = self.write_address.val();
            self.memories[i].write_data.next = self.load_write_row[i].val();
            if self.compute_writes.val() {
                self.memories[i].write_data.next = self.compute_write_row[i].val();
            }
            self.memories[i].write_enable.next = self.mask.val().get_bit(i);
        }
    }
}
