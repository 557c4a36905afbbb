//! What goes wrong with an OpenCL device costs time, never a result. Faults are made to order below the safe interface
//! of `metisvm-opencl`, so no broken hardware is needed; without any OpenCL device these tests say so.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use bytes::Bytes;
use metisvm_accel::opencl::{self, Choice, Device, DeviceOptions, OpenClBackend, find};
use metisvm_accel::{Backend, BackendError, Batch, Dispatcher, Options};
use metisvm_model::{Bundle, DType, Graph, Op, Parsed, Reference, Segment, Tensor, TensorType};
use metisvm_opencl::{Call, Fault, Faults};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Makes a fault of some calls, counted from the first of their kind.
#[derive(Debug, Default)]
struct Plan {
    faults: BTreeMap<&'static str, Fault>,
    after: usize,
    seen: Mutex<BTreeMap<&'static str, usize>>,
    /// How often a fault happened.
    happened: AtomicUsize,
}

fn name(call: Call) -> &'static str {
    match call {
        Call::Build => "build",
        Call::Allocate => "allocate",
        Call::Write => "write",
        Call::Read => "read",
        Call::Launch => "launch",
        Call::Wait => "wait",
    }
}

impl Faults for Plan {
    fn at(&self, call: Call) -> Option<Fault> {
        let name = name(call);
        let fault = *self.faults.get(name)?;
        let mut seen = self.seen.lock().unwrap();
        let count = seen.entry(name).or_default();
        *count += 1;
        if *count <= self.after {
            return None;
        }
        self.happened.fetch_add(1, Relaxed);
        Some(fault)
    }
}

/// The OpenCL backend over a device with this fault, from the call after `after` of its kind on.
fn backend(call: &'static str, fault: Fault, after: usize) -> Option<(Arc<OpenClBackend>, Arc<Plan>)> {
    let found = match find(&Choice::Any) {
        Ok(found) => found,
        Err(why) => {
            println!("left out: faults of an OpenCL device ({why})");
            return None;
        }
    };
    let plan = Arc::new(Plan {
        faults: [(call, fault)].into(),
        after,
        ..Plan::default()
    });
    let options = DeviceOptions {
        timeout: Duration::from_millis(300),
        faults: Some(plan.clone()),
        ..DeviceOptions::default()
    };
    let device = Device::open(found, options).unwrap();
    Some((
        Arc::new(OpenClBackend::new(device, opencl::Options { checked: true })),
        plan,
    ))
}

/// A product, requantised.
fn graph() -> Graph {
    let mut parsed = Parsed::default();
    let tensor = |dtype, dims: &[u32], data: Vec<i32>| {
        Tensor::new(TensorType::new(dtype, dims).unwrap(), data).unwrap()
    };
    let scalar = |dtype, value| tensor(dtype, &[], vec![value]);
    let x = parsed.input("x", TensorType::new(DType::U8, &[3, 40]).unwrap());
    let weights = (0..40 * 20).map(|i| i * 37 % 251 - 125).collect();
    let w = parsed.constant(&tensor(DType::I8, &[40, 20], weights));
    let x_zero = parsed.constant(&scalar(DType::U8, 7));
    let w_zero = parsed.constant(&scalar(DType::I8, -3));
    let product = parsed.node(Op::MatMul, &[x, w, x_zero, w_zero]);
    let multiplier = parsed.constant(&scalar(DType::I16, 20_000));
    let shift = parsed.constant(&scalar(DType::U8, 26));
    let zero = parsed.constant(&scalar(DType::I8, 1));
    let to = Op::Requantise {
        to: DType::I8,
        axis: 0,
    };
    let y = parsed.node(to, &[product, multiplier, shift, zero]);
    parsed.output("y", y);
    parsed.check().unwrap()
}

fn input(seed: u8) -> Vec<u8> {
    (0..120u8).map(|i| i.wrapping_mul(seed | 1)).collect()
}

/// Runs three inferences through a dispatcher over the backend, and the reference after it. They are right; what errors
/// there were.
fn right_all_the_same(backend: &Arc<OpenClBackend>) -> Vec<String> {
    let (bundle, _) = Bundle::encode(graph()).unwrap();
    let reference = Reference::new(Arc::new(bundle.graph.clone()));
    let dispatcher = Dispatcher::new(vec![backend.clone()], Options::default());
    dispatcher.add(bundle.clone());
    for seed in [1, 90, 201] {
        let input = input(seed);
        let expected = reference.run(&input).unwrap();
        let answer = dispatcher.infer(bundle.id, &input).unwrap();
        assert_eq!(&*answer, &*expected, "seed {seed}");
    }
    let errors = dispatcher.take_errors();
    assert!(!errors.is_empty(), "the fault was not noticed");
    errors
}

#[test]
fn a_program_that_does_not_build() {
    let Some((backend, plan)) = backend("build", Fault::Fails(-11), 0) else {
        return;
    };
    let errors = right_all_the_same(&backend);
    assert!(errors[0].contains("does not build"), "{errors:?}");
    assert!(backend.healthy(), "others may build");
    // What does not build is not built again and again.
    assert!(plan.happened.load(Relaxed) <= 2, "{plan:?}");
}

#[test]
fn no_memory_while_a_model_is_compiled() {
    let Some((backend, _)) = backend("allocate", Fault::Fails(-4), 0) else {
        return;
    };
    let segment = Segment::whole(Arc::new(graph()));
    let error = backend.compile(&segment).unwrap_err();
    assert!(matches!(error, BackendError::TooLarge(_)), "{error}");
    right_all_the_same(&backend);
    assert!(backend.healthy(), "memory may be free later");
}

#[test]
fn no_memory_while_a_batch_runs() {
    // Compiling takes three blocks.
    let Some((backend, _)) = backend("allocate", Fault::Fails(-4), 3) else {
        return;
    };
    let errors = right_all_the_same(&backend);
    assert!(errors[0].contains("memory"), "{errors:?}");
    assert!(backend.healthy());
}

#[test]
fn a_device_that_hangs() {
    let Some((backend, _)) = backend("wait", Fault::Hangs, 0) else {
        return;
    };
    let errors = right_all_the_same(&backend);
    assert!(errors[0].contains("no answer within 300 ms"), "{errors:?}");
    assert!(!backend.healthy());
    let counters = backend.device().counters();
    assert!(
        counters.leaked > 0,
        "what it might still use is not freed: {counters:?}"
    );
}

#[test]
fn a_wrong_answer() {
    let Some((backend, _)) = backend("read", Fault::Flips, 0) else {
        return;
    };
    let errors = right_all_the_same(&backend);
    assert!(errors[0].contains("wrong"), "{errors:?}");
    assert!(!backend.healthy(), "it is not asked again");
}

#[test]
fn a_device_that_vanishes() {
    for (call, after) in [
        ("write", 0),
        ("write", 2),
        ("launch", 0),
        ("launch", 2),
        ("wait", 1),
        ("read", 0),
    ] {
        let Some((backend, _)) = backend(call, Fault::Fails(-2), after) else {
            return;
        };
        let errors = right_all_the_same(&backend);
        assert!(errors[0].contains("not available"), "{call} {after}: {errors:?}");
        assert!(!backend.healthy(), "{call} {after}");
    }
}

#[test]
fn jobs_that_nobody_waits_for_leave_nothing_behind() {
    let Some((backend, _)) = backend("none", Fault::Hangs, 0) else {
        return;
    };
    let graph = Arc::new(graph());
    let executable = backend.compile(&Segment::whole(graph.clone())).unwrap();
    let before = backend.device().counters().in_use;
    let types: Vec<&TensorType> = graph.inputs().iter().map(|port| &port.ty).collect();
    for seed in 0..20 {
        let batch = Batch::from_items(types.iter().copied(), vec![Bytes::from(input(seed)); 3]).unwrap();
        drop(executable.submit(&batch).unwrap());
    }
    let counters = backend.device().counters();
    assert!(counters.in_use <= before, "{counters:?}, before {before}");
    assert_eq!(counters.leaked, 0);
}

/// In processes of their own, because a process loads OpenCL once: a library that is not OpenCL's, and OpenCL's without a
/// driver.
#[test]
fn no_opencl_library_and_no_driver() {
    if std::env::var_os("METISVM_NO_OPENCL").is_some() {
        println!("found: {}", find(&Choice::Any).unwrap_err());
        return;
    }
    for library in ["libm.so.6", "/nowhere/libOpenCL.so"] {
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["no_opencl_library_and_no_driver", "--exact", "--nocapture"])
            .env("METISVM_NO_OPENCL", "1")
            .env("OCL_ICD_VENDORS", "/nowhere")
            .env("OPENCL_DYLIB_PATH", library)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{library}: {text}");
        let lines: Vec<&str> = text.lines().filter(|line| line.contains("found: ")).collect();
        assert_eq!(lines.len(), 1, "{library}: {text}");
        assert!(lines[0].contains("OpenCL"), "{library}: {text}");
    }
}
