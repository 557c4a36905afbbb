//! Frames in native code: the same outcome as interpreted, under the rules of each fork, and none where an inspector
//! looks on.

#![allow(
    clippy::unwrap_used,
    reason = "in the helpers, too, a panic is how a test fails"
)]

use alloy_consensus::Header;
use alloy_evm::{Evm, EvmEnv, EvmFactory};
use alloy_primitives::{Address, U256, address, hex};
use metisvm_jit::{Counters, Jit, JitMode, JitOptions, Rules};
use metisvm_state::MemoryState;
use metisvm_vm::{ChainSpec, MetisEvmFactory, native_rules};
use revm::{
    context::TxEnv, context_interface::result::ResultAndState, inspector::NoOpInspector,
    primitives::hardfork::SpecId,
};
use std::sync::Arc;

const CALLER: Address = address!("00000000000000000000000000000000000ca11e");
const CONTRACT: Address = address!("0000000000000000000000000000000000c0de01");

/// A hundred times around a loop that adds to slot 0.
const CODE: [u8; 31] = hex!("60645b600054600101600055600190038060025760005460005260206000f3");

fn state() -> MemoryState {
    let mut state = MemoryState::default();
    state.insert_account(CALLER, U256::from(1) << 100, 0, Default::default(), []);
    state.insert_account(CONTRACT, U256::ZERO, 1, CODE.into(), []);
    state
}

fn env() -> EvmEnv {
    let header = Header {
        number: 20_000_000,
        timestamp: 1_800_000_000,
        gas_limit: 30_000_000,
        excess_blob_gas: Some(0),
        ..Header::default()
    };
    ChainSpec::mainnet().evm_env(&header)
}

fn factory(jit: Option<&Arc<Jit>>) -> MetisEvmFactory {
    MetisEvmFactory::new(Arc::new(ChainSpec::mainnet()), None).with_jit(jit.cloned())
}

fn call() -> TxEnv {
    TxEnv::builder()
        .caller(CALLER)
        .to(CONTRACT)
        .gas_limit(2_000_000)
        .build()
        .unwrap()
}

fn frames(counters: &Counters) -> u64 {
    counters.native_frames + counters.interpreted_frames
}

fn always() -> Arc<Jit> {
    let options = JitOptions {
        mode: JitMode::Always,
        ..JitOptions::default()
    };
    Jit::new(options).unwrap()
}

fn interpreted() -> ResultAndState {
    factory(None)
        .create_evm(state(), env())
        .transact_raw(call())
        .unwrap()
}

#[test]
fn call_in_native_code_is_the_interpreted_one() {
    let expected = interpreted();
    assert!(expected.result.is_success(), "{:?}", expected.result);
    assert_eq!(
        U256::from_be_slice(expected.result.output().unwrap()),
        U256::from(100)
    );
    let jit = always();
    let factory = factory(Some(&jit));
    for _ in 0..3 {
        let native = factory.create_evm(state(), env()).transact_raw(call()).unwrap();
        assert_eq!(native, expected);
    }
    if Jit::is_supported() {
        assert!(jit.counters().native_frames > 0, "{:?}", jit.counters());
    }
}

#[test]
fn inspected_call_is_interpreted_though_there_is_native_code() {
    let expected = interpreted();
    let jit = always();
    let factory = factory(Some(&jit));
    let mut evm = factory.create_evm_with_inspector(state(), env(), NoOpInspector {});
    assert_eq!(evm.transact_raw(call()).unwrap(), expected);
    assert_eq!(frames(&jit.counters()), 0, "an inspector looks on");
    evm.set_inspector_enabled(false);
    assert_eq!(evm.transact_raw(call()).unwrap(), expected);
    let uninspected = frames(&jit.counters());
    assert_eq!(uninspected > 0, Jit::is_supported());
    evm.set_inspector_enabled(true);
    assert_eq!(evm.transact_raw(call()).unwrap(), expected);
    assert_eq!(
        frames(&jit.counters()),
        uninspected,
        "an inspector looks on again"
    );
}

#[test]
fn switched_off_it_counts_nothing() {
    let jit = Jit::new(JitOptions {
        mode: JitMode::Off,
        ..JitOptions::default()
    })
    .unwrap();
    let outcome = factory(Some(&jit))
        .create_evm(state(), env())
        .transact_raw(call())
        .unwrap();
    assert_eq!(outcome, interpreted());
    assert_eq!(jit.counters(), Counters::default());
}

#[test]
fn rules_of_a_fork_have_the_static_gas_of_its_instructions() {
    let mut digests = Vec::new();
    for fork in (0..=u8::MAX).filter_map(SpecId::try_from_u8) {
        let mut env = env();
        env.cfg_env.set_spec_and_mainnet_gas_params(fork);
        let evm = factory(None).create_evm(state(), env);
        let rules = native_rules(fork);
        assert_eq!(rules, Rules::new(fork, evm.instruction.gas_table()), "{fork}");
        digests.push(rules.digest());
    }
    let count = digests.len();
    digests.sort();
    digests.dedup();
    assert_eq!((digests.len(), count), (15, 15), "each fork has rules of its own");
}
