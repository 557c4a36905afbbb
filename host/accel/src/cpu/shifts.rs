//! Steps that move elements, or join them across rows: gather, transpose, concatenate, pool, and reductions along
//! other dimensions than the last.

use super::memory::Memory;
use super::program::{Home, Shift, Spot};
use super::view::{bytes_mut, get, range, range_mut, set};
use metisvm_model::{Padding, Window};
use metisvm_simd::Level;
use metisvm_simd::elements::{self, Pool, Slice, SliceMut};

/// Rows of fewer elements are searched, or joined, many at a call.
const SHORT_ROW: usize = 64;
/// Lines of fewer elements are compared one by one.
const SHORT_LINE: usize = 16;

/// What one item reads.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) constants: &'a [Memory],
    pub(super) slots: &'a [Memory],
    pub(super) item: usize,
}

impl<'a> View<'a> {
    /// A value of the item, raw.
    pub(super) fn bytes(&self, spot: &Spot) -> &'a [u8] {
        let bytes = spot.ty.bytes();
        match spot.home {
            Home::Constant(index) => &self.constants[index].bytes()[..bytes],
            Home::Slot(index) => &self.slots[index].bytes()[self.item * bytes..][..bytes],
        }
    }

    /// A value of the item.
    pub(super) fn slice(&self, spot: &Spot) -> Slice<'a> {
        let elements = spot.ty.elements();
        match spot.home {
            Home::Constant(index) => self.constants[index].slice(spot.ty.dtype, 0..elements),
            Home::Slot(index) => {
                let start = self.item * elements;
                self.slots[index].slice(spot.ty.dtype, start..start + elements)
            }
        }
    }
}

/// Computes one item's result.
pub(super) fn run(shift: &Shift, level: Level, view: View<'_>, result: &Spot, mut y: SliceMut<'_>) {
    match shift {
        Shift::Gather { data, index, axis } => {
            let (_, extent, inner) = data.ty.shape.split(*axis);
            let run = inner * data.ty.dtype.size();
            let from = view.bytes(data);
            let index = view.slice(index);
            let y = bytes_mut(&mut y);
            let mut at = 0;
            for block in from.chunks_exact(extent * run) {
                for i in 0..index.len() {
                    let start = get(index, i) as usize * run;
                    y[at..at + run].copy_from_slice(&block[start..start + run]);
                    at += run;
                }
            }
        }
        Shift::Transpose { x, perm } => {
            let dims: Vec<usize> = x.ty.shape.dims().iter().map(|&d| d as usize).collect();
            elements::transpose(level, view.slice(x), &dims, perm, y);
        }
        Shift::Join { parts, blocks } => {
            let mut y = bytes_mut(&mut y);
            for block in 0..*blocks {
                for part in parts {
                    let from = &view.bytes(&part.spot)[block * part.block..][part.range.clone()];
                    let (to, rest) = y.split_at_mut(from.len());
                    to.copy_from_slice(from);
                    y = rest;
                }
            }
        }
        Shift::MaxPool { x, kernel, window } => {
            let shape = pool_shape(x, *kernel, window, result);
            let x = view.slice(x);
            if tiles(&shape, window) {
                // Windows end where the plane does, so that all planes are one tall one.
                let planes = x.len() / (shape.input[0] * shape.input[1]);
                let tall = Pool {
                    input: [shape.input[0] * planes, shape.input[1]],
                    output: [shape.output[0] * planes, shape.output[1]],
                    ..shape
                };
                elements::max_pool2d(level, x, &tall, y);
                return;
            }
            elements::max_pool2d_planes(level, x, &shape, y);
        }
        Shift::ArgMax { x, axis } => {
            let SliceMut::I32(y) = y else { return };
            let (outer, extent, inner) = x.ty.shape.split(*axis);
            let x = view.slice(x);
            if inner == 1 && extent < SHORT_ROW {
                return elements::arg_max_rows(level, x, extent, y);
            }
            if inner == 1 {
                for (row, y) in y.iter_mut().enumerate().take(outer) {
                    *y = elements::arg_max(level, part(x, row * extent, extent));
                }
                return;
            }
            if inner < SHORT_LINE {
                return match x {
                    Slice::U8(x) => arg_max_of_short_lines(x, extent, y, inner),
                    Slice::I8(x) => arg_max_of_short_lines(x, extent, y, inner),
                    Slice::I16(x) => arg_max_of_short_lines(x, extent, y, inner),
                    Slice::I32(x) => arg_max_of_short_lines(x, extent, y, inner),
                };
            }
            let (mut best, mut row) = (vec![0; inner], vec![0; inner]);
            for (block, y) in y.chunks_exact_mut(inner).enumerate() {
                elements::widen(level, part(x, block * extent * inner, inner), &mut best);
                y.fill(0);
                for e in 1..extent {
                    elements::widen(level, part(x, (block * extent + e) * inner, inner), &mut row);
                    // Without a branch, so that it is done in vectors.
                    for ((best, index), &value) in best.iter_mut().zip(&mut *y).zip(&row) {
                        let greater = value > *best;
                        *best = if greater { value } else { *best };
                        *index = if greater { e as i32 } else { *index };
                    }
                }
            }
        }
        Shift::Sum { x, axis } => {
            let (_, extent, inner) = x.ty.shape.split(*axis);
            let x = view.slice(x);
            let SliceMut::I32(y) = y else { return };
            if inner < SHORT_ROW && extent > 1 {
                // As many rows side by side as fill a vector or two; then those of them.
                let together = (SHORT_ROW / inner).min(extent);
                let mut sums = vec![0; together * inner];
                for (block, y) in y.chunks_exact_mut(inner).enumerate() {
                    sums.fill(0);
                    let all = part(x, block * extent * inner, extent * inner);
                    for start in (0..extent * inner).step_by(sums.len()) {
                        let count = sums.len().min(extent * inner - start);
                        elements::accumulate_sum(level, part(all, start, count), &mut sums[..count]);
                    }
                    y.fill(0);
                    for row in sums.chunks_exact(inner) {
                        y.iter_mut()
                            .zip(row)
                            .for_each(|(y, &sum)| *y = y.wrapping_add(sum));
                    }
                }
                return;
            }
            for (block, y) in y.chunks_exact_mut(inner).enumerate() {
                y.fill(0);
                for e in 0..extent {
                    elements::accumulate_sum(level, part(x, (block * extent + e) * inner, inner), y);
                }
            }
        }
        Shift::Max { x, axis } => {
            let (outer, extent, inner) = x.ty.shape.split(*axis);
            let size = x.ty.dtype.size();
            let raw = view.bytes(x);
            let dtype = x.ty.dtype;
            let x = view.slice(x);
            if inner < SHORT_ROW && extent > 1 {
                let together = (SHORT_ROW / inner).min(extent) * inner;
                let mut greatest = Memory::new(together * size);
                for block in 0..outer {
                    let first = block * extent * inner;
                    greatest.bytes_mut()[..together * size]
                        .copy_from_slice(&raw[first * size..][..together * size]);
                    for start in (together..extent * inner).step_by(together) {
                        let count = together.min(extent * inner - start);
                        let to = greatest.slice_mut(dtype, 0..count);
                        elements::accumulate_max(level, part(x, first + start, count), to);
                    }
                    let y = &mut range_mut(&mut y, block * inner..(block + 1) * inner);
                    for column in 0..inner {
                        let all = greatest.slice(dtype, 0..together);
                        let rows = (column..together).step_by(inner).map(|at| get(all, at));
                        set(y, column, rows.max().unwrap_or_default());
                    }
                }
                return;
            }
            for block in 0..outer {
                let first = block * extent * inner * size;
                bytes_mut(&mut y)[block * inner * size..][..inner * size]
                    .copy_from_slice(&raw[first..][..inner * size]);
                for e in 1..extent {
                    let row = part(x, (block * extent + e) * inner, inner);
                    elements::accumulate_max(
                        level,
                        row,
                        range_mut(&mut y, block * inner..(block + 1) * inner),
                    );
                }
            }
        }
    }
}

/// Whether the windows of a column are the plane's rows, each once.
fn tiles(shape: &Pool, window: &Window) -> bool {
    window.padding == Padding::default()
        && shape.dilation[0] == 1
        && shape.kernel[0] == shape.stride[0]
        && shape.kernel[0] * shape.output[0] == shape.input[0]
}

fn pool_shape(x: &Spot, kernel: [u32; 2], window: &Window, result: &Spot) -> Pool {
    let pair = |values: [u32; 2]| values.map(|value| value as usize);
    let plane = |spot: &Spot| [spot.ty.shape.dim(2), spot.ty.shape.dim(3)];
    Pool {
        input: plane(x),
        output: plane(result),
        kernel: pair(kernel),
        stride: pair(window.stride),
        dilation: pair(window.dilation),
        before: pair([window.padding.top, window.padding.left]),
    }
}

fn part(slice: Slice<'_>, start: usize, count: usize) -> Slice<'_> {
    range(slice, start..start + count)
}

/// The first greatest element of each column of `extent` lines, where calls for each line would take longer than the
/// lines.
fn arg_max_of_short_lines<T: Copy + Ord>(x: &[T], extent: usize, y: &mut [i32], inner: usize) {
    for (x, y) in x.chunks_exact(extent * inner).zip(y.chunks_exact_mut(inner)) {
        y.fill(0);
        for (e, line) in x.chunks_exact(inner).enumerate().skip(1) {
            for ((column, &value), index) in line.iter().enumerate().zip(&mut *y) {
                if value > x[*index as usize * inner + column] {
                    *index = e as i32;
                }
            }
        }
    }
}
