//! Bundles and graphs changed at random, for tests that feed them to whoever reads them.

use crate::rng::Rng;
use metisvm_model::{DType, Node, Op, Padding, Parsed, Shape, Tensor, TensorType, Value, Window};

/// The bytes changed as somebody would who means harm, or a disk that fails.
pub fn bundle(bytes: &[u8], rng: &mut Rng) -> Vec<u8> {
    let mut changed = bytes.to_vec();
    let at = |rng: &mut Rng, most: usize| rng.below(most as u64) as usize;
    match rng.below(7) {
        0 => changed.truncate(at(rng, bytes.len())),
        // A count of the header.
        1 => {
            let field = 12 + 4 * at(rng, 5);
            let count = rng.pick(&[0, 1, 63, 64, 65, 1 << 16, (1 << 18) - 1, 1 << 18, u32::MAX]);
            changed[field..field + 4].copy_from_slice(&count.to_le_bytes());
        }
        // A length or a dimension anywhere in the records.
        2 => {
            let field = 40 + at(rng, bytes.len() - 44);
            let word = rng.pick(&[0, 1 << 13, (1 << 26) - 1, 1 << 26, i32::MAX as u32, u32::MAX]);
            changed[field..field + 4].copy_from_slice(&word.to_le_bytes());
        }
        // The other version, whose nodes have another form.
        3 => changed[8] = 2,
        4 => {
            changed[8] = 2;
            let field = at(rng, bytes.len());
            changed[field] = rng.below(256) as u8;
        }
        // A total length that is true of what is left.
        5 => {
            changed.truncate(40 + at(rng, bytes.len() - 40));
            let total = changed.len() as u64;
            changed[32..40].copy_from_slice(&total.to_le_bytes());
        }
        _ => {
            for _ in 0..=rng.below(4) {
                let field = at(rng, bytes.len());
                changed[field] = rng.below(256) as u8;
            }
        }
    }
    changed
}

/// A graph with one to three things changed: attributes, operators, operands, types, constants, outputs. Most
/// of these are refused; those that are not, are other models.
pub fn graph(mut graph: Parsed, rng: &mut Rng) -> Parsed {
    for _ in 0..rng.within(1, 3) {
        let count = graph.nodes.len() as u64;
        if count == 0 {
            break;
        }
        let value = any_value(&graph, rng);
        let node = rng.below(count) as usize;
        match rng.below(10) {
            0..3 => {
                let op = &mut graph.nodes[node].op;
                *op = attributes(op, rng);
            }
            3 => graph.nodes[node].op = any_operator(rng),
            4 | 5 => {
                let operands = &mut graph.nodes[node].operands;
                let at = rng.below(operands.len().max(1) as u64) as usize;
                operands
                    .get_mut(at)
                    .into_iter()
                    .for_each(|operand| *operand = value);
            }
            6 => change_operands(&mut graph.nodes[node], value, rng),
            7 => change_constant(&mut graph, rng),
            8 => {
                let port = rng.below(graph.inputs.len() as u64) as usize;
                let ty = &mut graph.inputs[port].ty;
                *ty = change_type(ty, rng);
            }
            _ => graph.output(format!("more{}", graph.outputs.len()), value),
        }
    }
    graph
}

fn any_value(graph: &Parsed, rng: &mut Rng) -> Value {
    let (inputs, constants) = (graph.inputs.len() as u64, graph.constants.len() as u64);
    // One beyond the end of each, now and then.
    let beyond = u64::from(rng.one_in(20));
    match rng.below(3) {
        0 => Value::Input(rng.below(inputs + beyond) as u32),
        1 if constants > 0 => Value::Constant(rng.below(constants + beyond) as u32),
        _ => Value::Node(rng.below(graph.nodes.len() as u64 + beyond) as u32),
    }
}

fn byte(rng: &mut Rng) -> u8 {
    match rng.below(4) {
        0 => rng.pick(&[0, 1, 7, 8, 31, 47, 48, 61, 62, 63, 64, 127, 128, 255]),
        1 => rng.below(256) as u8,
        _ => rng.below(5) as u8,
    }
}

fn word(rng: &mut Rng) -> u32 {
    match rng.below(4) {
        0 => rng.pick(&[0, 1023, 1024, 1025, 1 << 26, u32::MAX]),
        _ => rng.within(1, 4) as u32,
    }
}

fn long(rng: &mut Rng) -> u64 {
    match rng.below(3) {
        0 => rng.pick(&[0, 1, (1 << 62) - 1, 1 << 62, u64::MAX]),
        _ => 1 << rng.below(63),
    }
}

fn any_window(rng: &mut Rng) -> Window {
    let mut pad = || if rng.one_in(2) { word(rng) } else { 0 };
    let padding = Padding {
        top: pad(),
        left: pad(),
        bottom: pad(),
        right: pad(),
    };
    Window {
        stride: [word(rng), word(rng)],
        dilation: [word(rng), word(rng)],
        padding,
    }
}

fn any_shape(elements: u64, rng: &mut Rng) -> Shape {
    let mut dims = Vec::new();
    let mut left = elements.max(1) as u32;
    while left > 1 && dims.len() < 7 {
        let divisors: Vec<u32> = (1..=left.min(64)).filter(|d| left.is_multiple_of(*d)).collect();
        let own = rng.pick(&divisors);
        dims.push(own);
        left /= own;
    }
    dims.push(left);
    Shape::new(&dims).unwrap_or(Shape::scalar())
}

/// The same operator with other attributes.
fn attributes(op: &Op, rng: &mut Rng) -> Op {
    let axis = byte(rng);
    match op.clone() {
        Op::Conv2d { window, groups } => match rng.below(2) {
            0 => Op::Conv2d {
                window: any_window(rng),
                groups,
            },
            _ => Op::Conv2d {
                window,
                groups: word(rng),
            },
        },
        Op::MaxPool2d { kernel, .. } => Op::MaxPool2d {
            kernel: if rng.one_in(2) {
                kernel
            } else {
                [word(rng), word(rng)]
            },
            window: any_window(rng),
        },
        Op::Requantise { .. } => Op::Requantise {
            to: rng.pick(&DType::ALL),
            axis,
        },
        Op::Reshape { shape } => Op::Reshape {
            shape: any_shape(shape.elements() as u64, rng),
        },
        Op::ArgMax { .. } => Op::ArgMax { axis },
        Op::Mul { .. } => Op::Mul {
            shift: byte(rng),
            to: rng.pick(&DType::ALL),
        },
        Op::ReduceSum { .. } => Op::ReduceSum { axis },
        Op::ReduceMax { .. } => Op::ReduceMax { axis },
        Op::Reciprocal { .. } => Op::Reciprocal { numerator: long(rng) },
        Op::InvNorm { .. } => Op::InvNorm {
            shift: byte(rng),
            epsilon: long(rng),
        },
        Op::Gather { .. } => Op::Gather { axis },
        Op::Transpose { mut perm } => {
            match rng.below(3) {
                0 => perm.push(axis),
                1 => perm.reverse(),
                _ => {
                    let turn = usize::from(perm.len() > 1);
                    perm.rotate_left(turn);
                }
            }
            Op::Transpose { perm }
        }
        Op::Concat { .. } => Op::Concat { axis },
        other => other,
    }
}

fn any_operator(rng: &mut Rng) -> Op {
    let op = match rng.below(20) {
        0 => Op::MatMul,
        1 => Op::Conv2d {
            window: Window::default(),
            groups: 1,
        },
        2 => Op::Add,
        3 => Op::Requantise {
            to: DType::I8,
            axis: 0,
        },
        4 => Op::Clamp,
        5 => Op::Table,
        6 => Op::MaxPool2d {
            kernel: [1, 1],
            window: Window::default(),
        },
        7 => Op::Reshape {
            shape: Shape::scalar(),
        },
        8 => Op::ArgMax { axis: 0 },
        9 => Op::Sub,
        10 => Op::Mul {
            shift: 8,
            to: DType::I16,
        },
        11 => Op::Interpolate,
        12 => Op::ReduceSum { axis: 0 },
        13 => Op::ReduceMax { axis: 0 },
        14 => Op::Reciprocal { numerator: 1 << 30 },
        15 => Op::InvNorm {
            shift: 40,
            epsilon: 1,
        },
        16 => Op::Gather { axis: 0 },
        17 => Op::Transpose { perm: vec![1, 0] },
        18 => Op::Concat { axis: 0 },
        _ => Op::WideMatMul,
    };
    attributes(&op, rng)
}

fn change_operands(node: &mut Node, value: Value, rng: &mut Rng) {
    match rng.below(4) {
        0 => {
            node.operands.pop();
        }
        1 => node.operands.reverse(),
        2 => node.operands.push(value),
        _ => node.operands = vec![value; rng.pick(&[0, 1, 2, 4, 5, 64, 65, 255])],
    }
}

fn change_type(ty: &TensorType, rng: &mut Rng) -> TensorType {
    let mut dims = ty.shape.dims().to_vec();
    match rng.below(4) {
        0 => {
            dims.pop();
        }
        1 => dims.insert(0, 1),
        2 if !dims.is_empty() => {
            let at = rng.below(dims.len() as u64) as usize;
            dims[at] = rng.within(1, 20) as u32;
        }
        _ => {}
    }
    let dtype = if rng.one_in(2) {
        ty.dtype
    } else {
        rng.pick(&DType::ALL)
    };
    TensorType::new(dtype, &dims).unwrap_or_else(|| ty.clone())
}

fn change_constant(graph: &mut Parsed, rng: &mut Rng) {
    let count = graph.constants.len() as u64;
    if count == 0 {
        return;
    }
    let constant = &mut graph.constants[rng.below(count) as usize];
    let ty = if rng.one_in(2) {
        constant.ty.clone()
    } else {
        change_type(&constant.ty, rng)
    };
    let style = rng.below(4);
    let tensor: Tensor = crate::graphs::tensor_of(rng, &ty, style);
    constant.bytes.clear();
    tensor.write_bytes(&mut constant.bytes);
    // A length that is not the type's, now and then.
    if rng.one_in(20) {
        constant.bytes.pop();
    }
    constant.ty = ty;
}
