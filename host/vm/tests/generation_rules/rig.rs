//! Requests, calls, and the precompile by itself.

use crate::support::*;
use alloy_evm::EvmFactory;
use alloy_primitives::{B256, Bytes, U256};
use alloy_sol_types::SolCall;
use metisvm_vm::{GasSchedule, IInference, InferencePrecompile, Request};
use revm::{
    context::result::ExecutionResult,
    precompile::{PrecompileOutput, PrecompileStatus},
};
use std::sync::Arc;

/// When `metis-dev` brings in generation, and schedule 2.
pub(crate) const START: u64 = 1_796_083_200;
/// Three nodes.
pub(crate) const PREFILL_GAS: u64 = 192;
/// The decode graph, a node and 128 look-ups: 138 + 65.
pub(crate) const DECODE_GAS: u64 = 203;
pub(crate) const WORD_GAS: u64 = 16;

/// The chain once it generates.
pub(crate) fn chain() -> Chain {
    let mut chain = Chain::new();
    chain.header.timestamp = START;
    chain
}

pub(crate) fn request(tokens: usize, count: u32) -> Request {
    Request {
        tokens: (0..tokens as u32).map(|at| at % GENERATION.vocabulary).collect(),
        count,
        temperature: 70_000,
        top_k: 3,
        seed: [9; 32],
    }
}

pub(crate) fn generate(model: B256, request: &Request) -> Vec<u8> {
    IInference::generateCall {
        modelId: model,
        tokens: request.tokens.clone(),
        count: request.count,
        temperature: request.temperature,
        topK: request.top_k,
        seed: request.seed.into(),
    }
    .abi_encode()
}

pub(crate) fn info(model: B256) -> Vec<u8> {
    IInference::generatorInfoCall { modelId: model }.abi_encode()
}

/// Runs the precompile itself in a fresh transaction: gas is what it charges, exactly.
pub(crate) fn run(chain: &Chain, calls: &[(Vec<u8>, u64)]) -> Vec<PrecompileOutput> {
    let mut evm = chain
        .factory()
        .create_evm(chain.state.clone(), chain.spec.evm_env(&chain.header));
    let engine = chain
        .engine
        .clone()
        .map(|engine| engine as Arc<dyn metisvm_vm::InferenceEngine>);
    let extension = chain.spec.inference.as_ref().unwrap();
    let precompile = InferencePrecompile::new(extension, GasSchedule::V2, engine).generating(true);
    calls
        .iter()
        .map(|(data, gas)| precompile.run(evm.ctx_mut(), data, *gas, 0, U256::ZERO).unwrap())
        .collect()
}

pub(crate) fn only(chain: &Chain, data: Vec<u8>, gas: u64) -> PrecompileOutput {
    run(chain, &[(data, gas)]).remove(0)
}

/// Base, and a word for the selector, for each argument, the number of tokens and each of them.
pub(crate) fn call_data_gas(request: &Request) -> u64 {
    2_000 + 16 * (8 + request.tokens.len() as u64)
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
