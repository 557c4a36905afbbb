//! Rounds of `Keccak-f[1600]`, combinational.

use rust_hdl::prelude::*;

/// Lanes of the state.
pub const LANES: usize = 25;
pub use metisvm_boards::ROUNDS;

/// The round constants, from the degree-8 LFSR of the Keccak specification (section 1.2).
pub const fn round_constants() -> [u64; ROUNDS] {
    let mut constants = [0; ROUNDS];
    let mut lfsr = 1_u8;
    let mut round = 0;
    while round < ROUNDS {
        let mut j = 0;
        while j < 7 {
            if lfsr & 1 == 1 {
                constants[round] |= 1 << ((1 << j) - 1);
            }
            // x^8 + x^6 + x^5 + x^4 + 1.
            lfsr = lfsr << 1 ^ if lfsr & 0x80 == 0 { 0 } else { 0x71 };
            j += 1;
        }
        round += 1;
    }
    constants
}

/// By how many places rho turns each lane: triangular numbers along the walk of pi.
pub const fn rotations() -> [u32; LANES] {
    let mut rotations = [0; LANES];
    let (mut x, mut y) = (1, 0);
    let mut t = 0;
    while t < 24 {
        rotations[x + 5 * y] = (t + 1) * (t + 2) / 2 % 64;
        (x, y) = (y, (2 * x + 3 * y) % 5);
        t += 1;
    }
    rotations
}

/// So many rounds, one after the other, each `iota(chi(pi(rho(theta(state)))))`.
///
/// All zeroes without constants stay zeroes, which the core makes use of: rounds on a clear state absorb a
/// block and do nothing else.
///
/// The lanes of all rounds stand one after the other in each list, because rust-hdl knows arrays of one
/// dimension only.
#[derive(LogicBlock)]
pub struct Rounds {
    /// The state before.
    pub before: [Signal<In, Bits<64>>; LANES],
    /// The constant of each round.
    pub constant: Vec<Signal<In, Bits<64>>>,
    /// The state after.
    pub after: [Signal<Out, Bits<64>>; LANES],
    /// The state before the first round, then after each.
    state: Vec<Signal<Local, Bits<64>>>,
    parity: Vec<Signal<Local, Bits<64>>>,
    parity_high: Vec<Signal<Local, Bits<64>>>,
    parity_low: Vec<Signal<Local, Bits<64>>>,
    parity_turned: Vec<Signal<Local, Bits<64>>>,
    effect: Vec<Signal<Local, Bits<64>>>,
    theta: Vec<Signal<Local, Bits<64>>>,
    high: Vec<Signal<Local, Bits<64>>>,
    low: Vec<Signal<Local, Bits<64>>>,
    turned: Vec<Signal<Local, Bits<64>>>,
    inverted: Vec<Signal<Local, Bits<64>>>,
    both: Vec<Signal<Local, Bits<64>>>,
    chi: Vec<Signal<Local, Bits<64>>>,
    up: [Constant<Bits<7>>; LANES],
    down: [Constant<Bits<7>>; LANES],
}

impl Rounds {
    /// So many rounds.
    pub fn new(rounds: usize) -> Self {
        let amount = |places: u32| Constant::new(Bits::<7>::from(u64::from(places)));
        let lanes = || (0..LANES * rounds).map(|_| Signal::default()).collect();
        let columns = || (0..5 * rounds).map(|_| Signal::default()).collect();
        let rotations = rotations();
        Self {
            before: std::array::from_fn(|_| Signal::default()),
            constant: (0..rounds).map(|_| Signal::default()).collect(),
            after: std::array::from_fn(|_| Signal::default()),
            state: (0..LANES * (rounds + 1)).map(|_| Signal::default()).collect(),
            parity: columns(),
            parity_high: columns(),
            parity_low: columns(),
            parity_turned: columns(),
            effect: columns(),
            theta: lanes(),
            high: lanes(),
            low: lanes(),
            turned: lanes(),
            inverted: lanes(),
            both: lanes(),
            chi: lanes(),
            up: rotations.map(amount),
            down: rotations.map(|places| amount(64 - places)),
        }
    }
}

impl Default for Rounds {
    fn default() -> Self {
        Self::new(1)
    }
}

impl Logic for Rounds {
    #[hdl_gen]
    fn update(&mut self) {
        for i in 0..25 {
            self.state[i].next = self.before[i].val();
        }
        for r in 0..self.constant.len() {
            for x in 0..5 {
                self.parity[5 * r + x].next = self.state[25 * r + x].val()
                    ^ self.state[25 * r + x + 5].val()
                    ^ self.state[25 * r + x + 10].val()
                    ^ self.state[25 * r + x + 15].val()
                    ^ self.state[25 * r + x + 20].val();
                self.parity_high[5 * r + x].next = self.parity[5 * r + x].val() << 1;
                self.parity_low[5 * r + x].next = self.parity[5 * r + x].val() >> 63;
                self.parity_turned[5 * r + x].next =
                    self.parity_high[5 * r + x].val() | self.parity_low[5 * r + x].val();
            }
            // What theta adds to a column is formed once for its five bits: there are fewer wires than with
            // both parities at each of them, and wires are what a round waits for.
            for x in 0..5 {
                self.effect[5 * r + x].next =
                    self.parity[5 * r + (x + 4) % 5].val() ^ self.parity_turned[5 * r + (x + 1) % 5].val();
                for y in 0..5 {
                    self.theta[25 * r + x + 5 * y].next =
                        self.state[25 * r + x + 5 * y].val() ^ self.effect[5 * r + x].val();
                }
            }
            for i in 0..25 {
                self.high[25 * r + i].next = self.theta[25 * r + i].val() << self.up[i].val();
                self.low[25 * r + i].next = self.theta[25 * r + i].val() >> self.down[i].val();
            }
            // Pi takes lane (x, y) to (y, 2x + 3y).
            for x in 0..5 {
                for y in 0..5 {
                    self.turned[25 * r + y + 5 * ((2 * x + 3 * y) % 5)].next =
                        self.high[25 * r + x + 5 * y].val() | self.low[25 * r + x + 5 * y].val();
                }
            }
            for i in 0..25 {
                self.inverted[25 * r + i].next = !self.turned[25 * r + i].val();
            }
            for x in 0..5 {
                for y in 0..5 {
                    self.both[25 * r + x + 5 * y].next = self.inverted[25 * r + (x + 1) % 5 + 5 * y].val()
                        & self.turned[25 * r + (x + 2) % 5 + 5 * y].val();
                    self.chi[25 * r + x + 5 * y].next =
                        self.turned[25 * r + x + 5 * y].val() ^ self.both[25 * r + x + 5 * y].val();
                }
            }
            self.state[25 * r + 25].next = self.chi[25 * r].val() ^ self.constant[r].val();
            for i in 1..25 {
                self.state[25 * r + 25 + i].next = self.chi[25 * r + i].val();
            }
            // The last round's stays.
            for i in 0..25 {
                self.after[i].next = self.state[25 * r + 25 + i].val();
            }
        }
    }
}
