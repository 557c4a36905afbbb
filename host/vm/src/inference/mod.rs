//! The inference precompile: contracts call models as they call a contract.
//!
//! docs/vm.md, "The inference precompile", is the normative text; the numbers in the comments here are
//! its rules.

mod abi;
mod generate;
mod run;

pub use abi::IInference;
pub use run::{InferencePrecompile, registry_slot};
