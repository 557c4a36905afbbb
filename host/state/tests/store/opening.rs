//! Opening what is, and what is not, a store.

use super::chain::{FIRST, Model};
use alloy_primitives::B256;
use metisvm_state::store::{Depth, RedbStore, SCHEMA, Store, StoreError, StoreOptions};
use redb::{Database, ReadableTable, StorageBackend, TableDefinition, backends::InMemoryBackend};
use std::{
    fs, io,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");

fn open(place: &Path) -> Result<RedbStore, StoreError> {
    RedbStore::open(place, StoreOptions::default())
}

/// A store of three blocks at `place`, closed.
fn made(place: &Path) -> Model {
    let mut model = Model::new(40);
    model.fingerprint_at(FIRST + 2);
    let store = open(place).unwrap();
    store.genesis(&model.block(FIRST).as_commit(), &[]).unwrap();
    for number in 1..=2 {
        store.commit(&model.block(FIRST + number).as_commit()).unwrap();
    }
    store.close().unwrap();
    model
}

/// The text of the error, which names the file.
fn refusal(place: &Path) -> String {
    let text = open(place).unwrap_err().to_string();
    assert!(text.contains(&place.display().to_string()), "{text}");
    text
}

#[test]
fn store_is_created_and_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("store");
    let model = made(&place);
    let store = open(&place).unwrap();
    store.verify(Depth::Everything).unwrap();
    model.assert_same(&store);
    let names = fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(names, 1, "nothing else is left in the folder");
}

#[test]
fn rules_are_kept_with_the_chain_and_stay_once_it_has_begun() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("store");
    let (first, second) = (B256::repeat_byte(1), B256::repeat_byte(2));
    let store = open(&place).unwrap();
    assert_eq!(store.rules().unwrap(), None);
    store.set_rules(first).unwrap();
    // What was begun and not finished is begun anew.
    store.set_rules(second).unwrap();
    let model = Model::new(40);
    store.genesis(&model.block(FIRST).as_commit(), &[]).unwrap();
    let error = store.set_rules(first).unwrap_err();
    assert!(matches!(error, StoreError::NotEmpty(_)), "{error}");
    store.close().unwrap();
    assert_eq!(open(&place).unwrap().rules().unwrap(), Some(second));
}

#[test]
fn creation_that_was_interrupted_is_begun_again() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("store");
    for left_behind in [vec![], vec![0; 3], vec![0; 80_000]] {
        fs::write(folder.path().join("store.new"), left_behind).unwrap();
        assert_eq!(open(&place).unwrap().head().unwrap(), None);
        fs::remove_file(&place).unwrap();
    }
    // One that was whole but not yet renamed.
    drop(open(&place).unwrap());
    fs::rename(&place, folder.path().join("store.new")).unwrap();
    assert_eq!(open(&place).unwrap().head().unwrap(), None);
}

#[test]
fn other_files_and_folders_are_refused_and_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("file");
    for content in [&b""[..], b"hello", &[0; 100_000], &[0xff; 100_000]] {
        fs::write(&place, content).unwrap();
        assert!(refusal(&place).contains("is not a MetisVM store"));
        assert_eq!(fs::read(&place).unwrap(), content);
    }
    assert!(refusal(folder.path()).contains("not a file"));
    let foreign = folder.path().join("foreign");
    let db = Database::create(&foreign).unwrap();
    let txn = db.begin_write().unwrap();
    txn.open_table(TableDefinition::<u64, u64>::new("meta"))
        .unwrap()
        .insert(1, 1)
        .unwrap();
    txn.commit().unwrap();
    drop(db);
    assert!(refusal(&foreign).contains("is not a MetisVM store"));
    let db = Database::open(&foreign).unwrap();
    let txn = db.begin_write().unwrap();
    assert_eq!(txn.list_tables().unwrap().count(), 1);
    let meta = txn.open_table(TableDefinition::<u64, u64>::new("meta")).unwrap();
    assert_eq!(meta.get(1).unwrap().unwrap().value(), 1);
}

#[test]
fn store_of_another_schema_is_refused_with_both_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("store");
    made(&place);
    let db = Database::open(&place).unwrap();
    let txn = db.begin_write().unwrap();
    txn.open_table(META)
        .unwrap()
        .insert("schema", (SCHEMA + 1).to_be_bytes().as_slice())
        .unwrap();
    txn.commit().unwrap();
    drop(db);
    let text = refusal(&place);
    assert!(text.contains("schema 3, this version reads schema 2"), "{text}");
}

#[test]
fn rows_that_contradict_each_other_are_found_when_the_store_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("store");
    made(&place);
    let db = Database::open(&place).unwrap();
    let txn = db.begin_write().unwrap();
    let mut head = txn
        .open_table(META)
        .unwrap()
        .get("head")
        .unwrap()
        .unwrap()
        .value()
        .to_vec();
    head[7] -= 1;
    txn.open_table(META)
        .unwrap()
        .insert("head", head.as_slice())
        .unwrap();
    txn.commit().unwrap();
    drop(db);
    let error = open(&place).unwrap_err();
    assert!(matches!(error, StoreError::Corrupt(_)), "{error}");
}

#[test]
fn one_opener_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("store");
    let store = open(&place).unwrap();
    assert!(matches!(open(&place), Err(StoreError::Locked(_))));
    assert!(refusal(&place).contains("is open in another process"));
    drop(store);
    open(&place).unwrap();
}

#[test]
fn folder_that_is_missing_or_takes_no_files_is_named() {
    let folder = tempfile::tempdir().unwrap();
    assert!(refusal(&folder.path().join("missing/store")).contains("cannot be opened"));
    let file = folder.path().join("file");
    fs::write(&file, b"").unwrap();
    assert!(refusal(&file.join("store")).contains("cannot be opened"));
    // Takes no files, not even from root.
    if cfg!(target_os = "linux") {
        assert!(refusal(Path::new("/proc/store")).contains("cannot be opened"));
    }
}

#[test]
fn store_that_was_removed_or_replaced_takes_no_more_blocks() {
    let mut model = Model::new(41);
    model.fingerprint_at(FIRST + 1);
    for replaced in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("store");
        let store = open(&place).unwrap();
        store.genesis(&model.block(FIRST).as_commit(), &[]).unwrap();
        // Kept under another name, so that its inode is not given to the copy.
        fs::rename(&place, folder.path().join("aside")).unwrap();
        if replaced {
            fs::copy(folder.path().join("aside"), &place).unwrap();
        }
        let error = store.commit(&model.block(FIRST + 1).as_commit()).unwrap_err();
        assert!(matches!(error, StoreError::Vanished(_)), "{error}");
        assert_eq!(store.head().unwrap().unwrap().number, FIRST);
    }
}

#[test]
fn cut_off_file_is_an_error_and_not_a_panic() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("store");
    made(&place);
    let whole = fs::read(&place).unwrap();
    for length in [1, 8, 9, 320, 4095, 4096, 10_000, whole.len() / 2, whole.len() - 1] {
        fs::write(&place, &whole[..length]).unwrap();
        let found = RedbStore::open(
            &place,
            StoreOptions {
                check_on_open: true,
                ..StoreOptions::default()
            },
        );
        // Where only pages without content are missing, nothing is lost.
        if let Ok(store) = found {
            store.verify(Depth::Everything).unwrap();
            assert_eq!(store.head().unwrap().unwrap().number, FIRST + 2);
        }
    }
}

/// Memory that panics once it is broken, as redb does over damaged pages.
#[derive(Debug)]
struct Fragile {
    memory: InMemoryBackend,
    broken: Arc<AtomicBool>,
}

impl Fragile {
    fn whole(&self) -> &InMemoryBackend {
        assert!(!self.broken.load(Ordering::SeqCst), "a damaged page");
        &self.memory
    }
}

impl StorageBackend for Fragile {
    fn len(&self) -> io::Result<u64> {
        self.whole().len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.whole().read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.whole().set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.whole().sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.whole().write(offset, data)
    }
}

#[test]
fn damage_that_redb_finds_only_when_it_closes_is_no_panic() {
    for closed in [true, false] {
        let broken = Arc::default();
        let disk = Fragile {
            memory: InMemoryBackend::new(),
            broken: Arc::clone(&broken),
        };
        let store = RedbStore::on_backend(disk, StoreOptions::default()).unwrap();
        broken.store(true, Ordering::SeqCst);
        if closed {
            let error = store.close().unwrap_err();
            assert!(error.to_string().contains("a damaged page"), "{error}");
        } else {
            drop(store);
        }
    }
}
