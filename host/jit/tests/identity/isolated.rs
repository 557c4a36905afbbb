//! Executions in processes of their own, for code that ends the process or never ends.

use crate::{check::Found, execution::Execution, generate::Trial, report, shrink::shrunk};
use std::{
    env, fs,
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

/// One execution takes milliseconds, and its process some dozens of them.
const PATIENCE: Duration = Duration::from_secs(5);
/// Executions that a difference is shrunk with at most: each is a process, and may be one that hangs.
const FEW: usize = 300;
/// How often a process asks whether another one has ended.
const POLL: Duration = Duration::from_millis(2);

/// A folder for the seeds and executions that threads are at.
pub(crate) fn folder() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
}

/// Where a thread notes its seed.
pub(crate) fn seed_file(thread: usize) -> PathBuf {
    folder().join(format!("jit-identity-seed-{thread}"))
}

/// Where a process that runs one seed notes each execution before it.
pub(crate) fn execution_file() -> PathBuf {
    folder().join("jit-identity-execution")
}

/// This program again, with one of its ignored tests.
pub(crate) fn this_program(test: &str) -> Command {
    let mut command = Command::new(env::current_exe().expect("this program has a name"));
    command.args(["--exact", test, "--ignored", "--nocapture", "--test-threads=1"]);
    command
}

/// How a process that does not say so itself ended; nothing where it came to its own end, good or bad.
fn broke(status: ExitStatus) -> Option<String> {
    status
        .signal()
        .map(|signal| format!("  the process was ended by signal {signal}"))
}

fn wait(mut child: Child) -> Result<ExitStatus, String> {
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        if let Some(status) = child.try_wait().expect("a child can be asked") {
            return Ok(status);
        }
        thread::sleep(POLL);
    }
    let _ = child.kill();
    let _ = child.wait();
    Err(format!("  it hangs: nothing came in {PATIENCE:?}"))
}

/// What became of a process that runs this; nothing where it ended by itself.
fn breaks(command: &mut Command) -> Option<String> {
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    match wait(child.expect("this program starts")) {
        Ok(status) => broke(status),
        Err(hangs) => Some(hangs),
    }
}

/// Whether one execution breaks its process.
fn differs(trial: &Trial) -> Option<String> {
    breaks(
        this_program("generated::inside")
            .env_remove("METISVM_SEED")
            .env("METISVM_JIT_EXECUTION", trial.execution().to_string()),
    )
}

/// The seeds that the threads of a process that was ended were at.
pub(crate) fn last_seeds(threads: usize) -> Vec<u64> {
    let seeds = (0..threads).filter_map(|thread| {
        let text = fs::read_to_string(seed_file(thread)).ok()?;
        text.trim().parse().ok()
    });
    seeds.collect()
}

/// Shrinks what broke a process, where it is one of these seeds.
pub(crate) fn explained(seeds: Vec<u64>) -> String {
    let reports: Vec<String> = seeds.into_iter().filter_map(of_seed).collect();
    reports.join("\n\n")
}

fn of_seed(seed: u64) -> Option<String> {
    let difference = breaks(
        this_program("generated::inside")
            .env_remove("METISVM_JIT_EXECUTION")
            .env("METISVM_SEED", seed.to_string()),
    )?;
    let line = fs::read_to_string(execution_file()).ok()?;
    let execution: Execution = line.parse().ok()?;
    // The program of the seed has its labels; gas and call data are those at which it broke.
    let given = Trial::of_execution(&execution);
    let mut trial = Trial::of_seed(seed);
    trial.gas = given.gas;
    if trial.program.input() != execution.input {
        trial.program.input = given.program.input;
        trial.program.cut = given.program.cut;
    }
    let small = shrunk(Found { trial, difference }, FEW, differs);
    Some(report::of(seed, &small))
}
