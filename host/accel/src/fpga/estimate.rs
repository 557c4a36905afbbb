//! How long a program would take a card in hardware: an **estimate**, from what each instruction takes
//! ([`super::cycles`]) and the order that the tokens leave. The RTL is the authority.

use super::cycles::{cycles, memory_bytes, products};
use super::engine::Engine;
use metisvm_firmware::{Instruction, Module, Program};
use std::collections::VecDeque;

/// Cycles of one item, about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Estimate {
    /// From the first instruction to the last, the modules at once where the tokens let them.
    pub cycles: u64,
    /// In which load, compute and store are each at work.
    pub busy: [u64; 3],
    /// That the array would take if it never waited: a product of tiles each.
    pub products: u64,
    /// Bytes of card memory that loads read and stores write.
    pub memory_bytes: u64,
}

impl Estimate {
    /// The estimate for a program of sound tokens; what a deadlock keeps from running is left out.
    pub fn of(program: &Program, engine: &Engine) -> Self {
        let mut estimate = Self::default();
        let mut heads = [0; 3];
        let mut free = [0_u64; 3];
        // When each token was given.
        let mut links: [VecDeque<u64>; 4] = Default::default();
        let mut moved = true;
        while moved {
            moved = false;
            for module in Module::ALL {
                let at = module as usize;
                while let Some(instruction) = program.stream(module).get(heads[at])
                    && let Some(given) = tokens(instruction, &mut links)
                {
                    let taken = cycles(&instruction.operation, engine);
                    free[at] = free[at].max(given) + taken;
                    estimate.busy[at] += taken;
                    estimate.products += products(&instruction.operation);
                    estimate.memory_bytes += memory_bytes(&instruction.operation, &engine.geometry);
                    instruction
                        .pushes()
                        .for_each(|link| links[link as usize].push_back(free[at]));
                    heads[at] += 1;
                    moved = true;
                }
            }
        }
        estimate.cycles = free.into_iter().max().unwrap_or(0);
        estimate
    }

    /// If one instruction came after the other.
    pub fn in_full_order(&self) -> u64 {
        self.busy.iter().sum()
    }

    /// Which part of the cycles the array multiplies in.
    pub fn utilisation(&self) -> f64 {
        self.products as f64 / self.cycles.max(1) as f64
    }
}

/// Takes an instruction's tokens: when the last was given, if all are there. That a link may be full is left out.
fn tokens(instruction: &Instruction, links: &mut [VecDeque<u64>; 4]) -> Option<u64> {
    if instruction.pops().any(|link| links[link as usize].is_empty()) {
        return None;
    }
    let given = instruction
        .pops()
        .filter_map(|link| links[link as usize].pop_front());
    Some(given.max().unwrap_or(0))
}
