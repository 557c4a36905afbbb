//! Files that are not as they were written, and files that cannot be written.

use super::*;
use std::{process::Command, time::Duration};

/// Puts bytes in the place of a file; asserts that they are refused for a reason, and removed.
fn refused(disk: &Disk, bytes: &[u8], reason: &str) {
    let path = disk.path(&key(1));
    fs::write(&path, bytes).unwrap();
    match load(disk, &key(1)) {
        Err(LoadError::Refused(problem)) => assert!(problem.contains(reason), "{problem}"),
        other => panic!("{other:?}"),
    }
    assert!(!path.exists());
    assert_eq!(load(disk, &key(1)), Ok(None));
}

#[test]
fn flipped_byte() {
    let folder = tempfile::tempdir().unwrap();
    let disk = disk(folder.path());
    store(&disk, &key(1), 3).unwrap();
    assert_eq!(load(&disk, &key(1)), Ok(Some(3)));
    let whole = fs::read(disk.path(&key(1))).unwrap();
    for at in 0..whole.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut changed = whole.clone();
            changed[at] ^= flip;
            refused(&disk, &changed, "its authentication is wrong");
        }
    }
    fs::write(disk.path(&key(1)), &whole).unwrap();
    assert_eq!(load(&disk, &key(1)), Ok(Some(3)));
}

#[test]
fn truncated_or_longer_file() {
    let folder = tempfile::tempdir().unwrap();
    let disk = disk(folder.path());
    store(&disk, &key(1), 3).unwrap();
    let whole = fs::read(disk.path(&key(1))).unwrap();
    for length in 0..whole.len() {
        let reason = if length < 32 {
            "it is too short"
        } else {
            "its authentication is wrong"
        };
        refused(&disk, &whole[..length], reason);
    }
    for more in [1, 32, 5000] {
        let mut longer = whole.clone();
        longer.resize(whole.len() + more, 0);
        refused(&disk, &longer, "its authentication is wrong");
    }
    // A file longer than any may be is not read. This one takes no room on the disk.
    fs::write(disk.path(&key(1)), b"").unwrap();
    File::options()
        .write(true)
        .open(disk.path(&key(1)))
        .unwrap()
        .set_len(1 << 40)
        .unwrap();
    assert!(matches!(load(&disk, &key(1)), Err(LoadError::Refused(_))));
}

#[test]
fn another_kind_of_file() {
    let folder = tempfile::tempdir().unwrap();
    let disk = disk(folder.path());
    let path = disk.path(&key(1));
    fs::create_dir_all(&path).unwrap();
    assert!(matches!(load(&disk, &key(1)), Err(LoadError::Refused(_))));
    // A folder stays, and nothing can be written in its place.
    assert!(
        store(&disk, &key(1), 1)
            .unwrap_err()
            .contains("cannot be written")
    );
    fs::remove_dir(&path).unwrap();
    // Whoever opened a pipe would wait.
    let made = Command::new("mkfifo").arg(&path).status().unwrap();
    assert!(made.success());
    assert!(matches!(load(&disk, &key(1)), Err(LoadError::Refused(_))));
    store(&disk, &key(1), 1).unwrap();
    assert_eq!(load(&disk, &key(1)), Ok(Some(1)));
}

#[test]
fn file_of_another_key() {
    let folder = tempfile::tempdir().unwrap();
    let disk = disk(folder.path());
    store(&disk, &key(2), 2).unwrap();
    let bytes = fs::read(disk.path(&key(2))).unwrap();
    store(&disk, &key(1), 1).unwrap();
    refused(&disk, &bytes, "it is the code of something else");
    assert_eq!(load(&disk, &key(2)), Ok(Some(2)));
    // A contract is not cut in another way under the same key.
    assert!(matches!(
        disk.load(&key(2), REGIONS + 1),
        Err(LoadError::Refused(_))
    ));
}

#[test]
fn authentic_bytes_of_another_form() {
    let folder = tempfile::tempdir().unwrap();
    let disk = disk(folder.path());
    store(&disk, &key(1), 1).unwrap();
    let store = |regions: &[(usize, &[u8])]| {
        let bytes = format::encode(&disk.secret, &key(1), REGIONS, regions).unwrap();
        refused(&disk, &bytes, "");
    };
    // Nothing here writes these, but what reads them does not rely on that.
    store(&[(5, b"a"), (1, b"b")]);
    store(&[(1, b"a"), (1, b"b")]);
    store(&[(REGIONS, b"a")]);
    store(&[(0, &b"a"[..]); REGIONS + 1]);
    assert_eq!(disk.store(&key(1), REGIONS, &[]), Ok(()));
    assert_eq!(disk.load(&key(1), REGIONS).unwrap().unwrap().iter().count(), 0);
}

/// A folder that others could write to while the process runs is the administrator's doing; what is written into a
/// folder that became unwritable is an error of that file alone.
#[test]
fn unwritable_folder() {
    let folder = tempfile::tempdir().unwrap();
    let disk = disk(folder.path());
    store(&disk, &key(1), 1).unwrap();
    let path = disk.path(&key(2));
    let parent = path.parent().unwrap();
    fs::write(parent, "a file where a folder should be").unwrap();
    assert!(
        store(&disk, &key(2), 1)
            .unwrap_err()
            .contains("cannot be written")
    );
    assert!(matches!(load(&disk, &key(2)), Err(LoadError::Unreadable(_))));
    assert_eq!(load(&disk, &key(1)), Ok(Some(1)));
    fs::remove_file(parent).unwrap();
    store(&disk, &key(2), 1).unwrap();
    assert_eq!(load(&disk, &key(2)), Ok(Some(1)));
}

#[test]
fn too_much_for_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let disk = disk(folder.path());
    let code = vec![0; MAX_FILE_BYTES as usize / 4];
    let regions: Vec<_> = (0..4).map(|index| (index, &code[..])).collect();
    let problem = disk.store(&key(1), REGIONS, &regions).unwrap_err();
    assert!(problem.contains("too many for a file"), "{problem}");
    assert_eq!(load(&disk, &key(1)), Ok(None));
}

#[test]
fn more_than_the_bound() {
    let folder = tempfile::tempdir().unwrap();
    // Each file takes a block.
    let disk = Disk::open(folder.path(), 10 * 4096).unwrap();
    let old = |number: u64| SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000 + number);
    for number in 0..16 {
        store(&disk, &key(number), number as u8).unwrap();
        let file = File::options().write(true).open(disk.path(&key(number))).unwrap();
        file.set_modified(old(number)).unwrap();
    }
    // What is used gets younger.
    assert_eq!(load(&disk, &key(2)), Ok(Some(2)));
    let foreign = [
        "notes.txt",
        "00/notes.txt",
        "00/0123.native",
        "young.part",
        "00/young.part",
    ];
    fs::create_dir_all(folder.path().join("00")).unwrap();
    for name in foreign.iter().chain(&["old.part", "00/old.part"]) {
        fs::write(folder.path().join(name), "").unwrap();
        if !name.contains("young") {
            let file = File::options()
                .write(true)
                .open(folder.path().join(name))
                .unwrap();
            file.set_modified(old(0)).unwrap();
        }
    }
    assert!(disk.is_to_be_trimmed());
    disk.trim().unwrap();
    assert!(!disk.is_to_be_trimmed());
    let kept: Vec<_> = (0..16)
        .filter(|number| disk.path(&key(*number)).exists())
        .collect();
    assert_eq!(kept, [2, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
    assert!(foreign.iter().all(|name| folder.path().join(name).exists()));
    assert!(!folder.path().join("old.part").exists() && !folder.path().join("00/old.part").exists());
    assert!(folder.path().join("secret").exists());
    // Nothing more is to be done.
    disk.trim().unwrap();
    assert!(disk.path(&key(2)).exists());
}
