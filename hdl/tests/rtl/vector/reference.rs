//! The functional card's scratchpads, filled and looked at through its own instructions.

use crate::random::Random;
use metisvm_firmware::check::{MAX_MULTIPLIER, MAX_SHIFT, Record, TABLE_ENTRIES};
use metisvm_firmware::{
    Buffer, Burst, Dtype, Geometry, Instruction, LoadTiles, Operation, Space, Status, StoreTiles,
};
use metisvm_sim::machine::{Machine, Spaces};
use std::fmt::Write;
use std::sync::atomic::AtomicBool;

/// A machine; what is loaded into it is written to the harness's text too.
pub(crate) struct Reference {
    geometry: Geometry,
    machine: Machine,
}

impl Reference {
    pub(crate) fn new(geometry: Geometry) -> Self {
        Self {
            geometry,
            machine: Machine::new(geometry),
        }
    }

    /// Executes an instruction without memory.
    pub(crate) fn execute(&mut self, instruction: &Instruction) -> Status {
        self.with(instruction, &[], &mut [])
    }

    fn with(&mut self, instruction: &Instruction, input: &[u8], output: &mut [u8]) -> Status {
        let mut spaces = Spaces {
            resident: &[],
            input,
            output,
            workspace: &mut [],
            state: &mut [],
        };
        match self
            .machine
            .execute(instruction, &mut spaces, &AtomicBool::new(false))
        {
            Ok(()) => Status::Ok,
            Err(status) => status,
        }
    }

    fn load(&mut self, buffer: Buffer, base: u16, tiles: u16, dtype: Dtype, bytes: &[u8]) {
        let from = Burst {
            space: Space::Input,
            offset: 0,
            row_stride: 0,
            dtype,
        };
        let load = LoadTiles {
            buffer,
            base,
            pitch: tiles,
            rows: 1,
            cols: tiles,
            from,
            zero_point: 0,
        };
        let instruction = Instruction {
            dependencies: Default::default(),
            operation: Operation::LoadTiles(load),
        };
        assert_eq!(self.with(&instruction, bytes, &mut []), Status::Ok);
    }

    /// Draws all accumulators.
    pub(crate) fn load_accumulators(&mut self, random: &mut Random, text: &mut String) {
        let tiles = self.geometry.acc_tiles;
        let (rows, cols) = self.geometry.tile(Buffer::Acc);
        // Few values at times, so that there are equals.
        let few = random.one_in(3);
        let lanes = tiles as usize * usize::from(rows) * usize::from(cols);
        let values: Vec<i32> = (0..lanes)
            .map(|_| match random.bits() % 16 {
                0 => random.choose(&[i32::MIN, i32::MAX, 0, -1, 0x7fff, -0x8000, 0x8000]),
                _ if few => random.within(-2, 2) as i32,
                _ => random.any_magnitude(),
            })
            .collect();
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.load(Buffer::Acc, 0, tiles as u16, Dtype::I32, &bytes);
        text.push('0');
        for value in values {
            write!(text, " {}", value as u32).unwrap();
        }
        text.push('\n');
    }

    /// Draws most records; the others are not loaded.
    pub(crate) fn load_records(&mut self, random: &mut Random, text: &mut String) {
        let hole = random.within(0, i64::from(self.geometry.param_entries) - 1) as u32;
        let all = random.one_in(4);
        self.records(random, text, |index, _| all || index != hole);
    }

    /// Draws all records.
    pub(crate) fn load_all_records(&mut self, random: &mut Random, text: &mut String) {
        self.records(random, text, |_, _| true);
    }

    fn records(&mut self, random: &mut Random, text: &mut String, loaded: impl Fn(u32, &Record) -> bool) {
        for index in 0..self.geometry.param_entries {
            let record = Record {
                multiplier: random.within(1, MAX_MULTIPLIER.into()) as u16,
                shift: random.within(1, MAX_SHIFT.into()) as u8,
                zero: random.any_magnitude(),
            };
            let bytes = record.to_bytes();
            let loaded = loaded(index, &record);
            if loaded {
                self.load(Buffer::Param, index as u16, 1, Dtype::U8, &bytes);
            }
            let word = u64::from_le_bytes(bytes);
            writeln!(text, "1 {index} {word} {}", u8::from(loaded)).unwrap();
        }
    }

    /// Draws all tables.
    pub(crate) fn load_tables(&mut self, random: &mut Random, text: &mut String) {
        for table in 0..self.geometry.table_count {
            let entries: Vec<i32> = (0..TABLE_ENTRIES).map(|_| random.any_magnitude()).collect();
            let bytes: Vec<u8> = entries.iter().flat_map(|entry| entry.to_le_bytes()).collect();
            self.load(Buffer::Table, table as u16, 1, Dtype::I32, &bytes);
            write!(text, "2 {} {TABLE_ENTRIES}", table as usize * TABLE_ENTRIES).unwrap();
            for entry in entries {
                write!(text, " {}", entry as u32).unwrap();
            }
            text.push('\n');
        }
    }

    /// All accumulators, as the harness has them: row by row of each tile.
    pub(crate) fn accumulators(&mut self) -> Vec<u32> {
        let tiles = self.geometry.acc_tiles;
        let bytes = self.geometry.tile_bytes(Buffer::Acc, Dtype::I32) as usize;
        let mut output = vec![0; tiles as usize * bytes];
        let to = Burst {
            space: Space::Output,
            offset: 0,
            row_stride: 0,
            dtype: Dtype::I32,
        };
        let store = StoreTiles {
            base: 0,
            pitch: tiles as u16,
            rows: 1,
            cols: tiles as u16,
            to,
        };
        let instruction = Instruction {
            dependencies: Default::default(),
            operation: Operation::StoreTiles(store),
        };
        assert_eq!(self.with(&instruction, &[], &mut output), Status::Ok);
        output
            .chunks_exact(4)
            .map(|word| u32::from_le_bytes(word.try_into().unwrap()))
            .collect()
    }

    /// A number that stands for all accumulators.
    pub(crate) fn hash(&mut self) -> u64 {
        let hash = |hash: u64, word: u32| (hash ^ u64::from(word)).wrapping_mul(0x0100_0000_01b3);
        self.accumulators().into_iter().fold(0xcbf2_9ce4_8422_2325, hash)
    }
}
