//! One round of `Keccak-f[1600]`, combinational.

use rust_hdl::prelude::*;

/// Lanes of the state.
pub const LANES: usize = 25;
/// Rounds of a permutation.
pub const ROUNDS: usize = 24;

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

/// `after = iota(chi(pi(rho(theta(before)))))`.
///
/// All zeroes without a constant stay zeroes, which the core makes use of: a round on a clear state absorbs a block
/// and does nothing else.
#[derive(LogicBlock)]
pub struct Round {
    /// The state before.
    pub before: [Signal<In, Bits<64>>; LANES],
    /// The round constant.
    pub constant: Signal<In, Bits<64>>,
    /// The state after.
    pub after: [Signal<Out, Bits<64>>; LANES],
    parity: [Signal<Local, Bits<64>>; 5],
    parity_high: [Signal<Local, Bits<64>>; 5],
    parity_low: [Signal<Local, Bits<64>>; 5],
    parity_turned: [Signal<Local, Bits<64>>; 5],
    theta: [Signal<Local, Bits<64>>; LANES],
    high: [Signal<Local, Bits<64>>; LANES],
    low: [Signal<Local, Bits<64>>; LANES],
    turned: [Signal<Local, Bits<64>>; LANES],
    inverted: [Signal<Local, Bits<64>>; LANES],
    both: [Signal<Local, Bits<64>>; LANES],
    chi: [Signal<Local, Bits<64>>; LANES],
    up: [Constant<Bits<7>>; LANES],
    down: [Constant<Bits<7>>; LANES],
}

impl Default for Round {
    fn default() -> Self {
        let amount = |places: u32| Constant::new(Bits::<7>::from(u64::from(places)));
        let rotations = rotations();
        Self {
            before: std::array::from_fn(|_| Signal::default()),
            constant: Signal::default(),
            after: std::array::from_fn(|_| Signal::default()),
            parity: std::array::from_fn(|_| Signal::default()),
            parity_high: std::array::from_fn(|_| Signal::default()),
            parity_low: std::array::from_fn(|_| Signal::default()),
            parity_turned: std::array::from_fn(|_| Signal::default()),
            theta: std::array::from_fn(|_| Signal::default()),
            high: std::array::from_fn(|_| Signal::default()),
            low: std::array::from_fn(|_| Signal::default()),
            turned: std::array::from_fn(|_| Signal::default()),
            inverted: std::array::from_fn(|_| Signal::default()),
            both: std::array::from_fn(|_| Signal::default()),
            chi: std::array::from_fn(|_| Signal::default()),
            up: rotations.map(amount),
            down: rotations.map(|places| amount(64 - places)),
        }
    }
}

impl Logic for Round {
    #[hdl_gen]
    fn update(&mut self) {
        for x in 0..5 {
            self.parity[x].next = self.before[x].val()
                ^ self.before[x + 5].val()
                ^ self.before[x + 10].val()
                ^ self.before[x + 15].val()
                ^ self.before[x + 20].val();
            self.parity_high[x].next = self.parity[x].val() << 1;
            self.parity_low[x].next = self.parity[x].val() >> 63;
            self.parity_turned[x].next = self.parity_high[x].val() | self.parity_low[x].val();
        }
        for x in 0..5 {
            for y in 0..5 {
                self.theta[x + 5 * y].next = self.before[x + 5 * y].val()
                    ^ self.parity[(x + 4) % 5].val()
                    ^ self.parity_turned[(x + 1) % 5].val();
            }
        }
        for i in 0..25 {
            self.high[i].next = self.theta[i].val() << self.up[i].val();
            self.low[i].next = self.theta[i].val() >> self.down[i].val();
        }
        // Pi takes lane (x, y) to (y, 2x + 3y).
        for x in 0..5 {
            for y in 0..5 {
                self.turned[y + 5 * ((2 * x + 3 * y) % 5)].next =
                    self.high[x + 5 * y].val() | self.low[x + 5 * y].val();
            }
        }
        for i in 0..25 {
            self.inverted[i].next = !self.turned[i].val();
        }
        for x in 0..5 {
            for y in 0..5 {
                self.both[x + 5 * y].next =
                    self.inverted[(x + 1) % 5 + 5 * y].val() & self.turned[(x + 2) % 5 + 5 * y].val();
                self.chi[x + 5 * y].next = self.turned[x + 5 * y].val() ^ self.both[x + 5 * y].val();
            }
        }
        for i in 0..25 {
            self.after[i].next = self.chi[i].val();
        }
        self.after[0].next = self.chi[0].val() ^ self.constant.val();
    }
}
