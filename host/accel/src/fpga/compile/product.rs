//! Blocks of a product of matrices: their loads, GEMMs, bias, and the epilogue on their accumulators.
//!
//! MatMul and Conv2d are both the product of a rows × depth matrix A and a depth × columns matrix B. A
//! convolution's rows are output pixels and its depth runs over (tap row, tap column, channel); its A is gathered
//! from the image by the loads themselves, one line of one tap at a time, over lanes set to zero, so that padding
//! contributes nothing.

use super::CompileError;
use super::block::{Block, Extents};
use super::emit::{Area, Emitter, Rect};
use super::scratchpads::Held;
use metisvm_firmware::isa::{Buffer, Dtype, Gemm, Operation, Space};
use metisvm_model::{DType, Op, Value};
use std::ops::Range;

/// Tiles that hold a matrix of `rows` × `cols` lanes, and its pitch.
pub(super) fn tiled(emitter: &Emitter, buffer: Buffer, rows: usize, cols: usize) -> (usize, usize) {
    let (height, width) = emitter.geometry.tile(buffer);
    (rows.div_ceil(height.into()), cols.div_ceil(width.into()))
}

/// What a product is, apart from how A and B are loaded.
#[derive(Clone, Copy)]
pub(super) struct Product {
    pub(super) node: usize,
    /// The batch, or the image and group: told apart in what the scratchpads hold.
    pub(super) group: usize,
    pub(super) rows: usize,
    pub(super) cols: usize,
    pub(super) depth: usize,
    /// Whether A lies in memory as tiles, and comes in bursts.
    pub(super) a_tiled: bool,
    /// Instructions that load all of A.
    pub(super) a_loads: usize,
    /// The channel of column 0.
    pub(super) first_channel: usize,
    /// Where the result's element (row, column) lies.
    pub(super) result: Rect,
}

/// A part of A or B: rows or columns, and depth.
#[derive(Clone)]
pub(super) struct Part {
    pub(super) lanes: Range<usize>,
    pub(super) depth: Range<usize>,
}

impl Part {
    fn held(&self, product: &Product) -> Held {
        Held::Block {
            node: product.node,
            group: product.group,
            lane: self.lanes.start,
            depth: self.depth.start,
            extent: (self.lanes.len(), self.depth.len()),
        }
    }
}

impl Product {
    /// How it is cut.
    pub(super) fn block(&self, emitter: &mut Emitter) -> Result<Block, CompileError> {
        let elements = self.depth * self.cols;
        let b_cycles = match emitter.operand(self.node, 1) {
            Value::Constant(_) => {
                let (rows, cols) = tiled(emitter, Buffer::B, self.depth, self.cols);
                let burst = rows * cols * emitter.geometry.tile_bytes(Buffer::B, Dtype::I8) as usize / 8;
                burst.min(elements)
            }
            _ => elements,
        };
        let extents = Extents {
            rows: self.rows,
            cols: self.cols,
            depth: self.depth,
            b_cycles,
            a_cycles: if self.a_tiled { 1.0 / 8.0 } else { 1.0 },
            a_loads: self.a_loads,
            store_cycles: emitter.store_cycles(self.node),
            store_cols: match emitter.layout.is_tiled(emitter.result_of(self.node)) {
                true => emitter.geometry.tile_depth.into(),
                false => usize::MAX,
            },
            vector: emitter.vector_pace(self.node)?,
            per_channel: emitter.needs_a_record_a_channel(self.node)?,
        };
        Ok(Block::fit(&emitter.geometry, &extents))
    }
}

impl Emitter {
    /// Whether the epilogue of a product requantises channel by channel.
    pub(super) fn needs_a_record_a_channel(&mut self, product: usize) -> Result<bool, CompileError> {
        let mut needs = false;
        for pointwise in self.layout.epilogue(product) {
            if matches!(self.graph.nodes()[pointwise].op, Op::Requantise { .. }) {
                needs |= self.records(pointwise)?.1 > 1;
            }
        }
        Ok(needs)
    }

    /// What its epilogue makes of a product.
    pub(super) fn result_of(&self, product: usize) -> Value {
        let last = self.layout.epilogue(product).last().copied();
        Value::Node(last.unwrap_or(product) as u32)
    }

    /// How often a result of a product is stored, in whatever form.
    pub(super) fn stores_of(&self, product: usize) -> usize {
        let last = self.layout.epilogue(product).last().copied().unwrap_or(product);
        usize::from(self.layout.audit(product).is_some()) + self.layout.stores(last).len()
    }

    /// Cycles that the store of an element of a product takes, all its forms together: one, or those of its bytes in
    /// a burst.
    fn store_cycles(&self, product: usize) -> f64 {
        let last = self.layout.epilogue(product).last().copied().unwrap_or(product);
        let size = self.ty(Value::Node(last as u32)).dtype.size();
        let results = self.layout.stores(last).into_iter().map(|place| (place, size));
        let audit = self.layout.audit(product).map(|place| (place, DType::I32.size()));
        let cycles = |(place, size)| match self.layout.given_as_tiles(place) {
            Some(_) => size as f64 / 8.0,
            None => 1.0,
        };
        results.chain(audit).map(cycles).sum()
    }

    /// Stores the accumulators of a product if they are to be checked, and runs the epilogue on them;
    /// `store` is called for each place that they go to, and the type there.
    pub(super) fn conclude(
        &mut self,
        product: usize,
        area: Area,
        channel: usize,
        store: impl Fn(&mut Self, super::layout::Place, DType) -> Result<(), CompileError>,
    ) -> Result<(), CompileError> {
        if let Some(audit) = self.layout.audit(product) {
            store(self, audit, DType::I32)?;
        }
        let epilogue = self.layout.epilogue(product);
        for &pointwise in &epilogue {
            self.pointwise(pointwise, area, channel)?;
        }
        let last = epilogue.last().copied().unwrap_or(product);
        let dtype = self.ty(Value::Node(last as u32)).dtype;
        for place in self.layout.stores(last) {
            store(self, place, dtype)?;
        }
        Ok(())
    }
}

pub(super) fn product(
    emitter: &mut Emitter,
    product: &Product,
    mut load_a: impl FnMut(&mut Emitter, &Part, usize, usize) -> Result<(), CompileError>,
    mut load_b: impl FnMut(&mut Emitter, &Part, usize, usize) -> Result<(), CompileError>,
) -> Result<(), CompileError> {
    let node = product.node;
    let has_bias = emitter.graph.nodes()[node].operands.len() > 4;
    let block = product.block(emitter)?;
    // Blocks of one size fill a scratchpad from its beginning.
    emitter.scratchpads.rewind(Buffer::A);
    emitter.scratchpads.rewind(Buffer::B);
    for (row, col) in block.corners(product.rows, product.cols) {
        let cols = col..product.cols.min(col + block.cols);
        let rows = row..product.rows.min(row + block.rows);
        let area = emitter.area(rows.len(), cols.len());
        if has_bias {
            emitter.bias(node, area, product.first_channel + col)?;
        }
        for start in (0..product.depth).step_by(block.depth) {
            let depth = start..product.depth.min(start + block.depth);
            let (row_tiles, depth_tiles) = tiled(emitter, Buffer::A, rows.len(), depth.len());
            let (_, col_tiles) = tiled(emitter, Buffer::B, depth.len(), cols.len());
            let part = |lanes: &Range<usize>| Part {
                lanes: lanes.clone(),
                depth: depth.clone(),
            };
            let (weights, pixels) = (part(&cols), part(&rows));
            let tiles = depth_tiles * col_tiles;
            let b = emitter.keep(Buffer::B, tiles, weights.held(product), |emitter, base| {
                load_b(emitter, &weights, base, col_tiles)
            })?;
            let tiles = row_tiles * depth_tiles;
            let a = emitter.keep(Buffer::A, tiles, pixels.held(product), |emitter, base| {
                // Lanes past the depth keep what was there before: zeros in A make them harmless.
                if !product.a_tiled {
                    emitter.fill(Buffer::A, base, tiles, 0)?;
                }
                load_a(emitter, &pixels, base, depth_tiles)
            })?;
            // Tiles of A lie along the depth, or down the rows.
            let (a_pitch, a_step) = if product.a_tiled {
                (1, row_tiles)
            } else {
                (depth_tiles, 1)
            };
            emitter.push(Operation::Gemm(Gemm {
                accumulate: start > 0 || has_bias,
                shift: false,
                m_tiles: row_tiles as u16,
                n_tiles: col_tiles as u16,
                k_tiles: depth_tiles as u16,
                acc: area.base as u16,
                acc_pitch: area.pitch as u16,
                a: a as u16,
                a_pitch: a_pitch as u16,
                a_step: a_step as u16,
                b: b as u16,
                b_pitch: col_tiles as u16,
                b_step: 1,
            }))?;
        }
        let rect = product.result.at(row, col);
        let channel = product.first_channel + col;
        let is_tiled = emitter.layout.is_tiled(emitter.result_of(node));
        emitter.conclude(node, area, channel, |emitter, place, dtype| {
            if is_tiled && place.space == Space::Workspace {
                return emitter.store_tiled(area, place, dtype, (row, col), product.rows);
            }
            if let Some(output) = emitter.layout.given_as_tiles(place) {
                return emitter.store_given(area, &output, dtype, (row, col));
            }
            emitter.store(area, place, dtype, rect)
        })?;
    }
    Ok(())
}
