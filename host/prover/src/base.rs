//! What proves a model before anything is wrapped: its circuit, or several that are joined.

use crate::circuit::Circuit;
use crate::description::Description;
use crate::error::ProveError;
use crate::inference::Inference;
use crate::layers::Layers;
use crate::memory::{PROCESS_BYTES, held_bytes};
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
    /// Several.
    pub(crate) fn of_layers(layers: Layers) -> Self {
        let cuts = layers.descriptions().skip(1).map(|(nodes, _)| nodes.start);
        let cuts = cuts.collect();
        Self::Layers(Box::new(layers), cuts)
    }

    pub(crate) fn model(&self) -> ModelId {
        self.verifier().model()
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

    /// What is there while nothing is proven with it, the process among it.
    pub(crate) fn held(&self) -> u64 {
        match self {
            Self::Whole(circuit) => {
                PROCESS_BYTES.saturating_add(held_bytes(&circuit.verifier().key().common))
            }
            Self::Layers(layers, _) => layers.held(),
        }
    }

    /// What is there at most while it proves, the process among it.
    pub(crate) fn memory_bytes(&self) -> u64 {
        match self {
            Self::Whole(circuit) => PROCESS_BYTES.saturating_add(circuit.description().memory_bytes),
            Self::Layers(layers, _) => layers.memory_bytes(),
        }
    }

    pub(crate) fn prove(&self, inference: &Inference<'_>) -> Result<Proof, ProveError> {
        match self {
            Self::Whole(circuit) => circuit.prove(inference),
            Self::Layers(layers, _) => layers.prove(inference),
        }
    }
}
