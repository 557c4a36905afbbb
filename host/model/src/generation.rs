//! Generative models: two graphs that share constants, a state between their runs, and how the next token is chosen.
//!
//! `decode` takes one token, how many came before it, and the state (keys and values of attention); it gives logits, one
//! for each token of the vocabulary, and the rows that the state has from then on at that position. `prefill` does the
//! same for a chunk of tokens at once, without logits. Both give the same rows, so that what is generated follows from
//! `decode` alone; [`Generation::new`] holds the shapes against each other, and the importer makes both graphs from one
//! plan. `docs/generation.md` is the normative text.

mod facts;
mod request;
mod sampler;
mod session;

pub use facts::GenerationFacts;
pub use request::{Request, RequestError};
pub use sampler::{MAX_TEMPERATURE, Sampling, TEMPERATURE_ONE};
pub use session::{GenerateError, Part, Run, Session};

use crate::graph::Graph;
use crate::operators::OperatorSet;
use crate::tensor::{DType, TensorType};
use crate::work::Work;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// Inputs before the state: the tokens, and the position of the first of them.
pub const INPUTS_BEFORE_STATE: usize = 2;
/// Tokens that end a text, at most: models have a few.
pub const MAX_END_TOKENS: usize = 64;

/// What a generative bundle has besides its decode graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generation {
    prefill: Arc<Graph>,
    sampling: Sampling,
    end_tokens: Vec<u32>,
    context: u32,
    chunk: u32,
    vocabulary: u32,
}

/// Why two graphs are no generative model.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the {graph} graph of a generative model: {what}")]
pub struct GenerationError {
    /// `decode` or `prefill`.
    pub graph: &'static str,
    /// What is wrong.
    pub what: &'static str,
}

impl Generation {
    /// Holds the graphs against each other.
    ///
    /// # Errors
    /// If their inputs and outputs are not those of a generative model, or an end token is not in the vocabulary.
    pub fn new(
        decode: &Graph,
        prefill: Arc<Graph>,
        sampling: Sampling,
        end_tokens: Vec<u32>,
    ) -> Result<Self, GenerationError> {
        let wrong = |graph, what| GenerationError { graph, what };
        let states = decode
            .inputs()
            .get(INPUTS_BEFORE_STATE..)
            .filter(|states| !states.is_empty())
            .ok_or(wrong(
                "decode",
                "it takes tokens, a position and at least one state",
            ))?;
        let context = rows(&states[0].ty).ok_or(wrong("decode", "a state has a row for each position"))?;
        let chunk = check(
            &prefill,
            "prefill",
            states.iter().map(|state| &state.ty),
            context,
            0,
        )?;
        let one = check(decode, "decode", states.iter().map(|state| &state.ty), context, 1)?;
        if one != 1 {
            return Err(wrong("decode", "it takes one token"));
        }
        if chunk < 2 || chunk > context {
            return Err(wrong(
                "prefill",
                "it takes 2 tokens at least, and no more than the context",
            ));
        }
        let logits = decode.ty(decode.outputs()[0].value);
        let vocabulary = logits.elements() as u32; // an output has at most 2^24 bytes
        let wide = matches!(logits.dtype, DType::I16 | DType::I32);
        if !wide || logits.shape.dims().last() != Some(&vocabulary) || vocabulary < 2 {
            return Err(wrong(
                "decode",
                "its first output is one row of logits, i16 or i32",
            ));
        }
        sampling.check().map_err(|what| wrong("decode", what))?;
        let rising = end_tokens.windows(2).all(|pair| pair[0] < pair[1]);
        if end_tokens.len() > MAX_END_TOKENS || !rising || end_tokens.last().is_some_and(|&t| t >= vocabulary)
        {
            return Err(wrong(
                "decode",
                "end tokens rise, are of the vocabulary, and at most 64",
            ));
        }
        Ok(Self {
            prefill,
            sampling,
            end_tokens,
            context,
            chunk,
            vocabulary,
        })
    }

    /// The graph that takes a chunk of tokens and gives no logits.
    pub const fn prefill(&self) -> &Arc<Graph> {
        &self.prefill
    }

    /// How logits become weights.
    pub const fn sampling(&self) -> Sampling {
        self.sampling
    }

    /// Tokens after which nothing more is generated, rising.
    pub fn end_tokens(&self) -> &[u32] {
        &self.end_tokens
    }

    /// Positions that the state has room for: tokens of a prompt and generated ones together.
    pub const fn context(&self) -> u32 {
        self.context
    }

    /// Tokens that one run of the prefill graph takes.
    pub const fn chunk(&self) -> u32 {
        self.chunk
    }

    /// Tokens that there are.
    pub const fn vocabulary(&self) -> u32 {
        self.vocabulary
    }

    /// What choosing one token costs besides the runs: each logit is compared, weighed and added up, and the rows of the
    /// state are written. Of 50,257 logits the choice from half of them takes 0.3 milliseconds at the most, which is what
    /// these counts buy of gas schedule 2.
    pub fn choice_work(&self, decode: &Graph) -> Work {
        let logits = u64::from(self.vocabulary);
        let rows: usize = decode.outputs()[1..]
            .iter()
            .map(|output| decode.ty(output.value).bytes())
            .sum();
        Work {
            nodes: 1,
            elements: logits,
            compares: 2 * logits,
            pointwise: 4 * logits,
            lookups: logits,
            moved_bytes: 4 * logits + rows as u64,
            ..Work::NONE
        }
    }

    /// The operators of both graphs.
    pub fn operators(&self, decode: &Graph) -> OperatorSet {
        decode.operators().union(&self.prefill.operators())
    }
}

/// The dimension of a state that positions are along: the one before the last.
fn rows(ty: &TensorType) -> Option<u32> {
    ty.shape.dims().iter().rev().nth(1).copied()
}

/// Checks the ports of a graph whose outputs are `logits` tensors and then the rows of each state; gives how many tokens
/// it takes.
fn check<'t>(
    graph: &Graph,
    name: &'static str,
    states: impl ExactSizeIterator<Item = &'t TensorType> + Clone,
    context: u32,
    logits: usize,
) -> Result<u32, GenerationError> {
    let wrong = |what| GenerationError { graph: name, what };
    let (inputs, outputs) = (graph.inputs(), graph.outputs());
    if inputs.len() != INPUTS_BEFORE_STATE + states.len() || outputs.len() != logits + states.len() {
        return Err(wrong(
            "it has an output for each state, and the same states as the other graph",
        ));
    }
    let tokens = &inputs[0].ty;
    let position = &inputs[1].ty;
    if tokens.dtype != DType::I32 || position.dtype != DType::I32 || position.elements() != 1 {
        return Err(wrong(
            "tokens are i32, and so is the position, which is one number",
        ));
    }
    let count = tokens.elements() as u32; // an input has at most 2^24 bytes
    for (at, state) in states.enumerate() {
        if inputs[INPUTS_BEFORE_STATE + at].ty != *state || rows(state) != Some(context) {
            return Err(wrong(
                "its states are those of the other graph, each with a row for each position",
            ));
        }
        let new = graph.ty(outputs[logits + at].value);
        let mut expected = state.shape.dims().to_vec();
        let axis = expected.len() - 2;
        expected[axis] = count;
        if new.dtype != state.dtype || new.shape.dims() != expected {
            return Err(wrong(
                "each state has an output of its type with a row for each token",
            ));
        }
    }
    Ok(count)
}

#[cfg(test)]
mod tests;
