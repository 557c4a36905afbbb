//! The scratchpad of tables.

use rust_hdl::prelude::*;

/// 2^T entries of 32 bits, 256 a table. A read answers in the next cycle.
#[derive(LogicBlock, Default)]
pub struct Tables<const T: usize> {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// Writes an entry.
    pub write: Signal<In, Bit>,
    /// Its number: table·256 + entry.
    pub write_address: Signal<In, Bits<T>>,
    /// Its value.
    pub write_entry: Signal<In, Bits<32>>,
    /// The entry to read.
    pub read_address: Signal<In, Bits<T>>,
    /// The entry that was asked for a cycle ago.
    pub entry: Signal<Out, Bits<32>>,
    memory: RAM<Bits<32>, T>,
}

impl<const T: usize> Logic for Tables<T> {
    #[hdl_gen]
    fn update(&mut self) {
        self.memory.read_clock.next = self.clock.val();
        self.memory.write_clock.next = self.clock.val();
        self.memory.read_address.next = self.read_address.val();
        self.entry.next = self.memory.read_data.val();
        self.memory.write_address.next = self.write_address.val();
        self.memory.write_data.next = self.write_entry.val();
        self.memory.write_enable.next = self.write.val();
    }
}
