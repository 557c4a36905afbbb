//! What checking a card's products (Freivalds' test) costs the host, relative to what the `cpu` backend takes for the
//! same work: batches of 64 items, on one thread, by turns.
//!
//! The check's time is counted by the backend around the check itself, so what the card takes is no part of it. In it
//! is all that checking needs: the test of each product, and what is no product, computed again. `METISVM_BUNDLES`
//! names further bundles, separated by colons.

use metisvm_accel::cpu::{self, CpuBackend};
use metisvm_accel::fpga::{FpgaBackend, Options};
use metisvm_accel::{Backend, Batch, Executable};
use metisvm_driver::{Device, InProcess};
use metisvm_model::{Bundle, DType, Graph, Op, Padding, Parsed, Segment, Tensor, TensorType, Value, Window};
use metisvm_sim::{FunctionalCard, SimOptions};
use std::sync::Arc;
use std::time::{Duration, Instant};

const ITEMS: usize = 64;
/// Rounds of both, of which the medians count.
const ROUNDS: usize = 7;

fn ty(dtype: DType, dims: &[u32]) -> TensorType {
    TensorType::new(dtype, dims).expect("within the limits")
}

fn constant(g: &mut Parsed, dtype: DType, dims: &[u32]) -> Value {
    let ty = ty(dtype, dims);
    let data = (0..ty.elements() as i32).map(|i| i * 37 % 101 - 50).collect();
    g.constant(&Tensor::new(ty, data).expect("in range"))
}

fn zero(g: &mut Parsed) -> Value {
    g.constant(&Tensor::new(ty(DType::I8, &[]), vec![0]).expect("in range"))
}

/// To bytes again, with a multiplier that leaves them in range: how a layer ends.
fn requantised(g: &mut Parsed, y: Value, shift: i32) -> Value {
    let mut scalar = |dtype, value| {
        let tensor = Tensor::new(ty(dtype, &[]), vec![value]).expect("in range");
        g.constant(&tensor)
    };
    let parameters = [
        scalar(DType::I16, 16_384),
        scalar(DType::U8, shift),
        scalar(DType::I8, 0),
    ];
    let [multiplier, shift, zero] = parameters;
    g.node(
        Op::Requantise {
            to: DType::I8,
            axis: 0,
        },
        &[y, multiplier, shift, zero],
    )
}

/// So many rows times a square matrix; as a layer, or as its sums.
fn product(rows: u32, side: u32, layer: bool) -> Arc<Graph> {
    let mut g = Parsed::default();
    let x = g.input("x", ty(DType::I8, &[rows, side]));
    let w = constant(&mut g, DType::I8, &[side, side]);
    let zero = zero(&mut g);
    let mut y = g.node(Op::MatMul, &[x, w, zero, zero]);
    if layer {
        y = requantised(&mut g, y, 24);
    }
    g.output("y", y);
    Arc::new(g.check().expect("sound"))
}

/// 3×3, as many channels out as in.
fn convolution(channels: u32, side: u32) -> Arc<Graph> {
    let mut g = Parsed::default();
    let x = g.input("x", ty(DType::I8, &[1, channels, side, side]));
    let w = constant(&mut g, DType::I8, &[channels, channels, 3, 3]);
    let zero = zero(&mut g);
    let window = Window {
        stride: [1, 1],
        dilation: [1, 1],
        padding: Padding::all(1),
    };
    let sums = g.node(Op::Conv2d { window, groups: 1 }, &[x, w, zero, zero]);
    let y = requantised(&mut g, sums, 24);
    g.output("y", y);
    Arc::new(g.check().expect("sound"))
}

fn bundles() -> Vec<(String, Arc<Graph>)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../cli/bundled");
    let mut paths = ["digits-mlp", "digits-cnn"]
        .map(|name| format!("{folder}/{name}.bundle"))
        .to_vec();
    if let Ok(more) = std::env::var("METISVM_BUNDLES") {
        paths.extend(more.split(':').map(str::to_owned));
    }
    let read = |path: String| {
        let bytes = std::fs::read(&path).expect("a bundle that can be read");
        let name = path.rsplit('/').next().unwrap_or(&path).to_owned();
        (
            name,
            Arc::new(Bundle::decode(&bytes).expect("a sound bundle").graph),
        )
    };
    paths.into_iter().map(read).collect()
}

fn batch(graph: &Graph) -> Batch {
    let bytes = Segment::whole(Arc::new(graph.clone())).input_bytes();
    let item = |item: usize| -> Vec<u8> { (0..bytes).map(|i| ((i * 91 + item * 7) % 64) as u8).collect() };
    let types = graph.inputs().iter().map(|port| &port.ty);
    Batch::from_items(types, (0..ITEMS).map(|at| item(at).into()).collect()).expect("items")
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// The check's time and the processor's, of a batch.
fn compare(graph: &Arc<Graph>) -> [Duration; 2] {
    let segment = Segment::whole(graph.clone());
    let link = InProcess::start(Box::new(FunctionalCard::new(SimOptions::default()))).expect("a card");
    let device = Device::open(Box::new(link), metisvm_driver::Options::default()).expect("it opens");
    let card = FpgaBackend::new(device, Options::default());
    let on_card = card.compile(&segment).expect("the card takes it");
    let processor = CpuBackend::new(cpu::Options::default());
    let on_cpu = processor
        .compile(&segment)
        .expect("the processor takes everything");
    let batch = batch(graph);
    let run = |made: &dyn Executable| {
        made.run(&batch)
            .expect("it runs")
            .into_items()
            .expect("on the host")
    };
    assert_eq!(run(&*on_card), run(&*on_cpu), "the results differ");
    let (mut checks, mut plain) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let before = card.check_time();
        run(&*on_card);
        checks.push(card.check_time() - before);
        let start = Instant::now();
        run(&*on_cpu);
        plain.push(start.elapsed());
    }
    [median(checks), median(plain)]
}

fn main() {
    let mut all: Vec<(String, Arc<Graph>)> = vec![
        ("1 row × 1024×1024".into(), product(1, 1024, true)),
        ("64 rows × 256×256".into(), product(64, 256, true)),
        ("64 rows × 1024×1024".into(), product(64, 1024, true)),
        ("the same, sums".into(), product(64, 1024, false)),
        ("4 rows × 4096×4096".into(), product(4, 4096, true)),
        ("3×3, 64 channels, 16×16".into(), convolution(64, 16)),
        ("3×3, 256 channels, 8×8".into(), convolution(256, 8)),
    ];
    all.extend(bundles());
    let one_thread = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .expect("a thread");
    println!(
        "{:>28}  {:>10}  {:>10}  {:>8}",
        "batch of 64", "check µs", "cpu µs", "ratio"
    );
    for (name, graph) in all {
        let [check, cpu] = one_thread
            .install(|| compare(&graph))
            .map(|time| time.as_secs_f64() * 1e6);
        println!(
            "{name:>28}  {check:>10.1}  {cpu:>10.1}  {:>7.1}%",
            100.0 * check / cpu
        );
    }
}
