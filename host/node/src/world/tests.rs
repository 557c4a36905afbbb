use super::*;
use metisvm_state::{AccountChange, has_storage_ref, state_root};
use proptest::prelude::*;

/// What happens to one account in a block.
#[derive(Debug, Clone)]
enum Happens {
    /// It gets a balance, and slots (zero: the slot goes).
    Set { balance: u8, slots: Vec<(u8, u8)> },
    /// It is destroyed, and made again with other slots.
    Anew { slots: Vec<(u8, u8)> },
    /// It is destroyed.
    Goes,
}

fn slots() -> impl Strategy<Value = Vec<(u8, u8)>> {
    prop::collection::vec((0..6u8, 0..3u8), 0..4)
}

fn happens() -> impl Strategy<Value = Happens> {
    prop_oneof![
        4 => (any::<u8>(), slots()).prop_map(|(balance, slots)| Happens::Set { balance, slots }),
        1 => slots().prop_map(|slots| Happens::Anew { slots }),
        1 => Just(Happens::Goes),
    ]
}

fn changes(block: &[(u8, Happens)]) -> StateChanges {
    let mut changes = StateChanges::default();
    for (account, happens) in block {
        let storage = |slots: &[(u8, u8)]| {
            slots
                .iter()
                .map(|(slot, value)| (U256::from(*slot), U256::from(*value)))
                .collect()
        };
        let basic = |balance: u8| {
            Some(BasicAccount {
                balance: U256::from(balance),
                nonce: 1,
                code_hash: KECCAK256_EMPTY,
            })
        };
        let change = match happens {
            Happens::Set { balance, slots } => AccountChange {
                account: basic(*balance),
                storage_cleared: false,
                storage: storage(slots),
            },
            Happens::Anew { slots } => AccountChange {
                account: basic(0),
                storage_cleared: true,
                storage: storage(slots),
            },
            Happens::Goes => AccountChange::default(),
        };
        changes.accounts.insert(Address::with_last_byte(*account), change);
    }
    changes
}

fn same(world: &World, state: &MemoryState) {
    for account in 0..5 {
        let address = Address::with_last_byte(account);
        let expected = state.account(&address);
        let basic = world.account(address).unwrap();
        assert_eq!(
            basic.map(|basic| basic.balance),
            expected.map(|expected| expected.info.balance)
        );
        assert_eq!(
            has_storage_ref(world, address).unwrap(),
            has_storage_ref(state, address).unwrap()
        );
        for slot in 0..6 {
            let slot = U256::from(slot);
            assert_eq!(
                world.storage_ref(address, slot).unwrap(),
                state.storage_ref(address, slot).unwrap()
            );
        }
    }
}

proptest! {
    #[test]
    fn a_world_is_the_state_that_its_blocks_and_edits_make_whatever_was_merged(
        blocks in prop::collection::vec((prop::collection::vec((0..5u8, happens()), 0..4), any::<bool>()), 1..40)
    ) {
        let mut state = MemoryState::default();
        let mut world = World::of(&state).unwrap();
        let mut older: Vec<(World, MemoryState)> = Vec::new();
        for (number, (block, by_hand)) in blocks.iter().enumerate() {
            let changes = changes(block);
            state.apply(&changes);
            if *by_hand {
                world = world.edited(&changes);
            } else {
                let step = world.step(changes).unwrap();
                prop_assert_eq!(step.root, state_root(&state));
                world = world.after(step, Some((number as u64, B256::with_last_byte(number as u8))));
                prop_assert_eq!(
                    world.block_hash_ref(number as u64).unwrap(),
                    B256::with_last_byte(number as u8)
                );
            }
            same(&world, &state);
            older.push((world.clone(), state.clone()));
        }
        // What came later has not touched what was there.
        for (world, state) in &older {
            same(world, state);
        }
    }
}

#[test]
fn a_thousand_blocks_are_few_layers() {
    let mut world = World::of(&MemoryState::default()).unwrap();
    for number in 0..1000u64 {
        let changes = changes(&[(
            (number % 250) as u8,
            Happens::Set {
                balance: 1,
                slots: vec![(1, 1)],
            },
        )]);
        let step = world.step(changes).unwrap();
        world = world.after(step, Some((number, B256::ZERO)));
    }
    assert!(world.layers.len() <= 16, "{}", world.layers.len());
    let hashes: usize = world.layers.iter().map(|layer| layer.hashes.len()).sum();
    assert!((256..1024).contains(&hashes), "{hashes}");
}

#[test]
fn ten_thousand_values_set_by_hand_are_few_layers_and_one_step() {
    let mut state = MemoryState::default();
    let mut world = World::of(&state).unwrap();
    for number in 0..10_000u32 {
        let change = AccountChange {
            account: Some(BasicAccount {
                balance: U256::from(1),
                nonce: 0,
                code_hash: KECCAK256_EMPTY,
            }),
            storage_cleared: false,
            storage: [(U256::from(number), U256::from(number + 1))]
                .into_iter()
                .collect(),
        };
        let mut changes = StateChanges::default();
        changes.accounts.insert(Address::with_last_byte(1), change);
        state.apply(&changes);
        world = world.edited(&changes);
    }
    assert!(world.edits.len() <= 24, "{}", world.edits.len());
    let step = world.step(StateChanges::default()).unwrap();
    assert_eq!(step.root, state_root(&state));
    assert!(world.after(step, None).edits.is_empty());
}
