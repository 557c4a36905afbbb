//! Loads, stores and vector operations in terms of rectangles of tensors and areas of accumulators.

use super::CompileError;
use super::emit::{Area, Emitter, MAX_COUNT, Rect};
use super::layout::Place;
use metisvm_firmware::isa::{
    Buffer, Burst, Dtype, Fill, Lanes, Load, LoadTiles, Operation, Store, Vector, VectorOp, Walk,
};
use metisvm_model::{DType, Value};

impl Emitter {
    /// An accumulator area from tile `base` on.
    pub(super) fn area_at(&self, base: usize, rows: usize, cols: usize) -> Area {
        Area {
            base,
            pitch: cols.div_ceil(self.geometry.tile_cols.into()),
            rows,
            cols,
        }
    }

    /// An accumulator area of its own.
    pub(super) fn area(&mut self, rows: usize, cols: usize) -> Area {
        let [area] = self.areas(rows, cols);
        area
    }

    /// Accumulator areas of one extent, side by side: none takes another's place.
    pub(super) fn areas<const N: usize>(&mut self, rows: usize, cols: usize) -> [Area; N] {
        let tiles = self.area_tiles(rows, cols);
        let base = self.scratchpads.take(Buffer::Acc, N * tiles);
        std::array::from_fn(|index| self.area_at(base + index * tiles, rows, cols))
    }

    /// Tiles of an accumulator area.
    pub(super) fn area_tiles(&self, rows: usize, cols: usize) -> usize {
        let (height, width) = self.geometry.tile(Buffer::Acc);
        rows.div_ceil(height.into()) * cols.div_ceil(width.into())
    }

    /// The most rows and columns of an area that fits `tiles` tiles, for at most `rows` by `cols`.
    pub(super) fn fit(&self, tiles: usize, rows: usize, cols: usize) -> (usize, usize) {
        let (r, c) = (
            usize::from(self.geometry.tile_rows),
            usize::from(self.geometry.tile_cols),
        );
        let tiles = tiles.min(MAX_COUNT);
        let cols = cols.min(tiles * c).min(MAX_COUNT);
        let rows = rows.min(tiles / cols.div_ceil(c) * r).min(MAX_COUNT);
        (rows, cols)
    }

    pub(super) fn acc_tiles(&self) -> usize {
        self.geometry.acc_tiles as usize
    }

    /// Loads a rectangle into rows `row..` and columns `col..` of a matrix of tiles.
    #[allow(clippy::too_many_arguments, reason = "the fields of one instruction")]
    pub(super) fn load(
        &mut self,
        buffer: Buffer,
        base: usize,
        pitch: usize,
        (row, col): (usize, usize),
        (rows, cols): (usize, usize),
        (place, dtype): (Place, DType),
        rect: Rect,
        zero_point: i32,
    ) -> Result<(), CompileError> {
        let to = lanes(base, pitch, (row, col), (rows, cols));
        self.push(Operation::Load(Load {
            buffer,
            to,
            from: walk(place, dtype, rect),
            zero_point: zero_point as i16,
        }))
    }

    /// Loads rows by columns of tiles, records or tables that lie one after the other, from `base` of a
    /// scratchpad on; all rows are the same if `repeated`.
    pub(super) fn load_tiles(
        &mut self,
        buffer: Buffer,
        base: usize,
        (rows, cols): (usize, usize),
        (place, dtype): (Place, DType),
        zero_point: i32,
        repeated: bool,
    ) -> Result<(), CompileError> {
        let dtype = wire(dtype);
        let row_bytes = cols as u64 * self.geometry.tile_bytes(buffer, dtype);
        let row_stride = if rows > 1 && !repeated {
            row_bytes as u32
        } else {
            0
        };
        self.push(Operation::LoadTiles(LoadTiles {
            buffer,
            base: base as u16,
            pitch: if rows > 1 { cols as u16 } else { 0 },
            rows: rows as u16,
            cols: cols as u16,
            from: Burst {
                space: place.space,
                offset: place.offset,
                row_stride,
                dtype,
            },
            zero_point: zero_point as i16,
        }))
    }

    /// Loads a rectangle of a value into an accumulator area from row `row` on.
    pub(super) fn load_acc(
        &mut self,
        area: Area,
        row: usize,
        rows: usize,
        value: Value,
        rect: Rect,
    ) -> Result<(), CompileError> {
        let source = (self.place(value)?, self.ty(value).dtype);
        self.load(
            Buffer::Acc,
            area.base,
            area.pitch,
            (row, 0),
            (rows, area.cols),
            source,
            rect,
            0,
        )
    }

    /// Stores an accumulator area.
    pub(super) fn store(
        &mut self,
        area: Area,
        place: Place,
        dtype: DType,
        rect: Rect,
    ) -> Result<(), CompileError> {
        let from = lanes(area.base, area.pitch, (0, 0), (area.rows, area.cols));
        self.push(Operation::Store(Store {
            from,
            to: walk(place, dtype, rect),
        }))
    }

    /// Stores an accumulator area wherever the result of a node goes.
    pub(super) fn store_result(&mut self, node: usize, area: Area, rect: Rect) -> Result<(), CompileError> {
        let dtype = self.ty(Value::Node(node as u32)).dtype;
        for place in self.layout.stores(node) {
            self.store(area, place, dtype, rect)?;
        }
        Ok(())
    }

    /// Sets `tiles` tiles from `base` on.
    pub(super) fn fill(
        &mut self,
        buffer: Buffer,
        base: usize,
        tiles: usize,
        value: i32,
    ) -> Result<(), CompileError> {
        let (mut base, mut left) = (base, tiles);
        while left > 0 {
            let tiles = left.min(MAX_COUNT);
            self.push(Operation::Fill(Fill {
                buffer,
                base: base as u16,
                tiles: tiles as u16,
                value,
            }))?;
            base += tiles;
            left -= tiles;
        }
        Ok(())
    }

    /// An operation of an area on itself, or with `src` of the same extent.
    pub(super) fn vector(&mut self, op: VectorOp, dst: Area, src: Area) -> Result<(), CompileError> {
        self.push(Operation::Vector(Vector {
            op,
            dst: dst.base as u16,
            dst_pitch: dst.pitch as u16,
            src: src.base as u16,
            src_pitch: src.pitch as u16,
            rows: src.rows as u16,
            cols: src.cols as u16,
        }))
    }
}

pub(super) fn lanes(
    base: usize,
    pitch: usize,
    (row, col): (usize, usize),
    (rows, cols): (usize, usize),
) -> Lanes {
    Lanes {
        base: base as u16,
        pitch: pitch as u16,
        row: row as u16,
        col: col as u16,
        rows: rows as u16,
        cols: cols as u16,
    }
}

fn walk(place: Place, dtype: DType, rect: Rect) -> Walk {
    let size = dtype.size();
    Walk {
        space: place.space,
        offset: place.offset + (rect.first * size) as u64,
        row_stride: (rect.row_step * size) as i32,
        col_stride: (rect.col_step * size) as i32,
        dtype: wire(dtype),
    }
}

/// An element type as the device ABI names it.
pub(super) const fn wire(dtype: DType) -> Dtype {
    match dtype {
        DType::U8 => Dtype::U8,
        DType::I8 => Dtype::I8,
        DType::I16 => Dtype::I16,
        DType::I32 => Dtype::I32,
    }
}
