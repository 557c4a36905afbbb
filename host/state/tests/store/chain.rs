//! Deterministic blocks: each a function of a seed, a number and its parent's hash. They change few
//! accounts often, so that accounts are destroyed and made anew, storage is cleared and filled again.

use alloy_consensus::{Eip658Value, Header, Receipt, ReceiptEnvelope, ReceiptWithBloom};
use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256, keccak256};
use alloy_trie::Nibbles;
use metisvm_state::{
    AccountChange, BasicAccount, MemoryState, NodeKey, StateChanges, StateSource, TrieNodes, TrieUpdate,
    store::{BlockCommit, Head, RedbSnapshot, RedbStore, Store, StoreOptions, StoreSnapshot},
};
use revm::{DatabaseRef, bytecode::Bytecode};
use std::collections::BTreeMap;

/// SplitMix64 (Steele, Lea, Flood 2014).
pub(crate) struct Rng(pub(crate) u64);

impl Rng {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    pub(crate) fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}

/// The first block has a number of its own: a store need not begin with block 0.
pub(crate) const FIRST: u64 = 5;
const ACCOUNTS: u64 = 20;
const SLOTS: u64 = 12;
/// More slots than one chunk of an undo record holds.
const MANY_SLOTS: u64 = 400;

pub(crate) struct Block {
    pub(crate) header: Header,
    pub(crate) receipts: Vec<ReceiptEnvelope>,
    pub(crate) changes: StateChanges,
    pub(crate) trie: TrieUpdate,
}

impl Block {
    pub(crate) fn as_commit(&self) -> BlockCommit<'_> {
        BlockCommit {
            header: &self.header,
            receipts: &self.receipts,
            changes: &self.changes,
            trie: &self.trie,
        }
    }

    /// Block `number` of the chain `seed`.
    pub(crate) fn make(seed: u64, number: u64, parent_hash: B256) -> Self {
        let mut rng = Rng(seed ^ number.wrapping_mul(0x1000_0000_01b3));
        let changes = changes(&mut rng);
        let trie = trie(&mut rng, seed, number);
        let header = Header {
            parent_hash,
            number,
            state_root: keccak256(&trie.set.last().unwrap().1),
            timestamp: number * 12,
            extra_data: Bytes::copy_from_slice(&seed.to_be_bytes()),
            ..Default::default()
        };
        let receipts = (0..rng.below(4)).map(|at| receipt(at, number)).collect();
        Self {
            header,
            receipts,
            changes,
            trie,
        }
    }
}

pub(crate) fn address(index: u64) -> Address {
    Address::from_word(keccak256(index.to_be_bytes()))
}

fn owner(index: u64) -> B256 {
    keccak256(address(index))
}

/// Ordinary code, a delegation (EIP-7702), and bytes that only look like one.
pub(crate) fn code(index: u64) -> Bytecode {
    let bytes = match index {
        0 => Bytes::from([&[0xef, 0x01, 0x00][..], &[0x11; 20]].concat()),
        1 => Bytes::from_static(&[0xef, 0x01, 0x00, 0x22]),
        _ => Bytes::from(vec![0x5b; index as usize * 700]),
    };
    Bytecode::new_raw_checked(bytes.clone()).unwrap_or_else(|_| Bytecode::new_legacy(bytes))
}

fn changes(rng: &mut Rng) -> StateChanges {
    let mut changes = StateChanges::default();
    for _ in 0..1 + rng.below(8) {
        let index = rng.below(ACCOUNTS);
        let mut change = AccountChange::default();
        if !rng.one_in(5) {
            let code = rng.one_in(3).then(|| code(rng.below(5)));
            let code_hash = code.as_ref().map_or(KECCAK256_EMPTY, Bytecode::hash_slow);
            if let Some(code) = code {
                changes.codes.insert(code_hash, code);
            }
            change.account = Some(BasicAccount {
                balance: U256::from(rng.next()) << 100,
                nonce: rng.next(),
                code_hash,
            });
            change.storage_cleared = rng.one_in(5);
            let (slots, bound) = if index == 0 {
                (MANY_SLOTS, MANY_SLOTS)
            } else {
                (rng.below(6), SLOTS)
            };
            for at in 0..slots {
                let slot = if index == 0 { at } else { rng.below(bound) };
                let value = if rng.one_in(4) { 0 } else { rng.next() };
                change.storage.insert(U256::from(slot), U256::from(value));
            }
        }
        changes.accounts.insert(address(index), change);
    }
    changes
}

pub(crate) fn node_key(owner: Option<B256>, path: &[u8]) -> NodeKey {
    NodeKey {
        owner,
        path: Nibbles::from_nibbles(path),
    }
}

/// Not nodes of a real trie, but the root hashes to the state root; the root is the last one set.
fn trie(rng: &mut Rng, seed: u64, number: u64) -> TrieUpdate {
    let mut update = TrieUpdate::default();
    let path = |rng: &mut Rng| -> NodeKey {
        let length = 1 + rng.below(3);
        let owner = (!rng.one_in(2)).then(|| owner(rng.below(4)));
        node_key(
            owner,
            &(0..length).map(|_| rng.below(4) as u8).collect::<Vec<_>>(),
        )
    };
    if rng.one_in(3) {
        update.dropped.push(owner(rng.below(4)));
    }
    for _ in 0..rng.below(6) {
        update.removed.push(path(rng));
    }
    for _ in 0..rng.below(12) {
        let node = vec![rng.next() as u8; 33 + rng.below(500) as usize];
        update.set.push((path(rng), node.into()));
    }
    let root = [seed.to_be_bytes(), number.to_be_bytes()].concat();
    update.set.push((node_key(None, &[]), root.into()));
    update
}

fn receipt(at: u64, number: u64) -> ReceiptEnvelope {
    let receipt = ReceiptWithBloom {
        receipt: Receipt {
            status: Eip658Value::Eip658(!at.is_multiple_of(2)),
            cumulative_gas_used: number * 21_000,
            logs: vec![],
        },
        ..Default::default()
    };
    if at == 1 {
        ReceiptEnvelope::Eip1559(receipt)
    } else {
        ReceiptEnvelope::Legacy(receipt)
    }
}

/// What a store should hold: blocks applied in memory, and a store in memory that nothing happens to.
pub(crate) struct Model {
    pub(crate) seed: u64,
    pub(crate) state: MemoryState,
    pub(crate) trie: BTreeMap<NodeKey, Bytes>,
    pub(crate) blocks: Vec<Block>,
    pub(crate) store: RedbStore,
    fingerprints: BTreeMap<u64, B256>,
}

impl Model {
    /// With the first block.
    pub(crate) fn new(seed: u64) -> Self {
        let store = RedbStore::in_memory(StoreOptions::default()).unwrap();
        let mut model = Self {
            seed,
            state: MemoryState::default(),
            trie: BTreeMap::new(),
            blocks: vec![],
            store,
            fingerprints: BTreeMap::new(),
        };
        let first = Block::make(seed, FIRST, B256::ZERO);
        model.store.genesis(&first.as_commit(), &[]).unwrap();
        model.push(first);
        model
    }

    pub(crate) fn head(&self) -> &Header {
        &self.blocks.last().unwrap().header
    }

    /// The block after the head, of this chain or of another one that leaves it here.
    pub(crate) fn next_block(&self, seed: u64) -> Block {
        Block::make(seed, self.head().number + 1, self.head().hash_slow())
    }

    pub(crate) fn extend(&mut self, block: Block) {
        self.store.commit(&block.as_commit()).unwrap();
        self.push(block);
    }

    fn push(&mut self, block: Block) {
        self.state.apply(&block.changes);
        let update = &block.trie;
        self.trie
            .retain(|key, _| key.owner.is_none_or(|owner| !update.dropped.contains(&owner)));
        for path in &update.removed {
            self.trie.remove(path);
        }
        self.trie.extend(update.set.iter().cloned());
        let fingerprint = self.store.snapshot().unwrap().fingerprint().unwrap();
        self.fingerprints.insert(block.header.number, fingerprint);
        self.blocks.push(block);
    }

    /// The model with `number` as its last block, built anew from its blocks.
    pub(crate) fn replayed_to(&self, number: u64) -> Self {
        let mut model = Self::new(self.seed);
        assert_eq!(model.head(), &self.blocks[0].header);
        for block in &self.blocks[1..] {
            if block.header.number <= number {
                let seed = u64::from_be_bytes(block.header.extra_data[..].try_into().unwrap());
                model.extend(model.next_block(seed));
            }
        }
        assert_eq!(model.head().number, number);
        model
    }

    pub(crate) fn block(&self, number: u64) -> &Block {
        &self.blocks[(number - FIRST) as usize]
    }

    /// The fingerprint of a store whose last block is `number`; goes on as far as needed.
    pub(crate) fn fingerprint_at(&mut self, number: u64) -> B256 {
        while self.head().number < number {
            self.extend(self.next_block(self.seed));
        }
        self.fingerprints[&number]
    }

    /// The store holds the last block of this model, exactly: row by row by its public methods, and as a
    /// whole by its fingerprint.
    pub(crate) fn assert_same(&self, store: &RedbStore) {
        let snapshot = store.snapshot().unwrap();
        let header = self.head();
        let head = Head {
            number: header.number,
            hash: header.hash_slow(),
            state_root: header.state_root,
        };
        assert_eq!(snapshot.head(), head);
        assert_same_state(&self.state, &snapshot);
        for (key, node) in &self.trie {
            assert_eq!(snapshot.node(key).unwrap().as_ref(), Some(node));
        }
        for block in &self.blocks {
            let (number, hash) = (block.header.number, block.header.hash_slow());
            assert_eq!(snapshot.header(number).unwrap().as_ref(), Some(&block.header));
            assert_eq!(snapshot.receipts(number).unwrap().as_ref(), Some(&block.receipts));
            assert_eq!(snapshot.number_of(hash).unwrap(), Some(number));
            assert_eq!(snapshot.block_hash_ref(number), Ok(hash));
        }
        assert_eq!(snapshot.fingerprint().unwrap(), self.fingerprints[&header.number]);
    }
}

/// Every account, slot and code of a state, and no other.
pub(crate) fn assert_same_state(state: &MemoryState, snapshot: &RedbSnapshot) {
    let mut from = Some(Address::ZERO);
    let mut found = 0;
    while let Some(start) = from {
        let page = snapshot.accounts_from(start, 7).unwrap();
        for (address, account) in &page {
            let expected = state.account(address).expect("an account that the model has not");
            let info = &expected.info;
            assert_eq!(
                (account.balance, account.nonce, account.code_hash),
                (info.balance, info.nonce, info.code_hash)
            );
            let code = snapshot.code_by_hash_ref(info.code_hash).unwrap();
            assert_eq!(Some(&code), info.code.as_ref());
            let expected: BTreeMap<_, _> = expected.storage.clone().into_iter().collect();
            let slots = snapshot.storage_range(*address, U256::ZERO, usize::MAX).unwrap();
            assert_eq!(slots, expected.into_iter().collect::<Vec<_>>());
        }
        found += page.len();
        from = page
            .last()
            .filter(|_| page.len() == 7)
            .map(|(last, _)| next_address(*last));
    }
    assert_eq!(found, state.len());
}

fn next_address(address: Address) -> Address {
    Address::from_word((U256::from_be_bytes(address.into_word().0) + U256::ONE).into())
}
