//! The three modules and their tokens.
//!
//! Each module runs its instructions in order. Which module is next is drawn from a seeded
//! generator among those that may run, so a program that leaves out a token runs in a wrong order
//! under some seed, as it would on real hardware under some load.

use metisvm_firmware::program::MAX_TOKENS;
use metisvm_firmware::{Instruction, Status};

/// The state of the modules.
#[derive(Debug)]
pub struct Schedule {
    /// Indices of each module's instructions, in order.
    queues: [Vec<u32>; 3],
    heads: [usize; 3],
    tokens: [u32; 4],
    random: u64,
}

impl Schedule {
    /// All modules at the start of a program.
    pub fn new(program: &[Instruction], seed: u64) -> Self {
        let mut queues = [Vec::new(), Vec::new(), Vec::new()];
        for (index, instruction) in program.iter().enumerate() {
            queues[instruction.operation.module() as usize].push(index as u32);
        }
        // The generator must not start at 0, where it would stay.
        let random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        Self {
            queues,
            heads: [0; 3],
            tokens: [0; 4],
            random,
        }
    }

    /// Back to the start of the program; the generator goes on.
    pub fn rewind(&mut self) {
        self.heads = [0; 3];
        self.tokens = [0; 4];
    }

    /// Takes the index of the next instruction and moves its tokens; `None` at the end.
    ///
    /// # Errors
    /// A deadlock, with the index of a blocked instruction, or tokens left at the end.
    pub fn next(&mut self, program: &[Instruction]) -> Result<Option<u32>, (Status, u32)> {
        let start = self.draw();
        let mut blocked = None;
        for turn in 0..3 {
            let module = (start + turn) % 3;
            let Some(&index) = self.queues[module].get(self.heads[module]) else {
                continue;
            };
            let instruction = &program[index as usize];
            let starved = instruction.pops().any(|link| self.tokens[link as usize] == 0);
            let stuffed = instruction
                .pushes()
                .any(|link| self.tokens[link as usize] == MAX_TOKENS);
            if starved || stuffed {
                blocked = Some(index);
                continue;
            }
            instruction
                .pops()
                .for_each(|link| self.tokens[link as usize] -= 1);
            instruction
                .pushes()
                .for_each(|link| self.tokens[link as usize] += 1);
            self.heads[module] += 1;
            return Ok(Some(index));
        }
        match blocked {
            Some(index) => Err((Status::Deadlock, index)),
            None if self.tokens == [0; 4] => Ok(None),
            None => Err((Status::TokenImbalance, program.len() as u32 - 1)),
        }
    }

    fn draw(&mut self) -> usize {
        // Xorshift: speed matters here, quality does not.
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 33) as usize % 3
    }
}
