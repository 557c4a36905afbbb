//! The VECTOR module against the functional card: every operation, on several geometries, between memories that stall.

mod cost;
mod faults;
pub(crate) mod geometries;
mod mistakes;
pub(crate) mod operations;
pub(crate) mod reference;

use crate::random::{Random, instructions};
use crate::verilator;
use geometries::{Shape, model};
use metisvm_firmware::{Geometry, Instruction, Operation, Status, Vector, VectorOp};
use operations::{Draw, operation_number};
use reference::Reference;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Instructions with the same accumulators before they are drawn anew.
const CHAIN: usize = 8;

/// What was asked, and what must come of it.
struct Asked {
    vector: Vector,
    hold: u64,
    status: Status,
    hash: u64,
}

/// How often each operation ended in each way.
type Seen = BTreeMap<(u8, u16), usize>;

fn instruction(vector: &Vector) -> Instruction {
    Instruction {
        dependencies: Default::default(),
        operation: Operation::Vector(*vector),
    }
}

fn words(vector: &Vector) -> [u64; 4] {
    instruction(vector).encode()
}

/// Draws so many instructions, in chains, and what they must do; some are stopped on the way.
fn traffic(geometry: Geometry, random: &mut Random, count: usize) -> (String, Vec<Asked>) {
    let mut text = String::new();
    let mut asked = Vec::new();
    let mut reference = Reference::new(geometry);
    for number in 0..count {
        if number % (CHAIN * 16) == 0 {
            reference = Reference::new(geometry);
            reference.load_records(random, &mut text);
            reference.load_tables(random, &mut text);
        }
        if number % CHAIN == 0 {
            if random.one_in(2) {
                stopped(geometry, random, &mut text);
            }
            reference.load_accumulators(random, &mut text);
        }
        let vector = Draw { geometry, random }.vector();
        let hold = random.choose(&[0, 0, 40, 128, 230]);
        let [w0, w1, w2, _] = words(&vector);
        writeln!(text, "3 {w0} {w1} {w2} {hold}").unwrap();
        let status = reference.execute(&instruction(&vector));
        asked.push(Asked {
            vector,
            hold,
            status,
            hash: reference.hash(),
        });
    }
    (text, asked)
}

/// An instruction that is given up after some cycles; the next one follows at once.
fn stopped(geometry: Geometry, random: &mut Random, text: &mut String) {
    let vector = Draw { geometry, random }.vector();
    let hold = random.choose(&[0, 128]);
    let cycles = random.within(0, 60);
    let [w0, w1, w2, _] = words(&vector);
    writeln!(text, "4 {w0} {w1} {w2} {hold} {cycles}").unwrap();
}

/// Runs the traffic in Verilator and compares every end and every accumulator.
fn compare(shape: Shape, seed: u64, count: usize) -> Option<Seen> {
    let model = model(verilator::command()?, shape);
    let geometry = shape.geometry();
    let (text, asked) = traffic(geometry, &mut Random(seed), count);
    let answer = model.feed("random", &(geometries::header(&geometry, 0) + &text));
    let mut seen = Seen::new();
    assert_eq!(answer.lines().count(), asked.len());
    for (number, (line, asked)) in answer.lines().zip(&asked).enumerate() {
        let Asked {
            vector,
            hold,
            status,
            hash,
        } = asked;
        let came: Vec<u64> = line.split(' ').map(|value| value.parse().unwrap()).collect();
        let [end, cycles, reads, writes, found] = came[..] else {
            panic!("{line}")
        };
        let about = format!("{shape:?}, number {number}, hold {hold}, after {cycles} cycles: {vector:?}");
        assert_eq!(end, u64::from(*status as u16), "{about}");
        assert_eq!(found, *hash, "accumulators: {about}");
        if *status != Status::Ok {
            assert_eq!(
                (reads, writes),
                (0, 0),
                "an access of a wrong instruction: {about}"
            );
        }
        *seen
            .entry((operation_number(&vector.op), *status as u16))
            .or_default() += 1;
    }
    Some(seen)
}

/// Every operation has ended in every way that it can end.
fn all_seen(seen: &Seen, least: usize) {
    for op in 0..10 {
        let statuses: &[u16] = if op == 6 { &[0, 9, 11] } else { &[0, 9] };
        for status in statuses {
            // A record that is not there is met by instructions of many columns only.
            let least = if *status == 11 { least / 4 } else { least };
            let count = seen.get(&(op, *status)).copied().unwrap_or_default();
            assert!(
                count >= least,
                "operation {op} has ended with {status} only {count} times"
            );
        }
    }
}

fn agrees(shape: Shape, seed: u64, as_a_rule: usize) {
    let count = instructions(as_a_rule);
    if count == 0 {
        return;
    }
    if let Some(seen) = compare(shape, seed, count) {
        all_seen(&seen, count / 400);
    }
}

#[test]
fn vector_4_4_with_a_unit_is_the_functional_cards() {
    agrees(Shape::FourByFour, 1, 4_000);
}

#[test]
fn vector_8_8_with_two_units_is_the_functional_cards() {
    agrees(Shape::EightByEight, 2, 2_000);
}

#[test]
fn vector_2_8_with_eight_units_is_the_functional_cards() {
    // In the slow lane alone.
    agrees(Shape::TwoByEight, 3, 0);
}

#[test]
fn vector_4_2_with_two_units_is_the_functional_cards() {
    agrees(Shape::FourByTwo, 4, 2_000);
}

/// How many cycles each instruction takes with memories that are always ready; the name tells tests on one model apart.
fn cycles(name: &str, shape: Shape, vectors: &[Vector]) -> Option<Vec<u64>> {
    let model = model(verilator::command()?, shape);
    let geometry = shape.geometry();
    let mut text = geometries::header(&geometry, 0);
    let mut reference = Reference::new(geometry);
    let mut random = Random(9);
    reference.load_all_records(&mut random, &mut text);
    reference.load_tables(&mut random, &mut text);
    reference.load_accumulators(&mut random, &mut text);
    for vector in vectors {
        let [w0, w1, w2, _] = words(vector);
        writeln!(text, "3 {w0} {w1} {w2} 0").unwrap();
        let status = reference.execute(&instruction(vector));
        assert_eq!(status, Status::Ok, "{vector:?}");
    }
    let answer = model.feed(name, &text);
    assert_eq!(answer.lines().count(), vectors.len());
    let cycles = |line: &str| line.split(' ').nth(1).unwrap().parse().unwrap();
    Some(answer.lines().map(cycles).collect())
}

/// Each operation keeps its pace: cycles a row, and no more than 40 to begin and to end.
#[test]
fn vector_keeps_its_pace() {
    let shape = Shape::EightByEight;
    // 2 columns of 16 rows of tiles, each of 8 rows: 256 rows of a tile.
    let tile_rows = 256;
    for (op, cycles_a_row, more) in [
        (VectorOp::Add, 2, 0),
        (VectorOp::MaxImmediate(3), 1, 0),
        // Records are looked at, one a cycle, and those of the first tile fetched.
        (operations::requantise(0, false), 4, 16 + 11),
        (VectorOp::Table(1), 8, 0),
        (
            VectorOp::Interpolate {
                nodes: 0,
                differences: 1,
            },
            16,
            0,
        ),
    ] {
        let vector = Vector {
            op,
            dst: 0,
            dst_pitch: 2,
            src: 0,
            src_pitch: 2,
            rows: 128,
            cols: 16,
        };
        let Some(cycles) = cycles("pace", shape, &[vector]) else {
            return;
        };
        let cycles = cycles[0];
        println!("{op:?}: {cycles} cycles");
        let least = tile_rows * cycles_a_row;
        assert!(
            (least..least + more + 40).contains(&cycles),
            "{op:?}: {cycles} cycles"
        );
    }
    // ARGMAX: 16 rows of two tiles.
    let op = VectorOp::ArgMax { first: true, base: 0 };
    let vector = Vector {
        op,
        dst: 10,
        dst_pitch: 1,
        src: 0,
        src_pitch: 2,
        rows: 16,
        cols: 16,
    };
    let Some(cycles) = cycles("pace", shape, &[vector]) else {
        return;
    };
    let cycles = cycles[0];
    println!("{op:?}: {cycles} cycles");
    assert!(
        (16 * 19..16 * 19 + 40).contains(&cycles),
        "{op:?}: {cycles} cycles"
    );
}
