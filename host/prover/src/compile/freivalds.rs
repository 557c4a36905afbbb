//! Freivalds' check: that a claimed matrix is a product, by a random combination of its rows.
//!
//! `Y = X · W` is not computed but claimed, and `r · Y = (r · X) · W` is, for r the powers of a challenge in the
//! extension of the field. The challenge is the hash of X, of W where it is computed, and of Y, so that whoever
//! chooses them does not know it. Were Y another matrix, `r · (Y − X·W)` would be a polynomial in the challenge that is
//! not zero, of a degree below the number of rows; it vanishes at one of |rows| of about 2^128 challenges at most.
//!
//! X and W are packed before they are hashed, as their elements are integers of known intervals; Y is hashed as it is,
//! since nothing but the check says how large its elements are.

use super::sums::{Matrix, mat_vec, product, tiles_of};
use crate::gates::MatVec;
use crate::rows::{Rows, TooManyRows};
use metisvm_model::Interval;
use metisvm_verifier::field::{D, F, residue};
use plonky2::field::types::Field;
use plonky2::iop::target::Target;
use std::collections::HashMap;

/// "METISFR0" as a little-endian number: what keeps these hashes apart from others by Poseidon.
const DOMAIN: u64 = u64::from_le_bytes(*b"METISFR0");

/// Elements that a permutation of Poseidon, which is a row, takes in.
const RATE: usize = 8;

/// What is packed into one element says less than 2 to this power, less than p.
const PACKED_BITS: u32 = 62;

/// Products of the extension in a row of plonky2's.
const EXTENSION_PRODUCTS: usize = 13;

/// Sums in a row of plonky2's.
const SUMS: usize = 20;

/// Wires with the interval of all of them.
#[derive(Clone, Copy)]
pub(super) struct Known<'a> {
    pub(super) wires: &'a [Target],
    pub(super) interval: Interval,
}

/// What X is multiplied by.
#[derive(Clone, Copy)]
pub(super) enum Weights<'a> {
    /// The weight of an input for an output.
    Constant(&'a dyn Fn(usize, usize) -> i64),
    /// A row for each input.
    Computed(Known<'a>),
}

/// A product of matrices.
pub(super) struct Product<'a> {
    /// The node, and which of its products it is: no other product has both.
    pub(super) place: [usize; 2],
    pub(super) x: Matrix<'a>,
    /// Of the elements of x.
    pub(super) interval: Interval,
    pub(super) weights: Weights<'a>,
    /// Outputs.
    pub(super) columns: usize,
    /// Of each output.
    pub(super) bias: Option<Known<'a>>,
}

/// Rows that a check takes, of a matrix of m × k with one of k × n, where `bound` elements are hashed beside the result.
/// Constant weights are in rows of a gate.
pub(super) fn rows_of_check(m: usize, k: usize, n: usize, bound: usize, constant: Option<MatVec>) -> usize {
    let right = match constant {
        Some(gate) => D * gate.rows_of(k, n) + tiles_of(D, 1, n),
        None => tiles_of(D, k + 1, n),
    };
    let hashed = m.saturating_mul(n).saturating_add(bound).div_ceil(RATE);
    let powers = m.div_ceil(EXTENSION_PRODUCTS) + (D * m).div_ceil(SUMS);
    hashed
        .saturating_add(right + powers)
        .saturating_add(tiles_of(D, m, k))
        .saturating_add(tiles_of(D, m, n))
}

/// How many numbers of an interval go into one element; none where there is nothing to say. A number of an interval that
/// is too long to be packed is an element by itself: were it left out of the hash, nothing would bind it.
pub(super) fn packed_together(interval: Interval) -> usize {
    let bits = u64::BITS - interval.high.abs_diff(interval.low).leading_zeros();
    PACKED_BITS
        .checked_div(bits)
        .map_or(0, |together| together.max(1)) as usize
}

impl Product<'_> {
    /// `start + x · w`, row by row, claimed and checked.
    pub(super) fn checked(&self, rows: &mut Rows) -> Result<Vec<Target>, TooManyRows> {
        let (m, k, n) = (self.x.rows(), self.x.columns, self.columns);
        let constant = matches!(self.weights, Weights::Constant(_)).then(|| rows.mat_vec());
        rows.reserve(rows_of_check(m, k, n, 0, constant))?;
        let (distinct, positions) = distinct(self.x.wires);
        let y = self.claimed(rows, &distinct, positions);

        let mut message = vec![rows.constant(F::from_canonical_u64(DOMAIN))];
        message.extend(
            self.place
                .map(|place| rows.constant(F::from_canonical_usize(place))),
        );
        let x = Known {
            wires: &distinct,
            interval: self.interval,
        };
        message.extend(packed(rows, x)?);
        if let Weights::Computed(known) = self.weights {
            message.extend(packed(rows, known)?);
        }
        if let Some(known) = self.bias {
            message.extend(packed(rows, known)?);
        }
        message.extend(&y);
        let message = message.into_iter().map(|wire| rows.passed(wire)).collect();
        let powers = rows.challenge_powers(message, m).concat();
        let powers = Matrix {
            wires: &powers,
            columns: m,
        };

        let zero = rows.zero();
        let y_matrix = Matrix {
            wires: &y,
            columns: n,
        };
        let claimed = product(rows, powers, y_matrix, |_, _| zero)?;
        let combined = product(rows, powers, self.x, |_, _| zero)?;
        let sums: Vec<Target> = powers
            .wires
            .chunks_exact(m)
            .map(|powers| {
                powers.iter().fold(zero, |sum, &power| {
                    let power = rows.passed(power);
                    rows.scale_add(F::ONE, power, sum)
                })
            })
            .collect();
        let expected = self.expected(rows, &combined, &sums)?;
        rows.check(&claimed, &expected);
        Ok(y)
    }

    /// `(r · x) · w`, with the bias times the sum of r: both coordinates.
    fn expected(
        &self,
        rows: &mut Rows,
        combined: &[Target],
        sums: &[Target],
    ) -> Result<Vec<Target>, TooManyRows> {
        let (k, n) = (self.x.columns, self.columns);
        let zero = rows.zero();
        let sums = Matrix {
            wires: sums,
            columns: 1,
        };
        let biased = match self.bias {
            Some(bias) => {
                let bias = Matrix {
                    wires: bias.wires,
                    columns: n,
                };
                product(rows, sums, bias, |_, _| zero)?
            }
            None => vec![zero; D * n],
        };
        match self.weights {
            Weights::Constant(weight) => {
                let mut expected = Vec::with_capacity(D * n);
                for (combined, biased) in combined.chunks_exact(k).zip(biased.chunks_exact(n)) {
                    let products = mat_vec(rows, combined, n, weight, |_| 0);
                    let own = products.into_iter().zip(biased);
                    expected.extend(own.map(|(sum, &bias)| rows.scale_add(F::ONE, bias, sum)));
                }
                Ok(expected)
            }
            Weights::Computed(weights) => {
                let combined = Matrix {
                    wires: combined,
                    columns: k,
                };
                let weights = Matrix {
                    wires: weights.wires,
                    columns: n,
                };
                product(rows, combined, weights, |i, j| biased[i * n + j])
            }
        }
    }

    /// Wires for the product, which an honest prover computes.
    fn claimed(&self, rows: &mut Rows, distinct: &[Target], positions: Vec<u32>) -> Vec<Target> {
        let (k, n) = (self.x.columns, self.columns);
        let mut inputs = distinct.to_vec();
        let constant: Option<Vec<F>> = match self.weights {
            Weights::Constant(weight) => {
                let places = (0..k).flat_map(|i| (0..n).map(move |o| (i, o)));
                Some(places.map(|(i, o)| residue(weight(o, i))).collect())
            }
            Weights::Computed(known) => {
                inputs.extend(known.wires);
                None
            }
        };
        inputs.extend(self.bias.iter().flat_map(|bias| bias.wires));
        let (distinct, biased) = (distinct.len(), self.bias.is_some());
        let count = self.x.rows() * n;
        let compute = move |inputs: &[F]| {
            let (x, rest) = inputs.split_at(distinct);
            let (computed, bias) = rest.split_at(rest.len() - if biased { n } else { 0 });
            let weights = constant.as_deref().unwrap_or(computed);
            let mut y = Vec::with_capacity(count);
            for row in positions.chunks_exact(k) {
                let mut sums = if biased { bias.to_vec() } else { vec![F::ZERO; n] };
                for (&at, weights) in row.iter().zip(weights.chunks_exact(n)) {
                    for (sum, &weight) in sums.iter_mut().zip(weights) {
                        *sum += x[at as usize] * weight;
                    }
                }
                y.extend(sums);
            }
            y
        };
        rows.claim(inputs, count, Box::new(compute))
    }
}

/// The wires without those that come again, in the order in which they come first, and where each is among them: patches
/// of an image have each pixel many times. A claim holds these places for as long as there is the circuit. That is not
/// counted as memory: a row of tiles multiplies 42 of them, 168 bytes beside the 100,000 that a row takes.
fn distinct(wires: &[Target]) -> (Vec<Target>, Vec<u32>) {
    let mut places = HashMap::new();
    let mut distinct = Vec::new();
    let positions = wires.iter().map(|&wire| {
        *places.entry(wire).or_insert_with(|| {
            distinct.push(wire);
            // No value of a graph has 2^32 elements.
            (distinct.len() - 1) as u32
        })
    });
    let positions = positions.collect();
    (distinct, positions)
}

/// Elements that say all wires: `Σ x_j · b^j` for b one more than the interval is long. No other integers of the
/// interval have the same sum, and as two sums differ by less than 2^62, wherever the interval lies, none has a sum with
/// the same residue.
fn packed(rows: &mut Rows, known: Known<'_>) -> Result<Vec<Target>, TooManyRows> {
    let together = packed_together(known.interval);
    let gate = rows.mat_vec();
    let elements = match together {
        0 => return Ok(Vec::new()),
        1 => return Ok(known.wires.to_vec()),
        _ => gate.outputs().min(gate.inputs() / together),
    };
    let base = known.interval.high.abs_diff(known.interval.low) + 1;
    let chunks = known.wires.chunks(elements * together);
    rows.reserve(chunks.len())?;
    let mut all = Vec::new();
    for chunk in chunks {
        let weight = |element: usize, at: usize| {
            let power = (at - at.min(element * together)) as u32;
            let own = at / together == element;
            if own { base.pow(power) as i64 } else { 0 }
        };
        let used = chunk.len().div_ceil(together);
        all.extend(mat_vec(rows, chunk, used, weight, |_| 0));
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::{PACKED_BITS, packed_together};
    use metisvm_model::Interval;

    #[test]
    fn every_number_that_can_be_another_is_hashed() {
        let together = |low, high| packed_together(Interval { low, high });
        assert_eq!(together(5, 5), 0, "one number says nothing");
        assert_eq!(together(-1, 0), 62);
        assert_eq!(together(0, 255), 7);
        assert_eq!(together(-255, 0), 7);
        assert_eq!(together(-300, 300), 6);
        assert_eq!(together(-(1 << 30), (1 << 30) - 1), 2);
        assert_eq!(together(0, (1 << PACKED_BITS) - 1), 1);
        assert_eq!(together(0, 1 << PACKED_BITS), 1, "too long to be packed");
        assert_eq!(together(i64::MIN, i64::MAX), 1, "the longest");
    }
}
