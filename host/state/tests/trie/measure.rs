//! What the state root costs. Ignored by default; run it optimised:
//! `cargo test --release -p metisvm-state --test trie measure -- --ignored --nocapture`

use crate::support::Content;
use alloy_primitives::{Address, B256, KECCAK256_EMPTY, U256, keccak256};
use alloy_trie::{EMPTY_ROOT_HASH, HashBuilder, Nibbles, TrieAccount};
use metisvm_state::{
    AccountChange, BasicAccount, CpuKeccak, KeccakBatch, MemoryNodes, StateChanges, WorldTrie, storage_root,
};
use std::{
    sync::Mutex,
    time::{Duration, Instant},
};

/// Times the engine and counts its messages.
#[derive(Default)]
struct Timed(Mutex<(Duration, usize, usize)>);

impl KeccakBatch for Timed {
    fn hash(&self, messages: &[&[u8]], digests: &mut [B256]) {
        let start = Instant::now();
        CpuKeccak.hash(messages, digests);
        let mut total = self.0.lock().unwrap();
        *total = (total.0 + start.elapsed(), total.1 + 1, total.2 + messages.len());
    }
}

fn changes(accounts: impl Iterator<Item = u64>, nonce: u64, slots: u64) -> StateChanges {
    let mut changes = StateChanges::default();
    for n in accounts {
        let address = Address::from_word(keccak256(n.to_be_bytes()));
        let change = AccountChange {
            account: Some(BasicAccount {
                balance: U256::from(n) << 40,
                nonce,
                code_hash: KECCAK256_EMPTY,
            }),
            storage_cleared: false,
            storage: (0..slots)
                .map(|slot| (U256::from(slot), U256::from(nonce)))
                .collect(),
        };
        changes.accounts.insert(address, change);
    }
    changes
}

/// Sorted account leaves of a state, for the oracle; hashing keys and storage is not part of its time.
fn leaves(changes: &StateChanges) -> Content {
    let leaf = |(address, change): (&Address, &AccountChange)| {
        let account = change.account.unwrap();
        let account = TrieAccount {
            nonce: account.nonce,
            balance: account.balance,
            storage_root: storage_root(change.storage.iter().map(|(slot, value)| (*slot, *value))),
            code_hash: account.code_hash,
        };
        (keccak256(address), alloy_rlp::encode(account).into())
    };
    changes.accounts.iter().map(leaf).collect()
}

#[test]
#[ignore = "a measurement"]
fn measure() {
    let total = 100_000u64;
    for slots in [0, 10] {
        let genesis = changes(0..total, 1, slots);
        let mut nodes = MemoryNodes::default();
        let start = Instant::now();
        let (root, update) = WorldTrie::new(&nodes, &CpuKeccak)
            .apply(EMPTY_ROOT_HASH, &genesis)
            .unwrap();
        let built = start.elapsed();
        nodes.apply(&update);

        let leaves = leaves(&genesis);
        let start = Instant::now();
        let mut oracle = HashBuilder::default();
        for (key, value) in &leaves {
            oracle.add_leaf(Nibbles::unpack(key), value);
        }
        assert_eq!(oracle.root(), root);
        let alloy = start.elapsed();
        println!(
            "{total} accounts with {slots} slots each, from scratch: ours {built:.1?} (with keys, storage and"
        );
        println!("  node set); alloy-trie, account trie alone from sorted leaves: {alloy:.1?}");

        for count in [1_000u64, 10_000] {
            // Spread over the accounts; a tenth of the slots of each.
            let block = changes((0..count).map(|n| n * (total / count)), 2, slots / 5);
            let mut best = Duration::MAX;
            let mut engine = (Duration::MAX, 0, 0);
            for _ in 0..5 {
                let keccak = Timed::default();
                let start = Instant::now();
                let result = WorldTrie::new(&nodes, &keccak).apply(root, &block).unwrap();
                let elapsed = start.elapsed();
                assert_ne!(result.0, root);
                if elapsed < best {
                    (best, engine) = (elapsed, keccak.0.into_inner().unwrap());
                }
            }
            let each = best / u32::try_from(count).unwrap();
            let (hashing, calls, messages) = engine;
            println!(
                "  {count} changed: {best:.1?}, {each:.2?} each; {hashing:.1?} in {calls} calls of the engine"
            );
            println!("    for {messages} messages");
        }
    }
}
