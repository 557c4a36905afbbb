//! Add, and Requantise, Clamp and Table where no product precedes them; copies.

use super::CompileError;
use super::emit::{Emitter, Rect};
use super::layout::Place;
use metisvm_firmware::isa::{Space, VectorOp};
use metisvm_model::kernels::broadcast::broadcast_strides;
use metisvm_model::{Op, Value};

/// Pieces that are under way at once: one is loaded, one is worked on, one is stored.
pub(super) const SLOTS: usize = 3;

/// A loop nest over a result, with the element distances of every tensor that it walks: the
/// innermost two dimensions are rows and columns, what lies outside is unrolled.
struct Nest {
    /// (extent, steps of each tensor), outermost first, at least two.
    dims: Vec<(usize, Vec<usize>)>,
}

impl Nest {
    /// Merges neighbouring dimensions that every tensor walks as one, then splits a single long
    /// dimension into rows of `width` (the rest of it comes as a nest of its own).
    fn new(dims: Vec<(usize, Vec<usize>)>, width: usize) -> Vec<(Self, Vec<usize>)> {
        let tensors = dims.first().map_or(0, |d| d.1.len());
        let mut merged: Vec<(usize, Vec<usize>)> = Vec::new();
        for (extent, steps) in dims.into_iter().filter(|d| d.0 > 1) {
            match merged.last_mut() {
                Some(last)
                    if last
                        .1
                        .iter()
                        .zip(&steps)
                        .all(|(&outer, &inner)| outer == inner * extent) =>
                {
                    *last = (last.0 * extent, steps);
                }
                _ => merged.push((extent, steps)),
            }
        }
        let unit = (1, vec![0; tensors]);
        match merged.as_slice() {
            [] => vec![(
                Self {
                    dims: vec![unit.clone(), unit],
                },
                vec![0; tensors],
            )],
            [(extent, steps)] => {
                let (rows, rest) = (extent / width, extent % width);
                let mut nests = Vec::new();
                if rows > 0 {
                    let row_steps = steps.iter().map(|s| s * width).collect();
                    let dims = vec![(rows, row_steps), (width, steps.clone())];
                    nests.push((Self { dims }, vec![0; tensors]));
                }
                if rest > 0 {
                    let first = steps.iter().map(|s| s * rows * width).collect();
                    nests.push((
                        Self {
                            dims: vec![unit, (rest, steps.clone())],
                        },
                        first,
                    ));
                }
                nests
            }
            _ => vec![(Self { dims: merged }, vec![0; tensors])],
        }
    }

    /// The offsets of every rows-by-columns plane, one at a time: there may be millions.
    fn planes(&self, first: &[usize]) -> impl Iterator<Item = Vec<usize>> {
        let outer = &self.dims[..self.dims.len() - 2];
        let count: usize = outer.iter().map(|(extent, _)| extent).product();
        (0..count).map(move |mut index| {
            let mut plane = first.to_vec();
            for (extent, steps) in outer.iter().rev() {
                let at = index % extent;
                index /= extent;
                plane.iter_mut().zip(steps).for_each(|(p, s)| *p += at * s);
            }
            plane
        })
    }
}

/// Calls `body` with rectangles of all tensors that fit the given share of the accumulators, and
/// their extents.
fn tiles(
    emitter: &mut Emitter,
    dims: Vec<(usize, Vec<usize>)>,
    share: usize,
    mut body: impl FnMut(&mut Emitter, &[Rect], (usize, usize)) -> Result<(), CompileError>,
) -> Result<(), CompileError> {
    let width = usize::from(emitter.geometry.tile_cols);
    for (nest, first) in Nest::new(dims, width) {
        let [.., (rows, row_steps), (cols, col_steps)] = nest.dims.as_slice() else {
            continue;
        };
        let (most_rows, most_cols) = emitter.fit(share, *rows, *cols);
        for plane in nest.planes(&first) {
            for col in (0..*cols).step_by(most_cols) {
                for row in (0..*rows).step_by(most_rows) {
                    let extent = (most_rows.min(rows - row), most_cols.min(cols - col));
                    let rects: Vec<Rect> = (0..plane.len())
                        .map(|t| {
                            let rect = Rect {
                                first: plane[t],
                                row_step: row_steps[t],
                                col_step: col_steps[t],
                            };
                            rect.at(row, col)
                        })
                        .collect();
                    body(emitter, &rects, extent)?;
                }
            }
        }
    }
    Ok(())
}

pub(super) fn add(emitter: &mut Emitter, node: usize) -> Result<(), CompileError> {
    let (a, b) = (emitter.operand(node, 0), emitter.operand(node, 1));
    let ty = emitter.ty(Value::Node(node as u32));
    let dims = ty.shape.dims();
    let result = broadcast_strides(&ty.shape, dims);
    let (a_steps, b_steps) = (
        broadcast_strides(&emitter.ty(a).shape, dims),
        broadcast_strides(&emitter.ty(b).shape, dims),
    );
    // A scalar has no dimension of its own: one of extent 1 stands for it.
    let mut nest = vec![(1, vec![0, 0, 0])];
    nest.extend((0..dims.len()).map(|i| (dims[i] as usize, vec![result[i], a_steps[i], b_steps[i]])));
    let share = (emitter.acc_tiles() / (2 * SLOTS)).max(1);
    tiles(emitter, nest, share, |emitter, rects, (rows, cols)| {
        let [sum, other] = emitter.areas(rows, cols);
        emitter.load_acc(sum, 0, rows, a, rects[1])?;
        emitter.load_acc(other, 0, rows, b, rects[2])?;
        emitter.vector(VectorOp::Add, sum, other)?;
        emitter.store_result(node, sum, rects[0])
    })
}

/// Requantise, Clamp or Table of one value.
pub(super) fn unary(emitter: &mut Emitter, node: usize) -> Result<(), CompileError> {
    let x = emitter.operand(node, 0);
    let shape = emitter.ty(x).shape;
    if let Op::Requantise { axis, .. } = emitter.graph.nodes()[node].op
        && emitter.records(node)?.1 > 1
    {
        return per_channel(emitter, node, x, shape.split(usize::from(axis)));
    }
    let share = (emitter.acc_tiles() / SLOTS).max(1);
    tiles(
        emitter,
        vec![(shape.elements(), vec![1])],
        share,
        |emitter, rects, (rows, cols)| {
            let area = emitter.area(rows, cols);
            emitter.load_acc(area, 0, rows, x, rects[0])?;
            emitter.pointwise(node, area, 0)?;
            emitter.store_result(node, area, rects[0])
        },
    )
}

/// A per-channel node over `[outer, channels, inner]`: records go by column, so channels must be
/// columns, whatever lies inside of them.
fn per_channel(
    emitter: &mut Emitter,
    node: usize,
    x: Value,
    (outer, channels, inner): (usize, usize, usize),
) -> Result<(), CompileError> {
    // With nothing inside, the outer dimension serves as rows.
    let (planes, plane_step, rows, row_step) = if inner == 1 {
        (1, 0, outer, channels)
    } else {
        (outer, channels * inner, inner, 1)
    };
    let share = (emitter.acc_tiles() / SLOTS).max(1);
    let records = (emitter.geometry.param_entries as usize / 2).max(1);
    let (most_rows, most_cols) = emitter.fit(share, rows, channels.min(records));
    for plane in 0..planes {
        let rect = Rect {
            first: plane * plane_step,
            row_step,
            col_step: inner,
        };
        for col in (0..channels).step_by(most_cols) {
            for row in (0..rows).step_by(most_rows) {
                let area = emitter.area(most_rows.min(rows - row), most_cols.min(channels - col));
                emitter.load_acc(area, 0, area.rows, x, rect.at(row, col))?;
                emitter.pointwise(node, area, col)?;
                emitter.store_result(node, area, rect.at(row, col))?;
            }
        }
    }
    Ok(())
}

/// A value that leaves the segment as it came in.
pub(super) fn copy(emitter: &mut Emitter, value: Value, offset: u64) -> Result<(), CompileError> {
    let ty = emitter.ty(value);
    let share = (emitter.acc_tiles() / SLOTS).max(1);
    tiles(
        emitter,
        vec![(ty.elements(), vec![1])],
        share,
        |emitter, rects, (rows, cols)| {
            let area = emitter.area(rows, cols);
            emitter.load_acc(area, 0, rows, value, rects[0])?;
            emitter.store(
                area,
                Place {
                    space: Space::Output,
                    offset,
                },
                ty.dtype,
                rects[0],
            )
        },
    )
}
