//! Schedule 2: work by its class, priced for the `cpu` backend at AVX2 on one core. At 30 million gas a
//! second one gas is 33 nanoseconds.
//!
//! **Every number here is provisional**: it says what such a core is expected to do, and is replaced by what
//! the `cpu` backend is measured to do, each class at its worst case, before a chain may rely on it. Until
//! then a chain that names schedule 2 is for trying it out. The structure, which classes there are and what is
//! counted in each, is meant to stay.

use metisvm_model::{OperatorId, OperatorSet, Work};

/// Those of schedule 1, and those of version 2 of the bundle.
pub(super) const OPERATORS: OperatorSet = super::v1::OPERATORS
    .with(OperatorId(10)) // Sub
    .with(OperatorId(11)) // Mul
    .with(OperatorId(12)) // Interpolate
    .with(OperatorId(13)) // ReduceSum
    .with(OperatorId(14)) // ReduceMax
    .with(OperatorId(15)) // Reciprocal
    .with(OperatorId(16)) // InvNorm
    .with(OperatorId(17)) // Gather
    .with(OperatorId(18)) // Transpose
    .with(OperatorId(19)) // Concat
    .with(OperatorId(20)); // WideMatMul

/// Provisional: as in schedule 1, since setting an operator up does not become faster by SIMD.
const PER_NODE: u64 = 64;
/// Provisional: 15 · 10^9 multiply-accumulates of 8-bit operands a second.
const MACS_PER_GAS: u64 = 512;
/// Provisional: half of that, as a lane of twice the width takes twice the room in a register.
const WIDE_MACS_PER_GAS: u64 = 256;
/// Provisional: 2 nanoseconds to begin a run of multiply-accumulates.
const LINES_PER_GAS: u64 = 16;
/// Provisional: 7.7 · 10^9 bytes a second, from memory.
const MOVED_BYTES_PER_GAS: u64 = 256;
/// Provisional: a nanosecond for the dearest of them, Requantise, whose product has 46 bits.
const POINTWISE_PER_GAS: u64 = 32;
/// Provisional: a nanosecond for a look-up outside of a register, or for a jump to another run of elements.
const LOOKUPS_PER_GAS: u64 = 32;
/// Provisional: half a nanosecond for an element of a row or a window.
const REDUCED_PER_GAS: u64 = 64;
/// Provisional: 100 nanoseconds for a division and a root of 62 bits, one after the other.
const GAS_PER_DIVISION: u64 = 3;

pub(super) const PRICES: Prices = Prices {
    per_node: PER_NODE,
    macs_per_gas: MACS_PER_GAS,
    wide_macs_per_gas: WIDE_MACS_PER_GAS,
    lines_per_gas: LINES_PER_GAS,
    moved_bytes_per_gas: MOVED_BYTES_PER_GAS,
    pointwise_per_gas: POINTWISE_PER_GAS,
    lookups_per_gas: LOOKUPS_PER_GAS,
    reduced_per_gas: REDUCED_PER_GAS,
    gas_per_division: GAS_PER_DIVISION,
};

/// One price for each class of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Prices {
    per_node: u64,
    /// Products of 8-bit operands.
    macs_per_gas: u64,
    /// Products with a 16-bit operand.
    wide_macs_per_gas: u64,
    /// Runs of products, of either width.
    lines_per_gas: u64,
    /// Operands read and results written; all that Reshape and its like cost.
    moved_bytes_per_gas: u64,
    /// Elements computed one by one.
    pointwise_per_gas: u64,
    /// Elements looked up, or interpolated, in a table; runs of elements moved to another place.
    lookups_per_gas: u64,
    /// Elements compared or summed along a window or a row.
    reduced_per_gas: u64,
    /// Divisions and roots: the one class whose unit is dearer than one gas.
    gas_per_division: u64,
}

impl Prices {
    pub(super) const fn gas(&self, work: &Work) -> u64 {
        self.per_node
            .saturating_mul(work.nodes)
            .saturating_add(work.macs.div_ceil(self.macs_per_gas))
            .saturating_add(work.wide_macs.div_ceil(self.wide_macs_per_gas))
            .saturating_add(work.lines.div_ceil(self.lines_per_gas))
            .saturating_add(work.moved_bytes.div_ceil(self.moved_bytes_per_gas))
            .saturating_add(work.pointwise.div_ceil(self.pointwise_per_gas))
            .saturating_add(work.lookups.div_ceil(self.lookups_per_gas))
            .saturating_add(work.compares.div_ceil(self.reduced_per_gas))
            .saturating_add(self.gas_per_division.saturating_mul(work.divisions))
    }
}
