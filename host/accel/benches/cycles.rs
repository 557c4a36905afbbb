//! What programs of the `fpga` backend's compiler would take a card in hardware, by the estimate of
//! `fpga::Estimate`: a layer alone, and one more of it in a chain, which is what it takes in the middle of a network.
//!
//! The cards are those of boards, so the engine's own requantise units count. `METISVM_BUNDLES` names further bundles, separated by colons.

use metisvm_accel::fpga::{Engine, Estimate, Mode, compile};
use metisvm_boards::Board;
use metisvm_firmware::Capabilities;
use metisvm_model::{Bundle, DType, Graph, Op, Padding, Parsed, Segment, Tensor, TensorType, Value, Window};
use std::sync::Arc;

/// Boards whose memory has room for whole layers: of 8×8×4 and of 16×16×16 tiles.
const BOARDS: [&str; 2] = ["sim-tensor-8", "ultrascale-plus-tensor"];

fn ty(dtype: DType, dims: &[u32]) -> TensorType {
    TensorType::new(dtype, dims).expect("within the limits")
}

fn scalar(g: &mut Parsed, dtype: DType, value: i32) -> Value {
    g.constant(&Tensor::new(ty(dtype, &[]), vec![value]).expect("in range"))
}

fn weights(g: &mut Parsed, dtype: DType, dims: &[u32]) -> Value {
    let ty = ty(dtype, dims);
    let data = (0..ty.elements() as i32).map(|i| i % 5 - 2).collect();
    g.constant(&Tensor::new(ty, data).expect("in range"))
}

fn requantised(g: &mut Parsed, x: Value) -> Value {
    let multiplier = scalar(g, DType::I16, 9000);
    let shift = scalar(g, DType::U8, 20);
    let zero = scalar(g, DType::I8, 0);
    let to = Op::Requantise {
        to: DType::I8,
        axis: 0,
    };
    g.node(to, &[x, multiplier, shift, zero])
}

/// So many layers one after the other; the last one's accumulators leave as they are if it is `raw`.
fn chain(layers: usize, raw: bool, input: &[u32], layer: impl Fn(&mut Parsed, Value) -> Value) -> Arc<Graph> {
    let mut g = Parsed::default();
    let mut x = g.input("x", ty(DType::I8, input));
    for at in 1..=layers {
        x = layer(&mut g, x);
        if at < layers || !raw {
            x = requantised(&mut g, x);
        }
    }
    g.output("y", x);
    Arc::new(g.check().expect("sound"))
}

fn product(g: &mut Parsed, x: Value) -> Value {
    let w = weights(g, DType::I8, &[256, 256]);
    let zero = scalar(g, DType::I8, 0);
    g.node(Op::MatMul, &[x, w, zero, zero])
}

fn convolution(g: &mut Parsed, x: Value, side: u32, bias: bool) -> Value {
    let w = weights(g, DType::I8, &[64, 64, side, side]);
    let zero = scalar(g, DType::I8, 0);
    let window = Window {
        stride: [1, 1],
        dilation: [1, 1],
        padding: Padding::all(side / 2),
    };
    let mut operands = vec![x, w, zero, zero];
    if bias {
        operands.push(weights(g, DType::I32, &[64]));
    }
    g.node(Op::Conv2d { window, groups: 1 }, &operands)
}

fn of(graph: &Arc<Graph>, card: &Capabilities, mode: Mode) -> Estimate {
    let compiled = compile(&Segment::whole(graph.clone()), card, mode).expect("a card takes it");
    Estimate::of(&compiled.program, &Engine::of(card))
}

fn line(name: &str, card: &str, estimate: Estimate) {
    let [load, compute, store] = estimate.busy;
    println!(
        "{name:40} {card:>22} {:>10} {:>10} {load:>10} {compute:>10} {store:>10} {:>6.1} %",
        estimate.cycles,
        estimate.in_full_order(),
        100.0 * estimate.utilisation()
    );
}

/// What the last of several layers adds.
fn one_more(two: Estimate, one: Estimate) -> Estimate {
    Estimate {
        cycles: two.cycles - one.cycles,
        busy: std::array::from_fn(|module| two.busy[module] - one.busy[module]),
        products: two.products - one.products,
        memory_bytes: two.memory_bytes - one.memory_bytes,
    }
}

fn main() {
    println!(
        "{:40} {:>22} {:>10} {:>10} {:>10} {:>10} {:>10}  array",
        "estimated cycles", "card", "all", "in order", "load", "compute", "store"
    );
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../cli/bundled");
    let mut bundles: Vec<String> = vec![
        format!("{folder}/digits-mlp.bundle"),
        format!("{folder}/digits-cnn.bundle"),
    ];
    bundles.extend(
        std::env::var("METISVM_BUNDLES")
            .iter()
            .flat_map(|all| all.split(':').map(String::from)),
    );
    for card in BOARDS {
        let board = Board::named(card).expect("a known board");
        let engine = &board.capabilities;
        for path in &bundles {
            let bytes = std::fs::read(path).expect("a bundle that can be read");
            let graph = Arc::new(Bundle::decode(&bytes).expect("a sound bundle").graph);
            let name = path.rsplit('/').next().unwrap_or(path);
            line(&format!("{name}, trusted"), card, of(&graph, engine, Mode::Fast));
            line(
                &format!("{name}, checked"),
                card,
                of(&graph, engine, Mode::Checked),
            );
        }
        type Layer = fn(&mut Parsed, Value) -> Value;
        let layers: [(&str, &[u32], Layer); 4] = [
            ("256×256×256", &[256, 256], product),
            ("3×3, 64 of 64, 56×56", &[1, 64, 56, 56], |g, x| {
                convolution(g, x, 3, false)
            }),
            ("3×3, 64 of 64, 56×56, bias", &[1, 64, 56, 56], |g, x| {
                convolution(g, x, 3, true)
            }),
            ("1×1, 64 of 64, 56×56", &[1, 64, 56, 56], |g, x| {
                convolution(g, x, 1, false)
            }),
        ];
        for (name, input, layer) in layers {
            let chain = |n, raw| of(&chain(n, raw, input, layer), engine, Mode::Fast);
            line(&format!("{name}, alone"), card, chain(1, true));
            line(&format!("{name}, requantised"), card, chain(1, false));
            let more = one_more(chain(2, true), chain(1, false));
            line(&format!("{name}, after another"), card, more);
            let more = one_more(chain(3, false), chain(2, false));
            line(&format!("{name}, one more, requantised"), card, more);
        }
    }
}
