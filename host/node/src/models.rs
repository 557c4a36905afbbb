//! What the node asks of whoever runs its models.

use alloy_primitives::B256;
use serde::Serialize;

/// A model of this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelInfo {
    /// The hash of its bundle.
    pub id: B256,
    /// What people call it.
    pub name: String,
    /// The length of its input, in bytes.
    pub input_bytes: u64,
    /// The length of its output, in bytes.
    pub output_bytes: u64,
    /// Multiply-accumulates of one inference.
    pub macs: u64,
}

/// An inference that was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InferenceRecord {
    /// Which model.
    pub model: B256,
    /// Who did it; several, in the order in which they came to it, where they shared its parts.
    pub backend: String,
    /// How long it took, in microseconds.
    pub duration_us: u64,
}

/// Keeps and runs models. The composition root implements it over its dispatcher.
pub trait ModelHost: std::fmt::Debug + Send + Sync {
    /// The models of this machine.
    fn models(&self) -> Vec<ModelInfo>;

    /// Takes a bundle in, and gives its id.
    ///
    /// # Errors
    /// If the bytes are no bundle.
    fn add(&self, bundle: &[u8]) -> Result<B256, String>;

    /// The last inferences, the newest first.
    fn recent(&self) -> Vec<InferenceRecord>;
}

/// No models at all.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoModels;

impl ModelHost for NoModels {
    fn models(&self) -> Vec<ModelInfo> {
        Vec::new()
    }

    fn add(&self, _: &[u8]) -> Result<B256, String> {
        Err("this node runs no models".to_owned())
    }

    fn recent(&self) -> Vec<InferenceRecord> {
        Vec::new()
    }
}
