//! The chain of these tests, and calls of the precompile itself and through the EVM.

use crate::proven::{CHAIN, MODEL, PROVEN};
use crate::support::Chain;
use alloy_evm::EvmFactory;
use alloy_primitives::{Address, B256, Bytes, U256, address};
use alloy_sol_types::{SolCall, SolError};
use metisvm_vm::{Activation, IInferenceProofs, ProofPrecompile, key_slot};
use revm::{
    context::result::ExecutionResult,
    precompile::{PrecompileOutput, PrecompileStatus},
};

pub(crate) const PROOFS: Address = address!("0x4D45544900000000000000000000000000000003");
pub(crate) const KEYS: Address = address!("0x4D45544900000000000000000000000000000004");
/// Its key is that of [`MODEL`], by a mistake of whoever registered it.
pub(crate) const MISTAKEN: B256 = B256::repeat_byte(0xc1);
/// Its key is registered, but not on this machine.
pub(crate) const ABSENT: B256 = B256::repeat_byte(0xc2);
/// Of the key that is not here.
pub(crate) const ABSENT_KEY: B256 = B256::repeat_byte(0xc3);
pub(crate) const UNREGISTERED: B256 = B256::repeat_byte(0xc4);

/// A chain on which proofs are verified, with the key.
pub(crate) fn chain() -> Chain {
    let mut chain = Chain::new();
    assert_eq!(chain.spec.chain_id, CHAIN);
    chain
        .spec
        .inference
        .as_mut()
        .unwrap()
        .proofs
        .as_mut()
        .unwrap()
        .activation = Activation::Time(1);
    chain.proofs = Some(PROVEN.ring.clone());
    let keys = [
        (MODEL, PROVEN.digest),
        (MISTAKEN, PROVEN.digest),
        (ABSENT, ABSENT_KEY),
    ];
    let slots = keys.map(|(model, digest)| (key_slot(model, 0), digest.into()));
    chain
        .state
        .insert_account(KEYS, U256::ZERO, 1, Bytes::from_static(&[0]), slots);
    chain
}

/// Runs the precompile itself in a fresh transaction: gas is what it charges, exactly.
pub(crate) fn run(chain: &Chain, calls: &[(Vec<u8>, u64)]) -> Vec<PrecompileOutput> {
    let mut evm = chain
        .factory()
        .create_evm(chain.state.clone(), chain.spec.evm_env(&chain.header));
    let proofs = chain.spec.inference.as_ref().unwrap().proofs.as_ref().unwrap();
    let precompile = ProofPrecompile::new(proofs, chain.proofs.clone());
    let run =
        |(data, gas): &(Vec<u8>, u64)| precompile.run(evm.ctx_mut(), data, *gas, 0, U256::ZERO).unwrap();
    calls.iter().map(run).collect()
}

pub(crate) fn one(chain: &Chain, data: Vec<u8>, gas: u64) -> PrecompileOutput {
    run(chain, &[(data, gas)]).remove(0)
}

pub(crate) fn reverted(result: &ExecutionResult) -> Bytes {
    let ExecutionResult::Revert { output, .. } = result else {
        panic!("not reverted: {result:?}")
    };
    output.clone()
}

pub(crate) fn is_out_of_gas(output: &PrecompileOutput) -> bool {
    matches!(&output.status, PrecompileStatus::Halt(halt) if halt.is_oog()) && output.bytes.is_empty()
}

pub(crate) fn answer(valid: bool) -> Vec<u8> {
    IInferenceProofs::verifyInferenceCall::abi_encode_returns(&valid)
}

pub(crate) fn unknown(model: B256) -> Vec<u8> {
    IInferenceProofs::UnknownKey {
        modelId: model,
        circuitVersion: U256::ZERO,
    }
    .abi_encode()
}

/// A transaction with gas for any proof.
pub(crate) fn call(chain: &Chain, to: Address, data: Vec<u8>) -> ExecutionResult {
    let mut tx = chain.tx(to, data);
    tx.gas_limit = 16_000_000;
    chain.transact(tx).unwrap()
}
