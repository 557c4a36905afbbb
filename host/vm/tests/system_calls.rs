//! Calls by the protocol: how much gas they have.

#![allow(clippy::unwrap_used)] // a panic is how a test fails

use alloy_consensus::Header;
use alloy_eips::eip7002::SYSTEM_ADDRESS;
use alloy_evm::{Evm, EvmFactory};
use alloy_primitives::{Address, Bytes, U256};
use metisvm_state::MemoryState;
use metisvm_vm::{ChainSpec, MetisEvmFactory};
use revm::bytecode::opcode;
use std::sync::Arc;

/// The gas that a contract finds when the protocol calls it.
fn gas_of_a_call(spec: ChainSpec) -> U256 {
    let contract = Address::repeat_byte(7);
    let code = [
        opcode::GAS,
        opcode::PUSH0,
        opcode::MSTORE,
        opcode::PUSH1,
        32,
        opcode::PUSH0,
        opcode::RETURN,
    ];
    let mut state = MemoryState::default();
    state.insert_account(contract, U256::ZERO, 1, Bytes::copy_from_slice(&code), []);
    let header = Header {
        number: 1,
        timestamp: 12,
        gas_limit: 30_000_000,
        base_fee_per_gas: Some(7),
        excess_blob_gas: Some(0),
        slot_number: Some(1),
        ..Header::default()
    };
    let factory = MetisEvmFactory::new(Arc::new(spec), None);
    let env = factory.spec().evm_env(&header);
    let mut evm = factory.create_evm(&mut state, env);
    let called = evm
        .transact_system_call(SYSTEM_ADDRESS, contract, Bytes::new())
        .unwrap();
    U256::from_be_slice(called.result.output().unwrap())
}

#[test]
fn a_call_by_the_protocol_has_thirty_million_gas_before_amsterdam() {
    // GAS itself costs two.
    assert_eq!(gas_of_a_call(ChainSpec::metis_dev()), U256::from(30_000_000 - 2));
}
