//! Who uses a port of the accumulators.

use rust_hdl::prelude::*;

/// Two requests for one port: the first one wins, but after seven cycles of waiting it is the second one's turn.
///
/// Whoever asks goes on asking until it is granted; a request that is withdrawn costs the other one a cycle at most.
#[derive(LogicBlock)]
pub struct Turns {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// The first one asks. It need not ask to know whether it would be granted.
    pub first_valid: Signal<In, Bit>,
    /// It is granted.
    pub first_ready: Signal<Out, Bit>,
    /// The second one asks.
    pub second_valid: Signal<In, Bit>,
    /// It is granted.
    pub second_ready: Signal<Out, Bit>,
    waited: DFF<Bits<3>>,
    its_turn: Signal<Local, Bit>,
    second_waits: Signal<Local, Bit>,
    patience: Constant<Bits<3>>,
}

impl Default for Turns {
    fn default() -> Self {
        Self {
            clock: Signal::default(),
            first_valid: Signal::default(),
            first_ready: Signal::default(),
            second_valid: Signal::default(),
            second_ready: Signal::default(),
            waited: DFF::default(),
            its_turn: Signal::default(),
            second_waits: Signal::default(),
            patience: Constant::new(7_u64.into()),
        }
    }
}

impl Logic for Turns {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, waited);
        self.its_turn.next = self.waited.q.val() == self.patience.val();
        // Of a register alone: what waits for it is fast.
        self.first_ready.next = !self.its_turn.val();
        self.second_ready.next = self.its_turn.val() || !self.first_valid.val();
        self.second_waits.next = self.second_valid.val() && self.first_valid.val() && !self.its_turn.val();
        self.waited.d.next = 0.into();
        if self.second_waits.val() {
            self.waited.d.next = self.waited.q.val() + 1;
        }
    }
}
