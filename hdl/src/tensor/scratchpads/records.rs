//! The scratchpad of requantisation records.

use rust_hdl::prelude::*;

/// 2^T records, and for each whether it was written since they were forgotten last.
///
/// The bit lies in the memory beside the record, so forgetting takes a cycle a record; nobody writes or reads
/// meanwhile. A read answers in the next cycle.
#[derive(LogicBlock)]
pub struct Records<const T: usize> {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// Forgets all records: a job begins. One cycle.
    pub forget: Signal<In, Bit>,
    /// They are being forgotten.
    pub forgetting: Signal<Out, Bit>,
    /// Writes a record.
    pub write: Signal<In, Bit>,
    /// Its number.
    pub write_address: Signal<In, Bits<T>>,
    /// The record as it lies in memory.
    pub write_record: Signal<In, Bits<64>>,
    /// The record to read.
    pub read_address: Signal<In, Bits<T>>,
    /// The record that was asked for a cycle ago.
    pub record: Signal<Out, Bits<64>>,
    /// It was written.
    pub known: Signal<Out, Bit>,
    memory: RAM<Bits<65>, T>,
    sweeping: DFF<Bit>,
    at: DFF<Bits<T>>,
    wide: Signal<Local, Bits<65>>,
    written: Constant<Bits<65>>,
    nothing: Constant<Bits<65>>,
    last: Constant<Bits<T>>,
}

impl<const T: usize> Default for Records<T> {
    fn default() -> Self {
        let written: Bits<65> = Bits::<65>::from(1_u64) << Bits::<16>::from(64_u64);
        Self {
            clock: Signal::default(),
            forget: Signal::default(),
            forgetting: Signal::default(),
            write: Signal::default(),
            write_address: Signal::default(),
            write_record: Signal::default(),
            read_address: Signal::default(),
            record: Signal::default(),
            known: Signal::default(),
            memory: RAM::default(),
            sweeping: DFF::default(),
            at: DFF::default(),
            wide: Signal::default(),
            written: Constant::new(written),
            nothing: Constant::new(0_u64.into()),
            last: Constant::new(((1_u64 << T) - 1).into()),
        }
    }
}

impl<const T: usize> Logic for Records<T> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, sweeping, at);
        self.memory.read_clock.next = self.clock.val();
        self.memory.write_clock.next = self.clock.val();
        self.memory.read_address.next = self.read_address.val();
        self.record.next = self.memory.read_data.val().get_bits::<64>(0);
        self.known.next = self.memory.read_data.val().get_bit(64);
        self.forgetting.next = self.sweeping.q.val();
        self.wide.next = bit_cast::<65, 64>(self.write_record.val());
        self.wide.next = self.wide.val() | self.written.val();
        self.memory.write_address.next = self.write_address.val();
        self.memory.write_enable.next = self.write.val();
        if self.sweeping.q.val() {
            self.wide.next = self.nothing.val();
            self.memory.write_address.next = self.at.q.val();
            self.memory.write_enable.next = true;
            self.at.d.next = self.at.q.val() + 1;
            if self.at.q.val() == self.last.val() {
                self.sweeping.d.next = false;
            }
        }
        self.memory.write_data.next = self.wide.val();
        if self.forget.val() {
            self.sweeping.d.next = true;
            self.at.d.next = 0.into();
        }
    }
}
