//! The state trie of a whole world state: accounts, and the storage of each (Yellow Paper, section 4.1).

use super::{
    AccountProof, StorageProof, TrieNodes, TrieUpdate, levels,
    reader::{self, ReadAt, Reader},
    update::{Change, TrieChange},
};
use crate::{AccountChange, BasicAccount, KeccakBatch, StateChanges, StateError};
use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U64, U256};
use alloy_rlp::Decodable;
use alloy_trie::{EMPTY_ROOT_HASH, Nibbles, TrieAccount};
use rayon::prelude::*;

/// Fewer changed slots than these are changed sooner than another thread wakes up.
const LEAST_SHARED_SLOTS: usize = 64;

/// The state trie over kept nodes, hashed by an engine. It keeps nothing itself: results depend on the
/// nodes and the arguments alone.
#[derive(Clone, Copy)]
pub struct WorldTrie<'a> {
    nodes: &'a dyn TrieNodes,
    keccak: &'a dyn KeccakBatch,
}

/// One account's change on its way through the steps.
struct Job<'c> {
    key: B256,
    change: &'c AccountChange,
    /// The changed slots by their hashed keys, ascending.
    slots: Vec<Change>,
    /// The root of the storage so far.
    storage_root: B256,
}

impl core::fmt::Debug for WorldTrie<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("WorldTrie").finish_non_exhaustive()
    }
}

impl<'a> WorldTrie<'a> {
    /// A state trie that reads `nodes` and hashes with `keccak`.
    pub fn new(nodes: &'a dyn TrieNodes, keccak: &'a dyn KeccakBatch) -> Self {
        Self { nodes, keccak }
    }

    /// The state root after `changes` to the state with root `parent_root`, and what it takes to keep it.
    /// The nodes must be those of `parent_root`. To undo a block, apply what reverses its changes in the
    /// same way. An account's slots beside `account: None` are ignored: what is gone has none.
    ///
    /// # Errors
    /// [`StateError::BrokenTrie`] where a node that is needed is missing or not the one that its parent
    /// means (or no node of `parent_root`), [`StateError::EqualDigests`] where the engine hashes wrongly, and
    /// whatever error the store has. Nothing is changed then.
    pub fn apply(&self, parent_root: B256, changes: &StateChanges) -> Result<(B256, TrieUpdate), StateError> {
        let mut jobs = self.jobs(changes)?;
        let mut update = TrieUpdate::default();
        let mut accounts = Reader::new(self.nodes, None, parent_root);
        let keys: Vec<Nibbles> = jobs.iter().map(|job| Nibbles::unpack(job.key)).collect();
        let old = accounts.leaves(&keys)?;
        for ((job, path), leaf) in jobs.iter_mut().zip(&keys).zip(old) {
            if let Some(leaf) = leaf {
                job.storage_root = decode_account(&accounts, leaf, path)?.storage_root;
            }
            let cleared = job.change.account.is_none() || job.change.storage_cleared;
            if cleared && job.storage_root != EMPTY_ROOT_HASH {
                update.dropped.push(job.key);
                job.storage_root = EMPTY_ROOT_HASH;
            }
        }
        let storages = self.storages(&jobs)?;
        let mut new_roots = storages.iter().map(TrieChange::root);
        let leaf = |(job, key): (&Job<'_>, &Nibbles)| {
            let new_root = (!job.slots.is_empty()).then(|| new_roots.next()).flatten();
            let storage_root = new_root.unwrap_or(job.storage_root);
            let account = job.change.account.as_ref();
            Change {
                key: *key,
                value: account.map(|account| encode_account(account, storage_root)),
            }
        };
        let leaves: Vec<Change> = jobs.iter().zip(&keys).map(leaf).collect();
        let mut accounts = [TrieChange::new(accounts, parent_root, &leaves)?];
        levels::hash(&mut accounts, self.keccak);
        let readers = storages.iter().chain(&accounts).map(|trie| &trie.reader);
        reader::verify(readers, self.keccak)?;
        let root = accounts[0].root();
        let all = || accounts.iter().chain(&storages);
        update
            .set
            .reserve_exact(all().map(|trie| trie.new_nodes.len()).sum());
        // In the order of their owners, as the update's is.
        for trie in accounts.into_iter().chain(storages) {
            levels::collect(trie, &mut update);
        }
        levels::sort(&mut update);
        Ok((root, update))
    }

    /// The changes by hashed address, ascending. Addresses and slots are hashed in one batch.
    ///
    /// The trie is built of keys that differ. Hardware can break that, so it is an error and no panic.
    fn jobs<'c>(&self, changes: &'c StateChanges) -> Result<Vec<Job<'c>>, StateError> {
        let slots_of = |change: &'c AccountChange| change.account.iter().flat_map(|_| &change.storage);
        let slots: Vec<[u8; 32]> = changes
            .accounts
            .values()
            .flat_map(|change| slots_of(change).map(|(slot, _)| slot.to_be_bytes()))
            .collect();
        let addresses = changes.accounts.keys().map(|address| address.as_slice());
        let messages: Vec<&[u8]> = addresses.chain(slots.iter().map(|slot| &slot[..])).collect();
        let mut digests = vec![B256::ZERO; messages.len()];
        if !messages.is_empty() {
            self.keccak.hash(&messages, &mut digests);
        }
        let (keys, slot_keys) = digests.split_at(changes.accounts.len());
        let mut slot_keys = slot_keys.iter();
        let mut jobs: Vec<Job<'c>> = changes
            .accounts
            .values()
            .zip(keys)
            .map(|(change, key)| {
                let mut slots: Vec<Change> = slots_of(change)
                    .zip(&mut slot_keys)
                    .map(|((_, value), key)| Change {
                        key: Nibbles::unpack(key),
                        value: (!value.is_zero()).then(|| alloy_rlp::encode(value).into()),
                    })
                    .collect();
                slots.sort_unstable_by_key(|slot| slot.key);
                Job {
                    key: *key,
                    change,
                    slots,
                    storage_root: EMPTY_ROOT_HASH,
                }
            })
            .collect();
        // By their first bytes, which are as good as always enough.
        let first = |job: &Job<'_>| {
            job.key
                .first_chunk()
                .map_or(0, |bytes| u64::from_be_bytes(*bytes))
        };
        jobs.sort_unstable_by(|a, b| first(a).cmp(&first(b)).then_with(|| a.key.cmp(&b.key)));
        if let Some(pair) = jobs.windows(2).find(|pair| pair[0].key == pair[1].key) {
            return Err(StateError::EqualDigests(pair[0].key));
        }
        for job in &jobs {
            if let Some(pair) = job.slots.windows(2).find(|pair| pair[0].key == pair[1].key) {
                return Err(StateError::EqualDigests(B256::from_slice(&pair[0].key.pack())));
            }
        }
        Ok(jobs)
    }

    /// Applies the changed slots of all accounts that have some, on several threads where there are many, and hashes
    /// their tries together.
    fn storages<'j>(&self, jobs: &'j [Job<'_>]) -> Result<Vec<TrieChange<'j>>, StateError>
    where
        'a: 'j,
    {
        let nodes: &'j dyn TrieNodes = self.nodes;
        let change = |job: &'j Job<'_>| {
            let reader = Reader::new(nodes, Some(job.key), job.storage_root);
            TrieChange::new(reader, job.storage_root, &job.slots)
        };
        let has_slots = |job: &&Job<'_>| !job.slots.is_empty();
        let slots: usize = jobs.iter().map(|job| job.slots.len()).sum();
        let tries: Vec<Result<TrieChange<'j>, StateError>> = if slots < LEAST_SHARED_SLOTS {
            jobs.iter().filter(has_slots).map(change).collect()
        } else {
            jobs.par_iter().filter(has_slots).map(change).collect()
        };
        // Of several errors the first by owner, whichever thread was first.
        let mut tries = tries.into_iter().collect::<Result<Vec<_>, _>>()?;
        levels::hash(&mut tries, self.keccak);
        Ok(tries)
    }

    /// An account and some of its slots as the state with root `root` has them, with proofs.
    ///
    /// # Errors
    /// As [`Self::apply`].
    pub fn proof(&self, root: B256, address: Address, slots: &[U256]) -> Result<AccountProof, StateError> {
        let slot_bytes: Vec<[u8; 32]> = slots.iter().map(U256::to_be_bytes).collect();
        let messages: Vec<&[u8]> = core::iter::once(address.as_slice())
            .chain(slot_bytes.iter().map(|slot| &slot[..]))
            .collect();
        let mut keys = vec![B256::ZERO; messages.len()];
        self.keccak.hash(&messages, &mut keys);

        let mut accounts = Reader::new(self.nodes, None, root);
        let path = Nibbles::unpack(keys[0]);
        let (account_proof, leaf) = accounts.prove(&path)?;
        let account = match &leaf {
            Some(leaf) => account_of(leaf, &accounts, &path)?,
            None => TrieAccount {
                nonce: 0,
                balance: U256::ZERO,
                storage_root: EMPTY_ROOT_HASH,
                code_hash: KECCAK256_EMPTY,
            },
        };
        let mut storage = Reader::new(self.nodes, Some(keys[0]), account.storage_root);
        let mut storage_proof = Vec::with_capacity(slots.len());
        for (slot, key) in slots.iter().zip(&keys[1..]) {
            let path = Nibbles::unpack(key);
            let (proof, leaf) = storage.prove(&path)?;
            let value = leaf.map_or(Ok(U256::ZERO), |leaf| alloy_rlp::decode_exact(&leaf));
            storage_proof.push(StorageProof {
                key: *slot,
                value: value.map_err(|_| storage.broken(&path, "is a leaf without a slot's value"))?,
                proof,
            });
        }
        reader::verify([&accounts, &storage].into_iter(), self.keccak)?;
        Ok(AccountProof {
            address,
            account_proof,
            balance: account.balance,
            code_hash: account.code_hash,
            nonce: U64::from(account.nonce),
            storage_hash: account.storage_root,
            storage_proof,
        })
    }
}

fn encode_account(account: &BasicAccount, storage_root: B256) -> Bytes {
    let account = TrieAccount {
        nonce: account.nonce,
        balance: account.balance,
        storage_root,
        code_hash: account.code_hash,
    };
    alloy_rlp::encode(account).into()
}

/// The account of a leaf that was read.
fn decode_account(accounts: &Reader<'_>, leaf: ReadAt, path: &Nibbles) -> Result<TrieAccount, StateError> {
    account_of(accounts.value(leaf), accounts, path)
}

fn account_of(mut leaf: &[u8], accounts: &Reader<'_>, path: &Nibbles) -> Result<TrieAccount, StateError> {
    match TrieAccount::decode(&mut leaf) {
        Ok(account) if leaf.is_empty() => Ok(account),
        _ => Err(accounts.broken(path, "is a leaf without an account")),
    }
}
