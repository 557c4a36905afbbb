//! Values that lie in memory as tiles of A instead of row by row, so that the product that reads them loads them
//! in bursts.
//!
//! A value is laid out so if a MatMul makes it or the host brings it, whole tiles hold it without padding, and only
//! MatMuls that take all its rows as theirs read it. Its tiles lie down the rows, then along the columns: a column of
//! tiles is then one matrix of rows in memory, D elements wide, which STORE can write from accumulators of any width.
//! Where a tile of accumulators has the shape of a tile of A, the store is a burst too. Of what the host brings, it
//! puts the elements in that order itself, on the way to the memory that the card reads: [`TiledInput`].

use super::CompileError;
use super::emit::{Area, Emitter};
use super::layout::Place;
use super::product::Part;
use metisvm_firmware::Geometry;
use metisvm_firmware::isa::{Buffer, Burst, Dtype, LoadTiles, Operation, Space, Store, StoreTiles, Walk};
use metisvm_model::{DType, Op, Segment, Value};
use std::collections::{BTreeMap, BTreeSet};

/// An input of an item that the card wants as tiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TiledInput {
    /// Where it begins in the item's input.
    pub(super) offset: usize,
    pub(super) rows: usize,
    pub(super) cols: usize,
    /// Columns of a tile.
    pub(super) depth: usize,
}

impl TiledInput {
    /// Copies the input from an item as the host has it to one as the card wants it.
    pub(super) fn arrange(&self, from: &[u8], to: &mut [u8]) {
        let range = self.offset..self.offset + self.rows * self.cols;
        let to = to[range.clone()].chunks_exact_mut(self.rows * self.depth);
        for (column, tiles) in to.enumerate() {
            let rows = from[range.clone()].chunks_exact(self.cols);
            for (row, to) in rows.zip(tiles.chunks_exact_mut(self.depth)) {
                to.copy_from_slice(&row[column * self.depth..][..self.depth]);
            }
        }
    }
}

/// A result of a product that the card gives as tiles of accumulators, which it stores in bursts; row of tiles by row of
/// tiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TiledOutput {
    /// Where it begins in the item's output.
    pub(super) offset: usize,
    rows: usize,
    cols: usize,
    /// Rows and columns of a tile.
    tile: (usize, usize),
    /// Bytes of an element.
    size: usize,
}

impl TiledOutput {
    /// A result of so many rows and columns, if whole tiles hold it and bursts reach it.
    pub(super) fn new(
        geometry: &Geometry,
        offset: u64,
        (rows, cols): (usize, usize),
        size: usize,
    ) -> Option<Self> {
        let (height, width) = geometry.tile(Buffer::Acc);
        let tile = (usize::from(height), usize::from(width));
        // A block narrower than a tile would be stored column by column.
        let whole = rows.is_multiple_of(tile.0)
            && cols.is_multiple_of(tile.1)
            && (tile.0 * tile.1 * size).is_multiple_of(8)
            && offset.is_multiple_of(8)
            && geometry.param_entries as usize / 2 >= tile.1;
        whole.then_some(Self {
            offset: offset as usize,
            rows,
            cols,
            tile,
            size,
        })
    }

    /// Copies it from an item as the card gives it to one as the host wants it.
    pub(super) fn restore(&self, from: &[u8], to: &mut [u8]) {
        let range = self.offset..self.offset + self.rows * self.cols * self.size;
        let (from, to) = (&from[range.clone()], &mut to[range]);
        let (height, width) = (self.tile.0, self.tile.1 * self.size);
        let row_bytes = self.cols * self.size;
        for (row, to) in to.chunks_exact_mut(row_bytes).enumerate() {
            let tiles = from[row / height * height * row_bytes..].chunks_exact(height * width);
            for (tile, to) in tiles.zip(to.chunks_exact_mut(width)) {
                to.copy_from_slice(&tile[row % height * width..][..width]);
            }
        }
    }
}

/// The values that are laid out as tiles: results of nodes, and inputs.
pub(super) fn tiled_values(
    segment: &Segment,
    epilogues: &BTreeMap<usize, Vec<usize>>,
    geometry: &Geometry,
) -> BTreeSet<Value> {
    let graph = segment.graph();
    let results = epilogues
        .iter()
        .filter(|&(&product, _)| {
            let node = &graph.nodes()[product];
            // One B for all rows: then the product's rows are those of the value.
            matches!(node.op, Op::MatMul) && graph.ty(node.operands[1]).shape.rank() == 2
        })
        .map(|(&product, epilogue)| Value::Node(epilogue.last().copied().unwrap_or(product) as u32));
    // What goes through as it is stays as it is.
    let goes_through = |value: &Value| segment.outputs().contains(value);
    let inputs = segment
        .inputs()
        .iter()
        .copied()
        .filter(|value| !goes_through(value));
    let mut candidates: BTreeSet<Value> = results
        .chain(inputs)
        .filter(|&value| fits(segment, value, geometry))
        .collect();
    for index in segment.nodes() {
        let node = &graph.nodes()[index];
        for (place, operand) in node.operands.iter().enumerate() {
            let whole =
                matches!(node.op, Op::MatMul) && place == 0 && graph.ty(node.operands[1]).shape.rank() == 2;
            if !whole {
                candidates.remove(operand);
            }
        }
    }
    candidates
}

/// Whether whole tiles hold a value, as many bytes as it has elements.
fn fits(segment: &Segment, value: Value, geometry: &Geometry) -> bool {
    let ty = segment.graph().ty(value);
    let rank = ty.shape.rank();
    if rank < 2 {
        return false;
    }
    let [r, d] = [geometry.tile_rows, geometry.tile_depth].map(usize::from);
    let cols = ty.shape.dim(rank - 1);
    ty.dtype.size() == 1
        && (r * d).is_multiple_of(8)
        && cols.is_multiple_of(d)
        && (ty.elements() / cols).is_multiple_of(r)
}

impl Emitter {
    /// Stores an area as rows from `row` and columns from `col` on of an output that is given as tiles.
    pub(super) fn store_given(
        &mut self,
        area: Area,
        output: &TiledOutput,
        dtype: DType,
        (row, col): (usize, usize),
    ) -> Result<(), CompileError> {
        let (height, width) = output.tile;
        let tile_bytes = height * width * output.size;
        let pitch = output.cols / width;
        let first = output.offset + (row / height * pitch + col / width) * tile_bytes;
        self.push(Operation::StoreTiles(StoreTiles {
            base: area.base as u16,
            pitch: area.pitch as u16,
            rows: (area.rows / height) as u16,
            cols: (area.cols / width) as u16,
            to: Burst {
                space: Space::Output,
                offset: first as u64,
                row_stride: (pitch * tile_bytes) as u32,
                dtype: super::moves::wire(dtype),
            },
        }))
    }

    /// Loads a part of a tiled value of so many rows into A: its tiles go down the rows, then along the depth.
    pub(super) fn load_tiled(
        &mut self,
        base: usize,
        part: &Part,
        (place, dtype): (Place, DType),
        all_rows: usize,
        zero_point: i32,
    ) -> Result<(), CompileError> {
        let [r, d] = [self.geometry.tile_rows, self.geometry.tile_depth].map(usize::from);
        let (rows, depth) = (part.lanes.len() / r, part.depth.len() / d);
        self.push(Operation::LoadTiles(LoadTiles {
            buffer: Buffer::A,
            base: base as u16,
            pitch: rows as u16,
            rows: depth as u16,
            cols: rows as u16,
            from: Burst {
                space: place.space,
                offset: place.offset + (part.depth.start * all_rows + part.lanes.start * d) as u64,
                row_stride: (all_rows * d) as u32,
                dtype: super::moves::wire(dtype),
            },
            zero_point: zero_point as i16,
        }))
    }

    /// Stores an area as rows from `row` and columns from `col` on of a tiled value of so many rows.
    pub(super) fn store_tiled(
        &mut self,
        area: Area,
        place: Place,
        dtype: DType,
        (row, col): (usize, usize),
        all_rows: usize,
    ) -> Result<(), CompileError> {
        let dtype: Dtype = super::moves::wire(dtype);
        let [r, c, d] = [
            self.geometry.tile_rows,
            self.geometry.tile_cols,
            self.geometry.tile_depth,
        ]
        .map(usize::from);
        let mut at = col;
        while at < col + area.cols {
            let end = (at / d + 1) * d;
            let cols = end.min(col + area.cols) - at;
            let column = place.offset + ((at / d * all_rows + row) * d + at % d) as u64;
            let operation =
                if c == d && cols == d && (at - col).is_multiple_of(c) && area.rows.is_multiple_of(r) {
                    Operation::StoreTiles(StoreTiles {
                        base: (area.base + (at - col) / c) as u16,
                        pitch: area.pitch as u16,
                        rows: (area.rows / r) as u16,
                        cols: 1,
                        to: Burst {
                            space: place.space,
                            offset: column,
                            row_stride: (r * d) as u32,
                            dtype,
                        },
                    })
                } else {
                    Operation::Store(Store {
                        from: super::moves::lanes(area.base, area.pitch, (0, at - col), (area.rows, cols)),
                        to: Walk {
                            space: place.space,
                            offset: column,
                            row_stride: d as i32,
                            col_stride: 1,
                            dtype,
                        },
                    })
                };
            self.push(operation)?;
            at += cols;
        }
        Ok(())
    }
}
