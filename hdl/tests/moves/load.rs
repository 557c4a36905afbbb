//! The load module.

use crate::asked::{Asked, first_wrong};
use crate::draw::Draw;
use crate::memory::{Memory, hash};
use crate::model::Model;
use crate::random::{Random, instructions};
use crate::{GEOMETRIES, SLOW_LANE, Seen, numbers};
use metisvm_firmware::{
    Buffer, Burst, Dtype, Fill, Geometry, Instruction, Lanes, Load, LoadTiles, Operation, Space, Status, Walk,
};
use metisvm_sim::machine::Machine;
use std::fmt::Write;

/// All scratchpads in the order of the harness.
fn contents(machine: &Machine) -> impl Iterator<Item = i64> {
    let all = machine.contents();
    let record = |record: &Option<metisvm_firmware::check::Record>| {
        record.map_or(0, |record| i64::from_le_bytes(record.to_bytes()))
    };
    let lanes = all.a.iter().chain(all.b).map(|&lane| i64::from(lane));
    lanes
        .chain(all.acc.iter().map(|&lane| i64::from(lane)))
        .chain(all.params.iter().map(record))
        .chain(all.tables.iter().flatten().map(|&entry| i64::from(entry)))
}

fn hash_of(machine: &Machine) -> u64 {
    let all = machine.contents();
    let lanes = (all.a.len() + all.b.len()) as u64;
    let words = (0..).zip(contents(machine)).map(|(i, value)| match i {
        i if i < lanes => u64::from(value as u16),
        i if i >= lanes + all.acc.len() as u64 && i < lanes + (all.acc.len() + all.params.len()) as u64 => {
            value as u64
        }
        _ => u64::from(value as u32),
    });
    hash(words)
}

fn name(instruction: &Instruction) -> &'static str {
    match instruction.operation {
        Operation::Load(Load { buffer, .. }) => match buffer {
            Buffer::A => "LOAD A",
            Buffer::B => "LOAD B",
            Buffer::Acc => "LOAD ACC",
            _ => "LOAD TABLE",
        },
        Operation::LoadTiles(LoadTiles { buffer, .. }) => match buffer {
            Buffer::A => "LOAD_TILES A",
            Buffer::B => "LOAD_TILES B",
            Buffer::Acc => "LOAD_TILES ACC",
            Buffer::Param => "LOAD_TILES PARAM",
            Buffer::Table => "LOAD_TILES TABLE",
        },
        Operation::Fill(_) => "FILL",
        _ => "NOP",
    }
}

/// Puts records into the memory that an instruction loads: good ones, and sometimes one that is not.
fn records(load: &LoadTiles, memory: &mut Memory, random: &mut Random, text: &mut String) {
    for row in 0..u64::from(load.rows.min(8)) {
        for col in 0..u64::from(load.cols.min(8)) {
            let offset = load.from.offset + row * u64::from(load.from.row_stride) + col * 8;
            if offset + 8 > Memory::size(load.from.space) {
                return;
            }
            let (any_multiplier, any_shift) = (random.bits() & 0x7fff | 1, random.bits() % 47 + 1);
            let multiplier = random.choose(&[1, 32767, any_multiplier]);
            let shift = random.choose(&[1, 47, any_shift]);
            let good = random.bits() << 32 | shift << 16 | multiplier;
            let bad = match random.bits() % 5 {
                0 => good & !0xffff,
                1 => good | 0x8000,
                2 => good & !0xff_0000,
                3 => good & !0xff_0000 | (random.bits() % 208 + 48) << 16,
                _ => good | (random.bits() % 255 + 1) << 24,
            };
            let word = if random.one_in(48) { bad } else { good };
            memory.poke(load.from.space, offset, word, text);
        }
    }
}

/// Random instructions, what they must do, and the script for the harness.
pub(crate) fn traffic(geometry: Geometry, count: usize, seed: u64) -> (String, Vec<Asked>) {
    let mut text = String::new();
    let mut random = Random(seed);
    let mut memory = Memory::new(seed, &mut text);
    let mut machine = Machine::new(geometry);
    machine.poison();
    text.push_str("r\n");
    let mut asked = Vec::new();
    for _ in 0..count {
        let mut draw = Draw {
            geometry,
            random: &mut random,
        };
        let instruction = draw.load();
        if let Operation::LoadTiles(load) = &instruction.operation
            && load.buffer == Buffer::Param
        {
            records(load, &mut memory, &mut random, &mut text);
        }
        let status = memory.execute(&mut machine, &instruction) as u64;
        let hash = hash_of(&machine);
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
            text.push_str("r\n");
            machine = Machine::new(geometry);
            machine.poison();
        }
    }
    (text, asked)
}

/// Where the scratchpads first differ after an instruction, by index in the harness's order.
fn difference(model: &Model, geometry: Geometry, text: &str, last: usize, seed: u64) -> String {
    let mut seen = 0;
    let script: String = text
        .lines()
        .take_while(|line| {
            seen += usize::from(line.starts_with('x'));
            seen <= last + 1
        })
        .flat_map(|line| [line, "\n"])
        .collect();
    let answer = model.feed("difference", &(script + "d\n"));
    let found: Vec<i64> = answer
        .lines()
        .last()
        .unwrap()
        .split_whitespace()
        .map(|n| n.parse().unwrap())
        .collect();
    // The functional card anew, up to the same place.
    let mut random = Random(seed);
    let mut memory = Memory::new(seed, &mut String::new());
    let mut machine = Machine::new(geometry);
    machine.poison();
    for number in 0..=last {
        let instruction = Draw {
            geometry,
            random: &mut random,
        }
        .load();
        if let Operation::LoadTiles(load) = &instruction.operation
            && load.buffer == Buffer::Param
        {
            records(load, &mut memory, &mut random, &mut String::new());
        }
        memory.execute(&mut machine, &instruction);
        random.bits();
        if random.one_in(24) {
            random.bits();
            if number < last {
                machine = Machine::new(geometry);
                machine.poison();
            }
        }
    }
    let wrong: Vec<_> = contents(&machine)
        .zip(found)
        .enumerate()
        .filter(|(_, (expected, found))| expected != found)
        .take(8)
        .collect();
    format!("(index, (expected, found)): {wrong:?}")
}

fn check(geometry: Geometry, as_a_rule: usize) {
    let count = instructions(as_a_rule);
    if count == 0 {
        return;
    }
    let Some(model) = Model::load(&geometry) else {
        return;
    };
    let seed = u64::from(geometry.tile_cols) << 8 | u64::from(geometry.tile_depth);
    let (text, asked) = traffic(geometry, count, seed);
    let answer = model.feed("random", &text);
    if let Some(number) = first_wrong(&answer, &asked) {
        let (line, asked) = (answer.lines().nth(number), &asked[number]);
        let difference = difference(&model, geometry, &text, number, seed);
        panic!(
            "{number}: {line:?}, not {}: {:?}: {difference}",
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
        "LOAD A",
        "LOAD B",
        "LOAD ACC",
        "LOAD TABLE",
        "LOAD_TILES A",
        "LOAD_TILES B",
        "LOAD_TILES ACC",
        "LOAD_TILES PARAM",
        "LOAD_TILES TABLE",
        "FILL",
    ] {
        let least = |status: u64, least: usize| {
            let count = seen.get(&(name, status)).copied().unwrap_or_default();
            assert!(
                count >= least,
                "{name} ended only {count} times with {status}: {seen:?}"
            );
        };
        least(Status::Ok as u64, count / 64);
        least(Status::InvalidOperand as u64, count / 512);
        if name != "FILL" {
            least(Status::OutOfBounds as u64, count / 512);
        }
        if name == "LOAD_TILES PARAM" {
            least(Status::InvalidRecord as u64, count / 512);
        }
    }
    println!("{seen:?}");
}

#[test]
fn loads_on_tiles_of_4_4_4_are_the_functional_cards() {
    check(GEOMETRIES[0], 4_000);
}

#[test]
fn loads_on_tiles_of_8_8_4_are_the_functional_cards() {
    check(GEOMETRIES[1], 2_000);
}

#[test]
fn loads_on_tiles_of_2_8_4_are_the_functional_cards() {
    check(GEOMETRIES[2], SLOW_LANE);
}

#[test]
fn loads_on_tiles_of_4_16_2_are_the_functional_cards() {
    check(GEOMETRIES[3], SLOW_LANE);
}

#[test]
fn loads_on_tiles_of_1_2_2_are_the_functional_cards() {
    check(GEOMETRIES[4], 2_000);
}

/// Cycles and words of one instruction between a memory and scratchpads that never stall.
fn pace(model: &Model, operation: Operation) -> (u64, u64) {
    let instruction = Instruction {
        dependencies: Default::default(),
        operation,
    };
    let mut text = String::new();
    Memory::new(1, &mut text);
    let [w0, w1, w2, w3] = instruction.encode();
    writeln!(text, "r\nx {w0} {w1} {w2} {w3} 0 0").unwrap();
    let [status, cycles, words, _] = numbers(model.feed("pace", &text).trim());
    assert_eq!(status, 0);
    (cycles, words)
}

/// From start to done without the elements themselves, at most: checks, the memory's 10 cycles, the stages.
const OVERHEAD: u64 = 50;

#[test]
fn loads_keep_their_pace() {
    let geometry = GEOMETRIES[1];
    let Some(model) = Model::load(&geometry) else {
        return;
    };
    let burst = |dtype, row_stride| Burst {
        space: Space::Resident,
        offset: 8,
        row_stride,
        dtype,
    };
    let tiles = |buffer, rows, cols, dtype, row_stride| {
        Operation::LoadTiles(LoadTiles {
            buffer,
            base: 0,
            pitch: cols,
            rows,
            cols,
            from: burst(dtype, row_stride),
            zero_point: 0,
        })
    };
    // A word a cycle into A, B and ACC, whatever the rows.
    for (operation, words) in [
        (tiles(Buffer::A, 1, 40, Dtype::I8, 0), 160),
        (tiles(Buffer::B, 8, 3, Dtype::U8, 96), 96),
        (tiles(Buffer::A, 20, 2, Dtype::I8, 64), 160),
        (tiles(Buffer::Acc, 1, 20, Dtype::I32, 0), 640),
        (tiles(Buffer::Acc, 2, 10, Dtype::U8, 640), 160),
    ] {
        let (cycles, read) = pace(&model, operation);
        assert_eq!(read, words);
        assert!(
            cycles <= words + OVERHEAD,
            "{cycles} cycles for {words} words: {operation:?}"
        );
    }
    let gather = |buffer, dtype, offset, col_stride: i32| {
        Operation::Load(Load {
            buffer,
            to: Lanes {
                base: 0,
                pitch: 4,
                row: 0,
                col: 0,
                rows: 16,
                cols: 16,
            },
            from: Walk {
                space: Space::Input,
                offset,
                row_stride: 16 * col_stride,
                col_stride,
                dtype,
            },
            zero_point: 0,
        })
    };
    // An element a cycle, and no word twice.
    for (operation, words) in [
        (gather(Buffer::A, Dtype::I8, 3, 1), 33),
        (gather(Buffer::Acc, Dtype::I32, 1, 4), 129),
        (gather(Buffer::Acc, Dtype::I16, 6, 16), 256),
        (gather(Buffer::Acc, Dtype::I16, 5, 0), 1),
    ] {
        let (cycles, read) = pace(&model, operation);
        assert_eq!(read, words);
        assert!(
            cycles <= 256 + OVERHEAD,
            "{cycles} cycles for 256 elements: {operation:?}"
        );
    }
    let fill = Fill {
        buffer: Buffer::A,
        base: 0,
        tiles: 40,
        value: -256,
    };
    let (cycles, read) = pace(&model, Operation::Fill(fill));
    assert!(
        read == 0 && cycles <= 40 + OVERHEAD,
        "{cycles} cycles for 40 tiles"
    );
}
