//! The compiled contracts, as `contracts/compile.js` writes them.

use alloy_primitives::{Bytes, U256};
use serde::Deserialize;

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Artefact {
    /// The creation code, to which constructor arguments are appended.
    #[serde(rename = "bytecode")]
    pub(crate) creation: Bytes,
    /// The code that genesis can place.
    #[serde(rename = "deployedBytecode")]
    pub(crate) runtime: Bytes,
    storage_layout: StorageLayout,
}

#[derive(Debug, Clone, Deserialize)]
struct StorageLayout {
    storage: Vec<Variable>,
}

#[derive(Debug, Clone, Deserialize)]
struct Variable {
    label: String,
    slot: U256,
}

macro_rules! artefact {
    ($function:ident, $name:literal) => {
        pub(crate) fn $function() -> Artefact {
            serde_json::from_str(include_str!(concat!(
                "../../../contracts/artifacts/",
                $name,
                ".json"
            )))
            .expect("a test compiles the contracts anew and compares")
        }
    };
}

artefact!(token, "Token");
artefact!(pair, "Pair");
artefact!(digit_classifier, "DigitClassifier");
artefact!(classifier_caller, "ClassifierCaller");
artefact!(dao, "Dao");
artefact!(collectible, "Collectible");
artefact!(model_registry, "ModelRegistry");
artefact!(inference_stub, "InferenceStub");
artefact!(key_registry, "KeyRegistry");
artefact!(inference_ledger, "InferenceLedger");
artefact!(private_credit, "PrivateCredit");
artefact!(storyteller, "Storyteller");

impl Artefact {
    /// The creation code with constructor arguments.
    pub(crate) fn deploy(&self, arguments: &[u8]) -> Bytes {
        [&self.creation, arguments].concat().into()
    }

    /// The slot of a state variable.
    ///
    /// # Panics
    /// If the contract has no such variable: then this crate and the contract were not changed together.
    pub(crate) fn slot(&self, label: &str) -> U256 {
        let found = self
            .storage_layout
            .storage
            .iter()
            .find(|variable| variable.label == label);
        found
            .unwrap_or_else(|| panic!("the contract has no state variable {label}"))
            .slot
    }
}
