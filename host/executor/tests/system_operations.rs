//! What a block does besides its transactions: the DAO fork, system calls, requests, withdrawals and rewards. Where
//! alloy-evm's executor keeps Ethereum's rules, the same comes out as from it.

#![allow(clippy::unwrap_used)] // in the helpers, too, a panic is how a test fails

mod support;

use alloy_consensus::{Header, ReceiptEnvelope, TxEnvelope, TxLegacy, transaction::Recovered};
use alloy_eips::{
    eip2935::{HISTORY_STORAGE_ADDRESS, HISTORY_STORAGE_CODE},
    eip4788::{BEACON_ROOTS_ADDRESS, BEACON_ROOTS_CODE},
    eip4895::Withdrawal,
    eip7002::WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS,
    eip7251::CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS,
    eip7685::Requests,
    eip8282::BUILDER_EXIT_CONTRACT_ADDRESS,
};
use alloy_evm::{
    EvmFactory,
    block::BlockExecutor,
    eth::{
        EthBlockExecutionCtx, EthBlockExecutor,
        dao_fork::{DAO_HARDFORK_ACCOUNTS, DAO_HARDFORK_BENEFICIARY},
        eip6110::DepositEvent,
        receipt_builder::AlloyReceiptBuilder,
    },
};
use alloy_primitives::{Address, B256, Bytes, TxKind, U256};
use alloy_sol_types::SolEvent;
use metisvm_executor::{BlockEngine, BlockInput, EngineOptions, Threads, execute_block, recover_senders};
use metisvm_state::MemoryState;
use metisvm_vm::{ChainSpec, ForkSchedule, MetisEvmFactory};
use std::{borrow::Cow, sync::Arc};
use support::block::{CHAIN_ID, GWEI, account, genesis, sign, template};

const DEPOSIT_CONTRACT: Address = Address::repeat_byte(0xd0);
const BENEFICIARY: Address = Address::repeat_byte(0xbe);

/// A block and the state before it.
struct Case {
    spec: Arc<ChainSpec>,
    header: Header,
    transactions: Vec<Recovered<TxEnvelope>>,
    withdrawals: Option<Vec<Withdrawal>>,
    ommers: Vec<Header>,
    state: MemoryState,
}

/// What there is to compare of an execution.
#[derive(Debug, PartialEq)]
struct Came {
    receipts: Vec<ReceiptEnvelope>,
    requests: Requests,
    gas_used: u64,
    state: MemoryState,
}

impl Case {
    fn new(spec: ChainSpec, header: Header, transactions: Vec<TxEnvelope>, state: MemoryState) -> Self {
        let threads = Threads::new(1).unwrap();
        let transactions = recover_senders(&spec, header.number, transactions, &threads).unwrap();
        Self {
            withdrawals: header.withdrawals_root.map(|_| Vec::new()),
            spec: Arc::new(spec),
            header,
            transactions,
            ommers: Vec::new(),
            state,
        }
    }

    fn factory(&self) -> MetisEvmFactory {
        MetisEvmFactory::new(self.spec.clone(), None)
    }

    fn input(&self) -> BlockInput<'_> {
        BlockInput {
            header: &self.header,
            transactions: &self.transactions,
            withdrawals: self.withdrawals.as_deref(),
            ommers: &self.ommers,
            access_list: None,
        }
    }

    /// In sequence and by the engine on one thread and on two, which have to agree.
    fn execute(&self) -> Result<Came, String> {
        let mut state = self.state.clone();
        let outcome = execute_block(&self.factory(), self.input(), &mut state);
        let sequential = outcome.map_err(|error| error.to_string()).map(|outcome| Came {
            receipts: outcome.receipts,
            requests: outcome.requests,
            gas_used: outcome.gas_used,
            state,
        });
        for count in [1, 2] {
            let options = EngineOptions {
                adaptive: false,
                ..EngineOptions::default()
            };
            let engine = BlockEngine::with_options(Threads::new(count).unwrap(), options);
            let executed = engine.execute(&self.factory(), self.input(), &self.state);
            let came = executed.map_err(|error| error.to_string()).map(|executed| {
                let mut state = self.state.clone();
                state.apply(&executed.changes);
                Came {
                    receipts: executed.outcome.receipts,
                    requests: executed.outcome.requests,
                    gas_used: executed.outcome.gas_used,
                    state,
                }
            });
            assert!(came == sequential, "on {count} threads");
        }
        sequential
    }

    /// By alloy-evm's executor, from beginning to end.
    fn by_alloy(&self) -> Came {
        let mut state = self.state.clone();
        let context = EthBlockExecutionCtx {
            parent_hash: self.header.parent_hash,
            parent_beacon_block_root: self.header.parent_beacon_block_root,
            ommers: &self.ommers,
            withdrawals: self.withdrawals.as_deref().map(Cow::Borrowed),
            extra_data: self.header.extra_data.clone(),
            tx_count_hint: None,
            slot_number: self.header.slot_number,
        };
        let factory = self.factory();
        let evm = factory.create_evm(&mut state, self.spec.evm_env(&self.header));
        let builder = AlloyReceiptBuilder::default();
        let mut executor = EthBlockExecutor::new(evm, context, self.spec.as_ref(), builder);
        executor.apply_pre_execution_changes().unwrap();
        for transaction in &self.transactions {
            executor.execute_transaction(transaction).unwrap();
        }
        let (_, result) = executor.finish().unwrap();
        Came {
            receipts: result.receipts,
            requests: result.requests,
            gas_used: result.gas_used,
            state,
        }
    }
}

/// A header with the fields of Osaka, and the slot of Amsterdam.
fn header(amsterdam: bool) -> Header {
    Header {
        withdrawals_root: Some(B256::ZERO),
        blob_gas_used: Some(0),
        excess_blob_gas: Some(0),
        parent_beacon_block_root: Some(B256::repeat_byte(0xbb)),
        requests_hash: Some(B256::ZERO),
        slot_number: amsterdam.then_some(7),
        block_access_list_hash: amsterdam.then_some(B256::ZERO),
        ..template()
    }
}

fn dev(amsterdam: bool) -> ChainSpec {
    let mut spec = ChainSpec::metis_dev();
    spec.deposit_contract = Some(DEPOSIT_CONTRACT);
    spec.inference = None;
    spec.forks.amsterdam_time = amsterdam.then_some(0);
    spec
}

/// Every contract of the protocol, and a deposit contract that writes its input as an event, with a second topic
/// where the call carries ether.
fn state() -> MemoryState {
    let mut state = genesis();
    for (address, code) in [
        (HISTORY_STORAGE_ADDRESS, &HISTORY_STORAGE_CODE),
        (BEACON_ROOTS_ADDRESS, &BEACON_ROOTS_CODE),
    ] {
        state.insert_account(address, U256::ZERO, 1, code.clone(), []);
    }
    let mut code = vec![
        0x36, 0x5f, 0x5f, 0x37, // CALLDATACOPY of everything to 0
        0x34, 0x60, 0x2f, 0x57, // with ether: jump to 47
        0x7f, // PUSH32
    ];
    code.extend(DepositEvent::SIGNATURE_HASH);
    code.extend([0x36, 0x5f, 0xa1, 0x00, 0x00, 0x00]); // LOG1, STOP
    assert_eq!(code.len(), 47);
    code.extend([0x5b, 0x60, 0x07, 0x7f]); // JUMPDEST, PUSH1 7, PUSH32
    code.extend(DepositEvent::SIGNATURE_HASH);
    code.extend([0x36, 0x5f, 0xa2]); // LOG2
    state.insert_account(DEPOSIT_CONTRACT, U256::ZERO, 1, code.into(), []);
    state
}

fn call(key: u8, nonce: u64, to: Address, value: u64, input: impl Into<Bytes>) -> TxEnvelope {
    let tx = TxLegacy {
        chain_id: Some(CHAIN_ID),
        nonce,
        gas_price: 2 * GWEI,
        gas_limit: 1_000_000,
        to: TxKind::Call(to),
        value: U256::from(value),
        input: input.into(),
    };
    sign(key, tx)
}

/// The data of a deposit event, each field filled with a byte of its own, and the fields alone.
fn deposit() -> (Vec<u8>, Vec<u8>) {
    let sizes = [48, 32, 8, 96, 8];
    let fields: Vec<Bytes> = (1..)
        .zip(sizes)
        .map(|(byte, size)| vec![byte; size].into())
        .collect();
    let event = DepositEvent {
        pubkey: fields[0].clone(),
        withdrawal_credentials: fields[1].clone(),
        amount: fields[2].clone(),
        signature: fields[3].clone(),
        index: fields[4].clone(),
    };
    (event.encode_data(), fields.concat())
}

#[test]
fn requests_withdrawals_and_system_calls_are_those_of_alloy_evm() {
    let (event, _) = deposit();
    for amsterdam in [false, true] {
        let mut transactions = vec![
            call(1, 0, DEPOSIT_CONTRACT, 0, event.clone()),
            call(2, 0, WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS, 1, vec![3; 56]),
            call(3, 0, CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS, 1, vec![4; 96]),
            call(1, 1, DEPOSIT_CONTRACT, 0, event.clone()),
        ];
        if amsterdam {
            transactions.push(call(2, 1, BUILDER_EXIT_CONTRACT_ADDRESS, 1, vec![5; 48]));
        }
        let mut case = Case::new(dev(amsterdam), header(amsterdam), transactions, state());
        let withdrawal = |address, amount| Withdrawal {
            address,
            amount,
            ..Withdrawal::default()
        };
        case.withdrawals = Some(vec![
            withdrawal(account(1), 5),
            withdrawal(Address::repeat_byte(0x99), u64::MAX),
            withdrawal(account(1), 6),
            withdrawal(Address::repeat_byte(0x98), 0),
        ]);
        let came = case.execute().unwrap();
        let types: Vec<u8> = came.requests.iter().map(|request| request[0]).collect();
        let expected: &[u8] = if amsterdam { &[0, 1, 2, 4] } else { &[0, 1, 2] };
        assert_eq!(types, expected, "rising by type (EIP-7685)");
        let alloy = case.by_alloy();
        assert!(came.state == alloy.state, "another state");
        assert_eq!(came, alloy);
    }
}

#[test]
fn rewards_and_ommers_are_those_of_alloy_evm() {
    let frontier = ChainSpec {
        forks: ForkSchedule::default(),
        blob_schedule: Vec::new(),
        ..dev(false)
    };
    let ommer = |number, byte| Header {
        number,
        beneficiary: Address::repeat_byte(byte),
        ..Header::default()
    };
    let header = Header {
        number: 10,
        base_fee_per_gas: None,
        ..template()
    };
    let mut case = Case::new(frontier, header, Vec::new(), genesis());
    case.ommers = vec![ommer(9, 1), ommer(4, 2)];
    let came = case.execute().unwrap();
    let ether = |thousandths: u64| U256::from(thousandths) * U256::from(10).pow(U256::from(15));
    let balance = |address: Address| came.state.account(&address).unwrap().info.balance;
    assert_eq!(
        balance(BENEFICIARY),
        ether(5_000 + 2 * 156) + ether(1) / U256::from(2)
    );
    assert_eq!(balance(Address::repeat_byte(1)), ether(4_375));
    assert_eq!(balance(Address::repeat_byte(2)), ether(1_250));
    assert_eq!(came, case.by_alloy());
}

#[test]
fn a_deposit_event_counts_with_any_further_topics() {
    let (event, fields) = deposit();
    let transactions = vec![
        call(1, 0, DEPOSIT_CONTRACT, 1, event.clone()),
        call(2, 0, DEPOSIT_CONTRACT, 0, event),
    ];
    let case = Case::new(dev(false), header(false), transactions, state());
    let came = case.execute().unwrap();
    assert_eq!(came.receipts[0].logs()[0].topics().len(), 2);
    let mut expected = vec![0];
    expected.extend(fields.repeat(2));
    assert_eq!(came.requests.first().unwrap().to_vec(), expected);
}

#[test]
fn a_contract_of_the_protocol_that_fails_at_the_end_makes_the_block_invalid() {
    for (address, eip) in [
        (WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS, "EIP-7002"),
        (CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS, "EIP-7251"),
    ] {
        for (code, end) in [
            (&[0x5f, 0x5f, 0xfd][..], "execution reverted: 0x"),
            (&[0xfe][..], "execution halted: "),
            // A loop: the call has 30 million gas.
            (&[0x5b, 0x5f, 0x56][..], "execution halted: OutOfGas"),
        ] {
            let mut state = state();
            state.insert_account(address, U256::ZERO, 1, Bytes::copy_from_slice(code), []);
            let case = Case::new(dev(false), header(false), Vec::new(), state);
            let error = case.execute().unwrap_err();
            assert!(error.contains(end) && error.contains(eip), "{error}");
        }
    }
}

#[test]
fn contracts_that_are_called_at_the_start_may_fail_and_need_not_be_there() {
    let mut without = genesis();
    let case = Case::new(dev(false), header(false), Vec::new(), without.clone());
    assert!(case.execute().is_ok());
    for address in [HISTORY_STORAGE_ADDRESS, BEACON_ROOTS_ADDRESS] {
        without.insert_account(address, U256::ZERO, 1, Bytes::from_static(&[0xfe]), []);
    }
    let case = Case::new(dev(false), header(false), Vec::new(), without);
    assert_eq!(case.execute().unwrap(), case.by_alloy());
}

#[test]
fn builders_need_their_contracts_from_amsterdam_on() {
    let mut without = state();
    without.insert_account(BUILDER_EXIT_CONTRACT_ADDRESS, U256::from(1), 0, Bytes::new(), []);
    let at = |amsterdam| Case::new(dev(amsterdam), header(amsterdam), Vec::new(), without.clone());
    assert!(at(false).execute().is_ok());
    let error = at(true).execute().unwrap_err();
    assert!(
        error.contains("has no code") && error.contains("EIP-8282"),
        "{error}"
    );
}

#[test]
fn a_network_from_before_eip_8282_neither_calls_nor_needs_its_contracts() {
    let mut without = state();
    without.insert_account(BUILDER_EXIT_CONTRACT_ADDRESS, U256::from(1), 0, Bytes::new(), []);
    let older = ChainSpec {
        builder_requests: false,
        ..dev(true)
    };
    let case = Case::new(older, header(true), Vec::new(), without);
    assert!(case.execute().is_ok());
}

/// The DAO fork at block 5, on Homestead.
fn dao() -> ChainSpec {
    ChainSpec {
        forks: ForkSchedule {
            homestead_block: Some(0),
            dao_fork_block: Some(5),
            ..ForkSchedule::default()
        },
        blob_schedule: Vec::new(),
        ..dev(false)
    }
}

fn dao_case(number: u64, state: MemoryState) -> Case {
    let tx = TxLegacy {
        chain_id: None,
        gas_price: GWEI,
        gas_limit: 21_000,
        to: TxKind::Call(DAO_HARDFORK_ACCOUNTS[0]),
        value: U256::from(7),
        ..TxLegacy::default()
    };
    let header = Header {
        number,
        base_fee_per_gas: None,
        ..template()
    };
    Case::new(dao(), header, vec![sign(1, tx)], state)
}

#[test]
fn the_dao_loses_its_ether_before_the_transactions_of_the_forks_block() {
    let mut state = genesis();
    for (index, address) in DAO_HARDFORK_ACCOUNTS[..5].iter().enumerate() {
        state.insert_account(*address, U256::from(1_000 + index), 0, Bytes::new(), []);
    }
    let balance = |came: &Came, address| came.state.account(&address).map(|account| account.info.balance);

    let fork = dao_case(5, state.clone()).execute().unwrap();
    // What arrives afterwards stays.
    assert_eq!(balance(&fork, DAO_HARDFORK_ACCOUNTS[0]), Some(U256::from(7)));
    assert_eq!(balance(&fork, DAO_HARDFORK_ACCOUNTS[4]), Some(U256::ZERO));
    assert_eq!(balance(&fork, DAO_HARDFORK_BENEFICIARY), Some(U256::from(5_010)));
    // Before EIP-161 an account that was written to is there, even if nothing is in it.
    assert_eq!(balance(&fork, DAO_HARDFORK_ACCOUNTS[115]), Some(U256::ZERO));

    for number in [4, 6] {
        let other = dao_case(number, state.clone()).execute().unwrap();
        assert_eq!(balance(&other, DAO_HARDFORK_ACCOUNTS[0]), Some(U256::from(1_007)));
        assert_eq!(balance(&other, DAO_HARDFORK_BENEFICIARY), None);
    }
}

#[test]
fn the_dao_may_have_any_balance() {
    let mut state = genesis();
    for address in &DAO_HARDFORK_ACCOUNTS[..2] {
        state.insert_account(*address, U256::MAX - U256::from(1), 0, Bytes::new(), []);
    }
    assert!(dao_case(5, state).execute().is_ok());
}
