//! Keccak-256 on the functional card: the same digests as the processor's, and a chain that does not notice what
//! the card gets wrong.

#![allow(clippy::unwrap_used)] // in the helpers, too, a panic is how a test fails

use alloy_consensus::Header;
use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256, keccak256};
use metisvm_accel::Backend;
use metisvm_accel::fpga::{self, FpgaBackend};
use metisvm_accel::keccak::{CardKeccak, Threshold};
use metisvm_driver::{Device, Health, InProcess};
use metisvm_firmware::registers::features;
use metisvm_sim::{Fault, FaultPlan, FaultyCard, FunctionalCard, SimOptions, Trigger};
use metisvm_state::{
    AccountChange, BasicAccount, CacheConfig, ChainState, KeccakBatch, MemoryState, StateChanges, state_root,
    store::{Depth, RedbStore, StoreOptions},
};
use metisvm_tests::graphs;
use std::sync::Arc;
use std::time::Duration;

struct Card {
    keccak: Arc<CardKeccak>,
    backend: Arc<FpgaBackend>,
    faults: FaultPlan,
}

/// A card that gets every batch, that is not reset, and that is waited for briefly.
fn card() -> Card {
    card_with(SimOptions::default())
}

fn card_with(options: SimOptions) -> Card {
    let card = FaultyCard::new(FunctionalCard::new(options));
    let faults = card.faults();
    let transport = InProcess::start(Box::new(card)).unwrap();
    let options = metisvm_driver::Options {
        timeout: Duration::from_secs(2),
        ..metisvm_driver::Options::default()
    };
    let device = Device::open(Box::new(transport), options).unwrap();
    let options = fpga::Options {
        max_resets: 0,
        ..fpga::Options::default()
    };
    let backend = Arc::new(FpgaBackend::new(device, options));
    let keccak = Arc::new(CardKeccak::new(backend.clone(), Threshold::of_messages(1)));
    Card {
        keccak,
        backend,
        faults,
    }
}

fn check(card: &Card, messages: &[Vec<u8>]) {
    let borrowed: Vec<&[u8]> = messages.iter().map(|message| &message[..]).collect();
    let mut digests = vec![B256::ZERO; messages.len()];
    card.keccak.hash(&borrowed, &mut digests);
    for (message, digest) in messages.iter().zip(&digests) {
        assert_eq!(
            keccak256(message),
            *digest,
            "a message of {} bytes",
            message.len()
        );
    }
}

fn message(length: usize, seed: usize) -> Vec<u8> {
    (0..length)
        .map(|at| (at.wrapping_mul(167) ^ seed.wrapping_mul(59)) as u8)
        .collect()
}

#[test]
fn card_gives_the_processors_digests_at_every_length_and_number() {
    let card = card();
    // One block of Keccak is 136 bytes; its padding takes at least one of them.
    check(
        &card,
        &(0..=300)
            .map(|length| message(length, length))
            .collect::<Vec<_>>(),
    );
    check(
        &card,
        &[135, 136, 137, 271, 272, 273].map(|length| message(length, 1)),
    );
    check(&card, &[message(0, 0)]);
    check(
        &card,
        &[message(1 << 20, 2), message(0, 0), message((1 << 20) + 1, 3)],
    );
    check(
        &card,
        &(0..5000)
            .map(|index| message(20 + index % 500, index))
            .collect::<Vec<_>>(),
    );
    let counters = card.keccak.counters();
    assert_eq!(counters.cpu_messages, 0, "{counters:?}");
    assert_eq!(counters.card_messages, 301 + 6 + 1 + 3 + 5000);
}

#[test]
fn batch_of_more_messages_than_the_card_takes_is_split() {
    let card = card();
    let limit = card.backend.device().capabilities().keccak_max_messages as usize;
    check(
        &card,
        &(0..limit + 1)
            .map(|index| index.to_le_bytes().to_vec())
            .collect::<Vec<_>>(),
    );
    assert_eq!(card.keccak.counters().card_jobs, 2);
}

#[test]
fn card_without_tensor_programs_hashes_and_takes_no_model() {
    let mut options = SimOptions::default();
    options.capabilities.features = features::KECCAK;
    options.capabilities.keccak_max_bytes = 4096;
    let card = card_with(options);
    // More than one job carries; and a message that none does is the processor's.
    let messages: Vec<_> = (0..200).map(|index| message(100, index)).collect();
    check(&card, &messages);
    check(&card, &[message(5000, 1), message(9, 2)]);
    let counters = card.keccak.counters();
    assert_eq!((counters.card_messages, counters.cpu_messages), (201, 1));
    assert!(counters.card_jobs > 200 * 116 / 4096, "{counters:?}");
    assert_eq!(counters.failures, 0);
    assert!(!card.backend.infers());
    let with_programs = card_with(SimOptions::default());
    assert!(with_programs.backend.infers());
    let mut graphs = (0..).map(|seed| graphs::graph(seed).0);
    let graph = graphs
        .find(|graph| !with_programs.backend.takes(graph).is_empty())
        .unwrap();
    assert!(card.backend.takes(&graph).is_empty());
}

#[test]
fn card_that_hangs_in_the_middle_of_a_batch_costs_time_only() {
    for fault in [Fault::Hang, Fault::HangForGood, Fault::Silent, Fault::Dead] {
        let card = card();
        let limit = card.backend.device().capabilities().keccak_max_messages as usize;
        card.faults.arm(Trigger::Run(1), fault);
        check(
            &card,
            &(0..2 * limit)
                .map(|index| index.to_le_bytes().to_vec())
                .collect::<Vec<_>>(),
        );
        let counters = card.keccak.counters();
        assert_eq!((counters.card_jobs, counters.failures), (1, 1), "{fault:?}");
        assert_eq!(counters.cpu_messages, limit as u64, "{fault:?}");
        check(&card, &[message(40, 1)]);
        assert_eq!(
            card.keccak.counters().failures,
            1,
            "{fault:?}: it was asked again"
        );
    }
}

fn address(index: u64) -> Address {
    Address::from_word(keccak256(index.to_be_bytes()))
}

fn begun(keccak: Arc<dyn KeccakBatch>) -> (ChainState<RedbStore>, Header, MemoryState) {
    let mut state = MemoryState::default();
    for index in 0..300 {
        let slots = (1..4).map(|slot| (U256::from(slot), U256::from(slot * 10 + index)));
        state.insert_account(address(index), U256::from(9), 1, Bytes::new(), slots);
    }
    let header = Header {
        state_root: state_root(&state),
        ..Header::default()
    };
    let store = RedbStore::in_memory(StoreOptions::default()).unwrap();
    let chain = ChainState::create(store, CacheConfig::with_bytes(1 << 20), keccak, &header, &state).unwrap();
    (chain, header, state)
}

fn changes(block: u64) -> StateChanges {
    let mut changes = StateChanges::default();
    for index in (0..400).step_by(3) {
        let account = BasicAccount {
            balance: U256::from(index + block),
            nonce: block,
            code_hash: KECCAK256_EMPTY,
        };
        let storage = (2..5).map(|slot| (U256::from(slot), U256::from((index + block) % 3)));
        let change = AccountChange {
            account: Some(account),
            storage: storage.collect(),
            ..AccountChange::default()
        };
        changes.accounts.insert(address(index), change);
    }
    changes
}

#[test]
fn wrong_bit_of_the_card_changes_no_block_and_no_node_and_takes_the_card_out_of_service() {
    // How many jobs a block takes, and a chain on the card without a fault.
    let jobs = {
        let card = card();
        let (chain, first, mut state) = begun(card.keccak.clone());
        let before = card.keccak.counters();
        state.apply(&changes(1));
        let header = Header {
            number: 1,
            parent_hash: first.hash_slow(),
            state_root: state_root(&state),
            ..Header::default()
        };
        chain.commit(&header, &[], &changes(1)).unwrap();
        assert_eq!(chain.recomputed_roots(), 0);
        assert_eq!(card.keccak.counters().cpu_messages, 0);
        card.keccak.counters().since(&before).card_jobs
    };
    assert!(jobs >= 6, "{jobs}");
    for job in 0..jobs {
        let card = card();
        let (chain, first, mut state) = begun(card.keccak.clone());
        card.faults.arm(Trigger::Run(job), Fault::WrongOutput(77));
        let mut parent = first;
        for block in 1..3 {
            state.apply(&changes(block));
            let header = Header {
                number: block,
                parent_hash: parent.hash_slow(),
                state_root: state_root(&state),
                ..Header::default()
            };
            chain.commit(&header, &[], &changes(block)).unwrap();
            parent = header;
        }
        assert_eq!(chain.recomputed_roots(), 1, "job {job}");
        assert!(card.keccak.condemned().is_some(), "job {job}");
        assert!(
            matches!(card.backend.device().health(), Health::Unhealthy(_)),
            "job {job}"
        );
        chain.store().verify(Depth::StateRoot).unwrap();
    }
}
