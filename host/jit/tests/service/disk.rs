//! Machine code on disk, from process to process. The tests in `src/disk/faults.rs` have what may happen to files.

use crate::machine::{contract, jit, rules, run};
use metisvm_jit::{Counters, Jit, JitError, JitMode, JitOptions};
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

const BLOCKS: u8 = 3;

/// Runs all of a contract with a folder until nothing more is to be compiled.
fn run_all(folder: &Path, mode: JitMode) -> Counters {
    let jit = jit(options(folder, mode));
    let mut native = jit.native(rules());
    for _ in 0..3 {
        for block in 0..BLOCKS {
            run(&mut native, &contract(1, BLOCKS), block);
            jit.settle();
        }
    }
    jit.counters()
}

fn options(folder: &Path, mode: JitMode) -> JitOptions {
    JitOptions {
        mode,
        folder: Some(folder.to_owned()),
        hot: 1,
        hot_region: 1,
        ..JitOptions::default()
    }
}

/// The one file of code in a folder.
fn file(folder: &Path) -> PathBuf {
    let below = |path: &Path| -> Vec<PathBuf> {
        fs::read_dir(path)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect()
    };
    let folders = below(folder).into_iter().filter(|path| path.is_dir());
    let files: Vec<_> = folders.flat_map(|folder| below(&folder)).collect();
    let [file] = &files[..] else { panic!("{files:?}") };
    file.clone()
}

#[test]
fn what_was_compiled_comes_from_disk_in_the_next_process() {
    for mode in [JitMode::On, JitMode::Always] {
        let folder = tempfile::tempdir().unwrap();
        let cold = run_all(folder.path(), mode);
        assert!(
            cold.compiled_regions >= u64::from(BLOCKS) && cold.stored_files > 0,
            "{cold:?}"
        );
        let warm = run_all(folder.path(), mode);
        assert_eq!(
            (warm.compiled_regions, warm.loaded_regions),
            (0, cold.compiled_regions)
        );
        assert_eq!(
            (warm.code_bytes, warm.bytecode_bytes),
            (cold.code_bytes, cold.bytecode_bytes)
        );
        assert_eq!(
            (warm.missing_regions, warm.stored_files, warm.disk_errors),
            (0, 0, 0)
        );
        assert_eq!(cold.missing_regions > 0, mode == JitMode::On);
    }
}

#[test]
fn a_changed_byte_is_refused_and_compiled_anew() {
    let folder = tempfile::tempdir().unwrap();
    let cold = run_all(folder.path(), JitMode::On);
    let file = file(folder.path());
    let whole = fs::read(&file).unwrap();
    // One byte each of the head, of machine code, and of the authentication.
    for at in [20, whole.len() / 2, whole.len() - 1] {
        let mut changed = whole.clone();
        changed[at] ^= 0x10;
        fs::write(&file, &changed).unwrap();
        let again = run_all(folder.path(), JitMode::On);
        assert_eq!((again.refused_files, again.loaded_regions), (1, 0));
        assert_eq!(again.compiled_regions, cold.compiled_regions);
        // The same code is made of the same bytecode.
        assert!(fs::read(&file).unwrap() == whole);
    }
}

#[test]
fn what_is_not_on_disk_when_the_compiler_goes_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let jit = jit(options(folder.path(), JitMode::Always));
    run(&mut jit.native(rules()), &contract(1, BLOCKS), 0);
    assert_eq!(jit.counters().stored_files, 0);
    drop(jit);
    assert!(file(folder.path()).exists());
}

#[test]
fn a_folder_that_others_may_write_to_is_an_error_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let error = Jit::new(options(folder.path(), JitMode::On)).unwrap_err();
    assert!(matches!(error, JitError::Folder { .. }));
    let text = error.to_string();
    assert!(
        text.contains(folder.path().to_str().unwrap()) && text.contains("chmod go-w"),
        "{text}"
    );
}
