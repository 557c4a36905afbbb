//! GEMM in RTL against the functional card: random instructions on random scratchpads, in Verilator.

#![allow(
    clippy::unwrap_used,
    reason = "a panic is how a test fails, in its helpers too"
)]

mod bench;
mod faults;
mod mistakes;
mod multipliers;
#[path = "../rtl/random.rs"]
#[allow(dead_code, reason = "shared with the tests of other blocks")]
mod random;
mod reference;
#[path = "../rtl/seeded.rs"]
mod seeded;
mod verilated;

use bench::BUILDS;
use metisvm_firmware::Gemm;
use random::{Random, instructions};
use reference::Reference;
use verilated::Script;

/// A count, and a base such that the last tile lies at most just outside of a scratchpad.
fn base(random: &mut Random, size: u32, reach: u32) -> u16 {
    let last_base = size.saturating_sub(1 + reach);
    let base = match random.bits() % 8 {
        0 | 1 => last_base,
        2 => last_base + 1,
        _ => random.within(0, last_base.into()) as u32,
    };
    base as u16
}

fn random_gemm(random: &mut Random, build: &bench::Build) -> Gemm {
    let g = &build.geometry;
    let accumulate = random.one_in(2);
    let mut gemm = Gemm {
        accumulate,
        shift: accumulate && random.one_in(2),
        m_tiles: random.within(1, 5) as u16,
        n_tiles: random.within(1, 6) as u16,
        k_tiles: match random.bits() % 4 {
            0 => 1,
            1 => random.within(10, 24),
            _ => random.within(1, 8),
        } as u16,
        a_pitch: random.within(0, 9) as u16,
        a_step: random.within(0, 2) as u16,
        b_pitch: random.within(0, 2) as u16,
        b_step: random.within(0, 9) as u16,
        ..Gemm::default()
    };
    gemm.acc_pitch = gemm.n_tiles + random.within(0, 3) as u16;
    if random.one_in(16) {
        gemm.acc_pitch = gemm.n_tiles - 1;
    }
    // Most matrices fit where they lie, so that most instructions are executed.
    let fits = |gemm: &Gemm| {
        let [m, n, k] = [gemm.m_tiles, gemm.n_tiles, gemm.k_tiles].map(|count| u32::from(count) - 1);
        m * u32::from(gemm.acc_pitch) + n < g.acc_tiles
            && m * u32::from(gemm.a_pitch) + k * u32::from(gemm.a_step) < g.a_tiles
            && k * u32::from(gemm.b_pitch) + n * u32::from(gemm.b_step) < g.b_tiles
    };
    while !fits(&gemm) && !random.one_in(16) {
        let field = random.bits() % 5;
        let operand = [
            &mut gemm.m_tiles,
            &mut gemm.k_tiles,
            &mut gemm.a_pitch,
            &mut gemm.b_pitch,
            &mut gemm.b_step,
        ];
        for (at, operand) in operand.into_iter().enumerate() {
            if at as u64 == field {
                *operand = (*operand / 2).max(u16::from(at < 2));
            }
        }
    }
    let [m, n, k] = [gemm.m_tiles, gemm.n_tiles, gemm.k_tiles].map(|count| u32::from(count) - 1);
    gemm.acc = base(random, g.acc_tiles, m * u32::from(gemm.acc_pitch) + n);
    gemm.a = base(
        random,
        g.a_tiles,
        m * u32::from(gemm.a_pitch) + k * u32::from(gemm.a_step),
    );
    gemm.b = base(
        random,
        g.b_tiles,
        k * u32::from(gemm.b_pitch) + n * u32::from(gemm.b_step),
    );
    if random.one_in(24) {
        // Sums beyond 16, and beyond 32 bits.
        let field = random.choose(&[0, 1, 2, 3, 4, 5, 6, 7]);
        let value = random.choose(&[65535, 65534, 32768, 255]);
        for (at, operand) in [
            &mut gemm.m_tiles,
            &mut gemm.n_tiles,
            &mut gemm.k_tiles,
            &mut gemm.acc_pitch,
            &mut gemm.a_pitch,
            &mut gemm.a_step,
            &mut gemm.b_pitch,
            &mut gemm.b_step,
        ]
        .into_iter()
        .enumerate()
        {
            if at == field || random.one_in(3) {
                *operand = value;
            }
        }
    }
    gemm
}

/// So many instructions on one build.
fn random_script(index: usize, instructions: usize, seed: u64) -> Script {
    let build = &BUILDS[index];
    let mut random = Random(seed);
    let mut reference = Reference::new(build.geometry);
    let mut script = Script::default();
    reference.fill(&mut random, &mut script);
    let (mut done, mut refused) = (0, 0);
    for _ in 0..instructions {
        if random.one_in(4) {
            reference.write_some(&mut random, &mut script);
        }
        let gemm = random_gemm(&mut random, build);
        let status = reference.gemm(&gemm);
        let stalls = if random.one_in(2) { 0 } else { random.bits() | 1 };
        script.gemm(&gemm, stalls, status);
        if status == 0 {
            done += 1;
        } else {
            refused += 1;
        }
        script.compare(&reference.accumulators(), build.geometry);
    }
    assert!(
        done > instructions / 3 && refused > instructions / 50,
        "{done}, {refused}"
    );
    script
}

fn random_instructions(index: usize, instructions: usize, seed: u64) {
    random_script(index, instructions, seed).check(index, BUILDS[index].name);
}

#[test]
fn tiles_of_4x4x4() {
    random_instructions(0, instructions(2_000), 1);
}

#[test]
fn tiles_of_8x8x4() {
    // Its accumulators are many, and looked through after every instruction.
    random_instructions(1, instructions(1_500) / 60, 2);
}

#[test]
fn tiles_of_2x8x4() {
    random_instructions(2, instructions(1_500), 3);
}

#[test]
fn packed_tiles_of_4x4x4() {
    random_instructions(3, instructions(1_500), 4);
}

#[test]
fn tiles_of_1x2x2() {
    random_instructions(4, instructions(1_500), 5);
}

#[test]
fn packed_tiles_of_4x2x8() {
    random_instructions(5, instructions(1_500), 6);
}

/// Instructions that are stopped in each of some cycles, and whole ones after them.
fn stops(cycles: impl Iterator<Item = u64>) -> Script {
    let build = &BUILDS[0];
    let mut random = Random(7);
    let mut reference = Reference::new(build.geometry);
    let mut script = Script::default();
    reference.fill(&mut random, &mut script);
    for cycles in cycles {
        let gemm = Gemm {
            accumulate: true,
            m_tiles: 2,
            n_tiles: 3,
            k_tiles: 5,
            acc_pitch: 4,
            a_step: 1,
            b_pitch: 2,
            ..Gemm::default()
        };
        script.stopped(&gemm, cycles);
        // What was stopped may have written anything; the next one, which begins at once, writes all accumulators.
        let all = Gemm {
            accumulate: false,
            m_tiles: 1,
            n_tiles: build.geometry.acc_tiles as u16,
            b_pitch: 0,
            b_step: 1,
            ..gemm
        };
        for gemm in [all, gemm, Gemm { k_tiles: 1, ..gemm }] {
            assert_eq!(reference.gemm(&gemm), 0);
            script.gemm(&gemm, random.bits() | 1, 0);
            script.compare(&reference.accumulators(), build.geometry);
        }
    }
    script
}

#[test]
fn a_stop_in_any_cycle_leaves_nothing_behind() {
    stops(1..=90).check(0, "stops");
}

/// Cycles of a GEMM whose tiles follow each other, without other users of the accumulators.
fn cycles(index: usize, m_tiles: u16, n_tiles: u16, k_tiles: u16, accumulate: bool) -> Option<u64> {
    let mut script = Script::default();
    let gemm = Gemm {
        accumulate,
        m_tiles,
        n_tiles,
        k_tiles,
        acc_pitch: n_tiles,
        a_pitch: k_tiles,
        a_step: 1,
        b_pitch: n_tiles,
        b_step: 1,
        ..Gemm::default()
    };
    script.gemm(&gemm, 0, 0);
    Some(script.check(index, "utilisation")?[0])
}

#[test]
fn the_array_is_busy_nine_cycles_in_ten() {
    // 256×256×256; the layer 3×3×64 of ResNet, 64 channels, 56 pixels at a time; and the least depth.
    for (m, n, k) in [(32, 32, 64), (7, 8, 144), (16, 16, 12)] {
        for accumulate in [false, true] {
            let Some(cycles) = cycles(1, m, n, k, accumulate) else {
                return;
            };
            let products = u64::from(m) * u64::from(n) * u64::from(k);
            let share = products as f64 / cycles as f64;
            println!("{m}x{n}x{k} tiles of 8x8x4, accumulate {accumulate}: {cycles} cycles, {share:.3}");
            assert!(share >= 0.9, "{m}x{n}x{k}: {cycles} cycles");
        }
    }
}
