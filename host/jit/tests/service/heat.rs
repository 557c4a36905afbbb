//! When something is compiled.

use crate::machine::{contract, jit, rules, run, run_without_hash};
use metisvm_jit::{Counters, JitMode, JitOptions};

#[test]
fn a_contract_is_native_once_it_is_hot_and_a_region_once_it_was_reached() {
    let jit = jit(JitOptions {
        hot: 3,
        hot_region: 1,
        ..JitOptions::default()
    });
    let code = contract(1, 4);
    let mut native = jit.native(rules());
    for _ in 0..3 {
        assert_eq!(jit.counters().compiled_regions, 0);
        run(&mut native, &code, 2);
    }
    jit.settle();
    let hot = jit.counters();
    assert_eq!((hot.interpreted_frames, hot.native_frames), (3, 0));
    assert_eq!(
        (hot.contracts, hot.compiled_regions, hot.compile_on_path_ns),
        (1, 1, 0)
    );
    assert!(hot.code_bytes > 0 && hot.bytecode_bytes > 0 && hot.compile_ns > 0);

    // The third block is in another region, which is missing now.
    run(&mut native, &code, 2);
    let left = jit.counters();
    assert_eq!(
        (left.native_frames, left.deoptimised_frames, left.missing_regions),
        (1, 1, 1)
    );
    jit.settle();
    assert_eq!(jit.counters().compiled_regions, 2);
    for _ in 0..5 {
        run(&mut native, &code, 2);
    }
    let stayed = jit.counters();
    assert_eq!(
        (
            stayed.native_frames,
            stayed.missing_regions,
            stayed.interpreted_frames
        ),
        (6, 1, 3)
    );
    jit.settle();
    assert_eq!(jit.counters().compiled_regions, 2);

    // Another EVM has it at once, and frames of those that are gone stay counted.
    drop(native);
    run(&mut jit.native(rules()), &code, 2);
    assert_eq!(jit.counters().native_frames, 7);
    // Other rules are another contract.
    run(&mut jit.native(rules().with_tag(code.hash_slow())), &code, 2);
    assert_eq!(jit.counters().interpreted_frames, 4);
    assert_eq!(jit.last_problem(), None);
}

#[test]
fn always_compiles_on_the_path_before_anything_is_interpreted() {
    let jit = jit(JitOptions {
        mode: JitMode::Always,
        ..JitOptions::default()
    });
    let code = contract(1, 4);
    let mut native = jit.native(rules());
    for block in 0..4 {
        run(&mut native, &code, block);
    }
    let counters = jit.counters();
    assert_eq!(
        (
            counters.native_frames,
            counters.interpreted_frames,
            counters.deoptimised_frames
        ),
        (4, 0, 0)
    );
    assert!(counters.compiled_regions >= 4);
    assert_eq!(counters.compile_ns, counters.compile_on_path_ns);
    assert!(counters.compile_ns > 0);
}

#[test]
fn off_does_nothing_at_all() {
    let jit = jit(JitOptions {
        mode: JitMode::Off,
        // It is not even looked at.
        folder: Some("/dev/null/nothing".into()),
        ..JitOptions::default()
    });
    let mut native = jit.native(rules());
    for _ in 0..20 {
        run(&mut native, &contract(1, 1), 0);
    }
    jit.settle();
    assert_eq!(jit.counters(), Counters::default());
}

#[test]
fn code_that_creates_a_contract_is_interpreted() {
    for mode in [JitMode::On, JitMode::Always] {
        let jit = jit(JitOptions {
            mode,
            hot: 1,
            hot_region: 1,
            ..JitOptions::default()
        });
        let mut native = jit.native(rules());
        for _ in 0..5 {
            run_without_hash(&mut native, &contract(1, 1), 0);
        }
        jit.settle();
        let expected = Counters {
            interpreted_frames: 5,
            ..Counters::default()
        };
        assert_eq!(jit.counters(), expected);
    }
}
