//! One Keccak-256 core: messages in, digests out, one round a cycle or several.

use super::absorber::{Absorber, RATE_WORDS};
use super::constants::RoundConstants;
use super::round::{LANES, ROUNDS, Rounds};
use super::schedule::Schedule;
use rust_hdl::prelude::*;

/// Hashes messages one after the other.
///
/// Ports for words are those of the [`Absorber`]. A digest leaves as four words, the lowest first, `out_last`
/// with the fourth.
///
/// A block is absorbed in the cycle of a round: the last one of the permutation before it, or, where a
/// message begins, a round on a clear state without a constant, which changes nothing. So the exclusive or
/// with the block costs no cycle within a message, and the function that a bit of the state has of its
/// neighbours and of the block is one of four inputs, which is what the lookup tables of many parts hold.
///
/// With R rounds a cycle a message of n blocks takes 24·n/R + 2 cycles if its words are there in time. The
/// absorber takes one word a cycle and a block has 17: from R = 2 on, it is what bounds long messages, at
/// some 19 cycles a block. More rounds a cycle are for clocks that are slow for other reasons; each costs the
/// whole logic of a round.
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
    /// Rounds of a permutation are executed in this cycle.
    pub busy: Signal<Out, Bit>,

    absorber: Absorber,
    schedule: Schedule,
    constants: RoundConstants,
    rounds: Rounds,
    state: [DFF<Bits<64>>; LANES],
    /// What is absorbed in this cycle; zeroes in all others.
    absorbed: [DFF<Bits<64>>; RATE_WORDS],
    digest: [DFF<Bits<64>>; 4],
    /// Words of the digest that are left, a bit each, from the lowest on.
    left: DFF<Bits<4>>,

    free: Signal<Local, Bit>,
    empties: Signal<Local, Bit>,
    will_be_free: Signal<Local, Bit>,
    is_one: Signal<Local, Bit>,
    pops: Signal<Local, Bit>,
    next_left: Signal<Local, Bits<4>>,

    all_left: Constant<Bits<4>>,
    none_left: Constant<Bits<4>>,
    no_word: Constant<Bits<64>>,
}

impl Core {
    /// With so many rounds a cycle.
    ///
    /// # Panics
    /// If 24 is not a multiple of it.
    pub fn new(rounds_per_cycle: usize) -> Self {
        assert!(
            rounds_per_cycle > 0 && ROUNDS.is_multiple_of(rounds_per_cycle),
            "{rounds_per_cycle} rounds a cycle do not divide {ROUNDS}"
        );
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
            schedule: Schedule::new(rounds_per_cycle),
            constants: RoundConstants::new(rounds_per_cycle),
            rounds: Rounds::new(rounds_per_cycle),
            state: std::array::from_fn(|_| DFF::default()),
            absorbed: std::array::from_fn(|_| DFF::default()),
            digest: std::array::from_fn(|_| DFF::default()),
            left: DFF::default(),
            free: Signal::default(),
            empties: Signal::default(),
            will_be_free: Signal::default(),
            is_one: Signal::default(),
            pops: Signal::default(),
            next_left: Signal::default(),
            all_left: Constant::new(0b1111_u64.into()),
            none_left: Constant::new(0_u64.into()),
            no_word: Constant::new(0_u64.into()),
        }
    }
}

impl Default for Core {
    fn default() -> Self {
        Self::new(1)
    }
}

impl Logic for Core {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(self, clock, absorber, schedule, left);
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

        self.free.next = !self.left.q.val().get_bit(0);
        self.is_one.next = self.left.q.val().get_bit(0) & !self.left.q.val().get_bit(1);
        self.empties.next = self.is_one.val() & self.out_ready.val();
        self.will_be_free.next = self.free.val() | self.empties.val();
        self.will_be_free.next = self.will_be_free.val() & !self.schedule.hands_over.val();

        self.schedule.clear.next = self.clear.val();
        self.schedule.block_valid.next = self.absorber.block_valid.val();
        self.schedule.block_last.next = self.absorber.block_last.val();
        self.schedule.will_be_free.next = self.will_be_free.val();
        self.absorber.take.next = self.schedule.takes.val();
        for i in 0..17 {
            self.absorbed[i].d.next = self.no_word.val();
            if self.schedule.takes.val() {
                self.absorbed[i].d.next = self.absorber.block[i].val();
            }
        }
        self.busy.next = self.schedule.goes.val();

        // The rounds.
        self.constants.number.next = self.schedule.number.val();
        for r in 0..self.rounds.constant.len() {
            self.rounds.constant[r].next = self.constants.constant[r].val();
        }
        for i in 0..25 {
            self.rounds.before[i].next = self.state[i].q.val();
            self.state[i].d.next = self.state[i].q.val();
        }
        if self.schedule.writes.val() {
            for i in 0..17 {
                self.state[i].d.next = self.rounds.after[i].val() ^ self.absorbed[i].q.val();
            }
            for i in 17..25 {
                self.state[i].d.next = self.rounds.after[i].val();
            }
        }
        if self.schedule.clears.val() {
            for i in 0..25 {
                self.state[i].d.next = self.no_word.val();
            }
        }

        // The digest leaves while the next message is permuted.
        self.pops.next = self.out_ready.val() & self.left.q.val().get_bit(0);
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
        if self.schedule.hands_over.val() {
            self.left.d.next = self.all_left.val();
            for i in 0..4 {
                self.digest[i].d.next = self.state[i].q.val();
            }
        }
        self.out_valid.next = self.left.q.val().get_bit(0);
        self.out_data.next = self.digest[0].q.val();
        self.out_last.next = self.is_one.val();
        if self.clear.val() {
            self.left.d.next = self.none_left.val();
        }
    }
}
