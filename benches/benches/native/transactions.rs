//! Whole transactions.

use metisvm_benches::{
    Failure,
    native::{Case, Runner, compile, file, mainnet, own},
    options::{Options, shared_data},
    sampling::{Times, Variant, interleave},
    show::{Figures, line, ratio},
};
use metisvm_executor::Threads;
use metisvm_jit::{Compiled, Counters};
use serde_json::json;
use std::{cell::RefCell, env, path::Path, time::Duration};

const INTERPRETER: &str = "interpreter";
const NATIVE: &str = "native";

/// A folder of more cases; `benches/native_cases.py` makes one.
const MORE_CASES: &str = "METISVM_NATIVE_CASES";

/// A sample is as many runs as take this long, or one: the clock itself takes a part of a microsecond.
const SAMPLE: Duration = Duration::from_millis(3);
/// But not more.
const MOST_RUNS: u32 = 5_000;

/// What was measured of a case.
struct Measured {
    case: Case,
    times: Times,
    gas: u64,
    /// Contracts that the transaction loads.
    contracts: usize,
    /// What was compiled because it was executed.
    counters: Counters,
    /// What all of these contracts take, compiled ahead of time.
    whole: Compiled,
    /// Frames of one run that leave native code.
    deoptimised: u64,
}

impl Measured {
    fn ratio(&self) -> f64 {
        self.times.ratio(INTERPRETER, NATIVE)
    }

    /// What became of the aim.
    fn verdict(&self) -> String {
        match self.case.aim() {
            None => String::new(),
            Some(aim) if self.ratio() >= aim => "met".to_owned(),
            Some(_) => "**missed**".to_owned(),
        }
    }
}

/// Measures the cases and prints them.
pub(crate) fn run(options: &Options, threads: &Threads) -> Result<(), Failure> {
    let mut all = Vec::new();
    for case in cases(options, threads)? {
        eprintln!("{} …", case.name);
        let name = case.name.clone();
        let measured = measure(case, options.samples).map_err(|error| format!("{name}: {error}"))?;
        if options.json {
            print_json(&measured, options.samples)?;
        }
        all.push(measured);
    }
    if options.json || all.is_empty() {
        return Ok(());
    }
    print_tables(&all)
}

fn cases(options: &Options, threads: &Threads) -> Result<Vec<Case>, Failure> {
    let mut cases = Vec::new();
    if let Some(folder) = shared_data("aave")? {
        cases.extend(file::cases(&folder)?);
    }
    match env::var_os(MORE_CASES) {
        Some(folder) => cases.extend(file::cases(Path::new(&folder))?),
        None => line(format_args!(
            "without snailtracer and burntpix: {MORE_CASES} names no folder with them"
        ))?,
    }
    cases.extend(own::cases());
    cases.retain(|case| options.wants(&case.name));
    if let Some(folder) = shared_data("mainnet-blocks")? {
        cases.extend(mainnet::cases(&folder, |name| options.wants(name), threads)?);
    }
    Ok(cases)
}

fn measure(case: Case, samples: usize) -> Result<Measured, Failure> {
    let jit = compile::fresh(compile::Policy::Everything)?;
    let mut interpreter = Runner::interpreting(&case);
    let expected = interpreter.run()?;
    if !expected.result.is_success() {
        return Err(format!("the transaction fails: {:?}", expected.result).into());
    }
    let mut native = Runner::native(&case, &jit);
    compile::settle(&jit, || native.run().map(drop))?;
    let counters = jit.counters();
    if native.run()? != expected {
        return Err("native code does something else than the interpreter".into());
    }
    let deoptimised = jit.counters().since(&counters).deoptimised_frames;
    if counters.compiled_regions == 0 {
        return Err("nothing was compiled".into());
    }

    let runs = runs(&mut interpreter, samples)?;
    let (interpreter, native) = (RefCell::new(interpreter), RefCell::new(native));
    let variants = vec![
        Variant::new(INTERPRETER, || interpreter.borrow_mut().time(runs)),
        Variant::new(NATIVE, || native.borrow_mut().time(runs)),
    ];
    let times = interleave(samples, variants)?;
    if native.borrow_mut().run()? != expected {
        return Err("after the measurement native code does something else than the interpreter".into());
    }
    drop((interpreter, native));
    let gas = expected.result.tx_gas_used();
    let codes = compile::codes(&case, expected.state);
    Ok(Measured {
        whole: compile::whole(&case, &codes)?,
        contracts: codes.len(),
        case,
        times,
        gas,
        counters,
        deoptimised,
    })
}

/// How many runs make a sample; one where there is one sample, which then only shows that it works.
fn runs(interpreter: &mut Runner<'_>, samples: usize) -> Result<u32, Failure> {
    if samples == 1 {
        return Ok(1);
    }
    let one = interpreter.time(3)?.as_nanos().max(1);
    let wanted = u32::try_from(SAMPLE.as_nanos() / one).unwrap_or(MOST_RUNS);
    Ok(wanted.clamp(1, MOST_RUNS))
}

fn print_json(measured: &Measured, samples: usize) -> Result<(), Failure> {
    let Measured { counters, whole, .. } = measured;
    line(json!({
        "bench": "native",
        "case": measured.case.name,
        "gas": measured.gas,
        "samples": samples,
        "times": measured.times.json(),
        "ratio": measured.ratio(),
        "aim": measured.case.aim(),
        "contracts": measured.contracts,
        "bytecode_bytes": whole.bytecode_bytes,
        "compiled_regions": counters.compiled_regions,
        "regions": whole.regions,
        "declined_regions": whole.declined_regions,
        "code_bytes": counters.code_bytes,
        "compile_ms": nanoseconds_in_ms(counters.compile_ns),
        "compile_on_path_ms": nanoseconds_in_ms(counters.compile_on_path_ns),
        "whole_code_bytes": whole.code_bytes,
        "whole_compile_ms": whole.compile_time.as_secs_f64() * 1e3,
        "deoptimised_frames": measured.deoptimised,
    }))
}

fn nanoseconds_in_ms(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e6
}

fn kib(bytes: impl TryInto<u64>) -> String {
    let bytes = bytes.try_into().unwrap_or(u64::MAX);
    format!("{:.1}", bytes as f64 / 1024.0)
}

fn print_tables(all: &[Measured]) -> Result<(), Failure> {
    let mut figures = Figures::new(&[
        "transaction",
        "gas",
        "interpreter, µs",
        "native, µs",
        "ratio",
        "aim",
        "",
        "frames that leave",
    ]);
    for measured in all {
        let us = |name| format!("{:.2}", measured.times.median(name) * 1e3);
        figures.row(vec![
            measured.case.name.clone(),
            measured.gas.to_string(),
            us(INTERPRETER),
            us(NATIVE),
            ratio(measured.ratio()),
            measured
                .case
                .aim()
                .map_or_else(String::new, |aim| format!("{aim:.2}")),
            measured.verdict(),
            measured.deoptimised.to_string(),
        ]);
    }
    figures.print("### Whole transactions, warm")?;

    let mut figures = Figures::new(&[
        "transaction",
        "contracts",
        "bytecode, KiB",
        "regions compiled",
        "of",
        "declined",
        "code, KiB",
        "compiler, ms",
        "on the path, ms",
        "all regions: code, KiB",
        "compiler, ms",
    ]);
    for measured in all {
        let Measured { counters, whole, .. } = measured;
        figures.row(vec![
            measured.case.name.clone(),
            measured.contracts.to_string(),
            kib(whole.bytecode_bytes),
            counters.compiled_regions.to_string(),
            whole.regions.to_string(),
            whole.declined_regions.to_string(),
            kib(counters.code_bytes),
            format!("{:.1}", nanoseconds_in_ms(counters.compile_ns)),
            format!("{:.1}", nanoseconds_in_ms(counters.compile_on_path_ns)),
            kib(whole.code_bytes),
            format!("{:.1}", whole.compile_time.as_secs_f64() * 1e3),
        ]);
    }
    figures.print("### What was compiled for them (processor time of the compiler)")
}
