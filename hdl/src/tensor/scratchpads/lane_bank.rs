//! The scratchpad of A or of B: a memory for each lane of a tile.

use rust_hdl::prelude::*;

/// 2^T tiles of L lanes. Reads answer in the next cycle; a read of a tile that is written in the same cycle gives
/// anything.
#[derive(LogicBlock)]
pub struct LaneBank<const L: usize, const T: usize> {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// The tile to read.
    pub read_address: Signal<In, Bits<T>>,
    /// The lanes of the tile that was asked for a cycle ago.
    pub lanes: Vec<Signal<Out, Bits<9>>>,
    /// The tile to write.
    pub write_address: Signal<In, Bits<T>>,
    /// Values for its lanes.
    pub write_lanes: Vec<Signal<In, Bits<9>>>,
    /// The lanes that are written.
    pub write_mask: Signal<In, Bits<L>>,
    memories: Vec<RAM<Bits<9>, T>>,
}

impl<const L: usize, const T: usize> Default for LaneBank<L, T> {
    fn default() -> Self {
        assert!(L >= 2, "Verilog has no bits of a single bit");
        Self {
            clock: Signal::default(),
            read_address: Signal::default(),
            lanes: (0..L).map(|_| Signal::default()).collect(),
            write_address: Signal::default(),
            write_lanes: (0..L).map(|_| Signal::default()).collect(),
            write_mask: Signal::default(),
            memories: (0..L).map(|_| RAM::default()).collect(),
        }
    }
}

impl<const L: usize, const T: usize> Logic for LaneBank<L, T> {
    #[hdl_gen]
    fn update(&mut self) {
        for i in 0..L {
            self.memories[i].read_clock.next = self.clock.val();
            self.memories[i].write_clock.next = self.clock.val();
            self.memories[i].read_address.next = self.read_address.val();
            self.lanes[i].next = self.memories[i].read_data.val();
            self.memories[i].write_address.next = self.write_address.val();
            self.memories[i].write_data.next = self.write_lanes[i].val();
            self.memories[i].write_enable.next = self.write_mask.val().get_bit(i);
        }
    }
}
