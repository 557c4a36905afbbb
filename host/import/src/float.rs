//! The typed graph in floats, by plain loops: what calibration runs. Sums are made in f64 and in one
//! fixed order, so that ranges do not depend on the machine.

#[cfg(test)]
pub(crate) mod cases;
#[cfg(test)]
pub(crate) mod integers;
mod moves;
mod pairs;
mod products;
mod rows;
#[cfg(test)]
pub(crate) mod run;

pub(crate) use crate::view::View;
pub(crate) use pairs::positions;
pub(crate) use products::coordinate;

use crate::function::Function;
use crate::typed::Operator;
use metisvm_model::{Shape, Window};

/// The result of one operator, of shape `result`; empty for those that give no real numbers.
pub(crate) fn evaluate(op: &Operator, inputs: &[View<'_>], result: &Shape) -> Vec<f32> {
    match op {
        Operator::MatMul { bias } => products::mat_mul(inputs[0], inputs[1], bias.as_deref()),
        Operator::Conv { window, groups, bias } => products::conv(
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
    moves::entries(data, axis, indices.data.iter().map(|&v| moves::index(v)))
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
