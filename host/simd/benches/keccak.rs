//! Keccak-256 by level, in permutations a second of one core: `cargo bench -p metisvm-simd --bench keccak`.
//! The levels take turns, and what counts is the median of the samples; `METISVM_SAMPLES` says how many (21).

use metisvm_simd::{Level, keccak};
use std::hint::black_box;
use std::time::Instant;

/// What is hashed: a name, the bytes of a message, and how many messages a sample has.
const WORK: [(&str, usize, usize); 4] = [
    ("leaves of accounts", 110, 4096),
    ("branches", 532, 1024),
    ("code", 24 * 1024, 24),
    ("hashed keys", 32, 4096),
];

fn main() {
    let samples = std::env::var("METISVM_SAMPLES").ok();
    let samples = samples.and_then(|text| text.parse().ok()).unwrap_or(21);
    println!("Keccak-f[1600] a second on one core, in millions; absorbing and digests are in it");
    for (name, length, count) in WORK {
        let bodies: Vec<Vec<u8>> = (0..count).map(|at| vec![at as u8; length]).collect();
        let messages: Vec<&[u8]> = bodies.iter().map(|body| &body[..]).collect();
        let mut digests = vec![[0; 32]; count];
        let levels: Vec<Level> = Level::available().collect();
        let mut times = vec![Vec::new(); levels.len()];
        for round in 0..samples {
            for turn in 0..levels.len() {
                let at = (round + turn) % levels.len();
                let started = Instant::now();
                keccak::keccak256_many(levels[at], black_box(&messages), &mut digests);
                times[at].push(started.elapsed());
                black_box(&mut digests);
            }
        }
        let permutations = (count * (length / keccak::RATE + 1)) as f64;
        let rates: Vec<f64> = times
            .iter_mut()
            .map(|times| {
                times.sort_unstable();
                permutations / times[times.len() / 2].as_secs_f64() / 1e6
            })
            .collect();
        let portable = rates.last().copied().unwrap_or(f64::NAN);
        println!("{name}, {length} bytes:");
        for (level, rate) in levels.iter().zip(rates) {
            println!(
                "  {:<12} {rate:>7.2}   {:>5.2} x portable",
                level.name(),
                rate / portable
            );
        }
    }
}
