//! Lists that lie: the block is invalid, the error names the lie, and it is the same on any threads.

use super::{FIRST_SEED, check_lists, engines, scenario};
use alloy_eips::eip7928::{
    AccountChanges, BalanceChange, BlockAccessIndex, BlockAccessList, CodeChange, NonceChange, SlotChanges,
    StorageChange,
};
use alloy_primitives::{Address, Bytes, U256};
use metisvm_executor::{BlockInput, Error, build_access_list};
use metisvm_tests::{random_blocks::seeds, rng::Rng};
use metisvm_workload::chains::WorkloadKind;

/// A lie: what it is called, how it changes a list, and words of the error.
type Lie = (&'static str, fn(&mut BlockAccessList), &'static str);

fn written(list: &mut BlockAccessList) -> &mut AccountChanges {
    let mut accounts = list.iter_mut();
    accounts
        .find(|account| account.storage_changes.len() > 1)
        .unwrap()
}

fn read(list: &mut BlockAccessList) -> &mut AccountChanges {
    let mut accounts = list.iter_mut();
    accounts
        .find(|account| !account.storage_reads.is_empty())
        .unwrap()
}

fn paid(list: &mut BlockAccessList) -> &mut AccountChanges {
    let mut accounts = list.iter_mut();
    accounts
        .find(|account| !account.nonce_changes.is_empty())
        .unwrap()
}

const LIES: &[Lie] = &[
    (
        "a wrong slot value",
        |list| written(list).storage_changes[0].changes[0].new_value += U256::from(1),
        "is listed as 0x",
    ),
    (
        "a missing slot",
        |list| drop(written(list).storage_changes.remove(0)),
        "is not listed",
    ),
    (
        "a missing write",
        |list| {
            let slots = list.iter_mut().flat_map(|account| &mut account.storage_changes);
            slots
                .max_by_key(|slot| slot.changes.len())
                .unwrap()
                .changes
                .remove(1);
        },
        "which is not listed",
    ),
    (
        "a write too many",
        |list| {
            let last = BlockAccessIndex::new(61);
            written(list).storage_changes[0]
                .changes
                .push(StorageChange::new(last, U256::from(77)));
        },
        "but nothing changes it there",
    ),
    (
        "a write of another transaction",
        |list| {
            let changes = &mut written(list).storage_changes[0].changes;
            let last = changes.last_mut().unwrap();
            last.block_access_index = BlockAccessIndex::new(last.block_access_index.get() + 1);
        },
        "which is not listed",
    ),
    (
        "a slot that is only read as written",
        |list| {
            let account = read(list);
            let slot = account.storage_reads.remove(0);
            let change = StorageChange::new(BlockAccessIndex::new(1), U256::from(9));
            account.storage_changes.push(SlotChanges::new(slot, vec![change]));
            account.storage_changes.sort_by_key(|slot| slot.slot);
        },
        "but the block does not change it",
    ),
    (
        "a missing read",
        |list| read(list).storage_reads.truncate(0),
        "is read, but not listed so",
    ),
    (
        "a read too many",
        |list| read(list).storage_reads.push(U256::MAX),
        "but the block does not read it",
    ),
    (
        "a missing account",
        |list| drop(list.remove(list.len() / 2)),
        "but the block touches it",
    ),
    (
        "an account too many",
        |list| {
            let at = list.len();
            list.insert(at, AccountChanges::new(Address::repeat_byte(0xff)));
        },
        "but the block does not touch it",
    ),
    (
        "a wrong balance",
        |list| paid(list).balance_changes[0].post_balance += U256::from(1),
        "balance at index",
    ),
    (
        "a missing balance",
        |list| {
            paid(list).balance_changes.remove(0);
        },
        "balance becomes",
    ),
    (
        "a wrong nonce",
        |list| paid(list).nonce_changes[0].new_nonce += 1,
        "nonce at index",
    ),
    (
        "a nonce too many",
        |list| {
            paid(list)
                .nonce_changes
                .push(NonceChange::new(BlockAccessIndex::new(61), 99));
        },
        "nonce is listed as 99 at index 61",
    ),
    (
        "code that nobody sets",
        |list| {
            let code = Bytes::from_static(&[0x60, 0x00, 0x60, 0x00, 0xfd]);
            written(list)
                .code_changes
                .push(CodeChange::new(BlockAccessIndex::new(1), code));
        },
        "code is listed as 5 bytes",
    ),
    (
        "code that nothing can be",
        |list| {
            let code = Bytes::from_static(&[0xef, 0x01, 0x00, 0x07]);
            written(list)
                .code_changes
                .push(CodeChange::new(BlockAccessIndex::new(1), code));
        },
        "code is listed as 4 bytes",
    ),
    (
        "everybody is rich",
        |list| {
            for account in list.iter_mut() {
                account.balance_changes = vec![BalanceChange::new(BlockAccessIndex::new(0), U256::MAX)];
            }
        },
        "balance",
    ),
    ("nothing", |list| list.clear(), "but the block touches it"),
    // What is refused before anything is executed:
    (
        "accounts that are not sorted",
        |list| list.swap(0, 1),
        "canonical order",
    ),
    (
        "an account twice",
        |list| list.insert(0, list[0].clone()),
        "more than once",
    ),
    (
        "slots that are not sorted",
        |list| written(list).storage_changes.swap(0, 1),
        "canonical order",
    ),
    (
        "a slot both read and written",
        |list| {
            let account = written(list);
            account.storage_reads.insert(0, account.storage_changes[0].slot);
            account.storage_reads.sort();
        },
        "more than once",
    ),
    (
        "a slot without a change",
        |list| written(list).storage_changes[0].changes.clear(),
        "empty change list",
    ),
    (
        "an index after the block",
        |list| {
            let change = NonceChange::new(BlockAccessIndex::new(62), 99);
            paid(list).nonce_changes.push(change);
        },
        "exceeds the block maximum",
    ),
    (
        "an index beyond 32 bits",
        |list| {
            let change = NonceChange::new(BlockAccessIndex::new(u64::MAX), 99);
            paid(list).nonce_changes.push(change);
        },
        "exceeds uint32",
    ),
    (
        "an index twice",
        |list| {
            let first = paid(list).balance_changes[0].clone();
            paid(list).balance_changes.insert(0, first);
        },
        "more than once",
    ),
];

#[test]
fn every_lie_makes_the_block_invalid_and_is_named_the_same_on_any_threads() {
    for amsterdam in [false, true] {
        let (scenario, factory) = scenario(WorkloadKind::UniswapOnePool, amsterdam);
        let (block, genesis) = (scenario.blocks[0].input(), &scenario.genesis);
        let truth = build_access_list(&factory, block, genesis).unwrap().1;
        for (name, lie, words) in LIES {
            let mut list = truth.clone();
            lie(&mut list);
            assert_ne!(list, truth, "{name} is no lie");
            let block = BlockInput {
                access_list: Some(&list),
                ..block
            };
            let errors = engines()
                .each_ref()
                .map(|engine| match engine.execute(&factory, block, genesis) {
                    Err(error @ Error::AccessList(_)) => error.to_string(),
                    Err(error) => panic!("{name}: {error}"),
                    Ok(_) => panic!("{name} is taken for the truth"),
                });
            assert!(errors[0].contains(words), "{name}: {}", errors[0]);
            assert!(
                errors.iter().all(|error| *error == errors[0]),
                "{name}: {errors:#?}"
            );
        }
    }
}

#[test]
fn on_amsterdam_a_list_longer_than_the_gas_limit_pays_for_is_refused_before_it_is_read() {
    let (scenario, factory) = scenario(WorkloadKind::DaoVoting, true);
    let (block, genesis) = (scenario.blocks[0].input(), &scenario.genesis);
    let most = block.header.gas_limit / 2_000;
    let account = |number: u64| AccountChanges::new(Address::left_padding_from(&number.to_be_bytes()));
    let list: BlockAccessList = (0..=most).map(account).collect();
    let block = BlockInput {
        access_list: Some(&list),
        ..block
    };
    let error = engines()[2].execute(&factory, block, genesis).unwrap_err();
    let words = format!("it has {} accounts and slots", most + 1);
    assert!(error.to_string().contains(&words), "{error}");
}

#[test]
fn random_lies_in_random_blocks_are_never_accepted() {
    let mut rng = Rng::new(FIRST_SEED);
    let mut lies = 0;
    check_lists(seeds(FIRST_SEED + 2), 250, |seed, case, truth| {
        for _ in 0..4 {
            let mut list = truth.clone();
            twist(&mut list, &mut rng);
            if list == *truth {
                continue;
            }
            lies += 1;
            let block = BlockInput {
                access_list: Some(&list),
                ..case.block()
            };
            for engine in engines() {
                let outcome = engine.execute(&case.factory, block, &case.state);
                assert!(
                    matches!(outcome, Err(Error::AccessList(_))),
                    "seed {seed}: {outcome:?}"
                );
            }
        }
    });
    assert!(lies > 400, "only {lies} lies");
}

/// Changes something about a list.
fn twist(list: &mut BlockAccessList, rng: &mut Rng) {
    if list.is_empty() {
        return;
    }
    let at = rng.index(list.len());
    let account = &mut list[at];
    match rng.below(8) {
        0 => drop(list.remove(at)),
        1 => {
            account.storage_reads.pop();
        }
        2 => account.storage_reads.push(U256::MAX),
        3 | 4 => {
            let change = account
                .storage_changes
                .first_mut()
                .and_then(|slot| slot.changes.first_mut());
            change
                .into_iter()
                .for_each(|change| change.new_value ^= U256::from(1));
        }
        5 | 6 => {
            let change = account.balance_changes.last_mut();
            change
                .into_iter()
                .for_each(|change| change.post_balance ^= U256::from(1));
        }
        _ => {
            account.nonce_changes.pop();
        }
    }
}
