//! The memory of a run follows the formula of docs/inference.md.
//!
//! One test, in a process of its own: it looks at how much memory the process ever held.

use metisvm_model::{
    DType, Graph, Op, Parsed, Reference, Schedule, Segment, Tensor, TensorType, Value, Window,
};
use std::sync::Arc;

/// Side of the square that results are: four MiB of 8-bit elements, and sixteen as the reference holds them.
const SIDE: u32 = 1 << 11;
/// What the process may hold besides: rows of accumulators, its own text and tables.
const SLACK: u64 = 6 << 20;
/// The allocator keeps holes between blocks: this part of the formula at most.
const HOLES: u64 = 8;

/// Bytes that this process has held at most, where the system says it.
fn peak_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib << 10)
}

fn constant(g: &mut Parsed, dtype: DType, dims: &[u32]) -> Value {
    let ty = TensorType::new(dtype, dims).expect("within the limits");
    let ones = vec![1; ty.elements()];
    g.constant(&Tensor::new(ty, ones).expect("within the type"))
}

fn requantised(g: &mut Parsed, x: Value) -> Value {
    let (multiplier, shift) = (constant(g, DType::I16, &[]), constant(g, DType::U8, &[]));
    let zero = constant(g, DType::I8, &[]);
    let to = DType::I8;
    g.node(Op::Requantise { to, axis: 0 }, &[x, multiplier, shift, zero])
}

/// Steps of every kind over large results; the first `kept` results are read once more at the end.
fn graph(steps: usize, kept: usize) -> Graph {
    let mut g = Parsed::default();
    let input = TensorType::new(DType::I8, &[SIDE, 1]).expect("small");
    let x = g.input("x", input);
    let row = constant(&mut g, DType::I8, &[1, SIDE]);
    let large = g.node(Op::Add, &[x, row]);
    let mut made = vec![requantised(&mut g, large)];
    for step in 0..steps {
        let x = made[step];
        let next = match step % 4 {
            0 => {
                let perm = [1, 0].to_vec();
                g.node(Op::Transpose { perm }, &[x])
            }
            1 => {
                let y = g.node(Op::Sub, &[x, made[step - 1]]);
                requantised(&mut g, y)
            }
            2 => {
                let shape = metisvm_model::Shape::new(&[1, 1, SIDE, SIDE]).expect("within the limits");
                let image = g.node(Op::Reshape { shape }, &[x]);
                let (w, zero) = (
                    constant(&mut g, DType::I8, &[1, 1, 1, 1]),
                    constant(&mut g, DType::I8, &[]),
                );
                let window = Window::default();
                let y = g.node(Op::Conv2d { window, groups: 1 }, &[image, w, zero, zero]);
                let y = requantised(&mut g, y);
                let shape = metisvm_model::Shape::new(&[SIDE, SIDE]).expect("within the limits");
                g.node(Op::Reshape { shape }, &[y])
            }
            _ => {
                let index = constant(&mut g, DType::I16, &[SIDE]);
                g.node(Op::Gather { axis: 1 }, &[x, index])
            }
        };
        made.push(next);
    }
    let mut best = g.node(Op::ReduceMax { axis: 1 }, &[made[steps]]);
    for &value in made.iter().take(kept) {
        let other = g.node(Op::ReduceMax { axis: 1 }, &[value]);
        best = g.node(Op::Sub, &[best, other]);
    }
    g.output("best", best);
    g.check().expect("within the limits")
}

#[test]
fn a_run_holds_four_bytes_for_each_element_that_lives_or_is_constant() {
    let Some(own) = peak_bytes() else { return };
    let mut most = 0;
    // From less to more, since the peak of a process never falls.
    for (steps, kept) in [(1, 0), (12, 1), (12, 4), (12, 8)] {
        let graph = graph(steps, kept);
        let constants: u64 = graph.constants().iter().map(|c| c.ty.elements() as u64).sum();
        let formula = 4 * (graph.live_elements() + constants);
        assert!(formula > most, "each graph needs more than the one before");
        most = formula;
        let graph = Arc::new(graph);
        let reference = Reference::new(graph.clone());
        let input = vec![3; graph.input_bytes()];
        reference.run(&input).expect("the right length");
        let peak = peak_bytes().expect("it said it before");
        assert!(
            peak <= own + formula + formula / HOLES + SLACK,
            "{steps} {kept}: {peak} of {own} and {formula}"
        );
        assert!(peak >= formula, "{steps} {kept}: {peak} is less than {formula}");

        // Engines hold raw bytes in an arena: never less than what lives, and little more.
        let arena = Schedule::new(&Segment::whole(graph.clone()), 64).arena_bytes() as u64;
        let raw = u64::from(SIDE) * u64::from(SIDE);
        println!("{steps} steps, {kept} kept: {formula} bytes by the formula, {peak} at most, arena {arena}");
        assert!(arena >= raw && arena <= formula, "{arena} of {formula}");
    }
}
