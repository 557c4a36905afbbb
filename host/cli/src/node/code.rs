//! The contracts that genesis places for inference and proofs, as `contracts/compile.js` writes them.

use crate::error::CliError;
use alloy_primitives::Bytes;
use metisvm_node::genesis::InferenceCode;

const STUB: &str = include_str!("../../../../contracts/artifacts/InferenceStub.json");
const REGISTRY: &str = include_str!("../../../../contracts/artifacts/ModelRegistry.json");
const KEY_REGISTRY: &str = include_str!("../../../../contracts/artifacts/KeyRegistry.json");

/// The code.
///
/// # Errors
/// If the binary was damaged.
pub(super) fn inference_code() -> Result<InferenceCode, CliError> {
    Ok(InferenceCode {
        stub: deployed("inference stub", STUB)?,
        registry: deployed("model registry", REGISTRY)?,
        key_registry: deployed("key registry", KEY_REGISTRY)?,
    })
}

fn deployed(what: &'static str, artefact: &str) -> Result<Bytes, CliError> {
    let damaged = |problem: String| CliError::Bundled { what, problem };
    let json: serde_json::Value =
        serde_json::from_str(artefact).map_err(|error| damaged(error.to_string()))?;
    let code = json["deployedBytecode"].as_str();
    code.and_then(|code| code.parse().ok())
        .ok_or_else(|| damaged("it has no deployed code".to_owned()))
}
