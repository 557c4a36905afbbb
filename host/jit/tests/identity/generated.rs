//! Generated programs on all processors.

use crate::{
    check::{Done, Found, Pair},
    generate::Trial,
    isolated,
    knobs::{given, number},
    native::{Compilers, is_left_out},
    program::Item,
    report,
    shrink::{MANY, shrunk},
    source::Source,
};
use metisvm_jit::Counters;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    os::unix::{fs::FileExt, process::ExitStatusExt},
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// Programs of a plain `cargo test`; `tests/run` has a hundred thousand.
const PROGRAMS: u64 = 10_000;
/// Where seeds begin.
const FIRST_SEED: u64 = 0x4d45_5449;
/// Differences after which a run ends.
const MOST_FOUND: usize = 8;
/// Programs that a thread takes at a time.
const BATCH: u64 = 64;
/// A program that takes longer hangs: all of its executions together are some milliseconds.
const PATIENCE: Duration = Duration::from_secs(120);
/// From so many programs on, everything in [`REASONS`] has to come up.
const ENOUGH: u64 = 10_000;
/// Ways to end that a run has to reach, each as a transaction's.
const REASONS: [&str; 15] = [
    "Success Stop",
    "Success Return",
    "Success SelfDestruct",
    "Revert",
    "OutOfGas(Basic)",
    "OutOfGas(Memory)",
    "OutOfGas(MemoryLimit)",
    "OutOfGas(InvalidOperand)",
    "OpcodeNotFound",
    "InvalidFEOpcode",
    "InvalidJump",
    "NotActivated",
    "StackUnderflow",
    "StackOverflow",
    "OutOfOffset",
];

/// What a thread is at.
#[derive(Debug, Default)]
struct Progress {
    seed: AtomicU64,
    /// Milliseconds after the start at which it began; 0 where it does nothing.
    since: AtomicU64,
}

/// A run over seeds.
struct Run {
    first: u64,
    programs: u64,
    next: AtomicU64,
    stop: AtomicBool,
    start: Instant,
    /// What differed, by the instructions in it.
    found: Mutex<BTreeMap<BTreeSet<u8>, String>>,
    done: Mutex<(Done, BTreeMap<String, u64>)>,
    compilers: Mutex<Vec<Counters>>,
}

impl Run {
    fn new(first: u64, programs: u64) -> Self {
        Self {
            first,
            programs,
            next: AtomicU64::new(0),
            stop: AtomicBool::new(false),
            start: Instant::now(),
            found: Mutex::default(),
            done: Mutex::default(),
            compilers: Mutex::default(),
        }
    }

    /// One thread's part.
    fn work(&self, progress: &Progress, file: &File) {
        let compilers = Compilers::new();
        let mut pair = Pair::new(compilers.clone());
        while !self.stop.load(Ordering::Relaxed) {
            let from = self.next.fetch_add(BATCH, Ordering::Relaxed);
            if from >= self.programs {
                break;
            }
            for index in from..self.programs.min(from + BATCH) {
                let seed = self.first.wrapping_add(index);
                progress.seed.store(seed, Ordering::Relaxed);
                let now = self.start.elapsed().as_millis() as u64;
                progress.since.store(now + 1, Ordering::Relaxed);
                // A signal ends the process before anybody can print the seed.
                let _ = file.write_all_at(format!("{seed:20}\n").as_bytes(), 0);
                self.check(&mut pair, seed);
            }
        }
        progress.since.store(0, Ordering::Relaxed);
        if let Some(problem) = compilers.jit.last_problem() {
            println!("the compiler: {problem}");
        }
        self.compilers
            .lock()
            .expect("no thread panics")
            .push(compilers.jit.counters());
        let mut done = self.done.lock().expect("no thread panics");
        done.0.add(&pair.done);
        for (reason, times) in &pair.reasons {
            *done.1.entry(reason.clone()).or_default() += times;
        }
    }

    fn check(&self, pair: &mut Pair<Compilers>, seed: u64) {
        if let Err(found) = one(pair, seed) {
            let small = shrunk(*found, MANY, |trial| pair.differs(trial));
            // The same instructions are most likely the same fault.
            let opcodes: BTreeSet<u8> = small.trial.program.items.iter().map(Item::opcode).collect();
            let mut all = self.found.lock().expect("no thread panics");
            if all.contains_key(&opcodes) {
                return;
            }
            all.insert(opcodes, report::of(seed, &small));
            if all.len() >= MOST_FOUND {
                self.stop.store(true, Ordering::Relaxed);
            }
        }
    }

    /// Ends the process where a program hangs.
    fn watch(&self, all: &[Progress]) {
        while all
            .iter()
            .any(|progress| progress.since.load(Ordering::Relaxed) > 0)
        {
            thread::sleep(Duration::from_millis(50));
            for progress in all {
                let since = progress.since.load(Ordering::Relaxed);
                let now = self.start.elapsed().as_millis() as u64;
                if since > 0 && now.saturating_sub(since) > PATIENCE.as_millis() as u64 {
                    let seed = progress.seed.load(Ordering::Relaxed);
                    eprintln!("METISVM_SEED={seed} hangs: it has run for {PATIENCE:?}");
                    std::process::abort();
                }
            }
        }
    }
}

/// The trial of a seed, in all its variants.
fn one(pair: &mut Pair<Compilers>, seed: u64) -> Result<(), Box<Found>> {
    pair.check(&Trial::of_seed(seed), &mut Source::of_seed(!seed))
}

/// Executes one line, one seed, or a run of seeds. It is a process of its own, since code that is wrong may end it.
#[test]
#[ignore = "started by generated_programs_come_out_as_the_interpreter_has_them, whose process this is"]
fn inside() {
    if let Some(line) = given::<String>("METISVM_JIT_EXECUTION") {
        let trial = Trial::of_execution(&line.parse().unwrap_or_else(|why| panic!("{why}")));
        let difference = Pair::new(Compilers::new()).differs(&trial);
        assert!(difference.is_none(), "{}", difference.unwrap_or_default());
        return;
    }
    if let Some(seed) = given("METISVM_SEED") {
        let mut pair = Pair::new(Compilers::new());
        pair.note_executions(&isolated::execution_file());
        if let Err(found) = one(&mut pair, seed) {
            let small = shrunk(*found, MANY, |trial| pair.differs(trial));
            panic!("{}", report::of(seed, &small));
        }
        return;
    }
    many(
        number("METISVM_FIRST_SEED", FIRST_SEED),
        number("METISVM_JIT_PROGRAMS", PROGRAMS),
    );
}

/// Seeds on all processors.
fn many(first: u64, programs: u64) {
    // A panic within an execution is a difference, and reported as one.
    std::panic::set_hook(Box::new(|_| {}));
    let run = Run::new(first, programs);
    let all: Vec<Progress> = (0..threads()).map(|_| Progress::default()).collect();
    thread::scope(|scope| {
        for (index, progress) in all.iter().enumerate() {
            progress.since.store(1, Ordering::Relaxed);
            let file = File::create(isolated::seed_file(index)).expect("the folder of tests can be written");
            let run = &run;
            scope.spawn(move || run.work(progress, &file));
        }
        run.watch(&all);
    });
    drop(std::panic::take_hook());
    let found = run.found.into_inner().expect("no thread panics");
    let (done, reasons) = run.done.into_inner().expect("no thread panics");
    println!(
        "{} programs ({} came to their own end), {} executions ({} succeeded, {} not valid), {} frames, {:.1} s on {} threads",
        done.programs,
        done.ended,
        done.executions,
        done.succeeded,
        done.invalid,
        done.steps,
        run.start.elapsed().as_secs_f64(),
        all.len(),
    );
    println!("{reasons:?}");
    let compilers = run.compilers.into_inner().expect("no thread panics");
    let sum = |of: fn(&Counters) -> u64| compilers.iter().map(of).sum::<u64>();
    let native = sum(|counters| counters.native_frames);
    println!(
        "frames: {native} native, {} interpreted, {} left native code; {} regions compiled, {} declined, {} contracts \
         dropped, {:.1} s of compiling",
        sum(|counters| counters.interpreted_frames),
        sum(|counters| counters.deoptimised_frames),
        sum(|counters| counters.compiled_regions),
        sum(|counters| counters.declined),
        sum(|counters| counters.evicted_contracts),
        sum(|counters| counters.compile_ns) as f64 / 1e9,
    );
    let reports: Vec<String> = found.into_values().collect();
    assert!(
        reports.is_empty(),
        "{} differences:\n{}",
        reports.len(),
        reports.join("\n\n")
    );
    // What is declined is interpreted, and says nothing; a panic of the compiler declines as well.
    assert_eq!(
        sum(|counters| counters.declined),
        0,
        "programs are small enough for the compiler"
    );
    if programs >= ENOUGH {
        let missing: Vec<_> = REASONS
            .iter()
            .filter(|reason| !reasons.contains_key(**reason))
            .collect();
        assert!(missing.is_empty(), "no transaction ended with {missing:?}");
        assert!(native > done.steps / 2, "most frames were interpreted by both");
        assert!(done.ended > done.programs / 3, "most programs end early");
    }
}

fn threads() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

#[test]
fn generated_programs_come_out_as_the_interpreter_has_them() {
    if is_left_out("generated programs") {
        return;
    }
    let output = isolated::this_program("generated::inside")
        .output()
        .expect("this program starts");
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    println!("{said}");
    match output.status.signal() {
        None => assert!(output.status.success(), "{}:\n{errors}", output.status),
        Some(signal) => {
            let seeds = match given("METISVM_SEED") {
                Some(seed) => vec![seed],
                None if given::<String>("METISVM_JIT_EXECUTION").is_some() => Vec::new(),
                None => isolated::last_seeds(threads()),
            };
            let explained = isolated::explained(seeds);
            panic!("the process was ended by signal {signal}:\n{errors}\n{explained}");
        }
    }
    assert!(said.contains("1 passed"), "nothing was tried");
}
