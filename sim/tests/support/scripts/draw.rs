//! Operations at random.

use super::*;

pub(super) struct Draw<'a> {
    pub(super) geometry: Geometry,
    pub(super) random: &'a mut Random,
}

impl Draw<'_> {
    fn tile(&mut self, buffer: Buffer) -> u16 {
        self.random.below(self.geometry.size(buffer) as usize) as u16
    }

    fn few(&mut self) -> u16 {
        1 + self.random.below(4) as u16
    }

    fn dtype(&mut self) -> Dtype {
        Dtype::ALL[self.random.below(4)]
    }

    /// Somewhere in a space, with so many bytes behind it.
    fn place(&mut self, bytes: usize) -> u64 {
        self.random.below(bytes) as u64 & !7
    }

    fn lanes(&mut self) -> Lanes {
        Lanes {
            base: self.tile(Buffer::Acc),
            pitch: self.few(),
            row: self.random.below(5) as u16,
            col: self.random.below(5) as u16,
            rows: 1 + self.random.below(7) as u16,
            cols: 1 + self.random.below(7) as u16,
        }
    }

    fn walk(&mut self, space: Space, bytes: usize, lanes: &Lanes) -> Walk {
        let dtype = self.dtype();
        let col_stride = dtype.bytes() as i32 * (1 + self.random.below(2) as i32);
        let row_stride = col_stride * i32::from(lanes.cols) + self.random.below(4) as i32;
        Walk {
            space,
            offset: self.random.below(bytes) as u64,
            row_stride,
            col_stride,
            dtype,
        }
    }

    fn burst(&mut self, space: Space, bytes: usize, dtype: Dtype) -> Burst {
        Burst {
            space,
            offset: self.place(bytes),
            row_stride: 8 * self.random.below(20) as u32,
            dtype,
        }
    }

    fn load(&mut self) -> Operation {
        let (space, bytes) = SPACES[self.random.below(4)];
        let buffer = [Buffer::A, Buffer::B, Buffer::Acc][self.random.below(3)];
        let is_operand = buffer != Buffer::Acc;
        let zero_point = if is_operand {
            self.random.below(512) as i16 - 256
        } else {
            0
        };
        let byte = [Dtype::U8, Dtype::I8][self.random.below(2)];
        if self.random.below(2) == 0 {
            let to = self.lanes();
            let mut from = self.walk(space, bytes, &to);
            if is_operand {
                from.dtype = byte;
            }
            return Operation::Load(Load {
                buffer,
                to,
                from,
                zero_point,
            });
        }
        let dtype = if is_operand { byte } else { self.dtype() };
        let cols = self.few();
        Operation::LoadTiles(LoadTiles {
            buffer,
            base: self.tile(buffer),
            pitch: cols + self.few() - 1,
            rows: self.few(),
            cols,
            from: self.burst(space, bytes, dtype),
            zero_point,
        })
    }

    fn store(&mut self) -> Operation {
        let (space, bytes) = [
            (Space::Output, OUTPUT_BYTES),
            (Space::Workspace, WORKSPACE_BYTES),
            (Space::State, STATE_BYTES),
        ][self.random.below(3)];
        if self.random.below(2) == 0 {
            let from = self.lanes();
            let to = self.walk(space, bytes, &from);
            return Operation::Store(Store { from, to });
        }
        let dtype = self.dtype();
        Operation::StoreTiles(StoreTiles {
            base: self.tile(Buffer::Acc),
            pitch: self.few(),
            rows: self.few(),
            cols: self.few(),
            to: self.burst(space, bytes, dtype),
        })
    }

    fn gemm(&mut self) -> Operation {
        let kind = self.random.below(3);
        let n_tiles = self.few();
        Operation::Gemm(Gemm {
            accumulate: kind > 0,
            shift: kind == 2,
            m_tiles: self.few(),
            n_tiles,
            k_tiles: self.few(),
            acc: self.tile(Buffer::Acc),
            acc_pitch: n_tiles,
            a: self.tile(Buffer::A),
            a_pitch: self.few(),
            a_step: self.few(),
            b: self.tile(Buffer::B),
            b_pitch: self.few(),
            b_step: self.few(),
        })
    }

    fn vector(&mut self) -> Operation {
        let immediate = self.random.next() as i32;
        let op = match self.random.below(10) {
            0 => VectorOp::Add,
            1 => VectorOp::Max,
            2 => VectorOp::Min,
            3 => VectorOp::AddImmediate(immediate),
            4 => VectorOp::MaxImmediate(immediate),
            5 => VectorOp::MinImmediate(immediate),
            6 | 7 => VectorOp::Requantise(Requantise {
                param: self.random.below(RECORDS as usize) as u16,
                shared: self.random.below(2) == 0,
                dtype: self.dtype(),
            }),
            8 => VectorOp::Table(self.random.below(self.geometry.table_count.min(2) as usize) as u16),
            _ => VectorOp::ArgMax {
                first: self.random.below(2) == 0,
                base: immediate & 0xffff,
            },
        };
        let pitch = self.few();
        Operation::Vector(Vector {
            op,
            dst: self.tile(Buffer::Acc),
            dst_pitch: pitch,
            src: self.tile(Buffer::Acc),
            src_pitch: pitch,
            rows: 1 + self.random.below(9) as u16,
            cols: 1 + self.random.below(9) as u16,
        })
    }

    pub(super) fn operation(&mut self) -> Operation {
        match self.random.below(10) {
            0..=2 => self.load(),
            3 => {
                let buffer = [Buffer::A, Buffer::B, Buffer::Acc][self.random.below(3)];
                Operation::Fill(Fill {
                    buffer,
                    base: self.tile(buffer),
                    tiles: self.few(),
                    value: self.random.below(512) as i32 - 256,
                })
            }
            4 | 5 => self.gemm(),
            6 | 7 => self.vector(),
            _ => self.store(),
        }
    }
}
