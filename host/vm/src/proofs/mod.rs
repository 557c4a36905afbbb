//! The precompile that verifies proofs of inferences.
//!
//! docs/vm.md, "The verification precompile", is the normative text; the numbers in the comments here are its rules.

mod abi;
mod key_ring;
mod prices;
mod run;
mod verifier;

pub use abi::IInferenceProofs;
pub use key_ring::KeyRing;
pub use prices::{ProofGasSchedule, ProofGasScheduleVersion};
pub use run::{ProofPrecompile, key_slot};
pub use verifier::{KeyFacts, ProofClaim, ProofVerifier};
