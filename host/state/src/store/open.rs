//! Opening: files that are whole or not there, and a clear word for everything else.
//!
//! redb writes a new file in several steps, and one that was interrupted between them is never opened
//! again. So a store is created beside its place, under a name with `.new` at the end, and renamed when
//! it is whole and on disk.

use super::{
    StoreError, StoreOptions,
    tables::{META, META_SCHEMA, SCHEMA, create_all},
};
use redb::{Builder, Database, DatabaseError, ReadableDatabase, StorageBackend, StorageError, TableError};
use std::{
    cell::Cell,
    fs::{self, File},
    io,
    panic::{self, AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::Once,
};

/// Turns a panic into an error. redb reports damage that it finds as errors, but does not promise that
/// it finds all of it before it trusts a page (see `Database::open`).
///
/// What the panic would print is in the error. So the hook that prints is asked to be quiet: on this thread
/// alone, and for as long as the work runs.
pub(super) fn guarded<T>(work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    hush_guarded_panics();
    let before = GUARDED.replace(true);
    let done = catch_unwind(AssertUnwindSafe(work));
    GUARDED.set(before);
    done.unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<String>().map(String::as_str);
        let said = said
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .unwrap_or("no message");
        // What `unreachable!` begins with says nothing to a person.
        let said = said
            .trim_start_matches("internal error: entered unreachable code")
            .trim_start_matches(": ");
        let said = if said.is_empty() {
            "a page holds what no page can hold"
        } else {
            said
        };
        Err(StoreError::Corrupt(format!("its pages cannot be read: {said}")))
    })
}

thread_local! {
    /// Whether a panic on this thread becomes an error.
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Puts a hook before the one that is there, once in a process. It passes on every panic but guarded ones.
fn hush_guarded_panics() {
    static HUSHED: Once = Once::new();
    // A thread that is unwinding may not touch the hook; the next one will.
    if !HUSHED.is_completed() && !std::thread::panicking() {
        HUSHED.call_once(|| {
            let printing = panic::take_hook();
            panic::set_hook(Box::new(move |panic| {
                if !GUARDED.get() {
                    printing(panic);
                }
            }));
        });
    }
}

/// Opens the store at `path`, or makes an empty one there.
pub(super) fn open_file(path: &Path, options: &StoreOptions) -> Result<Database, StoreError> {
    let place = path.display().to_string();
    let failed = |source| StoreError::Open {
        path: path.to_path_buf(),
        source,
    };
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => create_file(path, options)?,
        Err(error) => return Err(failed(error)),
        Ok(found) if !found.is_file() => {
            let problem = "not a file".to_owned();
            return Err(StoreError::NotAStore { place, problem });
        }
        Ok(_) => {}
    }
    let db = builder(options).open(path).map_err(|error| named(path, error))?;
    check_schema(&db, &place)?;
    Ok(db)
}

/// Opens the store on a backend, or makes an empty one there.
pub(super) fn open_backend(
    backend: impl StorageBackend,
    options: &StoreOptions,
) -> Result<Database, StoreError> {
    let place = Path::new("storage backend");
    let db = builder(options)
        .create_with_backend(backend)
        .map_err(|error| named(place, error))?;
    initialise(&db, options)?;
    check_schema(&db, "storage backend")?;
    Ok(db)
}

fn builder(options: &StoreOptions) -> Builder {
    let mut builder = Builder::new();
    builder
        .set_cache_size(options.cache_bytes)
        .set_check_integrity_on_open(options.check_on_open);
    builder
}

fn create_file(path: &Path, options: &StoreOptions) -> Result<(), StoreError> {
    let failed = |source| StoreError::Open {
        path: path.to_path_buf(),
        source,
    };
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let unfinished = PathBuf::from(name);
    let mut made = builder(options).create(&unfinished);
    if let Err(DatabaseError::Storage(StorageError::Io(error))) = &made
        && error.kind() == io::ErrorKind::InvalidData
    {
        // Left behind by a process that was stopped while it created a store.
        fs::remove_file(&unfinished).map_err(failed)?;
        made = builder(options).create(&unfinished);
    }
    let db = made.map_err(|error| named(path, error))?;
    initialise(&db, options)?;
    // Whoever holds the lock of the unfinished file may rename it. If another process was faster, its
    // store is at the path by now.
    if path.exists() {
        return Ok(());
    }
    db.close().map_err(|error| named(path, error))?;
    fs::rename(&unfinished, path).map_err(failed)?;
    sync_folder(path).map_err(failed)
}

/// Makes the name of a new file survive a power cut.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    if cfg!(unix) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// Makes the tables where there is nothing at all.
fn initialise(db: &Database, options: &StoreOptions) -> Result<(), StoreError> {
    let read = db.begin_read()?;
    if read.list_tables()?.next().is_some() || read.list_multimap_tables()?.next().is_some() {
        return Ok(());
    }
    drop(read);
    let mut txn = db.begin_write()?;
    txn.set_two_phase_commit(true);
    txn.set_quick_repair(options.quick_repair);
    create_all(&txn)?;
    Ok(txn.commit()?)
}

fn check_schema(db: &Database, place: &str) -> Result<(), StoreError> {
    let not_a_store = |problem: String| StoreError::NotAStore {
        place: place.to_owned(),
        problem,
    };
    let meta = match db.begin_read()?.open_table(META) {
        Ok(meta) => meta,
        Err(TableError::Storage(error)) => return Err(error.into()),
        Err(error) => return Err(not_a_store(format!("a redb file with other tables: {error}"))),
    };
    let row = redb::ReadableTable::get(&meta, META_SCHEMA)?.map(|row| row.value().to_vec());
    let found = row
        .as_deref()
        .and_then(|row| row.try_into().ok())
        .map(u32::from_be_bytes);
    match found {
        Some(SCHEMA) => Ok(()),
        Some(found) => Err(StoreError::Schema {
            place: place.to_owned(),
            found,
            expected: SCHEMA,
        }),
        None => Err(not_a_store("it names no schema".to_owned())),
    }
}

/// Says which file an error of opening is about.
fn named(path: &Path, error: DatabaseError) -> StoreError {
    let place = path.display().to_string();
    match error {
        DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch => StoreError::Locked(place),
        DatabaseError::Storage(StorageError::Io(error)) if error.kind() == io::ErrorKind::InvalidData => {
            StoreError::NotAStore {
                place,
                problem: error.to_string(),
            }
        }
        DatabaseError::Storage(StorageError::Io(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
            StoreError::Corrupt(format!("{place} ends early"))
        }
        DatabaseError::Storage(StorageError::Io(source)) if source.kind() != io::ErrorKind::StorageFull => {
            StoreError::Open {
                path: path.to_path_buf(),
                source,
            }
        }
        error @ DatabaseError::UpgradeRequired(_) => StoreError::NotAStore {
            place,
            problem: error.to_string(),
        },
        error => redb::Error::from(error).into(),
    }
}

/// Which file a path meant when it was opened. A store whose file was removed or replaced would go on
/// committing to blocks of the disk that nobody finds again.
#[derive(Debug)]
pub(super) struct FileIdentity {
    path: PathBuf,
    #[cfg(unix)]
    inode: (u64, u64),
}

impl FileIdentity {
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        #[cfg(unix)]
        let inode = inode(&fs::metadata(path)?);
        Ok(Self {
            path: path.to_path_buf(),
            #[cfg(unix)]
            inode,
        })
    }

    pub(super) fn check(&self) -> Result<(), StoreError> {
        let found = fs::metadata(&self.path);
        #[cfg(unix)]
        let same = found.is_ok_and(|found| inode(&found) == self.inode);
        #[cfg(not(unix))]
        let same = found.is_ok();
        if same {
            Ok(())
        } else {
            Err(StoreError::Vanished(self.path.clone()))
        }
    }
}

#[cfg(unix)]
fn inode(found: &fs::Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;
    (found.dev(), found.ino())
}
