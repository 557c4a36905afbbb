//! Damaged files: flips, cuts and splices of valid ones, and as many whose operators, operands, attributes and shapes
//! were exchanged. None may panic, and none may take long. Some seconds of it run with every test run;
//! `METISVM_FUZZ_SECONDS` says how many of each, `METISVM_SEED` where to begin.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its data has failed")]

#[path = "../common/mod.rs"]
mod common;
mod damage;
mod random;
mod rewrite;
mod seeds;

use common::{made_up_calibration, read};
use damage::damage;
use metisvm_import::{ActivationType, Grid, Options, Range, import_onnx, npy, npz};
use metisvm_model::DType;
use random::Random;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

/// More of a processor than any of these files may take. A hundred bytes may ask for tensors as large as a model may
/// hold (2^26 elements, of which several floats and integers are kept): that is half a minute, most of it the
/// system's for clean memory. Time on the wall says nothing where other things run beside it.
const LONGEST: Duration = Duration::from_secs(60);

/// What this thread has had of a processor so far.
fn cpu_time() -> Duration {
    let spent = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(spent.tv_sec.unsigned_abs(), spent.tv_nsec as u32)
}

fn number(name: &str, default: u64) -> u64 {
    let given = std::env::var(name).ok().map(|text| text.parse());
    given.map_or(default, |number| {
        number.unwrap_or_else(|_| panic!("{name} is no number"))
    })
}

/// Calls with one number after the other until time is up; at least so often. Gives how often.
fn until_time_is_up(seconds: u64, least: u64, mut each: impl FnMut(u64)) -> u64 {
    let time = Duration::from_secs(number("METISVM_FUZZ_SECONDS", seconds));
    let (start, first) = (Instant::now(), number("METISVM_SEED", 0));
    let mut done = 0;
    while start.elapsed() < time || done < least {
        each(first + done);
        done += 1;
    }
    done
}

/// Options that a caller may give; mostly the usual ones.
fn options(random: &mut Random, bytes: &[u8], samples: bool) -> Options {
    let mut options = Options::default();
    // At times the other way round: samples where there is no need, none where there is.
    if samples != (random.below(16) == 0) {
        options.calibration = made_up_calibration(bytes);
    }
    match random.below(24) {
        0 => options.batch = Some(random.pick(&[0, 1, 3, u32::MAX])),
        1 => drop(
            options
                .dims
                .insert("N".to_string(), random.pick(&[0, 2, 1 << 20])),
        ),
        2 => drop(
            options
                .shapes
                .insert("x".to_string(), vec![random.pick(&[0, 1, 2, 8, u32::MAX]); 2]),
        ),
        3 => options.keep = vec![random.pick(&["y", "x", "t_0", "", "no such"]).to_string()],
        4 => options.activation = ActivationType::I8,
        5 => options.range = Range::MeanMinMax,
        6 => {
            let grid = Grid {
                scale: random.pick(&[0.0, 1e-38, 0.01, 1.0, f32::NAN, 1e30]),
                zero_point: random.pick(&[0, 1, -129, 300]),
                dtype: random.pick(&[DType::U8, DType::I8, DType::I16, DType::I32]),
            };
            options.input_grids.insert("x".to_string(), grid);
        }
        _ => {}
    }
    options
}

/// What became of many files.
#[derive(Debug, Default)]
struct Tally {
    taken: u64,
    refused: u64,
    slowest: Duration,
    /// The seed of that one.
    slow_seed: u64,
}

impl Tally {
    /// Imports a file of a seed. Of one that panics or takes long the seed is told and the file is kept.
    fn import(&mut self, seed: u64, random: &mut Random, bytes: &[u8], samples: bool) {
        let options = options(random, bytes, samples);
        let started = cpu_time();
        let result = catch_unwind(AssertUnwindSafe(|| import_onnx(bytes, &options)));
        let took = cpu_time().saturating_sub(started);
        let result = match result {
            Ok(result) if took < LONGEST => result,
            found => {
                let path = std::env::temp_dir().join(format!("metisvm-import-{seed}.onnx"));
                std::fs::write(&path, bytes).unwrap();
                let what = if found.is_err() {
                    "a panic"
                } else {
                    "it takes long"
                };
                panic!(
                    "METISVM_SEED={seed}, {} with {options:?}: {what}, {took:?}",
                    path.display()
                );
            }
        };
        match result {
            Ok(_) => self.taken += 1,
            Err(e) => {
                self.refused += 1;
                let text = e.to_string();
                let plain = |c: char| !c.is_control() || c == '\n';
                assert!(text.len() < 8000 && text.chars().all(plain), "{seed}: {text}");
            }
        }
        if took > self.slowest {
            (self.slowest, self.slow_seed) = (took, seed);
        }
    }

    fn check(&self, count: u64) {
        println!("{count} files: {self:?}");
        // Most bytes of small files are names and lengths, so that most damage is seen at once.
        let least = count / 100;
        assert!(
            self.taken > least && self.refused > least,
            "too weak or too strong: {self:?}"
        );
    }
}

#[test]
fn damaged_models_never_panic_and_end_quickly() {
    let seeds = seeds::seeds();
    let mut tally = Tally::default();
    let count = until_time_is_up(10, 1000, |number| {
        let mut random = Random(number);
        let seed = &seeds[random.below(seeds.len())];
        let other = &seeds[random.below(seeds.len())].bytes;
        let bytes = damage(&mut random, &seed.bytes, other);
        tally.import(number, &mut random, &bytes, seed.samples);
    });
    tally.check(count);
}

#[test]
fn rewritten_models_never_panic_and_end_quickly() {
    let seeds = seeds::seeds();
    let mut tally = Tally::default();
    let count = until_time_is_up(10, 1000, |number| {
        // Others than those that are damaged.
        let mut random = Random(!number);
        let seed = &seeds[random.below(seeds.len())];
        let mut model = onnx_rs::parse(&seed.bytes).unwrap();
        rewrite::rewrite(&mut random, &mut model);
        let bytes = onnx_rs::encode(&model);
        tally.import(number, &mut random, &bytes, seed.samples);
    });
    tally.check(count);
}

#[test]
fn damaged_arrays_never_panic() {
    let seed = read("digits/calibration.npy");
    let (mut taken, mut refused) = (0, 0);
    let count = until_time_is_up(2, 3000, |number| {
        let mut random = Random(number);
        // Most of it header: there is where the reader can be led astray.
        let length = 128 + random.below(64) * 4;
        let bytes = damage(&mut random, &seed[..length], &seed);
        let mut whole = damage(&mut random, &seed[..128], &seed);
        whole.extend_from_slice(&seed[128..]);
        for bytes in [bytes, whole] {
            match npy::read(&bytes) {
                Ok(_) => taken += 1,
                Err(_) => refused += 1,
            }
        }
    });
    println!("{count} times two arrays: {taken} taken, {refused} refused");
    assert!(refused > count / 3);
}

#[test]
fn damaged_archives_never_panic() {
    /// More than the arrays take.
    const MOST: usize = 1 << 12;
    let seeds = ["stored", "deflated"].map(|name| read(&format!("fixtures/npz/{name}.npz")));
    let unpack = |bytes: &[u8]| {
        let archive = npz::Archive::read(bytes, MOST)?;
        let names: Vec<String> = archive.names().map(str::to_string).collect();
        let arrays = names.iter().filter_map(|name| archive.get(name));
        let arrays = arrays.map(|bytes| npy::read_numbers(&bytes?));
        arrays.collect::<Result<Vec<_>, _>>()
    };
    for seed in &seeds {
        assert_eq!(unpack(seed).unwrap().len(), 2);
    }
    let (mut taken, mut refused) = (0, 0);
    let count = until_time_is_up(2, 3000, |number| {
        let mut random = Random(number);
        let seed = random.pick(&[0, 1]);
        match unpack(&damage(&mut random, &seeds[seed], &seeds[1 - seed])) {
            Ok(_) => taken += 1,
            Err(_) => refused += 1,
        }
    });
    println!("{count} archives: {taken} taken, {refused} refused");
    assert!(taken > count / 100 && refused > count / 3);
}
