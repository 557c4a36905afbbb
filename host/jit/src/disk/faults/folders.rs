//! Folders and secrets that code of others could come from.

use super::*;
use std::fs::Permissions;

fn error(folder: &Path) -> String {
    Disk::open(folder, PLENTY).unwrap_err().to_string()
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
