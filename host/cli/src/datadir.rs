//! A folder that keeps one chain between invocations: its state on disk, and the chain spec it follows.
//!
//! - `chain.redb`: the store (docs/store.md), with every block from the first one on;
//! - `chain-spec.json`: the rules. Written before the first block; without a first block it means nothing.
//!
//! A chain begins with a block whose whole state is in its file. The block is executed over that state in
//! memory and held to its header; only what came out, the state after a block whose header names its root, is
//! taken into the store. So a wrong state is refused while there is nothing yet that it could spoil.

use crate::error::CliError;
use alloy_consensus::{Header, ReceiptEnvelope};
use metisvm_executor::BlockFile;
use metisvm_state::{
    CacheConfig, ChainState, CpuKeccak, MemoryState,
    store::{Head, RedbStore, Store, StoreError, StoreOptions},
};
use metisvm_vm::ChainSpec;
use std::{
    fs::{self, File},
    io::{self, Write},
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
#[derive(Debug)]
pub struct DataDir {
    folder: PathBuf,
    chain: Option<Chain>,
}

impl DataDir {
    /// Opens the folder; makes it where it is not there. A chain whose process was killed goes on at the last
    /// block that was committed.
    ///
    /// # Errors
    /// If the folder, the store or the chain spec cannot be read, or another process has the store open.
    pub fn open(folder: &Path) -> Result<Self, CliError> {
        fs::create_dir_all(folder).map_err(|error| CliError::file(folder, error))?;
        let mut datadir = Self {
            folder: folder.to_path_buf(),
            chain: None,
        };
        let store = datadir.store()?;
        let head = store.head().map_err(|error| datadir.failed(error))?;
        if head.is_some() {
            let spec = datadir.read_spec()?;
            let state = ChainState::open(store, CacheConfig::default(), Arc::new(CpuKeccak))
                .map_err(|error| datadir.failed(error))?;
            datadir.chain = Some(Chain { state, spec });
        }
        Ok(datadir)
    }

    /// The folder's path.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The chain; `None` before its first block.
    pub fn chain(&self) -> Option<&Chain> {
        self.chain.as_ref()
    }

    /// Begins a chain with a block that was executed and is what its header says.
    ///
    /// # Errors
    /// If there is a chain already, if `state` is not the one that the header names, or if the disk fails.
    /// Then there is no chain, or (after a failure of the disk) a whole one.
    pub fn begin(
        &mut self,
        spec: Arc<ChainSpec>,
        first: &Header,
        receipts: &[ReceiptEnvelope],
        state: &MemoryState,
    ) -> Result<Head, CliError> {
        let store = self.store()?;
        let failed = |error| failed(&self.folder, error);
        // Before the rules are written over those of a chain that another process has begun meanwhile.
        if let Some(head) = store.head().map_err(failed)? {
            return Err(failed(StoreError::NotEmpty(head.hash)));
        }
        self.write_spec(&spec)?;
        let cache = CacheConfig::default();
        let state =
            ChainState::create_with_receipts(store, cache, Arc::new(CpuKeccak), first, receipts, state)
                .map_err(failed)?;
        let head = state.head().map_err(failed)?;
        self.chain = Some(Chain { state, spec });
        Ok(head)
    }

    /// Whether a file's block can be the next one of the chain.
    ///
    /// # Errors
    /// Says where the chain stands and what to do.
    pub fn check_next(&self, chain: &Chain, file: &BlockFile) -> Result<(), CliError> {
        let header = &file.block.header;
        let head = chain.state.head().map_err(|error| self.failed(error))?;
        let next = head.number.saturating_add(1);
        let advice = if file.hash == head.hash {
            "it is that block; leave it out".to_owned()
        } else if header.number > next {
            format!("give block {next} before it")
        } else if header.number < next {
            let back = next - header.number;
            format!("leave it out, or take back the last {back} with --unwind {back}")
        } else if header.parent_hash != head.hash {
            let parent = header.parent_hash;
            format!(
                "its parent is {parent}, of another branch; take blocks back with --unwind and give that branch"
            )
        } else {
            return Ok(());
        };
        let problem = format!(
            "block {} ({}) does not follow the chain, which ends with block {} ({}): {advice}",
            header.number, file.hash, head.number, head.hash
        );
        Err(CliError::file(&self.folder, problem))
    }

    /// An error of the store, with the folder's name.
    pub fn failed(&self, error: StoreError) -> CliError {
        failed(&self.folder, error)
    }

    fn store(&self) -> Result<RedbStore, CliError> {
        RedbStore::open(self.folder.join(STORE), StoreOptions::default()).map_err(|error| self.failed(error))
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
        let unfinished = self.folder.join(format!("{SPEC}.new"));
        let write = || -> io::Result<()> {
            let mut file = File::create(&unfinished)?;
            file.write_all(&serde_json::to_vec_pretty(spec)?)?;
            file.sync_all()?;
            fs::rename(&unfinished, &path)?;
            if cfg!(unix) {
                File::open(&self.folder)?.sync_all()?;
            }
            Ok(())
        };
        write().map_err(|error| CliError::file(&path, error))
    }
}

fn failed(folder: &Path, source: StoreError) -> CliError {
    CliError::file(folder, source)
}
