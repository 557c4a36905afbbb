//! Figures of the store. Not a test of anything:
//! `cargo test --release -p metisvm-state --test store -- --ignored --nocapture figures`.

use super::chain::Rng;
use alloy_consensus::Header;
use alloy_primitives::{Address, B256, KECCAK256_EMPTY, U256, keccak256};
use metisvm_state::{
    BasicAccount, CpuKeccak, MemoryNodes, StateChanges, StateSource, TrieUpdate, WorldTrie,
    store::{BlockCommit, RedbStore, Store, StoreOptions},
};
use revm::DatabaseRef;
use std::{path::Path, process::Command, time::Instant};

const ACCOUNTS: u64 = 200_000;
const SLOTS_EACH: u64 = 5;
const BLOCKS: u64 = 40;
const READS: u64 = 200_000;

fn address(index: u64) -> Address {
    Address::from_word(keccak256(index.to_be_bytes()))
}

fn slot(index: u64) -> U256 {
    keccak256(index.to_le_bytes()).into()
}

fn set(changes: &mut StateChanges, rng: &mut Rng, account: u64, slots: impl Iterator<Item = u64>) {
    let change = changes.accounts.entry(address(account)).or_default();
    change.account = Some(BasicAccount {
        balance: U256::from(rng.next()),
        nonce: rng.next(),
        code_hash: KECCAK256_EMPTY,
    });
    change
        .storage
        .extend(slots.map(|index| (slot(index), U256::from(rng.next()))));
}

fn run(place: &Path, quick_repair: bool) {
    let options = StoreOptions {
        quick_repair,
        ..StoreOptions::default()
    };
    let store = RedbStore::open(place, options.clone()).unwrap();
    let mut rng = Rng(1);
    let mut changes = StateChanges::default();
    for account in 0..ACCOUNTS {
        set(&mut changes, &mut rng, account, 0..SLOTS_EACH);
    }
    let trie = TrieUpdate::default();
    let mut header = Header::default();
    let start = Instant::now();
    store
        .genesis(
            &BlockCommit {
                header: &header,
                receipts: &[],
                changes: &changes,
                trie: &trie,
            },
            &[],
        )
        .unwrap();
    println!(
        "quick repair {quick_repair}: genesis of {ACCOUNTS} accounts with {SLOTS_EACH} slots: {:?}, file {} MB",
        start.elapsed(),
        size(place)
    );

    let mut longest = std::time::Duration::ZERO;
    let mut total = std::time::Duration::ZERO;
    for _ in 0..BLOCKS {
        let mut changes = StateChanges::default();
        while changes.accounts.len() < 1000 {
            let account = rng.below(ACCOUNTS);
            set(&mut changes, &mut rng, account, 0..SLOTS_EACH);
        }
        header = Header {
            number: header.number + 1,
            parent_hash: header.hash_slow(),
            ..Default::default()
        };
        let start = Instant::now();
        store
            .commit(&BlockCommit {
                header: &header,
                receipts: &[],
                changes: &changes,
                trie: &trie,
            })
            .unwrap();
        total += start.elapsed();
        longest = longest.max(start.elapsed());
    }
    println!(
        "  {BLOCKS} commits of 1,000 accounts and 5,000 slots: {:.1} a second, longest {longest:?}, file {} MB",
        BLOCKS as f64 / total.as_secs_f64(),
        size(place),
    );

    let start = Instant::now();
    let head = store.unwind(10).unwrap();
    println!(
        "  unwinding 10 of them, to block {}: {:?}",
        head.number,
        start.elapsed()
    );

    drop(store);
    // Asks the system to forget what it keeps of the file in memory; `dd` is how without unsafe code.
    let from = format!("if={}", place.display());
    let _ = Command::new("dd")
        .args([from.as_str(), "iflag=nocache", "count=0", "status=none"])
        .status();
    let start = Instant::now();
    let store = RedbStore::open(place, options).unwrap();
    println!("  opened after closing: {:?}", start.elapsed());

    for pass in ["first pass after opening", "second pass"] {
        let snapshot = store.snapshot().unwrap();
        let mut rng = Rng(7);
        let start = Instant::now();
        for _ in 0..READS {
            assert!(
                snapshot
                    .basic_ref(address(rng.below(ACCOUNTS)))
                    .unwrap()
                    .is_some()
            );
        }
        let accounts = start.elapsed();
        let start = Instant::now();
        for _ in 0..READS {
            let value = snapshot.storage_ref(address(rng.below(ACCOUNTS)), slot(rng.below(SLOTS_EACH)));

            assert_ne!(value.unwrap(), U256::ZERO);
        }
        let slots = start.elapsed();
        let start = Instant::now();
        for _ in 0..READS / 10 {
            let found = snapshot
                .storage_range(address(rng.below(ACCOUNTS)), U256::ZERO, 100)
                .unwrap();
            assert_eq!(found.len() as u64, SLOTS_EACH);
        }
        println!(
            "  {pass}: {:.0} accounts a second, {:.0} slots, {:.0} ranges of {SLOTS_EACH} slots",
            READS as f64 / accounts.as_secs_f64(),
            READS as f64 / slots.as_secs_f64(),
            READS as f64 / 10.0 / start.elapsed().as_secs_f64(),
        );
    }
    let start = Instant::now();
    for _ in 0..1000 {
        store.snapshot().unwrap();
    }
    println!("  a snapshot: {:?}", start.elapsed() / 1000);

    assert_ne!(store.head().unwrap().unwrap().hash, B256::ZERO);
}

fn size(place: &Path) -> u64 {
    std::fs::metadata(place).unwrap().len() / 1_000_000
}

#[test]
#[ignore = "measures: cargo test --release -p metisvm-state --test store -- --ignored --nocapture figures"]
fn figures() {
    let folder = tempfile::tempdir().unwrap();
    run(&folder.path().join("quick"), true);
    run(&folder.path().join("full"), false);
}

/// What trie nodes kept in memory above the store would gain at the most: roots over the store, cold and warm,
/// and over all nodes in a hash map.
#[test]
#[ignore = "measures: cargo test --release -p metisvm-state --test store -- --ignored --nocapture trie_nodes"]
fn trie_nodes() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("chain");
    let options = StoreOptions::default();
    let mut rng = Rng(1);
    let mut all = StateChanges::default();
    for account in 0..ACCOUNTS {
        set(&mut all, &mut rng, account, 0..SLOTS_EACH);
    }
    let nothing = MemoryNodes::default();
    let (mut root, trie) = WorldTrie::new(&nothing, &CpuKeccak)
        .apply(alloy_trie::EMPTY_ROOT_HASH, &all)
        .unwrap();
    let mut memory = MemoryNodes::default();
    memory.apply(&trie);
    let mut header = Header {
        state_root: root,
        ..Header::default()
    };
    let first = BlockCommit {
        header: &header,
        receipts: &[],
        changes: &all,
        trie: &trie,
    };
    RedbStore::open(&place, options.clone())
        .unwrap()
        .genesis(&first, &[])
        .unwrap();
    println!(
        "{ACCOUNTS} accounts with {SLOTS_EACH} slots, {} nodes, file {} MB",
        memory.len(),
        size(&place)
    );

    let from = format!("if={}", place.display());
    let _ = Command::new("dd")
        .args([from.as_str(), "iflag=nocache", "count=0", "status=none"])
        .status();
    let store = RedbStore::open(&place, options).unwrap();
    for (accounts, slots) in [(1_000, 5_000), (200, 400)] {
        println!("blocks that change {accounts} accounts and {slots} slots: root in ms");
        for block in 0..8 {
            let mut changes = StateChanges::default();
            while changes.accounts.len() < accounts {
                let account = rng.below(ACCOUNTS);
                set(&mut changes, &mut rng, account, 0..(slots / accounts) as u64);
            }
            let snapshot = store.snapshot().unwrap();
            let timed = |nodes: &dyn metisvm_state::TrieNodes| {
                let started = Instant::now();
                let applied = WorldTrie::new(nodes, &CpuKeccak).apply(root, &changes).unwrap();
                (applied, started.elapsed().as_secs_f64() * 1e3)
            };
            let (over_store, once) = timed(&snapshot);
            let (_, again) = timed(&snapshot);
            let (over_memory, map) = timed(&memory);
            let (_, map_again) = timed(&memory);
            assert!(over_store == over_memory);
            let (next, trie) = over_store;
            println!(
                "  block {block}: store {once:.1}, the same nodes again {again:.1}; hash map {map:.1}, again {map_again:.1}"
            );
            drop(snapshot);
            header = Header {
                number: header.number + 1,
                parent_hash: header.hash_slow(),
                state_root: next,
                ..Header::default()
            };
            store
                .commit(&BlockCommit {
                    header: &header,
                    receipts: &[],
                    changes: &changes,
                    trie: &trie,
                })
                .unwrap();
            memory.apply(&trie);
            root = next;
        }
    }
}
