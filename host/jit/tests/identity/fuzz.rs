//! Bytes that a fuzzer made up: they are the choices of the generator, so every byte string is a program, and a changed
//! byte changes a part of it. Seconds of it run with every test run; `METISVM_FUZZ_SECONDS` says how many,
//! `METISVM_SEED` where to begin.
//!
//! `corpus` has the inputs to begin with. An input that reaches something new joins them while a run goes on, and is
//! written to the folder `METISVM_JIT_CORPUS` where one is named.

use crate::{
    check::Pair,
    generate::Trial,
    knobs::{given, number},
    native::{Compilers, is_left_out},
    program::Item,
    report,
    shrink::{MANY, shrunk},
    source::Source,
};
use revm::primitives::{hex, keccak256};
use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// Inputs are at most so long, in bytes: a generator's choices for a few dozen instructions.
const LONGEST: usize = 512;
/// Inputs that are tried at least, however short the time is.
const LEAST: u64 = 200;

/// What one input reached: pairs of neighbouring instructions by fork, and ways to end.
type Reached = HashSet<(u8, u8, u8)>;

fn reached(trial: &Trial) -> Reached {
    let opcodes = trial.program.items.iter().map(Item::opcode);
    let opcodes: Vec<u8> = opcodes.collect();
    opcodes
        .windows(2)
        .map(|pair| (trial.spec as u8, pair[0], pair[1]))
        .collect()
}

/// The inputs of a folder, in the order of their names: hexadecimal, lines with `#` are for people.
fn corpus(folder: &Path) -> Vec<Vec<u8>> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .expect("the corpus can be read")
        .map(|entry| entry.expect("the corpus can be read").path())
        .collect();
    files.sort();
    let inputs = files.into_iter().map(|file| {
        let text = fs::read_to_string(&file).expect("the corpus can be read");
        let digits: String = text.lines().filter(|line| !line.starts_with('#')).collect();
        hex::decode(digits.trim()).unwrap_or_else(|why| panic!("{}: {why}", file.display()))
    });
    inputs.collect()
}

/// An input with something changed, or a part of it and a part of another one.
fn changed(input: &[u8], other: &[u8], source: &mut Source) -> Vec<u8> {
    let mut changed = input.to_vec();
    for _ in 0..=source.below(4) {
        let at = source.below(changed.len() + 1);
        match source.below(8) {
            0 if at < changed.len() => changed[at] ^= 1 << source.below(8),
            1 if at < changed.len() => changed[at] = source.next() as u8,
            2 => changed.truncate(at),
            3 => changed.extend((0..source.below(24)).map(|_| source.next() as u8)),
            4 if at < changed.len() => {
                changed.remove(at);
            }
            5 => changed.insert(at, source.next() as u8),
            6 => {
                let from = source.below(other.len() + 1);
                changed.truncate(at);
                changed.extend_from_slice(&other[from..]);
            }
            _ => {
                let from = source.below(changed.len() + 1);
                let part = changed[from.min(at)..from.max(at)].to_vec();
                changed.extend(part);
            }
        }
    }
    changed.truncate(LONGEST);
    changed
}

#[test]
fn made_up_bytes_come_out_as_the_interpreter_has_them() {
    if is_left_out("made-up bytes") {
        return;
    }
    let time = Duration::from_secs(number("METISVM_FUZZ_SECONDS", 3));
    let kept: Option<PathBuf> = given("METISVM_JIT_CORPUS");
    let start = Instant::now();
    let mut source = Source::of_seed(number("METISVM_SEED", 0));
    let mut inputs = corpus(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/identity/corpus"));
    assert!(!inputs.is_empty(), "there is no corpus");
    let mut pair = Pair::new(Compilers::new());
    let (mut known, mut tried, given) = (Reached::new(), 0, inputs.len());
    while start.elapsed() < time || tried < LEAST + given as u64 {
        let input = match inputs.get(tried as usize) {
            Some(input) if (tried as usize) < given => input.clone(),
            _ => {
                let (one, other) = (source.below(inputs.len()), source.below(inputs.len()));
                changed(&inputs[one], &inputs[other], &mut source)
            }
        };
        tried += 1;
        let trial = Trial::of_bytes(input.clone());
        let ends = pair.reasons.len();
        let hash = keccak256(&input);
        let variants = u64::from_be_bytes(hash[..8].try_into().expect("a hash is longer"));
        if let Err(found) = pair.check(&trial, &mut Source::of_seed(variants)) {
            let small = shrunk(*found, MANY, |trial| pair.differs(trial));
            panic!("input {}\n{}", hex::encode(&input), report::of(variants, &small));
        }
        let before = known.len();
        known.extend(reached(&trial));
        if known.len() > before || pair.reasons.len() > ends {
            if let Some(folder) = &kept {
                let file = folder.join(format!("{}.hex", hex::encode(&hash[..6])));
                fs::write(file, hex::encode(&input)).expect("the folder can be written");
            }
            inputs.push(input);
        }
    }
    println!(
        "{tried} inputs, {} executions, {} pairs of instructions, {} ways to end",
        pair.done.executions,
        known.len(),
        pair.reasons.len()
    );
}
