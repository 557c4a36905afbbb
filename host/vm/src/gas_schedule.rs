//! What inference costs. A schedule has a version and is fixed by the chain spec; a change of any
//! number is a new version, never an edit.
//!
//! A price has to cover the slowest engine that a validator may run in production: what one gas buys takes
//! such an engine the time that 30 million gas a second leave it. docs/vm.md has the arithmetic, and
//! benches/gas.rs looks for graphs that break it.
//!
//! A schedule names the operators that it prices. A model with another one cannot be charged for, and so
//! cannot be called: the set of operators can grow without changing what a running chain does.

mod v1;
mod v2;
mod version;

pub use version::GasScheduleVersion;

use metisvm_model::generation::GenerationFacts;
use metisvm_model::{OperatorId, OperatorSet, Work};

/// The prices of one version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GasSchedule {
    /// For every call: decoding, the look-up of the model, the hand-over to an engine.
    base: u64,
    /// For each 32-byte word of call data, the last one counted whole. Dearer than the identity
    /// precompile's 3, because an input may be copied, hashed for the memo and sent to a card.
    per_call_data_word: u64,
    /// For each 32-byte word of output, the last one counted whole. An output is copied several times on
    /// its way to the caller, and the EVM charges nothing for the buffer of return data.
    per_output_word: u64,
    /// The operators that it prices.
    operators: OperatorSet,
    work: WorkPrices,
}

/// How the counts of [`Work`] are priced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WorkPrices {
    V1(v1::Prices),
    V2(v2::Prices),
}

impl GasSchedule {
    /// Version 1.
    pub const V1: Self = Self {
        base: 2_000,
        per_call_data_word: 16,
        per_output_word: 16,
        operators: v1::OPERATORS,
        work: WorkPrices::V1(v1::PRICES),
    };

    /// Version 2: work by its class, priced for engines with SIMD.
    pub const V2: Self = Self {
        operators: v2::OPERATORS,
        work: WorkPrices::V2(v2::PRICES),
        ..Self::V1
    };

    /// The same prices for these operators alone: what a chain meets whose models have operators that its
    /// schedule does not price.
    #[must_use]
    pub const fn pricing_only(mut self, operators: OperatorSet) -> Self {
        self.operators = operators;
        self
    }

    /// The operators that it prices.
    pub const fn operators(&self) -> OperatorSet {
        self.operators
    }

    /// Of these operators, the one of the lowest id that it does not price.
    pub fn first_unpriced(&self, operators: &OperatorSet) -> Option<OperatorId> {
        operators.first_outside(&self.operators)
    }

    /// What is charged before the call data is looked at.
    pub const fn call_data_gas(&self, call_data_bytes: u64) -> u64 {
        let words = call_data_bytes.div_ceil(32);
        self.base
            .saturating_add(self.per_call_data_word.saturating_mul(words))
    }

    /// What is charged for running a model and handing out its output. It says something of models alone
    /// whose operators are all priced.
    pub const fn inference_gas(&self, work: &Work, output_bytes: u64) -> u64 {
        let words = output_bytes.div_ceil(32);
        self.work_gas(work)
            .saturating_add(self.per_output_word.saturating_mul(words))
    }

    /// What is charged for a text: the runs of both graphs, a choice with each run of the decode graph, and a word of
    /// output for each token that is generated.
    pub const fn generation_gas(&self, facts: &GenerationFacts, prompt: u64, generated: u64) -> u64 {
        let (prefills, decodes) = facts.runs(prompt, generated);
        let prefills = self.prefill_gas(facts).saturating_mul(prefills);
        let decodes = self.decode_gas(facts).saturating_mul(decodes);
        let words = self.per_output_word.saturating_mul(generated);
        prefills.saturating_add(decodes).saturating_add(words)
    }

    /// What is charged for a run of the prefill graph.
    pub const fn prefill_gas(&self, facts: &GenerationFacts) -> u64 {
        self.work_gas(&facts.prefill)
    }

    /// What is charged for a run of the decode graph, and for the choice of a token.
    pub const fn decode_gas(&self, facts: &GenerationFacts) -> u64 {
        self.work_gas(&facts.decode)
            .saturating_add(self.work_gas(&facts.choice))
    }

    /// The part of [`Self::inference_gas`] that is for the work, each class of work rounded up by itself.
    pub const fn work_gas(&self, work: &Work) -> u64 {
        match &self.work {
            WorkPrices::V1(prices) => prices.gas(work),
            WorkPrices::V2(prices) => prices.gas(work),
        }
    }
}

#[cfg(test)]
mod tests;
