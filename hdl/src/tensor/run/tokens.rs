//! The four links of tokens between the modules, and when a module may begin.

use rust_hdl::prelude::*;

/// Counts what lies on each link, 0 to 1023. An instruction begins, the cycle that `begin` says, when its module is at
/// none, the tokens that it takes are there and the links that it gives to have room; it gives when it is done. A link
/// has one module that gives and one that takes, so room that was there stays.
///
/// Modules are 0 load, 1 compute, 2 store. An instruction's tokens are the bits pop_prev, pop_next, push_prev,
/// push_next of its encoding; load has no neighbour before it, store none after it.
#[derive(LogicBlock, Default)]
pub struct Tokens {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// No tokens, and all modules at rest.
    pub clear: Signal<In, Bit>,
    /// Nothing begins.
    pub hold: Signal<In, Bit>,
    /// A module's next instruction is there.
    pub ready: [Signal<In, Bit>; 3],
    /// Its tokens.
    pub tokens: [Signal<In, Bits<4>>; 3],
    /// A module has no further instruction.
    pub ended: [Signal<In, Bit>; 3],
    /// What a module is at is done.
    pub done: [Signal<In, Bit>; 3],
    /// A module's next instruction begins.
    pub begin: [Signal<Out, Bit>; 3],
    /// A module is at one.
    pub running: [Signal<Out, Bit>; 3],
    /// A module waits for tokens, or for room for them.
    pub blocked: [Signal<Out, Bit>; 3],
    /// All modules that have not ended are blocked, and nothing is under way that could help them.
    pub stuck: Signal<Out, Bit>,
    /// All modules have ended.
    pub finished: Signal<Out, Bit>,
    /// A token lies on a link.
    pub left: Signal<Out, Bit>,
    load_compute: DFF<Bits<10>>,
    compute_load: DFF<Bits<10>>,
    compute_store: DFF<Bits<10>>,
    store_compute: DFF<Bits<10>>,
    // What the instruction that a module is at gives when it is done.
    load_gives: DFF<Bit>,
    compute_gives_load: DFF<Bit>,
    compute_gives_store: DFF<Bit>,
    store_gives: DFF<Bit>,
    at: [DFF<Bit>; 3],
    fits: [Signal<Local, Bit>; 3],
    begins: [Signal<Local, Bit>; 3],
    ends: [Signal<Local, Bit>; 3],
    waits: [Signal<Local, Bit>; 3],
    at_rest: Signal<Local, Bit>,
    push: [Signal<Local, Bit>; 4],
    pop: [Signal<Local, Bit>; 4],
}

impl Logic for Tokens {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            load_compute,
            compute_load,
            compute_store,
            store_compute,
            load_gives,
            compute_gives_load,
            compute_gives_store,
            store_gives
        );
        self.fits[0].next = (!self.tokens[0].val().get_bit(1) || self.compute_load.q.val().any())
            && (!self.tokens[0].val().get_bit(3) || !self.load_compute.q.val().all());
        self.fits[1].next = (!self.tokens[1].val().get_bit(0) || self.load_compute.q.val().any())
            && (!self.tokens[1].val().get_bit(1) || self.store_compute.q.val().any())
            && (!self.tokens[1].val().get_bit(2) || !self.compute_load.q.val().all())
            && (!self.tokens[1].val().get_bit(3) || !self.compute_store.q.val().all());
        self.fits[2].next = (!self.tokens[2].val().get_bit(0) || self.compute_store.q.val().any())
            && (!self.tokens[2].val().get_bit(2) || !self.store_compute.q.val().all());
        self.at_rest.next = true;
        self.stuck.next = false;
        self.finished.next = true;
        for i in 0..3 {
            self.begins[i].next =
                self.ready[i].val() && self.fits[i].val() && !self.at[i].q.val() && !self.hold.val();
            self.begin[i].next = self.begins[i].val();
            self.ends[i].next = self.at[i].q.val() && self.done[i].val();
            self.waits[i].next = self.ready[i].val() && !self.fits[i].val();
            self.blocked[i].next = self.waits[i].val();
            self.running[i].next = self.at[i].q.val();
            self.at[i].clock.next = self.clock.val();
            self.at[i].d.next = self.begins[i].val() || (self.at[i].q.val() && !self.ends[i].val());
            if self.clear.val() {
                self.at[i].d.next = false;
            }
            if self.at[i].q.val() {
                self.at_rest.next = false;
            }
            if !self.ended[i].val() {
                self.finished.next = false;
                self.stuck.next = true;
            }
        }
        for i in 0..3 {
            if !self.at_rest.val() || (!self.ended[i].val() && !self.waits[i].val()) {
                self.stuck.next = false;
            }
        }
        if !self.at_rest.val() {
            self.finished.next = false;
        }
        self.left.next = self.load_compute.q.val().any()
            || self.compute_load.q.val().any()
            || self.compute_store.q.val().any()
            || self.store_compute.q.val().any();

        if self.begins[0].val() {
            self.load_gives.d.next = self.tokens[0].val().get_bit(3);
        }
        if self.begins[1].val() {
            self.compute_gives_load.d.next = self.tokens[1].val().get_bit(2);
            self.compute_gives_store.d.next = self.tokens[1].val().get_bit(3);
        }
        if self.begins[2].val() {
            self.store_gives.d.next = self.tokens[2].val().get_bit(2);
        }
        self.push[0].next = self.ends[0].val() && self.load_gives.q.val();
        self.push[1].next = self.ends[1].val() && self.compute_gives_load.q.val();
        self.push[2].next = self.ends[1].val() && self.compute_gives_store.q.val();
        self.push[3].next = self.ends[2].val() && self.store_gives.q.val();
        self.pop[0].next = self.begins[1].val() && self.tokens[1].val().get_bit(0);
        self.pop[1].next = self.begins[0].val() && self.tokens[0].val().get_bit(1);
        self.pop[2].next = self.begins[2].val() && self.tokens[2].val().get_bit(0);
        self.pop[3].next = self.begins[1].val() && self.tokens[1].val().get_bit(1);
        if self.push[0].val() && !self.pop[0].val() {
            self.load_compute.d.next = self.load_compute.q.val() + 1;
        }
        if self.pop[0].val() && !self.push[0].val() {
            self.load_compute.d.next = self.load_compute.q.val() - 1;
        }
        if self.push[1].val() && !self.pop[1].val() {
            self.compute_load.d.next = self.compute_load.q.val() + 1;
        }
        if self.pop[1].val() && !self.push[1].val() {
            self.compute_load.d.next = self.compute_load.q.val() - 1;
        }
        if self.push[2].val() && !self.pop[2].val() {
            self.compute_store.d.next = self.compute_store.q.val() + 1;
        }
        if self.pop[2].val() && !self.push[2].val() {
            self.compute_store.d.next = self.compute_store.q.val() - 1;
        }
        if self.push[3].val() && !self.pop[3].val() {
            self.store_compute.d.next = self.store_compute.q.val() + 1;
        }
        if self.pop[3].val() && !self.push[3].val() {
            self.store_compute.d.next = self.store_compute.q.val() - 1;
        }
        if self.clear.val() {
            self.load_compute.d.next = 0.into();
            self.compute_load.d.next = 0.into();
            self.compute_store.d.next = 0.into();
            self.store_compute.d.next = 0.into();
        }
    }
}
