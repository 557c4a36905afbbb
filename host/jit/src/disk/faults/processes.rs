//! Processes that share a folder, and processes that are killed.

use super::*;
use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
    thread,
    time::Duration,
};

/// Whether a key has a file.
fn has_file(folder: &Path) -> bool {
    let mut folders = fs::read_dir(folder).into_iter().flatten().flatten();
    folders.any(|entry| {
        let mut files = fs::read_dir(entry.path()).into_iter().flatten().flatten();
        files.any(|file| file.path().extension().is_some_and(|ending| ending == "native"))
    })
}

#[test]
fn several_that_write_the_same_file() {
    let folder = tempfile::tempdir().unwrap();
    let disks: Vec<_> = (0..3).map(|_| disk(folder.path())).collect();
    thread::scope(|scope| {
        for disk in &disks {
            scope.spawn(move || {
                for round in 0..40 {
                    store(disk, &key(1), round).unwrap();
                    assert!(load(disk, &key(1)).unwrap().is_some());
                }
            });
        }
    });
    assert_eq!(leftovers(folder.path()), 0);
}

#[test]
fn several_that_make_the_same_folder() {
    for _ in 0..20 {
        let parent = tempfile::tempdir().unwrap();
        let folder = &parent.path().join("code");
        let secrets: Vec<_> = thread::scope(|scope| {
            let opened: Vec<_> = (0..4)
                .map(|_| scope.spawn(move || *disk(folder).secret.bytes()))
                .collect();
            opened.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(secrets.iter().all(|secret| *secret == secrets[0]));
    }
}

/// A process that opens a folder and writes to it without end is killed 50 times, at moments from before it has opened
/// it until amid its files. Whatever is there after that is as it was written.
#[test]
fn killed_while_it_writes() {
    const FOLDER: &str = "METISVM_TEST_WRITES_UNTIL_KILLED";
    const KEYS: u64 = 4;
    // So long that to write it takes a while.
    const BYTES: usize = 1 << 20;
    if let Some(folder) = std::env::var_os(FOLDER) {
        // This is the process that is killed; its parent stops listening if it fails.
        println!("\nready");
        let disk = disk(Path::new(&folder));
        for round in (0..=255).cycle() {
            store_bytes(&disk, &key(u64::from(round) % KEYS), round, BYTES).unwrap();
            assert!(load(&disk, &key(u64::from(round) % KEYS)).unwrap().is_some());
        }
    }
    let parent = tempfile::tempdir().unwrap();
    let (mut loaded, mut absent) = (0, 0);
    for round in 0..50_u64 {
        // Half of the folders are new, so that the making of secrets is interrupted as well.
        let folder = parent.path().join((round / 2).to_string());
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "disk::faults::processes::killed_while_it_writes",
                "--nocapture",
            ])
            .env(FOLDER, &folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(
            lines.map_while(Result::ok).any(|line| line == "ready"),
            "the process ended by itself"
        );
        // Every other one has written something, however slow the disk is.
        let is_to_write = round % 2 == 1;
        while is_to_write && !has_file(&folder) {
            assert_eq!(child.try_wait().unwrap(), None, "the process ended by itself");
            thread::sleep(Duration::from_millis(1));
        }
        thread::sleep(Duration::from_micros(round * 997 % 12_000));
        assert_eq!(child.try_wait().unwrap(), None, "the process ended by itself");
        child.kill().unwrap();
        child.wait().unwrap();
        let disk = disk(&folder);
        for number in 0..KEYS {
            match load(&disk, &key(number)) {
                Ok(Some(round)) => {
                    assert_eq!(u64::from(round) % KEYS, number);
                    loaded += 1;
                }
                Ok(None) => absent += 1,
                Err(error) => panic!("{error:?}"),
            }
        }
        if is_to_write {
            store(&disk, &key(9), 1).unwrap();
        }
    }
    assert!(
        loaded > 20 && absent > 0,
        "{loaded} files were there, and {absent} were not yet"
    );
}
