//! Launches of one kernel with grids of very different sizes, all at once.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use metisvm_opencl::ops::{Function, Pointwise, Walk};
use metisvm_opencl::{Choice, Device, Job, Options, Type, find};

/// PoCL 3.1 keeps a kernel under the width of the first grid that it had, and takes it for another one when a wider grid
/// comes. When one ends that began before, it counts that for the other, and then ends the process.
#[test]
fn grids_that_become_wider_while_others_are_in_flight() {
    let found = match find(&Choice::Any) {
        Ok(found) => found,
        Err(why) => {
            println!("left out: grids of OpenCL kernels ({why})");
            return;
        }
    };
    let device = Device::open(found, Options::default()).unwrap();
    let filled = |bytes: Vec<u8>| {
        let slice = device.allocate(bytes.len()).unwrap().all();
        let mut job = Job::new(&device).unwrap();
        job.write(&slice, bytes, &[]).unwrap();
        job.start().unwrap();
        job.wait().unwrap();
        slice
    };
    let widths: Vec<u32> = (0..24).flat_map(|step| [(64 + step) << 16, 12]).collect();
    let table = filled((0..=255_u8).map(u8::reverse_bits).collect());
    let x = filled((0..88 << 16).map(|i| i as u8).collect());
    for _ in 0..2 {
        let mut job = Job::new(&device).unwrap();
        for &columns in &widths {
            let y = device.allocate(columns as usize).unwrap().all();
            let call = Pointwise {
                function: Function::Table,
                x: (&x, Type::U8),
                b: Some((&table, Type::U8)),
                y: (&y, Type::U8),
            };
            let walk = Walk {
                rows: Vec::new(),
                columns,
                x_step: 1,
                b_step: 0,
                y_stride: columns,
                y_first: 0,
            };
            let done = job.pointwise(&call, &walk, &[]).unwrap();
            job.read(&y.part(0, columns as usize).unwrap(), &[done]).unwrap();
        }
        job.start().unwrap();
        let read = job.wait().unwrap();
        for (&columns, bytes) in widths.iter().zip(&read) {
            assert_eq!(bytes.len(), columns as usize);
            assert!(
                bytes
                    .iter()
                    .enumerate()
                    .all(|(i, &byte)| byte == (i as u8).reverse_bits())
            );
        }
    }
}
