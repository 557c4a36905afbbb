//! What a circuit will take, known before anything is proven.

use std::collections::BTreeMap;
use std::fmt;

/// The size of a circuit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// The rows are 2 to this power.
    pub degree_bits: usize,
    /// Rows in use.
    pub rows: usize,
    /// Rows of each gate of ours; the others are plonky2's arithmetic and Poseidon.
    pub rows_by_gate: BTreeMap<String, usize>,
    /// Columns that the prover commits to and those that the key commits to.
    pub columns: usize,
    /// What making the proof takes, about.
    pub memory_bytes: u64,
}

/// Wires in a factor of a partial product, and parts of a quotient: plonky2's degree of constraints.
const DEGREE: usize = 8;

/// Random numbers with each row of wires, products and quotients, where a circuit blinds.
pub(crate) const SALT_COLUMNS: usize = 3 * 4;

/// Columns for so many constants, wires and routed wires; partial products and quotients for each challenge.
pub(crate) const fn columns_with_challenges(
    constants: usize,
    wires: usize,
    routed: usize,
    challenges: usize,
) -> usize {
    constants + wires + routed + challenges * (routed.div_ceil(DEGREE) + DEGREE)
}

/// What the columns take: their values on the larger domain, once by column and once by row while they are
/// transposed, coefficients, and four Merkle trees. That domain has 2 to the power `rate_bits` points for a row.
pub(crate) const fn memory_bytes_at_rate(columns: usize, degree_bits: usize, rate_bits: usize) -> u64 {
    let blow_up = 1 << rate_bits;
    let words = columns as u64 * (2 * blow_up + 2) + 4 * 2 * 4 * blow_up;
    (words * 8).saturating_mul(1 << degree_bits)
}

impl fmt::Display for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} rows (degree 2^{}), {} columns, about {} bytes to prove",
            self.rows, self.degree_bits, self.columns, self.memory_bytes
        )?;
        self.rows_by_gate
            .iter()
            .try_for_each(|(gate, rows)| write!(f, "\n{rows:>8} {gate}"))
    }
}
