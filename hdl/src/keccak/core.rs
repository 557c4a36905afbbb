//! One Keccak-256 core: messages in, digests out, one round a cycle.

use super::absorber::{Absorber, RATE_WORDS};
use super::round::{LANES, ROUNDS, Round, round_constants};
use rust_hdl::prelude::*;

/// Hashes messages one after the other.
///
/// Ports for words are those of the [`Absorber`]. A digest leaves as four words, the lowest first, `out_last` with the
/// fourth.
///
/// A block is absorbed in the cycle of a round: the last one of the permutation before it, or, where a message begins,
/// a round on a clear state without a constant, which changes nothing. So the exclusive or with the block costs no
/// cycle within a message, and the function that a bit of the state has of its neighbours and of the block is one
/// of four inputs, which is what the lookup tables of many parts hold. A message of n blocks takes 24·n + 2 cycles.
///
/// What is done in a cycle is decided in the cycle before and kept in registers: it goes to all 1,600 bits of the state,
/// and the way there takes most of a cycle.
#[derive(LogicBlock)]
pub struct Core {
    /// The clock; everything happens on its rising edge.
    pub clock: Signal<In, Clock>,
    /// Forget everything.
    pub clear: Signal<In, Bit>,
    /// A word of a message.
    pub in_data: Signal<In, Bits<64>>,
    /// How many of its bytes count.
    pub in_bytes: Signal<In, Bits<4>>,
    /// It is the message's last.
    pub in_last: Signal<In, Bit>,
    /// There is a word.
    pub in_valid: Signal<In, Bit>,
    /// It is taken.
    pub in_ready: Signal<Out, Bit>,
    /// A word of a digest.
    pub out_data: Signal<Out, Bits<64>>,
    /// It is the digest's last.
    pub out_last: Signal<Out, Bit>,
    /// There is a word.
    pub out_valid: Signal<Out, Bit>,
    /// It is taken.
    pub out_ready: Signal<In, Bit>,
    /// A round of a permutation is executed in this cycle.
    pub busy: Signal<Out, Bit>,

    absorber: Absorber,
    round: Round,
    state: [DFF<Bits<64>>; LANES],
    /// What is absorbed in this cycle; zeroes in all others.
    absorbed: [DFF<Bits<64>>; RATE_WORDS],
    /// A block leaves the absorber.
    takes: DFF<Bit>,
    /// It is absorbed: the cycle after.
    absorbs: DFF<Bit>,
    absorbs_last: DFF<Bit>,
    /// There is a permutation.
    running: DFF<Bit>,
    /// A round is executed.
    goes: DFF<Bit>,
    /// The state is written: by a round, or by absorbing a message's first block.
    writes: DFF<Bit>,
    /// The digest leaves the state, which is cleared.
    hands_over: DFF<Bit>,
    /// The round of this cycle, one-hot; none while there is no permutation.
    number: DFF<Bits<24>>,
    /// The block that is being permuted ends its message.
    last: DFF<Bit>,
    /// The state is a digest.
    done: DFF<Bit>,
    digest: [DFF<Bits<64>>; 4],
    /// Words of the digest that are left, a bit each.
    left: DFF<Bits<4>>,

    begins: Signal<Local, Bit>,
    ends: Signal<Local, Bit>,
    free: Signal<Local, Bit>,
    empties: Signal<Local, Bit>,
    is_one: Signal<Local, Bit>,
    clears: Signal<Local, Bit>,
    pops: Signal<Local, Bit>,
    more: Signal<Local, Bit>,
    // Of the cycle after.
    will_run: Signal<Local, Bit>,
    will_be_near_end: Signal<Local, Bit>,
    will_be_final: Signal<Local, Bit>,
    will_stall: Signal<Local, Bit>,
    will_go: Signal<Local, Bit>,
    will_be_done: Signal<Local, Bit>,
    will_be_free: Signal<Local, Bit>,
    will_be_idle: Signal<Local, Bit>,
    will_start: Signal<Local, Bit>,
    will_hand_over: Signal<Local, Bit>,
    can_take: Signal<Local, Bit>,
    untaken: Signal<Local, Bit>,
    next_number: Signal<Local, Bits<24>>,
    next_left: Signal<Local, Bits<4>>,
    chosen: [Signal<Local, Bits<24>>; 7],
    constant: Signal<Local, Bits<64>>,

    first_number: Constant<Bits<24>>,
    no_number: Constant<Bits<24>>,
    all_left: Constant<Bits<4>>,
    none_left: Constant<Bits<4>>,
    one_left: Constant<Bits<4>>,
    no_word: Constant<Bits<64>>,
    /// The rounds whose constant has bit 2^j − 1, and that bit.
    with_bit: [Constant<Bits<24>>; 7],
    bit: [Constant<Bits<64>>; 7],
}

impl Default for Core {
    fn default() -> Self {
        let constants = round_constants();
        let rounds_with = |j: usize| {
            let has = |&round: &usize| constants[round] >> ((1 << j) - 1) & 1 == 1;
            let rounds = (0..ROUNDS).filter(has).map(|round| 1_u64 << round);
            Constant::new(rounds.sum::<u64>().into())
        };
        Self {
            clock: Signal::default(),
            clear: Signal::default(),
            in_data: Signal::default(),
            in_bytes: Signal::default(),
            in_last: Signal::default(),
            in_valid: Signal::default(),
            in_ready: Signal::default(),
            out_data: Signal::default(),
            out_last: Signal::default(),
            out_valid: Signal::default(),
            out_ready: Signal::default(),
            busy: Signal::default(),
            absorber: Absorber::default(),
            round: Round::default(),
            state: std::array::from_fn(|_| DFF::default()),
            absorbed: std::array::from_fn(|_| DFF::default()),
            takes: DFF::default(),
            absorbs: DFF::default(),
            absorbs_last: DFF::default(),
            running: DFF::default(),
            goes: DFF::default(),
            writes: DFF::default(),
            hands_over: DFF::default(),
            number: DFF::default(),
            last: DFF::default(),
            done: DFF::default(),
            digest: std::array::from_fn(|_| DFF::default()),
            left: DFF::default(),
            begins: Signal::default(),
            ends: Signal::default(),
            free: Signal::default(),
            empties: Signal::default(),
            is_one: Signal::default(),
            clears: Signal::default(),
            pops: Signal::default(),
            more: Signal::default(),
            will_run: Signal::default(),
            will_be_near_end: Signal::default(),
            will_be_final: Signal::default(),
            will_stall: Signal::default(),
            will_go: Signal::default(),
            will_be_done: Signal::default(),
            will_be_free: Signal::default(),
            will_be_idle: Signal::default(),
            will_start: Signal::default(),
            will_hand_over: Signal::default(),
            can_take: Signal::default(),
            untaken: Signal::default(),
            next_number: Signal::default(),
            next_left: Signal::default(),
            chosen: std::array::from_fn(|_| Signal::default()),
            constant: Signal::default(),
            first_number: Constant::new(1_u64.into()),
            no_number: Constant::new(0_u64.into()),
            all_left: Constant::new(0b1111_u64.into()),
            none_left: Constant::new(0_u64.into()),
            one_left: Constant::new(1_u64.into()),
            no_word: Constant::new(0_u64.into()),
            with_bit: std::array::from_fn(rounds_with),
            bit: std::array::from_fn(|j| Constant::new((1_u64 << ((1 << j) - 1)).into())),
        }
    }
}

impl Core {
    /// A core of so many rounds a cycle.
    pub fn new(rounds_per_cycle: usize) -> Self {
        assert_eq!(rounds_per_cycle, 1);
        Self::default()
    }
}

impl Logic for Core {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(
            self,
            clock,
            absorber,
            takes,
            absorbs,
            absorbs_last,
            running,
            goes,
            writes,
            hands_over
        );
        clock!(self, clock, number, last, done, left);
        for i in 0..25 {
            self.state[i].clock.next = self.clock.val();
        }
        for i in 0..17 {
            self.absorbed[i].clock.next = self.clock.val();
        }
        for i in 0..4 {
            self.digest[i].clock.next = self.clock.val();
        }
        self.absorber.clear.next = self.clear.val();
        self.absorber.in_data.next = self.in_data.val();
        self.absorber.in_bytes.next = self.in_bytes.val();
        self.absorber.in_last.next = self.in_last.val();
        self.absorber.in_valid.next = self.in_valid.val();
        self.in_ready.next = self.absorber.in_ready.val();

        // What happens in this cycle.
        self.begins.next = self.writes.q.val() & self.absorbs.q.val();
        self.more.next = !self.last.q.val();
        self.ends.next = self.goes.q.val() & self.number.q.val().get_bit(23) & self.last.q.val();
        self.free.next = self.left.q.val() == self.none_left.val();
        self.is_one.next = self.left.q.val() == self.one_left.val();
        self.empties.next = self.is_one.val() & self.out_ready.val();
        self.clears.next = self.hands_over.q.val() | self.clear.val();
        self.busy.next = self.goes.q.val();

        // What will happen in the next one. The last round waits for the next block of its message.
        self.will_run.next = !self.ends.val() & self.running.q.val();
        self.will_run.next = self.will_run.val() | self.begins.val();
        self.will_be_final.next = self.number.q.val().get_bit(23);
        self.will_be_near_end.next = self.number.q.val().get_bit(22);
        if self.goes.q.val() {
            self.will_be_final.next = self.number.q.val().get_bit(22);
            self.will_be_near_end.next = self.number.q.val().get_bit(21);
        }
        self.will_stall.next = self.will_be_final.val() & self.more.val() & !self.takes.q.val();
        self.will_go.next = self.will_run.val() & !self.will_stall.val();
        self.will_be_done.next = self.done.q.val() & !self.hands_over.q.val();
        self.will_be_done.next = self.will_be_done.val() | self.ends.val();
        self.will_be_free.next = self.free.val() | self.empties.val();
        self.will_be_free.next = self.will_be_free.val() & !self.hands_over.q.val();
        self.will_be_idle.next = !self.will_run.val() & !self.will_be_done.val();
        self.will_start.next = self.will_be_idle.val() & self.takes.q.val();
        self.will_hand_over.next = self.will_be_done.val() & self.will_be_free.val();
        self.running.d.next = self.will_run.val();
        self.goes.d.next = self.will_go.val();
        self.writes.d.next = self.will_go.val() | self.will_start.val();
        self.hands_over.d.next = self.will_hand_over.val();

        // A block leaves the absorber in the cycle before it is absorbed: in the last round but one, while the last one
        // waits, or where a message can begin.
        self.can_take.next = self.will_be_near_end.val() | self.will_be_final.val();
        self.can_take.next = self.can_take.val() & self.more.val();
        self.can_take.next = self.can_take.val() | self.will_be_idle.val() | self.will_hand_over.val();
        self.untaken.next = !self.takes.q.val() & self.absorber.block_valid.val();
        self.takes.d.next = self.can_take.val() & self.untaken.val();
        self.absorber.take.next = self.takes.q.val();
        self.absorbs.d.next = self.takes.q.val();
        self.absorbs_last.d.next = self.absorber.block_last.val();
        for i in 0..17 {
            self.absorbed[i].d.next = self.no_word.val();
            if self.takes.q.val() {
                self.absorbed[i].d.next = self.absorber.block[i].val();
            }
        }

        // The round.
        self.constant.next = self.no_word.val();
        for j in 0..7 {
            self.chosen[j].next = self.number.q.val() & self.with_bit[j].val();
            if self.chosen[j].val().any() {
                self.constant.next = self.constant.val() | self.bit[j].val();
            }
        }
        self.round.constant.next = self.constant.val();
        for i in 0..25 {
            self.round.before[i].next = self.state[i].q.val();
            self.state[i].d.next = self.state[i].q.val();
        }
        if self.writes.q.val() {
            for i in 0..17 {
                self.state[i].d.next = self.round.after[i].val() ^ self.absorbed[i].q.val();
            }
            for i in 17..25 {
                self.state[i].d.next = self.round.after[i].val();
            }
        }
        if self.clears.val() {
            for i in 0..25 {
                self.state[i].d.next = self.no_word.val();
            }
        }

        self.next_number.next = self.number.q.val() << 1;
        self.number.d.next = self.number.q.val();
        self.last.d.next = self.last.q.val();
        self.done.d.next = self.will_be_done.val();
        if self.goes.q.val() {
            self.number.d.next = self.next_number.val();
        }
        if self.begins.val() {
            self.number.d.next = self.first_number.val();
            self.last.d.next = self.absorbs_last.q.val();
        }

        // The digest leaves while the next message is permuted.
        self.pops.next = self.out_ready.val() & !self.free.val();
        self.next_left.next = self.left.q.val() >> 1;
        self.left.d.next = self.left.q.val();
        for i in 0..4 {
            self.digest[i].d.next = self.digest[i].q.val();
        }
        if self.pops.val() {
            self.left.d.next = self.next_left.val();
            for i in 0..3 {
                self.digest[i].d.next = self.digest[i + 1].q.val();
            }
        }
        if self.hands_over.q.val() {
            self.left.d.next = self.all_left.val();
            for i in 0..4 {
                self.digest[i].d.next = self.state[i].q.val();
            }
        }
        self.out_valid.next = !self.free.val();
        self.out_data.next = self.digest[0].q.val();
        self.out_last.next = self.is_one.val();
        if self.clear.val() {
            self.takes.d.next = false;
            self.absorbs.d.next = false;
            self.running.d.next = false;
            self.goes.d.next = false;
            self.writes.d.next = false;
            self.hands_over.d.next = false;
            self.number.d.next = self.no_number.val();
            self.done.d.next = false;
            self.left.d.next = self.none_left.val();
        }
    }
}
