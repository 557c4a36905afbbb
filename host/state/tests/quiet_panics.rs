//! A panic within redb is an error of the store and of nothing else: it is not printed. In a process of its own,
//! because the hook that prints belongs to the whole process.

#![allow(clippy::unwrap_used)] // in the helpers, too, a panic is how a test fails

use metisvm_state::store::{RedbStore, StorageBackend, StoreError, StoreOptions};
use std::{
    io, panic,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

#[derive(Debug)]
struct Panicking;

impl StorageBackend for Panicking {
    fn len(&self) -> io::Result<u64> {
        panic!("the disk is a lie")
    }

    fn read(&self, _: u64, _: &mut [u8]) -> io::Result<()> {
        unreachable!()
    }

    fn set_len(&self, _: u64) -> io::Result<()> {
        unreachable!()
    }

    fn sync_data(&self) -> io::Result<()> {
        unreachable!()
    }

    fn write(&self, _: u64, _: &[u8]) -> io::Result<()> {
        unreachable!()
    }
}

#[test]
fn a_panic_that_becomes_an_error_is_not_printed_and_all_others_are() {
    let printed = Arc::new(AtomicUsize::new(0));
    let count = printed.clone();
    panic::set_hook(Box::new(move |_| {
        count.fetch_add(1, Ordering::SeqCst);
    }));
    for _ in 0..2 {
        let error = RedbStore::on_backend(Panicking, StoreOptions::default()).unwrap_err();
        assert!(
            matches!(&error, StoreError::Corrupt(text) if text.contains("the disk is a lie")),
            "{error}"
        );
    }
    assert_eq!(printed.load(Ordering::SeqCst), 0);
    std::thread::spawn(|| panic!("of a thread")).join().unwrap_err();
    panic::catch_unwind(|| panic!("after a guarded one")).unwrap_err();
    assert_eq!(printed.load(Ordering::SeqCst), 2);
}
