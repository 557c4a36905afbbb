//! What a spec says of proofs.

use super::{SpecError, dev_with};
use crate::ChainSpec;
use serde_json::{Value, json};

fn with(key: &str, value: Value) -> Result<ChainSpec, SpecError> {
    dev_with(|spec| spec["inference"]["proofs"][key] = value)
}

fn refused(key: &str, value: Value) -> String {
    with(key, value).unwrap_err().to_string()
}

#[test]
fn the_development_chain_verifies_proofs_from_its_time_on_and_mainnet_never() {
    let spec = ChainSpec::metis_dev();
    let active = |timestamp| {
        let inference = spec.active_inference(u64::MAX, timestamp).unwrap();
        inference.active_proofs(u64::MAX, timestamp).is_some()
    };
    // 00:00 UTC on 1 December 2026.
    assert!(!active(1_796_083_199) && active(1_796_083_200));
    assert_eq!(ChainSpec::mainnet().inference, None);
    let without = dev_with(|json| {
        json["inference"].as_object_mut().unwrap().remove("proofs");
    });
    assert_eq!(without.unwrap().inference.unwrap().proofs, None);
}

#[test]
fn addresses_of_proofs_are_their_own() {
    let inference = ChainSpec::metis_dev().inference.unwrap();
    let proofs = inference.proofs.unwrap();
    for (key, other) in [("precompile", proofs.registry), ("registry", proofs.precompile)] {
        for address in [other, inference.precompile, inference.registry] {
            let text = refused(key, address.to_string().into());
            assert!(text.contains("must be four addresses"), "{key} {address}: {text}");
        }
        let text = refused(key, "0x0000000000000000000000000000000000000100".into());
        assert!(text.starts_with(&format!("inference.proofs.{key}: ")), "{text}");
    }
}

#[test]
fn proofs_do_not_come_before_inference() {
    let text = "proofs.activation must not come before activation";
    let start = |inference: Value, proofs: Value| {
        dev_with(|spec| {
            spec["inference"]["activation"] = inference;
            spec["inference"]["gasScheduleForks"] = json!([]);
            spec["inference"]["proofs"]["activation"] = proofs;
        })
    };
    for (inference, proofs) in [
        (json!({"time": 5}), json!({"time": 4})),
        (json!({"block": 5}), json!({"block": 4})),
        (json!({"time": 5}), json!({"block": 9})),
    ] {
        let error = start(inference, proofs).unwrap_err().to_string();
        assert!(error.contains(text), "{error}");
    }
    for (inference, proofs) in [
        (json!({"time": 5}), json!({"time": 5})),
        (json!({"block": 5}), json!({"block": 6})),
        (json!({"block": 5}), json!({"time": 1})),
    ] {
        assert!(start(inference, proofs).is_ok());
    }
}

#[test]
fn what_this_build_does_not_know_is_refused() {
    let text = refused("circuitVersion", 7.into());
    assert!(
        text.contains("knows circuits of version") && text.contains("not 7"),
        "{text}"
    );
    let text = refused("gasSchedule", 2.into());
    assert!(
        text.contains("gas schedule 2 of proofs does not exist; there are: 1"),
        "{text}"
    );
    assert!(refused("keyFolder", "x".into()).contains("unknown field `keyFolder`"));
    let text = dev_with(|spec| spec["inference"]["proofs"] = json!([1]))
        .unwrap_err()
        .to_string();
    assert!(text.contains("expected an object"), "{text}");
}

/// Between the forks of the two, inference alone is active: a proof precompile is never active without it.
#[test]
fn a_chain_that_begins_proofs_by_time_and_inference_by_height_has_both_or_inference() {
    let spec = dev_with(|spec| {
        spec["inference"]["activation"] = json!({"block": 10});
        spec["inference"]["proofs"]["activation"] = json!({"time": 1});
    })
    .unwrap();
    assert!(spec.active_inference(9, 100).is_none());
    let inference = spec.active_inference(10, 100).unwrap();
    assert!(inference.active_proofs(10, 100).is_some());
}
