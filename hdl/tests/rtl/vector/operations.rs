//! Random VECTORs: most of them right, many of them at an edge.

use crate::random::Random;
use metisvm_firmware::{Dtype, Geometry, Requantise, Vector, VectorOp};

/// The operation's number in the encoding.
pub(crate) fn operation_number(op: &VectorOp) -> u8 {
    match op {
        VectorOp::Add => 0,
        VectorOp::Max => 1,
        VectorOp::Min => 2,
        VectorOp::AddImmediate(_) => 3,
        VectorOp::MaxImmediate(_) => 4,
        VectorOp::MinImmediate(_) => 5,
        VectorOp::Requantise(_) => 6,
        VectorOp::Table(_) => 7,
        VectorOp::ArgMax { .. } => 8,
        VectorOp::Interpolate { .. } => 9,
    }
}

/// To i8, by the record of that index.
pub(crate) fn requantise(param: u16, shared: bool) -> VectorOp {
    VectorOp::Requantise(Requantise {
        param,
        shared,
        dtype: Dtype::I8,
    })
}

/// Draws instructions for a geometry.
pub(crate) struct Draw<'a> {
    pub(crate) geometry: Geometry,
    pub(crate) random: &'a mut Random,
}

impl Draw<'_> {
    /// A number that fits mostly, and any at times.
    fn number(&mut self, most: u32) -> u16 {
        match self.random.bits() % 60 {
            0 => self.random.bits() as u16,
            1 => u16::MAX,
            2 => most as u16 + 1,
            3..=6 => most as u16,
            7..=12 => 0,
            _ => self.random.within(0, most.into()) as u16,
        }
    }

    /// A side of a rectangle, at least 1: tiles of `side` lanes, some whole, some begun.
    fn side(&mut self, side: u16, tiles: i64) -> u16 {
        let side = i64::from(side);
        match self.random.bits() % 40 {
            0 => self.random.within(1, 65535) as u16,
            1 => 65535,
            2..=9 => (side * self.random.within(1, tiles)) as u16,
            10..=14 => 1,
            _ => self.random.within(1, side * tiles) as u16,
        }
    }

    fn op(&mut self) -> VectorOp {
        let any = match self.random.bits() % 16 {
            0 => i32::MIN,
            1 => i32::MAX,
            _ => self.random.any_magnitude(),
        };
        match self.random.bits() % 10 {
            0 => VectorOp::Add,
            1 => VectorOp::Max,
            2 => VectorOp::Min,
            3 => VectorOp::AddImmediate(any),
            4 => VectorOp::MaxImmediate(any),
            5 => VectorOp::MinImmediate(any),
            6 => VectorOp::Requantise(Requantise {
                param: self.number(self.geometry.param_entries - 1) / 2,
                shared: self.random.one_in(3),
                dtype: self.random.choose(&Dtype::ALL),
            }),
            7 => VectorOp::Table(self.number(self.geometry.table_count - 1)),
            8 => VectorOp::ArgMax {
                first: self.random.one_in(2),
                base: any,
            },
            _ => VectorOp::Interpolate {
                nodes: self.number(self.geometry.table_count - 1),
                differences: self.number(self.geometry.table_count - 1),
            },
        }
    }

    /// An instruction.
    pub(crate) fn vector(&mut self) -> Vector {
        let mut op = self.op();
        let (rows, cols) = (
            self.side(self.geometry.tile_rows, 5),
            self.side(self.geometry.tile_cols, 4),
        );
        if let VectorOp::Requantise(requantise) = &mut op
            && self.random.one_in(4)
        {
            // The last record, or one behind it.
            let columns = if requantise.shared { 1 } else { cols };
            let end = self.geometry.param_entries as u16 + u16::from(self.random.one_in(2));
            requantise.param = end.wrapping_sub(columns);
        }
        let tiles = |lanes: u16, side: u16| u32::from(lanes.div_ceil(side));
        let tile_rows = tiles(rows, self.geometry.tile_rows);
        let src_cols = tiles(cols, self.geometry.tile_cols);
        let reduces = matches!(op, VectorOp::ArgMax { .. });
        let dst_cols = if reduces { 1 } else { src_cols };
        let most = self.geometry.acc_tiles - 1;
        let near = |random: &mut Random, cols: u32| match random.bits() % 12 {
            0 => random.bits() as u16,
            1 => cols.saturating_sub(1) as u16,
            2..=4 => cols as u16 + random.within(0, 2) as u16,
            _ => cols as u16,
        };
        let dst_pitch = near(self.random, dst_cols);
        let src_pitch = if self.random.one_in(8) {
            0
        } else {
            near(self.random, src_cols)
        };
        let reach = |pitch: u16, cols: u32| (tile_rows - 1) * u32::from(pitch) + cols;
        let (dst_reach, src_reach) = (reach(dst_pitch, dst_cols), reach(src_pitch, src_cols));
        let (dst, src) = match self.random.bits() % 8 {
            // The same matrix.
            0..=2 if !reduces => {
                let base = self.number(most.saturating_sub(dst_reach));
                return Vector {
                    op,
                    dst: base,
                    dst_pitch,
                    src: base,
                    src_pitch: if self.random.one_in(6) {
                        src_pitch
                    } else {
                        dst_pitch
                    },
                    rows,
                    cols,
                };
            }
            // One directly behind the other, or a tile nearer or further.
            0..=4 => {
                let first = self.number(most.saturating_sub(dst_reach.saturating_add(src_reach)));
                let shift = self.random.choose(&[0, 0, 0, 1, 2]);
                let behind = |reach: u32| {
                    first
                        .wrapping_add(reach as u16)
                        .wrapping_add(shift)
                        .wrapping_sub(u16::from(shift == 2) * 3)
                };
                if self.random.one_in(2) {
                    (first, behind(dst_reach))
                } else {
                    (behind(src_reach), first)
                }
            }
            // The last ends with the accumulators, or a tile later.
            5 => {
                let end = most as u16 + 1 + self.random.choose(&[0, 0, 0, 1]);
                (end.wrapping_sub(dst_reach as u16), 0)
            }
            _ => (self.number(most), self.number(most)),
        };
        Vector {
            op,
            dst,
            dst_pitch,
            src,
            src_pitch,
            rows,
            cols,
        }
    }
}
