//! What an element costs: `cargo bench -p metisvm-simd --bench elements [-- FILTER]`.
//!
//! Prints nanoseconds an element of each function and combination of types whose name contains the filter,
//! for each level of this processor, over 1,024 elements in L1: the median of 31 batches of about 50 µs. The
//! lines "short …" have 16 and 64 elements a call.

use metisvm_simd::Level;
use metisvm_simd::elements::*;
use std::hint::black_box;
use std::time::Instant;

/// Elements of a call.
const N: usize = 1024;

struct Bench {
    filter: String,
    levels: Vec<Level>,
}

impl Bench {
    /// Measures `call`, which works on so many elements, at every level.
    fn row(&self, name: &str, elements: usize, mut call: impl FnMut(Level)) {
        if !name.contains(&self.filter) {
            return;
        }
        print!("{name:<44}");
        for &level in &self.levels {
            print!(" {:>12.3}", nanoseconds(|| call(level)) / elements as f64);
        }
        println!();
    }
}

/// Nanoseconds of a call.
fn nanoseconds(mut call: impl FnMut()) -> f64 {
    let mut batch = |calls: u32| {
        let start = Instant::now();
        (0..calls).for_each(|_| call());
        start.elapsed().as_nanos() as f64
    };
    batch(20);
    let calls = (50_000.0 * 20.0 / batch(20)).clamp(1.0, 1e6) as u32;
    let mut batches: Vec<f64> = (0..31).map(|_| batch(calls) / f64::from(calls)).collect();
    batches.sort_by(f64::total_cmp);
    batches[batches.len() / 2]
}

/// Elements of each type, small enough that no sum of the model would leave 32 bits.
struct Data {
    u8: Vec<u8>,
    i8: Vec<i8>,
    i16: Vec<i16>,
    i32: Vec<i32>,
}

impl Data {
    fn new(mut seed: u64) -> Self {
        let random: Vec<i32> = (0..N)
            .map(|_| {
                seed ^= seed << 13;
                seed ^= seed >> 7;
                seed ^= seed << 17;
                (seed >> 20) as i32
            })
            .collect();
        Self {
            u8: random.iter().map(|&x| x as u8).collect(),
            i8: random.iter().map(|&x| x as i8).collect(),
            i16: random.iter().map(|&x| x as i16).collect(),
            i32: random.iter().map(|&x| x >> 12).collect(),
        }
    }

    fn slices(&self) -> [(&'static str, Slice<'_>); 4] {
        let (u8, i8, i16, i32) = (
            Slice::U8(&self.u8),
            Slice::I8(&self.i8),
            Slice::I16(&self.i16),
            Slice::I32(&self.i32),
        );
        [("u8", u8), ("i8", i8), ("i16", i16), ("i32", i32)]
    }

    fn slices_mut(&mut self) -> [(&'static str, SliceMut<'_>); 4] {
        let Self { u8, i8, i16, i32 } = self;
        let (u8, i8, i16, i32) = (
            SliceMut::U8(u8),
            SliceMut::I8(i8),
            SliceMut::I16(i16),
            SliceMut::I32(i32),
        );
        [("u8", u8), ("i8", i8), ("i16", i16), ("i32", i32)]
    }
}

fn again<'a>(y: &'a mut SliceMut<'_>) -> SliceMut<'a> {
    match y {
        SliceMut::U8(y) => SliceMut::U8(y),
        SliceMut::I8(y) => SliceMut::I8(y),
        SliceMut::I16(y) => SliceMut::I16(y),
        SliceMut::I32(y) => SliceMut::I32(y),
    }
}

fn main() {
    let filter = std::env::args()
        .skip(1)
        .find(|a| !a.starts_with("--"))
        .unwrap_or_default();
    let mut levels: Vec<Level> = Level::available().collect();
    levels.reverse();
    print!("{:<44}", "ns an element");
    levels.iter().for_each(|level| print!(" {:>12}", level.name()));
    println!();
    let bench = Bench { filter, levels };
    let (a, b, mut out) = (Data::new(1), Data::new(2), Data::new(3));
    short(&bench, &a, &mut out);
    requantisations(&bench, &a, &mut out);
    pointwise(&bench, &a, &b, &mut out);
    functions(&bench, &a, &mut out);
    reductions(&bench, &a, &mut out);
    rows(&bench, &a, &mut out);
    moves(&bench, &a, &mut out);
}

fn requantisations(bench: &Bench, x: &Data, out: &mut Data) {
    let multipliers: Vec<i32> = (0..N as i32).map(|i| 16384 + i).collect();
    let shifts: Vec<u32> = (0..N as u32).map(|i| 22 + i % 4).collect();
    let far: Vec<u32> = (0..N as u32).map(|i| 10 + i % 4).collect();
    let zeros = vec![3; N];
    let columns = RequantiseColumns::new(&multipliers, &shifts, &zeros);
    let far = RequantiseColumns::new(&multipliers, &far, &zeros);
    for (from, x) in x.slices() {
        for (to, mut y) in out.slices_mut() {
            bench.row(&format!("requantise one {from} -> {to}"), N, |level| {
                requantise_one(level, black_box(x), 20000, 24, 3, again(&mut y));
            });
            bench.row(&format!("requantise one, shift 34 {from} -> {to}"), N, |level| {
                requantise_one(level, black_box(x), 20000, 34, 3, again(&mut y));
            });
            bench.row(&format!("requantise one, shift 10 {from} -> {to}"), N, |level| {
                requantise_one(level, black_box(x), 20000, 10, 3, again(&mut y));
            });
            bench.row(&format!("requantise columns {from} -> {to}"), N, |level| {
                columns.apply(level, 0, black_box(x), again(&mut y));
            });
            bench.row(
                &format!("requantise columns, shift 10 {from} -> {to}"),
                N,
                |level| {
                    far.apply(level, 0, black_box(x), again(&mut y));
                },
            );
            bench.row(&format!("requantise each {from} -> {to}"), N, |level| {
                requantise_each(level, black_box(x), &multipliers, &shifts, &zeros, again(&mut y));
            });
        }
    }
}

/// What a call costs that has little to do.
fn short(bench: &Bench, x: &Data, out: &mut Data) {
    let columns = RequantiseColumns::new(&[20000; 64], &[24; 64], &[3; 64]);
    let table = Table256::new(Slice::I32(&[1; 256]));
    let function = Interpolation::new(Slice::I16(&[1; 257]));
    for n in [16, 64] {
        let (x32, x16, x8) = (Slice::I32(&x.i32[..n]), &x.i16[..n], Slice::I8(&x.i8[..n]));
        let (one, each) = (Operand::One(5), Operand::Each(x32));
        bench.row(&format!("short requantise one, {n}"), n, |level| {
            requantise_one(
                level,
                black_box(x32),
                20000,
                24,
                3,
                SliceMut::I8(&mut out.i8[..n]),
            );
        });
        bench.row(&format!("short requantise columns, {n}"), n, |level| {
            columns.apply(level, 0, black_box(x32), SliceMut::I8(&mut out.i8[..n]));
        });
        bench.row(&format!("short mul, {n}"), n, |level| {
            mul(level, black_box(each), each, 40, SliceMut::I16(&mut out.i16[..n]));
        });
        bench.row(&format!("short mul one, {n}"), n, |level| {
            mul(level, black_box(each), one, 40, SliceMut::I16(&mut out.i16[..n]));
        });
        bench.row(&format!("short add one, {n}"), n, |level| {
            add(level, black_box(each), one, &mut out.i32[..n]);
        });
        bench.row(&format!("short clamp, {n}"), n, |level| {
            clamp(level, black_box(x8), -5, 100, SliceMut::I8(&mut out.i8[..n]));
        });
        bench.row(&format!("short table, {n}"), n, |level| {
            table.apply(level, black_box(x8), SliceMut::I8(&mut out.i8[..n]));
        });
        bench.row(&format!("short interpolate, {n}"), n, |level| {
            function.apply(level, black_box(x16), SliceMut::I16(&mut out.i16[..n]));
        });
        bench.row(&format!("short reciprocal, {n}"), n, |level| {
            reciprocal(level, black_box(x32), 1 << 40, &mut out.i32[..n]);
        });
        bench.row(&format!("short reduce sum, {n}"), n, |level| {
            black_box(reduce_sum(level, black_box(Slice::I16(x16))));
        });
        bench.row(&format!("short reduce max, {n}"), n, |level| {
            black_box(reduce_max(level, black_box(x32)));
        });
        bench.row(&format!("short arg max, {n}"), n, |level| {
            black_box(arg_max(level, black_box(x32)));
        });
        bench.row(&format!("short sum of squares, {n}"), n, |level| {
            black_box(sum_of_squares(level, black_box(x32)));
        });
        bench.row(&format!("short accumulate sum, {n}"), n, |level| {
            accumulate_sum(level, black_box(x8), &mut out.i32[..n]);
        });
    }
}

fn pointwise(bench: &Bench, a: &Data, b: &Data, out: &mut Data) {
    for (from, x) in a.slices() {
        let one = Operand::One(black_box(77));
        let x = Operand::Each(x);
        bench.row(&format!("add {from} + one"), N, |level| {
            add(level, black_box(x), one, &mut out.i32)
        });
        bench.row(&format!("sub {from} - one"), N, |level| {
            sub(level, black_box(x), one, &mut out.i32)
        });
        bench.row(&format!("sub one - {from}"), N, |level| {
            sub(level, one, black_box(x), &mut out.i32)
        });
        for (other, z) in b.slices() {
            let z = Operand::Each(z);
            let y = &mut out.i32;
            bench.row(&format!("add {from} + {other}"), N, |level| {
                add(level, black_box(x), z, y)
            });
            bench.row(&format!("sub {from} - {other}"), N, |level| {
                sub(level, black_box(x), z, y)
            });
            for (to, mut y) in out.slices_mut() {
                for shift in [15, 40] {
                    bench.row(&format!("mul {from} * {other} >> {shift} -> {to}"), N, |level| {
                        mul(level, black_box(x), z, shift, again(&mut y));
                    });
                }
            }
        }
        for (to, mut y) in out.slices_mut() {
            for shift in [15, 40] {
                bench.row(&format!("mul {from} * one >> {shift} -> {to}"), N, |level| {
                    mul(level, black_box(x), one, shift, again(&mut y));
                });
            }
        }
    }
    for ((ty, x), (_, mut y)) in a.slices().into_iter().zip(out.slices_mut()) {
        bench.row(&format!("clamp {ty}"), N, |level| {
            clamp(level, black_box(x), -5, 100, again(&mut y))
        });
    }
    for (from, x) in a.slices() {
        bench.row(&format!("widen {from}"), N, |level| {
            widen(level, black_box(x), &mut out.i32)
        });
    }
}

fn functions(bench: &Bench, a: &Data, out: &mut Data) {
    for ((ty, entries), (_, mut y)) in a.slices().into_iter().zip(out.slices_mut()) {
        let entries: Vec<i32> = (0..256).map(|i| at(entries, i)).collect();
        let table = Table256::new(Slice::I32(&entries));
        for (from, x) in &a.slices()[..2] {
            bench.row(&format!("table {from} -> {ty}"), N, |level| {
                table.apply(level, black_box(*x), again(&mut y))
            });
        }
        if ty == "i32" {
            continue;
        }
        let nodes: Vec<i16> = (0..257).map(|i| at(a.slices()[0].1, i) as i16 / 2).collect();
        let function = Interpolation::new(Slice::I16(&nodes));
        bench.row(&format!("interpolate i16 -> {ty}"), N, |level| {
            function.apply(level, black_box(&a.i16), again(&mut y));
        });
    }
    for (from, x) in a.slices() {
        bench.row(&format!("reciprocal {from}"), N, |level| {
            reciprocal(level, black_box(x), 1 << 40, &mut out.i32);
        });
    }
    bench.row("inverse norm (of one row)", 1, |_| {
        black_box(inverse_norm(black_box(123_456_789), 62));
    });
}

fn at(x: Slice<'_>, i: usize) -> i32 {
    match x {
        Slice::U8(x) => i32::from(x[i]),
        Slice::I8(x) => i32::from(x[i]),
        Slice::I16(x) => i32::from(x[i]),
        Slice::I32(x) => x[i],
    }
}

fn part_mut<'a>(y: &'a mut SliceMut<'_>, n: usize) -> SliceMut<'a> {
    match y {
        SliceMut::U8(y) => SliceMut::U8(&mut y[..n]),
        SliceMut::I8(y) => SliceMut::I8(&mut y[..n]),
        SliceMut::I16(y) => SliceMut::I16(&mut y[..n]),
        SliceMut::I32(y) => SliceMut::I32(&mut y[..n]),
    }
}

fn part(x: Slice<'_>, n: usize) -> Slice<'_> {
    match x {
        Slice::U8(x) => Slice::U8(&x[..n]),
        Slice::I8(x) => Slice::I8(&x[..n]),
        Slice::I16(x) => Slice::I16(&x[..n]),
        Slice::I32(x) => Slice::I32(&x[..n]),
    }
}

fn reductions(bench: &Bench, a: &Data, out: &mut Data) {
    for (ty, x) in a.slices() {
        bench.row(&format!("reduce sum {ty}"), N, |level| {
            black_box(reduce_sum(level, black_box(x)));
        });
        bench.row(&format!("reduce max {ty}"), N, |level| {
            black_box(reduce_max(level, black_box(x)));
        });
        bench.row(&format!("arg max {ty}"), N, |level| {
            black_box(arg_max(level, black_box(x)));
        });
        bench.row(&format!("sum of squares {ty}"), N, |level| {
            black_box(sum_of_squares(level, black_box(x)));
        });
        bench.row(&format!("accumulate sum {ty}"), N, |level| {
            accumulate_sum(level, black_box(x), &mut out.i32)
        });
    }
    for ((ty, x), (_, mut y)) in a.slices().into_iter().zip(out.slices_mut()) {
        bench.row(&format!("accumulate max {ty}"), N, |level| {
            accumulate_max(level, black_box(x), again(&mut y));
        });
    }
}

/// Short rows, many in a call.
fn rows(bench: &Bench, a: &Data, out: &mut Data) {
    let mut squares = vec![0; N];
    for n in [2, 3, 16] {
        let (count, parameters) = (N / n, vec![20000; n]);
        let columns = RequantiseColumns::new(&parameters, &vec![24; n], &vec![3; n]);
        let x32 = part(Slice::I32(&a.i32), count * n);
        let (x16, x8) = (
            part(Slice::I16(&a.i16), count * n),
            part(Slice::I8(&a.i8), count * n),
        );
        bench.row(
            &format!("rows of {n}: requantise columns i32 -> i8"),
            count * n,
            |level| {
                columns.apply(level, 0, black_box(x32), SliceMut::I8(&mut out.i8[..count * n]));
            },
        );
        bench.row(&format!("rows of {n}: reduce sum i8"), count * n, |level| {
            reduce_sum_rows(level, black_box(x8), n, &mut out.i32[..count]);
        });
        bench.row(&format!("rows of {n}: reduce max i16"), count * n, |level| {
            reduce_max_rows(level, black_box(x16), n, SliceMut::I16(&mut out.i16[..count]));
        });
        bench.row(&format!("rows of {n}: arg max i8"), count * n, |level| {
            arg_max_rows(level, black_box(x8), n, &mut out.i32[..count]);
        });
        bench.row(&format!("rows of {n}: sum of squares i16"), count * n, |level| {
            sum_of_squares_rows(level, black_box(x16), n, &mut squares[..count]);
        });
        bench.row(&format!("rows of {n}: stretch i32"), count * n, |level| {
            stretch(
                level,
                black_box(part(x32, count)),
                n,
                SliceMut::I32(&mut out.i32[..count * n]),
            );
        });
    }
}

fn moves(bench: &Bench, a: &Data, out: &mut Data) {
    for ((ty, x), (_, mut y)) in a.slices().into_iter().zip(out.slices_mut()) {
        bench.row(&format!("transpose 32 x 32 {ty}"), N, |level| {
            transpose(level, black_box(x), &[32, 32], &[1, 0], again(&mut y));
        });
        for (rows, columns) in [(340, 3), (3, 340), (128, 8), (8, 128)] {
            let n = rows * columns;
            let mut y = part_mut(&mut y, n);
            bench.row(&format!("transpose {rows} x {columns} {ty}"), n, |level| {
                transpose(
                    level,
                    black_box(part(x, n)),
                    &[rows, columns],
                    &[1, 0],
                    again(&mut y),
                );
            });
        }
        bench.row(&format!("transpose 4 x 8 x 32 as 1, 0, 2 {ty}"), N, |level| {
            transpose(level, black_box(x), &[4, 8, 32], &[1, 0, 2], again(&mut y));
        });
    }
    let planes = [
        (1, 3, 1, [32, 32]),
        (2, 2, 0, [32, 32]),
        (2, 3, 1, [32, 32]),
        (2, 3, 1, [9, 112]),
    ];
    for (stride, kernel, before, input) in planes {
        let output = input.map(|n| (n + 2 * before - kernel) / stride + 1);
        let pool = Pool {
            input,
            output,
            kernel: [kernel; 2],
            stride: [stride; 2],
            dilation: [1; 2],
            before: [before; 2],
        };
        for ((ty, x), (_, mut y)) in a.slices().into_iter().zip(out.slices_mut()) {
            let (elements, n) = (input[0] * input[1], output[0] * output[1]);
            let mut y = part_mut(&mut y, n);
            let name = format!("max pool {kernel} step {stride}, an input of {input:?} {ty}");
            bench.row(&name, elements, |level| {
                max_pool2d(level, black_box(part(x, elements)), &pool, again(&mut y));
            });
        }
    }
}
