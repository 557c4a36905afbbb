//! Constant weights and biases as the tiles that a product's blocks need: they come in bursts.

use super::CompileError;
use super::emit::{Area, Emitter, Rect};
use super::product::{Part, tiled};
use super::resident::Packed;
use metisvm_firmware::cost;
use metisvm_firmware::isa::{Buffer, Dtype};
use metisvm_model::{DType, Value};
use std::ops::Range;

/// Loads a block of B from packed tiles, if its weights are constant, share a zero point, and fill enough
/// of the tiles; says whether it did. `group` tells blocks at the same place of B apart; `element` is the
/// position of B's element (depth, column), none where a lane is left empty.
pub(super) fn load_packed(
    emitter: &mut Emitter,
    (node, group, base): (usize, usize, usize),
    part: &Part,
    zeros: &[(Range<usize>, i32)],
    element: impl Fn(usize, usize) -> Option<usize>,
) -> Result<bool, CompileError> {
    let &[(_, zero)] = zeros else { return Ok(false) };
    if !matches!(emitter.operand(node, 1), Value::Constant(_)) {
        return Ok(false);
    }
    let (depth, cols) = (part.depth.len(), part.lanes.len());
    let (tile_rows, tile_cols) = tiled(emitter, Buffer::B, depth, cols);
    // B's elements are bytes, signed or not.
    let tile_bytes = emitter.geometry.tile_bytes(Buffer::B, Dtype::I8) as usize;
    let lanes = tile_rows * tile_cols * tile_bytes;
    if lanes as u64 * cost::BURST_LANE > (depth * cols) as u64 * cost::LANE {
        return Ok(false);
    }
    load_weights(emitter, (node, group, base), part, zero, element)?;
    Ok(true)
}

/// Loads a block of B from packed tiles of constant weights that share a zero point.
pub(super) fn load_weights(
    emitter: &mut Emitter,
    (node, group, base): (usize, usize, usize),
    part: &Part,
    zero: i32,
    element: impl Fn(usize, usize) -> Option<usize>,
) -> Result<(), CompileError> {
    let Value::Constant(constant) = emitter.operand(node, 1) else {
        return Err(CompileError::Node(node));
    };
    let dtype = emitter.ty(Value::Constant(constant)).dtype;
    let (depth, cols) = (part.depth.len(), part.lanes.len());
    let (tile_rows, tile_cols) = tiled(emitter, Buffer::B, depth, cols);
    // B's elements are bytes, signed or not.
    let tile_bytes = emitter.geometry.tile_bytes(Buffer::B, Dtype::I8) as usize;
    let (height, width) = emitter.geometry.tile(Buffer::B);
    let (height, width) = (usize::from(height), usize::from(width));
    let block = Packed {
        node,
        operand: 1,
        group,
        depth: part.depth.start,
        col: part.lanes.start,
        extent: (depth, cols),
    };
    let place = emitter.packed(block, |graph| {
        let weights = &graph.constants()[constant as usize].bytes;
        // Lanes past the block are zero when the zero point is taken from them.
        let mut bytes = vec![zero as u8; tile_rows * tile_cols * tile_bytes];
        for k in 0..depth {
            for n in 0..cols {
                let tile = k / height * tile_cols + n / width;
                let at = tile * tile_bytes + k % height * width + n % width;
                if let Some(element) = element(part.depth.start + k, part.lanes.start + n) {
                    bytes[at] = weights[element];
                }
            }
        }
        bytes
    })?;
    let tiles = (tile_rows, tile_cols);
    emitter.load_tiles(Buffer::B, base, tiles, (place, dtype), zero, false)
}

/// Runs of columns that share a zero point: (columns, zero point).
pub(super) fn zero_runs(zeros: &[i32], columns: Range<usize>) -> Vec<(Range<usize>, i32)> {
    if let [zero] = zeros {
        return vec![(columns, *zero)];
    }
    let mut runs: Vec<(Range<usize>, i32)> = Vec::new();
    for column in columns {
        match runs.last_mut() {
            Some((run, zero)) if *zero == zeros[column] => run.end = column + 1,
            _ => runs.push((column..column + 1, zeros[column])),
        }
    }
    runs
}

impl Emitter {
    /// Loads the bias of a product's columns, from a channel on, into each row of an area.
    pub(super) fn bias(&mut self, node: usize, area: Area, channel: usize) -> Result<(), CompileError> {
        let value = self.operand(node, 4);
        let (height, width) = self.geometry.tile(Buffer::Acc);
        let tile_bytes = self.geometry.tile_bytes(Buffer::Acc, Dtype::I32) as usize;
        let (row_tiles, col_tiles) = tiled(self, Buffer::Acc, area.rows, area.cols);
        let lanes = row_tiles * col_tiles * usize::from(height) * usize::from(width);
        let dear = lanes as u64 * cost::BURST_LANE > (area.rows * area.cols) as u64 * cost::LANE
            || row_tiles * col_tiles * tile_bytes / 8 > area.rows * area.cols;
        let Value::Constant(constant) = value else {
            return self.gather_bias(value, area, channel);
        };
        if dear || self.ty(value).dtype != DType::I32 {
            return self.gather_bias(value, area, channel);
        }
        let block = Packed {
            node,
            operand: 4,
            group: 0,
            depth: 0,
            col: channel,
            extent: (1, area.cols),
        };
        let place = self.packed(block, |graph| {
            let bias = graph.constants()[constant as usize].bytes.chunks_exact(4);
            let mut bytes = vec![0; col_tiles * tile_bytes];
            for (col, element) in bias.skip(channel).take(area.cols).enumerate() {
                for row in 0..usize::from(height) {
                    let lane = row * usize::from(width) + col % usize::from(width);
                    bytes[col / usize::from(width) * tile_bytes + lane * 4..][..4].copy_from_slice(element);
                }
            }
            bytes
        })?;
        // Every row of tiles is the same one.
        let tiles = (row_tiles, col_tiles);
        self.load_tiles(Buffer::Acc, area.base, tiles, (place, DType::I32), 0, true)
    }

    fn gather_bias(&mut self, value: Value, area: Area, channel: usize) -> Result<(), CompileError> {
        let rect = Rect {
            first: channel,
            row_step: 0,
            col_step: 1,
        };
        self.load_acc(area, 0, area.rows, value, rect)
    }
}
