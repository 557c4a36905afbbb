//! Whole world states: accounts and their storage, block by block and back again.

use crate::support::{Content, assert_nodes_are, assert_update_is_tight};
use alloy_primitives::{
    Address, B256, KECCAK256_EMPTY, U256, keccak256,
    map::{AddressMap, U256Map},
};
use alloy_trie::{EMPTY_ROOT_HASH, Nibbles, TrieAccount};
use metisvm_state::{
    AccountChange, BasicAccount, CpuKeccak, MemoryNodes, MemoryState, NodeKey, StateChanges, TrieNodes,
    TrieUpdate, WorldTrie, state_root, storage_root,
};
use proptest::{collection::vec, prelude::*};

fn address(n: u8) -> Address {
    Address::repeat_byte(n)
}

fn account(balance: u64, nonce: u64) -> Option<BasicAccount> {
    Some(BasicAccount {
        balance: U256::from(balance),
        nonce,
        code_hash: KECCAK256_EMPTY,
    })
}

fn slots(slots: &[(u64, u64)]) -> U256Map<U256> {
    let uint = |(slot, value): &(u64, u64)| (U256::from(*slot), U256::from(*value));
    slots.iter().map(uint).collect()
}

fn one(address: Address, change: AccountChange) -> StateChanges {
    StateChanges {
        accounts: [(address, change)].into_iter().collect(),
        ..Default::default()
    }
}

fn written(balance: u64, storage: &[(u64, u64)]) -> AccountChange {
    AccountChange {
        account: account(balance, 1),
        storage_cleared: false,
        storage: slots(storage),
    }
}

/// A state kept twice: as trie nodes, and whole, from which the oracle computes.
#[derive(Default)]
struct World {
    nodes: MemoryNodes,
    state: MemoryState,
}

impl World {
    /// Applies a block, checks it, and goes back and forth once.
    fn step(&mut self, changes: &StateChanges) -> TrieUpdate {
        let before = (state_root(&self.state), self.nodes.clone());
        let reverse = reverse(&self.state, changes);
        let update = self.apply(changes);
        let after = (state_root(&self.state), self.nodes.clone());

        self.apply(&reverse);
        assert_eq!(
            (state_root(&self.state), &self.nodes),
            (before.0, &before.1),
            "the way back"
        );
        self.apply(changes);
        assert_eq!(
            (state_root(&self.state), &self.nodes),
            (after.0, &after.1),
            "and forth again"
        );
        update
    }

    fn apply(&mut self, changes: &StateChanges) -> TrieUpdate {
        let parent = state_root(&self.state);
        let (root, update) = WorldTrie::new(&self.nodes, &CpuKeccak)
            .apply(parent, changes)
            .unwrap();
        assert_update_is_tight(&self.nodes, &update);
        self.nodes.apply(&update);
        self.state.apply(changes);
        assert_eq!(root, state_root(&self.state));
        self.assert_nodes(root);
        update
    }

    /// The kept nodes are exactly those of this state.
    fn assert_nodes(&self, root: B256) {
        let mut accounts = Content::new();
        let mut owners = vec![None];
        for (address, account) in self.state.accounts() {
            let storage_root = storage_root(account.storage.iter().map(|(slot, value)| (*slot, *value)));
            let leaf = TrieAccount {
                nonce: account.info.nonce,
                balance: account.info.balance,
                storage_root,
                code_hash: account.info.code_hash,
            };
            accounts.insert(keccak256(address), alloy_rlp::encode(leaf).into());
            let storage = account
                .storage
                .iter()
                .map(|(slot, value)| {
                    (
                        keccak256(slot.to_be_bytes::<32>()),
                        alloy_rlp::encode(value).into(),
                    )
                })
                .collect();
            let owner = Some(keccak256(address));
            assert_nodes_are(&self.nodes, owner, storage_root, &storage);
            owners.push(owner);
        }
        assert_nodes_are(&self.nodes, None, root, &accounts);
        assert!(
            self.nodes.iter().all(|(key, _)| owners.contains(&key.owner)),
            "nodes of nobody"
        );
    }
}

/// What undoes a block, as a store would write it down: the old values of what changed, and all old slots
/// where the storage went.
fn reverse(state: &MemoryState, changes: &StateChanges) -> StateChanges {
    let undo = |(address, change): (&Address, &AccountChange)| {
        let Some(old) = state.account(address) else {
            return (*address, AccountChange::default());
        };
        let cleared = change.storage_cleared || change.account.is_none();
        let old_value = |slot: &U256| old.storage.get(slot).copied().unwrap_or_default();
        let undo = AccountChange {
            account: Some(BasicAccount {
                balance: old.info.balance,
                nonce: old.info.nonce,
                code_hash: old.info.code_hash,
            }),
            storage_cleared: cleared,
            storage: match cleared {
                true => old.storage.clone(),
                false => change
                    .storage
                    .keys()
                    .map(|slot| (*slot, old_value(slot)))
                    .collect(),
            },
        };
        (*address, undo)
    };
    StateChanges {
        accounts: changes.accounts.iter().map(undo).collect(),
        ..Default::default()
    }
}

fn any_change() -> impl Strategy<Value = AccountChange> {
    let storage = vec((0..24u64, prop_oneof![Just(0u64), 1..5u64, any::<u64>()]), 0..12);
    let written = (0..4u64, 0..3u64, any::<bool>(), 0..4u8, storage);
    let written = written.prop_map(|(balance, nonce, code, cleared, storage)| AccountChange {
        account: Some(BasicAccount {
            balance: U256::from(balance),
            nonce,
            code_hash: if code { keccak256([1]) } else { KECCAK256_EMPTY },
        }),
        storage_cleared: cleared == 0,
        storage: slots(&storage),
    });
    prop_oneof![
        1 => Just(AccountChange::default()),
        4 => written,
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn blocks_in_sequence_and_back_have_the_roots_and_nodes_of_the_whole_state(
        blocks in vec(vec((0..12u8, any_change()), 0..10), 1..6)
    ) {
        let mut world = World::default();
        let mut roots = vec![];
        let mut undo = vec![];
        for block in blocks {
            let changes = StateChanges {
                accounts: block.into_iter().map(|(n, change)| (address(n), change)).collect(),
                ..Default::default()
            };
            roots.push((state_root(&world.state), world.nodes.clone()));
            undo.push(reverse(&world.state, &changes));
            world.step(&changes);
        }
        // All the way back.
        for (changes, (root, nodes)) in undo.iter().zip(&roots).rev() {
            world.apply(changes);
            prop_assert_eq!(state_root(&world.state), *root);
            prop_assert_eq!(&world.nodes, nodes);
        }
        prop_assert!(world.nodes.is_empty());
    }
}

#[test]
fn a_deleted_account_takes_its_storage_along() {
    let mut world = World::default();
    world.step(&one(address(1), written(5, &[(1, 1), (2, 2)])));
    world.step(&one(address(2), written(5, &[])));
    let update = world.step(&one(address(1), AccountChange::default()));
    assert_eq!(update.dropped, [keccak256(address(1))]);
    // One without storage has nothing to drop.
    let update = world.step(&one(address(2), AccountChange::default()));
    assert!(update.dropped.is_empty());
    assert!(world.nodes.is_empty());
}

#[test]
fn cleared_storage_starts_from_nothing() {
    let mut world = World::default();
    world.step(&one(address(1), written(5, &[(1, 1), (2, 2), (3, 3)])));
    let again = AccountChange {
        storage_cleared: true,
        ..written(5, &[(2, 9), (7, 0)])
    };
    let update = world.step(&one(address(1), again.clone()));
    assert_eq!(update.dropped, [keccak256(address(1))]);
    let anew = world.step(&one(address(3), again));
    assert!(anew.dropped.is_empty(), "there was nothing before");
}

#[test]
fn an_account_keeps_its_storage_when_only_its_balance_changes() {
    let mut world = World::default();
    world.step(&one(address(1), written(5, &[(1, 1), (2, 2)])));
    let update = world.step(&one(address(1), written(6, &[])));
    assert!(update.set.iter().all(|(key, _)| key.owner.is_none()));
    // Nor is its storage read: the root is in the leaf.
    let mut accounts_only = MemoryNodes::default();
    let set = world.nodes.iter().filter(|(key, _)| key.owner.is_none());
    accounts_only.apply(&TrieUpdate {
        set: set.map(|(key, rlp)| (key, rlp.clone())).collect(),
        ..Default::default()
    });
    let changes = one(address(1), written(7, &[]));
    let parent = state_root(&world.state);
    let result = WorldTrie::new(&accounts_only, &CpuKeccak).apply(parent, &changes);
    world.state.apply(&changes);
    assert_eq!(result.unwrap().0, state_root(&world.state));
}

#[test]
fn an_empty_account_that_exists_counts() {
    let mut world = World::default();
    let empty = AccountChange {
        account: account(0, 0),
        ..Default::default()
    };
    world.step(&one(address(9), empty));
    assert_ne!(state_root(&world.state), EMPTY_ROOT_HASH);
    assert_eq!(world.nodes.len(), 1);
}

#[test]
fn deleting_an_account_that_is_not_there_changes_nothing() {
    let mut world = World::default();
    assert!(world.step(&one(address(1), AccountChange::default())).is_empty());
    world.step(&one(address(1), written(5, &[(1, 1)])));
    assert!(world.step(&one(address(2), AccountChange::default())).is_empty());
}

#[test]
fn all_slots_set_to_zero_leave_no_storage_trie() {
    let mut world = World::default();
    world.step(&one(address(1), written(5, &[(1, 1), (2, 2)])));
    let update = world.step(&one(address(1), written(5, &[(1, 0), (2, 0), (3, 0)])));
    assert!(update.dropped.is_empty());
    let storage = NodeKey {
        owner: Some(keccak256(address(1))),
        path: Nibbles::new(),
    };
    assert!(update.removed.contains(&storage));
    assert_eq!(world.nodes.node(&storage), Ok(None));
}

#[test]
fn changes_that_come_to_nothing_write_nothing() {
    let mut world = World::default();
    world.step(&one(address(1), written(5, &[(1, 1), (2, 2)])));
    assert!(
        world
            .step(&one(address(1), written(5, &[(2, 2), (8, 0)])))
            .is_empty()
    );
}

#[test]
fn slots_beside_a_deleted_account_are_not_kept() {
    let world = World::default();
    let odd = AccountChange {
        account: None,
        storage_cleared: false,
        storage: slots(&[(1, 1)]),
    };
    let result = WorldTrie::new(&world.nodes, &CpuKeccak).apply(EMPTY_ROOT_HASH, &one(address(1), odd));
    assert_eq!(result, Ok((EMPTY_ROOT_HASH, TrieUpdate::default())));
}

#[test]
fn the_order_of_the_maps_does_not_matter() {
    let storage: Vec<(u64, u64)> = (1..60).map(|slot| (slot, slot * 7)).collect();
    let changes = |order: &mut dyn Iterator<Item = u8>, reserve: usize| {
        let mut accounts = AddressMap::default();
        accounts.reserve(reserve);
        for n in order {
            let mut change = written(u64::from(n), &[]);
            let mut storage = storage.clone();
            if reserve > 0 {
                storage.reverse();
                change.storage.reserve(reserve);
            }
            change.storage.extend(slots(&storage));
            accounts.insert(address(n), change);
        }
        StateChanges {
            accounts,
            ..Default::default()
        }
    };
    let (there, back) = (changes(&mut (0..120), 0), changes(&mut (0..120).rev(), 4096));
    assert_eq!(there, back);
    assert!(
        there.accounts.keys().ne(back.accounts.keys()),
        "the maps do have different orders"
    );
    let nodes = MemoryNodes::default();
    let trie = WorldTrie::new(&nodes, &CpuKeccak);
    assert_eq!(
        trie.apply(EMPTY_ROOT_HASH, &there),
        trie.apply(EMPTY_ROOT_HASH, &back)
    );
}
