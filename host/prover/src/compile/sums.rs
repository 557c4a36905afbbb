//! Sums of products: by constant weights, and of two computed matrices.

use crate::gates::{Rules, Tile};
use crate::rows::{Rows, TooManyRows};
use metisvm_verifier::field::{F, residue};
use plonky2::field::types::Field;
use plonky2::iop::target::Target;

/// `y[o] = bias(o) + Σ_i weight(o, i) · x[i]`.
pub(super) fn mat_vec(
    rows: &mut Rows,
    x: &[Target],
    outputs: usize,
    weight: impl Fn(usize, usize) -> i64,
    bias: impl Fn(usize) -> i64,
) -> Vec<Target> {
    let gate = rows.mat_vec();
    let zero = rows.zero();
    let mut y = Vec::with_capacity(outputs);
    for first in (0..outputs).step_by(gate.outputs()) {
        let own = gate.outputs().min(outputs - first);
        let mut sums = vec![zero; gate.outputs()];
        // A window may lie in the padding altogether; its sum is the bias.
        for start in (0..x.len().max(1)).step_by(gate.inputs()) {
            let taken = &x[start..x.len().min(start + gate.inputs())];
            let mut constants = vec![F::ZERO; gate.constants()];
            for o in 0..own {
                for i in 0..taken.len() {
                    constants[gate.weight(o, i)] = residue(weight(first + o, start + i));
                }
                if start == 0 {
                    constants[gate.bias(o)] = residue(bias(first + o));
                }
            }
            let row = rows.row(&gate, constants);
            for i in 0..gate.inputs() {
                rows.connect(row.wire(i), taken.get(i).copied().unwrap_or(zero));
            }
            for (o, &sum) in sums.iter().enumerate() {
                rows.connect(row.wire(gate.sum_in(o)), sum);
            }
            sums = (0..gate.outputs()).map(|o| row.wire(gate.sum_out(o))).collect();
        }
        y.extend(&sums[..own]);
    }
    y
}

/// A matrix of wires, row by row.
#[derive(Clone, Copy)]
pub(super) struct Matrix<'a> {
    pub(super) wires: &'a [Target],
    pub(super) columns: usize,
}

impl Matrix<'_> {
    /// How many rows it has.
    pub(super) const fn rows(&self) -> usize {
        self.wires.len() / self.columns
    }

    fn get(&self, i: usize, j: usize) -> Option<Target> {
        let inside = j < self.columns;
        inside.then(|| self.wires.get(i * self.columns + j).copied())?
    }
}

/// The gate for a matrix of so many rows times another one.
const fn tile(m: usize) -> Tile {
    match m {
        1 => Tile::VECTOR,
        2 => Tile::PAIR,
        _ => Tile::MATRIX,
    }
}

/// Rows that the product of a matrix of m rows and so many columns with one of n columns takes.
pub(super) const fn tiles_of(m: usize, depth: usize, n: usize) -> usize {
    let gate = tile(m);
    let tiles = m.div_ceil(gate.rows()) * n.div_ceil(gate.columns());
    tiles.saturating_mul(depth.div_ceil(gate.depth()))
}

/// `start + a · b`, row by row, where `start` has the elements of the result.
pub(super) fn product(
    rows: &mut Rows,
    a: Matrix<'_>,
    b: Matrix<'_>,
    start: impl Fn(usize, usize) -> Target,
) -> Result<Vec<Target>, TooManyRows> {
    let (m, depth, n) = (a.rows(), a.columns, b.columns);
    let gate = tile(m);
    rows.reserve(tiles_of(m, depth, n))?;
    let zero = rows.zero();
    let mut y = vec![zero; m * n];
    for first_row in (0..m).step_by(gate.rows()) {
        for first_column in (0..n).step_by(gate.columns()) {
            let places = || (0..gate.rows()).flat_map(|i| (0..gate.columns()).map(move |j| (i, j)));
            let own = |(i, j): (usize, usize)| first_row + i < m && first_column + j < n;
            let mut sums: Vec<Target> = places()
                .map(|(i, j)| {
                    if own((i, j)) {
                        start(first_row + i, first_column + j)
                    } else {
                        zero
                    }
                })
                .collect();
            for k in (0..depth).step_by(gate.depth()) {
                let row = rows.row(&gate, Vec::new());
                for step in 0..gate.depth() {
                    for i in 0..gate.rows() {
                        let wire = a.get(first_row + i, k + step).unwrap_or(zero);
                        rows.connect(row.wire(gate.left(i, step)), wire);
                    }
                    for j in 0..gate.columns() {
                        let wire = b.get(k + step, first_column + j).unwrap_or(zero);
                        rows.connect(row.wire(gate.right(step, j)), wire);
                    }
                }
                for ((i, j), sum) in places().zip(&mut sums) {
                    rows.connect(row.wire(gate.sum_in(i, j)), *sum);
                    *sum = row.wire(gate.sum_out(i, j));
                }
            }
            for (place, sum) in places().zip(sums).filter(|(place, _)| own(*place)) {
                y[(first_row + place.0) * n + first_column + place.1] = sum;
            }
        }
    }
    Ok(y)
}
