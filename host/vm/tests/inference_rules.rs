//! The rules of the inference precompile, by their numbers in docs/vm.md, and how it behaves towards
//! each kind of call, warmth, delegation and activation.

#![allow(clippy::unwrap_used)] // in the helpers, too, a panic is how a test fails

mod support;

use alloy_evm::{Evm, EvmFactory};
use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::{SolCall, SolError};
use metisvm_vm::{
    Activation, ChainSpec, GasSchedule, GasScheduleFork, GasScheduleVersion, IInference, InferencePrecompile,
    OperatorId, registry_slot,
};
use revm::{
    Database,
    bytecode::opcode,
    context::result::{ExecutionResult, HaltReason, OutOfGasError},
    context_interface::{
        ContextTr, JournalTr,
        transaction::{AccessList, AccessListItem},
    },
    precompile::{PrecompileOutput, PrecompileStatus},
};
use std::sync::Arc;
use support::*;

/// Runs the precompile itself in a fresh transaction: gas is what it charges, exactly.
fn run(chain: &Chain, calls: &[(Vec<u8>, u64)]) -> Vec<PrecompileOutput> {
    let mut evm = chain
        .factory()
        .create_evm(chain.state.clone(), chain.spec.evm_env(&chain.header));
    let engine = chain
        .engine
        .clone()
        .map(|engine| engine as Arc<dyn metisvm_vm::InferenceEngine>);
    let precompile =
        InferencePrecompile::new(chain.spec.inference.as_ref().unwrap(), GasSchedule::V1, engine);
    calls
        .iter()
        .map(|(data, gas)| precompile.run(evm.ctx_mut(), data, *gas, 0, U256::ZERO).unwrap())
        .collect()
}

fn reverted(result: &ExecutionResult) -> Bytes {
    let ExecutionResult::Revert { output, .. } = result else {
        panic!("not reverted: {result:?}")
    };
    output.clone()
}

fn is_out_of_gas(output: &PrecompileOutput) -> bool {
    matches!(&output.status, PrecompileStatus::Halt(halt) if halt.is_oog()) && output.bytes.is_empty()
}

fn unknown(model: B256) -> Vec<u8> {
    IInference::UnknownModel { modelId: model }.abi_encode()
}

#[test]
fn an_inference_returns_the_output_abi_encoded() {
    let chain = Chain::new();
    let result = chain.call(PRECOMPILE, infer(MODEL, INPUT));
    assert!(result.is_success());
    assert_eq!(result.output().unwrap().as_ref(), answer());
    let output = IInference::inferCall::abi_decode_returns(result.output().unwrap()).unwrap();
    assert_eq!(output.as_ref(), MockEngine::answer(INPUT));
    assert_eq!(chain.runs(), 1);
}

#[test]
fn rule_1_base_and_call_data_are_charged_first() {
    let chain = Chain::new();
    let mut calls = vec![];
    for data in [
        vec![],
        vec![0; 4],
        infer(UNREGISTERED, INPUT),
        infer(MODEL, &[0; 64]),
    ] {
        let price = 2_000 + 16 * data.len().div_ceil(32) as u64;
        calls.push((data, price - 1));
    }
    for output in run(&chain, &calls) {
        assert!(is_out_of_gas(&output), "{output:?}");
    }
    assert_eq!(
        chain
            .engine
            .as_ref()
            .unwrap()
            .look_ups
            .load(std::sync::atomic::Ordering::Relaxed),
        0
    );
}

#[test]
fn rule_1_in_the_evm_it_is_a_failed_call_without_data() {
    let code = Code::forward(Kind::Call, PRECOMPILE, 0, Some((CALL_DATA_GAS - 1) as u16));
    let chain = Chain::new().with_code(CONTRACT, code);
    assert_eq!(
        forwarded(&chain.call(CONTRACT, infer(MODEL, INPUT))),
        (false, vec![])
    );
}

#[test]
fn rule_2_transferred_value_is_not_accepted() {
    let refusal = IInference::ValueNotAccepted {}.abi_encode();
    for kind in [Kind::Call, Kind::CallCode] {
        let chain = Chain::new().with_code(CONTRACT, Code::forward(kind, PRECOMPILE, 1, None));
        // Before the call data is looked at: malformed call data makes no difference.
        for data in [infer(MODEL, INPUT), vec![1, 2, 3]] {
            let result = chain.call(CONTRACT, data);
            assert_eq!(forwarded(&result), (false, refusal.clone()), "{kind:?}");
        }
    }
    let chain = Chain::new();
    let mut tx = chain.tx(PRECOMPILE, infer(MODEL, INPUT));
    tx.value = U256::from(1);
    assert_eq!(reverted(&chain.transact(tx).unwrap()), refusal);
    assert_eq!(chain.runs(), 0);
}

#[test]
fn rule_2_the_apparent_value_of_delegatecall_is_ignored() {
    let chain = Chain::new().with_code(CONTRACT, Code::forward(Kind::DelegateCall, PRECOMPILE, 0, None));
    let mut tx = chain.tx(CONTRACT, infer(MODEL, INPUT));
    tx.value = U256::from(5);
    assert_eq!(forwarded(&chain.transact(tx).unwrap()), (true, answer()));
    // A contract that calls itself: caller and target are the same account, as in CALLCODE.
    let code = Code::default()
        .load()
        .op(&[
            opcode::CALLER,
            opcode::ADDRESS,
            opcode::EQ,
            opcode::PUSH1,
            0x40,
            opcode::JUMPI,
        ])
        .call_with(Kind::Call, CONTRACT, 5, None)
        .op(&[
            opcode::POP,
            opcode::RETURNDATASIZE,
            opcode::PUSH0,
            opcode::PUSH0,
            opcode::RETURNDATACOPY,
        ])
        .op(&[opcode::RETURNDATASIZE, opcode::PUSH0, opcode::RETURN])
        .bytes();
    let mut padded = code;
    padded.resize(0x40, opcode::STOP);
    padded.push(opcode::JUMPDEST);
    padded.extend(Code::forward(Kind::DelegateCall, PRECOMPILE, 0, None));
    let chain = Chain::new().with_code(CONTRACT, padded);
    assert_eq!(
        forwarded(&chain.call(CONTRACT, infer(MODEL, INPUT))),
        (true, answer())
    );
}

#[test]
fn rule_3_only_the_canonical_encoding_is_taken() {
    let chain = Chain::new();
    let malformed = IInference::MalformedCall {}.abi_encode();
    let good = infer(MODEL, INPUT);
    let mut offset = good.clone();
    offset[67] = 0x60;
    let mut padding = good.clone();
    padding[131] = 1;
    let mut trailing = good.clone();
    trailing.extend([0; 32]);
    let unknown_selector = [&[0xde, 0xad, 0xbe, 0xef], &good[4..]].concat();
    for data in [
        vec![],
        vec![0; 3],
        unknown_selector,
        offset,
        padding,
        trailing,
        good[..131].to_vec(),
    ] {
        assert_eq!(reverted(&chain.call(PRECOMPILE, data)), malformed);
    }
    // Charged for rule 1 only.
    let [output] = run(&chain, &[(vec![9; 4], 100_000)]).try_into().unwrap();
    assert_eq!((output.gas_used, output.bytes.to_vec()), (2_016, malformed));
}

#[test]
fn rule_4_the_registry_is_read_like_any_slot() {
    let chain = Chain::new();
    let call = || (infer(MODEL, INPUT), 100_000);
    let outputs = run(&chain, &[call(), call()]);
    assert_eq!(outputs[0].gas_used, CALL_DATA_GAS + COLD + WORK_GAS);
    assert_eq!(outputs[1].gas_used, CALL_DATA_GAS + WARM + WORK_GAS);
}

#[test]
fn rule_4_too_little_gas_for_a_cold_slot_halts_and_does_not_read() {
    let chain = Chain::new();
    let mut evm = chain
        .factory()
        .create_evm(chain.state.clone(), chain.spec.evm_env(&chain.header));
    let precompile = InferencePrecompile::new(chain.spec.inference.as_ref().unwrap(), GasSchedule::V1, None);
    let data = infer(MODEL, INPUT);
    let output = precompile
        .run(evm.ctx_mut(), &data, CALL_DATA_GAS + COLD - 1, 0, U256::ZERO)
        .unwrap();
    assert!(is_out_of_gas(&output));
    let slot = registry_slot(MODEL);
    assert!(evm.ctx_mut().journal_mut().sload(REGISTRY, slot).unwrap().is_cold);
    // A warm slot can be read with what a cold one cannot.
    let gas = CALL_DATA_GAS + WARM - 1;
    assert!(is_out_of_gas(
        &precompile.run(evm.ctx_mut(), &data, gas, 0, U256::ZERO).unwrap()
    ));
    assert!(
        precompile
            .run(evm.ctx_mut(), &data, gas + 1, 0, U256::ZERO)
            .is_err(),
        "no engine: rule 5"
    );
}

#[test]
fn rule_4_an_unregistered_model_reverts() {
    let chain = Chain::new();
    for data in [infer(UNREGISTERED, INPUT), model_info(UNREGISTERED)] {
        assert_eq!(reverted(&chain.call(PRECOMPILE, data)), unknown(UNREGISTERED));
    }
    let [output] = run(&chain, &[(infer(UNREGISTERED, INPUT), 100_000)])
        .try_into()
        .unwrap();
    assert_eq!(output.gas_used, CALL_DATA_GAS + COLD);
}

#[test]
fn rule_4_any_value_but_zero_registers() {
    let mut chain = Chain::new();
    let slots = [(registry_slot(UNREGISTERED), U256::MAX)];
    chain
        .state
        .insert_account(REGISTRY, U256::ZERO, 1, Bytes::new(), slots);
    assert!(chain.call(PRECOMPILE, infer(UNREGISTERED, INPUT)).is_success());
    assert_eq!(
        reverted(&chain.call(PRECOMPILE, infer(MODEL, INPUT))),
        unknown(MODEL)
    );
}

#[test]
fn rule_4_the_slot_is_that_of_a_solidity_mapping_at_slot_zero() {
    // keccak256(abi.encode(bytes32(0), uint256(0))).
    let expected = "ad3228b676f7d3cd4284a5443f17f1962b36e491b30a40b2405849e597ba5fb5";
    assert_eq!(format!("{:064x}", registry_slot(B256::ZERO)), expected);
}

#[test]
fn rule_5_a_registered_model_without_a_bundle_stops_the_node() {
    let chain = Chain::new().with_code(CONTRACT, Code::forward(Kind::Call, PRECOMPILE, 0, None));
    // Also below a contract that would survive any revert of the call.
    for to in [PRECOMPILE, CONTRACT] {
        for data in [infer(ABSENT, INPUT), infer(ABSENT, &[]), model_info(ABSENT)] {
            let error = chain.transact(chain.tx(to, data)).unwrap_err().to_string();
            assert!(error.contains(&ABSENT.to_string()), "{error}");
            assert!(error.contains("not on this machine"), "{error}");
        }
    }
}

#[test]
fn rule_5_without_an_engine_a_registered_model_stops_the_node() {
    let mut chain = Chain::new();
    chain.engine = None;
    let error = chain
        .transact(chain.tx(PRECOMPILE, infer(MODEL, INPUT)))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains(&MODEL.to_string()) && error.contains("no inference engine"),
        "{error}"
    );
    assert_eq!(
        reverted(&chain.call(PRECOMPILE, infer(UNREGISTERED, INPUT))),
        unknown(UNREGISTERED)
    );
}

fn unsupported(model: B256, operator: u64) -> Vec<u8> {
    IInference::UnsupportedModel {
        modelId: model,
        operator: U256::from(operator),
    }
    .abi_encode()
}

#[test]
fn rule_6_a_model_with_an_operator_that_is_not_priced_reverts() {
    let chain = Chain::new();
    // Before the length of the input is looked at; of several operators the lowest is named.
    for data in [infer(UNPRICED, INPUT), infer(UNPRICED, &[]), model_info(UNPRICED)] {
        assert_eq!(reverted(&chain.call(PRECOMPILE, data)), unsupported(UNPRICED, 77));
    }
    let [output] = run(&chain, &[(infer(UNPRICED, INPUT), 100_000)])
        .try_into()
        .unwrap();
    assert_eq!(output.gas_used, CALL_DATA_GAS + COLD, "nothing for the work");
    assert_eq!(chain.runs(), 0);
}

#[test]
fn rule_6_a_schedule_that_prices_fewer_operators_supports_fewer_models() {
    let chain = Chain::new();
    let fewer = GasSchedule::V1.pricing_only(OPERATORS.without(OperatorId(4)));
    let env = || chain.spec.evm_env(&chain.header);
    let mut evm = chain
        .factory()
        .with_gas_schedule(fewer)
        .create_evm(chain.state.clone(), env());
    let tx = chain.tx(PRECOMPILE, infer(MODEL, INPUT));
    let result = evm.transact_raw(tx.clone()).unwrap().result;
    assert_eq!(reverted(&result), unsupported(MODEL, 4));
    assert_eq!(chain.runs(), 0);
    // Exactly the model's operators are enough.
    let enough = chain.factory().with_gas_schedule(fewer.pricing_only(OPERATORS));
    let result = enough.create_evm(chain.state.clone(), env()).transact_raw(tx);
    assert!(result.unwrap().result.is_success());
}

#[test]
fn rule_7_an_input_of_the_wrong_length_reverts() {
    let chain = Chain::new();
    for length in [0usize, 4, 6, 1_000] {
        let expected = IInference::WrongInputLength {
            expected: U256::from(INPUT.len()),
            actual: U256::from(length),
        };
        let data = infer(MODEL, &vec![0; length]);
        assert_eq!(reverted(&chain.call(PRECOMPILE, data)), expected.abi_encode());
    }
    let [output] = run(&chain, &[(infer(MODEL, &[0; 6]), 100_000)])
        .try_into()
        .unwrap();
    assert_eq!(output.gas_used, CALL_DATA_GAS + COLD, "nothing for the work");
    assert_eq!(chain.runs(), 0);
}

#[test]
fn rule_8_the_work_is_paid_before_anything_runs() {
    let chain = Chain::new();
    let price = CALL_DATA_GAS + COLD + WORK_GAS;
    let [output] = run(&chain, &[(infer(MODEL, INPUT), price - 1)])
        .try_into()
        .unwrap();
    assert!(is_out_of_gas(&output));
    assert_eq!(chain.runs(), 0);
    let [output] = run(&chain, &[(infer(MODEL, INPUT), price)]).try_into().unwrap();
    assert_eq!(
        (output.status, output.gas_used),
        (PrecompileStatus::Success, price)
    );
    assert_eq!(chain.runs(), 1);
}

#[test]
fn rule_8_a_starved_transaction_halts_and_loses_all_its_gas() {
    let chain = Chain::new();
    let mut tx = chain.tx(PRECOMPILE, infer(MODEL, INPUT));
    let used = chain.transact(tx.clone()).unwrap().tx_gas_used();
    tx.gas_limit = used - 1;
    let result = chain.transact(tx).unwrap();
    let ExecutionResult::Halt { reason, .. } = &result else {
        panic!("{result:?}")
    };
    assert_eq!(reason, &HaltReason::OutOfGas(OutOfGasError::Precompile));
    assert_eq!(result.tx_gas_used(), used - 1);
}

#[test]
fn rule_9_a_failing_engine_is_never_seen_in_the_evm() {
    let chain = Chain::new().with_code(CONTRACT, Code::forward(Kind::StaticCall, PRECOMPILE, 0, None));
    for to in [PRECOMPILE, CONTRACT] {
        let error = chain
            .transact(chain.tx(to, infer(BROKEN, INPUT)))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("the card is on fire") && error.contains(&BROKEN.to_string()),
            "{error}"
        );
        let error = chain
            .transact(chain.tx(to, infer(TOO_LONG, INPUT)))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("returned 6 bytes where the model has 5"),
            "{error}"
        );
    }
}

#[test]
fn model_info_says_what_infer_takes_gives_and_costs() {
    let chain = Chain::new();
    let result = chain.call(PRECOMPILE, model_info(MODEL));
    let info = IInference::modelInfoCall::abi_decode_returns(result.output().unwrap()).unwrap();
    assert_eq!(
        (info.inputBytes, info.outputBytes),
        (U256::from(5), U256::from(5))
    );
    // What a first call needs: with exactly so much it runs, with less it does not.
    assert_eq!(info.gas, U256::from(CALL_DATA_GAS + COLD + WORK_GAS));
    let [output] = run(&chain, &[(infer(MODEL, INPUT), info.gas.to())])
        .try_into()
        .unwrap();
    assert_eq!(output.status, PrecompileStatus::Success);
    let [output] = run(&chain, &[(model_info(MODEL), 100_000)]).try_into().unwrap();
    assert_eq!(output.gas_used, 2_000 + 2 * 16 + COLD);
    assert_eq!(chain.runs(), 1, "modelInfo runs nothing");
}

#[test]
fn every_kind_of_call_gives_the_same_answer_from_the_system_registry() {
    for kind in KINDS {
        let mut chain = Chain::new();
        // Storage of the calling contract must not be taken for the registry.
        let slots = [(registry_slot(UNREGISTERED), U256::from(1))];
        let code = Code::forward(kind, PRECOMPILE, 0, None);
        chain
            .state
            .insert_account(CONTRACT, U256::ZERO, 1, code.into(), slots);
        assert_eq!(
            forwarded(&chain.call(CONTRACT, infer(MODEL, INPUT))),
            (true, answer()),
            "{kind:?}"
        );
        let result = chain.call(CONTRACT, infer(UNREGISTERED, INPUT));
        assert_eq!(forwarded(&result), (false, unknown(UNREGISTERED)), "{kind:?}");
    }
}

#[test]
fn it_works_within_a_static_call() {
    let chain = Chain::new()
        .with_code(OTHER, Code::forward(Kind::Call, PRECOMPILE, 0, None))
        .with_code(CONTRACT, Code::forward(Kind::StaticCall, OTHER, 0, None));
    let (success, data) = forwarded(&chain.call(CONTRACT, infer(MODEL, INPUT)));
    assert!(success);
    assert_eq!(data[31], 1);
    assert_eq!(data[32..], answer());
}

/// Two calls one after the other: the second is cheaper by the difference of a cold and a warm slot.
#[test]
fn a_call_warms_the_slot_for_the_rest_of_the_transaction() {
    let code = Code::default()
        .load()
        .measure(0x400, |code| code.call(Kind::StaticCall, PRECOMPILE))
        .measure(0x420, |code| code.call(Kind::StaticCall, PRECOMPILE))
        .give(0x400, 0x40);
    let chain = Chain::new().with_code(CONTRACT, code);
    let gas = words(&chain.call(CONTRACT, infer(MODEL, INPUT)));
    assert_eq!(gas[0] - gas[1], COLD - WARM);
}

#[test]
fn warmth_unwinds_with_the_frame_that_called() {
    let reverting = Code::default().load().call(Kind::Call, PRECOMPILE).op(&[
        opcode::PUSH0,
        opcode::PUSH0,
        opcode::REVERT,
    ]);
    let code = Code::default()
        .load()
        .call(Kind::Call, OTHER)
        .op(&[opcode::POP])
        .measure(0x400, |code| code.call(Kind::StaticCall, PRECOMPILE))
        .measure(0x420, |code| code.call(Kind::StaticCall, PRECOMPILE))
        .give(0x400, 0x40);
    let chain = Chain::new()
        .with_code(OTHER, reverting.bytes())
        .with_code(CONTRACT, code);
    let gas = words(&chain.call(CONTRACT, infer(MODEL, INPUT)));
    assert_eq!(gas[0] - gas[1], COLD - WARM);
    assert_eq!(chain.runs(), 3, "the run in the reverted frame happened");
}

#[test]
fn warmth_unwinds_when_the_call_itself_reverts() {
    let code = Code::default()
        .load()
        .measure(0x400, |code| code.call(Kind::StaticCall, PRECOMPILE))
        .measure(0x420, |code| code.call(Kind::StaticCall, PRECOMPILE))
        .give(0x400, 0x40);
    let chain = Chain::new().with_code(CONTRACT, code);
    for data in [infer(UNREGISTERED, INPUT), infer(MODEL, &[0; 6])] {
        let gas = words(&chain.call(CONTRACT, data));
        assert_eq!(gas[0], gas[1]);
    }
}

#[test]
fn an_access_list_warms_the_slot() {
    let chain = Chain::new();
    let plain = chain.tx(PRECOMPILE, infer(MODEL, INPUT));
    let cold = chain.transact(plain.clone()).unwrap().tx_gas_used();
    let mut listed = plain;
    listed.tx_type = 1;
    listed.access_list = AccessList(vec![AccessListItem {
        address: REGISTRY,
        storage_keys: vec![B256::from(registry_slot(MODEL))],
    }]);
    let warm = chain.transact(listed).unwrap().tx_gas_used();
    // EIP-2930: 2400 for the address and 1900 for the slot.
    assert_eq!(warm, cold - (COLD - WARM) + 2_400 + 1_900);
}

#[test]
fn precompile_and_registry_are_warm_addresses() {
    let balance = |address| move |code: Code| code.push_address(address).op(&[opcode::BALANCE]);
    let code = Code::default()
        .measure(0, balance(PRECOMPILE))
        .measure(0x20, balance(REGISTRY))
        .measure(0x40, balance(OTHER))
        .give(0, 0x60);
    let mut chain = Chain::new().with_code(CONTRACT, code);
    let gas = words(&chain.call(CONTRACT, vec![]));
    assert_eq!(gas[0], gas[1]);
    assert_eq!(gas[2] - gas[1], 2_600 - 100);
    chain.spec.inference = None;
    let gas = words(&chain.call(CONTRACT, vec![]));
    assert_eq!(gas[0], gas[2], "without the extension both are ordinary");
    assert_eq!(gas[1], gas[2]);
}

/// Code that reverts with the byte 0x5a.
fn stub() -> Vec<u8> {
    let code = Code::default().op(&[opcode::PUSH1, 0x5a, opcode::PUSH0, opcode::MSTORE8]);
    code.op(&[opcode::PUSH1, 1, opcode::PUSH0, opcode::REVERT])
        .bytes()
}

#[test]
fn code_at_the_address_does_not_hide_the_precompile() {
    let chain = Chain::new()
        .with_code(PRECOMPILE, stub())
        .with_code(CONTRACT, Code::forward(Kind::Call, PRECOMPILE, 0, None));
    assert_eq!(
        chain
            .call(PRECOMPILE, infer(MODEL, INPUT))
            .output()
            .unwrap()
            .as_ref(),
        answer()
    );
    assert_eq!(
        forwarded(&chain.call(CONTRACT, infer(MODEL, INPUT))),
        (true, answer())
    );
}

/// EIP-7702: a delegation runs the code at the address it names, never a precompile. With the stub of
/// our genesis that is its revert; without code it is a call of an account without code.
#[test]
fn a_delegation_to_the_address_runs_the_code_there_not_the_precompile() {
    let designator = [&[0xef, 0x01, 0x00], PRECOMPILE.as_slice()].concat();
    for (code_there, expected) in [(Some(stub()), (false, vec![0x5a])), (None, (true, vec![]))] {
        let mut chain = Chain::new()
            .with_code(OTHER, designator.clone())
            .with_code(CONTRACT, Code::forward(Kind::Call, OTHER, 0, None));
        if let Some(code) = code_there {
            chain = chain.with_code(PRECOMPILE, code);
        }
        let data = infer(MODEL, INPUT);
        assert_eq!(forwarded(&chain.call(CONTRACT, data.clone())), expected);
        let direct = chain.call(OTHER, data);
        assert_eq!(direct.is_success(), expected.0);
        assert_eq!(direct.output().unwrap().as_ref(), expected.1);
        assert_eq!(chain.runs(), 0);
    }
}

/// Schedule 2 by a fork, at height or time 10.
fn with_schedule_2_at(activation: Activation) -> ChainSpec {
    let mut spec = ChainSpec::metis_dev();
    let inference = spec.inference.as_mut().unwrap();
    inference.activation = match activation {
        Activation::Block(_) => Activation::Block(0),
        Activation::Time(_) => Activation::Time(0),
    };
    inference.gas_schedule_forks = vec![GasScheduleFork {
        activation,
        gas_schedule: GasScheduleVersion::V2,
    }];
    spec.check().unwrap();
    spec
}

#[test]
fn a_fork_brings_in_schedule_2_from_its_block_on_and_not_before() {
    let price = |chain: &Chain| {
        let result = chain.call(PRECOMPILE, infer(MODEL, INPUT));
        assert!(result.is_success());
        let info = chain.call(PRECOMPILE, model_info(MODEL));
        let info = IInference::modelInfoCall::abi_decode_returns(info.output().unwrap()).unwrap();
        (result.tx_gas_used(), info.gas.to::<u64>())
    };
    let mut chain = Chain::new();
    let (used_1, told_1) = price(&chain);
    assert_eq!(told_1, CALL_DATA_GAS + COLD + WORK_GAS);
    for activation in [Activation::Block(10), Activation::Time(10)] {
        chain.spec = with_schedule_2_at(activation);
        for (number, timestamp) in [(9, 9), (9, 10), (10, 9), (10, 10), (11, 11)] {
            (chain.header.number, chain.header.timestamp) = (number, timestamp);
            let is_2 = activation.is_active(number, timestamp);
            let expected = if is_2 {
                (used_1 - WORK_GAS + WORK_GAS_2, told_1 - WORK_GAS + WORK_GAS_2)
            } else {
                (used_1, told_1)
            };
            assert_eq!(price(&chain), expected, "{activation:?} in {number}, {timestamp}");
        }
    }
}

fn activated(activation: Activation) -> ChainSpec {
    let mut spec = ChainSpec::metis_dev();
    spec.inference.as_mut().unwrap().activation = activation;
    spec
}

#[test]
fn before_its_activation_the_address_is_an_ordinary_account() {
    for activation in [Activation::Block(10), Activation::Time(10)] {
        let mut chain = Chain::new().with_code(CONTRACT, Code::forward(Kind::Call, PRECOMPILE, 1, None));
        chain.spec = activated(activation);
        (chain.header.number, chain.header.timestamp) = (9, 9);
        // No code: the call succeeds, keeps the value and returns nothing.
        assert_eq!(
            forwarded(&chain.call(CONTRACT, infer(MODEL, INPUT))),
            (true, vec![])
        );
        assert_eq!(
            forwarded(&chain.call(CONTRACT, infer(ABSENT, INPUT))),
            (true, vec![])
        );
        let with_stub = Chain {
            spec: chain.spec.clone(),
            header: chain.header.clone(),
            ..Chain::new()
        }
        .with_code(PRECOMPILE, stub());
        assert_eq!(
            reverted(&with_stub.call(PRECOMPILE, infer(MODEL, INPUT))).as_ref(),
            [0x5a]
        );
        assert_eq!(chain.runs(), 0);

        (chain.header.number, chain.header.timestamp) = (10, 10);
        let refusal = IInference::ValueNotAccepted {}.abi_encode();
        assert_eq!(
            forwarded(&chain.call(CONTRACT, infer(MODEL, INPUT))),
            (false, refusal)
        );
        assert!(chain.call(PRECOMPILE, infer(MODEL, INPUT)).is_success());
        assert_eq!(chain.runs(), 1);
    }
}

#[test]
fn on_mainnet_the_address_is_an_ordinary_account() {
    let mut chain = Chain::new();
    chain.spec = ChainSpec::mainnet();
    (chain.header.number, chain.header.timestamp) = (30_000_000, 2_000_000_000);
    let result = chain.call(PRECOMPILE, infer(MODEL, INPUT));
    assert!(result.is_success());
    assert!(result.output().unwrap().is_empty());
}

#[test]
fn ethereum_precompiles_are_as_they_were() {
    let chain = Chain::new();
    let identity = Address::with_last_byte(4);
    assert_eq!(
        chain.call(identity, vec![1, 2, 3]).output().unwrap().as_ref(),
        [1, 2, 3]
    );
    let mut state = chain.state.clone();
    assert!(state.basic(identity).unwrap().is_none());
}
