//! The keys of the bundled models' proofs, by which a change of the circuits is seen.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use metisvm_model::Bundle;
use metisvm_prover::{CIRCUITS_REVISION, Form, Prover, key_digest};
use support::repository;

/// The revision of the circuits that have these keys.
const REVISION: u32 = 1;
const KEYS: [(&str, Form, &str); 4] = [
    (
        "mlp",
        Form::Raw,
        "0xae8b49aa2dbdfb24822e3d8b06b05fd1556c9720648ca9fe7b697f94b661f121",
    ),
    (
        "mlp",
        Form::Wrapped,
        "0x92b6edc989954f05d196b07e44f903ed7224308cdf80506e380e4413a2bd2ffc",
    ),
    (
        "cnn",
        Form::Raw,
        "0x558127b8621ee59c406dfe0c6af63ae3c265752f307c61fd56ff6be03e99889e",
    ),
    (
        "cnn",
        Form::Blinded,
        "0xd418a56ae02baa02298a2a142fc24ff5d5ae18fc0a92bcdcc7ac88f986c4c6ba",
    ),
];

/// Kept keys are found by the revision. A change of circuits that does not raise it would leave keys in place that
/// refuse every new proof and accept old ones.
#[test]
fn whatever_changes_keys_raises_the_revision() {
    let mut changed = Vec::new();
    for (model, form, expected) in KEYS {
        let file = repository(&format!("host/cli/bundled/digits-{model}.bundle"));
        let bundle = Bundle::decode(&std::fs::read(file).unwrap()).unwrap();
        let prover = Prover::new(&bundle, form, 4 << 30, &mut |_| ()).unwrap();
        let digest = key_digest(form, prover.verifier()).unwrap().to_string();
        if digest != expected {
            changed.push(format!("{model} {form}: {digest}"));
        }
    }
    assert!(
        changed.is_empty(),
        "keys differ from those of revision {REVISION}: raise CIRCUITS_REVISION in host/prover/src/keys.rs, and put it and \
         these keys here: {changed:#?}"
    );
    assert_eq!(CIRCUITS_REVISION, REVISION, "raised without another key");
}
