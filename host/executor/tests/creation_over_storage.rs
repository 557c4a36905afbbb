//! EIP-7610: nothing is created at an account with storage, on no fork, however the block is executed; and
//! whether there is storage is what the transactions before have left, not what was before the block.

#![allow(clippy::unwrap_used)] // in the helpers, too, a panic is how a test fails

mod support;

use alloy_consensus::{Header, TxEnvelope, TxLegacy};
use alloy_primitives::{Address, B256, Bytes, TxKind, U256, keccak256};
use metisvm_state::MemoryState;
use metisvm_vm::{ChainSpec, ForkSchedule};
use support::{
    block::{CHAIN_ID, GWEI, account, genesis, sign, template},
    small::{SmallBlock, pay},
};

const MINER: Address = Address::repeat_byte(0xbe);
/// Creates with CREATE2, salt 0 and [`INIT`], and stores at slot 0 one more than what that gives.
const FACTORY: Address = Address::repeat_byte(0xfa);
/// Calls the account that stands in its call data's place: what is to be touched.
const TOUCHER: Address = Address::repeat_byte(0x70);
const GAS: u64 = 3_000_000;
/// PUSH1 7 PUSH1 0 SSTORE: stores, and returns no code.
const INIT: [u8; 5] = [0x60, 7, 0x60, 0, 0x55];

/// The forks of mainnet up to a number of them, from the genesis on.
fn chain(forks: usize) -> ChainSpec {
    let from = |fork: usize| (fork < forks).then_some(0);
    ChainSpec {
        name: format!("{forks} forks"),
        chain_id: CHAIN_ID,
        forks: ForkSchedule {
            homestead_block: from(0),
            tangerine_whistle_block: from(1),
            spurious_dragon_block: from(2),
            byzantium_block: from(3),
            constantinople_block: from(4),
            petersburg_block: from(4),
            istanbul_block: from(5),
            berlin_block: from(6),
            london_block: from(7),
            ..ForkSchedule::default()
        },
        blob_schedule: Vec::new(),
        deposit_contract: None,
        builder_requests: true,
        inference: None,
    }
}

const FRONTIER: usize = 0;
const TANGERINE_WHISTLE: usize = 2;
const SPURIOUS_DRAGON: usize = 3;
const PETERSBURG: usize = 5;
const LONDON: usize = 8;
/// The development chain, which has all forks to Osaka.
const OSAKA: usize = 9;

fn block(fork: usize, transactions: Vec<TxEnvelope>) -> SmallBlock {
    if fork == OSAKA {
        return SmallBlock::new(MINER, transactions);
    }
    let header = Header {
        beneficiary: MINER,
        base_fee_per_gas: (fork >= LONDON).then_some(7),
        difficulty: U256::from(1),
        ..template()
    };
    SmallBlock::on(chain(fork), header, transactions)
}

fn send(fork: usize, key: u8, nonce: u64, to: TxKind, input: &[u8]) -> TxEnvelope {
    let tx = TxLegacy {
        // Replay protection is as old as the rule about empty accounts (EIP-155, EIP-161).
        chain_id: (fork >= SPURIOUS_DRAGON).then_some(CHAIN_ID),
        nonce,
        gas_price: 2 * GWEI,
        gas_limit: GAS,
        to,
        value: U256::ZERO,
        input: Bytes::copy_from_slice(input),
    };
    sign(key, tx)
}

fn create(fork: usize, key: u8, nonce: u64) -> TxEnvelope {
    send(fork, key, nonce, TxKind::Create, &INIT)
}

fn call(fork: usize, key: u8, to: Address) -> TxEnvelope {
    send(fork, key, 0, TxKind::Call(to), &[])
}

/// Puts the five bytes of [`INIT`] into memory from byte 27 on: PUSH5 init PUSH1 0 MSTORE.
fn init_in_memory() -> Vec<u8> {
    [&[0x64][..], &INIT, &[0x60, 0, 0x52]].concat()
}

/// CREATE (PUSH1 5 PUSH1 27 PUSH1 0 CREATE), and at a slot one more than what it gives.
fn create_and_note(slot: u8) -> Vec<u8> {
    [
        &init_in_memory()[..],
        &[0x60, 5, 0x60, 27, 0x60, 0, 0xf0, 0x60, 1, 0x01, 0x60, slot, 0x55],
    ]
    .concat()
}

/// What [`FACTORY`] creates.
fn product() -> Address {
    FACTORY.create2(B256::ZERO, keccak256(INIT))
}

/// The usual accounts, the factory, and an account with a balance and a slot and nothing else.
fn state(barred: Address, balance: u64) -> MemoryState {
    let mut state = genesis();
    // PUSH1 0 PUSH1 5 PUSH1 27 PUSH1 0 CREATE2 PUSH1 1 ADD PUSH1 0 SSTORE
    let tail = [
        0x60, 0, 0x60, 5, 0x60, 27, 0x60, 0, 0xf5, 0x60, 1, 0x01, 0x60, 0, 0x55,
    ];
    let code = [&init_in_memory()[..], &tail].concat();
    state.insert_account(FACTORY, U256::ZERO, 1, code.into(), []);
    state.insert_account(barred, U256::from(balance), 0, Bytes::new(), [slot(9, 5)]);
    // Five times PUSH1 0, PUSH20 barred, PUSH2 10000, CALL.
    let head = [0x60, 0].repeat(5);
    let code = [&head[..], &[0x73], barred.as_slice(), &[0x61, 0x27, 0x10, 0xf1]].concat();
    state.insert_account(TOUCHER, U256::ZERO, 1, code.into(), []);
    state
}

fn slot(key: u64, value: u64) -> (U256, U256) {
    (U256::from(key), U256::from(value))
}

fn storage(state: &MemoryState, address: Address) -> Vec<(U256, U256)> {
    let account = state.account(&address).map(|account| account.storage.clone());
    let mut slots: Vec<_> = account.into_iter().flatten().collect();
    slots.sort_unstable();
    slots
}

#[test]
fn creation_by_a_transaction_over_storage_fails_with_all_its_gas_on_every_fork() {
    for fork in FRONTIER..=OSAKA {
        let barred = account(1).create(0);
        let before = state(barred, 3);
        let after = block(fork, vec![create(fork, 1, 0)]).check(&before);
        assert_eq!(after.account(&barred), before.account(&barred), "{fork}");
        let (paid, sender) = (&before, account(1));
        let balance = |state: &MemoryState| state.account(&sender).unwrap().info.balance;
        let spent = balance(paid) - balance(&after);
        assert_eq!(spent, U256::from(GAS) * U256::from(2 * GWEI), "{fork}");
        assert_eq!(after.account(&sender).unwrap().info.nonce, 1, "{fork}");
        // The next one of the same sender goes elsewhere and succeeds.
        let after = block(fork, vec![create(fork, 1, 0), create(fork, 1, 1)]).check(&before);
        assert_eq!(storage(&after, sender.create(1)), [slot(0, 7)], "{fork}");
    }
}

#[test]
fn creation_by_a_contract_over_storage_gives_zero_and_counts_the_nonce() {
    for fork in PETERSBURG..=OSAKA {
        let before = state(product(), 3);
        let after = block(fork, vec![call(fork, 1, FACTORY)]).check(&before);
        assert_eq!(storage(&after, FACTORY), [slot(0, 1)], "{fork}");
        assert_eq!(after.account(&FACTORY).unwrap().info.nonce, 2, "{fork}");
        assert_eq!(after.account(&product()), before.account(&product()), "{fork}");
    }
}

#[test]
fn ether_that_comes_before_does_not_make_room() {
    for fork in [PETERSBURG, LONDON, OSAKA] {
        let mut before = state(product(), 3);
        before.insert_account(
            account(4),
            U256::from(10).pow(U256::from(18)),
            0,
            Bytes::new(),
            [],
        );
        let gifts = [2, 4].map(|key| pay(key, 0, product(), 9));
        let transactions = gifts.into_iter().chain([call(fork, 1, FACTORY)]).collect();
        let after = block(fork, transactions).check(&before);
        assert_eq!(storage(&after, FACTORY), [slot(0, 1)], "{fork}");
        assert_eq!(storage(&after, product()), [slot(9, 5)], "{fork}");
        let balance = after.account(&product()).unwrap().info.balance;
        assert_eq!(balance, U256::from(21), "{fork}");
    }
}

#[test]
fn an_empty_account_that_was_touched_before_is_gone_with_its_storage_and_makes_room() {
    for fork in [PETERSBURG, LONDON, OSAKA] {
        let before = state(product(), 0);
        let (touch, creation) = (call(fork, 2, TOUCHER), call(fork, 1, FACTORY));
        let after = block(fork, vec![touch.clone(), creation.clone()]).check(&before);
        assert_eq!(storage(&after, product()), [slot(0, 7)], "{fork}: made new");
        assert_eq!(after.account(&product()).unwrap().info.nonce, 1, "{fork}");
        // A transaction later is too late; the touch clears it then.
        let after = block(fork, vec![creation, touch]).check(&before);
        assert_eq!(storage(&after, FACTORY), [slot(0, 1)], "{fork}");
        assert_eq!(after.account(&product()), None, "{fork}");
    }
}

#[test]
fn a_contract_that_was_destroyed_before_makes_room() {
    // CALLER SELFDESTRUCT
    let code = Bytes::from_static(&[0x33, 0xff]);
    for fork in [PETERSBURG, LONDON] {
        let mut before = state(product(), 0);
        before.insert_account(product(), U256::from(1), 1, code.clone(), [slot(9, 5)]);
        let (destroy, creation) = (call(fork, 2, product()), call(fork, 1, FACTORY));
        let after = block(fork, vec![destroy, creation]).check(&before);
        assert_eq!(storage(&after, product()), [slot(0, 7)], "{fork}");
    }
}

/// Before EIP-161 a contract without code has nonce 0, and its storage is what bars the next one. Its creator
/// has to be there twice with the same nonce: it destroys itself and is created again.
#[test]
fn storage_that_came_in_the_same_block_bars_too() {
    let fork = TANGERINE_WHISTLE;
    let creator = account(2).create(0);
    let created = creator.create(0);
    let mut before = genesis();
    let code = [create_and_note(1), vec![0x33, 0xff]].concat();
    before.insert_account(creator, U256::ZERO, 0, code.into(), []);
    let again = send(fork, 2, 0, TxKind::Create, &create_and_note(1));
    // With ether it is there before and after, and its storage is all that tells the two apart.
    for ether in [0, 5] {
        if ether > 0 {
            before.insert_account(created, U256::from(ether), 0, Bytes::new(), []);
        }
        let after = block(fork, vec![call(fork, 1, creator), again.clone()]).check(&before);
        assert_eq!(storage(&after, created), [slot(0, 7)], "{ether}");
        assert_eq!(after.account(&created).unwrap().info.nonce, 0);
        assert_eq!(
            storage(&after, creator),
            [slot(1, 1)],
            "{ether}: it was created once"
        );
    }
    // Without the first of the two nothing is in the way.
    before.insert_account(creator, U256::ZERO, 0, Bytes::new(), []);
    let after = block(fork, vec![again]).check(&before);
    let word = U256::from_be_slice(created.as_slice()) + U256::from(1);
    assert_eq!(storage(&after, creator), [(U256::from(1), word)]);
}
