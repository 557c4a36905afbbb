//! A value, some cycles later.

use rust_hdl::prelude::*;

/// A chain of registers.
#[derive(LogicBlock)]
pub struct Delay<const N: usize> {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// The value.
    pub data_in: Signal<In, Bits<N>>,
    /// The value of so many cycles ago.
    pub data_out: Signal<Out, Bits<N>>,
    stages: Vec<DFF<Bits<N>>>,
}

impl<const N: usize> Delay<N> {
    /// A delay of so many cycles, at least one.
    pub fn new(cycles: usize) -> Self {
        assert!(cycles > 0, "a chain has a register");
        Self {
            clock: Signal::default(),
            data_in: Signal::default(),
            data_out: Signal::default(),
            stages: (0..cycles).map(|_| DFF::default()).collect(),
        }
    }
}

impl<const N: usize> Logic for Delay<N> {
    #[hdl_gen]
    fn update(&mut self) {
        self.stages[0].d.next = self.data_in.val();
        for i in 1..self.stages.len() {
            self.stages[i].d.next = self.stages[i - 1].q.val();
        }
        // The last one assigned is the last one of the chain.
        for i in 0..self.stages.len() {
            self.stages[i].clock.next = self.clock.val();
            self.data_out.next = self.stages[i].q.val();
        }
    }
}
