//! What counters count of the engine: which parts work and which wait.

use rust_hdl::prelude::*;

/// One bit an event, high in the cycles in which it holds, a cycle late. Modules are 0 load, 1 compute, 2 store.
#[derive(LogicBlock, Default)]
pub struct Duty {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// A module begins an instruction.
    pub start: [Signal<In, Bit>; 3],
    /// It is done.
    pub done: [Signal<In, Bit>; 3],
    /// All give up.
    pub halt: Signal<In, Bit>,
    /// An item is on, and the module has further instructions but is at none.
    pub pauses: [Signal<In, Bit>; 3],
    /// Two tiles are multiplied.
    pub step: Signal<In, Bit>,
    /// Load would take a word.
    pub wants_word: Signal<In, Bit>,
    /// There is one.
    pub has_word: Signal<In, Bit>,
    /// See `step`.
    pub array_steps: Signal<Out, Bit>,
    /// Load has an instruction.
    pub load_busy: Signal<Out, Bit>,
    /// Compute has one.
    pub compute_busy: Signal<Out, Bit>,
    /// Store has one.
    pub store_busy: Signal<Out, Bit>,
    /// Load waits for tokens, or for its next instruction.
    pub load_waits: Signal<Out, Bit>,
    /// Compute does.
    pub compute_waits: Signal<Out, Bit>,
    /// Store does.
    pub store_waits: Signal<Out, Bit>,
    /// Load waits for the memory.
    pub memory_waits: Signal<Out, Bit>,
    busy: [DFF<Bit>; 3],
    waits: [DFF<Bit>; 3],
    steps: DFF<Bit>,
    starves: DFF<Bit>,
}

impl Logic for Duty {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, steps, starves);
        for i in 0..3 {
            self.busy[i].clock.next = self.clock.val();
            self.waits[i].clock.next = self.clock.val();
            self.busy[i].d.next = self.busy[i].q.val();
            if self.done[i].val() || self.halt.val() {
                self.busy[i].d.next = false;
            }
            if self.start[i].val() {
                self.busy[i].d.next = true;
            }
            self.waits[i].d.next = self.pauses[i].val();
        }
        self.steps.d.next = self.step.val();
        self.starves.d.next = self.wants_word.val() && !self.has_word.val();
        self.array_steps.next = self.steps.q.val();
        self.load_busy.next = self.busy[0].q.val();
        self.compute_busy.next = self.busy[1].q.val();
        self.store_busy.next = self.busy[2].q.val();
        self.load_waits.next = self.waits[0].q.val();
        self.compute_waits.next = self.waits[1].q.val();
        self.store_waits.next = self.waits[2].q.val();
        self.memory_waits.next = self.starves.q.val();
    }
}
