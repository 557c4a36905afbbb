//! Checked mode: is what a device computed the right product?
//!
//! Freivalds' test (1977): for a product Y = A·B and a secret random vector r, Y·r = A·(B·r). A wrong
//! Y passes with probability at most 1/p, where p = 2^61 − 1 is the field that r is drawn from; B·r is
//! computed once for constant weights, so that checking a row costs its depth plus its columns, not
//! their product. Accumulators are below 2^31 by the graph's proof, so equality in the field is
//! equality of integers. Everything that is not a product is computed here again from the
//! accumulators, by the reference kernels, and compared.
//!
//! The vector lives as long as the executable. A device sees of each answer only whether it was taken,
//! and the first that is not takes it out of service, so it cannot learn the vector by trial.

use crate::backend::BackendError;
use metisvm_model::{DType, Op, Reference, Segment, Step, Tensor, TensorType, Window};
use std::collections::BTreeMap;

/// p = 2^61 − 1, a Mersenne prime.
const P: u64 = (1 << 61) - 1;

/// What a checker knows of one segment.
#[derive(Debug)]
pub(crate) struct Checker {
    reference: Reference,
    /// Of each product node: where its accumulators are, and its test.
    products: BTreeMap<usize, (usize, Freivalds)>,
}

#[derive(Debug)]
struct Freivalds {
    /// r, one entry a column.
    r: Vec<u64>,
    /// B·r (one entry for each depth, for each batch or group), if the weights are constant.
    weights: Option<Vec<u64>>,
}

impl Checker {
    /// For the products of a segment: each node, and where its accumulators begin in an answer.
    pub(crate) fn new(segment: &Segment, products: &[(usize, usize)]) -> Result<Self, BackendError> {
        let graph = segment.graph();
        let mut tests = BTreeMap::new();
        for &(node, offset) in products {
            let operands = &graph.nodes()[node].operands;
            let w = graph.ty(operands[1]);
            let columns = match graph.nodes()[node].op {
                Op::Conv2d { .. } => w.shape.dim(0),
                _ => w.shape.dim(w.shape.rank() - 1),
            };
            let r = random_vector(columns)?;
            let constants = graph.constant(operands[1]).zip(graph.constant(operands[3]));
            let weights = constants
                .map(|(w, zero)| weights_times(&graph.nodes()[node].op, &w.tensor(), &zero.tensor(), &r));
            tests.insert(node, (offset, Freivalds { r, weights }));
        }
        Ok(Self {
            reference: Reference::of(segment.clone()),
            products: tests,
        })
    }

    /// Bytes of the segment's outputs, which come before the accumulators.
    pub(crate) fn output_bytes(&self) -> usize {
        self.reference.segment().output_bytes()
    }

    /// Whether `answer`, outputs and accumulators, is what the segment gives for `input`.
    pub(crate) fn check(&self, input: &[u8], answer: &[u8]) -> Result<(), String> {
        let mut wrong = None;
        let outputs = self.reference.run_with(input, |step| {
            let Some((offset, test)) = self.products.get(&step.node) else {
                return step.evaluate();
            };
            let bytes = answer
                .get(*offset..)
                .and_then(|b| b.get(..step.ty.bytes()))
                .unwrap_or_default();
            let claimed = Tensor::from_bytes(
                TensorType {
                    dtype: DType::I32,
                    ..step.ty.clone()
                },
                bytes,
            );
            match claimed.filter(|claimed| test.holds(&step, claimed)) {
                Some(right) => right,
                None => {
                    wrong.get_or_insert_with(|| {
                        format!("the product of node {} ({})", step.node, step.op.name())
                    });
                    step.evaluate()
                }
            }
        });
        let outputs = outputs.map_err(|e| e.to_string())?;
        if let Some(wrong) = wrong {
            return Err(wrong);
        }
        match answer.iter().zip(&outputs).position(|(a, b)| a != b) {
            Some(byte) => Err(format!("output byte {byte}")),
            None => Ok(()),
        }
    }
}

impl Freivalds {
    /// Whether Y·r = A·(B·r) + bias·r for every row.
    fn holds(&self, step: &Step<'_>, claimed: &Tensor) -> bool {
        let (x, w, x_zero, w_zero) = (
            step.operands[0],
            step.operands[1],
            step.operands[2],
            step.operands[3],
        );
        let computed;
        let weights = match &self.weights {
            Some(weights) => weights,
            None => {
                computed = weights_times(step.op, w, w_zero, &self.r);
                &computed
            }
        };
        let zero = i64::from(x_zero.data()[0]);
        match step.op {
            Op::MatMul | Op::WideMatMul => self.mat_mul(step, claimed, x, zero, weights),
            Op::Conv2d { window, groups } => {
                self.conv2d(step, claimed, (x, w), zero, weights, (window, *groups as usize))
            }
            _ => false,
        }
    }

    fn mat_mul(&self, step: &Step<'_>, claimed: &Tensor, x: &Tensor, zero: i64, weights: &[u64]) -> bool {
        let k = x.shape().dim(x.shape().rank() - 1);
        let rows_of_batch = x.shape().dim(x.shape().rank() - 2);
        let shared = weights.len() == k;
        let bias = step
            .operands
            .get(4)
            .map_or(0, |b| dot(b.data().iter().map(|&v| v.into()), &self.r));
        x.data()
            .chunks_exact(k)
            .zip(claimed.data().chunks_exact(self.r.len()))
            .enumerate()
            .all(|(row, (a, y))| {
                let batch = if shared { 0 } else { row / rows_of_batch };
                let expected = dot(a.iter().map(|&v| i64::from(v) - zero), &weights[batch * k..][..k]);
                dot(y.iter().map(|&v| v.into()), &self.r) == add(expected, bias)
            })
    }

    fn conv2d(
        &self,
        step: &Step<'_>,
        claimed: &Tensor,
        (x, w): (&Tensor, &Tensor),
        zero: i64,
        weights: &[u64],
        (window, groups): (&Window, usize),
    ) -> bool {
        let (channels, height, width) = (x.shape().dim(1), x.shape().dim(2), x.shape().dim(3));
        let (per_group, kh, kw) = (w.shape().dim(1), w.shape().dim(2), w.shape().dim(3));
        let (batch, outs) = (step.ty.shape.dim(0), step.ty.shape.dim(1));
        let (out_h, out_w) = (step.ty.shape.dim(2), step.ty.shape.dim(3));
        let (pixels, group_outs) = (out_h * out_w, outs / groups);
        for (image, group) in (0..batch).flat_map(|i| (0..groups).map(move |g| (i, g))) {
            let r = &self.r[group * group_outs..][..group_outs];
            let b_times_r = &weights[group * per_group * kh * kw..][..per_group * kh * kw];
            let bias = step.operands.get(4).map_or(0, |b| {
                dot(
                    b.data()[group * group_outs..][..group_outs]
                        .iter()
                        .map(|&v| v.into()),
                    r,
                )
            });
            for pixel in 0..pixels {
                let mut sum = 0i128;
                for (depth, &weight) in b_times_r.iter().enumerate() {
                    let (c, u, v) = (depth / (kh * kw), depth / kw % kh, depth % kw);
                    let y = window.coordinate(0, pixel / out_w, u);
                    let x_at = window.coordinate(1, pixel % out_w, v);
                    if (0..height as i64).contains(&y) && (0..width as i64).contains(&x_at) {
                        let plane = image * channels + group * per_group + c;
                        let value = x.data()[(plane * height + y as usize) * width + x_at as usize];
                        sum += i128::from(i64::from(value) - zero) * i128::from(weight);
                    }
                }
                let first = (image * outs + group * group_outs) * pixels + pixel;
                let y = (0..group_outs).map(|o| i64::from(claimed.data()[first + o * pixels]));
                if dot(y, r) != add(reduce(sum), bias) {
                    return false;
                }
            }
        }
        true
    }
}

/// B·r: for MatMul an entry for each (batch, depth), for Conv2d for each (group, depth).
fn weights_times(op: &Op, w: &Tensor, zero: &Tensor, r: &[u64]) -> Vec<u64> {
    let zero_of = |column: usize| {
        i64::from(if zero.data().len() == 1 {
            zero.data()[0]
        } else {
            zero.data()[column]
        })
    };
    let columns = r.len();
    if let Op::Conv2d { groups, .. } = *op {
        let groups = groups as usize;
        let depth = w.data().len() / columns;
        let group_outs = columns / groups;
        let entry = |group: usize, k: usize| {
            let outs = group * group_outs..(group + 1) * group_outs;
            let column = outs
                .clone()
                .map(|o| i64::from(w.data()[o * depth + k]) - zero_of(o));
            dot(column, &r[outs])
        };
        return (0..groups)
            .flat_map(|g| (0..depth).map(move |k| (g, k)))
            .map(|(g, k)| entry(g, k))
            .collect();
    }
    let row = |row: &[i32]| dot(row.iter().enumerate().map(|(n, &v)| i64::from(v) - zero_of(n)), r);
    w.data().chunks_exact(columns).map(row).collect()
}

/// Σ values[i]·weights[i] in the field.
fn dot(values: impl Iterator<Item = i64>, weights: &[u64]) -> u64 {
    // Below 2^26 terms of 2^32 · 2^61 each: no i128 overflows.
    reduce(
        values
            .zip(weights)
            .map(|(v, &w)| i128::from(v) * i128::from(w))
            .sum(),
    )
}

fn reduce(sum: i128) -> u64 {
    sum.rem_euclid(P.into()) as u64
}

const fn add(a: u64, b: u64) -> u64 {
    (a + b) % P
}

fn random_vector(length: usize) -> Result<Vec<u64>, BackendError> {
    let mut bytes = vec![0u8; length * 8];
    getrandom::fill(&mut bytes)
        .map_err(|e| BackendError::Device(format!("no randomness for the check: {e}")))?;
    // The top three bits are dropped; P itself, one value in 2^61, is folded to 0.
    Ok(bytes
        .as_chunks()
        .0
        .iter()
        .map(|c| (u64::from_le_bytes(*c) >> 3) % P)
        .collect())
}
