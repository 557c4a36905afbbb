//! The verifying keys of a machine.

use super::verifier::{KeyFacts, ProofClaim, ProofVerifier};
use alloy_primitives::{B256, Keccak256};
use metisvm_model::ModelId;
use metisvm_verifier::{Commitment, KeyDigest, KeyError, Statement, Verifier, key_bytes};
use quick_cache::sync::Cache;
use std::collections::HashMap;

/// Verifications that are remembered. A block is executed more than once where it is executed in parallel, or built
/// and then checked.
const REMEMBERED: usize = 1 << 12;

/// Verifying keys by digest. It remembers what it has verified; gas does not notice.
#[derive(Debug)]
pub struct KeyRing {
    keys: HashMap<B256, Verifier>,
    /// What came of a verification, by the hash of all that it depends on.
    verified: Cache<B256, bool>,
}

impl Default for KeyRing {
    fn default() -> Self {
        Self {
            keys: HashMap::new(),
            verified: Cache::new(REMEMBERED),
        }
    }
}

impl KeyRing {
    /// Adds a key by its bytes, under their digest.
    ///
    /// # Errors
    /// If they are no key.
    pub fn add(&mut self, bytes: &[u8]) -> Result<B256, KeyError> {
        let digest = KeyDigest::of(bytes);
        let key = key_bytes::from_bytes(bytes, &digest)?;
        let digest = B256::from(digest.0);
        self.keys.insert(digest, key);
        Ok(digest)
    }

    /// The model of a key; `None` where the key is not here.
    pub fn model(&self, digest: B256) -> Option<B256> {
        self.keys.get(&digest).map(|key| B256::from(key.model().0))
    }

    /// The digests of the keys, in rising order.
    pub fn digests(&self) -> Vec<B256> {
        let mut digests: Vec<B256> = self.keys.keys().copied().collect();
        digests.sort_unstable();
        digests
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// True where there is none.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

impl ProofVerifier for KeyRing {
    fn key(&self, digest: B256) -> Option<KeyFacts> {
        self.keys.get(&digest).map(|key| KeyFacts {
            output_bytes: key.output_bytes() as u64,
            proof_bytes: key.proof_bytes() as u64,
            work: key.work(),
        })
    }

    fn verify(&self, digest: B256, claim: &ProofClaim<'_>, proof: &[u8]) -> bool {
        let Some(key) = self.keys.get(&digest) else {
            return false;
        };
        // What cannot be a proof costs nothing to refuse, and is not worth a place in memory.
        if proof.len() != key.proof_bytes() || claim.output.len() != key.output_bytes() {
            return false;
        }
        let Some(input) = Commitment::from_bytes(&claim.input_commitment.0) else {
            return false;
        };
        let name = name(digest, claim, proof);
        if let Some(verified) = self.verified.get(&name) {
            return verified;
        }
        let statement = Statement {
            model: ModelId(claim.model.0),
            input,
            output: claim.output.to_vec(),
            chain_id: claim.chain_id,
            job_id: claim.job_id.0,
        };
        let verified = key.verify(&statement, proof).is_ok();
        self.verified.insert(name, verified);
        verified
    }
}

/// The hash of all that a verification depends on. Parts of fixed length come first; the key fixes the length of the
/// output, so that no two verifications give the same bytes.
fn name(digest: B256, claim: &ProofClaim<'_>, proof: &[u8]) -> B256 {
    let mut hasher = Keccak256::new();
    hasher.update(digest);
    hasher.update(claim.model);
    hasher.update(claim.input_commitment);
    hasher.update(claim.chain_id.to_be_bytes());
    hasher.update(claim.job_id);
    hasher.update(claim.output);
    hasher.update(proof);
    hasher.finalize()
}
