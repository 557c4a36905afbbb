//! No safe call makes a kernel leave its memory: shapes that reach beyond a slice are refused before anything is
//! launched, and those that just fit leave what lies around them as it was.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use metisvm_opencl::ops::{
    Axis, Columns, Convolution, Form, Function, Gather, Pointwise, Product, Reduction, Rows, Starts, Walk,
    Windows, packed_columns_bytes, packed_rows_bytes,
};
use metisvm_opencl::{Choice, Device, Error, Job, Options, Slice, Ticket, Type, find};

fn device() -> Option<Device> {
    match find(&Choice::Any) {
        Ok(found) => Some(Device::open(found, Options::default()).unwrap()),
        Err(why) => {
            println!("left out: bounds of OpenCL kernels ({why})");
            None
        }
    }
}

/// Bytes around a slice.
const MARGIN: usize = 64;
const SENTINEL: u8 = 0xa5;

/// A launch that reads and writes slices of so many bytes, the last of them written.
struct Case {
    name: &'static str,
    bytes: Vec<usize>,
    #[allow(clippy::type_complexity, reason = "a table of cases")]
    launch: Box<dyn Fn(&mut Job, &[Slice]) -> Result<Ticket, Error>>,
}

fn case(
    name: &'static str,
    bytes: &[usize],
    launch: impl Fn(&mut Job, &[Slice]) -> Result<Ticket, Error> + 'static,
) -> Case {
    Case {
        name,
        bytes: bytes.to_vec(),
        launch: Box::new(launch),
    }
}

fn cases() -> Vec<Case> {
    let axis = |extent, x, b| Axis { extent, x, b };
    let walk = Walk {
        rows: vec![axis(3, 10, 0), axis(2, 5, 4)],
        columns: 4,
        x_step: 1,
        b_step: 1,
        y_stride: 7,
        y_first: 2,
    };
    let windows = Windows {
        height: 5,
        width: 7,
        rows: 3,
        columns: 4,
        kernel: [3, 2],
        down: [2, 1, 1],
        across: [2, 1, 1],
    };
    let packed_b = packed_columns_bytes(35, 5).unwrap() as usize;
    let convolution = Convolution {
        items: 2,
        images: 1,
        groups: 2,
        per_group: 3,
        outs: 4,
        own_filters: false,
        zero_each: true,
        bias_each: true,
        own_bias: true,
        x_zero: 3,
    };
    let columns = Columns {
        matrices: 2,
        depth: 5,
        n: 35,
        zero_each: true,
    };
    vec![
        case("add", &[29 * 2, 8, 41 * 4], move |job, s| {
            let call = Pointwise {
                function: Function::Add,
                x: (&s[0], Type::I16),
                b: Some((&s[1], Type::U8)),
                y: (&s[2], Type::I32),
            };
            job.pointwise(&call, &walk, &[])
        }),
        case("table", &[12, 256, 12], |job, s| {
            let walk = Walk {
                rows: Vec::new(),
                columns: 12,
                x_step: 1,
                b_step: 0,
                y_stride: 12,
                y_first: 0,
            };
            let call = Pointwise {
                function: Function::Table,
                x: (&s[0], Type::U8),
                b: Some((&s[1], Type::I8)),
                y: (&s[2], Type::I8),
            };
            job.pointwise(&call, &walk, &[])
        }),
        case("gather", &[2 * 3 * 4 * 5, 3 * 4, 2 * 3 * 3 * 5], |job, s| {
            let shape = Gather {
                items: 2,
                outer: 3,
                extent: 4,
                inner: 5,
                count: 3,
                own_x: true,
                own_index: false,
            };
            // The indices are 0xa5a5a5a5, far from the dimension.
            job.gather(&shape, (&s[0], Type::U8), (&s[1], Type::I32), &s[2], &[])
        }),
        case("reduce", &[2 * 5 * 3 * 2, 2 * 3 * 4], |job, s| {
            job.reduce(Reduction::Sum, (&s[0], Type::I16), [2, 5, 3], &s[1], &[])
        }),
        case("max_pool", &[2 * 35, 2 * 12], move |job, s| {
            job.max_pool(&windows, 2, (&s[0], Type::I8), &s[1], &[])
        }),
        case(
            "convolve",
            &[2 * 6 * 35, 4 * 3 * 6, 4 * 4, 2 * 4 * 4, 2 * 4 * 12 * 4],
            move |job, s| {
                let operands = [(&s[0], Type::U8), (&s[1], Type::I8)];
                job.convolve(&windows, &convolution, operands, [&s[2], &s[3], &s[4]], &[])
            },
        ),
        case(
            "pack_windows",
            &[2 * 3 * 35, 2 * packed_columns_bytes(12, 18).unwrap() as usize],
            move |job, s| job.pack_windows(&windows, (2, 3, 9), (&s[0], Type::U8), &s[1], &[]),
        ),
        case(
            "pack_columns",
            &[2 * 35 * 5, 35 * 4, 2 * packed_b],
            move |job, s| job.pack_columns(&columns, (&s[0], Type::I8), [&s[1], &s[2]], &[]),
        ),
        case(
            "column_starts",
            &[2 * 35 * 5, 35 * 4, 35 * 4, 2 * 35 * 4],
            move |job, s| {
                let starts = Starts {
                    columns,
                    x_zero: 7,
                    bias_each: true,
                    lead: 2,
                    bias_stride: 35,
                };
                job.column_starts(&starts, (&s[0], Type::I8), [&s[1], &s[2], &s[3]], &[])
            },
        ),
    ]
}

/// The operations on left operands, in each form.
fn forms() -> Vec<Case> {
    let packed_b = packed_columns_bytes(35, 5).unwrap() as usize;
    let form = |form: Form| {
        let packed_a = packed_rows_bytes(9, 5, form).unwrap() as usize;
        let pack = case("pack_rows", &[2 * 9 * 5, 9 * 4, 2 * packed_a], move |job, s| {
            let rows = Rows {
                matrices: 2,
                m: 9,
                depth: 5,
                zero: 1,
                zero_each: true,
                form,
            };
            job.pack_rows(&rows, (&s[0], Type::U8), [&s[1], &s[2]], &[])
        });
        let sizes = [2 * packed_a, packed_b, 35 * 4, 2 * 9 * 35 * 4];
        let product = case("product", &sizes, move |job, s| {
            let product = Product {
                m: 9,
                n: 35,
                depth: 5,
                form,
                extents: [2, 1, 1],
                a: [1, 0, 0],
                b: [0; 3],
                start: [0; 3],
                start_row: 0,
                start_column: 1,
            };
            job.product(&product, [&s[0], &s[1], &s[2], &s[3]], &[])
        });
        [pack, product]
    };
    [Form::Floats, Form::Pairs].into_iter().flat_map(form).collect()
}

/// Memory full of sentinels, and the slice in its middle.
fn surrounded(device: &Device, bytes: usize) -> (Slice, Slice) {
    let memory = device.allocate(bytes + 2 * MARGIN).unwrap();
    let mut job = Job::new(device).unwrap();
    job.write(&memory.all(), vec![SENTINEL; memory.bytes()], &[])
        .unwrap();
    job.start().unwrap();
    job.wait().unwrap();
    (memory.slice(MARGIN, bytes).unwrap(), memory.all())
}

#[test]
fn what_just_fits_is_computed_and_nothing_around_it_changes() {
    let Some(device) = device() else { return };
    for case in cases().into_iter().chain(forms()) {
        let (slices, all): (Vec<_>, Vec<_>) =
            case.bytes.iter().map(|&bytes| surrounded(&device, bytes)).unzip();
        let mut job = Job::new(&device).unwrap();
        let launched = (case.launch)(&mut job, &slices).unwrap_or_else(|e| panic!("{}: {e}", case.name));
        for memory in &all {
            job.read(memory, &[launched]).unwrap();
        }
        job.start().unwrap();
        let after = job.wait().unwrap();
        let last = after.len() - 1;
        for (place, (bytes, &own)) in after.iter().zip(&case.bytes).enumerate() {
            // Operands stay as they were, all of them; of the result, what lies around it.
            let (before, rest) = bytes.split_at(MARGIN);
            let (inside, behind) = rest.split_at(own);
            let untouched = |bytes: &[u8]| bytes.iter().all(|&byte| byte == SENTINEL);
            assert!(
                untouched(before) && untouched(behind),
                "{}: around {place}",
                case.name
            );
            assert!(
                place == last || untouched(inside),
                "{}: operand {place}",
                case.name
            );
        }
    }
}

#[test]
fn what_reaches_beyond_a_slice_is_refused() {
    let Some(device) = device() else { return };
    for case in cases().into_iter().chain(forms()) {
        for short in 0..case.bytes.len() {
            let slice = |(place, &bytes): (usize, &usize)| {
                let own = if place == short { bytes - 1 } else { bytes };
                device.allocate(bytes).unwrap().slice(0, own).unwrap()
            };
            let slices: Vec<Slice> = case.bytes.iter().enumerate().map(slice).collect();
            let mut job = Job::new(&device).unwrap();
            let refused = (case.launch)(&mut job, &slices);
            assert!(
                matches!(refused, Err(Error::Sizes(_))),
                "{} with operand {short} a byte short: {refused:?}",
                case.name
            );
        }
    }
    assert_eq!(device.counters().launches, 0);
    assert_eq!(device.condemned(), None);
}

#[test]
fn shapes_beyond_all_bounds_are_refused() {
    let Some(device) = device() else { return };
    let slice = device.allocate(64).unwrap().all();
    let mut job = Job::new(&device).unwrap();
    let most = u32::MAX;
    let axis = Axis {
        extent: most,
        x: most,
        b: most,
    };
    for (extent, rows) in [
        (most, vec![]),
        (1, vec![axis]),
        (1, vec![axis; 8]),
        (1, vec![axis; 9]),
        (0, vec![]),
    ] {
        let walk = Walk {
            rows,
            columns: extent,
            x_step: most,
            b_step: 0,
            y_stride: most,
            y_first: 0,
        };
        let call = Pointwise {
            function: Function::Copy,
            x: (&slice, Type::U8),
            b: None,
            y: (&slice, Type::U8),
        };
        assert!(job.pointwise(&call, &walk, &[]).is_err());
    }
    assert!(
        job.reduce(Reduction::Max, (&slice, Type::U8), [most; 3], &slice, &[])
            .is_err()
    );
    assert!(
        job.reduce(Reduction::Max, (&slice, Type::U8), [1, 0, 1], &slice, &[])
            .is_err()
    );
    assert!(packed_rows_bytes(most, most, Form::Floats).is_err());
    let product = Product {
        m: 1,
        n: 1,
        depth: 2,
        form: Form::Pairs,
        extents: [most; 3],
        a: [most; 3],
        b: [most; 3],
        start: [most; 3],
        start_row: 1,
        start_column: 1,
    };
    assert!(
        job.product(&product, [&slice, &slice, &slice, &slice], &[])
            .is_err()
    );
    assert!(slice.part(60, 8).is_err() && slice.part(usize::MAX, 2).is_err());
    assert_eq!(device.counters().launches, 0);
}

#[test]
fn memory_of_another_device_is_refused() {
    let (Some(one), Some(other)) = (device(), device()) else {
        return;
    };
    let slice = other.allocate(64).unwrap().all();
    let mut job = Job::new(&one).unwrap();
    assert!(matches!(job.write(&slice, vec![0; 4], &[]), Err(Error::Sizes(_))));
}
