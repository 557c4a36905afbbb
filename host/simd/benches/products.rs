//! What products and convolutions take, beside what the multipliers and the memory can give:
//! `cargo bench -p metisvm-simd --bench products -- [level [part of a line's name]]`.
//!
//! Medians of one thread. GOPS are 2 · multiply-accumulates a nanosecond.

use metisvm_simd::Level;
use metisvm_simd::product::{
    Block, Conv2dShape, Elements, PackedFilters, PackedMatrix, Scratch, XKind, Zeros, conv2d, mat_mul,
    register_peak,
};
use std::hint::black_box;
use std::time::Instant;

/// Nanoseconds that this thread was on a processor, as of the last tick of its clock.
fn cpu_ns() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    stat.split(' ').next()?.parse().ok()
}

/// The median of samples, in nanoseconds a call. Samples are short, so that what else runs here is in few of
/// them; where calls are long, they are many, and their CPU time counts.
fn median(mut call: impl FnMut()) -> f64 {
    let mut time = |calls: u32, cpu: bool| {
        let before = cpu_ns().filter(|_| cpu);
        let start = Instant::now();
        for _ in 0..calls {
            call();
        }
        let elapsed = start.elapsed().as_secs_f64() * 1e9;
        before
            .and_then(|before| Some(cpu_ns()? - before))
            .unwrap_or(elapsed)
    };
    let mut calls = 1;
    while time(calls, false) < 200e3 && calls < 1 << 30 {
        calls *= 2;
    }
    let once = (0..3).map(|_| time(calls, false)).fold(f64::INFINITY, f64::min);
    let long = once > 1.5e6;
    if long {
        calls = (60e6 / once).ceil() as u32;
    }
    let mut samples: Vec<f64> = Vec::new();
    let start = Instant::now();
    while samples.len() < 7 || (!long && samples.len() < 301 && start.elapsed().as_millis() < 150) {
        samples.push(time(calls, long));
    }
    samples.sort_unstable_by(f64::total_cmp);
    samples[samples.len() / 2] / f64::from(calls)
}

fn bytes(count: usize) -> Vec<u8> {
    let mut state = 0x1234_5678_9abc_def1_u64;
    let byte = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 20) as u8
    };
    (0..count).map(byte).collect()
}

/// A sink that reads a little of each block.
fn sink(block: Block<'_>) {
    black_box(block.values[0]);
}

/// GOPS of the multipliers alone.
fn peak(level: Level) -> f64 {
    let mut products = 0;
    let ns = median(|| products = register_peak(level, 10_000));
    2.0 * products as f64 / ns
}

struct Bench {
    filter: String,
    level: Level,
}

impl Bench {
    fn wants(&self, name: &str) -> bool {
        name.contains(&self.filter)
    }

    /// A line, with what the multipliers can do at this moment.
    fn line(&self, name: &str, macs: f64, ns: f64) {
        let gops = 2.0 * macs / ns;
        let share = 100.0 * gops / peak(self.level);
        println!(
            "{:12} {name:44} {ns:12.0} ns {gops:8.1} GOPS {share:6.1} %",
            self.level.name()
        );
    }

    fn mat_mul(&self, m: usize, k: usize, n: usize, x: XKind) -> Option<f64> {
        let name = format!("matmul {x:?} {m} × {k} × {n}");
        if !self.wants(&name) {
            return None;
        }
        let w: Vec<i8> = bytes(k * n).into_iter().map(|b| b as i8).collect();
        let packed = PackedMatrix::new(self.level, Elements::I8(&w), k, n, Zeros::One(0), x);
        let x_bytes = bytes(m * k);
        let x_words: Vec<i16> = x_bytes.iter().map(|&b| i16::from(b) * 99).collect();
        let x = match x {
            XKind::Byte => Elements::U8(&x_bytes),
            XKind::Word => Elements::I16(&x_words),
        };
        let bias = vec![7; n];
        let mut scratch = Scratch::default();
        let ns = median(|| {
            mat_mul(
                &packed,
                x,
                128,
                Some(&bias),
                0..m,
                0..n,
                false,
                &mut scratch,
                &mut sink,
            );
        });
        self.line(&name, (m * k * n) as f64, ns);
        Some(ns)
    }

    fn repack(&self, k: usize, n: usize) {
        let name = format!("repack {k} × {n}");
        if self.wants(&name) {
            let w: Vec<i8> = bytes(k * n).into_iter().map(|b| b as i8).collect();
            let mut packed =
                PackedMatrix::new(self.level, Elements::I8(&w), k, n, Zeros::One(0), XKind::Byte);
            let ns = median(|| packed.repack(Elements::I8(black_box(&w)), Zeros::One(0)));
            let rate = (k * n) as f64 / ns;
            println!("{:12} {name:44} {ns:12.0} ns {rate:8.1} GB/s", self.level.name());
        }
    }

    fn conv2d(&self, name: &str, s: Conv2dShape) {
        let [kh, kw] = s.kernel;
        let name = format!(
            "conv {name}{kh} × {kw} / {} {} → {} of {} × {}",
            s.stride[0], s.channels, s.outs, s.height, s.width
        );
        if !self.wants(&name) {
            return;
        }
        let filter = s.channels / s.groups * kh * kw;
        let w: Vec<i8> = bytes(s.outs * filter).into_iter().map(|b| b as i8).collect();
        let packed = PackedFilters::new(self.level, s, Elements::I8(&w), Zeros::One(0));
        let x = bytes(s.channels * s.height * s.width);
        let bias = vec![7; s.outs];
        let mut scratch = Scratch::default();
        let ns = median(|| {
            conv2d(
                &packed,
                Elements::U8(&x),
                128,
                Some(&bias),
                0..s.outs,
                &mut scratch,
                &mut sink,
            );
        });
        self.line(&name, (s.outs * s.rows * s.cols * filter) as f64, ns);
    }
}

/// A convolution of `channels` to `outs` with padding that keeps the extent at stride 1.
fn shape(
    channels: usize,
    extent: usize,
    outs: usize,
    kernel: usize,
    stride: usize,
    groups: usize,
) -> Conv2dShape {
    let count = (extent - 1) / stride + 1;
    Conv2dShape {
        channels,
        height: extent,
        width: extent,
        outs,
        kernel: [kernel; 2],
        stride: [stride; 2],
        dilation: [1; 2],
        padding: [kernel / 2; 4],
        groups,
        rows: count,
        cols: count,
    }
}

/// Bytes a nanosecond that one thread reads from memory.
fn memory_bandwidth() -> f64 {
    let memory = vec![1_u64; 32 << 20];
    let ns = median(|| {
        let sum = memory.iter().fold(0_u64, |sum, &word| sum ^ word);
        black_box(sum);
    });
    size_of_val(&memory[..]) as f64 / ns
}

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|a| !a.starts_with("--"));
    let wanted = arguments.next();
    let filter = arguments.next().unwrap_or_default();
    let wants = |level: &Level| wanted.as_ref().is_none_or(|wanted| wanted == level.name());
    for level in Level::available().filter(wants) {
        let peak = peak(level);
        println!("{:12} register peak {peak:56.1} GOPS", level.name());
        let bench = Bench {
            filter: filter.clone(),
            level,
        };
        for n in [256, 512, 1024, 2048] {
            bench.mat_mul(n, n, n, XKind::Byte);
        }
        bench.mat_mul(512, 512, 512, XKind::Word);
        for (m, k, n) in [
            (1, 64, 10),
            (1, 512, 64),
            (4, 384, 384),
            (32, 384, 1536),
            (128, 1536, 384),
            (128, 32, 128),
        ] {
            bench.mat_mul(m, k, n, XKind::Byte);
        }
        for (k, n) in [(1024, 1024), (4096, 4096), (8192, 16384)] {
            if let Some(ns) = bench.mat_mul(1, k, n, XKind::Byte) {
                println!("{:57} {:33.1} GB/s", "", (k * n) as f64 / ns);
            }
        }
        bench.repack(32, 128);
        bench.repack(1024, 1024);
        bench.conv2d("", shape(64, 56, 64, 3, 1, 1));
        bench.conv2d("", shape(128, 28, 128, 3, 1, 1));
        bench.conv2d("", shape(256, 14, 256, 3, 1, 1));
        bench.conv2d("", shape(512, 7, 512, 3, 1, 1));
        bench.conv2d("", shape(128, 56, 128, 3, 2, 1));
        bench.conv2d("", shape(64, 56, 256, 1, 1, 1));
        bench.conv2d("", shape(256, 56, 64, 1, 1, 1));
        bench.conv2d("", shape(256, 56, 1, 1, 1, 1));
        bench.conv2d("", shape(256, 56, 512, 1, 2, 1));
        bench.conv2d("", shape(256, 56, 1, 1, 2, 1));
        bench.conv2d("", shape(128, 56, 1, 3, 2, 1));
        bench.conv2d("", shape(64, 56, 1, 3, 1, 1));
        bench.conv2d("", shape(3, 224, 1, 7, 2, 1));
        bench.conv2d("", shape(3, 224, 64, 7, 2, 1));
        bench.conv2d("", shape(1, 28, 8, 3, 1, 1));
        bench.conv2d("", shape(8, 14, 16, 3, 1, 1));
        bench.conv2d("", shape(1, 8, 16, 3, 1, 1));
        bench.conv2d("depthwise ", shape(96, 56, 96, 3, 1, 96));
        bench.conv2d("depthwise ", shape(96, 112, 96, 3, 2, 96));
    }
    if "memory bandwidth".contains(&filter) {
        println!(
            "memory bandwidth, one thread reading 256 MB {:46.1} GB/s",
            memory_bandwidth()
        );
    }
}
