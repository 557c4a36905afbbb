//! Verifying keys for `metisvm run`. What a block with proofs comes to is in `tests/tests/private_credit`.

mod support;

use support::{run, stderr};
use tempfile::tempdir;

#[test]
fn what_is_no_key_is_said_before_a_block_is_executed() {
    let folder = tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
    file("garbage.key", b"no key");
    file("long.key", &[0; 20_000]);
    file(
        "newer.key",
        &[&b"METISKEY"[..], &[9, 0, 0, 0], &[0; 600]].concat(),
    );
    std::fs::create_dir(folder.path().join("empty")).unwrap();
    for (path, wanted) in [
        ("garbage.key", "malformed at byte 0"),
        ("long.key", "more than 16384 bytes"),
        ("newer.key", "version 9 of the form; this build knows version 1"),
        ("empty", "holds no keys (*.key)"),
        ("absent.key", "No such file"),
        // The folder with the others: the first that is wrong is named.
        (".", "garbage.key"),
    ] {
        let output = run(folder.path(), &["run", "--keys", path]);
        assert_eq!(output.status.code(), Some(1), "{path}");
        assert!(output.stdout.is_empty(), "{path}");
        assert!(stderr(&output).contains(wanted), "{path}: {}", stderr(&output));
    }
}
