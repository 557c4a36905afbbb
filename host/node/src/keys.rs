//! The verifying keys of the node: those that it began with, and those that clients add while it runs.

use crate::error::NodeError;
use alloy_primitives::B256;
use metisvm_vm::{KeyFacts, KeyRing, ProofClaim, ProofVerifier};
use serde::Serialize;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

/// The most keys: each is some kilobytes, and a machine has few models that are proven.
const MOST: usize = 1024;

/// A key of this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyInfo {
    /// The hash of its bytes, by which the registry of keys names it.
    pub digest: B256,
    /// The model whose inferences it verifies.
    pub model: B256,
    /// The length of the model's output, in bytes.
    pub output_bytes: u64,
    /// The length of every proof, in bytes.
    pub proof_bytes: u64,
}

/// Verifying keys that can become more. The EVM asks it while blocks are executed.
#[derive(Debug, Default)]
pub struct Keys(RwLock<KeyRing>);

impl Keys {
    /// The keys of a ring.
    pub fn new(ring: KeyRing) -> Self {
        Self(RwLock::new(ring))
    }

    fn ring(&self) -> RwLockReadGuard<'_, KeyRing> {
        // A ring is whole between any two of its steps.
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a key by its bytes, and gives its digest. One that is here already is no error.
    ///
    /// # Errors
    /// If the bytes are no key, or there are too many.
    pub fn add(&self, bytes: &[u8]) -> Result<B256, NodeError> {
        let mut ring = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if ring.len() >= MOST {
            return Err(NodeError::TooMuch(format!(
                "this node has {MOST} keys, which is the most; start another"
            )));
        }
        ring.add(bytes)
            .map_err(|error| NodeError::Invalid(format!("these bytes are no verifying key: {error}")))
    }

    /// A key by its digest.
    pub fn info(&self, digest: B256) -> Option<KeyInfo> {
        info(&self.ring(), digest)
    }

    /// Every key, by rising digest.
    pub fn all(&self) -> Vec<KeyInfo> {
        let ring = self.ring();
        let digests = ring.digests().into_iter();
        digests.filter_map(|digest| info(&ring, digest)).collect()
    }
}

fn info(ring: &KeyRing, digest: B256) -> Option<KeyInfo> {
    let facts = ring.key(digest)?;
    Some(KeyInfo {
        digest,
        model: ring.model(digest)?,
        output_bytes: facts.output_bytes,
        proof_bytes: facts.proof_bytes,
    })
}

impl ProofVerifier for Keys {
    fn key(&self, digest: B256) -> Option<KeyFacts> {
        self.ring().key(digest)
    }

    fn verify(&self, digest: B256, claim: &ProofClaim<'_>, proof: &[u8]) -> bool {
        // Verifications share the lock; only a key that is being added waits for them, some milliseconds.
        self.ring().verify(digest, claim, proof)
    }
}
