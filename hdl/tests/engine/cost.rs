//! No instruction takes more cycles than it costs units: a card may count cycles where the ABI counts these.

use crate::bench::{self, Model};
use crate::edges::name;
use crate::memory::Memory;
use crate::random::Random;
use crate::sample::{self, RECORDS};
use crate::weave::{Weave, blank, script, words};
use metisvm_firmware::{Buffer, Burst, Dtype, Geometry, LoadTiles, Operation, Program, Space, Status};
use metisvm_sim::machine::Machine;
use std::collections::BTreeMap;

/// Cycles from a request to its first word, beside the one in which it is taken.
const LATENCY: u64 = 20;
/// Operations of each engine.
const COUNT: usize = 800;
/// How often an operation stands in a program, and in another: as many run beside the load of the records, and those
/// that come on top of them show what one takes.
const COPIES: [u64; 2] = [4, 8];

/// Good records, the first ones and the last, for whoever needs some.
fn records(geometry: &Geometry) -> [Operation; 2] {
    [0, geometry.param_entries - RECORDS as u32].map(|base| {
        Operation::LoadTiles(LoadTiles {
            buffer: Buffer::Param,
            base: base as u16,
            pitch: 0,
            rows: 1,
            cols: RECORDS as u16,
            from: Burst {
                space: Space::Resident,
                offset: 0,
                row_stride: 0,
                dtype: Dtype::U8,
            },
            zero_point: 0,
        })
    })
}

/// So many copies of an operation, behind the records; its words go into the script.
fn program(geometry: Geometry, operation: Operation, copies: u64, text: &mut String) -> Program {
    let mut weave = Weave::new(geometry, 0);
    let mut random = Random(1);
    for records in records(&geometry) {
        weave.push(records, &mut random);
    }
    (0..copies).for_each(|_| weave.push(operation, &mut random));
    let streams = weave.finish();
    script(&words(&streams), LATENCY, text);
    Program::new(streams.into_iter().flatten()).unwrap()
}

fn cycles_against_costs(model: &Model) {
    let geometry = model.geometry;
    let mut random = Random(11);
    let mut text = String::new();
    let mut memory = Memory::new(5, &mut text);
    for space in [Space::Resident, Space::Input, Space::Workspace, Space::State] {
        for record in 0..RECORDS {
            for begin in sample::good_records(space) {
                memory.poke(space, begin + 8 * record, 1 << 16 | 1, &mut text);
            }
        }
    }
    let mut machine = Machine::new(geometry);
    let mut asked = Vec::new();
    while asked.len() < COUNT {
        let operation = sample::operation(geometry, &mut random);
        machine.forget_records();
        for records in records(&geometry) {
            assert_eq!(memory.execute(&mut machine, &blank(records)), Status::Ok);
        }
        if memory.execute(&mut machine, &blank(operation)) == Status::Ok {
            let programs = COPIES.map(|copies| program(geometry, operation, copies, &mut text));
            asked.push((operation, programs.map(|program| program.cost(&geometry))));
        }
    }
    let all = model.feed("cost", &text).unwrap();
    let mut seen = BTreeMap::<String, (usize, f64)>::new();
    for ((operation, costs), ran) in asked.iter().zip(all.chunks_exact(2)) {
        for (cost, ran) in costs.iter().zip(ran) {
            assert_eq!((ran.status, ran.index), (0, 0), "{operation:?}");
            assert!(
                ran.cycles <= *cost,
                "{} cycles, cost {cost}: {operation:?}",
                ran.cycles
            );
        }
        // What a copy adds is what it takes without the way to the program.
        let cost = (COPIES[1] - COPIES[0]) * operation.cost(&geometry);
        let cycles = ran[1].cycles.saturating_sub(ran[0].cycles);
        assert!(cycles <= cost, "{cycles} cycles more, cost {cost}: {operation:?}");
        let (count, most) = seen.entry(name(operation)).or_default();
        *count += 1;
        *most = most.max(cycles as f64 / cost as f64);
    }
    for (name, (count, most)) in &seen {
        println!("{name}: {count}, at most {:.0} % of its cost", 100.0 * most);
    }
    let tiles = ["A", "B", "Acc", "Param"].map(|buffer| format!("LOAD_TILES {buffer}"));
    let names = [
        "NOP",
        "LOAD A",
        "LOAD B",
        "LOAD Acc",
        "FILL Acc",
        "GEMM",
        "STORE",
        "STORE_TILES",
    ];
    let vectors = (0..10).map(|op| format!("VECTOR {op}"));
    for name in names.map(str::to_owned).into_iter().chain(tiles).chain(vectors) {
        assert!(seen.contains_key(&name), "{name} was never tried");
    }
}

#[test]
fn no_instruction_takes_more_cycles_than_it_costs() {
    for model in [bench::small(), bench::eight()].into_iter().flatten() {
        cycles_against_costs(model);
    }
}
