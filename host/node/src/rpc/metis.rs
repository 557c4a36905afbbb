//! `metis_*`: models.

use super::served::{Module, Served, method};
use crate::{error::NodeError, models::ModelInfo};
use alloy_primitives::{B256, Bytes, U256};
use jsonrpsee::core::RegisterMethodError;
use metisvm_vm::registry_slot;
use revm::DatabaseRef;
use serde::Serialize;

/// A model, and whether the chain knows it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    #[serde(flatten)]
    model: ModelInfo,
    registered: bool,
}

pub(super) fn register(module: &mut Module) -> Result<(), RegisterMethodError> {
    method(module, &["metis_models"], |node, _| {
        node.models
            .models()
            .into_iter()
            .map(|model| listed(node, model))
            .collect::<Result<Vec<_>, _>>()
    })?;
    method(module, &["metis_modelInfo"], |node, args| {
        let id: B256 = args.get(0, "model id")?;
        let found = node.models.models().into_iter().find(|model| model.id == id);
        found.map(|model| listed(node, model)).transpose()
    })?;
    method(module, &["metis_addModel"], |node, args| {
        let bundle: Bytes = args.get(0, "bundle")?;
        node.models.add(&bundle).map_err(NodeError::Invalid)
    })?;
    method(module, &["metis_registerModel"], |node, args| {
        let id: B256 = args.get(0, "model id")?;
        set_registered(node, id, true)
    })?;
    method(module, &["metis_unregisterModel"], |node, args| {
        let id: B256 = args.get(0, "model id")?;
        set_registered(node, id, false)
    })?;
    method(module, &["metis_inferences"], |node, args| {
        let most: usize = args.opt(0, "how many")?.unwrap_or(20);
        let mut recent = node.models.recent();
        recent.truncate(most);
        Ok(recent)
    })
}

fn listed(node: &Served, model: ModelInfo) -> Result<Listed, NodeError> {
    let registered = match &node.spec().inference {
        Some(inference) => {
            let world = node.chain.tip()?.world;
            !world
                .storage_ref(inference.registry, registry_slot(model.id))?
                .is_zero()
        }
        None => false,
    };
    Ok(Listed { model, registered })
}

/// Registers a model by hand, or takes it out of the registry.
fn set_registered(node: &Served, id: B256, on: bool) -> Result<bool, NodeError> {
    let Some(inference) = &node.spec().inference else {
        return Err(NodeError::Refused(format!(
            "{} has no inference: there is no registry to write to",
            node.spec().name
        )));
    };
    if on && !node.models.models().iter().any(|model| model.id == id) {
        return Err(NodeError::Refused(format!(
            "model {id} is not on this machine, and its first call would stop the chain: add its bundle first \
             (metis_addModel)"
        )));
    }
    node.write_contract(inference.registry, registry_slot(id), U256::from(on))
}
