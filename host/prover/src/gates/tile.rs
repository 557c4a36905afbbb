//! A piece of a product of two computed matrices.

use super::rules::{Row, Rules};
use crate::arithmetic::Arithmetic;
use metisvm_verifier::field::F;
use plonky2::field::types::Field;

/// `out[i][j] = in[i][j] + Σ_k a[i][k] · b[k][j]`.
///
/// A longer sum is a chain of rows, each with the results of the one before as `in`. The wires of integers give the
/// residues of the integers that the sums are, so there is nothing to range-check: the graph's proof says that what a
/// chain ends with is below 2^31 in magnitude.
///
/// Wires: a, row by row, then b, row by row, then `in` and `out`, row by row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tile {
    rows: usize,
    depth: usize,
    columns: usize,
}

impl Tile {
    /// For a matrix: 96 products a row.
    pub const MATRIX: Self = Self {
        rows: 4,
        depth: 6,
        columns: 4,
    };

    /// For two vectors and a matrix, as the coordinates of challenges are: 84 products a row.
    pub const PAIR: Self = Self {
        rows: 2,
        depth: 7,
        columns: 6,
    };

    /// For a vector and a matrix: 56 products a row.
    pub const VECTOR: Self = Self {
        rows: 1,
        depth: 14,
        columns: 4,
    };

    /// Rows of a and of the result.
    pub const fn rows(&self) -> usize {
        self.rows
    }

    /// Columns of a, rows of b.
    pub const fn depth(&self) -> usize {
        self.depth
    }

    /// Columns of b and of the result.
    pub const fn columns(&self) -> usize {
        self.columns
    }

    /// Where an element of a is.
    pub const fn left(&self, i: usize, k: usize) -> usize {
        i * self.depth + k
    }

    /// Where an element of b is.
    pub const fn right(&self, k: usize, j: usize) -> usize {
        self.rows * self.depth + k * self.columns + j
    }

    /// Where `in` of an element of the result is.
    pub const fn sum_in(&self, i: usize, j: usize) -> usize {
        (self.rows + self.columns) * self.depth + i * self.columns + j
    }

    /// Where `out` of an element of the result is.
    pub const fn sum_out(&self, i: usize, j: usize) -> usize {
        self.sum_in(i, j) + self.rows * self.columns
    }
}

impl Rules for Tile {
    const NAME: &'static str = "tile";

    fn parameters(&self) -> Vec<usize> {
        vec![self.rows, self.depth, self.columns]
    }

    fn operations(&self) -> usize {
        1
    }

    fn wires(&self) -> usize {
        self.sum_out(self.rows - 1, self.columns - 1) + 1
    }

    fn constants(&self) -> usize {
        0
    }

    fn degree(&self) -> usize {
        2
    }

    fn constraints(&self) -> usize {
        self.rows * self.columns
    }

    fn constrain<A: Arithmetic>(
        &self,
        a: &mut A,
        row: &Row<impl Fn(usize) -> A::Value, impl Fn(usize) -> A::Value>,
        constraint: &mut impl FnMut(&'static str, A::Value),
    ) {
        for (i, j) in (0..self.rows).flat_map(|i| (0..self.columns).map(move |j| (i, j))) {
            let mut sum = (row.wire)(self.sum_in(i, j));
            for k in 0..self.depth {
                let (left, right) = ((row.wire)(self.left(i, k)), (row.wire)(self.right(k, j)));
                sum = a.multiply_add(left, right, sum);
            }
            let difference = a.subtract(sum, (row.wire)(self.sum_out(i, j)));
            constraint("sum", difference);
        }
    }

    fn inputs(&self, _: usize) -> Vec<usize> {
        (0..self.sum_out(0, 0)).collect()
    }

    fn fill(&self, _: usize, _: &[F], inputs: &[F]) -> Vec<(usize, F)> {
        let pairs = (0..self.rows).flat_map(|i| (0..self.columns).map(move |j| (i, j)));
        let sum = |i, j| {
            let products = (0..self.depth).map(|k| inputs[self.left(i, k)] * inputs[self.right(k, j)]);
            inputs[self.sum_in(i, j)] + products.fold(F::ZERO, |sum, product| sum + product)
        };
        pairs.map(|(i, j)| (self.sum_out(i, j), sum(i, j))).collect()
    }
}
