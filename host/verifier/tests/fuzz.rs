//! Proofs and statements that somebody made up. Seconds of it run with every test run; `METISVM_FUZZ_SECONDS` says how
//! many, `METISVM_SEED` where to begin.
//!
//! Nothing may panic, nothing but what was proven may be accepted, and an error says what is wrong.

mod common;

use common::{OUTPUTS, Proven, config, proven};
use metisvm_verifier::{BatchVerifier, Statement, VerifyError, commit};
use plonky2::fri::reduction_strategies::FriReductionStrategy;
use plonky2::plonk::circuit_data::CircuitConfig;
use std::time::{Duration, Instant};

/// SplitMix64.
struct Rng(u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below one that is not 0.
    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }
}

fn number(name: &str, default: u64) -> u64 {
    let given = std::env::var(name).ok().map(|text| text.parse());
    given.map_or(default, |number| {
        number.unwrap_or_else(|_| panic!("{name} is no number"))
    })
}

/// Circuits of several forms: blinded and not, two challenges and three, caps and foldings of other sizes.
fn circuits() -> Vec<Proven> {
    let blinded = config();
    let plain = CircuitConfig {
        zero_knowledge: false,
        ..config()
    };
    let mut three_challenges = plain.clone();
    three_challenges.num_challenges = 3;
    let mut small = plain.clone();
    small.fri_config.cap_height = 0;
    small.fri_config.reduction_strategy = FriReductionStrategy::ConstantArityBits(1, 1);
    [blinded, plain, three_challenges, small]
        .iter()
        .map(proven)
        .collect()
}

/// The bytes with something changed, or a part of them, or other ones.
fn changed(bytes: &[u8], other: &[u8], rng: &mut Rng) -> Vec<u8> {
    let mut changed = bytes.to_vec();
    for _ in 0..=rng.below(3) {
        if changed.is_empty() {
            break;
        }
        let at = rng.below(changed.len());
        match rng.below(9) {
            0 => changed[at] ^= 1 << rng.below(8),
            1 => changed[at] = rng.next() as u8,
            2 => changed.truncate(at),
            3 => changed.extend((0..rng.below(40)).map(|i| i as u8)),
            4 => {
                // Numbers at the edge of the field.
                let edge = [
                    0,
                    1,
                    u64::MAX,
                    0xffff_ffff_0000_0000,
                    0xffff_ffff_0000_0001,
                    1 << 63,
                ][rng.below(6)];
                let at = at & !7;
                let end = changed.len().min(at + 8);
                changed[at..end].copy_from_slice(&edge.to_le_bytes()[..end - at]);
            }
            5 => {
                let to = rng.below(changed.len());
                let length = rng.below(400).min(changed.len() - at.max(to));
                changed.copy_within(at..at + length, to);
            }
            6 => {
                let end = changed.len().min(other.len());
                changed[at.min(end)..end].copy_from_slice(&other[at.min(end)..end]);
            }
            7 => {
                changed.remove(at);
            }
            _ => changed.insert(at, rng.next() as u8),
        }
    }
    changed
}

/// Another statement, or the same.
fn restated(statement: &Statement, rng: &mut Rng) -> Statement {
    let mut other = statement.clone();
    let bit = 1u8 << rng.below(8);
    match rng.below(8) {
        0 => other.model.0[rng.below(32)] ^= bit,
        1 => other.input = commit(&[rng.next() as u8; 32], b"input"),
        2 => other.output[rng.below(OUTPUTS)] ^= bit,
        3 => other.output = vec![0; rng.below(9)],
        4 => other.chain_id ^= 1 << rng.below(64),
        5 => other.job_id[rng.below(32)] ^= bit,
        _ => {}
    }
    other
}

#[test]
fn nothing_but_what_was_proven_is_accepted() {
    let time = Duration::from_secs(number("METISVM_FUZZ_SECONDS", 2));
    let (start, first) = (Instant::now(), number("METISVM_SEED", 0));
    let circuits = circuits();
    let (mut done, mut accepted, mut refused) = (0, 0u64, 0u64);
    while start.elapsed() < time || done < 200 {
        let mut rng = Rng(first + done);
        done += 1;
        let proven = &circuits[rng.below(circuits.len())];
        let other = &circuits[rng.below(circuits.len())];
        let statement = restated(&proven.statement, &mut rng);
        let bytes = match rng.below(4) {
            0 => proven.proof.clone(),
            _ => changed(&proven.proof, &other.proof, &mut rng),
        };
        let is_proven = statement == proven.statement && bytes == proven.proof;
        match proven.verifier.verify(&statement, &bytes) {
            Ok(()) => {
                assert!(is_proven, "seed {}: accepted", rng.0);
                accepted += 1;
            }
            Err(error) => {
                assert!(!is_proven, "seed {}: {error}", rng.0);
                assert!(!error.to_string().is_empty());
                refused += 1;
            }
        }
        // The same bytes as a batch of statements: another number of public inputs makes no difference to the form.
        let batch = BatchVerifier::new(
            proven.verifier.with_key(proven.verifier.key().clone()),
            vec![1 + rng.below(3), 1 + rng.below(3)],
            proven.verifier.key().clone(),
        );
        let statements = vec![statement; rng.below(11)];
        let result = batch.verify(&statements, &bytes);
        assert!(result.is_err(), "a proof of one inference is none of a batch");
        if statements.is_empty() {
            assert!(matches!(result, Err(VerifyError::Batch { .. })));
        }
    }
    println!("{done} proofs: {refused} refused, {accepted} accepted");
    assert!(accepted > 0 && refused > done / 2);
}
