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

/// The prover's columns besides wires, constants and copies: partial products and quotients, for two
/// challenges.
const OTHER_COLUMNS: usize = 2 * (1 + 9) + 2 * 8;

/// Points for each row: the rate of the code is 1/8.
const BLOW_UP: u64 = 8;

/// Columns for so many constants, wires and routed wires.
pub(crate) const fn columns(constants: usize, wires: usize, routed: usize) -> usize {
    constants + wires + routed + OTHER_COLUMNS
}

/// What the columns take: their values on the larger domain, once by column and once by row while they are
/// transposed, coefficients, and four Merkle trees.
pub(crate) const fn memory_bytes(columns: usize, degree_bits: usize) -> u64 {
    let words = columns as u64 * (2 * BLOW_UP + 2) + 4 * 2 * 4 * BLOW_UP;
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
