//! Costs that look random and are the same at every run.

use metisvm_accel::Costs;
use metisvm_accel::costs::Rate;
use std::sync::Mutex;

/// Numbers that look random and are the same at every run.
#[derive(Debug)]
pub(crate) struct Numbers(Mutex<u64>);

impl Numbers {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Mutex::new(seed))
    }

    pub(crate) fn below(&self, bound: u64) -> u64 {
        let mut state = self.0.lock().unwrap();
        *state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (*state >> 33) % bound
    }

    /// A number as costs have them, or one that is none.
    fn cost(&self) -> f64 {
        match self.below(20) {
            0 => 0.0,
            1 => f64::NAN,
            2 => f64::INFINITY,
            3 => -1.0,
            4 => f64::MAX,
            5 => 1e15,
            power => 10f64.powi(i32::try_from(power).unwrap() / 2 - 9) * self.below(1000) as f64,
        }
    }

    pub(crate) fn costs(&self) -> Costs {
        // A single bad number is enough for costs that are refused, so most have none.
        let sound = self.below(4) > 0;
        let number = || loop {
            let number = self.cost();
            if !sound || (0.0..=1e15).contains(&number) {
                return number;
            }
        };
        let rate = || Rate {
            step: number(),
            item: number(),
            once: number(),
            each: number(),
        };
        Costs {
            launch: number(),
            item: number(),
            up: number(),
            down: number(),
            stays: self.below(2) == 0,
            rates: std::array::from_fn(|_| (self.below(4) > 0).then(rate)),
        }
    }
}
