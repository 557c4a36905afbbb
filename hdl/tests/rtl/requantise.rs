//! The requantise unit.

use crate::random::Random;
use crate::verilator::{self, Model};
use crate::{Stream, simulation};
use metisvm_hdl::tensor::requantise::{LATENCY, Requantise};
use metisvm_model::DType;
use metisvm_model::kernels::requantise::requantise;

/// Ports in and out, in the order of `tests/harness/requantise.cpp`.
const INPUTS: usize = 6;
const OUTPUTS: usize = 2;

/// What goes through the unit in one cycle.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Job {
    pub(crate) acc: i32,
    pub(crate) multiplier: i32,
    pub(crate) shift: i32,
    pub(crate) zero: i32,
    pub(crate) dtype: DType,
}

impl Job {
    /// What the reference kernel makes of it.
    pub(crate) fn expected(&self) -> i32 {
        requantise(self.acc, self.multiplier, self.shift, self.zero, self.dtype)
    }

    /// Parameters that put most results into the range of their type, or not far from it.
    pub(crate) fn random(random: &mut Random, acc: i32) -> Self {
        let dtype = random.choose(&DType::ALL);
        let multiplier = match random.bits() % 4 {
            0 => random.choose(&[1, 2, 32766, 32767, 16384]),
            _ => random.within(1, 32767) as i32,
        };
        let product_bits = 64
            - (i64::from(acc) * i64::from(multiplier))
                .unsigned_abs()
                .leading_zeros() as i64;
        let fitting = product_bits - 8 * dtype.size() as i64;
        let shift = match random.bits() % 4 {
            0 => random.within(1, 47),
            _ => (fitting + random.within(-1, 3)).clamp(1, 47),
        } as i32;
        let zero = match random.bits() % 4 {
            0 => random.any_magnitude(),
            1 => random.choose(&[i32::MIN, i32::MIN + 1, i32::MAX, i32::MAX - 1, 0]),
            _ => random.within(dtype.min().into(), dtype.max().into()) as i32,
        };
        Self {
            acc,
            multiplier,
            shift,
            zero,
            dtype,
        }
    }

    /// A job whose product lies on a tie of its rounding, or next to one.
    fn tie(random: &mut Random) -> Self {
        let multiplier = random.within(0, 16383) as i32 * 2 + 1;
        let shift = random.within(1, 31) as i32;
        // An odd multiplier has an inverse modulo 2^shift (Newton's iteration doubles its good bits).
        let m = multiplier as u64;
        let inverse = (0..5).fold(m, |x, _| x.wrapping_mul(2u64.wrapping_sub(m.wrapping_mul(x))));
        let residue = (1u64 << (shift - 1)).wrapping_mul(inverse) & ((1 << shift) - 1);
        let above = random.bits() << shift;
        let near = random.within(-1, 1) as i32;
        let acc = ((above | residue) as i32).wrapping_add(near);
        let zero = random.within(-3, 3) as i32;
        Self {
            acc,
            multiplier,
            shift,
            zero,
            dtype: DType::I32,
        }
    }

    fn is_tie(&self) -> bool {
        let product = i64::from(self.acc) * i64::from(self.multiplier);
        product & ((1 << self.shift) - 1) == 1 << (self.shift - 1)
    }
}

fn extremes() -> Vec<Job> {
    let mut jobs = Vec::new();
    for acc in [
        i32::MIN,
        i32::MIN + 1,
        -65537,
        -65536,
        -1,
        0,
        1,
        65535,
        65536,
        i32::MAX - 1,
        i32::MAX,
    ] {
        for multiplier in [1, 2, 3, 16384, 32766, 32767] {
            for shift in 1..=47 {
                for zero in [i32::MIN, -32769, -129, -1, 0, 1, 128, i32::MAX] {
                    for dtype in DType::ALL {
                        jobs.push(Job {
                            acc,
                            multiplier,
                            shift,
                            zero,
                            dtype,
                        });
                    }
                }
            }
        }
    }
    jobs
}

fn randoms(random: &mut Random, count: usize) -> Vec<Job> {
    (0..count)
        .map(|i| {
            if i % 3 == 0 {
                return Job::tie(random);
            }
            let acc = random.any_magnitude();
            Job::random(random, acc)
        })
        .collect()
}

/// The stream that carries `jobs`, with idle cycles between some of them.
fn stream(random: &mut Random, jobs: &[Job]) -> (Stream<INPUTS>, Vec<Option<Job>>) {
    let mut plan = Vec::new();
    for &job in jobs {
        while random.one_in(16) {
            plan.push(None);
        }
        plan.push(Some(job));
    }
    plan.extend([None; LATENCY]);
    let inputs = plan
        .iter()
        .map(|job| match job {
            Some(job) => [
                1,
                u64::from(job.acc as u32),
                job.multiplier as u64,
                job.shift as u64,
                u64::from(job.zero as u32),
                u64::from(job.dtype.code()),
            ],
            None => {
                let r = random.bits();
                [
                    0,
                    r & 0xFFFF_FFFF,
                    r >> 49,
                    r >> 33 & 63,
                    r >> 11 & 0xFFFF_FFFF,
                    r >> 5 & 3,
                ]
            }
        })
        .collect();
    (inputs, plan)
}

fn check(plan: &[Option<Job>], outputs: &Stream<OUTPUTS>) {
    assert_eq!(plan.len(), outputs.len());
    for (cycle, &[valid, out]) in outputs.iter().enumerate() {
        let job = cycle.checked_sub(LATENCY).and_then(|cycle| plan[cycle]);
        assert_eq!(valid == 1, job.is_some(), "out_valid in cycle {cycle}");
        if let Some(job) = job {
            assert_eq!(out as u32 as i32, job.expected(), "{job:?}");
        }
    }
}

fn simulated(inputs: &Stream<INPUTS>) -> Stream<OUTPUTS> {
    simulation::run(
        Requantise::default(),
        inputs,
        |unit, &[valid, acc, multiplier, shift, zero, dtype]| {
            unit.valid.next = valid == 1;
            unit.acc.next = acc.into();
            unit.multiplier.next = multiplier.into();
            unit.shift.next = shift.into();
            unit.zero.next = zero.into();
            unit.dtype.next = dtype.into();
        },
        |unit, level| unit.clock.next = level.into(),
        |unit| [unit.out_valid.val().into(), unit.out.val().into()],
    )
}

/// Few enough for rust-hdl's simulation, extremes included.
fn sample(random: &mut Random) -> Vec<Job> {
    let mut jobs: Vec<_> = extremes().into_iter().filter(|_| random.one_in(20)).collect();
    jobs.extend(randoms(random, 5000));
    jobs
}

#[test]
fn vectors_reach_ties_and_both_ends_of_every_type() {
    let mut random = Random(1);
    let jobs = randoms(&mut random, 60_000);
    assert!(jobs.iter().filter(|job| job.is_tie()).count() > 5_000);
    for dtype in DType::ALL {
        let results: Vec<_> = jobs
            .iter()
            .filter(|job| job.dtype == dtype)
            .map(|job| job.expected())
            .collect();
        let least = results.iter().filter(|&&r| r == dtype.min()).count();
        let greatest = results.iter().filter(|&&r| r == dtype.max()).count();
        let tenth = results.len() / 10;
        assert!(
            least > results.len() / 50 && greatest > results.len() / 50,
            "{dtype}: {least}, {greatest}"
        );
        assert!(
            results.len() - least - greatest > tenth,
            "{dtype}: {least} and {greatest} clamped"
        );
    }
}

#[test]
fn requantise_in_verilator_equals_the_reference() {
    let Some(verilator) = verilator::command() else {
        return;
    };
    let model = Model::build(verilator, "metisvm_requantise", "requantise.cpp");

    let mut random = Random(1);
    let mut jobs = extremes();
    jobs.extend(randoms(&mut random, 150_000));
    let (inputs, plan) = stream(&mut random, &jobs);
    check(&plan, &model.run("all", &inputs));

    let jobs = sample(&mut random);
    let (inputs, _) = stream(&mut random, &jobs);
    assert!(
        model.run("sample", &inputs) == simulated(&inputs),
        "rust-hdl and Verilator differ"
    );
}

#[test]
fn requantise_in_rust_hdl_equals_the_reference() {
    let mut random = Random(2);
    let jobs = sample(&mut random);
    let (inputs, plan) = stream(&mut random, &jobs);
    check(&plan, &simulated(&inputs));
}

/// The contract asks for a shift of 1..=47. The unit gives the zero point from 47 on, and with 0,
/// where its subtraction wraps: a card that lets a bad record through stays harmless.
#[test]
fn shifts_outside_of_the_contract_give_the_zero_point() {
    let inputs: Stream<INPUTS> = [0, 47, 48, 55, 62, 63]
        .iter()
        .flat_map(|&shift| {
            [i32::MIN, -1, 0, 1, i32::MAX].map(|acc| [1, u64::from(acc as u32), 32767, shift, 77, 3])
        })
        .chain([[0; INPUTS]; LATENCY])
        .collect();
    let results: Vec<_> = simulated(&inputs)
        .into_iter()
        .filter(|o| o[0] == 1)
        .map(|o| o[1])
        .collect();
    assert_eq!(results, [77; 30]);
}
