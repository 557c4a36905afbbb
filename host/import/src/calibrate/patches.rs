//! What convolutions read: the range of each channel, and some patches, each the numbers that one output is made of.

use super::seen::Seen;
use crate::float::coordinate;
use crate::typed::{Arg, Operator, Typed};

/// Patches that are kept of one convolution, over all samples.
const MAX_PATCHES: usize = 48;
/// And the numbers in them: beyond, a search among grids would take seconds for each layer.
const MAX_NUMBERS: usize = 1 << 18;

/// Adds sample `run` of `runs`.
pub(super) fn note(typed: &Typed, results: &[Vec<f32>], (run, runs): (usize, usize), seen: &mut Seen) {
    for node in &typed.nodes {
        let (Operator::Conv { window, groups, .. }, [Arg::Value(x), Arg::Constant(w)]) =
            (&node.op, &node.inputs[..])
        else {
            continue;
        };
        let (x_shape, y_shape) = (&typed.values[*x].shape, &typed.values[node.output].shape);
        let [batch, channels, height, width] = [0, 1, 2, 3].map(|d| x_shape.dim(d));
        let Some(data) = results.get(*x).filter(|data| data.len() == x_shape.elements()) else {
            continue;
        };
        let plane = height * width;
        let ends = seen.channels.entry(*x).or_default();
        ends.resize(channels, (0.0, 0.0));
        for (at, plane) in data.chunks_exact(plane.max(1)).enumerate() {
            let (low, high) = &mut ends[at % channels];
            for &v in plane {
                *low = low.min(v);
                *high = high.max(v);
            }
        }
        let [kh, kw] = [2, 3].map(|d| w.dims[d] as usize);
        let depth = channels * kh * kw;
        let most = (MAX_NUMBERS / depth.max(1)).min(MAX_PATCHES);
        if *groups != 1 || most == 0 {
            continue;
        }
        let [rows, columns] = [2, 3].map(|d| y_shape.dim(d));
        let places = batch * rows * columns;
        // Spread over the image; an odd distance does not keep to one column of it.
        let step = (places / most.div_ceil(runs.max(1)).max(1)).max(1) | 1;
        let first = ((step / 2 + crate::picks::start(run, step)) % step).min(places.saturating_sub(1));
        let kept = seen.patches.entry(node.output).or_default();
        for place in (first..places.max(1)).step_by(step) {
            if kept.len() >= most * depth {
                break;
            }
            let (b, i, j) = (place / (rows * columns), place / columns % rows, place % columns);
            for (c, u, v) in (0..depth).map(|t| (t / (kh * kw), t / kw % kh, t % kw)) {
                let row = coordinate(window, 0, i, u, height);
                let column = coordinate(window, 1, j, v, width);
                let within = row
                    .zip(column)
                    .map(|(r, q)| ((b * channels + c) * height + r) * width + q);
                kept.push(within.and_then(|at| data.get(at)).copied().unwrap_or(0.0));
            }
        }
    }
}
