//! How fast the engine is: what a program gets out of it that overlaps load, compute and store.

use crate::bench::{EVENTS, Ran, eight};
use crate::memory::hash;
use crate::random::Random;
use crate::weave::{Weave, blank, script, words};
use metisvm_firmware::{
    Buffer, Burst, Dtype, Gemm, Lanes, Load, LoadTiles, Operation, Space, StoreTiles, Walk,
};
use metisvm_sim::machine::{Machine, Spaces};
use std::sync::atomic::AtomicBool;

/// Cycles from a request to its first word, beside the one in which it is taken.
const LATENCY: u64 = 20;
/// Bytes of a tile of A, 8×4 bytes, or of B, 4×8; of one of ACC, 8×8 sums of four.
const OPERAND_TILE: u64 = 32;
const SUMS_TILE: u64 = 256;
/// Bytes of the spaces.
const RESIDENT: usize = 1 << 16;
const INPUT: usize = 1 << 16;
const OUTPUT: usize = 1 << 18;

/// Runs operations with the tokens that they need, on a memory that never holds back; what they leave there is the
/// functional card's. Gives the last of two items: the first one's beginning is fetched behind the header.
fn run(name: &str, latency: u64, operations: &[Operation]) -> Option<Ran> {
    let model = eight()?;
    let mut text = format!(
        "o 0 {}\nm 7\ns 0 0 {RESIDENT}\ns 1 {RESIDENT} {INPUT}\ns 2 {} {OUTPUT}\n",
        (RESIDENT + INPUT + OUTPUT) / 8,
        RESIDENT + INPUT
    );
    let mut random = Random(7);
    let mut bytes: Vec<u8> = (0..(RESIDENT + INPUT + OUTPUT) / 8)
        .flat_map(|_| random.bits().to_le_bytes())
        .collect();
    let mut weave = Weave::new(model.geometry, 0);
    let mut machine = Machine::new(model.geometry);
    for operation in operations {
        let (resident, rest) = bytes.split_at_mut(RESIDENT);
        let (input, output) = rest.split_at_mut(INPUT);
        let mut spaces = Spaces {
            resident,
            input,
            output,
            workspace: &mut [],
            state: &mut [],
        };
        machine
            .execute(&blank(*operation), &mut spaces, &AtomicBool::new(false))
            .unwrap();
        weave.push(*operation, &mut random);
    }
    let streams = weave.finish();
    script(&words(&streams), latency, &mut text);
    let ran = model.feed(name, &text).unwrap().remove(0);
    assert_eq!((ran.status, ran.index), (0, 0));
    let words = bytes.chunks_exact(8);
    let expected = hash(words.map(|word| u64::from_le_bytes(word.try_into().unwrap())));
    assert_eq!(ran.hash, expected, "{name}: memory is not the functional card's");
    println!("{name}, memory of {latency} cycles: {} cycles", ran.cycles);
    for (event, cycles) in EVENTS.iter().zip(ran.events) {
        println!("  {event} {cycles}");
    }
    Some(ran)
}

/// Tiles of a matrix whose rows of tiles lie one after the other.
fn tiles(
    buffer: Buffer,
    space: Space,
    base: u16,
    [rows, cols]: [u16; 2],
    of: u64,
    [row, col]: [u64; 2],
) -> Operation {
    Operation::LoadTiles(LoadTiles {
        buffer,
        base,
        pitch: cols,
        rows,
        cols,
        from: Burst {
            space,
            offset: (row * of + col) * OPERAND_TILE,
            row_stride: (of * OPERAND_TILE) as u32,
            dtype: Dtype::I8,
        },
        zero_point: 0,
    })
}

/// 256×256×256: four blocks of 8 rows of tiles of A, eight of 4 columns of tiles of B, all of k at once. Each
/// scratchpad has place for two blocks.
fn matmul() -> Vec<Operation> {
    let (mut all, mut turn) = (Vec::new(), 0_u16);
    for m in 0..4_u16 {
        let a = m % 2 * 512;
        for n in 0..8_u16 {
            let (b, acc) = (turn % 2 * 256, turn % 2 * 32);
            // The very first block of A in two halves: the sooner the array begins.
            let halves = if turn == 0 { 2 } else { 1 };
            let rows = 8 / halves;
            for half in 0..halves {
                let (first, row) = (half * rows, u64::from(8 * m + half * rows));
                if n == 0 {
                    all.push(tiles(
                        Buffer::A,
                        Space::Input,
                        a + first * 64,
                        [rows, 64],
                        64,
                        [row, 0],
                    ));
                }
                if half == 0 {
                    all.push(tiles(
                        Buffer::B,
                        Space::Resident,
                        b,
                        [64, 4],
                        32,
                        [0, u64::from(4 * n)],
                    ));
                }
                all.push(Operation::Gemm(Gemm {
                    m_tiles: rows,
                    n_tiles: 4,
                    k_tiles: 64,
                    acc: acc + first * 4,
                    acc_pitch: 4,
                    a: a + first * 64,
                    a_pitch: 64,
                    a_step: 1,
                    b,
                    b_pitch: 4,
                    b_step: 1,
                    ..Gemm::default()
                }));
            }
            all.push(Operation::StoreTiles(StoreTiles {
                base: acc,
                pitch: 4,
                rows: 8,
                cols: 4,
                to: Burst {
                    space: Space::Output,
                    offset: u64::from(8 * m * 32 + 4 * n) * SUMS_TILE,
                    row_stride: 32 * SUMS_TILE as u32,
                    dtype: Dtype::I32,
                },
            }));
            turn += 1;
        }
    }
    all
}

#[test]
fn utilisation() {
    let Some(ran) = run("matmul", LATENCY, &matmul()) else {
        return;
    };
    assert_eq!(ran.events[0], 32 * 32 * 64, "products of tiles");
    let share = ran.events[0] as f64 / ran.cycles as f64;
    println!("256x256x256 on 8x8x4: {:.1} % of the array", 100.0 * share);
    assert!(share >= 0.9, "{share}");
}

#[test]
fn a_gather_takes_an_element_a_cycle_whatever_the_memory_s_latency() {
    // Each element in a word of its own.
    let gather = Operation::Load(Load {
        buffer: Buffer::A,
        to: Lanes {
            base: 0,
            pitch: 16,
            row: 0,
            col: 0,
            rows: 64,
            cols: 64,
        },
        from: Walk {
            space: Space::Input,
            offset: 3,
            row_stride: 8,
            col_stride: 1000,
            dtype: Dtype::I8,
        },
        zero_point: 0,
    });
    for (latency, most) in [(0, 4096 + 100), (LATENCY, 4096 + 130)] {
        let Some(ran) = run("gather", latency, &[gather]) else {
            return;
        };
        assert!(ran.cycles <= most, "{} cycles for 4096 elements", ran.cycles);
    }
}

#[test]
fn a_burst_takes_a_word_a_cycle_whatever_the_memory_s_latency() {
    let burst = tiles(Buffer::B, Space::Resident, 0, [64, 32], 32, [0, 0]);
    for (latency, most) in [(0, 8192 + 100), (LATENCY, 8192 + 130), (100, 8192 + 300)] {
        let Some(ran) = run("burst", latency, &[burst]) else {
            return;
        };
        assert!(ran.cycles <= most, "{} cycles for 8192 words", ran.cycles);
    }
}
