//! The two digit models, from their ONNX files to what the chain registers.

use crate::{Digit, Network, ReferenceEngine, WorkloadError, engine::facts, outputs};
use alloy_primitives::B256;
use metisvm_import::{Options, import_onnx};
use metisvm_model::{Bundle, Graph, Reference};
use metisvm_vm::ModelFacts;
use std::sync::Arc;

/// A digit model, ready to be registered and run.
#[derive(Debug, Clone)]
pub struct DigitModel {
    /// Which network it is.
    pub network: Network,
    /// The model id: the hash of the bundle.
    pub id: B256,
    /// The bytes of the bundle.
    pub bundle: Vec<u8>,
    /// The model under the reference kernels.
    pub reference: Arc<Reference>,
}

impl DigitModel {
    /// The model of a network's QDQ file, with the one output that `DigitClassifier` understands.
    pub fn import(network: Network) -> Result<Self, WorkloadError> {
        let imported =
            import_onnx(network.onnx(), &Options::default()).map_err(|error| WorkloadError::Import {
                file: network.file(),
                problem: error.to_string(),
            })?;
        Self::new(network, outputs::for_the_classifier(network, imported.graph)?)
    }

    fn new(network: Network, graph: Graph) -> Result<Self, WorkloadError> {
        let (Bundle { id, graph, .. }, bundle) = Bundle::encode(graph)?;
        Ok(Self {
            network,
            id: B256::from(id.0),
            bundle,
            reference: Arc::new(Reference::new(Arc::new(graph))),
        })
    }

    /// What the chain wants to know of it.
    pub fn facts(&self) -> ModelFacts {
        facts(&self.reference)
    }

    /// The class that the reference kernels give a digit, read from the output as `DigitClassifier`
    /// reads it.
    pub fn classify(&self, digit: &Digit) -> u8 {
        let output = self
            .reference
            .run(&self.network.input(digit))
            .expect("both networks take 64 bytes");
        match <[u8; 4]>::try_from(output.as_slice()) {
            Ok(class) => i32::from_le_bytes(class) as u8,
            // Of the greatest logits the first: the last that `max_by_key` meets from behind.
            Err(_) => {
                let logits = output.iter().map(|byte| byte.cast_signed());
                let best = logits.enumerate().rev().max_by_key(|(_, logit)| *logit);
                best.map_or(0, |(class, _)| class as u8)
            }
        }
    }
}

/// Both models.
#[derive(Debug, Clone)]
pub struct DigitModels {
    /// The MLP.
    pub mlp: DigitModel,
    /// The CNN.
    pub cnn: DigitModel,
}

impl DigitModels {
    /// The models of models/digits, imported.
    pub fn import() -> Result<Self, WorkloadError> {
        Ok(Self {
            mlp: DigitModel::import(Network::Mlp)?,
            cnn: DigitModel::import(Network::Cnn)?,
        })
    }

    /// The model of a network.
    pub const fn of(&self, network: Network) -> &DigitModel {
        match network {
            Network::Mlp => &self.mlp,
            Network::Cnn => &self.cnn,
        }
    }

    /// An engine that runs both by the reference kernels.
    pub fn engine(&self) -> Arc<ReferenceEngine> {
        let models = [&self.mlp, &self.cnn];
        Arc::new(ReferenceEngine::new(
            models.map(|model| (model.id, model.reference.clone())),
        ))
    }
}
