//! What proves a model before anything is wrapped: its circuit, or several that are joined.

use crate::circuit::Circuit;
use crate::description::{self, Description};
use crate::error::{CompileError, ProveError};
use crate::held::{PROCESS_BYTES, held_by_recursion, held_bytes};
use crate::inference::Inference;
use crate::layers::{Layers, cuts};
use crate::parameters::Parameters;
use metisvm_model::{Bundle, ModelId};
use metisvm_verifier::{Proof, Verifier};

/// The circuit or circuits of a model.
pub(crate) enum Base {
    /// One circuit.
    Whole(Box<Circuit>),
    /// Several, cut before these nodes.
    Layers(Box<Layers>, Vec<usize>),
}

impl Base {
    pub(crate) fn model(&self) -> ModelId {
        match self {
            Self::Whole(circuit) => circuit.model(),
            Self::Layers(layers, _) => layers.verifier().model(),
        }
    }

    pub(crate) fn verifier(&self) -> &Verifier {
        match self {
            Self::Whole(circuit) => circuit.verifier(),
            Self::Layers(layers, _) => layers.verifier(),
        }
    }

    /// Before which nodes the model is cut.
    pub(crate) fn cuts(&self) -> &[usize] {
        match self {
            Self::Whole(_) => &[],
            Self::Layers(_, cuts) => cuts,
        }
    }

    /// The circuits of the model's nodes, in order.
    pub(crate) fn circuits(&self) -> Vec<Description> {
        match self {
            Self::Whole(circuit) => vec![circuit.description()],
            Self::Layers(layers, _) => layers.descriptions().map(|(_, span)| span.clone()).collect(),
        }
    }

    /// The circuits that join their proofs.
    pub(crate) fn joins(&self) -> Vec<Description> {
        match self {
            Self::Whole(_) => Vec::new(),
            Self::Layers(layers, _) => layers.joins().cloned().collect(),
        }
    }

    /// What each step takes while it proves, and which part of that is held anyway.
    pub(crate) fn steps(&self) -> Vec<(u64, u64)> {
        match self {
            Self::Whole(circuit) => {
                let held = held_bytes(&circuit.verifier().key().common);
                vec![(circuit.description().memory_bytes, held)]
            }
            Self::Layers(layers, _) => {
                // A span's circuit is made for its proof and given up with it.
                let spans = layers.descriptions().map(|(_, span)| (span.memory_bytes, 0));
                let joins = layers
                    .join_keys()
                    .map(|(join, common)| (join.memory_bytes, held_bytes(common)));
                spans.chain(joins).collect()
            }
        }
    }

    pub(crate) fn prove(&self, inference: &Inference<'_>) -> Result<Proof, ProveError> {
        match self {
            Self::Whole(circuit) => circuit.prove(inference),
            Self::Layers(layers, _) => layers.prove(inference),
        }
    }
}

/// Rows of a join, the larger ones, as a power of two: it verifies two proofs of other joins.
const JOIN_DEGREE_BITS: usize = 14;

/// Rows of a join at least: it verifies two proofs, of some 3,700 rows each.
const LEAST_JOIN_DEGREE_BITS: usize = 13;

/// Where to cut a model such that no step takes more than the limit while the joins are held; nothing is built for that.
/// `None` if there is no such way, or none that has more than one span.
pub(crate) fn cuts_within(bundle: &Bundle, memory_limit: u64) -> Result<Option<Vec<usize>>, CompileError> {
    let columns = standard_columns();
    let rate = Parameters::STANDARD.rate_bits();
    let least = description::memory_bytes_at_rate(columns, LEAST_JOIN_DEGREE_BITS, rate);
    let mut joins = 1;
    loop {
        let left = left_for_steps(memory_limit, joins);
        if left < least {
            return Ok(None);
        }
        let cuts = cuts(bundle, Parameters::INNER, left)?;
        if cuts.is_empty() {
            return Ok(None);
        }
        // Each cut is a join, which is held and leaves less for the spans.
        if cuts.len() <= joins {
            return Ok(Some(cuts));
        }
        joins = cuts.len();
    }
}

/// What is left for each step where so many joins are held.
pub(crate) fn left_for_steps(memory_limit: u64, joins: usize) -> u64 {
    let held = held_by_recursion(&Parameters::STANDARD, JOIN_DEGREE_BITS);
    memory_limit
        .saturating_sub(PROCESS_BYTES)
        .saturating_sub(held.saturating_mul(joins as u64))
}

fn standard_columns() -> usize {
    let config = Parameters::STANDARD.config(0);
    description::columns_with_challenges(
        config.num_constants,
        config.num_wires,
        config.num_routed_wires,
        config.num_challenges,
    )
}
