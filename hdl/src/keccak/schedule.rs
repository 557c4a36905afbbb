//! When a core takes a block, executes rounds and hands a digest over.

use super::round::ROUNDS;
use rust_hdl::prelude::*;

/// Decides in each cycle what is done in the next one, and keeps it in registers: it goes to all 1,600 bits
/// of the state, and the way there takes most of a cycle.
#[derive(LogicBlock)]
pub(super) struct Schedule {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// Forget everything.
    pub clear: Signal<In, Bit>,
    /// There is a block.
    pub block_valid: Signal<In, Bit>,
    /// It ends its message.
    pub block_last: Signal<In, Bit>,
    /// There will be a place for a digest in the next cycle.
    pub will_be_free: Signal<In, Bit>,
    /// A block is taken, to be absorbed in the cycle after.
    pub takes: Signal<Out, Bit>,
    /// A round, or as many as a cycle has, is executed.
    pub goes: Signal<Out, Bit>,
    /// The state is written: by a round, or by absorbing a message's first block.
    pub writes: Signal<Out, Bit>,
    /// The digest leaves the state.
    pub hands_over: Signal<Out, Bit>,
    /// The state is cleared: behind a digest, and in the cycle after `clear`.
    pub clears: Signal<Out, Bit>,
    /// The cycle of the permutation, one-hot, the last one at bit 23; none while there is no permutation.
    pub number: Signal<Out, Bits<24>>,

    takes_now: DFF<Bit>,
    absorbs: DFF<Bit>,
    absorbs_last: DFF<Bit>,
    /// There is a permutation.
    running: DFF<Bit>,
    goes_now: DFF<Bit>,
    writes_now: DFF<Bit>,
    hands_over_now: DFF<Bit>,
    clears_now: DFF<Bit>,
    number_now: DFF<Bits<24>>,
    /// The block that is being permuted ends its message.
    last: DFF<Bit>,
    /// The state is a digest.
    done: DFF<Bit>,

    begins: Signal<Local, Bit>,
    ends: Signal<Local, Bit>,
    // Of the cycle after.
    more: Signal<Local, Bit>,
    will_run: Signal<Local, Bit>,
    will_be_near_end: Signal<Local, Bit>,
    will_be_final: Signal<Local, Bit>,
    will_stall: Signal<Local, Bit>,
    will_go: Signal<Local, Bit>,
    will_be_done: Signal<Local, Bit>,
    will_be_idle: Signal<Local, Bit>,
    will_start: Signal<Local, Bit>,
    will_hand_over: Signal<Local, Bit>,
    can_take: Signal<Local, Bit>,
    untaken: Signal<Local, Bit>,
    next_number: Signal<Local, Bits<24>>,

    first_number: Constant<Bits<24>>,
    no_number: Constant<Bits<24>>,
    /// The first cycle of a permutation is its last but one, or its last.
    begins_near_end: Constant<Bit>,
    begins_final: Constant<Bit>,
}

impl Schedule {
    /// For so many rounds a cycle, a divisor of 24.
    pub(super) fn new(rounds: usize) -> Self {
        let cycles = ROUNDS / rounds;
        Self {
            clock: Signal::default(),
            clear: Signal::default(),
            block_valid: Signal::default(),
            block_last: Signal::default(),
            will_be_free: Signal::default(),
            takes: Signal::default(),
            goes: Signal::default(),
            writes: Signal::default(),
            hands_over: Signal::default(),
            clears: Signal::default(),
            number: Signal::default(),
            takes_now: DFF::default(),
            absorbs: DFF::default(),
            absorbs_last: DFF::default(),
            running: DFF::default(),
            goes_now: DFF::default(),
            writes_now: DFF::default(),
            hands_over_now: DFF::default(),
            clears_now: DFF::default(),
            number_now: DFF::default(),
            last: DFF::default(),
            done: DFF::default(),
            begins: Signal::default(),
            ends: Signal::default(),
            more: Signal::default(),
            will_run: Signal::default(),
            will_be_near_end: Signal::default(),
            will_be_final: Signal::default(),
            will_stall: Signal::default(),
            will_go: Signal::default(),
            will_be_done: Signal::default(),
            will_be_idle: Signal::default(),
            will_start: Signal::default(),
            will_hand_over: Signal::default(),
            can_take: Signal::default(),
            untaken: Signal::default(),
            next_number: Signal::default(),
            first_number: Constant::new((1_u64 << (ROUNDS - cycles)).into()),
            no_number: Constant::new(0_u64.into()),
            begins_near_end: Constant::new(cycles == 2),
            begins_final: Constant::new(cycles == 1),
        }
    }
}

impl Default for Schedule {
    fn default() -> Self {
        Self::new(1)
    }
}

impl Logic for Schedule {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(self, clock, takes_now, absorbs, absorbs_last, running, goes_now);
        clock!(
            self,
            clock,
            writes_now,
            hands_over_now,
            clears_now,
            number_now,
            last,
            done
        );

        // What happens in this cycle.
        self.begins.next = self.writes_now.q.val() & self.absorbs.q.val();
        self.ends.next = self.goes_now.q.val() & self.number_now.q.val().get_bit(23) & self.last.q.val();
        self.takes.next = self.takes_now.q.val();
        self.goes.next = self.goes_now.q.val();
        self.writes.next = self.writes_now.q.val();
        self.hands_over.next = self.hands_over_now.q.val();
        self.clears.next = self.clears_now.q.val();
        self.number.next = self.number_now.q.val();

        // What will happen in the next one. The last round waits for the next block of its message.
        self.will_run.next = !self.ends.val() & self.running.q.val();
        self.will_run.next = self.will_run.val() | self.begins.val();
        self.more.next = !self.last.q.val();
        self.will_be_final.next = self.number_now.q.val().get_bit(23);
        self.will_be_near_end.next = self.number_now.q.val().get_bit(22);
        if self.goes_now.q.val() {
            self.will_be_final.next = self.number_now.q.val().get_bit(22);
            self.will_be_near_end.next = self.number_now.q.val().get_bit(21);
        }
        if self.begins.val() {
            self.will_be_final.next = self.begins_final.val();
            self.will_be_near_end.next = self.begins_near_end.val();
            self.more.next = !self.absorbs_last.q.val();
        }
        self.will_stall.next = self.will_be_final.val() & self.more.val() & !self.takes_now.q.val();
        self.will_go.next = self.will_run.val() & !self.will_stall.val();
        self.will_be_done.next = self.done.q.val() & !self.hands_over_now.q.val();
        self.will_be_done.next = self.will_be_done.val() | self.ends.val();
        self.will_be_idle.next = !self.will_run.val() & !self.will_be_done.val();
        self.will_start.next = self.will_be_idle.val() & self.takes_now.q.val();
        self.will_hand_over.next = self.will_be_done.val() & self.will_be_free.val();
        self.running.d.next = self.will_run.val();
        self.goes_now.d.next = self.will_go.val();
        self.writes_now.d.next = self.will_go.val() | self.will_start.val();
        self.hands_over_now.d.next = self.will_hand_over.val();
        self.clears_now.d.next = self.will_hand_over.val() | self.clear.val();
        self.done.d.next = self.will_be_done.val();

        // A block leaves the absorber in the cycle before it is absorbed: in the last cycle of a permutation
        // but one, while the last one waits, or where a message can begin.
        self.can_take.next = self.will_be_near_end.val() | self.will_be_final.val();
        self.can_take.next = self.can_take.val() & self.more.val();
        self.can_take.next = self.can_take.val() | self.will_be_idle.val() | self.will_hand_over.val();
        self.untaken.next = !self.takes_now.q.val() & self.block_valid.val();
        self.takes_now.d.next = self.can_take.val() & self.untaken.val();
        self.absorbs.d.next = self.takes_now.q.val();
        self.absorbs_last.d.next = self.block_last.val();

        self.next_number.next = self.number_now.q.val() << 1;
        self.number_now.d.next = self.number_now.q.val();
        self.last.d.next = self.last.q.val();
        if self.goes_now.q.val() {
            self.number_now.d.next = self.next_number.val();
        }
        if self.begins.val() {
            self.number_now.d.next = self.first_number.val();
            self.last.d.next = self.absorbs_last.q.val();
        }
        if self.clear.val() {
            self.takes_now.d.next = false;
            self.absorbs.d.next = false;
            self.running.d.next = false;
            self.goes_now.d.next = false;
            self.writes_now.d.next = false;
            self.hands_over_now.d.next = false;
            self.number_now.d.next = self.no_number.val();
            self.done.d.next = false;
        }
    }
}
