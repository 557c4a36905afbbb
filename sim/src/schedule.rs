//! The three modules and their tokens.
//!
//! Each module runs its stream in order. Which module is next is drawn from a seeded
//! generator among those that may run, so a program that leaves out a token runs in a wrong order
//! under some seed, as it would on real hardware under some load.

use crate::streams::Streams;
use metisvm_firmware::Status;
use metisvm_firmware::program::MAX_TOKENS;

/// The state of the modules.
#[derive(Debug)]
pub struct Schedule {
    /// The next instruction of each stream.
    heads: [usize; 3],
    tokens: [u32; 4],
    random: u64,
}

impl Schedule {
    /// All modules at the start of a program.
    pub fn new(seed: u64) -> Self {
        // The generator must not start at 0, where it would stay.
        let random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        Self {
            heads: [0; 3],
            tokens: [0; 4],
            random,
        }
    }

    /// To the start of a program; the generator goes on.
    pub fn rewind(&mut self, program: &Streams) {
        self.heads = [0, 1, 2].map(|module| program.range(module).start);
        self.tokens = [0; 4];
    }

    /// Takes the index of the next instruction and moves its tokens; `None` at the end.
    ///
    /// # Errors
    /// A deadlock, with the index of a blocked instruction, or tokens left at the end.
    pub fn next(&mut self, program: &Streams) -> Result<Option<u32>, (Status, u32)> {
        let start = self.draw();
        let mut blocked = None;
        for turn in 0..3 {
            let module = (start + turn) % 3;
            let head = self.heads[module];
            if head == program.range(module).end {
                continue;
            }
            let index = head as u32;
            let instruction = program.get(index);
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
