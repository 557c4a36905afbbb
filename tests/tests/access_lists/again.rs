//! Contracts that are destroyed and created again in one block, which only forks before Cancun have.

use super::{engines, list_of_revm};
use alloy_consensus::{Header, SignableTransaction, TxLegacy, transaction::Recovered};
use alloy_eips::eip7928::{AccountChanges, BlockAccessList};
use alloy_primitives::{Address, B256, Bytes, Signature, TxKind, U256, keccak256};
use metisvm_executor::{BlockInput, build_access_list};
use metisvm_state::MemoryState;
use metisvm_tests::random_blocks::{Chain, Fork};
use metisvm_vm::MetisEvmFactory;

const FACTORY: Address = Address::repeat_byte(0xfa);
/// The slot in question, what it is before the block, and another value.
const SLOT: u8 = 1;
const BEFORE: u8 = 5;
const OTHER: u8 = 7;
/// PUSH1 slot SLOAD POP
const READ: [u8; 4] = [0x60, SLOT, 0x54, 0x50];

/// PUSH1 value PUSH1 slot SSTORE
fn write(value: u8) -> Vec<u8> {
    vec![0x60, value, 0x60, SLOT, 0x55]
}

/// A list without what it says of slots that SELFDESTRUCT has wiped: they are named, and no more. An account
/// that has lost its code is one that was destroyed. From Cancun on it says all.
pub(super) fn without_wiped_values(list: &BlockAccessList, before_cancun: bool) -> BlockAccessList {
    let mut list = list.clone();
    for account in &mut list {
        let destroyed = account
            .code_changes
            .iter()
            .any(|change| change.new_code.is_empty());
        if before_cancun && destroyed {
            let changed = std::mem::take(&mut account.storage_changes);
            account.storage_reads.extend(changed.iter().map(|slot| slot.slot));
            account.storage_reads.sort_unstable();
        }
    }
    list
}

/// What our list and revm's say of the contract's slot in a block of four transactions: the contract runs
/// `first`, if that is anything; it destroys itself, after it has run `at_the_end`; it is created again by
/// `init`, and called.
fn listed(fork: Fork, first: &[u8], at_the_end: &[u8], init: &[u8]) -> [AccountChanges; 2] {
    let contract = FACTORY.create2(B256::ZERO, keccak256(init));
    let mut state = MemoryState::default();
    let senders = [1, 2, 3, 4].map(Address::with_last_byte).map(|sender| {
        let sender = sender.create(9);
        state.insert_account(sender, U256::from(10).pow(U256::from(18)), 0, Bytes::new(), []);
        sender
    });
    // CALLDATASIZE PUSH1 end JUMPI, what comes first, STOP, end: JUMPDEST, what comes last, CALLER SELFDESTRUCT
    let end = 5 + first.len() as u8;
    let code = [
        &[0x36, 0x60, end, 0x57][..],
        first,
        &[0x00, 0x5b],
        at_the_end,
        &[0x33, 0xff],
    ]
    .concat();
    let slots = [(U256::from(SLOT), U256::from(BEFORE))];
    state.insert_account(contract, U256::ZERO, 1, code.into(), slots);
    // PUSHn init PUSH1 0 MSTORE PUSH1 0 PUSH1 n PUSH1 32-n PUSH1 0 CREATE2
    let size = init.len() as u8;
    let head = [&[0x5f + size][..], init].concat();
    let tail = [0x60, 0, 0x52, 0x60, 0, 0x60, size, 0x60, 32 - size, 0x60, 0, 0xf5];
    state.insert_account(FACTORY, U256::ZERO, 1, [&head[..], &tail].concat().into(), []);
    state.insert_block_hash(8, B256::repeat_byte(8));

    let call = |sender: Address, to: Address, input: &'static [u8]| {
        let transaction = TxLegacy {
            gas_price: 1_000,
            gas_limit: 300_000,
            to: TxKind::Call(to),
            input: Bytes::from_static(input),
            ..TxLegacy::default()
        };
        // Nobody looks at the signature of one whose sender is known.
        Recovered::new_unchecked(
            transaction.into_signed(Signature::test_signature()).into(),
            sender,
        )
    };
    let nobody = Address::repeat_byte(0xcc);
    let transactions = [
        call(senders[0], if first.is_empty() { nobody } else { contract }, &[]),
        call(senders[1], contract, &[1]),
        call(senders[2], FACTORY, &[]),
        call(senders[3], contract, &[]),
    ];
    let chain = Chain {
        fork,
        inference: false,
        dao_fork: None,
    };
    let factory = MetisEvmFactory::new(chain.spec().into(), None);
    let header = Header {
        number: 9,
        parent_hash: B256::repeat_byte(8),
        gas_limit: 30_000_000,
        timestamp: 1_000,
        base_fee_per_gas: (fork >= Fork::London).then_some(7),
        difficulty: U256::from(1),
        ..Header::default()
    };
    let block = BlockInput {
        header: &header,
        transactions: &transactions,
        withdrawals: (fork >= Fork::Shanghai).then_some(&[]),
        ommers: &[],
        access_list: None,
    };
    let (executed, list) = build_access_list(&factory, block, &state).unwrap();
    let outcome = executed.outcome;
    assert!(outcome.receipts.iter().all(|receipt| receipt.status()));
    let revm = list_of_revm(&factory, block, &state);
    assert_eq!(
        without_wiped_values(&list, true),
        without_wiped_values(&revm, true),
        "{fork:?}"
    );
    // The list says less than the block does, so it comes out right only because it is not believed.
    let with_list = BlockInput {
        access_list: Some(&list),
        ..block
    };
    for engine in engines() {
        let executed = engine.execute(&factory, with_list, &state).unwrap();
        assert_eq!(executed.outcome.receipts, outcome.receipts);
    }
    [list, revm].map(|list| {
        let mut accounts = list.into_iter();
        accounts.find(|account| account.address == contract).unwrap()
    })
}

/// Changes of the slot, as steps and values. None: it is only read.
fn slot(account: &AccountChanges) -> Vec<(u64, u8)> {
    let number = U256::from(SLOT);
    let Some(changed) = account.storage_changes.first() else {
        assert_eq!(account.storage_reads, [number]);
        return Vec::new();
    };
    assert_eq!((changed.slot, account.storage_reads.len()), (number, 0));
    let changes = changed.changes.iter();
    changes
        .map(|change| (change.block_access_index.get(), change.new_value.to()))
        .collect()
}

/// The transactions are steps 1 to 4: step 2 wipes the slot, and step 3 creates the contract. A value is a
/// change where it is not what its own transaction began with (EIP-7928: "the pre-transaction value").
#[test]
fn a_slot_of_a_contract_created_again_is_compared_with_what_its_step_began_with() {
    for fork in [Fork::Petersburg, Fork::London, Fork::Shanghai] {
        let check = |first: &[u8], at_the_end: &[u8], init: &[u8], expected: &[(u64, u8)]| {
            let [ours, revm] = listed(fork, first, at_the_end, init);
            assert_eq!(slot(&ours), expected, "{fork:?}");
            slot(&revm)
        };
        for first in [&[][..], &READ] {
            let same = |at_the_end: &[u8], init: &[u8], expected: &[(u64, u8)]| {
                assert_eq!(
                    check(first, at_the_end, init, expected),
                    expected,
                    "{fork:?}: revm"
                );
            };
            // Only read: it is zero then, and no access has made it so.
            same(&[], &READ, &[]);
            // Made what it was before the block: a change of step 3, which began with zero.
            same(&[], &write(BEFORE), &[(3, BEFORE)]);
            same(&[], &write(OTHER), &[(3, OTHER)]);
            // The step that destroys accesses it: that has made it zero.
            same(&READ, &write(BEFORE), &[(2, 0), (3, BEFORE)]);
            same(&write(OTHER), &READ, &[(2, 0)]);
        }
        // Where a step before has changed it, revm compares with that, as if the slot had not been wiped.
        let first = write(OTHER);
        let revm = check(&first, &[], &READ, &[(1, OTHER)]);
        assert_eq!(revm, [(1, OTHER), (3, 0)], "{fork:?}");
        let revm = check(&first, &[], &write(OTHER), &[(1, OTHER), (3, OTHER)]);
        assert_eq!(revm, [(1, OTHER)], "{fork:?}");
        let revm = check(&first, &[], &write(BEFORE), &[(1, OTHER), (3, BEFORE)]);
        assert_eq!(revm, [(1, OTHER), (3, BEFORE)], "{fork:?}");
    }
}
