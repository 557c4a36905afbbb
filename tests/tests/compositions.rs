//! What docs/inference.md, "Compositions", says of models' own operators, made of those that there are.

use metisvm_model::{DType, Op, Padding, Parsed, Reference, Shape, Tensor, TensorType, Value, Window};
use metisvm_tests::rng::Rng;
use std::sync::Arc;

fn ty(dtype: DType, dims: &[u32]) -> TensorType {
    TensorType::new(dtype, dims).expect("small")
}

/// A graph under construction.
#[derive(Default)]
struct Maker(Parsed);

impl Maker {
    /// An input of 16 bits or fewer, or clamped to bounds.
    fn input(&mut self, dtype: DType, dims: &[u32], [low, high]: [i32; 2]) -> Value {
        let name = format!("x{}", self.0.inputs.len());
        let x = self.0.input(name, ty(dtype, dims));
        self.clamp(x, dtype, [low, high])
    }

    fn clamp(&mut self, x: Value, dtype: DType, bounds: [i32; 2]) -> Value {
        let [low, high] = bounds.map(|bound| self.constant(dtype, &[], &[bound]));
        self.node(Op::Clamp, &[x, low, high])
    }

    fn constant(&mut self, dtype: DType, dims: &[u32], data: &[i32]) -> Value {
        let tensor = Tensor::new(ty(dtype, dims), data.to_vec()).expect("within the type");
        self.0.constant(&tensor)
    }

    fn node(&mut self, op: Op, operands: &[Value]) -> Value {
        self.0.node(op, operands)
    }

    fn mul(&mut self, a: Value, b: Value, shift: u8, to: DType) -> Value {
        self.node(Op::Mul { shift, to }, &[a, b])
    }

    fn by(&mut self, x: Value, factor: i32, shift: u8, to: DType) -> Value {
        let factor = self.constant(DType::I16, &[], &[factor]);
        self.mul(x, factor, shift, to)
    }

    fn requantise(&mut self, x: Value, multiplier: i32, shift: i32, to: DType) -> Value {
        let multiplier = self.constant(DType::I16, &[], &[multiplier]);
        let shift = self.constant(DType::U8, &[], &[shift]);
        let zero = self.constant(to, &[], &[0]);
        self.node(Op::Requantise { to, axis: 0 }, &[x, multiplier, shift, zero])
    }

    fn reshape(&mut self, x: Value, dims: &[u32]) -> Value {
        let shape = Shape::new(dims).expect("small");
        self.node(Op::Reshape { shape }, &[x])
    }

    fn finish(mut self, outputs: &[Value]) -> Reference {
        for (i, &value) in outputs.iter().enumerate() {
            self.0.output(format!("y{i}"), value);
        }
        Reference::new(Arc::new(self.0.check().expect("it is proven")))
    }
}

/// The outputs for inputs, as numbers.
fn run(reference: &Reference, inputs: &[&[i32]]) -> Vec<Vec<i32>> {
    let graph = reference.segment().graph();
    let mut raw = Vec::new();
    for (port, data) in graph.inputs().iter().zip(inputs) {
        let tensor = Tensor::new(port.ty.clone(), data.to_vec()).expect("within the type");
        tensor.write_bytes(&mut raw);
    }
    let given = reference.run(&raw).expect("the right length");
    let mut rest = &given[..];
    let outputs = graph.outputs().iter().map(|output| {
        let ty = graph.ty(output.value);
        let (own, after) = rest.split_at(ty.bytes());
        rest = after;
        let tensor = Tensor::from_bytes(ty.clone(), own).expect("its own length");
        tensor.data().to_vec()
    });
    outputs.collect()
}

fn numbers(rng: &mut Rng, count: usize, [low, high]: [i64; 2]) -> Vec<i32> {
    (0..count).map(|_| rng.within(low, high) as i32).collect()
}

#[test]
fn a_masked_softmax_is_near_the_real_one_and_zero_where_it_is_masked() {
    const N: usize = 7;
    let limit = (1 << 26) - 1;
    let mut m = Maker::default();
    let s = m.input(DType::I32, &[3, N as u32], [-limit, limit]);
    let mask = m.input(DType::U8, &[3, N as u32], [0, 1]);
    let mut table = vec![0; 256];
    table[0] = -(1 << 28);
    let table = m.constant(DType::I32, &[256], &table);
    let addend = m.node(Op::Table, &[mask, table]);
    let s = m.node(Op::Add, &[s, addend]);
    let greatest = m.node(Op::ReduceMax { axis: 1 }, &[s]);
    let d = m.node(Op::Sub, &[s, greatest]);
    // A unit of s is 2^−16; one of t is 2^−11.
    let t = m.requantise(d, 1 << 14, 19, DType::I16);
    let exponential = |j: i32| match j {
        0 => 0,
        1..=128 => (32767.0 * (f64::from(j - 128) / 8.0).exp()).round() as i32,
        _ => 32767,
    };
    let table: Vec<i32> = (0..257).map(exponential).collect();
    let table = m.constant(DType::I16, &[257], &table);
    let e = m.node(Op::Interpolate, &[t, table]);
    let sum = m.node(Op::ReduceSum { axis: 1 }, &[e]);
    let numerator = 1 << 45;
    let r = m.node(Op::Reciprocal { numerator }, &[sum]);
    let p = m.mul(e, r, 37, DType::U8);
    let softmax = m.finish(&[p, sum]);
    let mut rng = Rng::new(1);
    for turn in 0..200 {
        let spread = [limit.into(), 1 << 18, 1 << 16][turn % 3];
        let s = numbers(&mut rng, 3 * N, [-spread, spread]);
        let mut mask = numbers(&mut rng, 3 * N, [0, 1]);
        (0..3).for_each(|row| mask[row * N + turn % N] = 1);
        let outputs = run(&softmax, &[&s, &mask]);
        for row in 0..3 {
            let kept = |i: usize| mask[row * N + i] == 1;
            let real = |i: usize| f64::from(s[row * N + i]) / 65536.0;
            let greatest = (0..N).filter(|&i| kept(i)).map(real).fold(f64::MIN, f64::max);
            let part = |i: usize| if kept(i) { (real(i) - greatest).exp() } else { 0.0 };
            let total: f64 = (0..N).map(part).sum();
            for i in 0..N {
                let p = outputs[0][row * N + i];
                assert!(kept(i) || p == 0);
                let expected = 256.0 * part(i) / total;
                assert!((f64::from(p) - expected).abs() <= 2.0, "{p} is not {expected}");
            }
            assert!((32_767..=32_767 * N as i32).contains(&outputs[1][row]));
        }
    }
}

#[test]
fn a_layer_norm_is_near_the_real_one_and_never_longer_than_one() {
    const N: usize = 48;
    const EPSILON: u64 = 5;
    let mut m = Maker::default();
    let x = m.input(DType::I16, &[2, N as u32], [-32768, 32767]);
    let sum = m.node(Op::ReduceSum { axis: 1 }, &[x]);
    // 21845 / 2^20 is 1/48.
    let mean = m.requantise(sum, 21_845, 20, DType::I32);
    let c = m.node(Op::Sub, &[x, mean]);
    let (shift, epsilon) = (60, EPSILON);
    let r = m.node(Op::InvNorm { shift, epsilon }, &[c]);
    let y = m.mul(c, r, 15, DType::I16);
    let norm = m.finish(&[c, y]);
    let mut rng = Rng::new(2);
    for turn in 0..200 {
        let spread = [32_767, 3_000, 100, 1, 0][turn % 5];
        let outputs = run(&norm, &[&numbers(&mut rng, 2 * N, [-spread, spread])]);
        for (c, y) in outputs[0].chunks(N).zip(outputs[1].chunks(N)) {
            let squares: f64 = c.iter().map(|&c| f64::from(c) * f64::from(c)).sum();
            let length = (squares + EPSILON as f64).sqrt();
            for (&c, &y) in c.iter().zip(y) {
                let expected = f64::from(c) / length;
                // A root of some thousands, in integers, is right to a part of some thousands.
                assert!(
                    (f64::from(y) / 32768.0 - expected).abs() < 0.001,
                    "{y} is not {expected}"
                );
            }
        }
    }
}

#[test]
fn a_function_of_sixteen_bits_is_near_the_real_one() {
    let gelu = |x: f64| x / 2.0 * (1.0 + (0.797_884_560_8 * (x + 0.044_715 * x * x * x)).tanh());
    let mut m = Maker::default();
    let x = m.input(DType::I16, &[256, 256], [-32768, 32767]);
    // From −8 to 8, in units of 2^−12.
    let table: Vec<i32> = (0..257)
        .map(|j| (gelu(f64::from(j - 128) / 16.0) * 4096.0).round().min(32767.0) as i32)
        .collect();
    let table = m.constant(DType::I16, &[257], &table);
    let y = m.node(Op::Interpolate, &[x, table]);
    let function = m.finish(&[y]);
    let all: Vec<i32> = (-32768..=32767).collect();
    for (x, y) in all.iter().zip(&run(&function, &[&all])[0]) {
        let expected = gelu(f64::from(*x) / 4096.0);
        assert!((f64::from(*y) / 4096.0 - expected).abs() < 0.001, "{x}: {y}");
    }
}

#[test]
fn a_convolution_of_sixteen_bits_is_that_of_its_halves() {
    const ZERO: i32 = 300;
    let mut rng = Rng::new(3);
    let mut m = Maker::default();
    let x = m.input(DType::I16, &[1, 2, 5, 6], [-2048, 2047]);
    let weights = numbers(&mut rng, 3 * 2 * 9, [-128, 127]);
    let w = m.constant(DType::I8, &[3, 2, 3, 3], &weights);
    let w_zero = m.constant(DType::I8, &[], &[0]);
    let half = m.constant(DType::I16, &[], &[128]);
    let shifted = m.node(Op::Sub, &[x, half]);
    let h = m.by(shifted, 1, 8, DType::I8);
    let back = m.by(h, 256, 0, DType::I32);
    let rest = m.node(Op::Sub, &[x, back]);
    let l = m.by(rest, 1, 0, DType::U8);
    let padding = Padding {
        top: 1,
        left: 1,
        bottom: 1,
        right: 1,
    };
    let window = Window {
        padding,
        ..Window::default()
    };
    let zeros = [
        m.constant(DType::I8, &[], &[ZERO >> 8]),
        m.constant(DType::U8, &[], &[ZERO & 255]),
    ];
    let [high, low] = [(h, zeros[0]), (l, zeros[1])]
        .map(|(x, zero)| m.node(Op::Conv2d { window, groups: 1 }, &[x, w, zero, w_zero]));
    let high = m.by(high, 256, 0, DType::I32);
    let y = m.node(Op::Add, &[high, low]);
    let conv = m.finish(&[h, l, y]);
    for turn in 0..50 {
        let range = [[-2048, 2047], [-300, 300]][turn % 2];
        let x = numbers(&mut rng, 60, range);
        let outputs = run(&conv, &[&x]);
        for ((&x, &h), &l) in x.iter().zip(&outputs[0]).zip(&outputs[1]) {
            assert!(h * 256 + l == x && (0..256).contains(&l));
        }
        for (at, &y) in outputs[2].iter().enumerate() {
            let (o, row, column) = (at / 30, at / 6 % 5, at % 6);
            let mut expected = 0;
            for (k, &w) in weights[o * 18..][..18].iter().enumerate() {
                let (c, u, v) = (k / 9, row + k / 3 % 3, column + k % 3);
                if (1..=5).contains(&u) && (1..=6).contains(&v) {
                    expected += (x[c * 30 + (u - 1) * 6 + v - 1] - ZERO) * w;
                }
            }
            assert_eq!(y, expected);
        }
    }
}

#[test]
fn the_greatest_k_come_in_order() {
    const N: usize = 9;
    let limit = (1 << 26) - 1;
    let mut m = Maker::default();
    let mut x = m.input(DType::I32, &[2, N as u32], [-limit, limit]);
    let places: Vec<i32> = (0..N as i32).collect();
    let places = m.constant(DType::I32, &[N as u32], &places);
    let mut table = vec![0; 256];
    table[0] = -(1 << 28);
    let table = m.constant(DType::I32, &[256], &table);
    let mut outputs = Vec::new();
    for _ in 0..N {
        let best = m.node(Op::ArgMax { axis: 1 }, &[x]);
        let value = m.node(Op::ReduceMax { axis: 1 }, &[x]);
        outputs.extend([best, value]);
        let best = m.reshape(best, &[2, 1]);
        let away = m.node(Op::Sub, &[places, best]);
        let away = m.clamp(away, DType::I32, [-1, 1]);
        let away = m.by(away, 1, 0, DType::I8);
        let mask = m.node(Op::Table, &[away, table]);
        let masked = m.node(Op::Add, &[x, mask]);
        x = m.clamp(masked, DType::I32, [-(1 << 29), limit]);
    }
    let top = m.finish(&outputs);
    let mut rng = Rng::new(4);
    for turn in 0..100 {
        let spread = [i64::from(limit), 3][turn % 2];
        let x = numbers(&mut rng, 2 * N, [-spread, spread]);
        let outputs = run(&top, &[&x]);
        for row in 0..2 {
            let x = &x[row * N..][..N];
            let mut order: Vec<usize> = (0..N).collect();
            order.sort_by_key(|&i| (-i64::from(x[i]), i));
            for (k, &place) in order.iter().enumerate() {
                let found = (outputs[2 * k][row], outputs[2 * k + 1][row]);
                assert_eq!(found.0, place as i32, "{x:?}");
                assert_eq!(found.1, x[place]);
            }
        }
    }
}

#[test]
fn a_transposed_convolution_spreads_each_pixel() {
    const ZERO: i32 = -3;
    let (stride, kernel, pad, outer) = (2usize, 3usize, 1usize, 1usize);
    let (channels, outs, height, width) = (2usize, 3usize, 3usize, 4usize);
    let mut rng = Rng::new(5);
    // As ONNX has them: channels in, channels out, rows, columns.
    let weights = numbers(&mut rng, channels * outs * kernel * kernel, [-128, 127]);
    let weight = |c: usize, o: usize, u: usize, v: usize| weights[((c * outs + o) * kernel + u) * kernel + v];
    let mut turned = Vec::new();
    for (o, c) in (0..outs).flat_map(|o| (0..channels).map(move |c| (o, c))) {
        for (u, v) in (0..kernel).flat_map(|u| (0..kernel).map(move |v| (u, v))) {
            turned.push(weight(c, o, kernel - 1 - u, kernel - 1 - v));
        }
    }
    let mut m = Maker::default();
    let x = m.input(DType::I8, &[1, 2, 3, 4], [-128, 127]);
    let spread = m.reshape(x, &[1, 2, 3, 1, 4, 1]);
    let rows = m.constant(DType::I8, &[1, 2, 3, 1, 4, 1], &[ZERO; 24]);
    let spread = m.node(Op::Concat { axis: 3 }, &[spread, rows]);
    let columns = m.constant(DType::I8, &[1, 2, 3, 2, 4, 1], &[ZERO; 48]);
    let spread = m.node(Op::Concat { axis: 5 }, &[spread, columns]);
    let spread = m.reshape(spread, &[1, 2, 6, 8]);
    let w = m.constant(DType::I8, &[3, 2, 3, 3], &turned);
    let (zero, w_zero) = (
        m.constant(DType::I8, &[], &[ZERO]),
        m.constant(DType::I8, &[], &[0]),
    );
    let (before, behind) = (kernel - 1 - pad, kernel - 1 - pad + outer - (stride - 1));
    let padding = Padding {
        top: before as u32,
        left: before as u32,
        bottom: behind as u32,
        right: behind as u32,
    };
    let window = Window {
        padding,
        ..Window::default()
    };
    let y = m.node(Op::Conv2d { window, groups: 1 }, &[spread, w, zero, w_zero]);
    let transposed = m.finish(&[y]);
    let size = |extent: usize| (extent - 1) * stride + kernel - 2 * pad + outer;
    let (rows, columns) = (size(height), size(width));
    for _ in 0..20 {
        let x = numbers(&mut rng, channels * height * width, [-128, 127]);
        let mut expected = vec![0; outs * rows * columns];
        for (at, &value) in x.iter().enumerate() {
            let (c, i, j) = (at / (height * width), at / width % height, at % width);
            for (o, u, v) in (0..outs * kernel * kernel).map(|k| (k / 9, k / 3 % 3, k % 3)) {
                let (row, column) = (i * stride + u, j * stride + v);
                if (pad..rows + pad).contains(&row) && (pad..columns + pad).contains(&column) {
                    expected[(o * rows + row - pad) * columns + column - pad] +=
                        (value - ZERO) * weight(c, o, u, v);
                }
            }
        }
        assert_eq!(run(&transposed, &[&x])[0], expected);
    }
}
