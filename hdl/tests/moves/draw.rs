//! Random instructions: most of them sound, with every edge of their bounds, some beyond.

use crate::memory::Memory;
use crate::random::Random;
use metisvm_firmware::{
    Buffer, Burst, Dtype, Fill, Geometry, Instruction, Lanes, Load, LoadTiles, Operation, Space, Store,
    StoreTiles, Walk,
};

const READABLE: [Space; 4] = [Space::Resident, Space::Input, Space::Workspace, Space::State];
const WRITABLE: [Space; 3] = [Space::Output, Space::Workspace, Space::State];

pub(crate) struct Draw<'a> {
    pub(crate) geometry: Geometry,
    pub(crate) random: &'a mut Random,
}

impl Draw<'_> {
    /// A well-formed instruction of the load module.
    pub(crate) fn load(&mut self) -> Instruction {
        self.well_formed(|draw| match draw.random.bits() % 8 {
            0..=3 => draw.gather(),
            4..=6 => draw.load_tiles(),
            _ => draw.fill(),
        })
    }

    /// A well-formed instruction of the store module.
    pub(crate) fn store(&mut self) -> Instruction {
        self.well_formed(|draw| match draw.random.bits() % 8 {
            0..=4 => draw.scatter(),
            _ => draw.store_tiles(),
        })
    }

    fn well_formed(&mut self, operation: impl Fn(&mut Self) -> Operation) -> Instruction {
        loop {
            let instruction = Instruction {
                dependencies: Default::default(),
                operation: operation(self),
            };
            if Instruction::decode(instruction.encode()) == Ok(instruction) {
                return instruction;
            }
        }
    }

    fn within(&mut self, least: u64, greatest: u64) -> u64 {
        self.random.within(least as i64, greatest.max(least) as i64) as u64
    }

    /// A number up to a limit, now and then any.
    fn number(&mut self, least: u64, greatest: u64) -> u16 {
        match self.random.bits() % 64 {
            0 => self.random.bits() as u16,
            1 => 0xffff,
            2 => (self.random.bits() as u16) >> (self.random.bits() % 16),
            _ => self.within(least, greatest) as u16,
        }
    }

    /// A block of tiles that fits as a rule, and then often to the last one: base, pitch, rows and columns of tiles.
    fn block(&mut self, tiles: u64) -> [u16; 4] {
        let cols = self.number(1, 4.min(tiles));
        let rows = self.number(1, 4.min(tiles / u64::from(cols.clamp(1, 4))));
        let pitch = match self.random.bits() % 8 {
            0 => self.number(0, u64::from(cols)),
            _ => self.number(cols.into(), u64::from(cols) + 2),
        };
        let last = u64::from(rows.max(1) - 1) * u64::from(pitch) + u64::from(cols.max(1)) - 1;
        let room = tiles.saturating_sub(last + 1);
        let base = match self.random.bits() % 4 {
            0 => room as u16,
            1 if self.random.one_in(4) => (room + 1) as u16,
            2 if self.random.one_in(4) => 0,
            _ => self.number(0, room),
        };
        [base, pitch, rows, cols]
    }

    fn zero_point(&mut self, buffer: Buffer) -> i16 {
        match (buffer, self.random.bits() % 4) {
            (Buffer::A | Buffer::B, 0) => self.random.choose(&[-256, 255, -255, -1, 127, -128]),
            (Buffer::A | Buffer::B, 1 | 2) => self.random.within(-256, 255) as i16,
            _ => 0,
        }
    }

    /// A rectangle of lanes within a scratchpad, as a rule.
    fn lanes(&mut self, buffer: Buffer) -> Lanes {
        let (height, width) = self.geometry.tile(buffer);
        let [base, pitch, tile_rows, tile_cols] = self.block(self.geometry.size(buffer).into());
        let mut side = |tiles: u16, side: u16| {
            let side = u64::from(side);
            let all = u64::from(tiles.clamp(1, 8)) * side;
            let first = self.within(0, side.min(all) - 1);
            let count = match self.random.bits() % 3 {
                0 => all - first,
                _ => self.within(1, all - first),
            };
            match self.random.bits() % 64 {
                0 => (self.random.bits() as u16, self.random.bits() as u16),
                1 => (first as u16, 0xffff),
                _ => (first as u16, count as u16),
            }
        };
        let (row, rows) = side(tile_rows, height);
        let (col, cols) = side(tile_cols, width);
        Lanes {
            base,
            pitch,
            row,
            col,
            rows,
            cols,
        }
    }

    /// Strides, and an offset with which all lies in the space as a rule, and then often up to its ends.
    fn walk(&mut self, space: Space, dtype: Dtype, lanes: &Lanes) -> Walk {
        let bytes = i64::from(dtype.bytes());
        let [rows, cols] = [lanes.rows, lanes.cols].map(i64::from);
        let sign = self.random.choose(&[1, -1]);
        let col_stride = match self.random.bits() % 8 {
            0 => 0,
            1 => self.random.any_magnitude().into(),
            2 => self.random.within(-40, 40),
            3 => bytes * self.random.within(1, 9),
            4 => sign * rows * bytes,
            5 => -bytes,
            _ => bytes,
        };
        let row_stride = match self.random.bits() % 8 {
            0 => 0,
            1 => self.random.any_magnitude().into(),
            2 => self.random.within(-300, 300),
            3 => bytes,
            4 => -(cols * col_stride.abs() + bytes),
            _ => (cols - 1) * col_stride.abs() + bytes + self.random.within(0, 1) * self.random.within(0, 20),
        };
        let (row_reach, col_reach) = ((rows - 1) * row_stride, (cols - 1) * col_stride);
        let low = row_reach.min(0) + col_reach.min(0);
        let high = row_reach.max(0) + col_reach.max(0) + bytes;
        let (first, last) = (-low, Memory::size(space) as i64 - high);
        let offset = match self.random.bits() % 16 {
            0 | 4 => first,
            1 | 5 => last,
            2 if self.random.one_in(2) => first - 1,
            2 => last + 1,
            3 if self.random.one_in(4) => (self.random.bits() >> 16) as i64,
            _ if first <= last => self.random.within(first, last),
            _ => first,
        };
        Walk {
            space,
            offset: offset.clamp(0, (1 << 48) - 1) as u64,
            row_stride: row_stride as i32,
            col_stride: col_stride as i32,
            dtype,
        }
    }

    fn burst(&mut self, space: Space, buffer: Buffer, dtype: Dtype, rows: u16, cols: u16) -> Burst {
        let tile = self.geometry.tile_bytes(buffer, dtype) as i64;
        let row = tile * i64::from(cols);
        let row_stride = match self.random.bits() % 8 {
            0 => row + self.random.within(0, 8) * 8,
            1 => self.random.within(0, 64) * 8,
            2 if self.random.one_in(4) => (self.random.bits() as u32 & !7).into(),
            3 => row - 8,
            _ => row,
        }
        .max(0) as u32;
        let end = i64::from(rows.max(1) - 1) * i64::from(row_stride) + row;
        let last = (Memory::size(space) as i64 - end) & !7;
        let offset = match self.random.bits() % 16 {
            0 | 4 => 0,
            1 | 5 => last,
            2 | 6 => last + 8,
            3 if self.random.one_in(4) => (self.random.bits() >> 16 & !7) as i64,
            _ if last >= 0 => self.random.within(0, last) & !7,
            _ => 0,
        };
        Burst {
            space,
            offset: offset.max(0) as u64,
            row_stride,
            dtype,
        }
    }

    fn gather(&mut self) -> Operation {
        let buffer = self.random.choose(&[
            Buffer::A,
            Buffer::A,
            Buffer::B,
            Buffer::Acc,
            Buffer::Acc,
            Buffer::Table,
        ]);
        let dtype = match buffer {
            Buffer::A | Buffer::B => self.random.choose(&[Dtype::U8, Dtype::I8]),
            _ => self.random.choose(&Dtype::ALL),
        };
        let to = match buffer {
            Buffer::Table => Lanes {
                base: self.number(0, self.geometry.table_count.into()),
                rows: 1,
                cols: 256,
                ..Lanes::default()
            },
            _ => self.lanes(buffer),
        };
        let space = self.random.choose(&READABLE);
        let mut from = self.walk(space, dtype, &to);
        if buffer == Buffer::Table {
            from.row_stride = 0;
        }
        let zero_point = self.zero_point(buffer);
        Operation::Load(Load {
            buffer,
            to,
            from,
            zero_point,
        })
    }

    fn load_tiles(&mut self) -> Operation {
        let buffer = self.random.choose(&[
            Buffer::A,
            Buffer::B,
            Buffer::Acc,
            Buffer::Acc,
            Buffer::Param,
            Buffer::Table,
        ]);
        let dtype = match buffer {
            Buffer::A | Buffer::B => self.random.choose(&[Dtype::U8, Dtype::I8]),
            Buffer::Param => Dtype::U8,
            _ => self.random.choose(&Dtype::ALL),
        };
        let [base, pitch, rows, cols] = self.block(self.geometry.size(buffer).into());
        let space = self.random.choose(&READABLE);
        let from = self.burst(space, buffer, dtype, rows, cols);
        let zero_point = self.zero_point(buffer);
        Operation::LoadTiles(LoadTiles {
            buffer,
            base,
            pitch,
            rows,
            cols,
            from,
            zero_point,
        })
    }

    fn fill(&mut self) -> Operation {
        let buffer = self.random.choose(&[Buffer::A, Buffer::B, Buffer::Acc]);
        let size = u64::from(self.geometry.size(buffer));
        let tiles = self.number(1, 9);
        let room = size.saturating_sub(tiles.into());
        let base = match self.random.bits() % 4 {
            0 => room as u16,
            1 => room as u16 + 1,
            _ => self.number(0, room),
        };
        let value = match (buffer, self.random.one_in(8)) {
            (Buffer::Acc, false) => self.random.any_magnitude(),
            (Buffer::Acc, true) => self.random.choose(&[i32::MIN, i32::MAX]),
            (_, false) => self.random.within(-256, 255) as i32,
            (_, true) => self.random.choose(&[-256, 255]),
        };
        Operation::Fill(Fill {
            buffer,
            base,
            tiles,
            value,
        })
    }

    fn scatter(&mut self) -> Operation {
        let dtype = self.random.choose(&Dtype::ALL);
        let from = self.lanes(Buffer::Acc);
        let space = self.random.choose(&WRITABLE);
        let to = self.walk(space, dtype, &from);
        Operation::Store(Store { from, to })
    }

    fn store_tiles(&mut self) -> Operation {
        let dtype = self.random.choose(&Dtype::ALL);
        let [base, pitch, rows, cols] = self.block(self.geometry.size(Buffer::Acc).into());
        let space = self.random.choose(&WRITABLE);
        let to = self.burst(space, Buffer::Acc, dtype, rows, cols);
        Operation::StoreTiles(StoreTiles {
            base,
            pitch,
            rows,
            cols,
            to,
        })
    }
}
