//! A folder that keeps one chain between invocations: its state on disk, and the chain spec it follows.
//!
//! - `chain.redb`: the store (docs/store.md), with every block from the first one on;
//! - `chain-spec.json`: the rules. Written before the first block; without a first block it means nothing. The
//!   store keeps the hash of it, so that a chain does not go on under other rules.
//!
//! A chain begins with a block whose whole state is in its file. The block is executed over that state in
//! memory and held to its header; only what came out, the state after a block whose header names its root, is
//! taken into the store. So a wrong state is refused while there is nothing yet that it could spoil, and leaves no
//! folder behind.

use crate::error::CliError;
use crate::files;
use alloy_consensus::{Header, ReceiptEnvelope};
use alloy_primitives::{Address, B256, KECCAK256_EMPTY, U256, keccak256};
use metisvm_executor::BlockFile;
use metisvm_state::{
    CacheConfig, ChainState, KeccakBatch, MemoryState,
    store::{Head, RedbStore, Store, StoreError, StoreOptions, StoreSnapshot},
};
use metisvm_vm::ChainSpec;
use std::{
    fmt, fs,
    path::{Path, PathBuf},
    sync::Arc,
};

const STORE: &str = "chain.redb";
const SPEC: &str = "chain-spec.json";
/// More than any chain spec has.
const SPEC_LIMIT: usize = 1 << 20;

/// A chain that is there.
#[derive(Debug)]
pub struct Chain {
    /// Its state.
    pub state: ChainState<RedbStore>,
    /// Its rules.
    pub spec: Arc<ChainSpec>,
}

/// The folder.
pub struct DataDir {
    folder: PathBuf,
    chain: Option<Chain>,
    /// What hashes the trie.
    keccak: Arc<dyn KeccakBatch>,
}

impl fmt::Debug for DataDir {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DataDir")
            .field("folder", &self.folder)
            .field("chain", &self.chain)
            .finish_non_exhaustive()
    }
}

impl DataDir {
    /// Opens the folder; `keccak` hashes the chain's trie. One that is not there is made with the first block. A chain whose process was killed
    /// goes on at the last block that was committed.
    ///
    /// # Errors
    /// If the folder, the store or the chain spec cannot be read or do not belong together, or another process
    /// has the store open.
    pub fn open(folder: &Path, keccak: Arc<dyn KeccakBatch>) -> Result<Self, CliError> {
        let mut datadir = Self {
            folder: folder.to_path_buf(),
            chain: None,
            keccak,
        };
        if !is_there(folder)? {
            return Ok(datadir);
        }
        if !folder.is_dir() {
            let problem = "is not a folder; name a folder for --datadir, or one that is not there yet";
            return Err(CliError::file(folder, problem));
        }
        if !is_there(&folder.join(STORE))? {
            return Ok(datadir);
        }
        let store = datadir.store()?;
        let failed = |error| failed(folder, error);
        if store.head().map_err(failed)?.is_some() {
            let spec = datadir.read_spec()?;
            datadir.check_rules(&spec, store.rules().map_err(failed)?)?;
            let state =
                ChainState::open(store, CacheConfig::default(), datadir.keccak.clone()).map_err(failed)?;
            datadir.chain = Some(Chain { state, spec });
        }
        Ok(datadir)
    }

    /// The folder's path.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// How many bytes the store takes on disk.
    ///
    /// # Errors
    /// If its file cannot be looked at.
    pub fn bytes(&self) -> Result<u64, CliError> {
        let path = self.folder.join(STORE);
        let found = fs::metadata(&path).map_err(|error| CliError::file(&path, error))?;
        Ok(found.len())
    }

    /// The chain; `None` before its first block.
    pub fn chain(&self) -> Option<&Chain> {
        self.chain.as_ref()
    }

    /// The chain, to go on with it elsewhere.
    pub fn take_chain(&mut self) -> Option<Chain> {
        self.chain.take()
    }

    /// Begins a chain with a block that was executed and is what its header says.
    ///
    /// # Errors
    /// If there is a chain already, if `state` is not the one that the header names, or if the folder cannot be
    /// made or the disk fails. Then there is no chain, or (after a failure of the disk) a whole one.
    pub fn begin(
        &mut self,
        spec: Arc<ChainSpec>,
        first: &Header,
        receipts: &[ReceiptEnvelope],
        state: &MemoryState,
    ) -> Result<Head, CliError> {
        fs::create_dir_all(&self.folder).map_err(|error| CliError::file(&self.folder, error))?;
        let store = self.store()?;
        let failed = |error| failed(&self.folder, error);
        // Before the rules are written over those of a chain that another process has begun meanwhile.
        if let Some(head) = store.head().map_err(failed)? {
            return Err(failed(StoreError::NotEmpty(head.hash)));
        }
        self.write_spec(&spec)?;
        store.set_rules(rules_of(&spec)?).map_err(failed)?;
        let cache = CacheConfig::default();
        let state =
            ChainState::create_with_receipts(store, cache, self.keccak.clone(), first, receipts, state)
                .map_err(failed)?;
        let head = state.head().map_err(failed)?;
        self.chain = Some(Chain { state, spec });
        Ok(head)
    }

    /// The header that the chain ends with once the last `back` blocks are taken back; 0 is its head. Nothing is
    /// taken back by this.
    ///
    /// # Errors
    /// If not so many can be taken back; says how many can.
    pub fn header_before(&self, chain: &Chain, back: u64) -> Result<Header, CliError> {
        let failed = |error| self.failed(error);
        let snapshot = chain.state.store().snapshot().map_err(failed)?;
        let head = snapshot.head();
        let possible = chain.possible_unwinding().map_err(failed)?;
        if back > possible {
            let first = chain.state.store().genesis_hash().map_err(failed)?;
            let asked = blocks(back);
            let problem = match possible {
                0 if first == Some(head.hash) => format!(
                    "{asked} cannot be taken back: the chain has only its first block, {}, and that one stays; \
                     begin anew in another folder",
                    head.number
                ),
                0 => format!("{asked} cannot be taken back: the store has no undo records of this chain"),
                1 => format!("{asked} cannot be taken back, only the last one can"),
                _ => format!("{asked} cannot be taken back, only the last {possible} can"),
            };
            return Err(CliError::file(&self.folder, problem));
        }
        let number = head.number.saturating_sub(back);
        let header = snapshot.header(number).map_err(failed)?;
        header.ok_or_else(|| {
            let problem = format!("the header of block {number} is missing");
            failed(StoreError::Corrupt(problem))
        })
    }

    /// Whether a file's block can be the one after `last`, the last block of the chain once `back` blocks have
    /// been taken back.
    ///
    /// # Errors
    /// Says where the chain stands and what to do.
    pub fn check_next(
        &self,
        chain: &Chain,
        last: &Header,
        back: u64,
        file: &BlockFile,
    ) -> Result<(), CliError> {
        let header = &file.block.header;
        let hash = last.hash_slow();
        let next = last.number.saturating_add(1);
        if header.number == next && header.parent_hash == hash {
            return Ok(());
        }
        let possible = chain.possible_unwinding().map_err(|error| self.failed(error))?;
        let advice = if file.hash == hash {
            "it is that block; leave it out".to_owned()
        } else if header.number > next {
            format!("give block {next} before it")
        } else if header.number < next {
            // From the head, where nothing has been taken back yet.
            let unwind = (next - header.number).saturating_add(back);
            if unwind <= possible {
                format!(
                    "leave it out, or take {} back with --unwind {unwind}",
                    the_last(unwind)
                )
            } else {
                "leave it out; the chain cannot be taken back that far".to_owned()
            }
        } else {
            let parent = header.parent_hash;
            let advice = match possible.saturating_sub(back) {
                0 => "no block can be taken back for it; begin that branch in another folder".to_owned(),
                _ => format!(
                    "take blocks back with --unwind, {possible} at most, and give that branch from its first \
                     block on"
                ),
            };
            format!("its parent is {parent}, of another branch; {advice}")
        };
        let advice = match self.of_another_chain(chain, file)? {
            Some(other) => other,
            None => advice,
        };
        let ends = if back == 0 { "ends" } else { "would end" };
        let problem = format!(
            "block {} ({}) does not follow the chain, which {ends} with block {} ({hash}): {advice}",
            header.number, file.hash, last.number
        );
        Err(CliError::file(&self.folder, problem))
    }

    /// What says that a block is of a chain with another first block, where its height shows that.
    fn of_another_chain(&self, chain: &Chain, file: &BlockFile) -> Result<Option<String>, CliError> {
        let failed = |error| self.failed(error);
        let snapshot = chain.state.store().snapshot().map_err(failed)?;
        let Some(first) = chain.state.store().genesis_hash().map_err(failed)? else {
            return Ok(None);
        };
        let Some(height) = snapshot.number_of(first).map_err(failed)? else {
            return Ok(None);
        };
        let header = &file.block.header;
        let other = if header.number == height {
            file.hash
        } else if header.number.checked_sub(1) == Some(height) {
            header.parent_hash
        } else {
            return Ok(None);
        };
        Ok((other != first).then(|| {
            format!(
                "it is of another chain, whose block {height} is {other}; this one begins with block {height} \
                 ({first}). Give blocks of this chain, or begin the other one in another folder"
            )
        }))
    }

    /// Whether the accounts that execution reads are those of the trie, whose root the head names. Called where a block
    /// is refused, so that damage of the store is not taken for a fault of the block.
    ///
    /// # Errors
    /// Names the first account that is another one.
    pub fn check_accounts(
        &self,
        chain: &Chain,
        accounts: impl IntoIterator<Item = Address>,
    ) -> Result<(), CliError> {
        let failed = |error| self.failed(error);
        let snapshot = chain.state.store().snapshot().map_err(failed)?;
        for address in accounts {
            let kept = snapshot.account(address).map_err(failed)?;
            let proven = chain.state.proof(address, &[]).map_err(failed)?;
            let kept = kept.map_or((U256::ZERO, 0, KECCAK256_EMPTY), |account| {
                (account.balance, account.nonce, account.code_hash)
            });
            let code_hash = if proven.code_hash.is_zero() {
                KECCAK256_EMPTY
            } else {
                proven.code_hash
            };
            if kept != (proven.balance, proven.nonce.to(), code_hash) {
                let problem = format!(
                    "account {address} is not the one of the state root; metisvm chain verify says more"
                );
                return Err(failed(StoreError::Corrupt(problem)));
            }
        }
        Ok(())
    }

    /// An error of the store, with the folder's name.
    pub fn failed(&self, error: StoreError) -> CliError {
        failed(&self.folder, error)
    }

    fn store(&self) -> Result<RedbStore, CliError> {
        RedbStore::open(self.folder.join(STORE), StoreOptions::default()).map_err(|error| self.failed(error))
    }

    /// The rules in the file have to be those that the chain began with.
    fn check_rules(&self, spec: &ChainSpec, kept: Option<B256>) -> Result<(), CliError> {
        if kept == Some(rules_of(spec)?) {
            return Ok(());
        }
        let path = self.folder.join(SPEC);
        let store = self.folder.join(STORE);
        let problem = match kept {
            Some(_) => "says something else than when the chain began",
            None => "is not known to the store, which names no rules",
        };
        let problem = format!(
            "{problem}: {} does not go on under other rules; restore the file, or begin the chain anew in another \
             folder",
            store.display()
        );
        Err(CliError::file(path, problem))
    }

    fn read_spec(&self) -> Result<Arc<ChainSpec>, CliError> {
        let path = self.folder.join(SPEC);
        let broken = |problem: String| {
            let advice = "restore the file, or begin the chain anew in another folder";
            CliError::file(
                &path,
                format!("{problem}; without it the chain has no rules: {advice}"),
            )
        };
        let bytes = crate::models::read_bounded(&path, SPEC_LIMIT).map_err(|error| match error {
            CliError::File { problem, .. } => broken(problem),
            other => other,
        })?;
        let spec: ChainSpec = serde_json::from_slice(&bytes).map_err(|error| broken(error.to_string()))?;
        spec.check().map_err(|error| broken(error.to_string()))?;
        Ok(Arc::new(spec))
    }

    /// Under another name first, so that the file is whole or not there.
    fn write_spec(&self, spec: &ChainSpec) -> Result<(), CliError> {
        let path = self.folder.join(SPEC);
        let json = serde_json::to_vec_pretty(spec).map_err(|error| CliError::file(&path, error))?;
        files::write(&path, &json, &[])
    }
}

impl Chain {
    /// How many blocks can be taken back.
    fn possible_unwinding(&self) -> Result<u64, StoreError> {
        self.state.store().undo_depth()
    }
}

/// The hash of a chain spec, by which the store knows it: Keccak-256 of its JSON with all keys in the order of
/// the specification and no white space.
fn rules_of(spec: &ChainSpec) -> Result<B256, CliError> {
    let json = serde_json::to_vec(spec).map_err(|error| CliError::file(SPEC, error))?;
    Ok(keccak256(json))
}

fn is_there(path: &Path) -> Result<bool, CliError> {
    fs::exists(path).map_err(|error| CliError::file(path, error))
}

fn blocks(count: u64) -> String {
    if count == 1 {
        "1 block".to_owned()
    } else {
        format!("{count} blocks")
    }
}

fn the_last(count: u64) -> String {
    if count == 1 {
        "the last block".to_owned()
    } else {
        format!("the last {count} blocks")
    }
}

fn failed(folder: &Path, source: StoreError) -> CliError {
    CliError::file(folder, source)
}
