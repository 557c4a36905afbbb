use alloy_primitives::{B256, Bytes};
use metisvm_model::Work;

/// What the precompile asks to know of a model before it runs it. All of it follows from the bundle,
/// whose hash is the model id, so every machine that has the bundle answers the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ModelFacts {
    /// The length of the input: all input tensors, raw and little-endian, in declared order.
    pub input_bytes: u64,
    /// The length of the output, in the same encoding.
    pub output_bytes: u64,
    /// What one run costs.
    pub work: Work,
}

/// A fault of this node. It stops the execution of the block here and is never visible in the EVM.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct EngineError(
    /// What went wrong, for the operator of the node.
    pub String,
);

/// Runs models. The dispatcher implements it; the inference precompile calls it, and nothing else does.
pub trait InferenceEngine: Send + Sync {
    /// The facts of a model that this machine has, `None` where its bundle is not here.
    fn model(&self, id: B256) -> Option<ModelFacts>;

    /// Runs a model. A pure function of (id, input); `input` has exactly
    /// [`input_bytes`](ModelFacts::input_bytes) bytes, and the output has to have
    /// [`output_bytes`](ModelFacts::output_bytes).
    ///
    /// An error is a fault of the node, never of the caller in the EVM.
    fn infer(&self, id: B256, input: &[u8]) -> Result<Bytes, EngineError>;
}
