//! Card memory: written in pieces until it is full, then read back by a program. Each word is its own number, mixed, and
//! the second time the complement of that, so that bits that stick, lines that are shorted and addresses that meet show.

use super::check::{Passed, Problem, Target};
use super::random::mixed;
use metisvm_driver::{Device, Resident, RunJob};
use metisvm_firmware::program::HEADER_BYTES;
use metisvm_firmware::{
    Buffer, Burst, Capabilities, Dtype, INSTRUCTION_BYTES, LoadTiles, Program, ProgramBuilder, ProgramError,
    Space, StoreTiles,
};

/// Most bytes that one run reads back.
const MOST_WINDOW: u64 = 1 << 20;
/// Memory has at least so many windows, so that little of it is left out.
const WINDOWS: u64 = 32;
/// Of a budget of work a run takes this part at most: a byte costs about a unit.
const BUDGET_PART: u64 = 4;
/// Instructions of a step: a load, a store, and what passes tokens between them.
const STEP_INSTRUCTIONS: u64 = 6;
/// Handles that programs take: the one that runs, and the one before, which is evicted with the next job.
const PROGRAM_HANDLES: u32 = 2;
/// Most bytes that are loaded at once, if the handles suffice.
const PIECE: u64 = 16 << 20;
/// Most bytes that are loaded at once in any case: the host has so many, whatever a card says of its memory.
const MOST_PIECE: u64 = 256 << 20;
/// What card memory is given in.
const ALIGN: u64 = 64;

/// How memory is read back.
#[derive(Clone, Copy)]
struct Plan {
    /// Bytes of a tile of accumulators, and of those what is no padding.
    tile: u64,
    lanes: u64,
    /// Tiles of a step.
    tiles: u64,
    /// Bytes of a run: whole steps.
    window: u64,
    /// Bytes of a piece: whole windows.
    piece: u64,
    pieces: u64,
}

impl Plan {
    fn new(card: &Capabilities, most: u64) -> Option<Self> {
        let tile = card.geometry.tile_bytes(Buffer::Acc, Dtype::I32);
        let least_pieces = u64::from(card.max_handles.checked_sub(PROGRAM_HANDLES)?);
        let steps = u64::from(card.max_program_instructions) / STEP_INSTRUCTIONS;
        let window = MOST_WINDOW
            .min(card.max_output_bytes.into())
            .min(card.work_budget / BUDGET_PART)
            .min(card.card_memory_bytes / WINDOWS)
            .min(most);
        let tiles = (window / tile)
            .min(card.geometry.acc_tiles.into())
            .min(u16::MAX.into());
        let step = tile * tiles;
        let steps = window.checked_div(step)?.min(steps);
        let window = step * steps;
        let program = HEADER_BYTES as u64 + steps * STEP_INSTRUCTIONS * INSTRUCTION_BYTES as u64;
        let programs = u64::from(PROGRAM_HANDLES) * program.next_multiple_of(ALIGN);
        let free = card.card_memory_bytes.checked_sub(programs)?.min(most);
        let windows = free.checked_div(window)?;
        if windows == 0 || least_pieces == 0 {
            return None;
        }
        // Pieces of whole windows, of which there are no more than handles.
        let in_piece = windows
            .div_ceil(least_pieces)
            .max((PIECE / window).min(windows))
            .min(MOST_PIECE / window)
            .max(1);
        Some(Self {
            tile,
            lanes: card.geometry.unit_lanes(Buffer::Acc) * 4,
            tiles,
            window,
            piece: in_piece * window,
            pieces: (windows / in_piece).min(least_pieces),
        })
    }

    /// Bytes that are compared.
    const fn covered(&self) -> u64 {
        self.pieces * self.piece / self.tile * self.lanes
    }

    /// Copies a window to the output.
    fn program(&self, card: &Capabilities, offset: u64) -> Result<Program, ProgramError> {
        let mut builder = ProgramBuilder::new(card.geometry);
        let step = self.tile * self.tiles;
        let tiles = self.tiles as u16;
        let burst = |space, offset| Burst {
            space,
            offset,
            row_stride: 0,
            dtype: Dtype::I32,
        };
        for at in (0..self.window).step_by(step as usize) {
            builder.load_tiles(LoadTiles {
                buffer: Buffer::Acc,
                base: 0,
                pitch: 0,
                rows: 1,
                cols: tiles,
                from: burst(Space::Resident, offset + at),
                zero_point: 0,
            })?;
            builder.store_tiles(StoreTiles {
                base: 0,
                pitch: 0,
                rows: 1,
                cols: tiles,
                to: burst(Space::Output, at),
            })?;
        }
        builder.finish()
    }

    /// The first byte of a window that is not as it was written.
    fn difference(&self, written: &[u8], read: &[u8]) -> Option<usize> {
        let tiles = written
            .chunks(self.tile as usize)
            .zip(read.chunks(self.tile as usize));
        tiles.enumerate().find_map(|(index, (written, read))| {
            let lanes = self.lanes as usize;
            let at = written[..lanes]
                .iter()
                .zip(&read[..lanes])
                .position(|(a, b)| a != b)?;
            Some(index * self.tile as usize + at)
        })
    }
}

/// Words from a byte on, a multiple of 8; their complements the second time.
fn pattern(from: u64, bytes: u64, complement: bool) -> Vec<u8> {
    let flip = if complement { u64::MAX } else { 0 };
    let words = from / 8..(from + bytes) / 8;
    words
        .flat_map(|word| (mixed(word) ^ flip).to_le_bytes())
        .collect()
}

pub(super) fn memory(target: &Target) -> Result<Passed, Problem> {
    target.needs_engine()?;
    let card = target.capabilities();
    let plan = Plan::new(card, target.memory)
        .ok_or_else(|| Problem::NotThere("its engine is too small to read its memory back".to_owned()))?;
    for complement in [false, true] {
        let load = |piece| {
            target
                .device
                .load_resident(&pattern(piece * plan.piece, plan.piece, complement))
        };
        let pieces = (0..plan.pieces).map(load).collect::<Result<Vec<_>, _>>()?;
        for offset in (0..plan.piece).step_by(plan.window as usize) {
            read_back(target, &plan, &pieces, offset, complement)?;
        }
    }
    let (covered, all) = (plan.covered(), card.card_memory_bytes);
    Ok(Passed {
        detail: format!("{:.2} of {:.2} MiB, twice", mib(covered), mib(all)),
        figures: vec![
            ("tested_bytes", covered as f64),
            ("card_memory_bytes", all as f64),
        ],
    })
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// Reads the same window of each piece.
fn read_back(
    target: &Target,
    plan: &Plan,
    pieces: &[Resident],
    offset: u64,
    complement: bool,
) -> Result<(), Problem> {
    let device: &Device = &target.device;
    let program = plan.program(target.capabilities(), offset);
    let program = program.map_err(|error| Problem::Wrong(format!("the program does not fit: {error}")))?;
    let program = device.load_program(&program)?;
    for (piece, data) in (0..).zip(pieces) {
        let job = RunJob {
            program: &program,
            data: Some(data),
            state: None,
            workspace_bytes: 0,
            inputs: &[&[]],
            output_bytes: plan.window as usize,
            dtype_in: Dtype::U8,
            dtype_out: Dtype::I32,
        };
        let outputs = device.run(&job)?;
        let read = outputs.first().map_or(&[][..], Vec::as_slice);
        let from = piece * plan.piece + offset;
        let written = pattern(from, plan.window, complement);
        if let Some(at) = plan.difference(&written, read) {
            return Err(Problem::Wrong(format!(
                "byte {:#x} of what was written reads {:#04x}, and was {:#04x}",
                from + at as u64,
                read[at],
                written[at]
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use metisvm_boards::Board;

    #[test]
    fn a_plan_fits_every_board_with_an_engine_and_leaves_little_of_its_memory_out() {
        let mut boards = 0;
        for board in metisvm_boards::names().filter_map(Board::named) {
            let Some(_) = board.tensor else { continue };
            boards += 1;
            let card = board.capabilities;
            let plan = Plan::new(&card, u64::MAX).unwrap_or_else(|| panic!("{}", board.name));
            assert!(plan.pieces <= u64::from(card.max_handles - PROGRAM_HANDLES));
            assert!(plan.window <= card.max_output_bytes.into());
            let program = plan.program(&card, plan.piece - plan.window).unwrap();
            assert!(program.len() <= card.max_program_instructions as usize);
            assert!(program.cost(&card.geometry) <= card.work_budget);
            let programs = 2 * (program.to_bytes().len() as u64).next_multiple_of(ALIGN);
            assert!(plan.piece * plan.pieces + programs <= card.card_memory_bytes);
            assert!(
                plan.covered() * 2 > card.card_memory_bytes,
                "{}: {}",
                board.name,
                plan.covered()
            );
            let some = Plan::new(&card, 1 << 16).unwrap();
            assert!(some.covered() <= 1 << 16);
        }
        assert!(boards > 3);
    }

    #[test]
    fn a_card_that_says_it_has_all_memory_there_is_makes_the_host_hold_a_piece_and_no_more() {
        let mut card = Board::named("sim-tensor").unwrap().capabilities;
        card.card_memory_bytes = 1 << 48;
        let plan = Plan::new(&card, u64::MAX).unwrap();
        assert!(plan.piece <= MOST_PIECE);
        assert!(plan.pieces <= u64::from(card.max_handles - PROGRAM_HANDLES));
    }

    #[test]
    fn a_byte_that_differs_is_found_wherever_it_is_but_in_padding() {
        let plan = Plan {
            tile: 16,
            lanes: 12,
            tiles: 2,
            window: 32,
            piece: 32,
            pieces: 1,
        };
        let written = pattern(0, 32, false);
        assert_eq!(plan.difference(&written, &written), None);
        for at in 0..32 {
            let mut read = written.clone();
            read[at] ^= 1;
            let padding = at % 16 >= 12;
            assert_eq!(plan.difference(&written, &read), (!padding).then_some(at));
        }
        assert!(
            pattern(8, 8, false)
                .iter()
                .zip(pattern(8, 8, true))
                .all(|(a, b)| *a == !b)
        );
    }
}
