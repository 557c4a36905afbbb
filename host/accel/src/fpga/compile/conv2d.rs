//! Conv2d as a product whose A is gathered from the image: see [`super::product`].

use super::CompileError;
use super::emit::{Emitter, Rect};
use super::lines::conv2d_by_lines;
use super::packed::{load_packed, zero_runs};
use super::product::{Product, product};
use metisvm_firmware::isa::Buffer;
use metisvm_model::{Value, Window};
use std::ops::Range;

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
                a_tiled: false,
                // One for each tap of each line.
                a_loads: kh * kw * out_h,
                first_channel: group * group_outs,
                result: Rect {
                    first: (image * outs + group * group_outs) * pixels,
                    row_step: 1,
                    col_step: pixels,
                },
            };
            if conv2d_by_lines(emitter, &what, window, (image, group, groups))? {
                continue;
            }
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
                        Some(((first_out + col) * per_group + channel) * kh * kw + tap)
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
