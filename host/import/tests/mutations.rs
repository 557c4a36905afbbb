//! Damaged files: thousands of seeded flips, cuts and splices of valid ones, and as many whose operators,
//! operands, attributes and shapes were exchanged. None may panic, and none may take long.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its data has failed")]

mod common;

use common::{made_up_calibration, read};
use metisvm_import::{Options, SUPPORTED, import_onnx, npy};
use onnx_rs::ast::{Attribute, AttributeType, Dimension, Model, OpType, TensorProto, TypeValue};
use std::time::{Duration, Instant};

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }
}

/// Bytes that are the edges of something: of a varint, of a wire type, of a sign.
const EDGES: [u8; 12] = [0, 1, 2, 0x0a, 0x12, 0x2a, 0x7f, 0x80, 0x81, 0xf8, 0xfe, 0xff];

fn mutate(random: &mut Random, seed: &[u8], other: &[u8]) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=random.below(4) {
        if bytes.is_empty() {
            break;
        }
        let at = random.below(bytes.len());
        match random.below(8) {
            0 | 1 => bytes[at] ^= 1 << random.below(8),
            2 => bytes[at] = EDGES[random.below(EDGES.len())],
            3 => bytes.truncate(at),
            4 => {
                let from = random.below(other.len());
                let length = random.below(64).min(other.len() - from);
                bytes.splice(at..at, other[from..from + length].iter().copied());
            }
            5 => {
                let end = (at + random.below(64)).min(bytes.len());
                bytes.drain(at..end);
            }
            6 => {
                let end = (at + random.below(256)).min(bytes.len());
                let copy = bytes[at..end].to_vec();
                bytes.splice(at..at, copy);
            }
            _ => {
                for byte in bytes.iter_mut().skip(at).take(4) {
                    *byte = EDGES[random.below(EDGES.len())];
                }
            }
        }
    }
    bytes
}

/// Every valid fixture and the digits models; whether it needs calibration.
fn seeds() -> Vec<(Vec<u8>, bool)> {
    let index = common::json("fixtures/index.json");
    let mut paths: Vec<String> = index
        .as_object()
        .unwrap()
        .keys()
        .filter(|k| k.starts_with("valid/"))
        .map(|k| format!("fixtures/{k}"))
        .collect();
    paths.extend(["mlp_f32", "mlp_qdq", "cnn_f32", "cnn_qdq"].map(|n| format!("digits/{n}.onnx")));
    paths.iter().map(|p| (read(p), p.contains("f32"))).collect()
}

/// What became of many files.
#[derive(Debug, Default)]
struct Tally {
    taken: usize,
    refused: usize,
    slowest: Duration,
}

impl Tally {
    fn import(&mut self, bytes: &[u8], floats: bool) {
        let mut options = Options::default();
        if floats {
            options.calibration = made_up_calibration(bytes);
        }
        let started = Instant::now();
        match import_onnx(bytes, &options) {
            Ok(_) => self.taken += 1,
            Err(e) => {
                self.refused += 1;
                let text = e.to_string();
                assert!(text.len() < 4000 && !text.chars().any(char::is_control), "{text}");
            }
        }
        self.slowest = self.slowest.max(started.elapsed());
    }
}

#[test]
fn damaged_models_never_panic_and_end_quickly() {
    let seeds = seeds();
    let mut random = Random(1);
    let mut tally = Tally::default();
    for (seed, floats) in &seeds {
        for _ in 0..200 {
            let other = &seeds[random.below(seeds.len())].0;
            tally.import(&mutate(&mut random, seed, other), *floats);
        }
    }
    println!("{tally:?}");
    assert!(
        tally.taken > 1000 && tally.refused > 1000,
        "too weak or too strong: {tally:?}"
    );
    assert!(tally.slowest < Duration::from_secs(20), "{tally:?}");
}

/// Numbers that arithmetic on shapes trips over.
const NUMBERS: [i64; 16] = [
    i64::MIN,
    -(1 << 32),
    -2,
    -1,
    0,
    1,
    2,
    3,
    7,
    1024,
    1025,
    1 << 26,
    (1 << 31) - 1,
    1 << 32,
    1 << 62,
    i64::MAX,
];

/// Changes the meaning of a sound file: it stays sound protobuf.
fn rewrite<'a>(random: &mut Random, model: &mut Model<'a>) {
    let Some(graph) = &mut model.graph else {
        return;
    };
    let names: Vec<&str> = graph
        .node
        .iter()
        .flat_map(|n| n.output.iter().chain(&n.input).copied())
        .chain(graph.initializer.iter().map(|i| i.name()))
        .collect();
    for _ in 0..=random.below(3) {
        let count = graph.node.len();
        if count == 0 || names.is_empty() {
            return;
        }
        let node = &mut graph.node[random.below(count)];
        let number = NUMBERS[random.below(NUMBERS.len())];
        match random.below(10) {
            0 => node.op_type = OpType::from(SUPPORTED[random.below(SUPPORTED.len())]),
            1 if !node.input.is_empty() => {
                let at = random.below(node.input.len());
                node.input[at] = names[random.below(names.len())];
            }
            2 => node.input.push(names[random.below(names.len())]),
            3 => drop(node.input.pop()),
            4 if !node.attribute.is_empty() => {
                let at = random.below(node.attribute.len());
                let attribute = &mut node.attribute[at];
                attribute.i = number;
                if !attribute.ints.is_empty() {
                    let at = random.below(attribute.ints.len());
                    attribute.ints[at] = number;
                }
                attribute.f = [f32::NAN, f32::INFINITY, 0.0, -1.0, 1e38][random.below(5)];
            }
            5 if !node.attribute.is_empty() => drop(node.attribute.pop()),
            6 => {
                let name = [
                    "axis",
                    "keepdims",
                    "transA",
                    "transB",
                    "group",
                    "ceil_mode",
                    "to",
                    "allowzero",
                ][random.below(8)];
                node.attribute.push(Attribute {
                    name,
                    r#type: AttributeType::Int,
                    i: if random.below(2) == 0 { number } else { 1 },
                    ..Attribute::default()
                });
            }
            7 => {
                let name = ["axes", "perm", "pads", "strides", "dilations", "kernel_shape"][random.below(6)];
                let ints = (0..random.below(6))
                    .map(|_| NUMBERS[3 + random.below(5)])
                    .collect();
                node.attribute.push(Attribute {
                    name,
                    r#type: AttributeType::Ints,
                    ints,
                    ..Attribute::default()
                });
            }
            8 => {
                // A constant of the same elements in another, perhaps lying, shape.
                let at = random.below(graph.initializer.len().max(1));
                if let Some(tensor) = graph.initializer.get_mut(at) {
                    let mut dims = tensor.dims().to_vec();
                    match random.below(3) {
                        0 => dims.push(number),
                        1 => dims.insert(0, 1),
                        _ => drop(dims.pop()),
                    }
                    let raw = tensor.as_raw().unwrap_or_default();
                    *tensor = TensorProto::from_raw(tensor.name(), dims, tensor.data_type(), raw);
                }
            }
            _ => {
                let at = random.below(graph.input.len().max(1));
                let shape = graph
                    .input
                    .get_mut(at)
                    .and_then(|i| match &mut i.r#type.as_mut()?.value {
                        Some(TypeValue::Tensor(tensor)) => tensor.shape.as_mut(),
                        _ => None,
                    });
                if let Some(shape) = shape
                    && !shape.dim.is_empty()
                {
                    let at = random.below(shape.dim.len());
                    shape.dim[at].value = Dimension::Value(number);
                }
            }
        }
    }
}

#[test]
fn rewritten_models_never_panic_and_end_quickly() {
    let seeds = seeds();
    let mut random = Random(3);
    let mut tally = Tally::default();
    for (seed, floats) in &seeds {
        for _ in 0..200 {
            let mut model = onnx_rs::parse(seed).unwrap();
            rewrite(&mut random, &mut model);
            tally.import(&onnx_rs::encode(&model), *floats);
        }
    }
    println!("{tally:?}");
    assert!(
        tally.taken > 1000 && tally.refused > 1000,
        "too weak or too strong: {tally:?}"
    );
    assert!(tally.slowest < Duration::from_secs(20), "{tally:?}");
}

#[test]
fn damaged_arrays_never_panic() {
    let seed = read("digits/calibration.npy");
    let mut random = Random(2);
    let (mut taken, mut refused) = (0, 0);
    for _ in 0..3000 {
        // Most of it header: there is where the reader can be led astray.
        let length = 128 + random.below(64) * 4;
        let bytes = mutate(&mut random, &seed[..length], &seed);
        match npy::read(&bytes) {
            Ok(_) => taken += 1,
            Err(_) => refused += 1,
        }
        let mut whole = mutate(&mut random, &seed[..128], &seed);
        whole.extend_from_slice(&seed[128..]);
        match npy::read(&whole) {
            Ok(_) => taken += 1,
            Err(_) => refused += 1,
        }
    }
    println!("{taken} taken, {refused} refused");
    assert!(refused > 1000);
}
