//! The verifying keys of the node: those that it began with, and those that clients add while it runs.

use crate::error::NodeError;
use alloy_primitives::B256;
use metisvm_vm::{KeyFacts, KeyRing, ProofClaim, ProofVerifier};
use serde::Serialize;
use std::{
    fmt,
    sync::{PoisonError, RwLock, RwLockReadGuard},
};

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

/// Writes a key, named by its digest, where it is found at the next start.
pub type Keep = Box<dyn Fn(B256, &[u8]) -> Result<(), String> + Send + Sync>;

/// Verifying keys that can become more. The EVM asks it while blocks are executed.
#[derive(Default)]
pub struct Keys {
    ring: RwLock<KeyRing>,
    keep: Option<Keep>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Keys").field(&self.ring()).finish()
    }
}

impl Keys {
    /// The keys of a ring.
    pub fn new(ring: KeyRing) -> Self {
        Self {
            ring: RwLock::new(ring),
            keep: None,
        }
    }

    /// The same, writing down each key that is added from now on.
    #[must_use]
    pub fn keeping(mut self, keep: Keep) -> Self {
        self.keep = Some(keep);
        self
    }

    fn ring(&self) -> RwLockReadGuard<'_, KeyRing> {
        // A ring is whole between any two of its steps.
        self.ring.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a key by its bytes, and gives its digest. One that is here already is no error.
    ///
    /// # Errors
    /// If the bytes are no key, there are too many, or the key cannot be written down; it is here then, until the node
    /// ends.
    pub fn add(&self, bytes: &[u8]) -> Result<B256, NodeError> {
        let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
        if ring.len() >= MOST {
            return Err(NodeError::TooMuch(format!(
                "this node has {MOST} keys, which is the most; start another"
            )));
        }
        let digest = ring
            .add(bytes)
            .map_err(|error| NodeError::Invalid(format!("these bytes are no verifying key: {error}")))?;
        drop(ring);
        if let Some(keep) = &self.keep {
            keep(digest, bytes).map_err(|problem| {
                NodeError::Fault(format!(
                    "key {digest} is used until the node ends, and cannot be kept for later: {problem}"
                ))
            })?;
        }
        Ok(digest)
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
