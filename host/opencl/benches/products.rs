//! What the product's tiles reach, in 10^9 operations a second (two for each multiply-accumulate), and what a launch and
//! a transfer cost. `METISVM_SAMPLES` says how often each is timed; the best counts.

#![allow(clippy::unwrap_used, reason = "a benchmark may panic")]

use metisvm_opencl::ops::{Form, Product, Rows, packed_columns_bytes, packed_rows_bytes};
use metisvm_opencl::{Choice, Device, Job, Options, Slice, Type, find};
use std::time::{Duration, Instant};

fn main() {
    let found = match find(&Choice::Any) {
        Ok(found) => found,
        Err(why) => {
            println!("left out: products on OpenCL ({why})");
            return;
        }
    };
    let samples = std::env::var("METISVM_SAMPLES")
        .ok()
        .and_then(|text| text.parse().ok());
    let samples: u32 = samples.unwrap_or(15);
    let units = found.units;
    println!("{}, {units} compute units", found.identity());
    let device = Device::open(found, Options::default()).unwrap();
    let filled = |bytes: u64| -> Slice {
        let slice = device.allocate(bytes as usize).unwrap().all();
        let numbers = (0..slice.bytes() / 2).map(|i| (i * 37 % 511) as i16 - 255);
        let bytes: Vec<u8> = numbers.flat_map(i16::to_le_bytes).collect();
        let mut job = Job::new(&device).unwrap();
        job.write(&slice, bytes, &[]).unwrap();
        job.start().unwrap();
        job.wait().unwrap();
        slice
    };
    let best = |enqueue: &dyn Fn(&mut Job)| {
        let time = |_| {
            let mut job = Job::new(&device).unwrap();
            let begun = Instant::now();
            enqueue(&mut job);
            job.start().unwrap();
            job.wait().unwrap();
            begun.elapsed()
        };
        time(0);
        (0..samples).map(time).min().unwrap_or(Duration::ZERO)
    };
    let start = filled(4);
    // Left operands of bytes and of words, packed as the product takes them.
    let packed = |m: u32, depth: u32, form: Form| {
        let (ty, bytes) = match form {
            Form::Floats => (Type::U8, m * depth),
            Form::Pairs => (Type::I16, 2 * m * depth),
        };
        let (x, zero) = (filled(bytes.into()), filled(4));
        let a = device
            .allocate(packed_rows_bytes(m, depth, form).unwrap() as usize)
            .unwrap()
            .all();
        let rows = Rows {
            matrices: 1,
            m,
            depth,
            zero: 0,
            zero_each: false,
            form,
        };
        let mut job = Job::new(&device).unwrap();
        job.pack_rows(&rows, (&x, ty), [&zero, &a], &[]).unwrap();
        job.start().unwrap();
        job.wait().unwrap();
        a
    };
    let sizes = [
        (8, 32, 64),
        (128, 128, 128),
        (256, 384, 384),
        (512, 512, 512),
        (1024, 1024, 1024),
    ];
    let forms = [("bytes", Form::Floats), ("words", Form::Pairs)];
    for ((m, n, depth), (name, form)) in sizes.into_iter().flat_map(|size| forms.map(|form| (size, form))) {
        let a = packed(m, depth, form);
        let b = filled(packed_columns_bytes(n, depth).unwrap());
        let y = device.allocate((m * n * 4) as usize).unwrap().all();
        let product = Product {
            m,
            n,
            depth,
            form,
            extents: [1; 3],
            a: [0; 3],
            b: [0; 3],
            start: [0; 3],
            start_row: 0,
            start_column: 0,
        };
        let time = best(&|job| {
            job.product(&product, [&a, &b, &start, &y], &[]).unwrap();
        });
        let rate = 2.0 * f64::from(m) * f64::from(n) * f64::from(depth) / time.as_nanos().max(1) as f64;
        println!(
            "product of {name}, {m} x {n} x {depth}: {time:?}, {rate:.1} GOPS, {:.1} a unit",
            rate / f64::from(units)
        );
    }
    for bytes in [4usize, 1 << 16, 1 << 24] {
        let slice = device.allocate(bytes).unwrap().slice(0, bytes).unwrap();
        let sent = best(&|job| {
            job.write(&slice, vec![1; bytes], &[]).unwrap();
        });
        let received = best(&|job| {
            job.read(&slice, &[]).unwrap();
        });
        println!("{bytes} bytes: there in {sent:?}, back in {received:?}");
    }
}
