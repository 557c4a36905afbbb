//! Schedule 1: each unit buys the reference kernels, slower than any engine meant for production, the time
//! that they need for it at 30 million gas a second.

use metisvm_model::{OperatorId, OperatorSet, Work};

/// The operators that there were when the schedule was made.
pub(super) const OPERATORS: OperatorSet = OperatorSet::of(&[
    OperatorId(1), // MatMul
    OperatorId(2), // Conv2d
    OperatorId(3), // Add
    OperatorId(4), // Requantise
    OperatorId(5), // Clamp
    OperatorId(6), // Table
    OperatorId(7), // MaxPool2d
    OperatorId(8), // Reshape
    OperatorId(9), // ArgMax
]);

pub(super) const PRICES: Prices = Prices {
    per_node: 64,
    macs_per_gas: 16,
    lines_per_gas: 4,
    elements_per_gas: 4,
    compares_per_gas: 8,
    moved_bytes_per_gas: 64,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Prices {
    /// For each node of the graph: setting an operator up, however small its tensors are.
    per_node: u64,
    /// How many multiply-accumulates one gas buys.
    macs_per_gas: u64,
    /// How many lines one gas buys: what an engine begins anew for each run of multiply-accumulates.
    lines_per_gas: u64,
    /// How many elements one gas buys. Requantising is a 64-bit multiply, a shift and a
    /// clamp, several times a multiply-accumulate of 8-bit operands.
    elements_per_gas: u64,
    /// How many comparisons one gas buys.
    compares_per_gas: u64,
    /// How many touched bytes one gas buys. A model that is not in a cache is read from memory.
    moved_bytes_per_gas: u64,
}

impl Prices {
    pub(super) const fn gas(&self, work: &Work) -> u64 {
        self.per_node
            .saturating_mul(work.nodes)
            .saturating_add(work.macs.div_ceil(self.macs_per_gas))
            .saturating_add(work.lines.div_ceil(self.lines_per_gas))
            .saturating_add(work.elements.div_ceil(self.elements_per_gas))
            .saturating_add(work.compares.div_ceil(self.compares_per_gas))
            .saturating_add(work.moved_bytes.div_ceil(self.moved_bytes_per_gas))
    }
}
