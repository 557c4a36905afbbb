//! What the precompile asks: the facts of a model, and inferences, at once or by ticket.

use alloy_primitives::{B256, Bytes};
use core::fmt;
use metisvm_model::generation::{GenerationFacts, Request};
use metisvm_model::{OperatorSet, Work};
use std::sync::Arc;

/// What the precompile asks to know of a model before it runs it. All of it follows from the bundle,
/// whose hash is the model id, so every machine that has the bundle answers the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ModelFacts {
    /// The length of the input: all input tensors, raw and little-endian, in declared order.
    pub input_bytes: u64,
    /// The length of the output, in the same encoding.
    pub output_bytes: u64,
    /// The operators that it uses.
    pub operators: OperatorSet,
    /// What one run costs.
    pub work: Work,
    /// What there is to know besides of a model that generates texts; what is above is then its decode graph's.
    pub generation: Option<GenerationFacts>,
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

    /// Asks for what [`infer`](Self::infer) gives, without waiting for work that goes on elsewhere. An
    /// engine that works on the calling thread has nothing to wait for, and answers with the output.
    ///
    /// An error is a fault of the node, never of the caller in the EVM.
    fn submit(&self, id: B256, input: &[u8]) -> Result<Submitted, EngineError> {
        self.infer(id, input).map(Submitted::Ready)
    }

    /// Generates a text. A pure function of (id, request); the request is one that the model can do by its
    /// [facts](ModelFacts::generation). Gives tokens as u32 in little-endian order, one at least and no more than are
    /// asked for. It waits, as [`infer`](Self::infer) does.
    ///
    /// An error is a fault of the node, never of the caller in the EVM.
    fn generate(&self, id: B256, request: &Request) -> Result<Bytes, EngineError> {
        let _ = request;
        Err(EngineError(format!(
            "model {id} was asked for a text, and this engine generates none"
        )))
    }
}

/// The answer to [`InferenceEngine::submit`].
#[derive(Clone)]
pub enum Submitted {
    /// The output.
    Ready(Bytes),
    /// Work that is waiting or under way.
    Pending(Arc<dyn InferenceTicket>),
}

impl fmt::Debug for Submitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ready(output) => f.debug_tuple("Ready").field(output).finish(),
            Self::Pending(_) => f.write_str("Pending"),
        }
    }
}

/// A claim on the output of one inference. It holds the output once that is there. Dropping it says that
/// nobody here wants the output any more; the engine may do the work all the same.
pub trait InferenceTicket: Send + Sync {
    /// True where [`wait`](Self::wait) would answer at once. Cheap: it is asked again and again.
    fn is_ready(&self) -> bool;

    /// Waits for the output, and gives the same as often as it is asked. It need not be called for the work
    /// to be done.
    ///
    /// An error is a fault of the node, as with [`InferenceEngine::infer`].
    fn wait(&self) -> Result<Bytes, EngineError>;
}
