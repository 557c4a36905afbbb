//! Every operator that circuits have, in random forms, over random and extreme inputs: the prover compares
//! each element with the reference kernel, and the proof has to be accepted. And those that they do not have:
//! refused by name.

mod common;

use common::Model;
use metisvm_model::{Bundle, DType, Op, Padding, Shape, Value, Window};
use metisvm_prover::{Circuit, CompileError, Inference};

/// Proves the model on inputs of random bytes, of the least and of the greatest elements, and of equal ones.
fn proves(bundle: &Bundle, seed: u64) {
    let circuit = Circuit::compile(bundle, 1 << 30).expect("circuits have its operators");
    let bytes = bundle.graph.input_bytes();
    let extreme = |of: fn(DType) -> i32| -> Vec<u8> {
        let ports = bundle.graph.inputs().iter();
        ports
            .flat_map(|port| {
                let element = of(port.ty.dtype).to_le_bytes();
                element[..port.ty.dtype.size()].repeat(port.ty.elements())
            })
            .collect()
    };
    let inputs = [
        common::Sequence(seed).bytes(bytes),
        extreme(DType::min),
        extreme(DType::max),
        vec![1; bytes],
    ];
    for input in inputs {
        let proof = circuit
            .prove(&Inference {
                input: &input,
                salt: &[1; 32],
                chain_id: 5,
                job_id: [6; 32],
            })
            .expect("every input can be proven");
        assert_eq!(
            circuit.verifier().verify(&proof.statement, &proof.bytes),
            Ok(()),
            "seed {seed}"
        );
    }
}

fn pick<T: Copy>(model: &mut Model, of: &[T]) -> T {
    of[model.numbers.within(0, of.len() as i64 - 1) as usize]
}

/// A type of one byte, with a random zero point.
fn byte_type(model: &mut Model) -> (DType, i64, i64) {
    let dtype = pick(model, &[DType::U8, DType::I8]);
    (dtype, dtype.min().into(), dtype.max().into())
}

fn bundle(model: Model, outputs: &[Value]) -> Bundle {
    let mut parsed = model.parsed;
    for (i, &value) in outputs.iter().enumerate() {
        parsed.output(format!("y{i}"), value);
    }
    Bundle::encode(parsed.check().expect("the graph is well formed"))
        .expect("it is small")
        .0
}

/// Operands of a product after x: weights, zero points, biases.
fn product_operands(model: &mut Model, x: DType, weights: &[u32], columns: u32) -> [Value; 4] {
    let (dtype, low, high) = byte_type(model);
    let w = model.random(dtype, weights, low, high);
    let x_zero = model.random(x, &[], x.min().into(), x.max().into());
    let columns = [columns];
    let per_column = pick(model, &[&[][..], &columns[..]]);
    let w_zero = model.random(dtype, per_column, low, high);
    let bias = model.random(DType::I32, &columns, -100_000, 100_000);
    [w, x_zero, w_zero, bias]
}

#[test]
fn products() {
    for seed in 0..3 {
        let mut model = Model::new(seed);
        let (dtype, ..) = byte_type(&mut model);
        let (m, k, n) = (
            model.numbers.within(1, 3) as u32,
            model.numbers.within(1, 150) as u32,
            model.numbers.within(1, 20) as u32,
        );
        let x = model.input(dtype, &[2, m, k]);
        let shape = [2, k, n];
        let weights = pick(&mut model, &[&shape[1..], &shape[..]]);
        let [w, x_zero, w_zero, bias] = product_operands(&mut model, dtype, weights, n);
        let narrow = model.node(Op::MatMul, &[x, w, x_zero, w_zero, bias]);

        let wide = model.input(DType::I16, &[m, 3]);
        let [w, x_zero, w_zero, _] = product_operands(&mut model, DType::I16, &[3, n], n);
        let wide = model.node(Op::WideMatMul, &[wide, w, x_zero, w_zero]);

        let (dtype, ..) = byte_type(&mut model);
        let image = model.input(dtype, &[1, 4, 6, 5]);
        let groups = pick(&mut model, &[1, 2, 4]);
        let step = |model: &mut Model| [0, 1].map(|_| model.numbers.within(1, 2) as u32);
        let window = Window {
            stride: step(&mut model),
            dilation: step(&mut model),
            padding: Padding {
                top: model.numbers.within(0, 4) as u32,
                left: model.numbers.within(0, 2) as u32,
                bottom: model.numbers.within(0, 2) as u32,
                right: model.numbers.within(0, 4) as u32,
            },
        };
        let [w, x_zero, w_zero, bias] = product_operands(&mut model, dtype, &[4, 4 / groups, 3, 2], 4);
        let image = model.node(Op::Conv2d { window, groups }, &[image, w, x_zero, w_zero, bias]);
        proves(&bundle(model, &[narrow, wide, image]), seed);
    }
}

#[test]
fn requantisations() {
    let types = [DType::U8, DType::I8, DType::I16, DType::I32];
    for seed in 0..3 {
        let mut model = Model::new(100 + seed);
        let mut outputs = Vec::new();
        for from in types {
            let x = model.input(from, &[2, 3]);
            for to in types {
                let (axis, dims) = pick(&mut model, &[(0, &[][..]), (0, &[2][..]), (1, &[3][..])]);
                // Shifts near each other, so that they become equal, and far apart, so that they cannot.
                let (least, most) = pick(&mut model, &[(1, 47), (10, 12), (1, 1), (47, 47)]);
                let m = model.random(DType::I16, dims, 1, 32_767);
                let s = model.random(DType::U8, dims, least, most);
                let z = model.random(to, dims, to.min().into(), to.max().into());
                outputs.push(model.node(Op::Requantise { to, axis }, &[x, m, s, z]));
            }
            let ends = [0, 1].map(|_| model.numbers.within(from.min().into(), from.max().into()) as i32);
            let low = model.scalar(from, ends[0].min(ends[1]));
            let high = model.scalar(from, ends[0].max(ends[1]));
            outputs.push(model.node(Op::Clamp, &[x, low, high]));
        }
        proves(&bundle(model, &outputs), seed);
    }
}

#[test]
fn pointwise_and_reductions() {
    for seed in 0..3 {
        let mut model = Model::new(200 + seed);
        let a = model.input(DType::I16, &[2, 3, 4]);
        let b = model.input(DType::U8, &[3, 1]);
        let c = model.random(DType::I32, &[4], -1000, 1000);
        let mut outputs = vec![
            model.node(Op::Add, &[a, b]),
            model.node(Op::Sub, &[b, a]),
            model.node(Op::Sub, &[a, c]),
            model.node(Op::Add, &[c, b]),
        ];
        for to in [DType::U8, DType::I8, DType::I16, DType::I32] {
            let shift = pick(&mut model, &[0, 1, 2, 7, 12, 30]);
            let (x, y) = pick(&mut model, &[(a, b), (b, a), (a, c), (a, a)]);
            outputs.push(model.node(Op::Mul { shift, to }, &[x, y]));
        }
        let axis = model.numbers.within(0, 2) as u8;
        outputs.push(model.node(Op::ReduceSum { axis }, &[a]));
        outputs.push(model.node(Op::ReduceMax { axis }, &[a]));
        outputs.push(model.node(Op::ArgMax { axis }, &[a]));
        // Few different elements, so that the greatest is there more than once.
        let [least, most] = [-1, 1].map(|v| model.scalar(DType::I16, v));
        let few = model.node(Op::Clamp, &[a, least, most]);
        outputs.push(model.node(Op::ArgMax { axis }, &[few]));
        let wide = model.input(DType::I32, &[5]);
        outputs.push(model.node(Op::ArgMax { axis: 0 }, &[wide]));
        proves(&bundle(model, &outputs), seed);
    }
}

#[test]
fn pools_moves_and_tables() {
    for seed in 0..3 {
        let mut model = Model::new(300 + seed);
        let (dtype, ..) = byte_type(&mut model);
        let x = model.input(dtype, &[1, 2, 5, 6]);
        let kernel = [0, 1].map(|_| model.numbers.within(1, 3) as u32);
        let window = Window {
            stride: [2, 1],
            dilation: [1, 2],
            padding: Padding {
                bottom: kernel[0] - 1,
                ..Padding::default()
            },
        };
        let shape = Shape::new(&[4, 15]).expect("the shape is possible");
        let perm = vec![2, 0, 3, 1];
        let index = model.random(DType::I32, &[2, 2], 0, 5);
        let to = pick(&mut model, &[DType::U8, DType::I8, DType::I16, DType::I32]);
        let table = model.random(to, &[256], to.min().into(), to.max().into());
        let outputs = [
            model.node(Op::Table, &[x, table]),
            model.node(Op::MaxPool2d { kernel, window }, &[x]),
            model.node(Op::Reshape { shape }, &[x]),
            model.node(Op::Transpose { perm }, &[x]),
            model.node(Op::Concat { axis: 2 }, &[x, x, x]),
            model.node(Op::Gather { axis: 3 }, &[x, index]),
            index,
            x,
        ];
        proves(&bundle(model, &outputs), seed);
    }
}

#[test]
fn interpolations() {
    for seed in 0..3 {
        let mut model = Model::new(400 + seed);
        let x = model.input(DType::I16, &[2, 11]);
        // All indices, and few of them.
        let [least, most] = [-300, 256].map(|v| model.scalar(DType::I16, v));
        let few = model.node(Op::Clamp, &[x, least, most]);
        let mut outputs = Vec::new();
        for to in [DType::U8, DType::I8, DType::I16] {
            let nodes = model.random(to, &[257], to.min().into(), to.max().into());
            outputs.push(model.node(Op::Interpolate, &[x, nodes]));
            outputs.push(model.node(Op::Interpolate, &[few, nodes]));
        }
        proves(&bundle(model, &outputs), seed);
    }
}

/// What is computed of constants alone is constant, and there may be many of them.
#[test]
fn constants_of_constants() {
    let mut model = Model::new(0);
    let x = model.input(DType::U8, &[1]);
    let [a, b] = [0, 1].map(|_| model.random(DType::I16, &[300], -30_000, 30_000));
    let sum = model.node(Op::Add, &[a, b]);
    let to = DType::I32;
    let outputs = [
        sum,
        model.node(Op::Mul { shift: 3, to }, &[a, b]),
        model.node(Op::ReduceSum { axis: 0 }, &[sum]),
        model.node(Op::Add, &[a, x]),
    ];
    proves(&bundle(model, &outputs), 0);
}

/// That a graph of one node is refused, with the node, its operator and these words.
fn refused(model: Model, output: Value, name: &str, words: &str) {
    match Circuit::compile(&model.finish(output), 1 << 30).err() {
        Some(CompileError::Unsupported { operator, why, .. }) => {
            assert_eq!(operator, name);
            assert!(why.contains(words), "{name}: {why}");
        }
        other => panic!("{name}: {other:?}"),
    }
}

#[test]
fn what_circuits_lack_is_refused_by_name() {
    let lack = "circuits do not have this operator";
    let mut model = Model::new(0);
    let x = model.input(DType::I16, &[4]);
    let y = model.node(Op::Reciprocal { numerator: 1 << 40 }, &[x]);
    refused(model, y, "Reciprocal", lack);

    let mut model = Model::new(0);
    let x = model.input(DType::I8, &[4]);
    let inv_norm = Op::InvNorm {
        shift: 30,
        epsilon: 1,
    };
    let y = model.node(inv_norm, &[x]);
    refused(model, y, "InvNorm", lack);
}

#[test]
fn computed_parameters_are_refused_by_name() {
    let mut model = Model::new(0);
    let x = model.input(DType::U8, &[2, 4]);
    let w = model.input(DType::I8, &[4, 3]);
    let zeros = [model.scalar(DType::U8, 0), model.scalar(DType::I8, 0)];
    let y = model.node(Op::MatMul, &[x, w, zeros[0], zeros[1]]);
    refused(model, y, "MatMul", "weights");

    let mut model = Model::new(0);
    let x = model.input(DType::U8, &[4]);
    let table = model.input(DType::I16, &[256]);
    let y = model.node(Op::Table, &[x, table]);
    refused(model, y, "Table", "entries");

    let mut model = Model::new(0);
    let x = model.input(DType::I16, &[4]);
    let [m, s, z] = [(DType::I16, 5), (DType::U8, 3), (DType::U8, 0)].map(|(t, v)| model.scalar(t, v));
    let zero = model.input(DType::U8, &[]);
    let requantise = Op::Requantise {
        to: DType::U8,
        axis: 0,
    };
    let known = model.node(requantise.clone(), &[x, m, s, z]);
    let y = model.node(requantise, &[known, m, s, zero]);
    refused(model, y, "Requantise", "zero points");
}
