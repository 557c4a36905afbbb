//! MatMul and Conv2d: tiles of a product, their bias, and the epilogue on their accumulators.
//!
//! Both are the product of a rows × depth matrix A and a depth × columns matrix B. A convolution's
//! rows are output pixels and its depth runs over (tap row, tap column, channel); its A is gathered
//! from the image by the loads themselves, one line of one tap at a time, over lanes set to zero, so
//! that padding contributes nothing. Constant weights are packed: they lie in resident memory as the
//! tiles of B that the blocks need, and come in bursts.

use super::CompileError;
use super::emit::{Emitter, MAX_COUNT, Rect};
use super::pointwise::SLOTS;
use super::resident::Packed;
use super::scratchpads::Held;
use metisvm_firmware::cost;
use metisvm_firmware::isa::{Buffer, Dtype, Gemm, Operation};
use metisvm_model::{DType, Value, Window};
use std::ops::Range;

/// The extents of one block that fits all scratchpads, in lanes.
struct Block {
    rows: usize,
    cols: usize,
    depth: usize,
}

impl Block {
    fn fit(emitter: &Emitter, rows: usize, cols: usize, depth: usize, per_channel: bool) -> Self {
        let g = &emitter.geometry;
        let (r, c, d) = (
            usize::from(g.tile_rows),
            usize::from(g.tile_cols),
            usize::from(g.tile_depth),
        );
        // While one block is worked on, another is loaded, and a third is stored.
        let part = |tiles: u32, slots: usize| (tiles as usize / slots).max(1);
        let (a, b, acc) = (part(g.a_tiles, 2), part(g.b_tiles, 2), part(g.acc_tiles, SLOTS));
        let depth_tiles = depth.div_ceil(d).min(a).min(b).min(MAX_COUNT / d.max(1));
        let depth_tiles = depth_tiles.max(1);
        let mut col_tiles = cols
            .div_ceil(c)
            .min(b / depth_tiles)
            .min(acc)
            .min(MAX_COUNT / c)
            .max(1);
        if per_channel {
            // At least one column's record always fits, if not a tile's.
            col_tiles = col_tiles.min((g.param_entries as usize / c).max(1));
        }
        let row_tiles = rows
            .div_ceil(r)
            .min(a / depth_tiles)
            .min(acc / col_tiles)
            .min(MAX_COUNT / r)
            .max(1);
        let mut fitted = Self {
            rows: rows.min(row_tiles * r),
            cols: cols.min(col_tiles * c),
            depth: depth.min(depth_tiles * d),
        };
        if per_channel {
            fitted.cols = fitted.cols.min(g.param_entries as usize);
        }
        fitted
    }
}

/// Tiles that hold a matrix of `rows` × `cols` lanes, and its pitch.
fn tiled(emitter: &Emitter, buffer: Buffer, rows: usize, cols: usize) -> (usize, usize) {
    let (height, width) = emitter.geometry.tile(buffer);
    (rows.div_ceil(height.into()), cols.div_ceil(width.into()))
}

/// What a product is, apart from how A and B are loaded.
struct Product {
    node: usize,
    /// The batch, or the image and group: told apart in what the scratchpads hold.
    group: usize,
    rows: usize,
    cols: usize,
    depth: usize,
    /// The channel of column 0.
    first_channel: usize,
    /// Where the result's element (row, column) lies.
    result: Rect,
}

/// A part of A or B: rows or columns, and depth.
#[derive(Clone)]
struct Part {
    lanes: Range<usize>,
    depth: Range<usize>,
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

fn product(
    emitter: &mut Emitter,
    product: &Product,
    mut load_a: impl FnMut(&mut Emitter, &Part, usize, usize) -> Result<(), CompileError>,
    mut load_b: impl FnMut(&mut Emitter, &Part, usize, usize) -> Result<(), CompileError>,
) -> Result<(), CompileError> {
    let node = product.node;
    let epilogue = emitter.layout.epilogue(node);
    let mut per_channel = false;
    for &pointwise in &epilogue {
        if matches!(
            emitter.graph.nodes()[pointwise].op,
            metisvm_model::Op::Requantise { .. }
        ) {
            per_channel |= emitter.records(pointwise)?.1 > 1;
        }
    }
    let last = epilogue.last().copied().unwrap_or(node);
    let bias = emitter.graph.nodes()[node].operands.get(4).copied();
    let block = Block::fit(emitter, product.rows, product.cols, product.depth, per_channel);
    for col in (0..product.cols).step_by(block.cols) {
        let cols = col..product.cols.min(col + block.cols);
        for row in (0..product.rows).step_by(block.rows) {
            let rows = row..product.rows.min(row + block.rows);
            let area = emitter.area(rows.len(), cols.len());
            if let Some(bias) = bias {
                let rect = Rect {
                    first: product.first_channel + col,
                    row_step: 0,
                    col_step: 1,
                };
                emitter.load_acc(area, 0, area.rows, bias, rect)?;
            }
            for start in (0..product.depth).step_by(block.depth) {
                let depth = start..product.depth.min(start + block.depth);
                let (row_tiles, depth_tiles) = tiled(emitter, Buffer::A, rows.len(), depth.len());
                let (_, col_tiles) = tiled(emitter, Buffer::B, depth.len(), cols.len());
                let weights = Part {
                    lanes: cols.clone(),
                    depth: depth.clone(),
                };
                let b = emitter.keep(
                    Buffer::B,
                    depth_tiles * col_tiles,
                    weights.held(product),
                    |emitter, base| load_b(emitter, &weights, base, col_tiles),
                )?;
                let rows = Part {
                    lanes: rows.clone(),
                    depth,
                };
                let a = emitter.keep(
                    Buffer::A,
                    row_tiles * depth_tiles,
                    rows.held(product),
                    |emitter, base| {
                        // Lanes past the depth keep what was there before: zeros in A make them harmless.
                        emitter.fill(Buffer::A, base, row_tiles * depth_tiles, 0)?;
                        load_a(emitter, &rows, base, depth_tiles)
                    },
                )?;
                emitter.push(Operation::Gemm(Gemm {
                    accumulate: start > 0 || bias.is_some(),
                    shift: false,
                    m_tiles: row_tiles as u16,
                    n_tiles: col_tiles as u16,
                    k_tiles: depth_tiles as u16,
                    acc: area.base as u16,
                    acc_pitch: area.pitch as u16,
                    a: a as u16,
                    a_pitch: depth_tiles as u16,
                    a_step: 1,
                    b: b as u16,
                    b_pitch: col_tiles as u16,
                    b_step: 1,
                }))?;
            }
            let rect = product.result.at(row, col);
            if let Some(audit) = emitter.layout.audit(node) {
                emitter.store(area, audit, DType::I32, rect)?;
            }
            for &pointwise in &epilogue {
                emitter.pointwise(pointwise, area, product.first_channel + col)?;
            }
            emitter.store_result(last, area, rect)?;
        }
    }
    Ok(())
}

/// Loads a block of B from packed tiles, if its weights are constant, share a zero point, and fill enough
/// of the tiles; says whether it did. `group` tells blocks at the same place of B apart; `element` is the
/// position of B's element (depth, column).
fn load_packed(
    emitter: &mut Emitter,
    (node, group, base): (usize, usize, usize),
    part: &Part,
    zeros: &[(Range<usize>, i32)],
    element: impl Fn(usize, usize) -> usize,
) -> Result<bool, CompileError> {
    let &[(_, zero)] = zeros else { return Ok(false) };
    let Value::Constant(constant) = emitter.operand(node, 1) else {
        return Ok(false);
    };
    let dtype = emitter.ty(Value::Constant(constant)).dtype;
    let (depth, cols) = (part.depth.len(), part.lanes.len());
    let (tile_rows, tile_cols) = tiled(emitter, Buffer::B, depth, cols);
    // B's elements are bytes, signed or not.
    let tile_bytes = emitter.geometry.tile_bytes(Buffer::B, Dtype::I8) as usize;
    let lanes = tile_rows * tile_cols * tile_bytes;
    if lanes as u64 * cost::BURST_LANE > (depth * cols) as u64 * cost::LANE {
        return Ok(false);
    }
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
        let mut bytes = vec![zero as u8; lanes];
        for k in 0..depth {
            for n in 0..cols {
                let tile = k / height * tile_cols + n / width;
                let at = tile * tile_bytes + k % height * width + n % width;
                bytes[at] = weights[element(part.depth.start + k, part.lanes.start + n)];
            }
        }
        bytes
    })?;
    let tiles = (tile_rows, tile_cols);
    emitter.load_tiles(Buffer::B, base, tiles, (place, dtype), zero, false)?;
    Ok(true)
}

/// Runs of columns that share a zero point: (columns, zero point).
fn zero_runs(zeros: &[i32], columns: Range<usize>) -> Vec<(Range<usize>, i32)> {
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

pub(super) fn mat_mul(emitter: &mut Emitter, node: usize) -> Result<(), CompileError> {
    let (x, w) = (emitter.operand(node, 0), emitter.operand(node, 1));
    let (x_ty, w_ty) = (emitter.ty(x), emitter.ty(w));
    let x_zero = emitter.immediate(node, 2)?;
    let w_zeros = emitter.immediates(node, 3)?;
    let rank = x_ty.shape.rank();
    let (mut m, k) = (x_ty.shape.dim(rank - 2), x_ty.shape.dim(rank - 1));
    let n = w_ty.shape.dim(w_ty.shape.rank() - 1);
    let mut batches = x_ty.elements() / (m * k);
    if w_ty.shape.rank() == 2 {
        // One B for all: the batch dimensions are more rows.
        (m, batches) = (m * batches, 1);
    }
    let x_place = emitter.place(x)?;
    for batch in 0..batches {
        let what = Product {
            node,
            group: batch,
            rows: m,
            cols: n,
            depth: k,
            first_channel: 0,
            result: Rect {
                first: batch * m * n,
                row_step: n,
                col_step: 1,
            },
        };
        product(
            emitter,
            &what,
            |emitter, part, base, pitch| {
                let rect = Rect {
                    first: batch * m * k,
                    row_step: k,
                    col_step: 1,
                };
                let extent = (part.lanes.len(), part.depth.len());
                let rect = rect.at(part.lanes.start, part.depth.start);
                emitter.load(
                    Buffer::A,
                    base,
                    pitch,
                    (0, 0),
                    extent,
                    (x_place, x_ty.dtype),
                    rect,
                    x_zero,
                )
            },
            |emitter, part, base, pitch| {
                let zeros = zero_runs(&w_zeros, part.lanes.clone());
                let element = |depth, col| (batch * k + depth) * n + col;
                if load_packed(emitter, (node, batch, base), part, &zeros, element)? {
                    return Ok(());
                }
                let w_place = emitter.place(w)?;
                for (cols, zero) in zeros {
                    let rect = Rect {
                        first: batch * k * n,
                        row_step: n,
                        col_step: 1,
                    };
                    let rect = rect.at(part.depth.start, cols.start);
                    let at = (0, cols.start - part.lanes.start);
                    let extent = (part.depth.len(), cols.len());
                    emitter.load(Buffer::B, base, pitch, at, extent, (w_place, w_ty.dtype), rect, zero)?;
                }
                Ok(())
            },
        )?;
    }
    Ok(())
}

/// A run of output pixels within one line of the image.
pub(super) struct Line {
    /// Its row in the block of pixels.
    pub(super) row: usize,
    /// The output line.
    pub(super) y: usize,
    /// The output columns.
    pub(super) x: Range<usize>,
}

/// Cuts pixels `first..first + count`, counted line by line, into lines of `width`.
pub(super) fn lines(first: usize, count: usize, width: usize) -> impl Iterator<Item = Line> {
    let mut at = first;
    std::iter::from_fn(move || {
        let end = first + count;
        (at < end).then(|| {
            let x = at % width;
            let length = (width - x).min(end - at);
            let line = Line {
                row: at - first,
                y: at / width,
                x: x..x + length,
            };
            at += length;
            line
        })
    })
}

pub(super) fn conv2d(
    emitter: &mut Emitter,
    node: usize,
    window: &Window,
    groups: usize,
) -> Result<(), CompileError> {
    let (x, w) = (emitter.operand(node, 0), emitter.operand(node, 1));
    let (x_ty, w_ty, y_ty) = (emitter.ty(x), emitter.ty(w), emitter.ty(Value::Node(node as u32)));
    let x_zero = emitter.immediate(node, 2)?;
    let w_zeros = emitter.immediates(node, 3)?;
    let (batch, channels, height, width) = (
        x_ty.shape.dim(0),
        x_ty.shape.dim(1),
        x_ty.shape.dim(2),
        x_ty.shape.dim(3),
    );
    let (outs, per_group, kh, kw) = (
        w_ty.shape.dim(0),
        w_ty.shape.dim(1),
        w_ty.shape.dim(2),
        w_ty.shape.dim(3),
    );
    let (out_h, out_w) = (y_ty.shape.dim(2), y_ty.shape.dim(3));
    let (pixels, group_outs) = (out_h * out_w, outs / groups);
    let x_place = emitter.place(x)?;
    let columns: Vec<Range<usize>> = (0..kw)
        .map(|v| window.outputs_inside(1, v, width, out_w))
        .collect();
    for image in 0..batch {
        for group in 0..groups {
            let what = Product {
                node,
                group: image * groups + group,
                rows: pixels,
                cols: group_outs,
                depth: kh * kw * per_group,
                first_channel: group * group_outs,
                result: Rect {
                    first: (image * outs + group * group_outs) * pixels,
                    row_step: 1,
                    col_step: pixels,
                },
            };
            product(
                emitter,
                &what,
                |emitter, part, base, pitch| {
                    for slab in slabs(&part.depth, per_group) {
                        let (u, v) = (slab.tap / kw, slab.tap % kw);
                        for line in lines(part.lanes.start, part.lanes.len(), out_w) {
                            emitter.step()?;
                            let y = window.coordinate(0, line.y, u);
                            let (low, high) =
                                (columns[v].start.max(line.x.start), columns[v].end.min(line.x.end));
                            if !(0..height as i64).contains(&y) || low >= high {
                                continue;
                            }
                            let plane = image * channels + group * per_group + slab.channels.start;
                            let first =
                                (plane * height + y as usize) * width + window.coordinate(1, low, v) as usize;
                            let rect = Rect {
                                first,
                                row_step: window.stride[1] as usize,
                                col_step: height * width,
                            };
                            let at = (line.row + low - line.x.start, slab.lane);
                            let extent = (high - low, slab.channels.len());
                            let source = (x_place, x_ty.dtype);
                            emitter.load(Buffer::A, base, pitch, at, extent, source, rect, x_zero)?;
                        }
                    }
                    Ok(())
                },
                |emitter, part, base, pitch| {
                    let first_out = group * group_outs;
                    let outs = first_out + part.lanes.start..first_out + part.lanes.end;
                    let zeros = zero_runs(&w_zeros, outs.clone());
                    // Depth runs over taps, then channels.
                    let element = |depth: usize, col: usize| {
                        let (tap, channel) = (depth / per_group, depth % per_group);
                        ((first_out + col) * per_group + channel) * kh * kw + tap
                    };
                    if load_packed(emitter, (node, group, base), part, &zeros, element)? {
                        return Ok(());
                    }
                    let w_place = emitter.place(w)?;
                    for slab in slabs(&part.depth, per_group) {
                        for (run, zero) in zeros.iter().cloned() {
                            let first = (run.start * per_group + slab.channels.start) * kh * kw + slab.tap;
                            let rect = Rect {
                                first,
                                row_step: kh * kw,
                                col_step: per_group * kh * kw,
                            };
                            let at = (slab.lane, run.start - outs.start);
                            let extent = (slab.channels.len(), run.len());
                            let source = (w_place, w_ty.dtype);
                            emitter.load(Buffer::B, base, pitch, at, extent, source, rect, zero)?;
                        }
                    }
                    Ok(())
                },
            )?;
        }
    }
    Ok(())
}

/// A run of channels of one tap, within a part of a convolution's depth.
struct Slab {
    /// Its first lane in the part.
    lane: usize,
    /// Tap row times kernel width plus tap column.
    tap: usize,
    channels: Range<usize>,
}

fn slabs(depth: &Range<usize>, per_group: usize) -> impl Iterator<Item = Slab> {
    lines(depth.start, depth.len(), per_group).map(|line| Slab {
        lane: line.row,
        tap: line.y,
        channels: line.x,
    })
}
