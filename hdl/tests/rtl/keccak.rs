//! Keccak cores against `sha3`: in Verilator with messages of every length and stalls at both ends, and a few
//! in rust-hdl's own simulation.

use crate::random::Random;
use crate::verilator::{self, Model};
use metisvm_hdl::keccak::core::Core;
use metisvm_hdl::keccak::round::round_constants;
use rust_hdl::prelude::{Block, simulate};
use sha3::{Digest, Keccak256};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Mutex;

/// A core by the rounds that it executes in a cycle.
fn model(rounds: u64) -> Option<&'static Model> {
    static MODELS: Mutex<BTreeMap<u64, &Model>> = Mutex::new(BTreeMap::new());
    let verilator = verilator::command()?;
    let build = || {
        let top = match rounds {
            1 => "metisvm_keccak_core".to_owned(),
            _ => format!("metisvm_keccak_core_{rounds}"),
        };
        &*Box::leak(Box::new(Model::build(verilator, &top, "keccak.cpp")))
    };
    Some(MODELS.lock().unwrap().entry(rounds).or_insert_with(build))
}

/// What came of a batch: cycles, and rounds that were executed.
struct Ran {
    cycles: u64,
    busy: u64,
}

/// Hashes messages on a core of so many rounds a cycle, with the source and the sink holding back in so many
/// of 256 cycles.
fn hash(rounds: u64, name: &str, messages: &[Vec<u8>], [source, sink]: [u32; 2]) -> Option<Ran> {
    let model = model(rounds)?;
    let mut text = format!("{} {source} {sink}\n", messages.len());
    for message in messages {
        write!(text, "{} ", message.len()).unwrap();
        for byte in message {
            write!(text, "{byte:02x}").unwrap();
        }
        text.push('\n');
    }
    let answer = model.feed(name, &text);
    let mut lines = answer.lines();
    for (index, message) in messages.iter().enumerate() {
        let digest: String = Keccak256::digest(message)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(
            lines.next(),
            Some(&*digest),
            "{name}: message {index}, {} bytes",
            message.len()
        );
    }
    let counts: Vec<u64> = lines
        .next()
        .unwrap()
        .split(' ')
        .map(|n| n.parse().unwrap())
        .collect();
    assert_eq!(lines.next(), None);
    Some(Ran {
        cycles: counts[0],
        busy: counts[1],
    })
}

fn messages(lengths: impl IntoIterator<Item = usize>) -> Vec<Vec<u8>> {
    let mut random = Random(17);
    let message = |length| (0..length).map(|_| random.bits() as u8).collect();
    lengths.into_iter().map(message).collect()
}

/// The permutations that messages of these lengths take.
fn permutations(messages: &[Vec<u8>]) -> u64 {
    messages
        .iter()
        .map(|message| message.len() as u64 / 136 + 1)
        .sum()
}

/// Messages of every length up to two blocks and more.
fn lengths(rounds: u64) {
    let messages = messages(0..=300);
    let Some(ran) = hash(rounds, "lengths", &messages, [0, 0]) else {
        return;
    };
    assert_eq!(ran.busy, 24 / rounds * permutations(&messages));
}

/// Source and sink hold back.
fn stalls(rounds: u64) {
    for (name, stalls) in [
        ("slow-source", [200, 0]),
        ("slow-sink", [0, 250]),
        ("both-slow", [128, 128]),
        ("very-slow", [250, 250]),
    ] {
        hash(rounds, name, &messages((0..=300).step_by(7)), stalls);
    }
}

/// Long messages, blocks at their edges, and bytes that look like padding.
fn edges(rounds: u64) {
    let edges = [1, 2, 3, 8, 30]
        .into_iter()
        .flat_map(|blocks| [136 * blocks - 1, 136 * blocks, 136 * blocks + 1]);
    let mut messages = messages(edges.chain([0, 0, 4096, 0]));
    messages.push([&[1; 135][..], &[0x80]].concat());
    messages.push(vec![0; 136]);
    hash(rounds, "edges", &messages, [20, 20]);
}

#[test]
fn messages_of_every_length_up_to_two_blocks_and_more() {
    lengths(1);
}

#[test]
fn source_and_sink_may_hold_back() {
    stalls(1);
}

#[test]
fn long_messages_and_blocks_at_their_edges() {
    edges(1);
}

#[test]
fn core_of_two_rounds_a_cycle() {
    lengths(2);
    stalls(2);
    edges(2);
}

#[test]
fn core_of_three_rounds_a_cycle() {
    lengths(3);
    stalls(3);
    edges(3);
}

#[test]
fn core_of_a_whole_permutation_a_cycle() {
    lengths(24);
    stalls(24);
    edges(24);
}

/// The words of a block come in while the one before is permuted, but not faster than one a cycle.
#[test]
fn absorber_bounds_what_more_rounds_a_cycle_give() {
    let messages = messages([136 * 20; 10]);
    let blocks = permutations(&messages);
    for (rounds, most) in [(1, 24.5), (2, 20.5), (24, 20.5)] {
        let Some(ran) = hash(rounds, "blocks", &messages, [0, 0]) else {
            return;
        };
        let cycles = ran.cycles as f64 / blocks as f64;
        assert!(cycles < most, "{rounds} rounds a cycle: {cycles} cycles a block");
    }
}

#[test]
fn core_is_busy_with_batches_of_messages_of_136_bytes() {
    let messages = messages([136; 1000]);
    let Some(ran) = hash(1, "busy", &messages, [0, 0]) else {
        return;
    };
    let share = ran.busy as f64 / ran.cycles as f64;
    assert!(share >= 0.95, "{share}");
}

/// As FIPS 202 lists what its algorithm 5 gives.
#[test]
fn round_constants_are_those_of_the_standard() {
    let known = [
        0x0000_0000_0000_0001,
        0x0000_0000_0000_8082,
        0x8000_0000_0000_808a,
        0x8000_0000_8000_8000,
        0x0000_0000_0000_808b,
        0x0000_0000_8000_0001,
        0x8000_0000_8000_8081,
        0x8000_0000_0000_8009,
        0x0000_0000_0000_008a,
        0x0000_0000_0000_0088,
        0x0000_0000_8000_8009,
        0x0000_0000_8000_000a,
        0x0000_0000_8000_808b,
        0x8000_0000_0000_008b,
        0x8000_0000_0000_8089,
        0x8000_0000_0000_8003,
        0x8000_0000_0000_8002,
        0x8000_0000_0000_0080,
        0x0000_0000_0000_800a,
        0x8000_0000_8000_000a,
        0x8000_0000_8000_8081,
        0x8000_0000_0000_8080,
        0x0000_0000_8000_0001,
        0x8000_0000_8000_8008_u64,
    ];
    assert_eq!(round_constants(), known);
}

/// Updates after which a change must have died out.
const MOST_UPDATES: usize = 64;

/// One cycle of rust-hdl's simulation, its inputs being set.
fn edge(core: &mut Core) {
    for level in [true, false] {
        core.clock.next = level.into();
        assert!(simulate(core, MOST_UPDATES));
    }
}

/// Offers a message for so many cycles at most, and gives the digest as far as it came out.
fn simulated(core: &mut Core, message: &[u8], cycles: usize) -> Vec<u8> {
    let mut at = 0;
    let mut offers = true;
    let mut digest = Vec::new();
    for _ in 0..cycles {
        let left = message.len() - at;
        core.in_valid.next = offers;
        core.in_data.next = {
            let mut word = [0xee; 8];
            let count = left.min(8);
            word[..count].copy_from_slice(&message[at..at + count]);
            u64::from_le_bytes(word).into()
        };
        core.in_bytes.next = (left.min(8) as u64).into();
        core.in_last.next = left <= 8;
        core.out_ready.next = true;
        assert!(simulate(core, MOST_UPDATES));
        if core.out_valid.val() {
            digest.extend(u64::from(core.out_data.val()).to_le_bytes());
        }
        if offers && core.in_ready.val() {
            at += left.min(8);
            offers = left > 8;
        }
        let ends = core.out_valid.val() && core.out_last.val();
        edge(core);
        if ends {
            break;
        }
    }
    core.in_valid.next = false;
    digest
}

#[test]
fn simulation_of_rust_hdl_gives_the_same_digests() {
    let mut core = Core::default();
    core.connect_all();
    for message in messages([0, 5, 136, 150]) {
        let digest = simulated(&mut core, &message, 200);
        let expected = Keccak256::digest(&message).to_vec();
        assert_eq!(digest, expected, "{} bytes", message.len());
    }
}

/// Whatever the core is at, a `clear` of one cycle leaves nothing of it, and the next word may follow at
/// once.
#[test]
fn clear_forgets_a_message_in_every_cycle_of_it() {
    let mut core = Core::default();
    core.connect_all();
    let messages = messages([150, 20]);
    let expected = Keccak256::digest(&messages[1]).to_vec();
    // The first message has its digest after some 75 cycles.
    for cycles in 0..80 {
        simulated(&mut core, &messages[0], cycles);
        core.clear.next = true;
        assert!(simulate(&mut core, MOST_UPDATES));
        edge(&mut core);
        core.clear.next = false;
        let digest = simulated(&mut core, &messages[1], 100);
        assert_eq!(digest, expected, "cleared after {cycles} cycles");
    }
}
