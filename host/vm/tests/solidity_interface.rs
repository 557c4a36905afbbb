//! What Solidity callers compile against is what the precompile speaks.

use alloy_primitives::keccak256;
use alloy_sol_types::SolInterface;
use metisvm_vm::IInference::{IInferenceCalls, IInferenceErrors};
use metisvm_vm::IInferenceProofs::{IInferenceProofsCalls, IInferenceProofsErrors};

const INFERENCE: &str = include_str!("../../../contracts/artifacts/IInference.json");
const PROOFS: &str = include_str!("../../../contracts/artifacts/IInferenceProofs.json");

/// The selectors that a committed artefact has of one kind of entry, sorted.
#[allow(clippy::unwrap_used)] // a panic is how a test fails
fn selectors(artefact: &str, kind: &str) -> Vec<[u8; 4]> {
    let artefact: serde_json::Value = serde_json::from_str(artefact).unwrap();
    let entries = artefact["abi"].as_array().unwrap();
    let mut found: Vec<[u8; 4]> = entries
        .iter()
        .filter(|entry| entry["type"] == kind)
        .map(|entry| {
            let inputs = entry["inputs"].as_array().unwrap();
            let types: Vec<&str> = inputs.iter().filter_map(|input| input["type"].as_str()).collect();
            let signature = format!("{}({})", entry["name"].as_str().unwrap(), types.join(","));
            *keccak256(signature).first_chunk().unwrap()
        })
        .collect();
    found.sort_unstable();
    found
}

fn sorted(selectors: impl Iterator<Item = [u8; 4]>) -> Vec<[u8; 4]> {
    let mut selectors: Vec<_> = selectors.collect();
    selectors.sort_unstable();
    selectors
}

#[test]
fn the_artefact_has_the_functions_and_errors_of_the_precompile() {
    assert_eq!(
        selectors(INFERENCE, "error"),
        sorted(IInferenceErrors::selectors())
    );
    assert_eq!(
        selectors(INFERENCE, "function"),
        sorted(IInferenceCalls::selectors())
    );
    assert_eq!(selectors(INFERENCE, "error").len(), 10);
}

#[test]
fn the_artefact_has_the_functions_and_errors_of_the_verification_precompile() {
    assert_eq!(
        selectors(PROOFS, "error"),
        sorted(IInferenceProofsErrors::selectors())
    );
    assert_eq!(
        selectors(PROOFS, "function"),
        sorted(IInferenceProofsCalls::selectors())
    );
    assert_eq!(
        (
            selectors(PROOFS, "error").len(),
            selectors(PROOFS, "function").len()
        ),
        (3, 3)
    );
}
