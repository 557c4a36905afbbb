//! What a caller is told, and how the precompile behaves towards each kind of call, warmth and activation.

use crate::proven::{Claim, MODEL, OUTPUT, PROVEN, key_info};
use crate::rig::*;
use crate::support::{CONTRACT, Code, KINDS, Kind, OTHER, forwarded, words};
use alloy_primitives::{B256, U256};
use alloy_sol_types::SolCall;
use metisvm_vm::{Activation, ChainSpec, IInferenceProofs};
use revm::bytecode::opcode;

#[test]
fn key_info_tells_the_gas_that_a_verification_needs() {
    let chain = chain();
    let output = one(&chain, key_info(MODEL), 100_000);
    let info = IInferenceProofs::keyInfoCall::abi_decode_returns(&output.bytes).unwrap();
    assert_eq!((info.keyDigest, info.circuitVersion), (PROVEN.digest, U256::ZERO));
    assert_eq!(info.outputBytes.to::<usize>(), OUTPUT.len());
    assert_eq!(info.proofBytes.to::<usize>(), PROVEN.proof.len());
    let gas = info.gas.to::<u64>();
    assert_eq!(one(&chain, Claim::default().call(), gas).bytes, answer(true));
    assert!(is_out_of_gas(&one(&chain, Claim::default().call(), gas - 1)));
}

#[test]
fn every_kind_of_call_gives_the_same_answer() {
    for kind in KINDS {
        let chain = chain().with_code(CONTRACT, Code::forward(kind, PROOFS, 0, None));
        let result = call(&chain, CONTRACT, Claim::default().call());
        assert_eq!(forwarded(&result), (true, answer(true)), "{kind:?}");
        let other = Claim {
            job: B256::ZERO,
            ..Claim::default()
        };
        assert_eq!(
            forwarded(&call(&chain, CONTRACT, other.call())),
            (true, answer(false)),
            "{kind:?}"
        );
    }
}

#[test]
fn the_addresses_of_precompile_and_registry_are_warm() {
    let balance = |address| move |code: Code| code.push_address(address).op(&[opcode::BALANCE]);
    let code = Code::default()
        .measure(0, balance(PROOFS))
        .measure(32, balance(KEYS))
        .measure(64, balance(OTHER))
        .give(0, 96);
    let found = words(&call(
        &chain().with_code(CONTRACT, code.clone()),
        CONTRACT,
        vec![],
    ));
    assert_eq!(found[0], found[1]);
    assert_eq!(found[2] - found[0], 2_500, "an account that nothing has touched");
    // Not before its activation.
    let mut before = chain().with_code(CONTRACT, code);
    before.header.timestamp = 0;
    let found = words(&call(&before, CONTRACT, vec![]));
    assert_eq!((found[0], found[1]), (found[2], found[2]));
}

#[test]
fn before_its_activation_and_on_mainnet_the_address_is_an_ordinary_account() {
    for activation in [Activation::Block(10), Activation::Time(10)] {
        let mut chain = chain();
        let inference = chain.spec.inference.as_mut().unwrap();
        inference.activation = Activation::Block(0);
        inference.proofs.as_mut().unwrap().activation = activation;
        chain.spec.check().unwrap();
        (chain.header.number, chain.header.timestamp) = (9, 9);
        let nothing = call(&chain, PROOFS, Claim::default().call());
        assert!(nothing.is_success() && nothing.output().unwrap().is_empty());
        (chain.header.number, chain.header.timestamp) = (10, 10);
        let result = call(&chain, PROOFS, Claim::default().call());
        assert_eq!(result.output().unwrap().as_ref(), answer(true), "{activation:?}");
    }
    let mut mainnet = chain();
    mainnet.spec = ChainSpec::mainnet();
    (mainnet.header.number, mainnet.header.timestamp) = (30_000_000, 2_000_000_000);
    let nothing = call(&mainnet, PROOFS, Claim::default().call());
    assert!(nothing.is_success() && nothing.output().unwrap().is_empty());
}

/// EIP-7702: a delegation runs the code at the address it names, never a precompile.
#[test]
fn a_delegation_to_the_address_does_not_run_the_precompile() {
    let designator = [&[0xef, 0x01, 0x00], PROOFS.as_slice()].concat();
    let chain = chain()
        .with_code(OTHER, designator)
        .with_code(CONTRACT, Code::forward(Kind::Call, OTHER, 0, None));
    assert_eq!(
        forwarded(&call(&chain, CONTRACT, Claim::default().call())),
        (true, vec![])
    );
}
