//! What the multipliers of a level can do at best.

use super::amx;
use super::instructions;
use super::lanes::{Job, Lanes};
use super::tile::{Multiply, UnsignedRows, Words};
use crate::Level;

/// Multiplies in registers alone, with nothing to wait for, and gives how many products of bytes that were:
/// what a measurement of products compares with.
pub fn register_peak(level: Level, rounds: usize) -> u64 {
    let mut products = 0;
    let spin = Spin {
        rounds: std::hint::black_box(rounds),
        products: &mut products,
    };
    instructions::run(level, spin);
    products
}

struct Spin<'a> {
    rounds: usize,
    products: &'a mut u64,
}

impl Job for Spin<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) {
        if let Some(has) = lanes.tiles() {
            *self.products = amx::spin(has, self.rounds);
            return;
        }
        let terms = if L::QUADS {
            spin::<L, UnsignedRows>(lanes, self.rounds);
            4
        } else {
            spin::<L, Words>(lanes, self.rounds);
            2
        };
        *self.products = (self.rounds * SUMS * L::N * terms) as u64;
    }
}

/// Vectors of sums: more than a product takes, fewer than there are registers.
const SUMS: usize = 12;

#[inline(always)]
fn spin<L: Lanes, M: Multiply>(lanes: L, rounds: usize) {
    let a = lanes.splat(std::hint::black_box(0x0102_0304));
    let mut sums = [lanes.zero(); SUMS];
    for _ in 0..rounds {
        for i in 0..SUMS {
            // A factor that was ready long ago, and that no compiler takes out of the loop.
            sums[i] = M::add(lanes, sums[i], a, sums[(i + 1) % SUMS]);
        }
    }
    let mut total = lanes.zero();
    for sum in sums {
        total = lanes.add(total, sum);
    }
    let mut numbers = [0; 16];
    lanes.store(total, &mut numbers);
    std::hint::black_box(numbers);
}
