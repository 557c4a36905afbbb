//! Keccak-256 of batches: the processor's levels on one thread and the devices that hash, beside keccak-asm
//! and sha3, which take one message after the other.

use crate::bench::{Bench, Case};
use crate::engine::Engine;
use crate::error::Error;
use crate::inputs;
use crate::record::{Measured, Record};
use crate::sample::{Taken, Way};
use crate::setup::Setup;
use crate::subject::Subject;
use crate::unit::Unit;
use alloy_primitives::keccak256;
use metisvm_simd::{Level, keccak};
use sha3::Digest as _;
use std::hint::black_box;
use std::time::Instant;

/// Messages of one length, in batches of several sizes.
struct Family {
    name: &'static str,
    bytes: usize,
    counts: &'static [usize],
}

const FAMILIES: [Family; 4] = [
    Family {
        name: "hashed keys, 32 bytes",
        bytes: 32,
        counts: &[1, 8, 64, 512, 4096],
    },
    Family {
        name: "leaves of accounts, 110 bytes",
        bytes: 110,
        counts: &[1, 8, 64, 512, 4096],
    },
    Family {
        name: "branches, 532 bytes",
        bytes: 532,
        counts: &[1, 8, 64, 512],
    },
    Family {
        name: "code, 24 KiB",
        bytes: 24 << 10,
        counts: &[1, 8, 64],
    },
];

/// A digest of each message.
type Digests = Vec<[u8; 32]>;

/// Hashes a batch.
type Hash<'s> = Box<dyn Fn(&[&[u8]], &mut Digests) -> Result<(), String> + 's>;

/// Who hashes.
enum Who {
    Peer(&'static str),
    Engine(Engine),
}

impl Who {
    fn name(&self) -> String {
        match self {
            Self::Peer(name) => (*name).to_owned(),
            Self::Engine(engine) => engine.title(),
        }
    }
}

/// What hashes a batch.
struct Hasher<'s> {
    who: Who,
    hash: Hash<'s>,
}

/// A case for each length and size of a batch, where anything of the list hashes.
pub(crate) fn cases(setup: &Setup) -> Vec<Case<'_>> {
    let peer = |hasher: &Hasher<'_>| matches!(hasher.who, Who::Peer(_));
    if hashers(setup).iter().all(peer) {
        return Vec::new();
    }
    let mut cases = Vec::new();
    for family in &FAMILIES {
        for &count in family.counts {
            cases.push(Case {
                subject: Subject::Keccak,
                name: format!("{}, {count} messages", family.name),
                measure: Box::new(move |bench| measure(bench, family, count)),
            });
        }
    }
    cases
}

/// The two peers, then whatever of the list hashes.
fn hashers(setup: &Setup) -> Vec<Hasher<'_>> {
    let mut all = vec![
        Hasher {
            who: Who::Peer("keccak-asm"),
            hash: Box::new(|messages, digests| {
                for (message, digest) in messages.iter().zip(digests) {
                    *digest = keccak256(message).0;
                }
                Ok(())
            }),
        },
        Hasher {
            who: Who::Peer("sha3"),
            hash: Box::new(|messages, digests| {
                for (message, digest) in messages.iter().zip(digests) {
                    *digest = sha3::Keccak256::digest(message).into();
                }
                Ok(())
            }),
        },
    ];
    for engine in &setup.engines {
        if let Some(best) = engine
            .level
            .as_deref()
            .and_then(|level| level.parse::<Level>().ok())
        {
            all.extend(levels(engine, best));
        }
        if let Some(device) = &engine.keccak {
            all.push(Hasher {
                who: Who::Engine(engine.clone()),
                hash: Box::new(|messages, digests| {
                    let found = device.keccak(messages).map_err(|error| error.to_string())?;
                    *digests = found;
                    Ok(())
                }),
            });
        }
    }
    all
}

/// The levels from `best` down that do not hash by the same code.
fn levels<'s>(engine: &Engine, best: Level) -> Vec<Hasher<'s>> {
    let mut lanes = usize::MAX;
    let mut all = Vec::new();
    for level in Level::available().filter(|level| *level <= best) {
        if keccak::lanes(level) == lanes {
            continue;
        }
        lanes = keccak::lanes(level);
        let engine = Engine {
            level: Some(level.name().to_owned()),
            ..engine.clone()
        };
        all.push(Hasher {
            who: Who::Engine(engine),
            hash: Box::new(move |messages, digests| {
                keccak::keccak256_many(level, messages, digests);
                Ok(())
            }),
        });
    }
    all
}

fn measure(bench: &Bench<'_>, family: &Family, count: usize) -> Result<Vec<Record>, Error> {
    let case = format!("{}, {count} messages", family.name);
    let bodies: Vec<Vec<u8>> = (0..count as u64)
        .map(|seed| inputs::bytes(seed, family.bytes))
        .collect();
    let messages: Vec<&[u8]> = bodies.iter().map(Vec::as_slice).collect();
    let expected: Digests = messages.iter().map(|message| keccak256(message).0).collect();
    let work = (count * (family.bytes / keccak::RATE + 1)) as f64;
    let mut running = Vec::new();
    for hasher in hashers(bench.setup) {
        let name = hasher.who.name();
        if !bench.is_worth_it(&name, "keccak", &case, work) {
            continue;
        }
        let mut digests = vec![[0; 32]; count];
        let started = Instant::now();
        if let Err(why) = (hasher.hash)(&messages, &mut digests) {
            bench.note(format!("left out: {name} at {case}: {why}"));
            continue;
        }
        bench.learn(&name, "keccak", work, started.elapsed());
        if digests != expected {
            return Err(Error::Disagrees { case, engine: name });
        }
        running.push(hasher);
    }
    let way = |hasher| -> Way<'_> {
        let (Hasher { hash, .. }, messages): (&Hasher<'_>, _) = (hasher, &messages);
        let mut digests = vec![[0; 32]; count];
        Box::new(move || {
            let done = hash(black_box(messages), &mut digests);
            black_box(&mut digests);
            done
        })
    };
    let outcomes = bench.by_turns(running.iter().map(way).collect());
    let mut peers: Vec<(&str, &Taken)> = Vec::new();
    let mut records = Vec::new();
    for (hasher, outcome) in running.iter().zip(&outcomes) {
        let (engine, taken) = match (&hasher.who, outcome) {
            (Who::Engine(engine), Ok(taken)) => (engine, taken),
            (Who::Peer(name), Ok(taken)) => {
                peers.push((name, taken));
                continue;
            }
            (who, Err(why)) => {
                bench.note(format!("left out: {} at {case}: {why}", who.name()));
                continue;
            }
        };
        for &(name, peer) in &peers {
            let peer = (name, Measured { taken: peer, work });
            let figure = Measured { taken, work };
            let record = Record::new(
                Subject::Keccak,
                &case,
                Unit::PERMUTATIONS,
                engine,
                &figure,
                Some(peer),
            );
            let mut record = record.at(family.name, count as f64, "messages");
            record.threads = Some(1);
            records.push(record);
        }
    }
    Ok(records)
}
