//! The engine that the blocks are built with: the reference kernels, nothing else. The roots of a block
//! then follow from the definition of inference alone, and every backend has to reach them.

use crate::generator::Kernels;
use alloy_primitives::{B256, Bytes};
use metisvm_model::{Bundle, Reference};
use metisvm_vm::{EngineError, InferenceEngine, ModelFacts, Request};
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
    generators: BTreeMap<B256, Kernels>,
    answers: AtomicU64,
}

impl ReferenceEngine {
    /// An engine that has these models.
    pub fn new(models: impl IntoIterator<Item = (B256, Arc<Reference>)>) -> Self {
        Self {
            models: models.into_iter().collect(),
            ..Self::default()
        }
    }

    /// The same with a bundle that generates; unchanged by one that does not.
    #[must_use]
    pub fn with_generator(mut self, bundle: &Bundle) -> Self {
        if let Some(kernels) = Kernels::new(bundle) {
            let id = B256::from(bundle.id.0);
            self.models.insert(id, kernels.decode().clone());
            self.generators.insert(id, kernels);
        }
        self
    }

    /// How often a model was run, or a text generated.
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
        generation: None,
    }
}

impl InferenceEngine for ReferenceEngine {
    fn model(&self, id: B256) -> Option<ModelFacts> {
        let reference = self.models.get(&id)?;
        let generator = self.generators.get(&id);
        Some(ModelFacts {
            generation: generator.map(|kernels| kernels.generation().facts(reference.segment().graph())),
            ..facts(reference)
        })
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

    fn generate(&self, id: B256, request: &Request) -> Result<Bytes, EngineError> {
        let generator = self
            .generators
            .get(&id)
            .ok_or_else(|| EngineError("no generative model of that name is here".to_owned()))?;
        let tokens = generator.text(request).map_err(EngineError)?;
        self.answers.fetch_add(1, Ordering::Relaxed);
        Ok(tokens.into_iter().flat_map(u32::to_le_bytes).collect())
    }
}
