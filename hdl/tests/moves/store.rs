//! The store module.

use crate::asked::{Asked, first_wrong};
use crate::draw::Draw;
use crate::memory::Memory;
use crate::model::Model;
use crate::random::{Random, instructions};
use crate::{GEOMETRIES, SLOW_LANE, Seen, numbers};
use metisvm_firmware::{
    Buffer, Burst, Dtype, Geometry, Instruction, Lanes, LoadTiles, Operation, Space, Status, Store,
    StoreTiles, Walk,
};
use metisvm_sim::machine::{Machine, Spaces};
use std::fmt::Write;
use std::sync::atomic::AtomicBool;

/// Fills ACC of the functional card as "a SEED" does in the harness: by one instruction, from a memory of its own.
fn fill_acc(machine: &mut Machine, geometry: Geometry, seed: u64) {
    let mut random = Random(seed);
    let lanes = geometry.unit_lanes(Buffer::Acc);
    let tile_bytes = geometry.tile_bytes(Buffer::Acc, Dtype::I32);
    let mut resident = Vec::new();
    for _ in 0..geometry.acc_tiles {
        let end = resident.len() + tile_bytes as usize;
        for _ in 0..lanes {
            resident.extend((random.bits() as u32).to_le_bytes());
        }
        resident.resize(end, 0);
    }
    let load = LoadTiles {
        buffer: Buffer::Acc,
        base: 0,
        pitch: 0,
        rows: 1,
        cols: geometry.acc_tiles as u16,
        from: Burst {
            space: Space::Resident,
            offset: 0,
            row_stride: 0,
            dtype: Dtype::I32,
        },
        zero_point: 0,
    };
    let mut spaces = Spaces {
        resident: &resident,
        input: &[],
        output: &mut [],
        workspace: &mut [],
        state: &mut [],
    };
    let instruction = Instruction {
        dependencies: Default::default(),
        operation: Operation::LoadTiles(load),
    };
    machine
        .execute(&instruction, &mut spaces, &AtomicBool::new(false))
        .unwrap();
}

fn name(instruction: &Instruction) -> &'static str {
    match instruction.operation {
        Operation::Store(Store { to, .. }) => match to.dtype {
            Dtype::U8 | Dtype::I8 => "STORE of 8 bits",
            Dtype::I16 => "STORE of 16 bits",
            Dtype::I32 => "STORE of 32 bits",
        },
        Operation::StoreTiles(StoreTiles { to, .. }) => match to.dtype {
            Dtype::U8 | Dtype::I8 => "STORE_TILES of 8 bits",
            Dtype::I16 => "STORE_TILES of 16 bits",
            Dtype::I32 => "STORE_TILES of 32 bits",
        },
        _ => "NOP",
    }
}

/// Random instructions, what they must do, and the script for the harness.
pub(crate) fn traffic(geometry: Geometry, count: usize, seed: u64) -> (String, Vec<Asked>) {
    let mut text = String::new();
    let mut random = Random(seed);
    let mut memory = Memory::new(seed, &mut text);
    let mut machine = Machine::new(geometry);
    let mut asked = Vec::new();
    for number in 0..count {
        if number % 64 == 0 {
            let seed = random.bits();
            writeln!(text, "a {seed}").unwrap();
            fill_acc(&mut machine, geometry, seed);
        }
        let instruction = Draw {
            geometry,
            random: &mut random,
        }
        .store();
        let status = memory.execute(&mut machine, &instruction) as u64;
        let hash = memory.hash();
        let hold = random.choose(&[0, 0, 30, 128, 240]);
        let stop = if random.one_in(24) {
            random.within(1, 90)
        } else {
            0
        };
        let [w0, w1, w2, w3] = instruction.encode();
        writeln!(text, "x {w0} {w1} {w2} {w3} {hold} {stop}").unwrap();
        asked.push(Asked {
            instruction,
            status,
            hash,
        });
        if stop > 0 {
            // What a stopped one has written is undefined.
            writeln!(text, "m {number}").unwrap();
            memory = Memory::new(number as u64, &mut String::new());
        }
    }
    (text, asked)
}

fn check(geometry: Geometry, as_a_rule: usize) {
    let count = instructions(as_a_rule);
    if count == 0 {
        return;
    }
    let Some(model) = Model::store(&geometry) else {
        return;
    };
    let seed = u64::from(geometry.tile_cols) << 8 | u64::from(geometry.tile_depth);
    let (text, asked) = traffic(geometry, count, seed);
    let answer = model.feed("random", &text);
    if let Some(number) = first_wrong(&answer, &asked) {
        let (line, asked) = (answer.lines().nth(number), &asked[number]);
        panic!(
            "{number}: {line:?}, not {}: {:?}",
            asked.status, asked.instruction
        );
    }
    let mut seen = Seen::new();
    for (line, asked) in answer.lines().zip(&asked) {
        *seen
            .entry((name(&asked.instruction), numbers(line)[0]))
            .or_default() += 1;
    }
    for name in [
        "STORE of 8 bits",
        "STORE of 16 bits",
        "STORE of 32 bits",
        "STORE_TILES of 8 bits",
        "STORE_TILES of 16 bits",
        "STORE_TILES of 32 bits",
    ] {
        for status in [Status::Ok, Status::InvalidOperand, Status::OutOfBounds] {
            let count_of = seen.get(&(name, status as u64)).copied().unwrap_or_default();
            assert!(
                count_of >= count / 256,
                "{name} ended {count_of} times with {status:?}: {seen:?}"
            );
        }
    }
    println!("{seen:?}");
}

#[test]
fn stores_on_tiles_of_4_4_4_are_the_functional_cards() {
    check(GEOMETRIES[0], 1_500);
}

#[test]
fn stores_on_tiles_of_8_8_4_are_the_functional_cards() {
    check(GEOMETRIES[1], 1_500);
}

#[test]
fn stores_on_tiles_of_2_8_4_are_the_functional_cards() {
    check(GEOMETRIES[2], SLOW_LANE);
}

#[test]
fn stores_on_tiles_of_4_16_2_are_the_functional_cards() {
    check(GEOMETRIES[3], SLOW_LANE);
}

#[test]
fn stores_on_tiles_of_1_2_2_are_the_functional_cards() {
    check(GEOMETRIES[4], 1_500);
}

/// From start to done without the elements themselves, at most.
const OVERHEAD: u64 = 40;

#[test]
fn stores_keep_their_pace() {
    let geometry = GEOMETRIES[1];
    let Some(model) = Model::store(&geometry) else {
        return;
    };
    let pace = |operation| {
        let instruction = Instruction {
            dependencies: Default::default(),
            operation,
        };
        let mut text = String::new();
        Memory::new(1, &mut text);
        let [w0, w1, w2, w3] = instruction.encode();
        writeln!(text, "a 1\nx {w0} {w1} {w2} {w3} 0 0").unwrap();
        let [status, cycles, words, _] = numbers(model.feed("pace", &text).trim());
        assert_eq!(status, 0);
        (cycles, words)
    };
    let tiles = |rows, cols, dtype| {
        Operation::StoreTiles(StoreTiles {
            base: 0,
            pitch: cols,
            rows,
            cols,
            to: Burst {
                space: Space::Output,
                offset: 0,
                row_stride: 1024,
                dtype,
            },
        })
    };
    // A word a cycle.
    for (operation, words) in [
        (tiles(1, 20, Dtype::I8), 160),
        (tiles(5, 4, Dtype::I16), 320),
        (tiles(10, 2, Dtype::I32), 640),
    ] {
        let (cycles, written) = pace(operation);
        assert_eq!(written, words);
        assert!(
            cycles <= words + OVERHEAD,
            "{cycles} cycles for {words} words: {operation:?}"
        );
    }
    // An element a cycle, and two for each row of a tile.
    let operation = Operation::Store(Store {
        from: Lanes {
            base: 0,
            pitch: 2,
            row: 0,
            col: 0,
            rows: 16,
            cols: 16,
        },
        to: Walk {
            space: Space::State,
            offset: 3,
            row_stride: 16,
            col_stride: 1,
            dtype: Dtype::I8,
        },
    });
    let (cycles, written) = pace(operation);
    assert_eq!(written, 256);
    assert!(
        cycles <= 256 + 2 * 32 + OVERHEAD,
        "{cycles} cycles for 256 elements"
    );
}
