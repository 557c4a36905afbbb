//! The functional card, and what it is given in the script's words.

use crate::random::Random;
use crate::verilated::Script;
use metisvm_firmware::{
    Buffer, Burst, Dependencies, Dtype, Gemm, Geometry, Instruction, LoadTiles, Operation, Space, StoreTiles,
};
use metisvm_sim::machine::{Machine, Spaces};
use std::sync::atomic::AtomicBool;

/// A machine of the functional card, addressed by instructions alone.
pub(crate) struct Reference {
    geometry: Geometry,
    machine: Machine,
}

impl Reference {
    pub(crate) fn new(geometry: Geometry) -> Self {
        Self {
            machine: Machine::new(geometry),
            geometry,
        }
    }

    fn execute(&mut self, operation: Operation, resident: &[u8], output: &mut [u8]) -> u16 {
        let instruction = Instruction {
            dependencies: Dependencies::default(),
            operation,
        };
        let mut spaces = Spaces {
            resident,
            input: &[],
            output,
            workspace: &mut [],
            state: &mut [],
        };
        match self
            .machine
            .execute(&instruction, &mut spaces, &AtomicBool::new(false))
        {
            Ok(()) => 0,
            Err(status) => status as u16,
        }
    }

    /// The status.
    pub(crate) fn gemm(&mut self, gemm: &Gemm) -> u16 {
        self.execute(Operation::Gemm(*gemm), &[], &mut [])
    }

    /// Writes a tile, in both.
    fn write_tile(&mut self, random: &mut Random, script: &mut Script, buffer: Buffer, tile: u32) {
        let (rows, cols) = self.geometry.tile(buffer);
        let lanes = usize::from(rows) * usize::from(cols);
        let dtype = match buffer {
            Buffer::Acc => Dtype::I32,
            _ => random.choose(&[Dtype::U8, Dtype::I8]),
        };
        let bytes = self.geometry.tile_bytes(buffer, dtype) as usize;
        let extreme = random.one_in(4);
        let data: Vec<u8> = (0..bytes)
            .map(|_| {
                if extreme {
                    random.choose(&[0, 0x7f, 0x80, 0xff])
                } else {
                    random.bits() as u8
                }
            })
            .collect();
        let zero_point = match (buffer, random.bits() % 4) {
            (Buffer::Acc, _) | (_, 0) => 0,
            (_, 1) => random.choose(&[-128, 128, 255, -256]),
            _ => random.within(-256, 255) as i16,
        };
        let load = LoadTiles {
            buffer,
            base: tile as u16,
            pitch: 0,
            rows: 1,
            cols: 1,
            from: Burst {
                space: Space::Resident,
                offset: 0,
                row_stride: 0,
                dtype,
            },
            zero_point,
        };
        assert_eq!(self.execute(Operation::LoadTiles(load), &data, &mut []), 0);
        if buffer == Buffer::Acc {
            for (row, values) in data.chunks_exact(4 * usize::from(cols)).enumerate() {
                let values: Vec<u32> = values
                    .chunks_exact(4)
                    .map(|v| u32::from_le_bytes(v.try_into().unwrap()))
                    .collect();
                script.write('C', tile * u32::from(rows) + row as u32, &values);
            }
        } else {
            let value = |byte: u8| match dtype {
                Dtype::I8 => i32::from(byte as i8),
                _ => i32::from(byte),
            };
            let values: Vec<u32> = data[..lanes]
                .iter()
                .map(|&byte| (value(byte) - i32::from(zero_point)) as u32 & 0x1ff)
                .collect();
            script.write(if buffer == Buffer::A { 'A' } else { 'B' }, tile, &values);
        }
    }

    /// Writes all tiles.
    pub(crate) fn fill(&mut self, random: &mut Random, script: &mut Script) {
        for buffer in [Buffer::A, Buffer::B, Buffer::Acc] {
            for tile in 0..self.geometry.size(buffer) {
                self.write_tile(random, script, buffer, tile);
            }
        }
    }

    /// Writes a tile of each scratchpad.
    pub(crate) fn write_some(&mut self, random: &mut Random, script: &mut Script) {
        for buffer in [Buffer::A, Buffer::B, Buffer::Acc] {
            let tile = random.within(0, i64::from(self.geometry.size(buffer)) - 1) as u32;
            self.write_tile(random, script, buffer, tile);
        }
    }

    /// All accumulators, row by row.
    pub(crate) fn accumulators(&mut self) -> Vec<u32> {
        let tiles = self.geometry.acc_tiles;
        let bytes = self.geometry.tile_bytes(Buffer::Acc, Dtype::I32) as usize;
        let mut output = vec![0; bytes * tiles as usize];
        let store = StoreTiles {
            base: 0,
            pitch: 0,
            rows: 1,
            cols: tiles as u16,
            to: Burst {
                space: Space::Output,
                offset: 0,
                row_stride: 0,
                dtype: Dtype::I32,
            },
        };
        assert_eq!(self.execute(Operation::StoreTiles(store), &[], &mut output), 0);
        let lanes = self.geometry.unit_lanes(Buffer::Acc) as usize;
        output
            .chunks_exact(bytes)
            .flat_map(|tile| tile[..4 * lanes].chunks_exact(4))
            .map(|value| u32::from_le_bytes(value.try_into().unwrap()))
            .collect()
    }
}
