//! What proves a model before anything is wrapped: its circuit, or several that are joined.

use crate::circuit::Circuit;
use crate::description::Description;
use crate::error::ProveError;
use crate::held::{PROCESS_BYTES, held_bytes};
use crate::inference::Inference;
use crate::layers::Layers;
use metisvm_model::ModelId;
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

    /// What is held while any step proves, the process itself included.
    pub(crate) fn held(&self) -> u64 {
        match self {
            Self::Whole(circuit) => {
                PROCESS_BYTES.saturating_add(held_bytes(&circuit.verifier().key().common))
            }
            Self::Layers(layers, _) => layers.held(),
        }
    }

    pub(crate) fn prove(&self, inference: &Inference<'_>) -> Result<Proof, ProveError> {
        match self {
            Self::Whole(circuit) => circuit.prove(inference),
            Self::Layers(layers, _) => layers.prove(inference),
        }
    }
}
