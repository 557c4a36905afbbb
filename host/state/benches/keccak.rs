//! Keccak-256 and state roots, by level and against keccak-asm one by one:
//! `cargo bench -p metisvm-state --bench keccak`. One thread and the processor time of it; the engines take turns,
//! and what counts is the median of the samples (`METISVM_SAMPLES`, 21). `-- permutations` and `-- roots` do one of both.

use alloy_primitives::{Address, B256, KECCAK256_EMPTY, U256, keccak256};
use alloy_trie::EMPTY_ROOT_HASH;
use metisvm_simd::{Level, keccak};
use metisvm_state::{
    AccountChange, BasicAccount, CpuKeccak, KeccakBatch, MemoryNodes, StateChanges, WorldTrie,
};
use rustix::time::{ClockId, clock_gettime};
use std::{hint::black_box, time::Duration};

/// As the binary has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What hashed before there were levels: keccak-asm, one message after the other.
struct OneByOne;

impl KeccakBatch for OneByOne {
    fn hash(&self, messages: &[&[u8]], digests: &mut [B256]) {
        for (message, digest) in messages.iter().zip(digests) {
            *digest = keccak256(message);
        }
    }
}

/// One level of this processor.
struct At(Level);

impl KeccakBatch for At {
    fn hash(&self, messages: &[&[u8]], digests: &mut [B256]) {
        keccak::keccak256_each(self.0, messages, &mut |at, digest| {
            digests[at] = B256::new(*digest);
        });
    }
}

fn engines() -> Vec<(&'static str, Box<dyn KeccakBatch>)> {
    let levels = Level::available().map(|level| (level.name(), Box::new(At(level)) as Box<dyn KeccakBatch>));
    let asm: (_, Box<dyn KeccakBatch>) = ("keccak-asm", Box::new(OneByOne));
    levels.chain([asm]).collect()
}

/// The time that the processor has spent on this thread.
fn so_far() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// The median time of each engine for the same work.
fn medians(
    engines: &[(&'static str, Box<dyn KeccakBatch>)],
    samples: usize,
    mut work: impl FnMut(&dyn KeccakBatch),
) -> Vec<Duration> {
    let mut times = vec![Vec::new(); engines.len()];
    for round in 0..samples + 1 {
        for turn in 0..engines.len() {
            let at = (round + turn) % engines.len();
            let started = so_far();
            work(&*engines[at].1);
            let spent = so_far() - started;
            // The first round brings code and data into the caches.
            if round > 0 {
                times[at].push(spent);
            }
        }
    }
    times
        .iter_mut()
        .map(|times| {
            times.sort_unstable();
            times[times.len() / 2]
        })
        .collect()
}

fn permutations(samples: usize) {
    println!("Keccak-f[1600] a second on one core, in millions; absorbing and digests are in it");
    for (name, length, count) in [
        ("hashed keys", 32, 8192),
        ("leaves of accounts", 110, 8192),
        ("branches", 532, 2048),
        ("code", 24 * 1024, 48),
    ] {
        let bodies: Vec<Vec<u8>> = (0..count).map(|at| vec![at as u8; length]).collect();
        let messages: Vec<&[u8]> = bodies.iter().map(|body| &body[..]).collect();
        let mut digests = vec![B256::ZERO; count];
        let engines = engines();
        let times = medians(&engines, samples, |engine| {
            engine.hash(black_box(&messages), &mut digests);
            black_box(&mut digests);
        });
        println!("{name}, {length} bytes:");
        let done = (count * (length / keccak::RATE + 1)) as f64;
        let asm = times.last().copied().unwrap_or_default().as_secs_f64();
        for ((name, _), time) in engines.iter().zip(&times) {
            let seconds = time.as_secs_f64();
            println!(
                "  {name:<12} {:>7.2}   {:>5.2} x keccak-asm",
                done / seconds / 1e6,
                asm / seconds
            );
        }
    }
}

fn changes(accounts: impl Iterator<Item = u64>, nonce: u64, slots: u64) -> StateChanges {
    let mut changes = StateChanges::default();
    for n in accounts {
        let address = Address::from_word(keccak256(n.to_be_bytes()));
        let change = AccountChange {
            account: Some(BasicAccount {
                balance: U256::from(n) << 40,
                nonce,
                code_hash: KECCAK256_EMPTY,
            }),
            storage_cleared: false,
            storage: (0..slots)
                .map(|slot| (U256::from(slot), U256::from(nonce)))
                .collect(),
        };
        changes.accounts.insert(address, change);
    }
    changes
}

fn roots(samples: usize) {
    let total = 100_000;
    let engines = engines();
    for slots in [0, 10] {
        let mut nodes = MemoryNodes::default();
        let (root, update) = WorldTrie::new(&nodes, &CpuKeccak)
            .apply(EMPTY_ROOT_HASH, &changes(0..total, 1, slots))
            .expect("a trie from nothing");
        nodes.apply(&update);
        for count in [1_000, 10_000] {
            // Spread over the accounts; a fifth of the slots of each.
            let block = changes((0..count).map(|n| n * (total / count)), 2, slots / 5);
            let times = medians(&engines, samples, |engine| {
                let result = WorldTrie::new(&nodes, engine).apply(root, &block);
                black_box(result.expect("a trie that is whole"));
            });
            println!(
                "root after {count} changed of {total} accounts, {} slots of each:",
                slots / 5
            );
            let asm = times.last().copied().unwrap_or_default().as_secs_f64();
            for ((name, _), time) in engines.iter().zip(&times) {
                let seconds = time.as_secs_f64();
                println!(
                    "  {name:<12} {:>7.2} ms   {:>5.2} x keccak-asm",
                    seconds * 1e3,
                    asm / seconds
                );
            }
        }
    }
}

fn main() {
    let samples = std::env::var("METISVM_SAMPLES").ok();
    let samples = samples.and_then(|text| text.parse().ok()).unwrap_or(21);
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    let only = std::env::args()
        .nth(1)
        .filter(|argument| !argument.starts_with('-'));
    let wanted = |name| only.as_deref().is_none_or(|only| only == name);
    one.expect("a thread").install(|| {
        if wanted("permutations") {
            permutations(samples);
        }
        if wanted("roots") {
            roots(samples);
        }
    });
}
