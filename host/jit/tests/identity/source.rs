//! Where a generator's choices come from: a seed, or bytes of a fuzzer.

use revm::primitives::U256;

/// The order in which splitmix64 visits its states (the golden ratio, Steele, Lea and Flood 2014).
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// A stream of choices. The same seed, or the same bytes, give the same choices on every machine.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    /// Splitmix64 from a seed.
    Seed(u64),
    /// Bytes are used up one after the other; behind their end every choice is the first one.
    Bytes {
        /// What the fuzzer made.
        bytes: Vec<u8>,
        /// How many of them are used up.
        at: usize,
    },
}

/// The finaliser of splitmix64: every bit of the input moves every bit of the output.
pub(crate) fn mixed(state: u64) -> u64 {
    let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Source {
    /// Choices of a seed. Neighbouring seeds have nothing in common.
    pub(crate) fn of_seed(seed: u64) -> Self {
        Self::Seed(mixed(seed.wrapping_add(GOLDEN)))
    }

    /// Choices of these bytes.
    pub(crate) fn of_bytes(bytes: Vec<u8>) -> Self {
        Self::Bytes { bytes, at: 0 }
    }

    fn byte(&mut self) -> u8 {
        match self {
            Self::Seed(_) => self.next() as u8,
            Self::Bytes { bytes, at } => {
                let byte = bytes.get(*at).copied().unwrap_or(0);
                *at += 1;
                byte
            }
        }
    }

    /// Any number.
    pub(crate) fn next(&mut self) -> u64 {
        match self {
            Self::Seed(state) => {
                *state = state.wrapping_add(GOLDEN);
                mixed(*state)
            }
            Self::Bytes { .. } => u64::from_be_bytes(std::array::from_fn(|_| self.byte())),
        }
    }

    /// A number below one that is not 0.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        match self {
            Self::Seed(_) => (self.next() % end as u64) as usize,
            Self::Bytes { .. } if end <= 256 => usize::from(self.byte()) % end,
            Self::Bytes { .. } => (usize::from(self.byte()) << 8 | usize::from(self.byte())) % end,
        }
    }

    /// True once in so many times.
    pub(crate) fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == times - 1
    }

    /// One of these.
    pub(crate) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    /// The index of one of these weights, as often as it is heavy.
    pub(crate) fn weighted(&mut self, weights: &[u32]) -> usize {
        let mut left = self.below(weights.iter().sum::<u32>() as usize) as u32;
        for (index, weight) in weights.iter().enumerate() {
            if left < *weight {
                return index;
            }
            left -= weight;
        }
        0
    }

    /// A word of which each limb is random, zero or all ones.
    pub(crate) fn word(&mut self) -> U256 {
        U256::from_limbs(std::array::from_fn(|_| match self.below(4) {
            0 => 0,
            1 => u64::MAX,
            _ => self.next(),
        }))
    }

    /// What a fuzzer's bytes have left.
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        match self {
            Self::Seed(_) => (0..self.below(96)).map(|_| self.byte()).collect(),
            Self::Bytes { bytes, at } => {
                let rest = bytes.get(*at..).unwrap_or_default().to_vec();
                *at = bytes.len();
                rest
            }
        }
    }
}
