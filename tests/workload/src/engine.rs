//! The engine that the blocks are built with: the reference kernels, nothing else. The roots of a block
//! then follow from the definition of inference alone, and every backend has to reach them.

use alloy_primitives::{B256, Bytes};
use metisvm_model::Reference;
use metisvm_vm::{EngineError, InferenceEngine, ModelFacts};
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// Runs models by the reference kernels and counts its answers.
#[derive(Debug, Default)]
pub struct ReferenceEngine {
    models: BTreeMap<B256, Arc<Reference>>,
    answers: AtomicU64,
}

impl ReferenceEngine {
    /// An engine that has these models.
    pub fn new(models: impl IntoIterator<Item = (B256, Arc<Reference>)>) -> Self {
        Self {
            models: models.into_iter().collect(),
            answers: AtomicU64::new(0),
        }
    }

    /// How often a model was run.
    pub fn answers(&self) -> u64 {
        self.answers.load(Ordering::Relaxed)
    }
}

/// What the chain wants to know of a model.
pub(crate) fn facts(reference: &Reference) -> ModelFacts {
    let graph = reference.segment().graph();
    ModelFacts {
        input_bytes: graph.input_bytes() as u64,
        output_bytes: graph.output_bytes() as u64,
        operators: graph.operators(),
        work: graph.work(),
    }
}

impl InferenceEngine for ReferenceEngine {
    fn model(&self, id: B256) -> Option<ModelFacts> {
        self.models.get(&id).map(|reference| facts(reference))
    }

    fn infer(&self, id: B256, input: &[u8]) -> Result<Bytes, EngineError> {
        let reference = self
            .models
            .get(&id)
            .ok_or_else(|| EngineError("the model is not here".to_owned()))?;
        let output = reference
            .run(input)
            .map_err(|error| EngineError(error.to_string()))?;
        self.answers.fetch_add(1, Ordering::Relaxed);
        Ok(output.into())
    }
}
