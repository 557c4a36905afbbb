//! What a chain has to know of a generative model before it asks for a text.

use super::Generation;
use crate::graph::Graph;
use crate::operators::OperatorSet;
use crate::work::Work;

/// Facts of a generative model. They follow from its bundle alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GenerationFacts {
    /// Positions that the state has room for: tokens of a prompt and generated ones together.
    pub context: u32,
    /// Tokens that one run of the prefill graph takes.
    pub chunk: u32,
    /// Tokens that there are.
    pub vocabulary: u32,
    /// The operators of both graphs.
    pub operators: OperatorSet,
    /// What one run of the prefill graph costs.
    pub prefill: Work,
    /// What one run of the decode graph costs.
    pub decode: Work,
    /// What choosing one token costs besides.
    pub choice: Work,
}

impl GenerationFacts {
    /// Runs of (prefill, decode) for a prompt of so many tokens and so many generated ones: the last token of the
    /// prompt is always the decode graph's, since only that gives logits. It saturates.
    pub const fn runs(&self, prompt: u64, count: u64) -> (u64, u64) {
        let (before, chunk) = (prompt.saturating_sub(1), self.chunk as u64);
        match before.checked_div(chunk) {
            Some(chunks) => (chunks, (before % chunk).saturating_add(count)),
            None => (0, before.saturating_add(count)),
        }
    }
}

impl Generation {
    /// The facts of a model with this decode graph.
    pub fn facts(&self, decode: &Graph) -> GenerationFacts {
        GenerationFacts {
            context: self.context(),
            chunk: self.chunk(),
            vocabulary: self.vocabulary(),
            operators: self.operators(decode),
            prefill: self.prefill().work(),
            decode: decode.work(),
            choice: self.choice_work(decode),
        }
    }
}
