//! The typed graph in floats, by plain loops: what calibration runs. Sums are made in f64 and in one
//! fixed order, so that ranges do not depend on the machine.

#[cfg(test)]
pub(crate) mod cases;
#[cfg(test)]
pub(crate) mod integers;
mod moves;
mod pairs;
mod rows;
#[cfg(test)]
pub(crate) mod run;

pub(crate) use crate::view::View;
pub(crate) use pairs::positions;

use crate::function::Function;
use crate::typed::Operator;
use metisvm_model::{Shape, Window};
use std::ops::Range;

/// The result of one operator, of shape `result`; empty for those that give no real numbers.
pub(crate) fn evaluate(op: &Operator, inputs: &[View<'_>], result: &Shape) -> Vec<f32> {
    match op {
        Operator::MatMul { bias } => mat_mul(inputs[0], inputs[1], bias.as_deref()),
        Operator::Conv { window, groups, bias } => conv(
            window,
            *groups as usize,
            inputs[0],
            inputs[1],
            bias.as_deref(),
            result,
        ),
        Operator::Add => pairs::pair(inputs[0], inputs[1], result, |a, b| a + b),
        Operator::Sub => pairs::pair(inputs[0], inputs[1], result, |a, b| a - b),
        Operator::Mul => pairs::pair(inputs[0], inputs[1], result, |a, b| a * b),
        Operator::Div => pairs::pair(inputs[0], inputs[1], result, |a, b| a / b),
        Operator::Where => pairs::choose(inputs[0], inputs[1], inputs[2], result),
        Operator::Pointwise(function) => inputs[0].data.iter().map(|&v| function.at(v)).collect(),
        Operator::MaxPool { kernel, window } => max_pool(*kernel, window, inputs[0], result),
        Operator::Reshape => inputs[0].data.to_vec(),
        Operator::Transpose { perm } => moves::transpose(inputs[0], perm),
        Operator::Concat { axis } => moves::concat(inputs, *axis),
        Operator::Select { axis, indices } => {
            moves::entries(inputs[0], *axis, indices.iter().map(|&i| i as usize))
        }
        Operator::Lookup { axis } => lookup(inputs[0], inputs[1], *axis),
        Operator::Reduce { kind, axis } => rows::reduce(inputs[0], *axis, *kind),
        Operator::Softmax { axis } => rows::softmax(inputs[0], *axis),
        Operator::Normalise { epsilon, centred } => rows::normalise(inputs[0], *epsilon, *centred),
        Operator::ArgMax { axis } => rows::arg_max(inputs[0], (*axis).into()),
        Operator::Cast => inputs[0].data.iter().map(|v| v.trunc()).collect(),
        Operator::Trees(ensemble) => ensemble.evaluate(inputs),
        Operator::Quantise(grid) => inputs[0].data.iter().map(|&v| grid.quantise(v) as f32).collect(),
        Operator::Dequantise(grid) => inputs[0].data.iter().map(|&v| grid.real(v as i32)).collect(),
    }
}

/// Multiplications, or what takes as long.
pub(crate) fn work(op: &Operator, inputs: &[&[u32]], result: &Shape) -> u64 {
    let product = |dims: &[u32]| dims.iter().map(|&d| u64::from(d)).fold(1, u64::saturating_mul);
    let each = match op {
        Operator::MatMul { .. } => inputs[0].last().map_or(1, |&k| k.into()),
        Operator::Conv { .. } => product(&inputs[1][1..]),
        Operator::MaxPool { kernel, .. } => product(kernel),
        Operator::Reduce { axis, .. } => inputs[0].get(*axis).map_or(1, |&e| e.into()),
        Operator::Pointwise(Function::Expression(expression)) => expression.steps.len() as u64,
        // Each row asks every tree as often as it is deep, for all outputs at once.
        Operator::Trees(ensemble) => {
            let longest = ensemble.depth.saturating_mul(ensemble.roots.len());
            (longest.min(ensemble.nodes.len()) / ensemble.outputs.max(1) + 1) as u64
        }
        _ => 1,
    };
    each.saturating_mul(result.elements() as u64)
}

fn lookup(data: View<'_>, indices: View<'_>, axis: usize) -> Vec<f32> {
    let extent = data.dims.get(axis).map_or(0, |&e| e as usize);
    moves::entries(data, axis, indices.data.iter().map(|&v| moves::index(v, extent)))
}

fn mat_mul(x: View<'_>, w: View<'_>, bias: Option<&[f64]>) -> Vec<f32> {
    let ([.., m, k], [w_batch @ .., _, n]) = (x.dims, w.dims) else {
        return Vec::new();
    };
    let (m, k, n) = (*m as usize, *k as usize, *n as usize);
    let step = if w_batch.is_empty() { 0 } else { k * n };
    let mut y = Vec::new();
    for (row, x_row) in x.data.chunks_exact(k).enumerate() {
        let w = &w.data[row / m * step..][..k * n];
        let mut sums = bias.map_or_else(|| vec![0.0; n], <[f64]>::to_vec);
        for (&v, w_row) in x_row.iter().zip(w.chunks_exact(n)) {
            for (sum, &weight) in sums.iter_mut().zip(w_row) {
                *sum += f64::from(v) * f64::from(weight);
            }
        }
        y.extend(sums.iter().map(|&s| s as f32));
    }
    y
}

fn conv(
    window: &Window,
    groups: usize,
    x: View<'_>,
    w: View<'_>,
    bias: Option<&[f64]>,
    result: &Shape,
) -> Vec<f32> {
    let [_, channels, height, width] = [0, 1, 2, 3].map(|d| x.dims[d] as usize);
    let [_, per_group, kh, kw] = [0, 1, 2, 3].map(|d| w.dims[d] as usize);
    let [batch, outs, rows, cols] = [0, 1, 2, 3].map(|d| result.dim(d));
    let mut y = Vec::with_capacity(result.elements());
    let mut sums = vec![0f64; rows * cols];
    for (b, o) in (0..batch).flat_map(|b| (0..outs).map(move |o| (b, o))) {
        sums.fill(bias.map_or(0.0, |bias| bias[o]));
        let first = o / (outs / groups) * per_group;
        for (c, u, v) in (0..per_group * kh * kw).map(|t| (t / (kh * kw), t / kw % kh, t % kw)) {
            let weight = f64::from(w.data[((o * per_group + c) * kh + u) * kw + v]);
            let plane = &x.data[(b * channels + first + c) * height * width..][..height * width];
            // One weight at a time over the whole image: the inner loop has nothing to decide.
            let inside = inside(window, 1, v, width, cols);
            for i in 0..rows {
                let Some(row) = coordinate(window, 0, i, u, height) else {
                    continue;
                };
                for j in inside.clone() {
                    let column = (j * window.stride[1] as usize) + v * window.dilation[1] as usize
                        - window.padding.left as usize;
                    sums[i * cols + j] += f64::from(plane[row * width + column]) * weight;
                }
            }
        }
        y.extend(sums.iter().map(|&s| s as f32));
    }
    y
}

/// The place of a tap in the image, if it lies in it.
pub(crate) fn coordinate(
    window: &Window,
    d: usize,
    index: usize,
    tap: usize,
    extent: usize,
) -> Option<usize> {
    usize::try_from(window.coordinate(d, index, tap))
        .ok()
        .filter(|&c| c < extent)
}

/// The windows whose tap `tap` lies in the image.
fn inside(window: &Window, d: usize, tap: usize, extent: usize, count: usize) -> Range<usize> {
    let stride = i64::from(window.stride[d]);
    let first = window.coordinate(d, 0, tap);
    let start = if first < 0 {
        (-first + stride - 1) / stride
    } else {
        0
    };
    let last = extent as i64 - 1 - first;
    let end = if last < 0 { 0 } else { last / stride + 1 };
    let end = end.min(count as i64);
    start.min(end) as usize..end as usize
}

/// The taps `(u, v)` of window `(i, j)` that lie in the image, and where.
fn taps(
    window: &Window,
    [i, j]: [usize; 2],
    [kh, kw]: [usize; 2],
    [height, width]: [usize; 2],
) -> impl Iterator<Item = (usize, usize, usize)> {
    (0..kh)
        .filter_map(move |u| Some((u, coordinate(window, 0, i, u, height)?)))
        .flat_map(move |(u, row)| {
            (0..kw).filter_map(move |v| Some((u, v, row * width + coordinate(window, 1, j, v, width)?)))
        })
}

fn max_pool(kernel: [u32; 2], window: &Window, x: View<'_>, result: &Shape) -> Vec<f32> {
    let [height, width] = [2, 3].map(|d| x.dims[d] as usize);
    let [rows, cols] = [2, 3].map(|d| result.dim(d));
    let kernel = kernel.map(|k| k as usize);
    let mut y = Vec::with_capacity(result.elements());
    for plane in x.data.chunks_exact(height * width) {
        for (i, j) in (0..rows).flat_map(|i| (0..cols).map(move |j| (i, j))) {
            let greatest = taps(window, [i, j], kernel, [height, width])
                .map(|(_, _, at)| plane[at])
                .fold(f32::NEG_INFINITY, f32::max);
            y.push(greatest);
        }
    }
    y
}
