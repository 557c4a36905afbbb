//! Compiling before anything runs.

use crate::machine::{contract, jit, rules, run};
use metisvm_jit::{Compiled, JitError, JitMode, JitOptions};
use revm::primitives::B256;

#[test]
fn a_contract_compiled_ahead_is_native_from_its_first_frame() {
    let folder = tempfile::tempdir().unwrap();
    let options = JitOptions {
        folder: Some(folder.path().join("code")),
        ..JitOptions::default()
    };
    let code = contract(1, 4);
    let first = jit(options.clone());
    let compiled = first.compile(code.hash_slow(), &code, &rules()).unwrap();
    assert!(compiled.regions >= 4 && compiled.compiled_regions == compiled.regions);
    assert_eq!(
        (compiled.bytecode_bytes, compiled.declined_regions),
        (code.len(), 0)
    );
    assert!(compiled.code_bytes > 0 && !compiled.compile_time.is_zero());
    let counters = first.counters();
    assert_eq!(counters.code_bytes, compiled.code_bytes as u64);
    assert_eq!((counters.stored_files, counters.compile_on_path_ns), (1, 0));
    let mut native = first.native(rules());
    for block in 0..4 {
        run(&mut native, &code, block);
    }
    assert_eq!(
        (
            first.counters().native_frames,
            first.counters().deoptimised_frames
        ),
        (4, 0)
    );

    // Again, and in another process, there is nothing to do.
    for jit in [first, jit(options)] {
        let again = jit.compile(code.hash_slow(), &code, &rules()).unwrap();
        let expected = Compiled {
            compiled_regions: 0,
            compile_time: again.compile_time,
            ..compiled
        };
        assert_eq!(again, expected);
        assert!(jit.counters().stored_files <= 1);
    }
}

#[test]
fn what_cannot_be_compiled_is_said() {
    let code = contract(1, 1);
    let off = jit(JitOptions {
        mode: JitMode::Off,
        ..JitOptions::default()
    });
    assert_eq!(off.compile(code.hash_slow(), &code, &rules()), Err(JitError::Off));
    let on = jit(JitOptions::default());
    let error = on.compile(B256::ZERO, &code, &rules()).unwrap_err();
    let expected = JitError::CodeHash {
        given: B256::ZERO,
        actual: code.hash_slow(),
    };
    assert_eq!(error, expected);
    assert!(error.to_string().contains(&code.hash_slow().to_string()));
}

#[test]
fn a_file_that_cannot_be_written_is_an_error_of_compiling_ahead() {
    let folder = tempfile::tempdir().unwrap();
    let jit = jit(JitOptions {
        folder: Some(folder.path().to_owned()),
        ..JitOptions::default()
    });
    for first in 0..=255_u8 {
        std::fs::write(folder.path().join(format!("{first:02x}")), "").unwrap();
    }
    let code = contract(1, 1);
    let error = jit.compile(code.hash_slow(), &code, &rules()).unwrap_err();
    assert!(
        matches!(&error, JitError::Folder { problem, .. } if problem.contains("cannot be written")),
        "{error}"
    );
    // It is compiled nevertheless.
    run(&mut jit.native(rules()), &code, 0);
    assert_eq!(jit.counters().native_frames, 1);
}
