use crate::engine::EngineError;
use alloy_primitives::B256;

/// Why this node cannot execute a call of a precompile that other nodes can. It ends the execution of
/// the block here; contracts never see it, and it never turns into a revert.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NodeFault {
    /// The model is registered on the chain, but its bundle is not on this machine.
    #[error("model {model} is registered, but its bundle is not on this machine")]
    BundleMissing {
        /// The model id.
        model: B256,
    },
    /// A model was called, but the EVM was made without an engine.
    #[error("model {model} was called, but no inference engine is attached")]
    NoEngine {
        /// The model id.
        model: B256,
    },
    /// The engine failed.
    #[error("inference of model {model} failed on this machine: {error}")]
    Engine {
        /// The model id.
        model: B256,
        /// What the engine said.
        error: EngineError,
    },
    /// The engine returned an output of a length that the model does not have.
    #[error("inference of model {model} returned {actual} bytes where the model has {expected}")]
    OutputLength {
        /// The model id.
        model: B256,
        /// The length that the model declares.
        expected: u64,
        /// The length that came.
        actual: usize,
    },
    /// The engine generated what no text of the model is.
    #[error("a text of model {model} came from this machine's engine with {problem}")]
    Text {
        /// The model id.
        model: B256,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The key is registered on the chain, but it is not on this machine.
    #[error("the verifying key {digest} of model {model} is registered, but it is not on this machine")]
    KeyMissing {
        /// The model id.
        model: B256,
        /// The digest of the key.
        digest: B256,
    },
    /// The registry could not be read from the state.
    #[error("the registry cannot be read: {0}")]
    State(String),
}
