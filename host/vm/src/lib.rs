//! The EVM of MetisVM: revm, told by a [`ChainSpec`] which forks and which of our extensions apply.
//!
//! - [`ChainSpec`] is data: fork schedule, blob schedule, extensions with their activation.
//! - [`MetisEvmFactory`] makes an EVM for a block; the inference precompile is in it exactly where the
//!   spec says so.
//! - [`InferenceEngine`] is what the precompile asks; the dispatcher implements it.
//! - [`ProofVerifier`] is what the precompile that verifies proofs asks; a [`KeyRing`] implements it.
//!
//! The normative text for everything here that consensus sees is docs/vm.md.

mod call;
mod chain_spec;
mod creation;
mod engine;
mod error;
mod evm;
mod extension;
mod factory;
mod fault;
mod forks;
mod gas_schedule;
mod inference;
mod native;
mod object;
mod precompiles;
mod proofs;

pub use chain_spec::{BlobScheduleEntry, ChainSpec, MEMORY_LIMIT};
pub use engine::{EngineError, InferenceEngine, InferenceTicket, ModelFacts, Submitted};
pub use error::SpecError;
pub use evm::MetisEvm;
pub use extension::{Activation, GasScheduleFork, InferenceExtension, ProofExtension};
pub use factory::MetisEvmFactory;
pub use fault::NodeFault;
pub use forks::ForkSchedule;
pub use gas_schedule::{GasSchedule, GasScheduleVersion};
pub use inference::{IInference, InferencePrecompile, registry_slot};
pub use metisvm_model::generation::{GenerationFacts, Request};
pub use metisvm_model::{OperatorId, OperatorSet, Work};
pub use metisvm_verifier::{KeyError, VerifyWork};
pub use native::native_rules;
pub use precompiles::{MetisPrecompiles, Rearranged};
pub use proofs::{
    IInferenceProofs, KeyFacts, KeyRing, ProofClaim, ProofGasSchedule, ProofGasScheduleVersion,
    ProofPrecompile, ProofVerifier, key_slot,
};
