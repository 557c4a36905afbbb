//! Schedule 2: work by its class, priced for the `cpu` backend at AVX2 on one core. At 30 million gas a
//! second one gas is 33 nanoseconds.
//!
//! Two numbers were decided beforehand, those of multiply-accumulates and of bytes moved; the others are what the
//! worst graph known of each class needs (`METISVM_SCHEDULE=2 cargo bench -p metisvm-benches --bench gas`).

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

/// As in schedule 1: setting an operator up does not become faster by SIMD.
const PER_NODE: u64 = 64;
/// 15 · 10^9 multiply-accumulates of 8-bit operands a second.
const MACS_PER_GAS: u64 = 512;
/// Half of that, as an operand of twice the width takes twice the room in a register.
const WIDE_MACS_PER_GAS: u64 = 256;
/// 100 nanoseconds. Worst measured: 70, of a group of a depthwise convolution of one pixel.
const GAS_PER_PRODUCT: u64 = 3;
/// 2 nanoseconds. Worst measured: 2, of weights that are packed for one use.
const FILTERS_PER_GAS: u64 = 16;
/// A nanosecond. Worst measured: 1.1 with all that is moved, of windows three apart.
const LAID_OUT_PER_GAS: u64 = 32;
/// 7.7 · 10^9 bytes a second, from memory.
const MOVED_BYTES_PER_GAS: u64 = 256;
/// A nanosecond. Worst measured: 1.8 with all that is moved, of Requantise, whose product has 46 bits.
const POINTWISE_PER_GAS: u64 = 32;
/// A quarter of a nanosecond. Worst measured: 0.6 with all that is moved, of a Table that is computed.
const LOOKUPS_PER_GAS: u64 = 128;
/// 11 nanoseconds. Worst measured: 10, of a pool of small planes; 8 of a Gather of single bytes all over memory.
const RUNS_PER_GAS: u64 = 3;
/// Half a nanosecond for an element of a row or a window. Worst measured: 0.45, of ArgMax down the columns.
const REDUCED_PER_GAS: u64 = 64;
/// 33 nanoseconds. Worst measured: 21, of a division and a root of 62 bits, one after the other.
const GAS_PER_DIVISION: u64 = 1;

pub(super) const PRICES: Prices = Prices {
    per_node: PER_NODE,
    macs_per_gas: MACS_PER_GAS,
    wide_macs_per_gas: WIDE_MACS_PER_GAS,
    gas_per_product: GAS_PER_PRODUCT,
    filters_per_gas: FILTERS_PER_GAS,
    laid_out_per_gas: LAID_OUT_PER_GAS,
    moved_bytes_per_gas: MOVED_BYTES_PER_GAS,
    pointwise_per_gas: POINTWISE_PER_GAS,
    lookups_per_gas: LOOKUPS_PER_GAS,
    runs_per_gas: RUNS_PER_GAS,
    reduced_per_gas: REDUCED_PER_GAS,
    gas_per_division: GAS_PER_DIVISION,
};

/// One price for each class of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Prices {
    per_node: u64,
    /// Products of 8-bit operands, in whole vectors.
    macs_per_gas: u64,
    /// Products with a 16-bit operand, in whole vectors.
    wide_macs_per_gas: u64,
    /// Products apart from each other, of either width.
    gas_per_product: u64,
    /// Weights of convolutions.
    filters_per_gas: u64,
    /// Elements of images laid out for convolutions.
    laid_out_per_gas: u64,
    /// Operands read and results written; all that Reshape and its like cost.
    moved_bytes_per_gas: u64,
    /// Elements computed one by one.
    pointwise_per_gas: u64,
    /// Elements looked up, or interpolated, in a table.
    lookups_per_gas: u64,
    /// Runs of elements moved to another place, rows reduced, lines of a window's results.
    runs_per_gas: u64,
    /// Elements compared or summed along a window or a row.
    reduced_per_gas: u64,
    /// Divisions and roots.
    gas_per_division: u64,
}

impl Prices {
    pub(super) const fn gas(&self, work: &Work) -> u64 {
        self.per_node
            .saturating_mul(work.nodes)
            .saturating_add(work.vector_macs.div_ceil(self.macs_per_gas))
            .saturating_add(work.wide_vector_macs.div_ceil(self.wide_macs_per_gas))
            .saturating_add(self.gas_per_product.saturating_mul(work.products))
            .saturating_add(work.laid_out.div_ceil(self.laid_out_per_gas))
            .saturating_add(work.filters.div_ceil(self.filters_per_gas))
            .saturating_add(work.moved_bytes.div_ceil(self.moved_bytes_per_gas))
            .saturating_add(work.pointwise.div_ceil(self.pointwise_per_gas))
            .saturating_add(work.lookups.div_ceil(self.lookups_per_gas))
            .saturating_add(work.runs.div_ceil(self.runs_per_gas))
            .saturating_add(work.compares.div_ceil(self.reduced_per_gas))
            .saturating_add(self.gas_per_division.saturating_mul(work.divisions))
    }
}
