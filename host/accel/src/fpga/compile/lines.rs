//! Conv2d over whole lines: each line of the image is loaded once and serves all taps.
//!
//! The rows of a tile are pixels that lie apart: of a line of `width` output pixels cut into R equal pieces, tile
//! t holds pixel t of each piece. Then a step to the right is a step to the next tile for all rows at once, and a
//! tap is no more than another first tile of the same line in the scratchpad. The line in A is loaded with as
//! many tiles as the taps reach beyond it; those of neighbouring pieces overlap there. What lies outside of the
//! image is zero.
//!
//! In A a line's tiles lie pixel by pixel, the channels of each side by side, so that the taps of a row of the
//! kernel are one run of depth.

use super::CompileError;
use super::emit::{Area, Emitter, MAX_COUNT, Rect};
use super::packed::load_weights;
use super::pointwise::SLOTS;
use super::product::{Part, Product, tiled};
use super::scratchpads::Held;
use crate::fpga::cycles::{BEGIN, DRAIN};
use metisvm_firmware::isa::{Buffer, Dtype, Gemm, Operation};
use metisvm_model::{Value, Window};

/// A convolution of one image and group, in tiles.
struct Lines<'a> {
    product: &'a Product,
    window: &'a Window,
    image: usize,
    group: usize,
    /// Channels of the image, of which each group has `per_group`.
    channels: usize,
    per_group: usize,
    kernel: [usize; 2],
    /// Height and width.
    from: [usize; 2],
    to: [usize; 2],
    /// Tiles of a line of output pixels: the length of a piece.
    piece: usize,
    /// Tiles of a pixel's channels.
    depth: usize,
    /// Tiles of columns that are computed at once.
    cols: usize,
}

/// Computes a convolution by lines, if its weights can be packed, the scratchpads hold enough lines, and that is
/// expected to be quicker than gathering every tap; says whether it did.
pub(super) fn conv2d_by_lines(
    emitter: &mut Emitter,
    product: &Product,
    window: &Window,
    (image, group, groups): (usize, usize, usize),
) -> Result<bool, CompileError> {
    let node = product.node;
    let (x, w) = (emitter.operand(node, 0), emitter.operand(node, 1));
    let (x_ty, w_ty, y_ty) = (emitter.ty(x), emitter.ty(w), emitter.ty(Value::Node(node as u32)));
    let per_group = w_ty.shape.dim(1);
    let kernel = [w_ty.shape.dim(2), w_ty.shape.dim(3)];
    let to = [y_ty.shape.dim(2), y_ty.shape.dim(3)];
    let g = emitter.geometry;
    let depth = per_group.div_ceil(g.tile_depth.into());
    let piece = to[1].div_ceil(g.tile_rows.into());
    let all_cols = product.cols.div_ceil(g.tile_cols.into());
    let weights = kernel[0] * kernel[1] * depth;
    let mut cols = all_cols
        .min(g.b_tiles as usize / weights)
        .min(g.acc_tiles as usize / SLOTS / piece)
        .min(MAX_COUNT / usize::from(g.tile_cols));
    if emitter.needs_a_record_a_channel(node)? {
        cols = cols.min(g.param_entries as usize / 2 / usize::from(g.tile_cols));
    }
    let is_constant = matches!(w, Value::Constant(_)) && emitter.immediates(node, 3)?.len() == 1;
    let lines = Lines {
        product,
        window,
        image,
        group,
        channels: per_group * groups,
        per_group,
        kernel,
        from: [x_ty.shape.dim(2), x_ty.shape.dim(3)],
        to,
        piece,
        depth,
        cols,
    };
    let fits = lines.line_tiles() * (kernel[0] + 1) <= g.a_tiles as usize
        && kernel[1] * depth <= MAX_COUNT
        && piece * usize::from(g.tile_rows) <= MAX_COUNT;
    if !is_constant || cols == 0 || !fits {
        return Ok(false);
    }
    if lines.cycles(emitter)? >= product.block(emitter)?.cycles {
        return Ok(false);
    }
    emitter.scratchpads.rewind(Buffer::A);
    emitter.scratchpads.rewind(Buffer::B);
    let width = cols * usize::from(g.tile_cols);
    for col in (0..product.cols).step_by(width) {
        for y in 0..to[0] {
            lines.line(emitter, y, (col, width.min(product.cols - col)))?;
        }
    }
    Ok(true)
}

impl Lines<'_> {
    /// Tiles from the first tap of the first pixel to the last tap of the last.
    fn reach(&self) -> usize {
        (self.piece - 1) * self.window.stride[1] as usize
            + (self.kernel[1] - 1) * self.window.dilation[1] as usize
            + 1
    }

    /// Tiles of a line of the image in A.
    fn line_tiles(&self) -> usize {
        self.reach() * self.depth
    }

    /// What it is expected to take, as [`super::block::Block::cycles`] is.
    fn cycles(&self, emitter: &Emitter) -> Result<f64, CompileError> {
        let g = &emitter.geometry;
        let rows = usize::from(g.tile_rows);
        let all_cols = self.product.cols.div_ceil(g.tile_cols.into());
        let passes = all_cols.div_ceil(self.cols);
        let begin = BEGIN as usize;
        let run = (self.kernel[1] * self.depth).max(rows);
        let line = self.kernel[0] * (self.piece * all_cols * run + passes * (begin + DRAIN as usize));
        let vector = emitter.vector_pace(self.product.node)?;
        let compute = (self.to[0] * line) as f64
            + vector.cycles(self.to[0] * self.piece * rows * all_cols, self.to[0] * passes);
        let line = self.reach() * (rows * self.per_group + begin);
        let weights = self.kernel[0] * self.kernel[1] * self.depth * all_cols;
        let tile_cycles = g.tile_bytes(Buffer::B, Dtype::I8) as usize / 8;
        let load = passes * self.from[0].min(self.to[0] * self.kernel[0]) * line + weights * tile_cycles;
        let stores = emitter.stores_of(self.product.node);
        let store =
            stores * (self.product.rows * self.product.cols + self.to[0] * self.piece * passes * begin);
        Ok(compute.max(load.max(store) as f64))
    }

    /// Computes a line of output pixels in columns from `col` on.
    fn line(&self, emitter: &mut Emitter, y: usize, (col, cols): (usize, usize)) -> Result<(), CompileError> {
        let node = self.product.node;
        let rows = self.piece * usize::from(emitter.geometry.tile_rows);
        let inside = |u: usize| {
            let y = self.window.coordinate(0, y, u);
            (0..self.from[0] as i64).contains(&y).then_some(y as usize)
        };
        let taps: Vec<(usize, usize)> = (0..self.kernel[0])
            .filter_map(|u| Some((u, inside(u)?)))
            .collect();
        let area = emitter.area(rows, cols);
        let channel = self.product.first_channel + col;
        let mut begun = emitter.graph.nodes()[node].operands.len() > 4;
        if begun {
            emitter.bias(node, area, channel)?;
        } else if taps.is_empty() {
            let tiles = emitter.area_tiles(rows, cols);
            emitter.fill(Buffer::Acc, area.base, tiles, 0)?;
        }
        for &(u, y) in &taps {
            let b = self.weights(emitter, u, (col, cols))?;
            let a = self.load(emitter, y)?;
            self.multiply(emitter, area, (a, b), &mut begun)?;
        }
        let result = self.product.result.at(y * self.to[1], col);
        emitter.conclude(node, area, channel, |emitter, place, dtype| {
            for tile in 0..self.piece.min(self.to[1]) {
                // Pieces at the end may be short.
                let part = Area {
                    base: area.base + tile * area.pitch,
                    rows: (self.to[1] - tile).div_ceil(self.piece),
                    ..area
                };
                let rect = Rect {
                    first: result.first + tile * result.row_step,
                    row_step: self.piece * result.row_step,
                    col_step: result.col_step,
                };
                emitter.store(part, place, dtype, rect)?;
            }
            Ok(())
        })
    }

    /// Multiplies a line of the image with a row of the kernel.
    fn multiply(
        &self,
        emitter: &mut Emitter,
        area: Area,
        (a, b): (usize, usize),
        begun: &mut bool,
    ) -> Result<(), CompileError> {
        let dilation = self.window.dilation[1] as usize;
        // Neighbouring taps are one run of tiles.
        let (runs, length) = match dilation {
            1 => (1, self.kernel[1] * self.depth),
            _ => (self.kernel[1], self.depth),
        };
        for run in 0..runs {
            emitter.push(Operation::Gemm(Gemm {
                accumulate: *begun,
                shift: false,
                m_tiles: self.piece as u16,
                n_tiles: area.pitch as u16,
                k_tiles: length as u16,
                acc: area.base as u16,
                acc_pitch: area.pitch as u16,
                a: (a + run * dilation * self.depth) as u16,
                a_pitch: (self.window.stride[1] as usize * self.depth) as u16,
                a_step: 1,
                b: (b + run * self.depth * area.pitch) as u16,
                b_pitch: area.pitch as u16,
                b_step: 1,
            }))?;
            *begun = true;
        }
        Ok(())
    }

    /// The weights of a row of the kernel, tap by tap, in B.
    fn weights(
        &self,
        emitter: &mut Emitter,
        u: usize,
        (col, cols): (usize, usize),
    ) -> Result<usize, CompileError> {
        let node = self.product.node;
        let lanes = self.depth * usize::from(emitter.geometry.tile_depth);
        let run = self.kernel[1] * lanes;
        let part = Part {
            lanes: col..col + cols,
            depth: u * run..(u + 1) * run,
        };
        let first_out = self.group * self.product.cols;
        let element = |depth: usize, col: usize| {
            let (tap, channel) = (depth / lanes, depth % lanes);
            let at = ((first_out + col) * self.per_group + channel) * self.kernel[0] * self.kernel[1] + tap;
            (channel < self.per_group).then_some(at)
        };
        let zeros = emitter.immediates(node, 3)?;
        let (tile_rows, tile_cols) = tiled(emitter, Buffer::B, run, cols);
        let what = Held::Block {
            node,
            group: self.group,
            lane: col,
            depth: u,
            extent: (run, cols),
        };
        emitter.keep(Buffer::B, tile_rows * tile_cols, what, |emitter, base| {
            load_weights(emitter, (node, self.group, base), &part, zeros[0], element)
        })
    }

    /// A line of the image in A.
    fn load(&self, emitter: &mut Emitter, y: usize) -> Result<usize, CompileError> {
        let node = self.product.node;
        let what = Held::Line {
            node,
            image: self.image,
            group: self.group,
            y,
        };
        emitter.keep(Buffer::A, self.line_tiles(), what, |emitter, base| {
            let x = emitter.operand(node, 0);
            let source = (emitter.place(x)?, emitter.ty(x).dtype);
            let zero = emitter.immediate(node, 2)?;
            let rows = usize::from(emitter.geometry.tile_rows);
            let apart = self.piece * self.window.stride[1] as usize;
            let plane = self.image * self.channels + self.group * self.per_group;
            for tile in 0..self.reach() {
                emitter.step()?;
                // Of each row the pixel, counted from the image's left edge.
                let first = tile as i64 - i64::from(self.window.padding.left);
                let width = self.from[1] as i64;
                let until = |x: i64| (x - first).max(0).unsigned_abs().div_ceil(apart as u64) as usize;
                let (low, high) = (until(0).min(rows), until(width).min(rows));
                let at = base + tile * self.depth;
                if high - low < rows {
                    emitter.fill(Buffer::A, at, self.depth, 0)?;
                }
                if low == high {
                    continue;
                }
                let x = (first + (low * apart) as i64) as usize;
                let rect = Rect {
                    first: (plane * self.from[0] + y) * self.from[1] + x,
                    row_step: apart,
                    col_step: self.from[0] * self.from[1],
                };
                let extent = (high - low, self.per_group);
                emitter.load(Buffer::A, at, 0, (low, 0), extent, source, rect, zero)?;
            }
            Ok(())
        })
    }
}
