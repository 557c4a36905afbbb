//! The matmul tile, read out through its requantise unit.

use crate::random::Random;
use crate::requantise::Job;
use crate::verilator::{self, Model};
use crate::{Stream, simulation};
use metisvm_hdl::tensor::gemm::{LATENCY, SIDE};
use metisvm_hdl::tensor::tile::{READ_LATENCY, SUMS, Tile};
use metisvm_model::kernels::mat_mul::mat_mul;
use metisvm_model::{DType, Tensor, TensorType};

/// Ports in and out, in the order of `tests/harness/tile.cpp`.
const INPUTS: usize = 11;
const OUTPUTS: usize = 3;

/// A step of depth: a column of the left matrix and a row of the right one.
type Step = ([i32; SIDE], [i32; SIDE]);

/// A sum over `steps`, in passes that end after the given numbers of steps.
struct Product {
    steps: Vec<Step>,
    passes: Vec<usize>,
    sums: [i32; SUMS],
}

impl Product {
    fn new(steps: Vec<Step>) -> Self {
        Self {
            passes: vec![steps.len()],
            sums: wrapping_sums(&steps),
            steps,
        }
    }

    /// Lanes anywhere in their nine bits, or at the ends of what an 8-bit matmul can give.
    fn random(random: &mut Random, depth: usize) -> Self {
        let ends = [-255, 255, -256, 0, 1, -1];
        let kind = random.bits() % 3;
        let (rows, columns) = match random.bits() % 3 {
            0 => (random.within(1, 4) as usize, random.within(1, 4) as usize),
            _ => (SIDE, SIDE),
        };
        let mut lanes = |used: usize| {
            std::array::from_fn(|lane| match kind {
                _ if lane >= used => 0,
                0 => random.choose(&ends),
                1 => random.choose(&ends[..2]),
                _ => random.within(-256, 255) as i32,
            })
        };
        let mut product = Self::new((0..depth).map(|_| (lanes(rows), lanes(columns))).collect());
        if random.one_in(4) && depth > 1 {
            product
                .passes
                .insert(0, random.within(1, depth as i64 - 1) as usize);
        }
        product
    }

    /// A matmul of the reference kernel: 8-bit matrices and zero points. Ragged where `m` or `n` is
    /// less than the tile's side.
    fn of_kernel(random: &mut Random, depth: usize) -> Self {
        let (m, n) = (random.within(1, 4) as usize, random.within(1, 4) as usize);
        let (x_type, w_type) = (random.choose(&DType::ALL[..2]), random.choose(&DType::ALL[..2]));
        let only_ends = random.one_in(2);
        let mut tensor = |dtype: DType, dims: &[u32]| {
            let ty = TensorType::new(dtype, dims).unwrap();
            let data = (0..ty.elements())
                .map(|_| match only_ends {
                    true => random.choose(&[dtype.min(), dtype.max()]),
                    false => random.within(dtype.min().into(), dtype.max().into()) as i32,
                })
                .collect();
            Tensor::new(ty, data).unwrap()
        };
        let x = tensor(x_type, &[m as u32, depth as u32]);
        let w = tensor(w_type, &[depth as u32, n as u32]);
        let x_zero = tensor(x_type, &[]);
        let w_zero = tensor(w_type, &[n as u32]);
        let steps = (0..depth)
            .map(|k| {
                let a = |i| {
                    if i < m {
                        x.data()[i * depth + k] - x_zero.data()[0]
                    } else {
                        0
                    }
                };
                let b = |j| {
                    if j < n {
                        w.data()[k * n + j] - w_zero.data()[j]
                    } else {
                        0
                    }
                };
                (std::array::from_fn(a), std::array::from_fn(b))
            })
            .collect();
        let mut product = Self::new(steps);
        let y = mat_mul(&[&x, &w, &x_zero, &w_zero]);
        product.sums = std::array::from_fn(|at| {
            let (i, j) = (at / SIDE, at % SIDE);
            if i < m && j < n { y[i * n + j] } else { 0 }
        });
        product
    }
}

/// The tile's own definition, for lanes and depths beyond what a checked graph holds.
fn wrapping_sums(steps: &[Step]) -> [i32; SUMS] {
    let mut sums = [0i32; SUMS];
    for (a, b) in steps {
        for (at, sum) in sums.iter_mut().enumerate() {
            *sum = sum.wrapping_add(a[at / SIDE] * b[at % SIDE]);
        }
    }
    sums
}

/// A stream under construction, and what must come out of it.
#[derive(Default)]
struct Bench {
    inputs: Stream<INPUTS>,
    done: Vec<usize>,
    results: Vec<(usize, i32)>,
}

impl Bench {
    fn idle(&mut self, random: &mut Random, cycles: usize) {
        for _ in 0..cycles {
            let (r, s) = (random.bits(), random.bits());
            let lanes = (1 << 36) - 1;
            self.inputs.push([
                0,
                r & 1,
                r >> 1 & 1,
                r >> 2 & lanes,
                s & lanes,
                0,
                r >> 38 & 15,
                s >> 49,
                r >> 42 & 63,
                s >> 3 & 0xFFFF_FFFF,
                r >> 48 & 3,
            ]);
        }
    }

    fn multiply(&mut self, random: &mut Random, product: &Product) {
        let lanes = |values: &[i32; SIDE]| {
            values
                .iter()
                .rev()
                .fold(0, |bits, &value| bits << 9 | u64::from(value as u32 & 0x1FF))
        };
        let stutters = random.one_in(3);
        for (k, (a, b)) in product.steps.iter().enumerate() {
            if stutters && random.one_in(4) {
                self.idle(random, 1);
            }
            let last = product.passes.contains(&(k + 1));
            if last {
                self.done.push(self.inputs.len() + LATENCY);
            }
            self.inputs.push([
                1,
                u64::from(k == 0),
                last.into(),
                lanes(a),
                lanes(b),
                0,
                0,
                0,
                0,
                0,
                0,
            ]);
        }
        // The next cycle is that of `done`: the earliest in which a sum may be read.
        self.idle(random, LATENCY - 1);
    }

    fn read(&mut self, index: usize, job: &Job) {
        self.results
            .push((self.inputs.len() + READ_LATENCY, job.expected()));
        self.inputs.push([
            0,
            0,
            0,
            0,
            0,
            1,
            index as u64,
            job.multiplier as u64,
            job.shift as u64,
            u64::from(job.zero as u32),
            u64::from(job.dtype.code()),
        ]);
    }

    /// A product, then its sums: raw through the identity, and, every other time, requantised.
    fn product(&mut self, random: &mut Random, product: &Product) {
        self.multiply(random, product);
        for (index, &acc) in product.sums.iter().enumerate() {
            self.read(
                index,
                &Job {
                    acc,
                    multiplier: 2,
                    shift: 1,
                    zero: 0,
                    dtype: DType::I32,
                },
            );
        }
        if random.one_in(2) {
            for _ in 0..SUMS {
                let index = random.within(0, SUMS as i64 - 1) as usize;
                let job = Job::random(random, product.sums[index]);
                self.read(index, &job);
            }
        }
    }

    fn finish(mut self, random: &mut Random) -> Self {
        self.idle(random, READ_LATENCY + LATENCY);
        self
    }

    fn check(&self, outputs: &Stream<OUTPUTS>) {
        let done: Vec<_> = (0..outputs.len())
            .filter(|&cycle| outputs[cycle][0] == 1)
            .collect();
        assert!(done == self.done, "done comes at wrong times");
        let results: Vec<_> = (0..outputs.len())
            .filter(|&cycle| outputs[cycle][1] == 1)
            .map(|cycle| (cycle, outputs[cycle][2] as u32 as i32))
            .collect();
        assert_eq!(results.len(), self.results.len());
        for (number, (result, expected)) in results.iter().zip(&self.results).enumerate() {
            assert_eq!(result, expected, "(cycle, value) of result {number}");
        }
    }
}

fn simulated(inputs: &Stream<INPUTS>) -> Stream<OUTPUTS> {
    simulation::run(
        Tile::default(),
        inputs,
        |tile,
         &[
            valid,
            first,
            last,
            a,
            b,
            read,
            index,
            multiplier,
            shift,
            zero,
            dtype,
        ]| {
            tile.valid.next = valid == 1;
            tile.first.next = first == 1;
            tile.last.next = last == 1;
            tile.a.next = a.into();
            tile.b.next = b.into();
            tile.read.next = read == 1;
            tile.index.next = index.into();
            tile.multiplier.next = multiplier.into();
            tile.shift.next = shift.into();
            tile.zero.next = zero.into();
            tile.dtype.next = dtype.into();
        },
        |tile, level| tile.clock.next = level.into(),
        |tile| {
            [
                tile.done.val().into(),
                tile.out_valid.val().into(),
                tile.out.val().into(),
            ]
        },
    )
}

/// Few and shallow enough for rust-hdl's simulation.
fn sample(random: &mut Random) -> Bench {
    let mut bench = Bench::default();
    for number in 0..200 {
        let depth = random.within(1, 24) as usize;
        let product = match number % 2 {
            0 => Product::random(random, depth),
            _ => Product::of_kernel(random, depth),
        };
        bench.product(random, &product);
    }
    bench.finish(random)
}

#[test]
fn tile_in_verilator_equals_the_reference() {
    let Some(verilator) = verilator::command() else {
        return;
    };
    let model = Model::build(verilator, "metisvm_tile", "tile.cpp");

    let mut random = Random(3);
    let mut bench = Bench::default();
    for number in 0..3000 {
        let depth = match number % 8 {
            0 => 1,
            1 => 512,
            2 => random.within(1, 512),
            _ => random.within(2, 64),
        } as usize;
        let product = match number % 2 {
            0 => Product::random(&mut random, depth),
            _ => Product::of_kernel(&mut random, depth),
        };
        bench.product(&mut random, &product);
    }
    // 33,026 products of 255·255 pass 2^31: the least and the greatest sum wrap, and wrap twice.
    for (depth, a, b) in [
        (33_026, 255, 255),
        (33_026, 255, -255),
        (70_000, -255, -255),
        (32_768, -256, -256),
    ] {
        let product = Product::new(vec![([a; SIDE], [b; SIDE]); depth]);
        bench.product(&mut random, &product);
    }
    let bench = bench.finish(&mut random);
    bench.check(&model.run("all", &bench.inputs));

    let bench = sample(&mut random);
    assert!(
        model.run("sample", &bench.inputs) == simulated(&bench.inputs),
        "rust-hdl and Verilator differ"
    );
}

#[test]
fn tile_in_rust_hdl_equals_the_reference() {
    let mut random = Random(4);
    let bench = sample(&mut random);
    bench.check(&simulated(&bench.inputs));
}

#[test]
fn the_tile_forgets_nothing_between_passes_and_reads() {
    let mut random = Random(5);
    let mut bench = Bench::default();
    let steps: Vec<Step> = (1..=6).map(|k| ([k; SIDE], [-k; SIDE])).collect();
    let mut product = Product::new(steps);
    product.passes = vec![2, 4, 6];
    bench.multiply(&mut random, &product);
    bench.idle(&mut random, 20);
    for index in (0..SUMS).rev() {
        let job = Job {
            acc: -91,
            multiplier: 3,
            shift: 2,
            zero: 100,
            dtype: DType::U8,
        };
        bench.read(index, &job);
        bench.idle(&mut random, index % 3);
    }
    let bench = bench.finish(&mut random);
    bench.check(&simulated(&bench.inputs));
}
