use super::*;
use crate::testing::{
    COMPILES, DECLINES, FAILS_TO_INSTALL, FakeBuilder, FakeGenerator, PANICS, builder, bytecode, code_of,
    contract, nth_bytecode,
};
use std::{fs, path::PathBuf, sync::Weak};

/// A bound that nothing here reaches.
const PLENTY: usize = 1 << 30;

fn generator(code_bytes: usize) -> FakeGenerator {
    FakeGenerator {
        code_bytes,
        ..FakeGenerator::default()
    }
}

/// Has all regions of a bytecode compiled, and says what came of each.
fn build(builder: &FakeBuilder, bytecode: &Bytecode) -> Option<Vec<Built>> {
    let contract = contract(builder, bytecode);
    let ready = builder.prepare(&contract, bytecode, Caller::Aside)?;
    let regions = 0..ready.regions();
    Some(
        regions
            .map(|region| builder.region(&contract, ready, region, Caller::Aside))
            .collect(),
    )
}

fn counters(builder: &FakeBuilder) -> Counters {
    let mut counters = Counters::default();
    builder.add_to(&mut counters);
    counters
}

fn save(builder: &FakeBuilder, bytecode: &Bytecode) {
    builder.save(&contract(builder, bytecode)).unwrap();
}

/// The files of code in a folder.
fn files(folder: &std::path::Path) -> Vec<PathBuf> {
    let folders = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir());
    folders
        .flat_map(|folder| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()))
        .collect()
}

#[test]
fn a_region_is_compiled_once_however_many_threads_ask() {
    let generator = generator(10);
    let calls = generator.calls.clone();
    let builder = builder(generator, PLENTY, None);
    let code = nth_bytecode(0, 50);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| build(&builder, &code).unwrap());
        }
    });
    assert_eq!(calls.load(Relaxed), 50);
    let expected = Counters {
        contracts: 1,
        compiled_regions: 50,
        bytecode_bytes: 50,
        code_bytes: 500,
        compile_ns: counters(&builder).compile_ns,
        ..Counters::default()
    };
    assert_eq!(counters(&builder), expected);
}

#[test]
fn a_compiler_that_panics_or_declines_leaves_a_region_interpreted() {
    let builder = builder(generator(10), PLENTY, None);
    let code = bytecode(9, &[COMPILES, DECLINES, PANICS, FAILS_TO_INSTALL, COMPILES]);
    let (compiled, declined) = (Built::Compiled, Built::Declined);
    let expected = Some(vec![compiled, declined, declined, declined, compiled]);
    assert_eq!(build(&builder, &code), expected);
    let present = Built::Present;
    let again = Some(vec![present, declined, declined, declined, present]);
    assert_eq!(build(&builder, &code), again);
    let counters = counters(&builder);
    assert_eq!(
        (counters.compiled_regions, counters.declined, counters.code_bytes),
        (2, 3, 20)
    );
    let problem = builder.last_problem().unwrap();
    assert!(problem.contains("no memory for machine code"), "{problem}");
    let contract = contract(&builder, &code);
    let ready = contract.prepared().unwrap().unwrap();
    assert!(!ready.is_wanted(2, 0, 1) && !ready.is_wanted(99, 0, 1));
    assert_eq!(
        builder.region(&contract, ready, 99, Caller::Aside),
        Built::Declined
    );
}

#[test]
fn a_contract_whose_analysis_declines_panics_or_has_another_hash_is_declined() {
    let builder = builder(generator(10), PLENTY, None);
    for whole in [DECLINES, PANICS] {
        assert_eq!(build(&builder, &bytecode(whole, &[COMPILES])), None);
    }
    assert!(builder.last_problem().unwrap().contains("panicked"));
    let (named, given) = (nth_bytecode(0, 1), nth_bytecode(1, 1));
    let contract = contract(&builder, &named);
    assert!(builder.prepare(&contract, &given, Caller::Aside).is_none());
    assert!(contract.prepared().unwrap().is_none());
    assert_eq!(counters(&builder).declined, 3);
}

#[test]
fn time_on_the_path_is_counted_apart() {
    let builder = builder(generator(1 << 20), PLENTY, None);
    let code = nth_bytecode(0, 2);
    let contract = contract(&builder, &code);
    let ready = builder.prepare(&contract, &code, Caller::Aside).unwrap();
    builder.region(&contract, ready, 0, Caller::Aside);
    let aside = counters(&builder);
    assert!(aside.compile_ns > 0 && aside.compile_on_path_ns == 0);
    builder.region(&contract, ready, 1, Caller::Path);
    let both = counters(&builder);
    assert_eq!(both.compile_ns - aside.compile_ns, both.compile_on_path_ns);
    assert!(both.compile_on_path_ns > 0);
}

#[test]
fn memory_stays_within_the_bound_and_what_was_dropped_is_freed() {
    // Of three regions, with four pages each, no more than three contracts fit.
    const BOUND: usize = 40 * PAGE_BYTES;
    let builder = builder(generator(4 * PAGE_BYTES), BOUND, None);
    let mut dropped: Vec<Weak<_>> = Vec::new();
    for number in 0..30 {
        let code = nth_bytecode(number, 3);
        assert_eq!(build(&builder, &code), Some(vec![Built::Compiled; 3]));
        dropped.push(Arc::downgrade(&contract(&builder, &code)));
        let live = dropped
            .iter()
            .filter(|contract| contract.strong_count() > 0)
            .count();
        assert!(live <= 3, "{live} contracts are in memory");
        let counters = counters(&builder);
        assert_eq!(counters.contracts, live as u64);
        assert!(counters.code_bytes as usize <= BOUND);
    }
    assert_eq!(counters(&builder).evicted_contracts, 27);
}

#[test]
fn what_a_frame_runs_stays_when_its_contract_is_dropped() {
    let builder = builder(generator(4 * PAGE_BYTES), 10 * PAGE_BYTES, None);
    let code = nth_bytecode(0, 3);
    let running = contract(&builder, &code);
    let ready = builder.prepare(&running, &code, Caller::Aside).unwrap();
    assert_eq!(builder.region(&running, ready, 0, Caller::Aside), Built::Compiled);
    build(&builder, &nth_bytecode(1, 2)).unwrap();
    assert!(running.is_evicted());
    assert_eq!(ready.code.code(0), Some(&code_of(0, 4 * PAGE_BYTES)[..]));
    // Nothing comes to it any more.
    assert_eq!(builder.region(&running, ready, 1, Caller::Aside), Built::Evicted);
    assert!(!ready.is_declined(1));
}

#[test]
fn a_contract_larger_than_the_bound_is_compiled_in_part() {
    let builder = builder(generator(4 * PAGE_BYTES), 10 * PAGE_BYTES, None);
    let (compiled, declined) = (Built::Compiled, Built::Declined);
    let expected = Some(vec![compiled, compiled, declined, declined]);
    assert_eq!(build(&builder, &nth_bytecode(0, 4)), expected);
    assert_eq!(counters(&builder).evicted_contracts, 0);
    // A bound without room for anything is one as well.
    let builder = crate::testing::builder(generator(1), 0, None);
    assert_eq!(build(&builder, &nth_bytecode(0, 1)), None);
}

#[test]
fn code_comes_back_from_disk_for_the_same_compiler_and_rules_alone() {
    let folder = tempfile::tempdir().unwrap();
    let code = bytecode(9, &[COMPILES, DECLINES, COMPILES]);
    let first = builder(generator(100), PLENTY, Some(folder.path()));
    build(&first, &code).unwrap();
    save(&first, &code);
    assert_eq!(counters(&first).stored_files, 1);

    let second = builder(generator(100), PLENTY, Some(folder.path()));
    let (present, declined) = (Built::Present, Built::Declined);
    assert_eq!(build(&second, &code), Some(vec![present, declined, present]));
    let loaded = contract(&second, &code);
    let loaded = loaded.prepared().unwrap().unwrap();
    assert_eq!(loaded.code.code(2), Some(&code_of(2, 100)[..]));
    let figures = counters(&second);
    assert_eq!((figures.loaded_regions, figures.compiled_regions), (2, 0));
    assert_eq!(
        (figures.contracts, figures.code_bytes, figures.bytecode_bytes),
        (1, 200, 2)
    );

    let other_compiler = FakeGenerator {
        fingerprint: B256::repeat_byte(1),
        ..generator(100)
    };
    let third = builder(other_compiler, PLENTY, Some(folder.path()));
    build(&third, &code).unwrap();
    let other_rules = crate::testing::rules().with_tag(B256::repeat_byte(1));
    let fourth = builder(generator(100), PLENTY, Some(folder.path()));
    let domain = fourth.cache.domain(&other_rules);
    let under_others = fourth.cache.contract(&domain, code.hash_slow());
    fourth.prepare(&under_others, &code, Caller::Aside).unwrap();
    for (builder, compiled) in [(&third, 2), (&fourth, 0)] {
        let figures = counters(builder);
        // Their file is another one, so that none is refused.
        assert_eq!((figures.loaded_regions, figures.refused_files), (0, 0));
        assert_eq!(figures.compiled_regions, compiled);
    }
}

#[test]
fn a_changed_byte_on_disk_is_refused_compiled_anew_and_written_again() {
    let folder = tempfile::tempdir().unwrap();
    let code = nth_bytecode(0, 3);
    let first = builder(generator(100), PLENTY, Some(folder.path()));
    build(&first, &code).unwrap();
    save(&first, &code);
    let file = files(folder.path()).pop().unwrap();
    let whole = fs::read(&file).unwrap();
    let mut changed = whole.clone();
    changed[whole.len() / 2] ^= 1;
    fs::write(&file, &changed).unwrap();

    let second = builder(generator(100), PLENTY, Some(folder.path()));
    assert_eq!(build(&second, &code), Some(vec![Built::Compiled; 3]));
    let figures = counters(&second);
    assert_eq!(
        (figures.refused_files, figures.loaded_regions, figures.disk_errors),
        (1, 0, 0)
    );
    let problem = second.last_problem().unwrap();
    assert!(
        problem.contains("its authentication is wrong") && problem.contains(".native"),
        "{problem}"
    );
    assert!(!file.exists());
    save(&second, &code);
    assert_eq!(fs::read(&file).unwrap(), whole);
}

#[test]
fn a_disk_that_takes_nothing_is_counted_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let builder = builder(generator(100), PLENTY, Some(folder.path()));
    // Whoever may do anything is not stopped by permissions, but there can be no folder where a file is.
    for first in 0..=255_u8 {
        fs::write(folder.path().join(format!("{first:02x}")), "").unwrap();
    }
    let code = nth_bytecode(0, 3);
    assert_eq!(build(&builder, &code), Some(vec![Built::Compiled; 3]));
    // One error is that nothing could be read.
    assert_eq!(counters(&builder).disk_errors, 1);
    let problem = builder.save(&contract(&builder, &code)).unwrap_err();
    assert!(problem.contains("cannot be written"), "{problem}");
    assert_eq!(builder.last_problem(), Some(problem));
    let figures = counters(&builder);
    assert_eq!(
        (figures.disk_errors, figures.stored_files, figures.refused_files),
        (2, 0, 0)
    );

    // A folder that goes away amid everything is made anew.
    fs::remove_dir_all(folder.path()).unwrap();
    save(&builder, &code);
    assert_eq!(files(folder.path()).len(), 1);
}
