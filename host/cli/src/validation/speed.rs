//! How long an entry takes, and how fast bytes move each way. What is moved is compared as well.

use super::check::{Passed, Problem, Target};
use super::random::Random;
use metisvm_driver::RunJob;
use metisvm_driver::measure::nop_round_trip;
use metisvm_firmware::{
    Buffer, Burst, Dtype, Fill, Operation, Program, ProgramBuilder, ProgramError, Space, StoreTiles,
};
use std::time::{Duration, Instant};

/// How often a NOP is sent; to a card that takes its time.
const ROUNDS: usize = 2000;
const SLOW_ROUNDS: usize = 50;
/// Bytes of a transfer, and how often it is made; of a card that takes its time.
const BYTES: u64 = 16 << 20;
const TIMES: usize = 8;
const SLOW_BYTES: u64 = 64 << 10;
const SLOW_TIMES: usize = 2;
/// After so long no further time is begun.
const ENOUGH: Duration = Duration::from_millis(500);
/// Of a budget of work a job takes this part at most: a byte costs less than a unit.
const BUDGET_PART: u64 = 4;
/// Instructions of a program: more are not needed to fill an output.
const MOST_STORES: u64 = 1000;
/// What accumulators hold that go to the host.
const VALUE: i32 = 0x5aa5_3cc3;

pub(super) fn latency(target: &Target) -> Result<Passed, Problem> {
    let rounds = if target.slow { SLOW_ROUNDS } else { ROUNDS };
    let measured = nop_round_trip(&target.device, 1, rounds)?;
    let us = |time: Duration| time.as_secs_f64() * 1e6;
    let (p50, p99) = (us(measured.p50), us(measured.p99));
    Ok(Passed {
        detail: format!("doorbell to completion {p50:.2} µs (p50), {p99:.2} µs (p99)"),
        figures: vec![("p50_us", p50), ("p99_us", p99)],
    })
}

/// How much is moved, and how often.
fn amount(target: &Target, most: u64) -> (u64, usize) {
    let (bytes, times) = if target.slow {
        (SLOW_BYTES, SLOW_TIMES)
    } else {
        (BYTES, TIMES)
    };
    (bytes.min(most), times)
}

/// The quickest of several times counts: others had something in their way.
fn fastest(
    times: usize,
    bytes: u64,
    mut once: impl FnMut() -> Result<(), Problem>,
) -> Result<Passed, Problem> {
    let (mut best, begun) = (Duration::MAX, Instant::now());
    for _ in 0..times {
        let start = Instant::now();
        once()?;
        best = best.min(start.elapsed());
        if begun.elapsed() > ENOUGH {
            break;
        }
    }
    let rate = bytes as f64 / best.as_secs_f64().max(1e-9) / 1e9;
    Ok(Passed {
        detail: format!(
            "{rate:.3} GB/s, {:.2} MiB at a time",
            bytes as f64 / f64::from(1 << 20)
        ),
        figures: vec![("gb_s", rate), ("bytes", bytes as f64)],
    })
}

pub(super) fn to_card(target: &Target) -> Result<Passed, Problem> {
    let (bytes, times) = amount(target, target.capabilities().card_memory_bytes / 2);
    let data = Random::new(3).bytes(bytes as usize);
    fastest(times, bytes, || {
        Ok(target.device.load_resident(&data).map(drop)?)
    })
}

pub(super) fn from_card(target: &Target) -> Result<Passed, Problem> {
    target.needs_engine()?;
    let card = target.capabilities();
    let tile = card.geometry.tile_bytes(Buffer::Acc, Dtype::I32);
    let most = u64::from(card.max_output_bytes).min(card.work_budget / BUDGET_PART);
    let (bytes, times) = amount(target, most);
    let tiles = (bytes / tile)
        .min(card.geometry.acc_tiles.into())
        .min(u16::MAX.into());
    let stores = (bytes.checked_div(tile * tiles).unwrap_or(0))
        .min(MOST_STORES)
        .min(u64::from(card.max_program_instructions) / 4);
    if stores == 0 {
        return Err(Problem::NotThere(
            "its engine is too small to fill an output".to_owned(),
        ));
    }
    let bytes = tile * tiles * stores;
    let program = filling(target, tiles as u16, stores, tile);
    let program = program.map_err(|error| Problem::Wrong(format!("the program does not fit: {error}")))?;
    let program = target.device.load_program(&program)?;
    let lanes = card.geometry.unit_lanes(Buffer::Acc) as usize * 4;
    fastest(times, bytes, || {
        let outputs = target.device.run(&RunJob {
            program: &program,
            data: None,
            state: None,
            workspace_bytes: 0,
            inputs: &[&[]],
            output_bytes: bytes as usize,
            dtype_in: Dtype::U8,
            dtype_out: Dtype::I32,
        })?;
        let tiles = outputs.iter().flat_map(|output| output.chunks(tile as usize));
        let mut words = tiles.flat_map(|tile| tile[..lanes].as_chunks::<4>().0);
        if words.all(|word| *word == VALUE.to_le_bytes()) {
            Ok(())
        } else {
            Err(Problem::Wrong("what came is not what the card sent".to_owned()))
        }
    })
}

/// Stores the same tiles again and again, each time further on.
fn filling(target: &Target, tiles: u16, stores: u64, tile: u64) -> Result<Program, ProgramError> {
    let mut builder = ProgramBuilder::new(target.capabilities().geometry);
    builder.push(Operation::Fill(Fill {
        buffer: Buffer::Acc,
        base: 0,
        tiles,
        value: VALUE,
    }))?;
    for store in 0..stores {
        builder.store_tiles(StoreTiles {
            base: 0,
            pitch: tiles,
            rows: 1,
            cols: tiles,
            to: Burst {
                space: Space::Output,
                offset: store * tile * u64::from(tiles),
                row_stride: 0,
                dtype: Dtype::I32,
            },
        })?;
    }
    builder.finish()
}
