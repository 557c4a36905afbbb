//! When a STORE is done: when its words can be read.

use rust_hdl::prelude::*;

/// Stands between the store module and the runner. Writes are posted, so that memory has taken them says nothing; a
/// token after the STORE lets a LOAD begin, which must read what was stored. What was given up is at rest after its
/// writes, too.
#[derive(LogicBlock, Default)]
pub struct Settle {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// The module: its instruction is done, all writes are taken.
    pub module_done: Signal<In, Bit>,
    /// It has nothing to do.
    pub module_idle: Signal<In, Bit>,
    /// It gives up.
    pub stop: Signal<In, Bit>,
    /// Every word that was taken can be read by now.
    pub settled: Signal<In, Bit>,
    /// The instruction is done.
    pub done: Signal<Out, Bit>,
    /// There is nothing to do, and nothing on its way.
    pub idle: Signal<Out, Bit>,
    waiting: DFF<Bit>,
    draining: DFF<Bit>,
}

impl Logic for Settle {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, waiting, draining);
        self.done.next = self.waiting.q.val() && self.settled.val();
        self.idle.next = self.module_idle.val() && !self.waiting.q.val() && !self.draining.q.val();
        if self.settled.val() {
            self.waiting.d.next = false;
            if self.module_idle.val() {
                self.draining.d.next = false;
            }
        }
        if self.module_done.val() {
            self.waiting.d.next = true;
        }
        if self.stop.val() {
            self.waiting.d.next = false;
            self.draining.d.next = true;
        }
    }
}
