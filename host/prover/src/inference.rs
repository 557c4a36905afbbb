//! What is to be proven.

use crate::error::ProveError;
use metisvm_model::{Graph, WrongInputLength};
use metisvm_verifier::commitment::Salt;

/// What is to be proven.
#[derive(Clone, Copy, Debug)]
pub struct Inference<'a> {
    /// The raw input of the model.
    pub input: &'a [u8],
    /// What hides the input in its commitment.
    pub salt: &'a Salt,
    /// The chain that the proof is for.
    pub chain_id: u64,
    /// The job that it is for.
    pub job_id: [u8; 32],
}

impl Inference<'_> {
    /// Makes sure that the input has the length that a model takes.
    pub(crate) fn check_length(&self, graph: &Graph) -> Result<(), ProveError> {
        if self.input.len() == graph.input_bytes() {
            return Ok(());
        }
        Err(ProveError::Input(WrongInputLength {
            expected: graph.input_bytes(),
            actual: self.input.len(),
        }))
    }
}
