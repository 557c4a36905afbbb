//! Values that lie in the workspace as tiles of A instead of row by row, so that the product that reads them
//! loads them in bursts.
//!
//! A value is laid out so if a MatMul makes it, whole tiles hold it without padding, and only MatMuls that take
//! all its rows as theirs read it. Its tiles lie down the rows, then along the columns: a column of tiles is then
//! one matrix of rows in memory, D elements wide, which STORE can write from accumulators of any width. Where a
//! tile of accumulators has the shape of a tile of A, the store is a burst too.

use super::CompileError;
use super::emit::{Area, Emitter};
use super::layout::Place;
use super::product::Part;
use metisvm_firmware::Geometry;
use metisvm_firmware::isa::{Buffer, Burst, Dtype, LoadTiles, Operation, Store, StoreTiles, Walk};
use metisvm_model::{DType, Op, Segment, Value};
use std::collections::{BTreeMap, BTreeSet};

/// The nodes whose results are laid out as tiles.
pub(super) fn tiled_results(
    segment: &Segment,
    epilogues: &BTreeMap<usize, Vec<usize>>,
    geometry: &Geometry,
) -> BTreeSet<usize> {
    let graph = segment.graph();
    let mut candidates: BTreeSet<usize> = epilogues
        .iter()
        .filter(|&(&product, _)| {
            let node = &graph.nodes()[product];
            // One B for all rows: then the product's rows are those of the value.
            matches!(node.op, Op::MatMul) && graph.ty(node.operands[1]).shape.rank() == 2
        })
        .map(|(&product, epilogue)| epilogue.last().copied().unwrap_or(product))
        .filter(|&node| fits(segment, node, geometry))
        .collect();
    for index in segment.nodes() {
        let node = &graph.nodes()[index];
        for (place, &operand) in node.operands.iter().enumerate() {
            let Value::Node(read) = operand else { continue };
            let whole =
                matches!(node.op, Op::MatMul) && place == 0 && graph.ty(node.operands[1]).shape.rank() == 2;
            if !whole {
                candidates.remove(&(read as usize));
            }
        }
    }
    candidates
}

/// Whether whole tiles hold a result, as many bytes as it has elements.
fn fits(segment: &Segment, node: usize, geometry: &Geometry) -> bool {
    let ty = segment.graph().ty(Value::Node(node as u32));
    let rank = ty.shape.rank();
    let [r, d] = [geometry.tile_rows, geometry.tile_depth].map(usize::from);
    let cols = ty.shape.dim(rank - 1);
    ty.dtype.size() == 1
        && (r * d).is_multiple_of(8)
        && cols.is_multiple_of(d)
        && (ty.elements() / cols).is_multiple_of(r)
}

impl Emitter {
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
