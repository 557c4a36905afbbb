//! A test of a level before it is used: a graph with every kind of kernel, and the results that it must give.

use super::compile;
use super::run::Arena;
use metisvm_model::{
    Constant, DType, Graph, Node, Op, Output, Padding, Parsed, Port, Segment, TensorType, Value, Window,
};
use metisvm_simd::Level;
use std::sync::Arc;

/// What the reference kernels make of [`graph`] and [`input`]. `METISVM_BLESS=1` writes it anew, for a change of
/// the graph.
const EXPECTED: &[u8] = include_bytes!("self_test.bin");

/// Runs the test.
///
/// # Errors
/// What differs.
pub(super) fn run(level: Level, lie: bool) -> Result<(), String> {
    let graph = Arc::new(graph());
    let input = input(&graph);
    let mut rest = &input[..];
    let mut inputs = Vec::new();
    for port in graph.inputs() {
        let (own, after) = rest.split_at(port.ty.bytes());
        inputs.push([own]);
        rest = after;
    }
    let inputs: Vec<&[&[u8]]> = inputs.iter().map(<[_; 1]>::as_slice).collect();
    let program = compile::compile(&Segment::whole(graph.clone()), level);
    let mut given: Vec<u8> = program
        .run(level, 1, 1, &inputs, &mut Arena::default())
        .into_iter()
        .flatten()
        .flatten()
        .collect();
    if lie {
        given[0] ^= 1;
    }
    let mut at = 0;
    for output in graph.outputs() {
        let bytes = graph.ty(output.value).bytes();
        if given[at..at + bytes] != EXPECTED[at..at + bytes] {
            return Err(format!("{} has not the bits that it must have", output.name));
        }
        at += bytes;
    }
    Ok(())
}

/// Numbers that look random and are always the same.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        // splitmix64.
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next() as u8).collect()
    }
}

fn input(graph: &Graph) -> Vec<u8> {
    Numbers(2).bytes(graph.input_bytes())
}

/// A graph under construction.
struct Builder {
    parsed: Parsed,
    numbers: Numbers,
}

impl Builder {
    fn input(&mut self, dtype: DType, dims: &[u32]) -> Value {
        let index = self.parsed.inputs.len();
        self.parsed.inputs.push(Port {
            name: format!("input {index}"),
            ty: ty(dtype, dims),
        });
        Value::Input(index as u32)
    }

    fn constant(&mut self, dtype: DType, dims: &[u32], values: impl FnMut(usize) -> i32) -> Value {
        let ty = ty(dtype, dims);
        let values: Vec<i32> = (0..ty.elements()).map(values).collect();
        let bytes = values
            .iter()
            .flat_map(|v| v.to_le_bytes()[..dtype.size()].to_vec());
        let bytes = bytes.collect();
        self.parsed.constants.push(Constant { ty, bytes });
        Value::Constant(self.parsed.constants.len() as u32 - 1)
    }

    fn scalar(&mut self, dtype: DType, value: i32) -> Value {
        self.constant(dtype, &[], |_| value)
    }

    fn weights(&mut self, dtype: DType, dims: &[u32]) -> Value {
        let bytes = self.numbers.bytes(ty(dtype, dims).elements());
        self.constant(dtype, dims, |at| match dtype {
            DType::U8 => i32::from(bytes[at]),
            _ => i32::from(bytes[at] as i8),
        })
    }

    fn node(&mut self, op: Op, operands: &[Value]) -> Value {
        self.parsed.nodes.push(Node {
            op,
            operands: operands.to_vec(),
        });
        Value::Node(self.parsed.nodes.len() as u32 - 1)
    }

    fn requantise(&mut self, x: Value, to: DType, multiplier: i32, shift: i32) -> Value {
        let multiplier = self.scalar(DType::I16, multiplier);
        let shift = self.scalar(DType::U8, shift);
        let zero = self.scalar(to, 3);
        self.node(Op::Requantise { to, axis: 0 }, &[x, multiplier, shift, zero])
    }

    fn output(&mut self, name: &str, value: Value) {
        let name = name.to_owned();
        self.parsed.outputs.push(Output { name, value });
    }
}

fn ty(dtype: DType, dims: &[u32]) -> TensorType {
    TensorType::new(dtype, dims).expect("a small shape")
}

/// Products of 8 and 16 bits with zero points, by constants and computed; a convolution with padding, stride and
/// groups; the chains that transformers have after them; what moves elements.
fn graph() -> Graph {
    let mut b = Builder {
        parsed: Parsed::default(),
        numbers: Numbers(1),
    };
    products(&mut b);
    images(&mut b);
    b.parsed.check().expect("the graph of the self-test is sound")
}

/// The rows, the depth and the columns of the matrix products: none a multiple of a tile.
const SIZE: [u32; 3] = [19, 83, 45];

fn products(b: &mut Builder) {
    let [m, k, n] = SIZE;
    let x = b.input(DType::I8, &[m, k]);
    let words = b.input(DType::I16, &[m, k]);
    let x_zero = b.scalar(DType::I8, -7);
    let word_zero = b.scalar(DType::I16, 300);
    let w = b.weights(DType::U8, &[k, n]);
    let zeros = b.weights(DType::U8, &[n]);
    let bias = b.constant(DType::I32, &[n], |at| at as i32 * 977 - 20_000);
    let y = b.node(Op::MatMul, &[x, w, x_zero, zeros, bias]);
    let multipliers = b.constant(DType::I16, &[n], |at| 16_384 + at as i32 * 300);
    let shifts = b.constant(DType::U8, &[n], |at| 26 + at as i32 % 3);
    let zero = b.scalar(DType::I8, -5);
    let to = DType::I8;
    let small = b.node(Op::Requantise { to, axis: 1 }, &[y, multipliers, shifts, zero]);
    let table = b.constant(DType::U8, &[256], |at| (at * 91 % 256) as i32);
    let looked = b.node(Op::Table, &[small, table]);
    b.output("product of bytes", looked);

    let signed = b.weights(DType::I8, &[k, n]);
    let w_zero = b.scalar(DType::I8, 11);
    let wide = b.node(Op::WideMatMul, &[words, signed, word_zero, w_zero]);
    let wide = b.requantise(wide, DType::I16, 20_000, 26);
    b.output("product of words", wide);

    // Attention's: both computed; a softmax between.
    let perm = vec![1, 0];
    let turned = b.node(Op::Transpose { perm }, &[small]);
    let small_zero = b.scalar(DType::I8, -5);
    let scores = b.node(Op::MatMul, &[small, turned, small_zero, small_zero]);
    let greatest = b.node(Op::ReduceMax { axis: 1 }, &[scores]);
    let below = b.node(Op::Sub, &[scores, greatest]);
    let below = b.requantise(below, DType::I16, 17_000, 18);
    let nodes = b.constant(DType::I16, &[257], |at| (at * at / 4) as i32);
    let powers = b.node(Op::Interpolate, &[below, nodes]);
    let sum = b.node(Op::ReduceSum { axis: 1 }, &[powers]);
    let numerator = 1 << 40;
    let inverse = b.node(Op::Reciprocal { numerator }, &[sum]);
    let to = DType::I16;
    let shares = b.node(Op::Mul { shift: 25, to }, &[powers, inverse]);
    b.output("softmax", shares);

    // A norm.
    let centred = b.node(Op::Add, &[wide, small]);
    let norm = b.node(
        Op::InvNorm {
            shift: 60,
            epsilon: 9,
        },
        &[centred],
    );
    let normed = b.node(Op::Mul { shift: 18, to }, &[centred, norm]);
    let low = b.scalar(DType::I16, -3000);
    let high = b.scalar(DType::I16, 2500);
    let normed = b.node(Op::Clamp, &[normed, low, high]);
    b.output("norm", normed);
}

fn images(b: &mut Builder) {
    let x = b.input(DType::U8, &[1, 6, 13, 17]);
    let zero = b.scalar(DType::U8, 128);
    let window = Window {
        stride: [1, 2],
        padding: Padding {
            top: 1,
            left: 2,
            bottom: 0,
            right: 1,
        },
        ..Window::default()
    };
    let w = b.weights(DType::I8, &[10, 3, 3, 2]);
    let zeros = b.scalar(DType::I8, 4);
    let groups = 2;
    let y = b.node(Op::Conv2d { window, groups }, &[x, w, zero, zeros]);
    let multipliers = b.constant(DType::I16, &[10], |at| 9_000 + at as i32 * 2_000);
    let shift = b.scalar(DType::U8, 24);
    let to = DType::U8;
    let y = b.node(Op::Requantise { to, axis: 1 }, &[y, multipliers, shift, zero]);
    let deep = b.weights(DType::I8, &[10, 1, 3, 3]);
    let each = Window {
        padding: Padding {
            top: 1,
            left: 1,
            bottom: 1,
            right: 1,
        },
        ..Window::default()
    };
    let operands = [y, deep, zero, zeros];
    let depthwise = b.node(
        Op::Conv2d {
            window: each,
            groups: 10,
        },
        &operands,
    );
    let depthwise = b.requantise(depthwise, DType::I8, 12_000, 21);
    let kernel = [2, 2];
    let pooled = b.node(
        Op::MaxPool2d {
            kernel,
            window: Window {
                stride: [2, 2],
                ..Window::default()
            },
        },
        &[depthwise],
    );
    let index = b.constant(DType::U8, &[4], |at| 9 - 2 * at as i32);
    let picked = b.node(Op::Gather { axis: 1 }, &[pooled, index]);
    let both = b.node(Op::Concat { axis: 1 }, &[pooled, picked]);
    b.output("images", both);
    let best = b.node(Op::ArgMax { axis: 1 }, &[both]);
    b.output("greatest channels", best);
    let sums = b.node(Op::ReduceSum { axis: 1 }, &[both]);
    b.output("sums", sums);
}

#[cfg(test)]
mod tests {
    use super::*;
    use metisvm_model::Reference;

    #[test]
    fn the_reference_gives_what_is_stored() {
        let graph = Arc::new(graph());
        let given = Reference::new(graph.clone())
            .run(&input(&graph))
            .expect("its own input");
        if std::env::var_os("METISVM_BLESS").is_some() {
            let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/cpu/self_test.bin");
            std::fs::write(path, &given).expect("the source folder can be written");
            return;
        }
        assert_eq!(given, EXPECTED);
    }

    #[test]
    fn results_depend_on_every_output() {
        // A test whose results are all clamped would see nothing.
        let graph = graph();
        let mut at = 0;
        for output in graph.outputs() {
            let bytes = graph.ty(output.value).bytes();
            let mut own = EXPECTED[at..at + bytes].to_vec();
            own.sort_unstable();
            own.dedup();
            assert!(own.len() > 4, "{} has {} different bytes", output.name, own.len());
            at += bytes;
        }
    }

    #[test]
    fn every_level_passes() {
        for level in Level::available() {
            assert_eq!(run(level, false), Ok(()), "{level}");
            assert!(run(level, true).is_err());
        }
    }
}
