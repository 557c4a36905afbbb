//! A chain whose Keccak engine is hardware that can be wrong: the block's fate is the same, the store holds what
//! the processor hashed, and the hardware is condemned.

use super::{
    chain::{Rng, address},
    chain_faults::{begun, busy},
    chain_state::{Chain, assert_stands_at, child, first, open, small_cache, store_on},
    disk::Disk,
};
use alloy_consensus::Header;
use alloy_primitives::{B256, KECCAK256_EMPTY, U256};
use metisvm_state::{
    AccountChange, BasicAccount, ChainState, CpuKeccak, KeccakBatch, StateChanges, store::Depth,
};
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU64, Ordering::Relaxed},
};

/// What a card gets wrong, told by the number of the digest since the lie was set.
#[derive(Clone, Copy)]
enum Lie {
    None,
    /// One bit of this digest is the other way round.
    FlipAt(u64),
    /// All digests are zero, as from memory that nobody wrote.
    Zeros,
}

/// Hardware that nobody checks.
struct Card {
    lie: Mutex<Lie>,
    given: AtomicU64,
    condemned: Mutex<Vec<String>>,
}

impl Card {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            lie: Mutex::new(Lie::None),
            given: AtomicU64::new(0),
            condemned: Mutex::default(),
        })
    }

    fn lies(&self, lie: Lie) {
        self.given.store(0, Relaxed);
        *self.lie.lock().unwrap() = lie;
    }

    fn condemned(&self) -> Vec<String> {
        self.condemned.lock().unwrap().clone()
    }
}

impl KeccakBatch for Card {
    fn hash(&self, messages: &[&[u8]], digests: &mut [B256]) {
        CpuKeccak.hash(messages, digests);
        if !self.condemned.lock().unwrap().is_empty() {
            return;
        }
        let from = self.given.fetch_add(messages.len() as u64, Relaxed);
        match *self.lie.lock().unwrap() {
            Lie::None => {}
            Lie::FlipAt(at) => {
                let digest = at.checked_sub(from).and_then(|at| digests.get_mut(at as usize));
                if let Some(digest) = digest {
                    digest[(at % 32) as usize] ^= 1 << (at % 8);
                }
            }
            Lie::Zeros => digests.fill(B256::ZERO),
        }
    }

    fn unchecked_digests(&self) -> u64 {
        self.given.load(Relaxed)
    }

    fn condemn(&self, problem: &str) {
        self.condemned.lock().unwrap().push(problem.to_owned());
    }
}

fn begun_on(card: &Arc<Card>, disk: &Disk) -> Chain {
    let store = store_on(disk).unwrap();
    let (header, state) = first();
    ChainState::create(store, small_cache(), card.clone(), &header, &state).unwrap()
}

/// How many digests the block of `busy(7)` takes.
fn digests_of_a_block() -> u64 {
    let card = Card::new();
    let chain = begun_on(&card, &Disk::default());
    let next = child(&first(), &busy(7));
    card.lies(Lie::None);
    chain.commit(&next.0, &[], &busy(7)).unwrap();
    assert_eq!(
        chain.recomputed_roots(),
        0,
        "a root that is the header's needs no proof"
    );
    card.unchecked_digests()
}

#[test]
fn whichever_digest_of_a_card_is_wrong_the_block_is_accepted_the_store_is_right_and_the_card_is_condemned() {
    let all = digests_of_a_block();
    assert!(all > 20, "{all}");
    let next = child(&first(), &busy(7));
    for at in 0..all {
        let (card, disk) = (Card::new(), Disk::default());
        let chain = begun_on(&card, &disk);
        card.lies(Lie::FlipAt(at));
        chain.commit(&next.0, &[], &busy(7)).unwrap();
        assert_eq!(chain.recomputed_roots(), 1, "digest {at}");
        assert_eq!(card.condemned().len(), 1, "digest {at}: {:?}", card.condemned());
        assert_stands_at(&chain, &next);
        // Not through the engine: everything that was written, by the processor.
        drop(chain);
        let chain = open(&disk).unwrap();
        assert_eq!(
            chain.store().verify(Depth::StateRoot).unwrap().unwrap().hash,
            next.0.hash_slow()
        );
        let after = child(&next, &busy(9));
        chain.commit(&after.0, &[], &busy(9)).unwrap();
    }
}

#[test]
fn card_that_writes_nothing_is_no_panic() {
    let (card, disk) = (Card::new(), Disk::default());
    let chain = begun_on(&card, &disk);
    let next = child(&first(), &busy(7));
    card.lies(Lie::Zeros);
    chain.commit(&next.0, &[], &busy(7)).unwrap();
    assert_stands_at(&chain, &next);
    let said = &card.condemned()[0];
    assert!(
        said.contains("two keys of the state have the digest 0x0000"),
        "{said}"
    );
}

#[test]
fn bad_header_is_refused_in_the_same_words_and_a_card_that_was_right_stays() {
    let by_processor = {
        let (chain, _, next) = begun();
        let wrong = Header {
            state_root: B256::repeat_byte(0x11),
            ..next.0
        };
        chain.commit(&wrong, &[], &busy(7)).unwrap_err().to_string()
    };
    for (lie, condemned) in [(Lie::None, 0), (Lie::FlipAt(3), 1), (Lie::Zeros, 1)] {
        let card = Card::new();
        let chain = begun_on(&card, &Disk::default());
        let next = child(&first(), &busy(7));
        let wrong = Header {
            state_root: B256::repeat_byte(0x11),
            ..next.0.clone()
        };
        card.lies(lie);
        let error = chain.commit(&wrong, &[], &busy(7)).unwrap_err();
        assert_eq!(error.to_string(), by_processor);
        assert_eq!(chain.recomputed_roots(), 1);
        assert_eq!(card.condemned().len(), condemned);
        assert_stands_at(&chain, &first());
        chain.commit(&next.0, &[], &busy(7)).unwrap();
        assert_stands_at(&chain, &next);
    }
}

#[test]
fn chain_begins_with_the_processors_nodes_where_the_card_is_wrong() {
    let card = Card::new();
    card.lies(Lie::FlipAt(0));
    let disk = Disk::default();
    let chain = begun_on(&card, &disk);
    assert_eq!((chain.recomputed_roots(), card.condemned().len()), (1, 1));
    drop(chain);
    open(&disk).unwrap().store().verify(Depth::StateRoot).unwrap();
}

#[test]
fn root_of_a_block_that_is_built_comes_from_the_processor_unless_the_card_is_trusted() {
    let card = Card::new();
    let chain = begun_on(&card, &Disk::default());
    let (next, changes) = (child(&first(), &busy(7)), busy(7));
    card.lies(Lie::FlipAt(0));
    assert_eq!(chain.next(&changes).unwrap().state_root(), next.0.state_root);
    assert_eq!(card.unchecked_digests(), 0);

    let trusting = chain.trusting_keccak();
    let wrong = trusting.next(&changes).unwrap();
    assert_ne!(wrong.state_root(), next.0.state_root);
    // A header that others have confirmed shows it, and what is stored is right.
    trusting.commit_next(&next.0, &[], &wrong).unwrap();
    assert_stands_at(&trusting, &next);
    assert_eq!(card.condemned().len(), 1);
}

#[test]
fn damage_that_only_the_card_sees_is_none() {
    // Thousands of accounts, so that most digests are those of nodes that were read.
    let card = Card::new();
    let disk = Disk::default();
    let mut before = first();
    let chain = begun_on(&card, &disk);
    let mut random = Rng(5);
    let mut many = StateChanges::default();
    for index in 0..2000 {
        let account = BasicAccount {
            balance: U256::from(random.next() | 1),
            nonce: 0,
            code_hash: KECCAK256_EMPTY,
        };
        let change = AccountChange {
            account: Some(account),
            ..AccountChange::default()
        };
        many.accounts.insert(address(index + 100), change);
    }
    let next = child(&before, &many);
    chain.commit(&next.0, &[], &many).unwrap();
    before = next;
    let mut touched = StateChanges {
        accounts: many.accounts.into_iter().step_by(40).collect(),
        ..StateChanges::default()
    };
    touched.accounts.values_mut().for_each(|change| {
        change.account.iter_mut().for_each(|account| account.nonce += 1);
    });
    let next = child(&before, &touched);
    card.lies(Lie::None);
    drop(chain.next_for(&next.0, &touched).unwrap());
    let last = card.unchecked_digests() - 1;
    card.lies(Lie::FlipAt(last));
    chain.commit(&next.0, &[], &touched).unwrap();
    assert!(
        card.condemned()[0].contains("is not the node that its parent means"),
        "{:?}",
        card.condemned()
    );
    assert_stands_at(&chain, &next);
}
