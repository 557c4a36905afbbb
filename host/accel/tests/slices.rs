//! Slices that are joined, matrices that are exchanged, and large inputs, which the cpu backend reads where they lie: the
//! bits of the reference kernels, whatever reads a slice besides, wherever inputs begin, and in batches.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use bytes::Bytes;
use metisvm_accel::cpu::{CpuBackend, Options};
use metisvm_accel::{Backend, Batch, Buffer};
use metisvm_model::{DType, Graph, Op, Parsed, Reference, Segment, Shape, Tensor, TensorType, Value};
use metisvm_simd::Level;
use std::sync::Arc;

struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) as usize % end
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.below(256) as u8).collect()
    }
}

fn ty(dtype: DType, dims: &[u32]) -> TensorType {
    TensorType::new(dtype, dims).unwrap()
}

/// Indices along a dimension: neighbours, or not.
fn indices(g: &mut Parsed, random: &mut Random, extent: usize) -> (Value, u32) {
    let first = random.below(extent);
    let count = 1 + random.below(extent - first);
    let mut values: Vec<i32> = (first..first + count).map(|at| at as i32).collect();
    match random.below(4) {
        0 => values.reverse(),
        1 => values[count / 2] = random.below(extent) as i32,
        _ => {}
    }
    let tensor = Tensor::new(ty(DType::I16, &[count as u32]), values).unwrap();
    (g.constant(&tensor), count as u32)
}

/// States, slices of them, and what joins those: along the same dimension or another, at once or reshaped.
fn graph(random: &mut Random) -> Graph {
    let mut g = Parsed::default();
    let dtype = [DType::U8, DType::I8, DType::I16, DType::I32][random.below(4)];
    // Some are large, and some are not.
    let dims = [[3, 65, 172], [2, 5, 7], [1, 129, 254]][random.below(3)];
    let states = [0, 1].map(|at| g.input(format!("state {at}"), ty(dtype, &dims)));
    for at in 0..1 + random.below(3) {
        let axis = random.below(3);
        let slice = |g: &mut Parsed, random: &mut Random| {
            let (index, count) = indices(g, random, dims[axis] as usize);
            let state = states[random.below(2)];
            (g.node(Op::Gather { axis: axis as u8 }, &[state, index]), count)
        };
        let (first, count) = slice(&mut g, random);
        let second = match random.below(3) {
            0 => first,
            1 => slice(&mut g, random).0,
            _ => states[random.below(2)],
        };
        let joined = match random.below(4) {
            // The slice's dimension is another one then.
            0 => {
                let mut own = dims;
                own[axis] = count;
                let shape = Shape::new(&[own[0], 1, own[1], own[2]]).unwrap();
                let reshaped = g.node(Op::Reshape { shape }, &[first]);
                g.node(Op::Concat { axis: axis as u8 }, &[reshaped, reshaped])
            }
            1 => {
                let axis = ((axis + 1) % 3) as u8;
                g.node(Op::Concat { axis }, &[first, first])
            }
            _ => g.node(Op::Concat { axis: axis as u8 }, &[first, second, first]),
        };
        g.output(format!("joined {at}"), joined);
        if random.below(3) == 0 {
            // The slice is read by others, too, before or after.
            let greatest = g.node(Op::ReduceMax { axis: 1 }, &[first]);
            g.output(format!("greatest {at}"), greatest);
        }
        if random.below(4) == 0 {
            g.output(format!("slice {at}"), first);
        }
    }
    g.check().unwrap()
}

/// Products of a few rows by states whose rows and columns are exchanged, as scores of attention are.
fn products(random: &mut Random) -> Graph {
    let mut g = Parsed::default();
    let x_type = [DType::U8, DType::I8, DType::I16][random.below(3)];
    let w_type = [DType::U8, DType::I8][random.below(2)];
    let [heads, m] = [1 + random.below(3) as u32, 1 + random.below(10) as u32];
    let [k, n] = [1 + random.below(130) as u32, 1 + random.below(400) as u32];
    let x = g.input("x", ty(x_type, &[heads, m, k]));
    let state = g.input("state", ty(w_type, &[heads, n, k]));
    let mut scalar = |dtype: DType, value: i32| {
        let tensor = Tensor::new(ty(dtype, &[]), vec![value]).unwrap();
        g.constant(&tensor)
    };
    let x_zero = scalar(x_type, if random.below(3) == 0 { 3 } else { 0 });
    let w_zero = scalar(w_type, [0, 77, 127][random.below(3)]);
    let perm = vec![0, 2, 1];
    let turned = g.node(Op::Transpose { perm }, &[state]);
    let op = if x_type == DType::I16 {
        Op::WideMatMul
    } else {
        Op::MatMul
    };
    let y = g.node(op, &[x, turned, x_zero, w_zero]);
    g.output("y", y);
    match random.below(4) {
        0 => g.output("turned", turned),
        1 => {
            let sum = g.node(Op::Add, &[turned, turned]);
            g.output("sum", sum);
        }
        _ => {}
    }
    g.check().unwrap()
}

#[test]
fn what_is_read_where_it_lies_gives_the_bits_of_the_reference() {
    let mut random = Random(0x51ce);
    let backends: Vec<CpuBackend> = Level::available()
        .map(|level| {
            CpuBackend::new(Options {
                level: Some(level),
                ..Options::default()
            })
        })
        .collect();
    let mut without_transpose = 0;
    for round in 0..320 {
        let make = if round % 2 == 0 { graph } else { products };
        let graph = Arc::new(make(&mut random));
        let reference = Reference::new(graph.clone());
        let made: Vec<_> = backends
            .iter()
            .map(|backend| backend.compile(&Segment::whole(graph.clone())).unwrap())
            .collect();
        let steps = format!("{:?}", made[0]);
        without_transpose += usize::from(round % 2 == 1 && !steps.contains("Transpose"));
        // Batches of one are read where they lie, others are copied; each executable sees all in turn.
        for items in [1, 3, 1] {
            let inputs: Vec<Vec<u8>> = (0..items).map(|_| random.bytes(graph.input_bytes())).collect();
            let expected: Vec<Vec<u8>> = inputs.iter().map(|input| reference.run(input).unwrap()).collect();
            let odd = random.below(2);
            let mut at = 0;
            let mut value = |port: &metisvm_model::Port| {
                let (first, bytes) = (at, port.ty.bytes());
                at += bytes;
                let items = inputs.iter().map(|input| {
                    // Also from an odd address on, where words cannot be viewed.
                    let mut memory = vec![0; odd];
                    memory.extend_from_slice(&input[first..][..bytes]);
                    Bytes::from(memory).slice(odd..)
                });
                Buffer::host(port.ty.clone(), items.collect()).unwrap()
            };
            let values = graph.inputs().iter().map(&mut value).collect();
            let batch = Batch::new(items, values).unwrap();
            for made in &made {
                let outputs = made.run(&batch).unwrap().into_items().unwrap();
                for (output, expected) in outputs.iter().zip(&expected) {
                    assert!(**output == **expected, "graph {round}, {items} items: {made:?}");
                }
            }
        }
    }
    assert!(
        without_transpose > 40,
        "{without_transpose} products read states as they lie"
    );
}
