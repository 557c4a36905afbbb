//! `metis_*`: verifying keys of proofs.

use super::served::{Module, Served, method};
use crate::{error::NodeError, keys::KeyInfo};
use alloy_primitives::{B256, Bytes, U256};
use jsonrpsee::core::RegisterMethodError;
use metisvm_vm::{ProofExtension, key_slot};
use revm::DatabaseRef;
use serde::Serialize;

/// A key, and whether the chain accepts proofs under it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    #[serde(flatten)]
    key: KeyInfo,
    registered: bool,
}

pub(super) fn register(module: &mut Module) -> Result<(), RegisterMethodError> {
    method(module, &["metis_keys"], |node, _| {
        let keys = node.keys.all().into_iter();
        keys.map(|key| listed(node, key)).collect::<Result<Vec<_>, _>>()
    })?;
    method(module, &["metis_keyInfo"], |node, args| {
        let digest: B256 = args.get(0, "key digest")?;
        node.keys.info(digest).map(|key| listed(node, key)).transpose()
    })?;
    method(module, &["metis_addKey"], |node, args| {
        let bytes: Bytes = args.get(0, "key")?;
        node.keys.add(&bytes)
    })?;
    method(module, &["metis_registerKey"], |node, args| {
        set_registered(node, args.get(0, "key digest")?, true)
    })?;
    method(module, &["metis_unregisterKey"], |node, args| {
        set_registered(node, args.get(0, "key digest")?, false)
    })
}

fn proofs(node: &Served) -> Option<ProofExtension> {
    node.spec().inference.as_ref()?.proofs
}

fn listed(node: &Served, key: KeyInfo) -> Result<Listed, NodeError> {
    let registered = match proofs(node) {
        Some(proofs) => {
            let world = node.chain.tip()?.world;
            let slot = key_slot(key.model, proofs.circuit_version);
            B256::from(world.storage_ref(proofs.registry, slot)?) == key.digest
        }
        None => false,
    };
    Ok(Listed { key, registered })
}

/// Registers a key for its model by hand, in place of one that is registered for it, or takes it out of the registry.
fn set_registered(node: &Served, digest: B256, on: bool) -> Result<bool, NodeError> {
    let Some(proofs) = proofs(node) else {
        return Err(NodeError::Refused(format!(
            "{} verifies no proofs: there is no registry of keys to write to",
            node.spec().name
        )));
    };
    let Some(key) = node.keys.info(digest) else {
        return Err(NodeError::Refused(format!(
            "no key with digest {digest} is on this machine, and the first proof under it would stop the chain: add its \
             bytes first (metis_addKey; metisvm key --out writes them)"
        )));
    };
    if !on && !listed(node, key)?.registered {
        return Ok(false);
    }
    let value = if on { digest.into() } else { U256::ZERO };
    node.write_contract(
        proofs.registry,
        key_slot(key.model, proofs.circuit_version),
        value,
    )
}
