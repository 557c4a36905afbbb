//! What may happen to files, and to a process that writes them.

use super::*;
use revm::primitives::keccak256;
use std::{
    fs::Permissions,
    io::{BufRead, BufReader},
    process::{Command, Stdio},
    thread,
    time::Duration,
};

/// A bound that nothing here reaches.
const PLENTY: u64 = 1 << 30;

const REGIONS: usize = 7;

fn disk(folder: &Path) -> Disk {
    Disk::open(folder, PLENTY).unwrap()
}

fn key(number: u64) -> B256 {
    keccak256(number.to_le_bytes())
}

/// Stores two regions, whose code says in which round it was written.
fn store(disk: &Disk, key: &B256, round: u8) -> Result<(), String> {
    let (first, second) = (vec![round; 40], vec![round; 60 + usize::from(round)]);
    disk.store(key, REGIONS, &[(1, &first), (5, &second)])
}

/// The round that what is kept was written in; `None` if nothing is.
fn load(disk: &Disk, key: &B256) -> Result<Option<u8>, LoadError> {
    let regions = disk.load(key, REGIONS)?;
    Ok(regions.map(|regions| {
        let regions: Vec<_> = regions.iter().collect();
        let [(1, first), (5, second)] = regions[..] else {
            panic!("{regions:?}")
        };
        let round = first[0];
        assert_eq!(first, vec![round; 40]);
        assert_eq!(second, vec![round; 60 + usize::from(round)]);
        round
    }))
}

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

fn error(folder: &Path) -> String {
    Disk::open(folder, PLENTY).unwrap_err().to_string()
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

#[test]
fn secret_of_another_folder() {
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let first = disk(folder.path());
    store(&first, &key(1), 1).unwrap();
    // The same folder has the same secret, from start to start.
    assert_eq!(load(&disk(folder.path()), &key(1)), Ok(Some(1)));
    disk(other.path());
    fs::copy(other.path().join("secret"), folder.path().join("secret")).unwrap();
    match load(&disk(folder.path()), &key(1)) {
        Err(LoadError::Refused(problem)) => assert!(problem.contains("its authentication is wrong")),
        other => panic!("{other:?}"),
    }
    fs::remove_file(folder.path().join("secret")).unwrap();
    store(&first, &key(1), 1).unwrap();
    assert!(matches!(
        load(&disk(folder.path()), &key(1)),
        Err(LoadError::Refused(_))
    ));
}

#[test]
fn torn_secret() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    for length in [0, 1, 31, 33, 5000] {
        let first = disk(folder.path());
        store(&first, &key(1), 1).unwrap();
        let before = fs::read(&secret).unwrap();
        assert_eq!(before.len(), 32);
        let mut torn = before.clone();
        torn.resize(length, 0);
        fs::write(&secret, &torn).unwrap();
        // A new one is drawn; no part of the old one comes back, and what it authenticated is refused.
        let second = disk(folder.path());
        let after = fs::read(&secret).unwrap();
        assert!(after.len() == 32 && after != before);
        assert!(matches!(load(&second, &key(1)), Err(LoadError::Refused(_))));
        let mode = fs::metadata(&secret).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600);
    }
    assert_eq!(leftovers(folder.path()), 0);
}

#[test]
fn folder_or_secret_that_others_may_touch() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("deep").join("code");
    disk(&folder);
    assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
    for mode in [0o640, 0o604, 0o620, 0o666] {
        fs::set_permissions(folder.join("secret"), Permissions::from_mode(mode)).unwrap();
        let error = error(&folder);
        assert!(
            error.contains("open to others") && error.contains("chmod 600"),
            "{error}"
        );
    }
    fs::set_permissions(folder.join("secret"), Permissions::from_mode(0o600)).unwrap();
    for mode in [0o770, 0o707] {
        fs::set_permissions(&folder, Permissions::from_mode(mode)).unwrap();
        let error = error(&folder);
        assert!(
            error.contains("could forge code") && error.contains("chmod go-w"),
            "{error}"
        );
    }
    // Others may see what there is.
    fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
    disk(&folder);
}

#[test]
fn folder_that_is_none() {
    let parent = tempfile::tempdir().unwrap();
    let file = parent.path().join("file");
    fs::write(&file, "").unwrap();
    for path in [file.clone(), file.join("below")] {
        let error = error(&path);
        assert!(
            error.contains("cannot be made") && error.contains("file"),
            "{error}"
        );
    }
    // No secret can be where a folder is.
    let folder = parent.path().join("code");
    fs::create_dir_all(folder.join("secret")).unwrap();
    assert!(error(&folder).contains("no regular file"));
}

#[test]
fn folder_of_somebody_else() {
    let folder = tempfile::tempdir().unwrap();
    if !rustix::process::geteuid().is_root() {
        // The folder of the superuser is somebody else's then.
        assert!(
            Disk::open(Path::new("/"), PLENTY)
                .unwrap_err()
                .to_string()
                .contains("belongs to user 0")
        );
        return;
    }
    std::os::unix::fs::chown(folder.path(), Some(12345), None).unwrap();
    assert!(error(folder.path()).contains("belongs to user 12345"));
    std::os::unix::fs::chown(folder.path(), Some(0), None).unwrap();
    disk(folder.path());
    std::os::unix::fs::chown(folder.path().join("secret"), Some(12345), None).unwrap();
    assert!(error(folder.path()).contains("its secret belongs to user 12345"));
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

/// Files without a lasting name.
fn leftovers(folder: &Path) -> usize {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| match path.is_dir() {
            true => leftovers(&path),
            false => usize::from(path.extension().is_some_and(|ending| ending == "part")),
        })
        .sum()
}

/// A process that opens a folder and writes to it without end is killed 50 times, at moments from before it has opened
/// it until amid its files. Whatever is there after that is as it was written.
#[test]
fn killed_while_it_writes() {
    const FOLDER: &str = "METISVM_TEST_WRITES_UNTIL_KILLED";
    const KEYS: u64 = 4;
    if let Some(folder) = std::env::var_os(FOLDER) {
        // This is the process that is killed; its parent stops listening if it fails.
        println!("\nready");
        let disk = disk(Path::new(&folder));
        for round in (0..=255).cycle() {
            store(&disk, &key(u64::from(round) % KEYS), round).unwrap();
            assert!(load(&disk, &key(u64::from(round) % KEYS)).unwrap().is_some());
        }
    }
    let parent = tempfile::tempdir().unwrap();
    let (mut loaded, mut absent) = (0, 0);
    for round in 0..50_u64 {
        // Half of the folders are new, so that the making of secrets is interrupted as well.
        let folder = parent.path().join((round / 2).to_string());
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "disk::faults::killed_while_it_writes", "--nocapture"])
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
        store(&disk, &key(9), 1).unwrap();
    }
    assert!(
        loaded > 20 && absent > 0,
        "{loaded} files were there, and {absent} were not yet"
    );
}
