//! MatMul, WideMatMul and Conv2d.

use super::freivalds::packed_together;
use super::node::{NodeView, Refusal};
use super::operands::{Computed, Constants, check_pays};
use super::sums::{Matrix, mat_vec};
use crate::rows::Rows;
use metisvm_model::Window;
use plonky2::iop::target::Target;

/// MatMul and WideMatMul.
pub(super) fn mat_mul(rows: &mut Rows, node: &NodeView<'_>) -> Result<Vec<Target>, Refusal> {
    let x_shape = &node.ty(0).shape;
    let rank = x_shape.rank();
    let (m, k) = (x_shape.dim(rank - 2), x_shape.dim(rank - 1));
    let w_shape = &node.ty(1).shape;
    let n = w_shape.dim(w_shape.rank() - 1);
    let w_step = if w_shape.rank() == 2 { 0 } else { k * n };

    // Rows of x that are multiplied with the same weights.
    let alike = if w_step == 0 { node.ty(0).elements() / k } else { m };
    let bound = alike * k / packed_together(node.interval(0)).max(1);
    let constants = Constants::of(node).filter(|_| !check_pays(alike, k, n, bound));
    let Some(operands) = constants else {
        let operands = Computed::of(rows, node, |at| at % n);
        let together = alike * k;
        let mut y = Vec::with_capacity(node.result_ty().elements());
        for (i, wires) in operands.x.chunks_exact(together).enumerate() {
            let x = Matrix { wires, columns: k };
            y.extend(operands.product(rows, i, x, [0, n], |column, at| i * w_step + at * n + column)?);
        }
        return Ok(y);
    };
    let x = node.wires(rows, 0);
    rows.reserve(x.len() / k * rows.mat_vec().rows_of(k, n))?;
    let mut y = Vec::with_capacity(node.result_ty().elements());
    for (row, x_row) in x.chunks_exact(k).enumerate() {
        let first = row / m * w_step;
        let weight = |column: usize, i: usize| operands.weight(first + i * n + column, column);
        y.extend(mat_vec(rows, x_row, n, weight, |column| {
            operands.bias(column, k, |i| weight(column, i))
        }));
    }
    Ok(y)
}

/// What a Conv2d has of each dimension.
struct Image {
    channels: usize,
    height: usize,
    width: usize,
    /// Channels, rows and columns of the weights of a group.
    taps: [usize; 3],
    /// Rows and columns of the result.
    result: [usize; 2],
    groups: usize,
    /// Outputs of a group.
    outputs: usize,
}

impl Image {
    /// The positions in x of the taps of a pixel, in the order of the weights; `None` in the padding.
    fn patch(
        &self,
        window: &Window,
        image: usize,
        group: usize,
        pixel: usize,
    ) -> impl Iterator<Item = Option<usize>> {
        let [channels, rows, columns] = self.taps;
        let (i, j) = (pixel / self.result[1], pixel % self.result[1]);
        let (height, width) = (self.height, self.width);
        let plane = image * self.channels + group * channels;
        let taps = (0..channels * rows * columns).map(move |tap| {
            let (c, u, v) = (tap / (rows * columns), tap / columns % rows, tap % columns);
            let row = inside(window, 0, i, u, height)?;
            let column = inside(window, 1, j, v, width)?;
            Some(((plane + c) * height + row) * width + column)
        });
        taps.collect::<Vec<_>>().into_iter()
    }

    /// How many taps of a pixel lie within the image.
    fn taps_inside(&self, window: &Window, pixel: usize) -> usize {
        let [channels, rows, columns] = self.taps;
        let of = |dimension, index, taps, extent| {
            let taps = 0..taps;
            taps.filter(|&tap| inside(window, dimension, index, tap, extent).is_some())
                .count()
        };
        let (i, j) = (pixel / self.result[1], pixel % self.result[1]);
        channels * of(0, i, rows, self.height) * of(1, j, columns, self.width)
    }
}

/// Where a tap of a window lies in a dimension of the image; `None` in the padding.
fn inside(window: &Window, dimension: usize, index: usize, tap: usize, extent: usize) -> Option<usize> {
    let at = usize::try_from(window.coordinate(dimension, index, tap)).ok()?;
    Some(at).filter(|&at| at < extent)
}

/// Conv2d: each pixel of the result is a product of the weights with the taps that lie within the image.
pub(super) fn conv2d(
    rows: &mut Rows,
    node: &NodeView<'_>,
    window: &Window,
    groups: usize,
) -> Result<Vec<Target>, Refusal> {
    let (x_shape, w_shape, y_shape) = (&node.ty(0).shape, &node.ty(1).shape, &node.result_ty().shape);
    let image = Image {
        channels: x_shape.dim(1),
        height: x_shape.dim(2),
        width: x_shape.dim(3),
        taps: [1, 2, 3].map(|d| w_shape.dim(d)),
        result: [2, 3].map(|d| y_shape.dim(d)),
        groups,
        outputs: y_shape.dim(1) / groups,
    };
    let (batch, pixels) = (y_shape.dim(0), image.result[0] * image.result[1]);
    let all_taps: usize = image.taps.iter().product();
    let bound = node.ty(0).elements() / groups / packed_together(node.interval(0)).max(1);
    let direct = |_: &Constants| !check_pays(batch * pixels, all_taps, image.outputs, bound);
    match Constants::of(node).filter(direct) {
        Some(operands) => constant_conv2d(rows, node, window, &image, &operands, (batch, pixels)),
        None => computed_conv2d(rows, node, window, &image, (batch, pixels)),
    }
}

fn constant_conv2d(
    rows: &mut Rows,
    node: &NodeView<'_>,
    window: &Window,
    image: &Image,
    operands: &Constants,
    (batch, pixels): (usize, usize),
) -> Result<Vec<Target>, Refusal> {
    let (all_taps, outputs): (usize, _) = (image.taps.iter().product(), image.outputs);
    let x = node.wires(rows, 0);
    let gate = rows.mat_vec();
    let of_pixels = |pixel| gate.rows_of(image.taps_inside(window, pixel).max(1), outputs);
    let of_plane: usize = (0..pixels).map(of_pixels).sum();
    rows.reserve(batch.saturating_mul(image.groups).saturating_mul(of_plane))?;
    let mut y = vec![Target::default(); node.result_ty().elements()];
    for (b, g) in (0..batch).flat_map(|b| (0..image.groups).map(move |g| (b, g))) {
        for pixel in 0..pixels {
            // What lies in the padding adds nothing, and its zero point takes nothing away.
            let found = image.patch(window, b, g, pixel).enumerate();
            let (taps, patch): (Vec<usize>, Vec<Target>) =
                found.filter_map(|(tap, at)| Some((tap, x[at?]))).unzip();
            let weight = |o: usize, tap: usize| {
                let out = g * outputs + o;
                operands.weight(out * all_taps + taps[tap], out)
            };
            let bias = |o: usize| operands.bias(g * outputs + o, taps.len(), |tap| weight(o, tap));
            let sums = mat_vec(rows, &patch, outputs, weight, bias);
            for (o, wire) in sums.into_iter().enumerate() {
                y[((b * image.groups + g) * outputs + o) * pixels + pixel] = wire;
            }
        }
    }
    Ok(y)
}

fn computed_conv2d(
    rows: &mut Rows,
    node: &NodeView<'_>,
    window: &Window,
    image: &Image,
    (batch, pixels): (usize, usize),
) -> Result<Vec<Target>, Refusal> {
    let (all_taps, outputs): (usize, _) = (image.taps.iter().product(), image.outputs);
    let operands = Computed::of(rows, node, |at| at / all_taps);
    let zero = rows.zero();
    let mut y = vec![Target::default(); node.result_ty().elements()];
    for g in 0..image.groups {
        operands.reserve(rows, [batch * pixels, all_taps, outputs])?;
        let places = (0..batch).flat_map(|b| (0..pixels).map(move |pixel| (b, pixel)));
        let patches: Vec<Target> = places
            .clone()
            .flat_map(|(b, pixel)| image.patch(window, b, g, pixel))
            .map(|at| at.map_or(zero, |at| operands.x[at]))
            .collect();
        let patches = Matrix {
            wires: &patches,
            columns: all_taps,
        };
        let first = g * outputs;
        let sums = operands.product(rows, g, patches, [first, outputs], |o, tap| {
            (first + o) * all_taps + tap
        })?;
        for ((b, pixel), sums) in places.zip(sums.chunks_exact(outputs)) {
            for (o, &wire) in sums.iter().enumerate() {
                y[((b * image.groups + g) * outputs + o) * pixels + pixel] = wire;
            }
        }
    }
    Ok(y)
}
