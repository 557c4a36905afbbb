//! What a product takes beside the numbers that it multiplies: weights, zero points, biases.

use super::freivalds::{Known, Product, Weights, packed_together, rows_of_check};
use super::node::{NodeView, Refusal};
use super::sums::{Matrix, mat_vec, product, tiles_of};
use crate::gates::MatVec;
use crate::rows::{Rows, TooManyRows};
use metisvm_model::Interval;
use metisvm_verifier::field::F;
use plonky2::field::types::Field;
use plonky2::iop::target::Target;

/// The operands of a product, all constant.
pub(super) struct Constants {
    weights: Vec<i32>,
    x_zero: i64,
    w_zero: Vec<i32>,
    bias: Option<Vec<i32>>,
}

impl Constants {
    /// `None` where one is computed.
    pub(super) fn of(node: &NodeView<'_>) -> Option<Self> {
        let bias = match node.operands() {
            5 => Some(node.constant(4)?.data().to_vec()),
            _ => None,
        };
        Some(Self {
            weights: node.constant(1)?.data().to_vec(),
            x_zero: node.constant(2)?.data()[0].into(),
            w_zero: node.constant(3)?.data().to_vec(),
            bias,
        })
    }

    /// The weight at a position, for an output, less its zero point.
    pub(super) fn weight(&self, at: usize, output: usize) -> i64 {
        let zero = self.w_zero[if self.w_zero.len() == 1 { 0 } else { output }];
        i64::from(self.weights[at]) - i64::from(zero)
    }

    /// The bias of an output with x's zero point folded in: `bias − x_zero · Σ w`. At most 2^26 weights of at
    /// most 2^8, times 2^15, and 2^31: far below 2^62.
    pub(super) fn bias(&self, output: usize, terms: usize, weight: impl Fn(usize) -> i64) -> i64 {
        let sum: i64 = (0..terms).map(weight).sum();
        let bias = self.bias.as_ref().map_or(0, |bias| bias[output]);
        i64::from(bias) - self.x_zero * sum
    }
}

/// Weights less their zero points.
enum OwnWeights {
    Constant(Vec<i64>),
    Wires(Vec<Target>, Interval),
}

/// The operands of a product as wires, but for weights that are constant.
pub(super) struct Computed {
    node: usize,
    /// x less its zero point.
    pub(super) x: Vec<Target>,
    x_interval: Interval,
    weights: OwnWeights,
    /// Of each output.
    bias: Option<(Vec<Target>, Interval)>,
}

impl Computed {
    /// The operands of a node; `output` says of each weight's position which output it is for.
    pub(super) fn of(rows: &mut Rows, node: &NodeView<'_>, output: impl Fn(usize) -> usize) -> Self {
        let less = |rows: &mut Rows, wires: &[Target], zero: &dyn Fn(usize) -> Target| -> Vec<Target> {
            let differences = wires.iter().enumerate();
            differences
                .map(|(i, &wire)| {
                    let zero = rows.passed(zero(i));
                    rows.scale_add(-F::ONE, zero, wire)
                })
                .collect()
        };
        let difference = |a: Interval, b: Interval| Interval {
            low: a.low - b.high,
            high: a.high - b.low,
        };
        let is_zero = |operand| node.constant(operand).is_some_and(|zero| zero.data() == [0]);
        let mut x = node.wires(rows, 0).to_vec();
        if !is_zero(2) {
            let zero = node.wires(rows, 2)[0];
            x = less(rows, &x, &|_| zero);
        }
        let weights = match (node.constant(1), node.constant(3)) {
            (Some(weights), Some(zero)) => {
                let zero = |at: usize| zero.data()[if zero.data().len() == 1 { 0 } else { output(at) }];
                let weights = weights.data().iter().enumerate();
                OwnWeights::Constant(weights.map(|(i, &w)| i64::from(w) - i64::from(zero(i))).collect())
            }
            _ => {
                let weights = node.wires(rows, 1);
                let zero = node.wires(rows, 3);
                let wires = if is_zero(3) {
                    weights.to_vec()
                } else {
                    less(rows, &weights, &|i| {
                        zero[if zero.len() == 1 { 0 } else { output(i) }]
                    })
                };
                OwnWeights::Wires(wires, difference(node.interval(1), node.interval(3)))
            }
        };
        let bias = (node.operands() == 5).then(|| (node.wires(rows, 4).to_vec(), node.interval(4)));
        Self {
            node: node.index(),
            x,
            x_interval: difference(node.interval(0), node.interval(2)),
            weights,
            bias,
        }
    }

    /// Of a product of a matrix of m × k made of x with weights for `outputs` outputs: whether it is claimed and checked,
    /// and the rows that it takes at least.
    fn way(&self, rows: &Rows, [m, k, outputs]: [usize; 3]) -> (bool, usize) {
        let bound = |interval, wires: usize| wires.div_ceil(packed_together(interval).max(1));
        let x_bound = bound(self.x_interval, self.x.len());
        let own = rows.mat_vec();
        let (checks, constant, direct) = match &self.weights {
            OwnWeights::Wires(_, interval) => {
                let bound = x_bound + bound(*interval, k * outputs);
                let direct = tiles_of(m, k, outputs);
                (
                    pays(rows_of_check(m, k, outputs, bound, None), direct),
                    None,
                    direct,
                )
            }
            OwnWeights::Constant(_) => {
                let direct = m.saturating_mul(own.rows_of(k, outputs));
                (check_pays(m, k, outputs, x_bound), Some(own), direct)
            }
        };
        let least = if checks {
            rows_of_check(m, k, outputs, 0, constant)
        } else {
            direct
        };
        (checks, least)
    }

    /// Makes sure that the rows of such a product are not too many, before anybody makes the matrix: patches of an image
    /// may be thousands of times as large as the image.
    pub(super) fn reserve(&self, rows: &Rows, shape: [usize; 3]) -> Result<(), TooManyRows> {
        rows.reserve(self.way(rows, shape).1)
    }

    /// The products of rows of x, or of what the padding leaves of them, with the weights at these positions, for
    /// `outputs` outputs from `first` on. `part` is another number for each product of the node.
    pub(super) fn product(
        &self,
        rows: &mut Rows,
        part: usize,
        x: Matrix<'_>,
        [first, outputs]: [usize; 2],
        position: impl Fn(usize, usize) -> usize,
    ) -> Result<Vec<Target>, Refusal> {
        let zero = rows.zero();
        let bias = self.bias.as_ref().map(|(wires, interval)| Known {
            wires: &wires[first..first + outputs],
            interval: *interval,
        });
        let start = |o: usize| bias.map_or(zero, |bias| bias.wires[o]);
        let checked = |weights| Product {
            place: [self.node, part],
            x,
            interval: with_zero(self.x_interval),
            weights,
            columns: outputs,
            bias,
        };
        let k = x.columns;
        let (checks, least) = self.way(rows, [x.rows(), k, outputs]);
        rows.reserve(least)?;
        match &self.weights {
            OwnWeights::Wires(wires, interval) => {
                let weights = (0..k).flat_map(|i| (0..outputs).map(move |o| (i, o)));
                let weights: Vec<Target> = weights.map(|(i, o)| wires[position(o, i)]).collect();
                if checks {
                    let known = Known {
                        wires: &weights,
                        interval: *interval,
                    };
                    return Ok(checked(Weights::Computed(known)).checked(rows)?);
                }
                let weights = Matrix {
                    wires: &weights,
                    columns: outputs,
                };
                Ok(product(rows, x, weights, |_, o| start(o))?)
            }
            OwnWeights::Constant(weights) => {
                let weight = |o: usize, i: usize| weights[position(o, i)];
                if checks {
                    return Ok(checked(Weights::Constant(&weight)).checked(rows)?);
                }
                let mut y = Vec::new();
                for row in x.wires.chunks_exact(k) {
                    let sums = mat_vec(rows, row, outputs, weight, |_| 0);
                    let own = sums.into_iter().enumerate();
                    y.extend(own.map(|(o, sum)| match self.bias {
                        Some(_) => rows.scale_add(F::ONE, start(o), sum),
                        None => sum,
                    }));
                }
                Ok(y)
            }
        }
    }
}

/// Whether a check of constant weights takes so many fewer rows than rows of mat-vec that it pays; `bound` elements say
/// what x is. It is decided by the usual gate for every circuit, so that a wider one has the same products.
pub(super) fn check_pays(m: usize, k: usize, n: usize, bound: usize) -> bool {
    pays(
        rows_of_check(m, k, n, bound, Some(MatVec::STANDARD)),
        m.saturating_mul(MatVec::STANDARD.rows_of(k, n)),
    )
}

/// A check needs more gates, and more copies in each row, so fewer rows alone are not enough.
const fn pays(check: usize, direct: usize) -> bool {
    check.saturating_mul(4) < direct.saturating_mul(3)
}

/// The least interval that has zero too, which stands where the padding is.
fn with_zero(interval: Interval) -> Interval {
    Interval {
        low: interval.low.min(0),
        high: interval.high.max(0),
    }
}
