//! Models that generate text: two graphs of one plan, and a state that is the same integers on its way out and in.
//!
//! Both graphs are one computation at two extents, a chunk of tokens and a single one; `docs/hugging-face.md` has the
//! names and shapes of their inputs and outputs. The texts are run through the chunks in floats, each with the keys and
//! values that the ones before it left. What tensors hold there decides the forms of both graphs, so that a text gives
//! the same bits whatever its chunks are.

mod agreement;
mod alike;
mod states;
mod texts;

use crate::error::{ImportError, Problem};
use crate::imported::Imported;
use crate::lower::lower;
use crate::options::Options;
use crate::plan::{self, Plan, Sites};
use crate::read;
use crate::typed::Typed;
use metisvm_model::Graph;
use metisvm_model::generation::{Generation, Sampling};
use states::{States, index_of};
use std::sync::Arc;

/// The output with a score for each token of the vocabulary.
const LOGITS: &str = "logits";
/// What logits may be off where nobody says: at 0.8 % greedy texts are those of floats for 97 of 100 tokens, at the 2 % of
/// other models for 96 (`benches/hub.py accuracy`, docs/benchmarks.md).
pub const GENERATIVE_TARGET_ERROR: f64 = 0.008;
/// Parts of an octave in which [`Sampling`] counts.
const OCTAVE: f64 = 256.0;

/// The two graphs as ONNX files.
#[derive(Clone, Copy, Debug)]
pub struct GenerativeFiles<'f> {
    /// That takes a chunk of tokens.
    pub chunk: &'f [u8],
    /// That takes one token.
    pub decode: &'f [u8],
}

/// A finished import of a model that generates.
#[derive(Clone, Debug)]
pub struct ImportedGenerative {
    /// The decode graph; the report is that of the chunk, whose samples there are.
    pub decode: Imported,
    /// The prefill graph, and how tokens are chosen. [`metisvm_model::Bundle::encode_generative`] makes a bundle of both.
    pub generation: Generation,
}

/// Imports a model that generates. `texts` are tokens of texts as the model will see them, each of a chunk at least and
/// no more than the context; `end_tokens` are those after which a text ends.
///
/// # Errors
/// As [`crate::import_onnx`]; if the two files are not one computation; if there is no text that is long enough.
pub fn import_generative(
    files: GenerativeFiles<'_>,
    texts: &[Vec<u32>],
    end_tokens: &[u32],
    options: &Options,
) -> Result<ImportedGenerative, ImportError> {
    let chunk = read::typed(files.chunk, options)?;
    let decode = read::typed(files.decode, options)?;
    let states = States::of(&chunk)?;
    let calibration = texts::calibration(&chunk, &states, texts)?;
    let options = Options {
        calibration: Some(calibration),
        target_error: Some(options.target_error.unwrap_or(GENERATIVE_TARGET_ERROR)),
        ..options.clone()
    };
    let (plan, with_logits) = planned(&chunk, &states, &options)?;
    let plan = alike::plan(&chunk, &plan, &decode)?;
    let one = lower(&decode, &plan, None)?;
    let sampling = sampling(&one.graph)?;
    let prefill = Arc::new(without_logits(with_logits.graph)?);
    let mut end_tokens = end_tokens.to_vec();
    end_tokens.sort_unstable();
    end_tokens.dedup();
    let generation = Generation::new(&one.graph, prefill, sampling, end_tokens)
        .map_err(|error| ImportError::model(Problem::Unsupported(error.to_string())))?;
    let generation = Arc::new(generation);
    if let Some(longest) = texts.iter().max_by_key(|text| text.len()) {
        agreement::check(&one.graph, &generation, longest)?;
    }
    let generation = Arc::unwrap_or_clone(generation);
    Ok(ImportedGenerative {
        decode: Imported {
            graph: one.graph,
            report: with_logits.report,
        },
        generation,
    })
}

/// The plan of the chunk, and what it gives. Products of words take the place of products of bytes as long as logits are
/// further off than was asked for, and that brings them nearer.
fn planned(typed: &Typed, states: &States, options: &Options) -> Result<(Plan, Imported), ImportError> {
    let seen = plan::observe(typed, options)?;
    let lowered = |sites| {
        let mut plan = plan::plan_from(typed, options, seen.as_ref(), sites)?;
        states.tie(typed, &mut plan);
        let imported = lower(typed, &plan, options.calibration.as_ref())?;
        Ok::<_, ImportError>((plan, imported))
    };
    let (first, imported) = lowered(Sites::Searched)?;
    let target = options.target_error.unwrap_or(GENERATIVE_TARGET_ERROR);
    let mut best = (first.clone(), imported);
    for round in 1..plan::REFINEMENTS {
        let error = error_of_logits(&best.1);
        if error <= target {
            break;
        }
        // More nodes may be more than a graph can have: what there is stands.
        let Ok(next) = lowered(Sites::Refined(&first, round)) else {
            break;
        };
        if error_of_logits(&next.1) < error {
            best = next;
        }
    }
    Ok(best)
}

fn error_of_logits(imported: &Imported) -> f64 {
    let mut outputs = imported.report.outputs.iter();
    outputs
        .find(|output| output.name == LOGITS)
        .map_or(0.0, |output| output.relative)
}

/// A gap of one octave between two logits is a factor of 2 between their tokens' probabilities.
fn sampling(decode: &Graph) -> Result<Sampling, ImportError> {
    let key = format!("output.{LOGITS}.scale");
    let scale = decode
        .metadata()
        .get(&key)
        .and_then(|text| text.parse::<f64>().ok());
    let scale = scale.filter(|scale| scale.is_finite() && *scale > 0.0);
    let scale = scale.ok_or_else(|| ImportError::model(Problem::Missing("scale of the logits")))?;
    let steps = scale * std::f64::consts::LOG2_E * OCTAVE;
    // As many bits of the multiplier as there are, 30, so far as the shift reaches.
    let shift = (29 - steps.log2().floor() as i64).clamp(0, 62) as u8;
    let multiplier = (steps * (1u64 << shift) as f64)
        .round()
        .clamp(1.0, f64::from(i32::MAX));
    Ok(Sampling {
        multiplier: multiplier as u32,
        shift,
    })
}

/// The same graph with the states' rows as its only outputs.
fn without_logits(graph: Graph) -> Result<Graph, ImportError> {
    let mut parsed = graph.into_parsed();
    let logits = index_of(parsed.outputs.iter().map(|output| output.name.as_str()), LOGITS)?;
    parsed.outputs.remove(logits);
    parsed.metadata.clear();
    parsed
        .check()
        .map_err(|error| ImportError::Graph(Box::new(error)))
}
