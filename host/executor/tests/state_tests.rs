//! The official Ethereum state tests, test by test, through our EVM and through revm as it comes: not only
//! the same verdict, but the same root, logs, gas, status, output and error.

#![allow(clippy::unwrap_used)] // in the helpers, too, a panic is how a test fails

mod support;

use alloy_primitives::{B256, U256, keccak256};
use metisvm_executor::statetest::{
    CaseReport, EngineExecutor, Executed, FileReport, Job, MetisExecutor, NativeExecutor, PlainExecutor,
    Skips, StateTestExecutor, Suite, Totals, Verdict, process_documents, run_all,
};
use metisvm_jit::{Jit, JitMode, JitOptions};
use metisvm_state::{MemoryState, state_root};
use serde_json::json;
use std::{io::Write, ops::ControlFlow, path::PathBuf, sync::LazyLock, time::Instant};
use support::statetest::{run, run_through, transfer};

const ARCHIVE: &str = "state-tests/GeneralStateTests.tar.gz";
/// Release v5.4.0 of the execution-spec-tests, the half of its files that are under 4 MiB.
const SPECS: &str = "eest/state_tests.tar.xz";

static SEQUENTIAL: LazyLock<EngineExecutor> = LazyLock::new(|| EngineExecutor::sequential().unwrap());
static SPECULATIVE: LazyLock<EngineExecutor> = LazyLock::new(|| EngineExecutor::speculative().unwrap());

/// Every executor that has to give exactly what revm gives. A new engine is one more line.
fn executors() -> [&'static dyn StateTestExecutor; 3] {
    [&MetisExecutor, &*SEQUENTIAL, &*SPECULATIVE]
}

/// Whether an executor of ours gives what revm gives. Where a transaction is refused, ours say what revm says and may
/// add the values and the document.
fn same(ours: &CaseReport, revm: &CaseReport) -> bool {
    match (&ours.outcome, &revm.outcome) {
        (Some(Err(our_error)), Some(Err(error))) => {
            let as_revm = CaseReport {
                outcome: revm.outcome.clone(),
                ..ours.clone()
            };
            our_error.starts_with(error.as_str()) && as_revm == *revm
        }
        _ => ours == revm,
    }
}

/// What came of one file or of all.
#[derive(Default)]
struct Compared {
    /// Of revm.
    totals: Totals,
    /// Where an executor of ours gives something else.
    differences: Vec<String>,
    /// What fails on all of them.
    failures: Vec<String>,
}

impl Compared {
    fn file(name: &str, json: &[u8], skips: Skips, ours: &[&dyn StateTestExecutor]) -> Self {
        let suite = Suite::from_json(name, json, skips).unwrap_or_else(|error| panic!("{name}: {error}"));
        let all: Vec<_> = [&PlainExecutor as &dyn StateTestExecutor]
            .into_iter()
            .chain(ours.iter().copied())
            .collect();
        let mut compared = Self::default();
        compared.totals.files = 1;
        for reports in suite.run_through_each(&all) {
            let (plain, reports) = reports.split_first().unwrap();
            compared.totals.count(plain);
            if matches!(plain.verdict, Verdict::Failed(_)) {
                compared.failures.push(format!("{name} {plain:?}"));
            }
            assert_eq!(reports.len(), ours.len(), "{name}");
            for (executor, report) in ours
                .iter()
                .zip(reports)
                .filter(|(_, report)| !same(report, plain))
            {
                let CaseReport {
                    test, fork, indexes, ..
                } = plain;
                compared.differences.push(format!(
                    "{} on {name} {test} {fork} {indexes:?}:\n ours {:?} {:?}\n revm {:?} {:?}",
                    executor.name(),
                    report.verdict,
                    report.outcome,
                    plain.verdict,
                    plain.outcome
                ));
            }
        }
        compared
    }

    /// The files of the archive whose names are wanted.
    fn archive(path: PathBuf, skips: Skips, wanted: impl Fn(&str) -> bool + Sync) -> Self {
        Self::archive_through(&executors(), path, skips, wanted)
    }

    /// The same through these executors.
    fn archive_through(
        ours: &[&dyn StateTestExecutor],
        path: PathBuf,
        skips: Skips,
        wanted: impl Fn(&str) -> bool + Sync,
    ) -> Self {
        let started = Instant::now();
        let mut all = Self::default();
        process_documents(
            &[path],
            |document| {
                let name = document.name;
                let json = document.content.unwrap_or_else(|error| panic!("{name}: {error}"));
                wanted(&name).then(|| Self::file(&name, &json, skips, ours))
            },
            |file| {
                let file = file.unwrap_or_default();
                all.totals.add(&file.totals);
                all.differences.extend(file.differences);
                all.failures.extend(file.failures);
                ControlFlow::Continue(())
            },
        );
        println!("{:?} in {:?}", all.totals, started.elapsed());
        let (differences, failures) = (&all.differences, &all.failures);
        assert!(
            differences.is_empty(),
            "{} differences:\n{}",
            differences.len(),
            differences.join("\n")
        );
        assert!(
            failures.is_empty(),
            "{} failed:\n{}",
            failures.len(),
            failures.join("\n")
        );
        all
    }
}

/// One MSTORE at 64 GiB, which 2^63 gas pays for: whoever has no limit for memory aborts here.
#[test]
fn memory_beyond_any_machine_is_an_end_without_gas_for_all_executors_alike() {
    let mut json = transfer();
    let test = &mut json["transfer"];
    test["env"]["currentGasLimit"] = json!("0x7fffffffffffffff");
    test["transaction"]["gasLimit"] = json!(["0x7fffffffffffffff"]);
    test["env"]["currentBaseFee"] = json!("0x00");
    test["transaction"]["gasPrice"] = json!("0x00");
    // PUSH1 1, PUSH5 2^36, MSTORE
    test["pre"]["0x1000000000000000000000000000000000000001"] =
        json!({ "balance": "0x0", "nonce": "0x0", "code": "0x600164100000000052", "storage": {} });
    let of_plain = run_through(&PlainExecutor, &json);
    for report in &of_plain {
        let outcome = report.outcome.as_ref().unwrap().as_ref().unwrap();
        assert_eq!(outcome.status(), "halt");
        assert_eq!(
            outcome.gas_used(),
            i64::MAX as u64,
            "all gas is gone, as without gas"
        );
    }
    for executor in executors() {
        assert_eq!(run_through(executor, &json), of_plain, "{}", executor.name());
    }
}

#[test]
fn every_state_test_gives_exactly_what_revm_gives() {
    let Some(archive) = support::data_for("official state tests", ARCHIVE) else {
        return;
    };
    let compared = Compared::archive(archive, Skips::Documented, |_| true);
    let expected = Totals {
        files: 2802,
        errors: 0,
        passed: 100_792,
        failed: 0,
        // Forks that no chain spec has, values beyond 256 bits, and what takes minutes.
        skipped: 298 + 23 + 48,
        unchecked: 0,
    };
    assert_eq!(compared.totals, expected);
    let (sequential, speculative) = (SEQUENTIAL.tally(), SPECULATIVE.tally());
    // println! would be kept back: the test passes.
    let line = format!("in sequence: {sequential:?}\nspeculative: {speculative:?}\n");
    std::io::stdout().write_all(line.as_bytes()).unwrap();
    for tally in [sequential, speculative] {
        assert_eq!(
            tally.elsewhere, 0,
            "a block can have every transaction of the tests"
        );
    }
    assert!(sequential.in_sequence > 99_000);
    assert!(speculative.speculated > 95_000 && speculative.transfers > 0);
}

#[test]
fn every_state_test_of_the_execution_specs_passes_and_gives_exactly_what_revm_gives() {
    let Some(archive) = support::data_for("state tests of the execution specs", SPECS) else {
        return;
    };
    let compared = Compared::archive(archive, Skips::Documented, |_| true);
    let expected = Totals {
        files: 1364,
        passed: 16_154,
        ..Totals::default()
    };
    assert_eq!(compared.totals, expected);
}

/// The official state tests in native code, each contract compiled before it first runs: through the EVM by itself,
/// and through the block engine, which replaces instructions that look at balances and hashes.
fn in_native_code(wanted: impl Fn(&str) -> bool + Sync) -> Option<[Totals; 2]> {
    let archives = [
        ("official state tests", ARCHIVE),
        ("state tests of the execution specs", SPECS),
    ];
    let [Some(first), Some(second)] = archives.map(|(group, path)| support::data_for(group, path)) else {
        return None;
    };
    if !Jit::is_supported() {
        std::io::stdout()
            .write_all(b"left out: official state tests in native code (x86-64 Linux alone has it)\n")
            .unwrap();
        return None;
    }
    let jit = Jit::new(JitOptions {
        mode: JitMode::Always,
        ..JitOptions::default()
    })
    .unwrap();
    let evm = NativeExecutor(jit.clone());
    let engine = EngineExecutor::speculative().unwrap().with_jit(jit.clone());
    let ours: [&dyn StateTestExecutor; 2] = [&evm, &engine];
    let totals = [first, second]
        .map(|archive| Compared::archive_through(&ours, archive, Skips::Documented, &wanted).totals);
    let counters = jit.counters();
    std::io::stdout()
        .write_all(format!("{counters:?}\n").as_bytes())
        .unwrap();
    assert!(
        counters.native_frames > counters.interpreted_frames,
        "{counters:?}"
    );
    Some(totals)
}

#[test]
fn a_third_of_the_state_tests_gives_in_native_code_exactly_what_revm_gives() {
    // By the hash of the name, so that a file that comes or goes moves no other.
    let Some([first, second]) =
        in_native_code(|name| keccak256(name.rsplit(':').next().unwrap())[0] % 3 == 0)
    else {
        return;
    };
    assert!(
        first.passed > 25_000 && second.passed > 4_000,
        "{first:?} {second:?}"
    );
}

#[test]
#[ignore = "slow lane, minutes: cargo test -p metisvm-executor --test state_tests -- --ignored"]
fn every_state_test_gives_in_native_code_exactly_what_revm_gives() {
    let Some([first, second]) = in_native_code(|_| true) else {
        return;
    };
    assert_eq!((first.passed, second.passed), (100_792, 16_154));
}

#[test]
#[ignore = "slow lane, seven minutes: cargo test -p metisvm-executor --test state_tests -- --ignored"]
fn the_slow_state_tests_give_exactly_what_revm_gives() {
    let Some(archive) = support::data_for("slow state tests", ARCHIVE) else {
        return;
    };
    let slow = [
        "CALLBlake2f_MaxRounds",
        "Call50000_sha256",
        "static_Call50000_sha256",
        "loopMul",
    ];
    let wanted = |name: &str| slow.iter().any(|slow| name.ends_with(&format!("/{slow}.json")));
    let compared = Compared::archive(archive, Skips::Unreadable, wanted);
    assert_eq!((compared.totals.passed, compared.totals.cases()), (48, 48));
}

#[test]
fn aave_gives_what_revm_gives() {
    let Some(folder) = support::data_for("Aave as state tests", "aave") else {
        return;
    };
    let through = |executor: &dyn StateTestExecutor| {
        let mut cases = Vec::new();
        run_all(
            std::slice::from_ref(&folder),
            executor,
            Skips::Documented,
            |file: FileReport| {
                cases.extend(file.cases.unwrap());
                ControlFlow::Continue(())
            },
        );
        cases
    };
    let plain = through(&PlainExecutor);
    assert_eq!(plain.len(), 3);
    for case in &plain {
        // The files hold no post-state; a market that works does not revert.
        assert_eq!(case.verdict, Verdict::Unchecked);
        assert_eq!(&*case.fork, "Shanghai");
        let outcome = case.outcome.as_ref().unwrap().as_ref().unwrap();
        assert_eq!(outcome.status(), "success", "{}", case.test);
        assert!(outcome.gas_used() > 100_000 && !outcome.result.logs().is_empty());
    }
    for executor in executors() {
        assert_eq!(through(executor), plain, "{}", executor.name());
    }
}

#[test]
fn the_number_of_threads_does_not_change_the_reports() {
    let folder = tempfile::tempdir().unwrap();
    for index in 0..40 {
        std::fs::write(
            folder.path().join(format!("{index}.json")),
            transfer().to_string(),
        )
        .unwrap();
    }
    let with_threads = |threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        let mut files: Vec<(String, Vec<_>)> = Vec::new();
        pool.install(|| {
            run_all(
                &[folder.path().to_owned()],
                &MetisExecutor,
                Skips::Documented,
                |file| {
                    files.push((file.name, file.cases.unwrap()));
                    ControlFlow::Continue(())
                },
            );
        });
        files
    };
    let one = with_threads(1);
    assert_eq!(one.len(), 40);
    assert!(one.is_sorted_by_key(|(name, _)| name.clone()));
    assert_eq!(one, with_threads(5));
}

/// An engine with one defect, to see that the comparison finds it.
struct Defective(fn(&mut Executed));

impl StateTestExecutor for Defective {
    fn name(&self) -> &'static str {
        "defective"
    }

    fn transact(&self, job: &Job<'_>) -> Result<Executed, String> {
        let mut executed = MetisExecutor.transact(job)?;
        (self.0)(&mut executed);
        Ok(executed)
    }
}

#[test]
fn an_engine_that_forgets_a_wei_fails_and_differs() {
    let right = run_through(&PlainExecutor, &transfer());
    assert!(
        right.iter().all(|case| case.verdict == Verdict::Passed),
        "{right:?}"
    );
    let forgets = Defective(|executed| {
        let receiver = alloy_primitives::address!("1000000000000000000000000000000000000001");
        executed
            .state
            .insert_account(receiver, alloy_primitives::U256::ZERO, 0, Default::default(), []);
    });
    for (wrong, right) in run_through(&forgets, &transfer()).iter().zip(&right) {
        let Verdict::Failed(problem) = &wrong.verdict else {
            panic!("{wrong:?}")
        };
        assert!(
            problem.starts_with("state root 0x") && problem.contains(", expected 0x"),
            "{problem}"
        );
        assert_ne!(wrong, right);
    }
}

#[test]
fn an_engine_that_miscounts_refunds_differs_though_its_root_is_right() {
    let refunds = Defective(|executed| {
        if let revm::context_interface::result::ExecutionResult::Success { gas, .. } = &mut executed.result {
            *gas = gas.with_refunded(1);
        }
    });
    let right = run_through(&PlainExecutor, &transfer());
    let wrong = run_through(&refunds, &transfer());
    assert!(wrong.iter().all(|case| case.verdict == Verdict::Passed));
    assert!(wrong.iter().zip(&right).all(|(wrong, right)| wrong != right));
}

#[test]
fn an_expected_exception_has_to_happen_and_an_unexpected_one_not() {
    let mut json = transfer();
    json["transfer"]["post"]["Frontier"][0]["expectException"] = "TR_NoFunds".into();
    let Verdict::Failed(problem) = &run(&json)[0].verdict else {
        panic!("it was executed")
    };
    assert_eq!(problem, "was executed; has to be refused: TR_NoFunds");

    let mut json = transfer();
    json["transfer"]["transaction"]["nonce"] = "0x07".into();
    for (metis, plain) in run(&json).iter().zip(run_through(&PlainExecutor, &json)) {
        let Verdict::Failed(problem) = &metis.verdict else {
            panic!("nonce 7 of an account with nonce 0")
        };
        assert!(
            problem.starts_with("was refused: ") && problem.contains("nonce"),
            "{problem}"
        );
        assert_eq!(*metis, plain);
    }
}

#[test]
fn a_refused_transaction_leaves_the_state_as_it_was() {
    let mut json = transfer();
    json["transfer"]["transaction"]["nonce"] = "0x07".into();
    let cases = ["Frontier", "Shanghai"].map(|fork| (fork, [0, 1]));
    for (fork, indexes) in cases {
        for index in indexes {
            json["transfer"]["post"][fork][index]["expectException"] = "TR_NonceTooHigh".into();
        }
    }
    for case in run(&json) {
        let Verdict::Failed(problem) = &case.verdict else {
            panic!("the roots are those after the transfer")
        };
        assert!(
            problem.starts_with("was refused as it has to be, but"),
            "{problem}"
        );
    }
}

/// The root that a refused transaction has to leave on a fork, as the file says it: passed or not.
fn is_right_after_a_refusal(fork: &str, root: B256) -> bool {
    let mut json = transfer();
    json["transfer"]["transaction"]["nonce"] = "0x07".into();
    let mut case = json["transfer"]["post"]["Frontier"][0].clone();
    case["expectException"] = "TR_NonceTooHigh".into();
    case["hash"] = root.to_string().into();
    json["transfer"]["post"] = json!({ fork: [case] });
    let reports = run(&json);
    assert_eq!(reports, run_through(&PlainExecutor, &json));
    reports[0].verdict == Verdict::Passed
}

#[test]
fn before_eip_161_a_refused_transaction_may_leave_the_beneficiary_absent_or_empty() {
    let sender = alloy_primitives::address!("a94f5374fce5edbc8e2a8697c15331677e6ebf0b");
    let beneficiary = alloy_primitives::address!("2adc25665018aa1fe0e6bc666dac8fc2697ff9ba");
    let mut state = MemoryState::default();
    state.insert_account(
        sender,
        U256::from(10).pow(U256::from(18)),
        0,
        Default::default(),
        [],
    );
    let untouched = state_root(&state);
    state.insert_account(beneficiary, U256::ZERO, 0, Default::default(), []);
    let rewarded = state_root(&state);
    for fork in ["Frontier", "Homestead", "EIP150"] {
        assert!(is_right_after_a_refusal(fork, untouched), "{fork}");
        assert!(is_right_after_a_refusal(fork, rewarded), "{fork}");
    }
    for fork in ["EIP158", "London"] {
        assert!(is_right_after_a_refusal(fork, untouched), "{fork}");
        assert!(!is_right_after_a_refusal(fork, rewarded), "{fork}");
    }
}

#[test]
fn forks_that_no_chain_spec_has_are_skipped_with_a_reason() {
    let mut json = transfer();
    let case = json["transfer"]["post"]["Shanghai"][0].clone();
    for fork in ["Constantinople", "BerlinToLondonAt5", "Merge+3540+3670", "Verkle"] {
        json["transfer"]["post"][fork] = json!([case, case]);
    }
    let mut totals = Totals::default();
    run(&json).iter().for_each(|case| totals.count(case));
    assert_eq!((totals.passed, totals.skipped, totals.failed), (4, 8, 0));
}

#[test]
fn block_hashes_are_those_of_the_decimal_numbers() {
    // BLOCKHASH of 0x1f3, kept in slot 0; the block is 500 and one test has no storage without it.
    let mut json = transfer();
    json["transfer"]["env"]["currentNumber"] = "0x1f4".into();
    json["transfer"]["transaction"]["gasLimit"] = json!(["0x30d40"]);
    let code = "0x6101f340600055";
    json["transfer"]["pre"]["0x1000000000000000000000000000000000000001"] =
        json!({ "balance": "0x00", "nonce": "0x00", "code": code, "storage": {} });
    let metis = run(&json);
    assert_eq!(metis, run_through(&PlainExecutor, &json));
    // A state that did not know the hash would make an error of it.
    assert!(metis.iter().all(|case| case.outcome.as_ref().unwrap().is_ok()));
}

#[test]
fn paths_are_taken_in_their_order() {
    let folder = tempfile::tempdir().unwrap();
    let paths: Vec<PathBuf> = ["b.json", "a.json"].map(|name| folder.path().join(name)).into();
    for path in &paths {
        std::fs::write(path, transfer().to_string()).unwrap();
    }
    let mut names = Vec::new();
    run_all(&paths, &MetisExecutor, Skips::Documented, |file| {
        names.push(PathBuf::from(file.name));
        ControlFlow::Continue(())
    });
    assert_eq!(names, paths);
}
