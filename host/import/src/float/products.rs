//! Products and convolutions in floats: nearly all of the time of calibration. Every sum is made in f64 and in the order
//! of the plain loops (inputs, then channels, rows and columns of the kernel), so that ranges do not depend on how the
//! work is cut into pieces.

use crate::view::View;
use metisvm_model::{Shape, Window};

/// Sums that are made together, each with the same input loaded once: as many as registers hold.
const TOGETHER: usize = 4;
/// Windows of a convolution that are laid out together: their inputs stay in the cache for all outputs.
const BLOCK: usize = 64;
/// What lies in the padding.
const OUTSIDE: usize = usize::MAX;

pub(super) fn mat_mul(x: View<'_>, w: View<'_>, bias: Option<&[f64]>) -> Vec<f32> {
    let ([.., m, k], [w_batch @ .., _, n]) = (x.dims, w.dims) else {
        return Vec::new();
    };
    let (m, k, n) = (*m as usize, *k as usize, *n as usize);
    let step = if w_batch.is_empty() { 0 } else { k * n };
    let mut y = Vec::with_capacity(x.data.len() / k.max(1) * n);
    let mut sums = vec![0f64; TOGETHER * n];
    for (batch, x) in x.data.chunks_exact(m * k).enumerate() {
        let w = &w.data[batch * step..][..k * n];
        for rows in x.chunks(TOGETHER * k) {
            let sums = &mut sums[..rows.len() / k * n];
            for row in sums.chunks_exact_mut(n) {
                match bias {
                    Some(bias) => row.copy_from_slice(bias),
                    None => row.fill(0.0),
                }
            }
            for (e, w_row) in w.chunks_exact(n).enumerate() {
                for (row, sums) in rows.chunks_exact(k).zip(sums.chunks_exact_mut(n)) {
                    add_row(sums, w_row, row[e]);
                }
            }
            y.extend(sums.iter().map(|&sum| sum as f32));
        }
    }
    y
}

fn add_row(sums: &mut [f64], row: &[f32], factor: f32) {
    let factor = f64::from(factor);
    for (sum, &value) in sums.iter_mut().zip(row) {
        *sum += factor * f64::from(value);
    }
}

pub(super) fn conv(
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
    let (plane, taps, windows, outs_each) = (height * width, kh * kw, rows * cols, outs / groups);
    let row_length = per_group * taps;
    let mut y = vec![0f32; result.elements()];
    let mut patches = vec![0f64; row_length * BLOCK];
    for start in (0..windows).step_by(BLOCK) {
        let block = start..windows.min(start + BLOCK);
        let places: Vec<[usize; BLOCK]> = (0..taps)
            .map(|t| {
                let mut places = [OUTSIDE; BLOCK];
                for (place, at) in places.iter_mut().zip(block.clone()) {
                    let row = coordinate(window, 0, at / cols, t / kw, height);
                    let column = coordinate(window, 1, at % cols, t % kw, width);
                    *place = row
                        .zip(column)
                        .map_or(OUTSIDE, |(row, column)| row * width + column);
                }
                places
            })
            .collect();
        for (b, group) in (0..batch).flat_map(|b| (0..groups).map(move |g| (b, g))) {
            let image = &x.data[(b * channels + group * per_group) * plane..][..per_group * plane];
            for (plane, patches) in image
                .chunks_exact(plane)
                .zip(patches.chunks_exact_mut(taps * BLOCK))
            {
                lay_out(plane, &places, patches);
            }
            for first in (0..outs_each).step_by(TOGETHER) {
                let few = TOGETHER.min(outs_each - first);
                let outs_here = group * outs_each + first..group * outs_each + first + few;
                let mut sums = [[0f64; BLOCK]; TOGETHER];
                for (sums, o) in sums.iter_mut().zip(outs_here.clone()) {
                    sums.fill(bias.map_or(0.0, |bias| bias[o]));
                }
                let weights = |o: usize| &w.data[o * row_length..][..row_length];
                if few == TOGETHER {
                    let weights = [0, 1, 2, 3].map(|i| weights(outs_here.start + i));
                    add_four(&mut sums, weights, &patches);
                } else {
                    for (sums, o) in sums.iter_mut().zip(outs_here.clone()) {
                        add_one(sums, weights(o), &patches);
                    }
                }
                for (sums, o) in sums.iter().zip(outs_here) {
                    let y = &mut y[(b * outs + o) * windows..][block.clone()];
                    for (y, &sum) in y.iter_mut().zip(sums) {
                        *y = sum as f32;
                    }
                }
            }
        }
    }
    y
}

/// The inputs of a block of windows in one channel, a row a tap.
fn lay_out(plane: &[f32], places: &[[usize; BLOCK]], patches: &mut [f64]) {
    for (places, row) in places.iter().zip(patches.chunks_exact_mut(BLOCK)) {
        for (value, &place) in row.iter_mut().zip(places) {
            *value = plane.get(place).map_or(0.0, |&v| f64::from(v));
        }
    }
}

fn add_one(sums: &mut [f64; BLOCK], weights: &[f32], patches: &[f64]) {
    for (&weight, row) in weights.iter().zip(patches.chunks_exact(BLOCK)) {
        let weight = f64::from(weight);
        for (sum, &value) in sums.iter_mut().zip(row) {
            *sum += value * weight;
        }
    }
}

fn add_four(sums: &mut [[f64; BLOCK]; TOGETHER], weights: [&[f32]; TOGETHER], patches: &[f64]) {
    let [a, b, c, d] = sums;
    for (t, row) in patches.chunks_exact(BLOCK).take(weights[0].len()).enumerate() {
        let [wa, wb, wc, wd] = weights.map(|weights| f64::from(weights[t]));
        let sums = a.iter_mut().zip(&mut *b).zip(&mut *c).zip(&mut *d);
        for (&value, (((a, b), c), d)) in row.iter().zip(sums) {
            *a += value * wa;
            *b += value * wb;
            *c += value * wc;
            *d += value * wd;
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use metisvm_model::Padding;

    /// Numbers without a pattern, some of them large: sums in another order would differ.
    fn numbers(count: u32, seed: u32) -> Vec<f32> {
        let mix = |i: u32| {
            (i ^ seed)
                .wrapping_mul(0x9e37_79b9)
                .rotate_left(11)
                .wrapping_mul(0x85eb_ca6b)
        };
        let number = |i: u32| mix(i) as i32 as f32 / f32::powi(2.0, 16 + (i % 23) as i32);
        (0..count).map(number).collect()
    }

    #[test]
    fn products_are_those_of_plain_loops() {
        for (batches, m, k, n, shared) in [(1, 1, 3, 2, true), (2, 7, 5, 9, false), (3, 4, 1, 1, true)] {
            let x = numbers(batches * m * k, 1);
            let w = numbers(if shared { k * n } else { batches * k * n }, 2);
            let bias: Vec<f64> = numbers(n, 3).into_iter().map(f64::from).collect();
            let w_dims = if shared { vec![k, n] } else { vec![batches, k, n] };
            let x_view = View {
                dims: &[batches, m, k],
                data: &x,
            };
            let w_view = View {
                dims: &w_dims,
                data: &w,
            };
            let mut expected = Vec::new();
            for (b, i, j) in (0..batches).flat_map(|b| (0..m * n).map(move |at| (b, at / n, at % n))) {
                let mut sum = bias[j as usize];
                for e in 0..k {
                    let from = if shared { 0 } else { b * k * n };
                    let (x, w) = (x[((b * m + i) * k + e) as usize], w[(from + e * n + j) as usize]);
                    sum += f64::from(x) * f64::from(w);
                }
                expected.push(sum as f32);
            }
            assert_eq!(mat_mul(x_view, w_view, Some(&bias)), expected);
        }
    }

    #[test]
    fn convolutions_are_those_of_plain_loops() {
        // Extents, outputs, groups, kernel, stride, dilation, padding before: more and fewer outputs than are made
        // together, more and fewer windows than a block.
        let cases = [
            ([1, 3, 9, 11], 5, 1, [3, 3], [1, 1], [1, 1], 1),
            ([2, 4, 12, 10], 8, 2, [3, 2], [2, 1], [1, 2], 1),
            ([1, 6, 5, 1], 6, 6, [3, 1], [1, 1], [1, 1], 0),
            ([1, 2, 1, 20], 4, 1, [1, 5], [1, 3], [1, 1], 2),
        ];
        for (dims, outs, groups, kernel, stride, dilation, before) in cases {
            let window = Window {
                stride,
                dilation,
                padding: Padding {
                    top: before,
                    left: before,
                    bottom: 1,
                    right: 0,
                },
            };
            let [batch, channels, height, width] = dims;
            let per_group = channels / groups;
            let padding = [(before + 1, height), (before, width)];
            let [rows, cols] = [0, 1].map(|d| {
                let span = dilation[d] * (kernel[d] - 1) + 1;
                (padding[d].0 + padding[d].1 - span) / stride[d] + 1
            });
            let x = numbers(batch * channels * height * width, 4);
            let w = numbers(outs * per_group * kernel[0] * kernel[1], 5);
            let result = Shape::new(&[batch, outs, rows, cols]).expect("a shape");
            let mut expected = Vec::new();
            for (b, o) in (0..batch).flat_map(|b| (0..outs).map(move |o| (b, o))) {
                for (i, j) in (0..rows).flat_map(|i| (0..cols).map(move |j| (i, j))) {
                    let mut sum = 0f64;
                    for t in 0..per_group * kernel[0] * kernel[1] {
                        let (c, u, v) = (
                            t / (kernel[0] * kernel[1]),
                            t / kernel[1] % kernel[0],
                            t % kernel[1],
                        );
                        let row = coordinate(&window, 0, i as usize, u as usize, height as usize);
                        let column = coordinate(&window, 1, j as usize, v as usize, width as usize);
                        let Some((row, column)) = row.zip(column) else {
                            continue;
                        };
                        let channel = b * channels + o / (outs / groups) * per_group + c;
                        let x = x[(channel * height * width) as usize + row * width as usize + column];
                        let w = w[(o * per_group * kernel[0] * kernel[1] + t) as usize];
                        sum += f64::from(x) * f64::from(w);
                    }
                    expected.push(sum as f32);
                }
            }
            let w_dims = [outs, per_group, kernel[0], kernel[1]];
            let x_view = View {
                dims: &dims,
                data: &x,
            };
            let w_view = View {
                dims: &w_dims,
                data: &w,
            };
            assert_eq!(
                conv(&window, groups as usize, x_view, w_view, None, &result),
                expected,
                "{dims:?}"
            );
        }
    }
}
