//! Whether a program's tokens order all that must be ordered.
//!
//! Modules run at once, so a program is right on every card only if of two instructions that touch the same thing,
//! at least one of them writing, one surely ends before the other begins. [`check`] runs the modules once with
//! vector clocks: an instruction knows what is done when it begins, by the instructions before it in its module
//! and by the tokens that it took. Whatever two modules touch is then compared, tile by tile and byte by byte.
//! A program that passes gives the same result in every legal order.

use crate::touches::{Cell, touches};
use metisvm_firmware::program::MAX_TOKENS;
use metisvm_firmware::{Geometry, Instruction, Module, Program};
use std::collections::{HashMap, VecDeque};
use std::fmt;

/// Of each module: how many of its instructions are done.
type Clock = [usize; 3];

/// An instruction: its module, and its place in the module's stream.
pub type Which = (Module, usize);

/// What is wrong with a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disorder {
    /// Nothing orders two instructions that meet in a cell.
    Race {
        /// One of them.
        first: Which,
        /// The other.
        second: Which,
        /// Where they meet.
        cell: Cell,
    },
    /// The modules do not come to an end, or leave tokens.
    Tokens,
}

impl fmt::Display for Disorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Race { first, second, cell } => {
                write!(f, "{first:?} and {second:?} meet in {cell:?} in no order")
            }
            Self::Tokens => f.write_str("the modules do not come to an end, or leave tokens"),
        }
    }
}

impl std::error::Error for Disorder {}

/// Who touched a cell: the last write, and of each module the last read since.
#[derive(Clone, Copy, Debug, Default)]
struct Touched {
    write: Option<Which>,
    reads: [Option<usize>; 3],
}

/// Checks a program of valid instructions.
///
/// # Errors
/// The first race that is found, or that the tokens do not balance.
pub fn check(program: &Program, geometry: &Geometry) -> Result<(), Disorder> {
    let mut heads = [0; 3];
    let mut clocks = [Clock::default(); 3];
    let mut links: [VecDeque<Clock>; 4] = Default::default();
    let mut cells: HashMap<Cell, Touched> = HashMap::new();
    let mut moved = true;
    while moved {
        moved = false;
        for module in Module::ALL {
            let at = module as usize;
            while let Some(instruction) = program.stream(module).get(heads[at]) {
                if !may_begin(instruction, &links) {
                    break;
                }
                let mut clock = clocks[at];
                for link in instruction.pops() {
                    let token = links[link as usize].pop_front().unwrap_or_default();
                    clock
                        .iter_mut()
                        .zip(token)
                        .for_each(|(own, other)| *own = other.max(*own));
                }
                touch(instruction, (module, heads[at]), &clock, geometry, &mut cells)?;
                heads[at] += 1;
                clock[at] = heads[at];
                clocks[at] = clock;
                instruction
                    .pushes()
                    .for_each(|link| links[link as usize].push_back(clock));
                moved = true;
            }
        }
    }
    let ended = Module::ALL
        .iter()
        .all(|&module| heads[module as usize] == program.stream(module).len());
    if ended && links.iter().all(VecDeque::is_empty) {
        Ok(())
    } else {
        Err(Disorder::Tokens)
    }
}

fn may_begin(instruction: &Instruction, links: &[VecDeque<Clock>; 4]) -> bool {
    let starved = instruction.pops().any(|link| links[link as usize].is_empty());
    let stuffed = instruction
        .pushes()
        .any(|link| links[link as usize].len() == MAX_TOKENS as usize);
    !starved && !stuffed
}

/// Compares what an instruction touches with who touched it before, and notes it.
fn touch(
    instruction: &Instruction,
    which: Which,
    clock: &Clock,
    geometry: &Geometry,
    cells: &mut HashMap<Cell, Touched>,
) -> Result<(), Disorder> {
    let (module, index) = which;
    let mut found = Ok(());
    touches(&instruction.operation, geometry, &mut |cell, writes| {
        let touched = cells.entry(cell).or_default();
        let mut after = |other: Which| {
            let (of, index) = other;
            if of != module && clock[of as usize] <= index && found.is_ok() {
                found = Err(Disorder::Race {
                    first: other,
                    second: which,
                    cell,
                });
            }
        };
        touched.write.into_iter().for_each(&mut after);
        if writes {
            for (of, read) in Module::ALL.into_iter().zip(touched.reads) {
                read.into_iter().for_each(|index| after((of, index)));
            }
            *touched = Touched {
                write: Some(which),
                reads: [None; 3],
            };
        } else {
            touched.reads[module as usize] = Some(index);
        }
    });
    found
}
