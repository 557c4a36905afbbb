//! A block of our own with every type of transaction, a log, withdrawals and calls of a model, built by
//! the block builder on the development chain.

use alloy_consensus::{
    Header, SignableTransaction, TxEip1559, TxEip2930, TxEip7702, TxEnvelope, TxLegacy,
    crypto::secp256k1::sign_message, transaction::SignerRecoverable,
};
use alloy_eips::{
    eip2930::{AccessList, AccessListItem},
    eip4895::{Withdrawal, Withdrawals},
    eip7002::{WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS, WITHDRAWAL_REQUEST_PREDEPLOY_CODE},
    eip7251::{CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS, CONSOLIDATION_REQUEST_PREDEPLOY_CODE},
    eip7702::Authorization,
    eip8282::{
        BUILDER_DEPOSIT_CONTRACT_ADDRESS, BUILDER_DEPOSIT_CONTRACT_CODE, BUILDER_EXIT_CONTRACT_ADDRESS,
        BUILDER_EXIT_CONTRACT_CODE,
    },
};
use alloy_primitives::{Address, B256, Bytes, Signature, TxKind, U256, address};
use alloy_sol_types::SolCall;
use metisvm_executor::{BlockEngine, BuiltBlock, Error, Threads, build_block};
use metisvm_state::MemoryState;
use metisvm_vm::{
    ChainSpec, EngineError, IInference, InferenceEngine, MetisEvmFactory, ModelFacts, OperatorSet, Work,
    registry_slot,
};
use std::sync::Arc;

pub(crate) const PRECOMPILE: Address = address!("0x4D45544900000000000000000000000000000001");
const REGISTRY: Address = address!("0x4D45544900000000000000000000000000000002");
/// Stores its call value at slot 0 and emits a log without topics.
const CONTRACT: Address = Address::repeat_byte(0xc0);
pub(crate) const MODEL: B256 = B256::repeat_byte(0xa1);
pub(crate) const CHAIN_ID: u64 = 5_068_365;
pub(crate) const GWEI: u128 = 1_000_000_000;

/// Reverses its input of four bytes.
pub(crate) struct Reverse;

impl InferenceEngine for Reverse {
    fn model(&self, _: B256) -> Option<ModelFacts> {
        Some(ModelFacts {
            input_bytes: 4,
            output_bytes: 4,
            operators: OperatorSet::EMPTY,
            work: Work {
                macs: 160,
                ..Work::default()
            },
            generation: None,
        })
    }

    fn infer(&self, _: B256, input: &[u8]) -> Result<Bytes, EngineError> {
        Ok(input.iter().rev().copied().collect::<Vec<u8>>().into())
    }
}

pub(crate) fn engine() -> Option<Arc<dyn InferenceEngine>> {
    Some(Arc::new(Reverse))
}

fn key(number: u8) -> B256 {
    B256::with_last_byte(number)
}

fn signature(number: u8, hash: B256) -> Signature {
    sign_message(key(number), hash).unwrap()
}

pub(crate) fn sign<T: SignableTransaction<Signature>>(number: u8, tx: T) -> TxEnvelope
where
    alloy_consensus::Signed<T>: Into<TxEnvelope>,
{
    let signature = signature(number, tx.signature_hash());
    tx.into_signed(signature).into()
}

/// The account of a key.
pub(crate) fn account(number: u8) -> Address {
    sign(number, TxLegacy::default()).recover_signer().unwrap()
}

pub(crate) fn legacy(number: u8, nonce: u64, to: Address, value: u64) -> TxEnvelope {
    let tx = TxLegacy {
        chain_id: Some(CHAIN_ID),
        nonce,
        gas_price: 2 * GWEI,
        gas_limit: 100_000,
        to: TxKind::Call(to),
        value: U256::from(value),
        input: Bytes::new(),
    };
    sign(number, tx)
}

fn infer() -> Bytes {
    IInference::inferCall {
        modelId: MODEL,
        input: Bytes::from_static(&[1, 2, 3, 4]),
    }
    .abi_encode()
    .into()
}

pub(crate) fn transactions() -> Vec<TxEnvelope> {
    let access_list = AccessList(vec![AccessListItem {
        address: CONTRACT,
        storage_keys: vec![B256::ZERO],
    }]);
    let dynamic = |nonce, to, input| TxEip1559 {
        chain_id: CHAIN_ID,
        nonce,
        gas_limit: 200_000,
        max_fee_per_gas: 3 * GWEI,
        max_priority_fee_per_gas: GWEI,
        to,
        value: U256::ZERO,
        access_list: AccessList::default(),
        input,
    };
    let authorization = Authorization {
        chain_id: U256::ZERO,
        address: CONTRACT,
        nonce: 0,
    };
    let authorization_signature = signature(4, authorization.signature_hash());
    let mut before_eip_155 = TxLegacy {
        chain_id: None,
        nonce: 1,
        gas_price: 2 * GWEI,
        ..TxLegacy::default()
    };
    before_eip_155.gas_limit = 100_000;
    before_eip_155.to = TxKind::Create;
    // Deploys one byte of code, STOP.
    before_eip_155.input = Bytes::from_static(&[0x60, 0x01, 0x5f, 0xf3]);
    vec![
        legacy(1, 0, account(2), 12_345),
        sign(1, before_eip_155),
        sign(
            2,
            TxEip2930 {
                chain_id: CHAIN_ID,
                nonce: 0,
                gas_price: 2 * GWEI,
                gas_limit: 100_000,
                to: TxKind::Call(CONTRACT),
                value: U256::from(77),
                access_list,
                input: Bytes::new(),
            },
        ),
        sign(3, dynamic(0, TxKind::Call(PRECOMPILE), infer())),
        sign(
            3,
            dynamic(1, TxKind::Call(PRECOMPILE), Bytes::from_static(b"malformed")),
        ),
        sign(
            3,
            TxEip7702 {
                chain_id: CHAIN_ID,
                nonce: 2,
                gas_limit: 200_000,
                max_fee_per_gas: 3 * GWEI,
                max_priority_fee_per_gas: GWEI,
                to: account(4),
                value: U256::from(5),
                access_list: AccessList::default(),
                authorization_list: vec![authorization.into_signed(authorization_signature)],
                input: Bytes::new(),
            },
        ),
    ]
}

/// The contracts that a block calls for its requests, without which no block of Prague is valid, and none of
/// Amsterdam.
pub(crate) fn insert_predeploys(state: &mut MemoryState) {
    for (address, code) in [
        (
            WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS,
            &WITHDRAWAL_REQUEST_PREDEPLOY_CODE,
        ),
        (
            CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS,
            &CONSOLIDATION_REQUEST_PREDEPLOY_CODE,
        ),
        (BUILDER_DEPOSIT_CONTRACT_ADDRESS, &BUILDER_DEPOSIT_CONTRACT_CODE),
        (BUILDER_EXIT_CONTRACT_ADDRESS, &BUILDER_EXIT_CONTRACT_CODE),
    ] {
        state.insert_account(address, U256::ZERO, 1, code.clone(), []);
    }
}

pub(crate) fn genesis() -> MemoryState {
    let mut state = MemoryState::default();
    for number in 1..=3 {
        let balance = U256::from(10).pow(U256::from(18));
        state.insert_account(account(number), balance, 0, Bytes::new(), []);
    }
    insert_predeploys(&mut state);
    // CALLVALUE PUSH0 SSTORE PUSH0 PUSH0 LOG0
    let code = Bytes::from_static(&[0x34, 0x5f, 0x55, 0x5f, 0x5f, 0xa0]);
    state.insert_account(CONTRACT, U256::ZERO, 1, code, [(U256::from(9), U256::from(9))]);
    state.insert_account(
        REGISTRY,
        U256::ZERO,
        1,
        Bytes::new(),
        [(registry_slot(MODEL), U256::from(1))],
    );
    state
}

pub(crate) fn template() -> Header {
    Header {
        parent_hash: B256::repeat_byte(0x11),
        beneficiary: Address::repeat_byte(0xbe),
        number: 1,
        gas_limit: 30_000_000,
        timestamp: 1_000,
        extra_data: Bytes::from_static(b"metisvm"),
        mix_hash: B256::repeat_byte(0x22),
        base_fee_per_gas: Some(1_000_000_000),
        ..Header::default()
    }
}

/// Builds a block on the calling thread; what cannot be in it is left out.
pub(crate) fn build(transactions: Vec<TxEnvelope>) -> Result<BuiltBlock, Error> {
    let engine = BlockEngine::new(Threads::new(1).unwrap());
    build_with(&engine, genesis(), template(), transactions)
}

pub(crate) fn build_with(
    engine: &BlockEngine,
    pre_state: MemoryState,
    template: Header,
    transactions: Vec<TxEnvelope>,
) -> Result<BuiltBlock, Error> {
    let factory = MetisEvmFactory::new(Arc::new(ChainSpec::metis_dev()), Some(Arc::new(Reverse)));
    let withdrawal = Withdrawal {
        index: 7,
        validator_index: 8,
        address: Address::repeat_byte(0x99),
        amount: 3,
    };
    let withdrawals = Withdrawals::new(vec![withdrawal]);
    build_block(&factory, pre_state, template, transactions, withdrawals, engine)
}

pub(crate) fn built() -> BuiltBlock {
    let built = build(transactions()).unwrap();
    assert_eq!(built.skipped, []);
    built
}
