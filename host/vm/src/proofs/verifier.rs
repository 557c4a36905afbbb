//! What the precompile asks: the facts of a verifying key, and whether a proof proves a claim.

use alloy_primitives::B256;
use metisvm_verifier::VerifyWork;

/// What the precompile asks to know of a key before a proof is looked at. All of it follows from the key's bytes,
/// whose hash is the digest, so every machine that has the key answers the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyFacts {
    /// The length of the model's output.
    pub output_bytes: u64,
    /// The length of every proof.
    pub proof_bytes: u64,
    /// What one verification costs.
    pub work: VerifyWork,
}

/// What a proof is said to prove: that the model gives the output, on the input that the commitment binds, for this
/// chain and job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProofClaim<'a> {
    /// The model id.
    pub model: B256,
    /// The commitment to the input.
    pub input_commitment: B256,
    /// The output, of any length.
    pub output: &'a [u8],
    /// The chain that executes the call.
    pub chain_id: u64,
    /// The job.
    pub job_id: B256,
}

/// Has verifying keys and verifies proofs with them; the precompile calls it, and nothing else does.
pub trait ProofVerifier: Send + Sync {
    /// The facts of a key that this machine has, `None` where it is not here.
    fn key(&self, digest: B256) -> Option<KeyFacts>;

    /// Whether the proof proves the claim. A pure function of its arguments: `false` for whatever is no proof of it,
    /// a key of another model among them, and for a key that is not here, which [`key`](Self::key) tells first.
    fn verify(&self, digest: B256, claim: &ProofClaim<'_>, proof: &[u8]) -> bool;
}
