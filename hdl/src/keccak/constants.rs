//! Which constants the rounds of a cycle have.

use super::round::{ROUNDS, round_constants};
use rust_hdl::prelude::*;

/// Bits of a round constant that are not zero in every round: bit 2^j − 1 for j below this.
const BITS: usize = 7;

/// Gives each of the rounds that a cycle executes its constant.
#[derive(LogicBlock)]
pub(super) struct RoundConstants {
    /// The cycle of the permutation, one-hot, the last one at bit 23; none for zeroes.
    pub number: Signal<In, Bits<24>>,
    /// The constant of each round.
    pub constant: Vec<Signal<Out, Bits<64>>>,
    chosen: Vec<Signal<Local, Bits<24>>>,
    sum: Vec<Signal<Local, Bits<64>>>,
    /// For each round of a cycle and each bit: the cycles in which its constant has the bit.
    with_bit: Vec<Constant<Bits<24>>>,
    bit: [Constant<Bits<64>>; BITS],
    no_bits: Constant<Bits<64>>,
}

impl RoundConstants {
    /// For so many rounds a cycle, a divisor of 24.
    pub(super) fn new(rounds: usize) -> Self {
        let constants = round_constants();
        let cycles = ROUNDS / rounds;
        let with_bit = (0..rounds * BITS).map(|index| {
            let (round, j) = (index / BITS, index % BITS);
            let has = |&cycle: &usize| constants[rounds * cycle + round] >> ((1 << j) - 1) & 1 == 1;
            let chosen = (0..cycles).filter(has);
            let numbers = chosen.map(|cycle| 1_u64 << (ROUNDS - cycles + cycle));
            Constant::new(numbers.sum::<u64>().into())
        });
        Self {
            number: Signal::default(),
            constant: (0..rounds).map(|_| Signal::default()).collect(),
            chosen: (0..rounds * BITS).map(|_| Signal::default()).collect(),
            sum: (0..rounds).map(|_| Signal::default()).collect(),
            with_bit: with_bit.collect(),
            bit: std::array::from_fn(|j| Constant::new((1_u64 << ((1 << j) - 1)).into())),
            no_bits: Constant::new(0_u64.into()),
        }
    }
}

impl Default for RoundConstants {
    fn default() -> Self {
        Self::new(1)
    }
}

impl Logic for RoundConstants {
    #[hdl_gen]
    fn update(&mut self) {
        for r in 0..self.constant.len() {
            self.sum[r].next = self.no_bits.val();
            for j in 0..7 {
                self.chosen[7 * r + j].next = self.number.val() & self.with_bit[7 * r + j].val();
                if self.chosen[7 * r + j].val().any() {
                    self.sum[r].next = self.sum[r].val() | self.bit[j].val();
                }
            }
            self.constant[r].next = self.sum[r].val();
        }
    }
}
