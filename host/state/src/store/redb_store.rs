//! The store in one file of redb: the transactions.

use super::{
    BlockCommit, Head, ReadCounts, RedbSnapshot, Store, StoreError,
    commit::{remove_block, write_block},
    open::{FileIdentity, guarded, open_backend, open_file},
    tables::{HASHES, HEADERS, META, META_GENESIS, META_HEAD, META_RULES, UNDO},
    undo::{self, UndoWriter},
};
use alloy_consensus::Header;
use alloy_primitives::B256;
use alloy_rlp::Decodable;
use redb::{
    Database, ReadableDatabase, ReadableTable, StorageBackend, WriteTransaction, backends::InMemoryBackend,
};
use std::{ops::Deref, path::Path, sync::Arc};

/// How a store is opened.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// Bytes of memory for pages of the file. Default: 256 MiB.
    pub cache_bytes: usize,
    /// How many of the last blocks can be unwound; undo records of older ones are removed. Default: 256.
    pub undo_blocks: u64,
    /// Verify the checksum of every page when opening, not only what a crash may have hit. Reads the
    /// whole file. Without it, a file that something else than the store has altered may be believed.
    /// Default: no.
    pub check_on_open: bool,
    /// Write with every commit which pages are free, so that opening after a crash takes no longer than
    /// otherwise; without it the whole file is read then. Default: yes.
    pub quick_repair: bool,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            cache_bytes: 256 << 20,
            undo_blocks: 256,
            check_on_open: false,
            quick_repair: true,
        }
    }
}

/// redb's database. It writes once more when it is dropped, and over damaged pages that may panic as everything else.
#[derive(Debug)]
struct Db(Option<Database>);

impl Db {
    fn close(mut self) -> Result<(), StoreError> {
        guarded(|| match self.0.take() {
            Some(db) => db.close().map_err(|error| redb::Error::from(error).into()),
            None => Ok(()),
        })
    }
}

impl Deref for Db {
    type Target = Database;

    fn deref(&self) -> &Database {
        self.0
            .as_ref()
            .expect("it is taken when this is closed or dropped")
    }
}

impl Drop for Db {
    fn drop(&mut self) {
        // Whoever wants to know closes it. What was committed is on disk.
        let _ = guarded(|| {
            drop(self.0.take());
            Ok(())
        });
    }
}

/// A [`Store`] in one file of redb. One process at a time may have it open.
#[derive(Debug)]
pub struct RedbStore {
    db: Db,
    options: StoreOptions,
    file: Option<FileIdentity>,
    reads: Arc<ReadCounts>,
}

impl RedbStore {
    /// Opens the store at `path`, or creates an empty one there. A store that was not closed is brought
    /// back to its last commit.
    pub fn open(path: impl AsRef<Path>, options: StoreOptions) -> Result<Self, StoreError> {
        let path = path.as_ref();
        guarded(|| {
            let db = open_file(path, &options)?;
            let file = FileIdentity::of(path).map_err(|source| StoreError::Open {
                path: path.to_path_buf(),
                source,
            })?;
            Self::checked(db, options, Some(file))
        })
    }

    /// Opens or creates a store on something else than a file.
    pub fn on_backend(backend: impl StorageBackend, options: StoreOptions) -> Result<Self, StoreError> {
        guarded(|| Self::checked(open_backend(backend, &options)?, options, None))
    }

    /// An empty store in memory.
    pub fn in_memory(options: StoreOptions) -> Result<Self, StoreError> {
        Self::on_backend(InMemoryBackend::new(), options)
    }

    /// Reads what the head needs, so that a damaged store is known as one from the beginning.
    fn checked(db: Database, options: StoreOptions, file: Option<FileIdentity>) -> Result<Self, StoreError> {
        let store = Self {
            db: Db(Some(db)),
            options,
            file,
            reads: Arc::default(),
        };
        store.check_head()?;
        Ok(store)
    }

    /// Reads that reached the store, over all its snapshots.
    pub fn reads(&self) -> &ReadCounts {
        &self.reads
    }

    /// The hash of the first block.
    pub fn genesis_hash(&self) -> Result<Option<B256>, StoreError> {
        self.meta_hash(META_GENESIS)
    }

    /// The hash of the rules that the chain follows, as [`Self::set_rules`] was given it.
    pub fn rules(&self) -> Result<Option<B256>, StoreError> {
        self.meta_hash(META_RULES)
    }

    /// Keeps a hash of the rules that the chain is to follow, so that whoever opens it later can tell whether it
    /// has the same. What is hashed is the caller's to say.
    ///
    /// The error is [`StoreError::NotEmpty`] where the chain has begun: it keeps its rules.
    pub fn set_rules(&self, hash: B256) -> Result<(), StoreError> {
        self.transaction(|txn| {
            let mut meta = txn.open_table(META)?;
            if let Some(genesis) = meta.get(META_GENESIS)? {
                return Err(StoreError::NotEmpty(
                    B256::try_from(genesis.value()).unwrap_or_default(),
                ));
            }
            meta.insert(META_RULES, hash.as_slice())?;
            Ok(())
        })
    }

    fn meta_hash(&self, key: &str) -> Result<Option<B256>, StoreError> {
        guarded(|| {
            let meta = self.db.begin_read()?.open_table(META)?;
            let row = ReadableTable::get(&meta, key)?;
            row.map(|row| {
                B256::try_from(row.value())
                    .map_err(|_| StoreError::Corrupt(format!("the {key} hash is not 32 bytes")))
            })
            .transpose()
        })
    }

    /// How many blocks can be unwound.
    pub fn undo_depth(&self) -> Result<u64, StoreError> {
        guarded(|| {
            let read = self.db.begin_read()?;
            match read_head(&read.open_table(META)?)? {
                Some(head) => undo::depth(&read.open_table(UNDO)?, head.number),
                None => Ok(0),
            }
        })
    }

    /// Closes the file, where dropping the store would not say if that failed. What was committed is on
    /// disk either way.
    pub fn close(self) -> Result<(), StoreError> {
        self.db.close()
    }

    /// One transaction: all of what `write` does, on disk, or nothing.
    fn transaction<T>(
        &self,
        write: impl FnOnce(&WriteTransaction) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        guarded(|| {
            if let Some(file) = &self.file {
                file.check()?;
            }
            let mut txn = self.db.begin_write()?;
            // In one phase, a commit is believed by its checksums alone; blocks are written by strangers.
            txn.set_two_phase_commit(true);
            txn.set_quick_repair(self.options.quick_repair);
            let done = write(&txn)?;
            txn.commit()?;
            Ok(done)
        })
    }

    fn undo_writer<'txn>(
        &self,
        txn: &'txn WriteTransaction,
        number: u64,
    ) -> Result<Option<UndoWriter<'txn>>, StoreError> {
        undo::prune(
            txn,
            number.saturating_add(1).saturating_sub(self.options.undo_blocks),
        )?;
        (self.options.undo_blocks > 0)
            .then(|| UndoWriter::new(txn, number))
            .transpose()
    }
}

impl Store for RedbStore {
    type Snapshot = RedbSnapshot;

    fn head(&self) -> Result<Option<Head>, StoreError> {
        guarded(|| read_head(&self.db.begin_read()?.open_table(META)?))
    }

    fn snapshot(&self) -> Result<RedbSnapshot, StoreError> {
        guarded(|| {
            let read = self.db.begin_read()?;
            let head = read_head(&read.open_table(META)?)?.ok_or(StoreError::Empty)?;
            RedbSnapshot::new(&read, head, self.reads.clone())
        })
    }

    fn genesis(&self, first: &BlockCommit<'_>, ancestors: &[(u64, B256)]) -> Result<Head, StoreError> {
        self.transaction(|txn| {
            if let Some(hash) = txn.open_table(META)?.get(META_GENESIS)? {
                return Err(StoreError::NotEmpty(
                    B256::try_from(hash.value()).unwrap_or_default(),
                ));
            }
            let number = first.header.number;
            if let Some((later, _)) = ancestors.iter().find(|(ancestor, _)| *ancestor >= number) {
                let problem = format!("block {later} is not an ancestor of it");
                return Err(StoreError::Invalid { number, problem });
            }
            let head = write_block(txn, first, None)?;
            let mut hashes = txn.open_table(HASHES)?;
            for (number, hash) in ancestors {
                hashes.insert(&number.to_be_bytes(), &hash.0)?;
            }
            txn.open_table(META)?.insert(META_GENESIS, head.hash.as_slice())?;
            Ok(head)
        })
    }

    fn commit_all(&self, blocks: &[BlockCommit<'_>]) -> Result<Head, StoreError> {
        self.transaction(|txn| {
            let mut head = read_head(&txn.open_table(META)?)?.ok_or(StoreError::Empty)?;
            for block in blocks {
                head.check_next(block.header)?;
                let undo = self.undo_writer(txn, block.header.number)?;
                head = write_block(txn, block, undo)?;
            }
            Ok(head)
        })
    }

    fn unwind(&self, blocks: u64) -> Result<Head, StoreError> {
        self.transaction(|txn| {
            let mut head = read_head(&txn.open_table(META)?)?.ok_or(StoreError::Empty)?;
            let possible = undo::depth(&txn.open_table(UNDO)?, head.number)?;
            if blocks > possible {
                return Err(StoreError::UnwindTooFar {
                    asked: blocks,
                    possible,
                });
            }
            for _ in 0..blocks {
                let parent = stored_head(&txn.open_table(HEADERS)?, head.number.saturating_sub(1))?;
                undo::undo_block(txn, head.number)?;
                remove_block(txn, &head, &parent)?;
                head = parent;
            }
            Ok(head)
        })
    }
}

pub(super) fn read_head(
    meta: &impl ReadableTable<&'static str, &'static [u8]>,
) -> Result<Option<Head>, StoreError> {
    meta.get(META_HEAD)?
        .map(|row| Head::decode(row.value()))
        .transpose()
}

/// What the head was when a stored block was the last one.
fn stored_head(
    headers: &impl ReadableTable<&'static super::tables::NumberKey, &'static [u8]>,
    number: u64,
) -> Result<Head, StoreError> {
    let row = headers.get(&number.to_be_bytes())?;
    let row = row.ok_or_else(|| StoreError::Corrupt(format!("the header of block {number} is missing")))?;
    let header = decode_header(row.value(), number)?;
    let hash = alloy_primitives::keccak256(row.value());
    Ok(Head {
        number,
        hash,
        state_root: header.state_root,
    })
}

pub(super) fn decode_header(mut rlp: &[u8], number: u64) -> Result<Header, StoreError> {
    let header = Header::decode(&mut rlp);
    let header = header
        .ok()
        .filter(|header| rlp.is_empty() && header.number == number);
    header.ok_or_else(|| StoreError::Corrupt(format!("the header of block {number} cannot be decoded")))
}
