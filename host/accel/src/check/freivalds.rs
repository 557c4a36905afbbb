//! Freivalds' test (1977) of one product.
//!
//! A product Y = A·B is linear in A, so it holds for a combination of items with secret random factors t if it holds
//! for each, and if it holds for that combination, then it holds for Y·r = A·(B·r) with a secret random vector r. B·r is
//! computed once for constant weights. So an item takes as many multiplications as A and Y have elements, and the
//! product of what they are combined to is checked once for all of them.
//!
//! **What slips through.** Everything is modulo 2^64. Let e be an element of Y that is wrong in some item, 0 < |e| <
//! 2^32, and 2^a the power of two in it, a ≤ 31. Factors t have 32 bits: their combination is divisible by 2^k with a
//! probability of at most 2^(a−k), or 2^−32 if that is more, whatever the other items have; and with r of 64 bits such a
//! row passes with at most 2^(k−64). Over all k that is less than 2^−28. Each test is made twice, with factors and
//! vectors of their own: less than **2^−56**. One item by itself needs no factors: 2^−33, and 2^−66 for both.
//!
//! Factors and vectors live as long as the executable. A device sees of each answer only whether it was taken, and the
//! first that is not takes it out of service, so it cannot learn them by trial.

use super::values::{Operand, Values, elements};
use crate::backend::BackendError;
use metisvm_model::{Graph, Op, Value, Window};
use metisvm_simd::Level;
use metisvm_simd::elements::modular::{COMBINATIONS, add_scaled, combine, dot, widen_to_64};
use std::ops::Range;

/// The factors of items, in their order.
pub(super) type Factors = [[i32; COMBINATIONS]];

/// Elements of A and Y that are combined before they are checked, about: they stay in the second cache.
const UNIT_ELEMENTS: usize = 1 << 13;

/// The test of one product.
#[derive(Debug)]
pub(super) struct Test {
    form: Form,
    x: Operand,
    y: Operand,
    /// r, one entry a column.
    r: [Vec<i64>; COMBINATIONS],
    weights: Weights,
}

/// What does not depend on the item, if nothing does.
#[derive(Debug)]
enum Weights {
    Constant(Times),
    /// Weights, the zero points of A and of the weights, the bias.
    Computed {
        w: Operand,
        x_zero: Operand,
        w_zero: Operand,
        bias: Option<Operand>,
    },
}

/// Everything besides A and Y, times r.
#[derive(Debug)]
struct Times {
    x_zero: i64,
    /// B·r: of a matrix product one entry for each (matrix, depth), of a convolution for each (group, depth).
    weights: [Vec<i64>; COMBINATIONS],
    /// bias·r, of a convolution for each group.
    bias: [Vec<i64>; COMBINATIONS],
}

/// How A and Y lie.
#[derive(Debug)]
enum Form {
    Rows {
        rows: usize,
        depth: usize,
        columns: usize,
        /// Rows that have a matrix of their own.
        of_matrix: usize,
    },
    Images {
        images: usize,
        groups: usize,
        /// Of an image of A, and of Y: channels of a group, lines, columns.
        from: [usize; 3],
        to: [usize; 3],
        kernel: [usize; 2],
        window: Window,
    },
}

/// A part of A and Y that is checked by itself.
struct Unit {
    x: Range<usize>,
    y: Range<usize>,
    /// Its first row, or its group.
    at: usize,
}

/// Memory for units.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    x: [Vec<i64>; COMBINATIONS],
    y: [Vec<i64>; COMBINATIONS],
    differences: Vec<i64>,
}

impl Test {
    /// Of a node; `find` gives places, and `random` fills r.
    pub(super) fn new(
        graph: &Graph,
        node: usize,
        level: Level,
        mut find: impl FnMut(Value) -> Operand,
        mut random: impl FnMut(usize) -> Result<Vec<i64>, BackendError>,
    ) -> Result<Self, BackendError> {
        let operands = &graph.nodes()[node].operands;
        let form = Form::new(graph, node);
        let columns = match &form {
            Form::Rows { columns, .. } => *columns,
            Form::Images { groups, to, .. } => groups * to[0],
        };
        let r = [random(columns)?, random(columns)?];
        let constant = |value: &Value| graph.constant(*value);
        let weights = match operands[1..].iter().map(constant).collect::<Option<Vec<_>>>() {
            Some(constants) => {
                let elements: Vec<_> = constants
                    .iter()
                    .map(|constant| elements(&constant.ty, &constant.bytes))
                    .collect();
                let bias = elements.get(3).map(Vec::as_slice);
                Weights::Constant(form.times(level, &elements[0], &elements[1], &elements[2], bias, &r))
            }
            None => Weights::Computed {
                w: find(operands[1]),
                x_zero: find(operands[2]),
                w_zero: find(operands[3]),
                bias: operands.get(4).map(|&bias| find(bias)),
            },
        };
        Ok(Self {
            form,
            x: find(operands[0]),
            y: find(Value::Node(node as u32)),
            r,
            weights,
        })
    }

    /// Whether the product holds for all items of a group.
    pub(super) fn holds(
        &self,
        level: Level,
        values: &Values<'_>,
        factors: &Factors,
        scratch: &mut Scratch,
    ) -> bool {
        let xs: Vec<&[u8]> = (0..values.items.len())
            .map(|item| values.of(&self.x.place, item))
            .collect();
        let ys: Vec<&[u8]> = (0..values.items.len())
            .map(|item| values.of(&self.y.place, item))
            .collect();
        match &self.weights {
            Weights::Constant(times) => self.hold(level, &xs, &ys, times, factors, scratch),
            // What depends on the item is linear in no combination of items.
            Weights::Computed {
                w,
                x_zero,
                w_zero,
                bias,
            } => xs.iter().zip(&ys).enumerate().all(|(item, (x, y))| {
                let of = |operand: &Operand| {
                    let mut wide = vec![0; operand.elements];
                    widen_to_64(level, operand.raw, values.of(&operand.place, item), &mut wide);
                    wide
                };
                let bias = bias.as_ref().map(of);
                let times =
                    self.form
                        .times(level, &of(w), &of(x_zero), &of(w_zero), bias.as_deref(), &self.r);
                self.hold(level, &[x], &[y], &times, factors, scratch)
            }),
        }
    }

    fn hold(
        &self,
        level: Level,
        xs: &[&[u8]],
        ys: &[&[u8]],
        times: &Times,
        factors: &Factors,
        scratch: &mut Scratch,
    ) -> bool {
        let factors = &factors[..xs.len()];
        let one = xs.len() == 1;
        // What each item has of the zero point and of the bias, the combination has so often.
        let sums = |v: usize| match one {
            true => 1,
            false => factors.iter().map(|factor| i64::from(factor[v])).sum::<i64>(),
        };
        let sums: [i64; COMBINATIONS] = std::array::from_fn(sums);
        let Scratch { x, y, differences } = scratch;
        self.form.units().all(|unit| {
            for (operand, items, range, wide) in
                [(&self.x, xs, &unit.x, &mut *x), (&self.y, ys, &unit.y, &mut *y)]
            {
                let size = operand.raw.bytes();
                let bytes = range.start * size..range.end * size;
                for wide in wide.iter_mut() {
                    wide.resize(range.len(), 0);
                }
                if let [item] = items {
                    widen_to_64(level, operand.raw, &item[bytes], &mut wide[0]);
                } else {
                    let parts: Vec<&[u8]> = items.iter().map(|item| &item[bytes.clone()]).collect();
                    let [first, second] = wide;
                    combine(level, operand.raw, &parts, factors, [first, second]);
                }
            }
            if times.x_zero != 0 {
                for (x, sum) in x.iter_mut().zip(sums) {
                    let zero = times.x_zero.wrapping_mul(sum);
                    x.iter_mut().for_each(|x| *x = x.wrapping_sub(zero));
                }
            }
            (0..COMBINATIONS).all(|v| {
                // One item by itself was widened once for both.
                let from = if one { 0 } else { v };
                self.form.unit_holds(
                    level,
                    &unit,
                    (&x[from], &y[from]),
                    (&times.weights[v], &self.r[v]),
                    (&times.bias[v], sums[v]),
                    differences,
                )
            })
        })
    }
}

impl Form {
    fn new(graph: &Graph, node: usize) -> Self {
        let operands = &graph.nodes()[node].operands;
        let [x, w] = [operands[0], operands[1]].map(|value| &graph.ty(value).shape);
        let y = &graph.ty(Value::Node(node as u32)).shape;
        if let Op::Conv2d { window, groups } = graph.nodes()[node].op {
            let groups = groups as usize;
            return Self::Images {
                images: y.dim(0),
                groups,
                from: [x.dim(1) / groups, x.dim(2), x.dim(3)],
                to: [y.dim(1) / groups, y.dim(2), y.dim(3)],
                kernel: [w.dim(2), w.dim(3)],
                window,
            };
        }
        let (depth, columns) = (x.dim(x.rank() - 1), y.dim(y.rank() - 1));
        let rows = graph.ty(operands[0]).elements() / depth;
        Self::Rows {
            rows,
            depth,
            columns,
            of_matrix: if w.rank() == 2 { rows } else { x.dim(x.rank() - 2) },
        }
    }

    /// Weights less their zero points, and the bias, times r.
    fn times(
        &self,
        level: Level,
        w: &[i64],
        x_zero: &[i64],
        w_zero: &[i64],
        bias: Option<&[i64]>,
        r: &[Vec<i64>; COMBINATIONS],
    ) -> Times {
        let zero = |column: usize| w_zero.get(column).or(w_zero.first()).copied().unwrap_or_default();
        let bias = bias.unwrap_or_default();
        let of = |v: usize| -> (Vec<i64>, Vec<i64>) {
            let r = &r[v];
            match self {
                Self::Rows { columns, .. } => {
                    let of_zero =
                        (0..*columns).fold(0i64, |sum, n| sum.wrapping_add(zero(n).wrapping_mul(r[n])));
                    let rows = w.chunks_exact(*columns);
                    let bias = if bias.is_empty() { 0 } else { dot(level, bias, r) };
                    (
                        rows.map(|row| dot(level, row, r).wrapping_sub(of_zero)).collect(),
                        vec![bias],
                    )
                }
                Self::Images { groups, to, .. } => {
                    let outs = to[0];
                    let depth = w.len() / (groups * outs);
                    let mut weights = vec![0i64; groups * depth];
                    let mut biases = vec![0i64; *groups];
                    for (out, w) in w.chunks_exact(depth).enumerate() {
                        let own = &mut weights[out / outs * depth..][..depth];
                        add_scaled(level, w, r[out], own);
                        let zero = zero(out).wrapping_mul(r[out]);
                        own.iter_mut().for_each(|w| *w = w.wrapping_sub(zero));
                        let bias = bias.get(out).copied().unwrap_or_default();
                        biases[out / outs] = biases[out / outs].wrapping_add(bias.wrapping_mul(r[out]));
                    }
                    (weights, biases)
                }
            }
        };
        let [(weights_0, bias_0), (weights_1, bias_1)] = [of(0), of(1)];
        Times {
            x_zero: x_zero.first().copied().unwrap_or_default(),
            weights: [weights_0, weights_1],
            bias: [bias_0, bias_1],
        }
    }

    /// What is checked by itself: some rows, or a group of an image's channels.
    fn units(&self) -> Box<dyn Iterator<Item = Unit> + '_> {
        match *self {
            Self::Rows {
                rows, depth, columns, ..
            } => {
                let step = (UNIT_ELEMENTS / (depth + columns)).max(1);
                Box::new((0..rows).step_by(step).map(move |at| {
                    let end = rows.min(at + step);
                    Unit {
                        x: at * depth..end * depth,
                        y: at * columns..end * columns,
                        at,
                    }
                }))
            }
            Self::Images {
                images,
                groups,
                from,
                to,
                ..
            } => {
                let [x, y] = [from, to].map(|dims| dims.iter().product::<usize>());
                Box::new((0..images * groups).map(move |number| Unit {
                    x: number * x..(number + 1) * x,
                    y: number * y..(number + 1) * y,
                    at: number % groups,
                }))
            }
        }
    }

    /// Whether Y·r = A·(B·r) + bias·r, for every row of a unit.
    fn unit_holds(
        &self,
        level: Level,
        unit: &Unit,
        (x, y): (&[i64], &[i64]),
        (weights, r): (&[i64], &[i64]),
        (bias, often): (&[i64], i64),
        differences: &mut Vec<i64>,
    ) -> bool {
        match self {
            Self::Rows {
                depth,
                columns,
                of_matrix,
                ..
            } => {
                let bias = bias[0].wrapping_mul(often);
                let rows = x.chunks_exact(*depth).zip(y.chunks_exact(*columns));
                rows.enumerate().all(|(row, (x, y))| {
                    let matrix = (unit.at + row) / of_matrix;
                    let own = &weights[matrix * depth..][..*depth];
                    dot(level, y, r) == dot(level, x, own).wrapping_add(bias)
                })
            }
            Self::Images {
                from: [channels, height, width],
                to: [outs, lines, columns],
                kernel: [kh, kw],
                window,
                ..
            } => {
                let pixels = lines * columns;
                differences.clear();
                differences.resize(pixels, bias[unit.at].wrapping_mul(often).wrapping_neg());
                for (y, r) in y.chunks_exact(pixels).zip(&r[unit.at * outs..]) {
                    add_scaled(level, y, *r, differences);
                }
                let depth = channels * kh * kw;
                let own = &weights[unit.at * depth..][..depth];
                let stride = window.stride[1] as usize;
                for (plane, own) in x.chunks_exact(height * width).zip(own.chunks_exact(kh * kw)) {
                    for (tap, weight) in own.iter().enumerate() {
                        let (u, v) = (tap / kw, tap % kw);
                        let inside = window.outputs_inside(1, v, *width, *columns);
                        if inside.is_empty() {
                            continue;
                        }
                        let first = window.coordinate(1, inside.start, v) as usize;
                        for line in window.outputs_inside(0, u, *height, *lines) {
                            let from = window.coordinate(0, line, u) as usize * width + first;
                            let to = &mut differences[line * columns..][inside.clone()];
                            if stride == 1 {
                                add_scaled(level, &plane[from..][..to.len()], weight.wrapping_neg(), to);
                                continue;
                            }
                            for (to, x) in to.iter_mut().zip(plane[from..].iter().step_by(stride)) {
                                *to = to.wrapping_sub(x.wrapping_mul(*weight));
                            }
                        }
                    }
                }
                differences.iter().all(|difference| *difference == 0)
            }
        }
    }
}
