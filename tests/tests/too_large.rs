//! What is too large for a card is found out quickly, costs the card nothing, and takes only itself off it.

use bytes::Bytes;
use metisvm_accel::fpga::{self, CompileError, FpgaBackend, Mode, Options};
use metisvm_accel::{Backend, Batch, Dispatcher, dispatcher};
use metisvm_firmware::Geometry;
use metisvm_model::{Bundle, DType, Graph, Op, Padding, Parsed, Reference, Segment};
use metisvm_model::{Tensor, TensorType, Value, Window};
use metisvm_sim::SimOptions;
use metisvm_tests::rng::Rng;
use metisvm_tests::{cards, graphs};
use std::sync::Arc;
use std::time::{Duration, Instant};

fn ty(dtype: DType, dims: &[u32]) -> TensorType {
    TensorType::new(dtype, dims).expect("within the limits")
}

fn zero(g: &mut Parsed) -> Value {
    g.constant(&Tensor::new(ty(DType::I8, &[]), vec![0]).expect("a byte"))
}

fn weights(g: &mut Parsed, dims: &[u32]) -> Value {
    let ty = ty(DType::I8, dims);
    let data = (0..ty.elements() as i32).map(|i| i % 5 - 2).collect();
    g.constant(&Tensor::new(ty, data).expect("bytes"))
}

/// The best of all elements, so that a large result need not leave the graph.
fn checked_with_small_output(mut g: Parsed, large: Value, rank: u8) -> Arc<Graph> {
    let mut value = large;
    for _ in 0..rank {
        value = g.node(Op::ArgMax { axis: 0 }, &[value]);
    }
    g.output("best", value);
    Arc::new(g.check().expect("sound"))
}

fn compile(graph: &Arc<Graph>, geometry: Geometry) -> Result<fpga::Compiled, CompileError> {
    let card = SimOptions::new(geometry).capabilities;
    fpga::compile(&Segment::whole(graph.clone()), &card, Mode::Checked)
}

/// Bytes that this process has held at most, where the system says it.
fn peak_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib << 10)
}

#[test]
fn a_node_of_many_instructions_is_refused_before_it_takes_time_or_memory() {
    let mut g = Parsed::default();
    let x = g.input("x", ty(DType::I8, &[1 << 23, 1, 1]));
    let zero_point = zero(&mut g);
    let y = g.node(Op::MatMul, &[x, x, zero_point, zero_point]);
    let products = checked_with_small_output(g, y, 3);

    let mut g = Parsed::default();
    let a = g.input("a", ty(DType::I8, &[1 << 20, 2, 2, 2]));
    let b = g.input("b", ty(DType::I8, &[1, 2, 1, 2]));
    let y = g.node(Op::Add, &[a, b]);
    let planes = checked_with_small_output(g, y, 4);

    // Taps of which all but one lie in the padding: loops without instructions.
    let mut g = Parsed::default();
    let x = g.input("x", ty(DType::I8, &[1, 1, 1, 1]));
    let w = weights(&mut g, &[1, 1, 1024, 1024]);
    let zero_point = zero(&mut g);
    let window = Window {
        stride: [1, 1],
        dilation: [1, 1],
        padding: Padding::all(1023),
    };
    let op = Op::Conv2d { window, groups: 1 };
    let y = g.node(op, &[x, w, zero_point, zero_point]);
    let taps = checked_with_small_output(g, y, 4);

    let before = peak_bytes();
    for graph in [products, planes, taps] {
        for geometry in [Geometry::MEDIUM, Geometry::SMALL] {
            let started = Instant::now();
            let refused = compile(&graph, geometry)
                .map(|_| ())
                .expect_err("it is too large");
            assert!(matches!(refused, CompileError::TooLarge { .. }), "{refused}");
            let took = started.elapsed();
            // A tenth of this on an idle machine.
            assert!(took < Duration::from_secs(4), "{refused}: {took:?}");
        }
    }
    if let Some((before, after)) = before.zip(peak_bytes()) {
        assert!(after - before < 300 << 20, "{} bytes", after - before);
    }
}

#[test]
fn constants_that_exceed_card_memory_are_refused_before_they_are_copied() {
    let mut g = Parsed::default();
    let x = g.input("x", ty(DType::I8, &[1, 1 << 12]));
    let w = weights(&mut g, &[1 << 12, 1 << 12]);
    let zero_point = zero(&mut g);
    let y = g.node(Op::MatMul, &[x, w, zero_point, zero_point]);
    g.output("y", y);
    let graph = Arc::new(g.check().expect("sound"));
    let mut card = SimOptions::new(Geometry::MEDIUM).capabilities;
    card.card_memory_bytes = 1 << 24;
    let refused = fpga::compile(&Segment::whole(graph), &card, Mode::Fast).map(|_| ());
    let refused = refused.expect_err("weights and anything else are too much");
    assert!(
        matches!(
            refused,
            CompileError::TooLarge {
                what: "bytes of card memory",
                ..
            }
        ),
        "{refused}"
    );
}

/// Tiles so large that small groups of channels are almost nothing but padding.
const LARGE_TILES: Geometry = Geometry {
    tile_rows: 256,
    tile_cols: 256,
    tile_depth: 256,
    a_tiles: 64,
    b_tiles: 8,
    acc_tiles: 32,
    param_entries: 1024,
    table_count: 1,
};

fn dispatcher_over(backend: &Arc<FpgaBackend>) -> Dispatcher {
    let options = dispatcher::Options {
        memo_bytes: 0,
        ..Default::default()
    };
    Dispatcher::new(vec![backend.clone() as Arc<dyn Backend>], options)
}

/// Runs one inference and compares it with the reference.
fn infer(dispatcher: &Dispatcher, graph: &Arc<Graph>, seed: u64) {
    let id = dispatcher.add(Bundle::encode(Graph::clone(graph)).expect("small").0);
    let input = graphs::input(graph, &mut Rng::new(seed));
    let expected = Reference::new(graph.clone())
        .run(&input)
        .expect("the right length");
    assert_eq!(*dispatcher.infer(id, &input).expect("it runs"), *expected);
}

#[test]
fn a_convolution_that_would_take_a_card_too_long_leaves_it_healthy() {
    let mut g = Parsed::default();
    let x = g.input("x", ty(DType::I8, &[1, 64, 64, 64]));
    let zero_point = zero(&mut g);
    let high = g.constant(&Tensor::new(ty(DType::I8, &[]), vec![99]).expect("a byte"));
    let x = g.node(Op::Clamp, &[x, zero_point, high]);
    let w = weights(&mut g, &[64, 1, 3, 3]);
    let window = Window {
        stride: [1, 1],
        dilation: [1, 1],
        padding: Padding::all(1),
    };
    let op = Op::Conv2d { window, groups: 64 };
    let y = g.node(op, &[x, w, zero_point, zero_point]);
    g.output("y", y);
    let graph = Arc::new(g.check().expect("sound"));
    let refused = compile(&graph, LARGE_TILES).map(|_| ()).expect_err("2^34 lanes");
    assert!(
        matches!(refused, CompileError::TooLarge { what: "units of work", needed, .. } if needed > work_budget(LARGE_TILES)),
        "{refused}"
    );
    let backend = cards::backend(LARGE_TILES, Options::default());
    let dispatcher = dispatcher_over(&backend);
    let before = backend.report();
    infer(&dispatcher, &graph, 1);
    assert!(backend.healthy());
    assert_eq!(backend.report().faults, 0);
    // The clamp stays on the card; the convolution alone is a misfit, and is reported as one.
    assert_eq!(backend.report().jobs - before.jobs, 2, "its program, and a run");
    assert_eq!(dispatcher.counters().fallbacks, 1);
    let errors = dispatcher.take_errors();
    assert!(
        errors.len() == 1 && errors[0].contains("units of work"),
        "{errors:?}"
    );
    infer(&dispatcher, &graph, 2);
}

/// Most work of one job of a simulated card.
fn work_budget(geometry: Geometry) -> u64 {
    SimOptions::new(geometry).capabilities.work_budget
}

/// A chain of products that each fill one tile of 2^24 lanes a little: 64 are more than a job may cost.
fn chain(layers: u32) -> Arc<Graph> {
    let mut g = Parsed::default();
    let mut x = g.input("x", ty(DType::I8, &[4, 4]));
    let zero_point = zero(&mut g);
    let multiplier = g.constant(&Tensor::new(ty(DType::I16, &[]), vec![9000]).expect("in range"));
    let shift = g.constant(&Tensor::new(ty(DType::U8, &[]), vec![15]).expect("in range"));
    let w = weights(&mut g, &[4, 4]);
    for layer in 0..layers {
        let y = g.node(Op::MatMul, &[x, w, zero_point, zero_point]);
        let to = Op::Requantise {
            to: DType::I8,
            axis: 0,
        };
        x = g.node(to, &[y, multiplier, shift, zero_point]);
        if layer == 3 {
            g.output("early", x);
        }
    }
    g.output("y", x);
    Arc::new(g.check().expect("sound"))
}

#[test]
fn a_model_of_more_work_than_one_job_may_cost_runs_as_several() {
    let graph = chain(70);
    let refused = compile(&graph, LARGE_TILES).map(|_| ());
    assert!(
        matches!(refused, Err(CompileError::TooLarge { .. })),
        "{refused:?}"
    );
    let backend = cards::backend(LARGE_TILES, Options::default());
    let dispatcher = dispatcher_over(&backend);
    infer(&dispatcher, &graph, 4);
    assert_eq!(dispatcher.counters().fallbacks, 0);
    assert!(dispatcher.take_errors().is_empty());
    assert_eq!(backend.report().faults, 0);
}

#[test]
fn a_batch_of_more_work_than_one_job_may_cost_runs_as_several() {
    let graph = chain(25);
    let work = compile(&graph, LARGE_TILES).expect("it fits").work;
    assert_eq!(work_budget(LARGE_TILES) / work, 2);
    let backend = cards::backend(LARGE_TILES, Options::default());
    let segment = Segment::whole(graph.clone());
    let executable = backend.compile(&segment).expect("it fits");
    let inputs = [[1; 16], [2; 16], [250; 16]];
    let items = inputs.iter().map(|input| Bytes::copy_from_slice(input)).collect();
    let types = graph.inputs().iter().map(|input| &input.ty);
    let batch = Batch::from_items(types, items).expect("the right length");
    let before = backend.report().jobs;
    let results = executable.run(&batch).and_then(|outputs| outputs.to_items());
    assert_eq!(backend.report().jobs - before, 4, "two loads, and two runs");
    let reference = Reference::new(graph);
    for (input, result) in inputs.iter().zip(results.expect("it runs")) {
        assert_eq!(*reference.run(input).expect("the right length"), *result);
    }
}

#[test]
fn a_card_with_one_accumulator_tile_runs_all_but_what_needs_two() {
    let geometry = Geometry {
        acc_tiles: 1,
        ..Geometry::MEDIUM
    };
    let mut g = Parsed::default();
    let x = g.input("x", ty(DType::I8, &[3, 20]));
    let zero_point = zero(&mut g);
    let w = weights(&mut g, &[20, 30]);
    let b = weights(&mut g, &[30]);
    let y = g.node(Op::MatMul, &[x, w, zero_point, zero_point]);
    let y = g.node(Op::Add, &[y, b]);
    let multiplier = g.constant(&Tensor::new(ty(DType::I16, &[]), vec![9000]).expect("in range"));
    let shift = g.constant(&Tensor::new(ty(DType::U8, &[]), vec![17]).expect("in range"));
    let to = Op::Requantise {
        to: DType::I8,
        axis: 0,
    };
    let y = g.node(to, &[y, multiplier, shift, zero_point]);
    g.output("y", y);
    let graph = Arc::new(g.check().expect("sound"));
    assert_eq!(fpga::takes(&graph, &geometry), [0..1, 2..3]);
    let backend = cards::backend(geometry, Options::default());
    let dispatcher = dispatcher_over(&backend);
    infer(&dispatcher, &graph, 3);
    assert_eq!(dispatcher.counters().fallbacks, 0);
    assert!(dispatcher.take_errors().is_empty());
}
