//! The rules, by their numbers.

use crate::proven::{Claim, MODEL, OUTPUT, PROVEN, SALT, call_data_gas, commit_call, key_info, work_gas};
use crate::rig::*;
use crate::support::{COLD, CONTRACT, Code, Kind, WARM, forwarded};
use alloy_evm::EvmFactory;
use alloy_primitives::{B256, Bytes, U256};
use alloy_sol_types::SolError;
use metisvm_vm::{IInferenceProofs, ProofPrecompile, key_slot};
use revm::{
    context_interface::{ContextTr, JournalTr},
    precompile::PrecompileStatus,
};

#[test]
fn rule_1_base_and_call_data_are_charged_first() {
    let chain = chain();
    let calls = [
        vec![],
        vec![0; 4],
        Claim::default().call(),
        commit_call(SALT, &[0; 64]),
    ];
    let calls = calls.map(|data| {
        let gas = call_data_gas(&data) - 1;
        (data, gas)
    });
    for output in run(&chain, &calls) {
        assert!(is_out_of_gas(&output), "{output:?}");
    }
}

#[test]
fn rule_2_transferred_value_is_not_accepted() {
    let refusal = IInferenceProofs::ValueNotAccepted {}.abi_encode();
    for kind in [Kind::Call, Kind::CallCode] {
        let chain = chain().with_code(CONTRACT, Code::forward(kind, PROOFS, 1, None));
        // Before the call data is looked at: malformed call data makes no difference.
        for data in [commit_call(SALT, b"x"), vec![1, 2, 3]] {
            assert_eq!(
                forwarded(&call(&chain, CONTRACT, data)),
                (false, refusal.clone()),
                "{kind:?}"
            );
        }
    }
    // The apparent value of DELEGATECALL is ignored.
    let chain = chain().with_code(CONTRACT, Code::forward(Kind::DelegateCall, PROOFS, 0, None));
    let mut tx = chain.tx(CONTRACT, commit_call(SALT, b"x"));
    tx.value = U256::from(5);
    assert!(forwarded(&chain.transact(tx).unwrap()).0);
}

#[test]
fn rule_3_only_the_canonical_encoding_is_taken() {
    let chain = chain();
    let malformed = IInferenceProofs::MalformedCall {}.abi_encode();
    let good = Claim::default().call();
    let changed = |at: usize, with: u8| {
        let mut bad = good.clone();
        bad[at] = with;
        bad
    };
    let calls = [
        vec![],
        vec![0; 3],
        changed(0, good[0] ^ 1),
        changed(4 + 3 * 32 - 1, 0xc0),
        changed(4 + 5 * 32 + 32 + OUTPUT.len(), 1),
        [&good[..], &[0; 32]].concat(),
        good[..good.len() - 1].to_vec(),
        [commit_call(SALT, b"x"), vec![0; 32]].concat(),
        [key_info(MODEL), vec![0]].concat(),
    ];
    for data in calls {
        let output = one(&chain, data.clone(), 10_000_000);
        assert_eq!(output.status, PrecompileStatus::Revert, "{} bytes", data.len());
        assert_eq!(
            (output.gas_used, output.bytes.to_vec()),
            (call_data_gas(&data), malformed.clone())
        );
    }
}

#[test]
fn rule_4_a_commitment_is_that_of_the_proofs_and_is_priced_by_its_permutations() {
    let chain = chain();
    for (length, permutations) in [(0, 2), (42, 2), (43, 3), (98, 3), (99, 4), (7_000, 127)] {
        let input = vec![0x5a; length];
        let data = commit_call(SALT, &input);
        let gas = call_data_gas(&data) + 60 * permutations;
        let output = one(&chain, data.clone(), gas);
        let expected = metisvm_verifier::commit(&SALT.0, &input).to_bytes();
        assert_eq!(
            (output.gas_used, &output.bytes[..]),
            (gas, &expected[..]),
            "{length}"
        );
        assert!(is_out_of_gas(&one(&chain, data, gas - 1)), "{length}");
    }
}

#[test]
fn rule_5_the_registry_is_read_like_any_slot() {
    let chain = chain();
    let verify = || (Claim::default().call(), 10_000_000);
    let outputs = run(&chain, &[verify(), verify(), (key_info(MISTAKEN), 10_000)]);
    let before = call_data_gas(&verify().0) + work_gas();
    assert_eq!(outputs[0].gas_used, before + COLD);
    assert_eq!(outputs[1].gas_used, before + WARM);
    // A slot for each model.
    assert_eq!(outputs[2].gas_used, call_data_gas(&key_info(MISTAKEN)) + COLD);
}

#[test]
fn rule_5_too_little_gas_for_a_cold_slot_halts_and_does_not_read() {
    let chain = chain();
    let mut evm = chain
        .factory()
        .create_evm(chain.state.clone(), chain.spec.evm_env(&chain.header));
    let proofs = chain.spec.inference.as_ref().unwrap().proofs.as_ref().unwrap();
    let data = key_info(MODEL);
    let gas = call_data_gas(&data) + COLD - 1;
    let output = ProofPrecompile::new(proofs, None).run(evm.ctx_mut(), &data, gas, 0, U256::ZERO);
    assert!(is_out_of_gas(&output.unwrap()));
    let slot = key_slot(MODEL, 0);
    assert!(evm.ctx_mut().journal_mut().sload(KEYS, slot).unwrap().is_cold);
}

#[test]
fn rule_5_a_model_without_a_registered_key_reverts() {
    let chain = chain();
    let verify = Claim {
        model: UNREGISTERED,
        ..Claim::default()
    }
    .call();
    for data in [verify, key_info(UNREGISTERED)] {
        let output = one(&chain, data.clone(), 10_000_000);
        assert_eq!(output.status, PrecompileStatus::Revert);
        let gas = call_data_gas(&data) + COLD;
        assert_eq!(
            (output.gas_used, output.bytes.to_vec()),
            (gas, unknown(UNREGISTERED))
        );
        assert_eq!(reverted(&call(&chain, PROOFS, data)), unknown(UNREGISTERED));
    }
}

#[test]
fn rule_5_a_key_of_another_version_of_circuits_is_none() {
    let mut chain = chain();
    let slots = [(key_slot(MODEL, 1), PROVEN.digest.into())];
    chain
        .state
        .insert_account(KEYS, U256::ZERO, 1, Bytes::new(), slots);
    assert_eq!(reverted(&call(&chain, PROOFS, key_info(MODEL))), unknown(MODEL));
}

#[test]
fn rule_5_the_slot_is_that_of_a_solidity_mapping_of_mappings_at_slot_zero() {
    // keccak256(abi.encode(uint256(0), keccak256(abi.encode(bytes32(0), uint256(0))))).
    let inner = alloy_primitives::keccak256([0; 64]);
    let expected = alloy_primitives::keccak256([&[0; 32][..], &inner[..]].concat());
    assert_eq!(B256::from(key_slot(B256::ZERO, 0)), expected);
    let layout = include_str!("../../../../contracts/artifacts/KeyRegistry.json");
    let layout: serde_json::Value = serde_json::from_str(layout).unwrap();
    let keys = &layout["storageLayout"]["storage"][0];
    assert_eq!((&keys["label"], &keys["slot"]), (&"keys".into(), &"0".into()));
}

#[test]
fn rule_6_a_registered_key_that_is_not_here_stops_the_node() {
    let with_contract = || chain().with_code(CONTRACT, Code::forward(Kind::Call, PROOFS, 0, None));
    let mut without = with_contract();
    without.proofs = None;
    // Also below a contract that would survive any revert of the call.
    for to in [PROOFS, CONTRACT] {
        let absent = Claim {
            model: ABSENT,
            proof: vec![],
            ..Claim::default()
        }
        .call();
        for (chain, data, digest) in [
            (with_contract(), absent, ABSENT_KEY),
            (with_contract(), key_info(ABSENT), ABSENT_KEY),
            (without.clone(), key_info(MODEL), PROVEN.digest),
        ] {
            let error = chain.transact(chain.tx(to, data)).unwrap_err().to_string();
            assert!(error.contains(&digest.to_string()), "{error}");
            assert!(error.contains("not on this machine"), "{error}");
        }
    }
    // What needs no key needs no node that has any.
    assert!(call(&without, PROOFS, commit_call(SALT, b"x")).is_success());
    assert_eq!(
        reverted(&call(&without, PROOFS, key_info(UNREGISTERED))),
        unknown(UNREGISTERED)
    );
}

#[test]
fn rule_7_the_work_is_charged_before_the_proof_is_looked_at() {
    let chain = chain();
    for claim in [
        Claim::default(),
        Claim {
            proof: vec![],
            ..Claim::default()
        },
    ] {
        let data = claim.call();
        let gas = call_data_gas(&data) + COLD + work_gas();
        assert!(is_out_of_gas(&one(&chain, data.clone(), gas - 1)));
        assert_eq!(one(&chain, data, gas).gas_used, gas);
    }
}

#[test]
fn rule_8_a_proof_of_the_statement_is_true() {
    let result = call(&chain(), PROOFS, Claim::default().call());
    assert_eq!(result.output().unwrap().as_ref(), answer(true));
}

#[test]
fn rule_8_whatever_is_no_proof_of_the_statement_is_false_and_costs_the_same() {
    let chain = chain();
    let changed = |change: fn(&mut Claim)| {
        let mut claim = Claim::default();
        change(&mut claim);
        claim
    };
    let claims = [
        (
            "a model whose registered key is another's",
            changed(|c| c.model = MISTAKEN),
        ),
        ("another commitment", changed(|c| c.commitment.0[0] ^= 1)),
        (
            "no commitment at all",
            changed(|c| c.commitment = B256::repeat_byte(0xff)),
        ),
        ("another output", changed(|c| c.output[1] ^= 1)),
        ("a longer output", changed(|c| c.output.push(0))),
        ("no output", changed(|c| c.output.clear())),
        ("another job", changed(|c| c.job = B256::ZERO)),
        ("no proof", changed(|c| c.proof.clear())),
        ("a cut proof", changed(|c| c.proof.truncate(10_000))),
        ("a longer proof", changed(|c| c.proof.push(0))),
        ("a changed proof", changed(|c| c.proof[777] ^= 1)),
        ("a number not below p", changed(|c| c.proof[..8].fill(0xff))),
    ];
    for (what, claim) in claims {
        let data = claim.call();
        let output = one(&chain, data.clone(), 10_000_000);
        assert_eq!(output.bytes, answer(false), "{what}");
        assert_eq!(
            output.gas_used,
            call_data_gas(&data) + COLD + work_gas(),
            "{what}"
        );
    }
}

#[test]
fn rule_8_the_chain_is_that_of_the_block() {
    let mut other = chain();
    other.spec.chain_id += 1;
    let result = call(&other, PROOFS, Claim::default().call());
    assert_eq!(result.output().unwrap().as_ref(), answer(false));
}

#[test]
fn rule_8_a_proof_that_was_verified_before_is_verified_alike() {
    let chain = chain();
    let claims = [
        Claim::default(),
        Claim {
            job: B256::ZERO,
            ..Claim::default()
        },
    ];
    let calls: Vec<_> = claims
        .iter()
        .cycle()
        .take(4)
        .map(|c| (c.clone().call(), 10_000_000))
        .collect();
    let outputs = run(&chain, &calls);
    let valid = [true, false, true, false].map(answer);
    assert!(
        outputs
            .iter()
            .zip(&valid)
            .all(|(output, valid)| output.bytes == *valid)
    );
    // The same claims of the same key with nothing remembered.
    assert_eq!(outputs[2].gas_used, outputs[0].gas_used - COLD + WARM);
}
