//! Operators that no fixture has, on files built here, against the formula of the ONNX text.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its data has failed")]

mod common;

use common::{grid, reference, run};
use metisvm_import::{
    ActivationType, Calibration, Grid, ImportError, Imported, Options, Range, import_onnx, npy,
};
use onnx_rs::ast::{
    Attribute, AttributeType, DataType, Dimension, Graph, Model, Node, OpType, OperatorSetId, TensorProto,
    TensorShape, TensorShapeDimension, TensorTypeProto, TypeProto, TypeValue, ValueInfo,
};

fn info<'a>(name: &'a str, dims: &[i64]) -> ValueInfo<'a> {
    let dim = |&v: &i64| TensorShapeDimension {
        value: Dimension::Value(v),
        ..TensorShapeDimension::default()
    };
    ValueInfo {
        name,
        r#type: Some(TypeProto {
            value: Some(TypeValue::Tensor(TensorTypeProto {
                elem_type: DataType::Float,
                shape: (!dims.is_empty()).then(|| TensorShape {
                    dim: dims.iter().map(dim).collect(),
                }),
            })),
            ..TypeProto::default()
        }),
        ..ValueInfo::default()
    }
}

fn node<'a>(op: &'a str, inputs: &[&'a str], output: &'a str, attributes: Vec<Attribute<'a>>) -> Node<'a> {
    Node {
        name: output,
        op_type: OpType::from(op),
        input: inputs.to_vec(),
        output: vec![output],
        attribute: attributes,
        ..Node::default()
    }
}

fn int(name: &str, i: i64) -> Attribute<'_> {
    Attribute {
        name,
        r#type: AttributeType::Int,
        i,
        ..Attribute::default()
    }
}

fn float(name: &str, f: f32) -> Attribute<'_> {
    Attribute {
        name,
        r#type: AttributeType::Float,
        f,
        ..Attribute::default()
    }
}

fn ints<'a>(name: &'a str, ints: &[i64]) -> Attribute<'a> {
    Attribute {
        name,
        r#type: AttributeType::Ints,
        ints: ints.to_vec(),
        ..Attribute::default()
    }
}

fn floats<'a>(name: &'a str, dims: &[i64], data: &[f32]) -> TensorProto<'a> {
    TensorProto::from_f32(name, dims.to_vec(), data.to_vec())
}

fn list<'a>(name: &'a str, data: &[i64]) -> TensorProto<'a> {
    TensorProto::from_i64(name, vec![data.len() as i64], data.to_vec())
}

/// A file with input x of these extents and output y.
fn file(opset: i64, dims: &[i64], nodes: Vec<Node<'_>>, initializer: Vec<TensorProto<'_>>) -> Vec<u8> {
    onnx_rs::encode(&Model {
        ir_version: 8,
        opset_import: vec![OperatorSetId {
            domain: "",
            version: opset,
        }],
        graph: Some(Graph {
            name: "g",
            node: nodes,
            initializer,
            input: vec![info("x", dims)],
            output: vec![info("y", &[])],
            ..Graph::default()
        }),
        ..Model::default()
    })
}

const SAMPLES: usize = 8;

/// Samples from −4 to 4, the ends among them.
fn samples(elements: usize) -> Vec<f32> {
    (0..SAMPLES * elements)
        .map(|i| ((i * 37) % 129) as f32 / 16.0 - 4.0)
        .collect()
}

fn import(bytes: &[u8], dims: &[i64]) -> Result<Imported, ImportError> {
    let elements = dims.iter().product::<i64>() as usize;
    let mut shape = vec![SAMPLES];
    shape.extend(dims.iter().map(|&d| d as usize));
    let array = npy::Array::new(shape, samples(elements)).unwrap();
    import_onnx(
        bytes,
        &Options {
            calibration: Some(Calibration::single(array)),
            ..Options::default()
        },
    )
}

/// Imports, runs the samples, and compares with `expected`, in steps of the byte grid that covers it.
fn check(what: &str, bytes: &[u8], dims: &[i64], steps: f64, expected: impl Fn(&[f64]) -> Vec<f64>) {
    let imported = import(bytes, dims).unwrap_or_else(|e| panic!("{what}: {e}"));
    let elements = dims.iter().product::<i64>() as usize;
    let dtype = imported.graph.ty(imported.graph.outputs()[0].value).dtype;
    let (scale, zero, _) = grid(&imported, "output", "y", dtype).unwrap();
    let reference = reference(&imported);
    let mut pairs = Vec::new();
    for sample in samples(elements).chunks_exact(elements) {
        let reals: Vec<f64> = sample.iter().map(|&v| v.into()).collect();
        let got = &run(&imported, &reference, &[&reals])[0];
        let want = expected(&reals);
        assert_eq!(got.len(), want.len(), "{what}");
        pairs.extend(got.iter().map(|&got| (f64::from(got) - zero) * scale).zip(want));
    }
    let step = common::byte_step(pairs.iter().map(|(_, want)| *want));
    let worst = pairs
        .iter()
        .fold(0f64, |worst, (got, want)| worst.max((got - want).abs() / step));
    println!("{what}: {worst:.2} steps");
    assert!(worst <= steps, "{what}: {worst} of {steps} steps");
}

#[test]
fn functions_of_one_number() {
    let sigmoid = |v: f64| 1.0 / (1.0 + (-v).exp());
    let gelu = |v: f64| 0.5 * v * (1.0 + (0.797_884_560_8 * (v + 0.044_715 * v.powi(3))).tanh());
    type Case = (
        &'static str,
        Vec<Attribute<'static>>,
        f64,
        Box<dyn Fn(f64) -> f64>,
    );
    // The input's own rounding is half a step of 8/255; the last number is what the slope makes of it.
    let cases: Vec<Case> = vec![
        ("Sigmoid", vec![], 1.5, Box::new(sigmoid)),
        ("Tanh", vec![], 2.6, Box::new(f64::tanh)),
        (
            "LeakyRelu",
            vec![float("alpha", 0.1)],
            1.5,
            Box::new(|v| if v < 0.0 { 0.1 * v } else { v }),
        ),
        (
            "Elu",
            vec![float("alpha", 2.0)],
            1.5,
            Box::new(|v| if v < 0.0 { 2.0 * v.exp_m1() } else { v }),
        ),
        (
            "Selu",
            vec![],
            1.6,
            Box::new(|v| 1.050_701 * if v < 0.0 { 1.673_263_2 * v.exp_m1() } else { v }),
        ),
        (
            "HardSigmoid",
            vec![],
            1.5,
            Box::new(|v| (0.2 * v + 0.5).clamp(0.0, 1.0)),
        ),
        (
            "HardSwish",
            vec![],
            1.8,
            Box::new(|v| v * (v / 6.0 + 0.5).clamp(0.0, 1.0)),
        ),
        ("Softplus", vec![], 1.6, Box::new(|v| (1.0 + v.exp()).ln())),
        ("Softsign", vec![], 3.1, Box::new(|v| v / (1.0 + v.abs()))),
        ("Gelu", vec![], 1.6, Box::new(gelu)),
        ("Exp", vec![], 4.6, Box::new(f64::exp)),
        ("Abs", vec![], 1.6, Box::new(f64::abs)),
        ("Neg", vec![], 1.1, Box::new(|v| -v)),
    ];
    for (op, attributes, steps, f) in cases {
        let bytes = file(20, &[1, 129], vec![node(op, &["x"], "y", attributes)], vec![]);
        check(op, &bytes, &[1, 129], steps, |x| {
            x.iter().map(|&v| f(v)).collect()
        });
    }
}

#[test]
fn a_constant_number_multiplies_subtracts_and_divides() {
    for (op, inputs, slope, offset) in [
        ("Mul", ["x", "c"], 2.5, 0.0),
        ("Mul", ["c", "x"], 2.5, 0.0),
        ("Sub", ["x", "c"], 1.0, -2.5),
        ("Sub", ["c", "x"], -1.0, 2.5),
        ("Div", ["x", "c"], 0.4, 0.0),
        ("Add", ["x", "c"], 1.0, 2.5),
    ] {
        let bytes = file(
            17,
            &[1, 16],
            vec![node(op, &inputs, "y", vec![])],
            vec![floats("c", &[], &[2.5])],
        );
        check(op, &bytes, &[1, 16], 1.6, |x| {
            x.iter().map(|v| v * slope + offset).collect()
        });
    }
}

#[test]
fn a_chain_of_functions_is_one_table() {
    let nodes = vec![
        node("Mul", &["x", "c"], "a", vec![]),
        node("Tanh", &["a"], "b", vec![]),
        node("Relu", &["b"], "y", vec![]),
    ];
    let bytes = file(17, &[1, 16], nodes, vec![floats("c", &[1], &[0.5])]);
    let imported = import(&bytes, &[1, 16]).unwrap();
    assert_eq!(imported.graph.nodes().len(), 1);
    check("chain", &bytes, &[1, 16], 2.6, |x| {
        x.iter().map(|v| (0.5 * v).tanh().max(0.0)).collect()
    });
}

#[test]
fn averages_are_convolutions() {
    let dims = [1, 2, 4, 4];
    let bytes = file(
        17,
        &dims,
        vec![node("GlobalAveragePool", &["x"], "y", vec![])],
        vec![],
    );
    check("global", &bytes, &dims, 1.5, |x| {
        x.chunks_exact(16).map(|p| p.iter().sum::<f64>() / 16.0).collect()
    });
    let attributes = vec![ints("kernel_shape", &[2, 2]), ints("strides", &[2, 2])];
    let bytes = file(
        17,
        &dims,
        vec![node("AveragePool", &["x"], "y", attributes)],
        vec![],
    );
    check("2 x 2", &bytes, &dims, 1.5, |x| {
        let mut y = Vec::new();
        for (c, i, j) in (0..8).map(|n| (n / 4, n / 2 % 2, n % 2)) {
            let at = |u: usize, v: usize| x[c * 16 + (2 * i + u) * 4 + 2 * j + v];
            y.push((at(0, 0) + at(0, 1) + at(1, 0) + at(1, 1)) / 4.0);
        }
        y
    });
}

#[test]
fn batch_normalisation_is_a_factor_and_an_offset() {
    let dims = [1, 2, 2, 2];
    let inputs = ["x", "s", "b", "m", "v"];
    let bytes = file(
        17,
        &dims,
        vec![node(
            "BatchNormalization",
            &inputs,
            "y",
            vec![float("epsilon", 0.0)],
        )],
        vec![
            floats("s", &[2], &[2.0, 0.5]),
            floats("b", &[2], &[1.0, -1.0]),
            floats("m", &[2], &[0.5, 0.25]),
            floats("v", &[2], &[4.0, 0.25]),
        ],
    );
    check("batch normalisation", &bytes, &dims, 1.6, |x| {
        let of = |(i, v): (usize, &f64)| if i < 4 { v - 0.5 + 1.0 } else { v - 0.25 - 1.0 };
        x.iter().enumerate().map(of).collect()
    });
}

#[test]
fn shapes_written_as_graphs_fold_away() {
    // y = reshape(x, concat(shape(x)[0:1], [-1])), with all that exporters put in between.
    let nodes = vec![
        node("Dropout", &["x"], "d", vec![]),
        node("Shape", &["d"], "s", vec![]),
        node("Gather", &["s", "zero"], "n", vec![int("axis", 0)]),
        node("Unsqueeze", &["n", "axes"], "n1", vec![]),
        node("Cast", &["n1"], "n2", vec![int("to", 7)]),
        node("Concat", &["n2", "rest"], "to", vec![int("axis", 0)]),
        node("Reshape", &["d", "to"], "flat", vec![]),
        node("Transpose", &["flat"], "t", vec![ints("perm", &[1, 0])]),
        node("Unsqueeze", &["t", "axes"], "u", vec![]),
        node("Squeeze", &["u"], "q", vec![]),
        node("Identity", &["q"], "y", vec![]),
    ];
    let zero = TensorProto::from_i64("zero", vec![], vec![0]);
    let bytes = file(
        17,
        &[1, 3, 4],
        nodes,
        vec![zero, list("axes", &[0]), list("rest", &[-1])],
    );
    let imported = import(&bytes, &[1, 3, 4]).unwrap();
    let output = imported.graph.outputs()[0].value;
    assert_eq!(imported.graph.ty(output).shape.dims(), [12]);
    check("shapes", &bytes, &[1, 3, 4], 0.51, <[f64]>::to_vec);
}

#[test]
fn the_clip_of_old_files_has_attributes() {
    let attributes = vec![float("min", -1.0), float("max", 2.0)];
    let bytes = file(10, &[1, 16], vec![node("Clip", &["x"], "y", attributes)], vec![]);
    check("Clip", &bytes, &[1, 16], 1.9, |x| {
        x.iter().map(|v| v.clamp(-1.0, 2.0)).collect()
    });
}

#[test]
fn two_computed_operands_multiply() {
    let nodes = vec![
        node("Reshape", &["x", "row"], "r", vec![]),
        node("Reshape", &["x", "column"], "c", vec![]),
        node("MatMul", &["r", "c"], "y", vec![]),
    ];
    let bytes = file(
        17,
        &[1, 8],
        nodes,
        vec![list("row", &[1, 8]), list("column", &[8, 1])],
    );
    check("x times x", &bytes, &[1, 8], 1.5, |x| {
        vec![x.iter().map(|v| v * v).sum()]
    });
    let bytes = file(
        17,
        &[4, 2],
        vec![node("MatMul", &["w", "x"], "y", vec![])],
        vec![floats("w", &[1, 4], &[1.0, -0.5, 0.25, 2.0])],
    );
    check("w times x", &bytes, &[4, 2], 1.5, |x| {
        (0..2)
            .map(|n| x[n] - 0.5 * x[2 + n] + 0.25 * x[4 + n] + 2.0 * x[6 + n])
            .collect()
    });
}

#[test]
fn a_bias_far_larger_than_the_weights_still_fits() {
    let bytes = file(
        17,
        &[1, 2],
        vec![node("Gemm", &["x", "w", "b"], "y", vec![])],
        vec![
            floats("w", &[2, 2], &[1e-9, 1.0, 1e-9, 1.0]),
            floats("b", &[2], &[100.0, 0.0]),
        ],
    );
    check("bias", &bytes, &[1, 2], 1.0, |x| vec![100.0, x[0] + x[1]]);
}

#[test]
fn what_cannot_be_is_said_with_the_place() {
    let refusal = |nodes: Vec<Node<'static>>, initializer: Vec<TensorProto<'static>>| {
        let bytes = file(17, &[1, 2, 2], nodes, initializer);
        import(&bytes, &[1, 2, 2]).unwrap_err().to_string()
    };
    let places = refusal(vec![node("NonZero", &["x"], "y", vec![])], vec![]);
    assert!(
        places.contains("\"y\" (NonZero)") && places.contains("depends on what goes in"),
        "{places}"
    );
    let power = refusal(
        vec![node("Pow", &["c", "x"], "y", vec![])],
        vec![floats("c", &[2], &[1.0, 2.0])],
    );
    assert!(
        power.contains("\"y\" (Pow)") && power.contains("exponent"),
        "{power}"
    );
    let divided = refusal(
        vec![node("Div", &["x", "c"], "y", vec![])],
        vec![floats("c", &[], &[0.0])],
    );
    assert!(divided.contains("divides by zero"), "{divided}");
    let bytes = file(17, &[1, 2], vec![node("Det", &["x"], "y", vec![])], vec![]);
    let unknown = import(&bytes, &[1, 2]).unwrap_err().to_string();
    assert!(
        unknown.contains("(Det)") && unknown.contains("docs/import.md"),
        "{unknown}"
    );
}

#[test]
fn calibration_must_fit_the_model() {
    let bytes = file(17, &[1, 4], vec![node("Relu", &["x"], "y", vec![])], vec![]);
    let array = |shape: &[usize]| npy::Array::new(shape.to_vec(), vec![0.5; shape.iter().product()]).unwrap();
    let import = |calibration| {
        let options = Options {
            calibration,
            ..Options::default()
        };
        import_onnx(&bytes, &options).map_err(|e| e.to_string())
    };
    let missing = import(None).unwrap_err();
    assert!(missing.contains("needs calibration data"), "{missing}");
    let wrong = import(Some(Calibration::single(array(&[3, 5])))).unwrap_err();
    assert!(
        wrong.contains("[3, 5]") && wrong.contains("\"x\" of shape [1,4]"),
        "{wrong}"
    );
    let mut named = Calibration::default();
    named.inputs.insert("z".to_string(), array(&[3, 4]));
    let other = import(Some(named)).unwrap_err();
    assert!(other.contains("none for input \"x\""), "{other}");
    assert!(import(Some(Calibration::single(array(&[3, 4])))).is_ok());
    assert!(import(Some(Calibration::single(array(&[3, 1, 2, 2])))).is_ok());

    let options = Options {
        calibration: Some(Calibration::single(array(&[3, 64]))),
        ..Options::default()
    };
    let unused = import_onnx(&common::read("digits/mlp_qdq.onnx"), &options)
        .unwrap_err()
        .to_string();
    assert!(unused.contains("quantised already"), "{unused}");
    // So would what is chosen for samples.
    let grid = Grid {
        scale: 1.0,
        zero_point: 0,
        dtype: metisvm_model::DType::U8,
    };
    let choices: [fn(&mut Options, Grid); 4] = [
        |options, _| options.range = Range::MeanMinMax,
        |options, _| options.activation = ActivationType::I8,
        |options, _| options.target_error = Some(0.1),
        |options, grid| {
            options.input_grids.insert("x".into(), grid);
        },
    ];
    for choose in choices {
        let mut options = Options::default();
        choose(&mut options, grid);
        let text = import_onnx(&common::read("digits/mlp_qdq.onnx"), &options)
            .unwrap_err()
            .to_string();
        assert!(
            text.contains("leave it out") || text.contains("no such input"),
            "{text}"
        );
    }
}

#[test]
fn choices_that_change_nothing_are_said() {
    let warnings = |bytes: &[u8], dims: &[i64], choose: fn(&mut Options)| {
        let elements = dims.iter().product::<i64>() as usize;
        let shape: Vec<usize> = [SAMPLES as i64].iter().chain(dims).map(|&d| d as usize).collect();
        let mut options = Options {
            calibration: Some(Calibration::single(
                npy::Array::new(shape, samples(elements)).unwrap(),
            )),
            ..Options::default()
        };
        choose(&mut options);
        import_onnx(bytes, &options).map(|imported| imported.report.warnings.join("\n"))
    };
    let weights: Vec<f32> = (0..16).map(|i| i as f32 / 8.0 - 1.0).collect();
    let product = file(
        17,
        &[1, 4],
        vec![node("MatMul", &["x", "w"], "y", vec![])],
        vec![floats("w", &[4, 4], &weights)],
    );
    let softmax = file(17, &[1, 4], vec![node("Softmax", &["x"], "y", vec![])], vec![]);
    let conv = file(
        17,
        &[1, 1, 4, 4],
        vec![node("Conv", &["x", "w"], "y", vec![])],
        vec![floats("w", &[1, 1, 4, 4], &weights)],
    );
    let range: fn(&mut Options) = |options| options.range = Range::MeanMinMax;
    let bytes: fn(&mut Options) = |options| options.activation = ActivationType::I8;
    let nothing = |said: String| said.contains("changes nothing here");
    assert!(nothing(warnings(&product, &[1, 4], range).unwrap()));
    assert!(!nothing(warnings(&conv, &[1, 1, 4, 4], range).unwrap()));
    assert!(nothing(warnings(&softmax, &[1, 4], bytes).unwrap()));
    assert!(!nothing(warnings(&conv, &[1, 1, 4, 4], bytes).unwrap()));

    // A quantised file with a sum in floats, which needs samples: the grid of its input is its own.
    let nodes = vec![
        node("QuantizeLinear", &["x", "s", "z"], "q", vec![]),
        node("DequantizeLinear", &["q", "s", "z"], "d", vec![]),
        node("ReduceSum", &["d"], "h", vec![]),
        node("Tanh", &["h"], "y", vec![]),
    ];
    let zero = TensorProto::from_raw("z", vec![], DataType::Uint8, &[128]);
    let quantised = file(17, &[1, 4], nodes, vec![floats("s", &[], &[0.03125]), zero]);
    assert!(nothing(warnings(&quantised, &[1, 4], bytes).unwrap()));
    let refused = warnings(&quantised, &[1, 4], |options| {
        options.input_grids.insert(
            "x".into(),
            Grid {
                scale: 1.0,
                zero_point: 0,
                dtype: metisvm_model::DType::U8,
            },
        );
    });
    let refused = refused.unwrap_err().to_string();
    assert!(
        refused.contains("a grid is asked for input \"x\"") && refused.contains("leave it out"),
        "{refused}"
    );
}

#[test]
fn what_stands_in_the_way_is_listed_beside_an_open_dimension() {
    let nodes = vec![
        node("LpPool", &["x"], "a", vec![]),
        node("Det", &["a"], "b", vec![]),
        node("Relu", &["b"], "y", vec![]),
    ];
    let refused = import(&file(17, &[1, 0, 4], nodes, vec![]), &[1, 1, 4])
        .unwrap_err()
        .to_string();
    for word in [
        "dimensions of inputs are open",
        "--shape x=1,?,4",
        "LpPool",
        "Det",
    ] {
        assert!(refused.contains(word), "{word}: {refused}");
    }
}

#[test]
fn an_open_first_dimension_becomes_the_batch() {
    let bytes = file(17, &[0, 4], vec![node("Relu", &["x"], "y", vec![])], vec![]);
    let array = npy::Array::new(vec![6, 4], (0..24).map(|v| v as f32).collect()).unwrap();
    for (batch, samples) in [(1, 6), (3, 2)] {
        let options = Options {
            calibration: Some(Calibration::single(array.clone())),
            batch: Some(batch),
            ..Options::default()
        };
        let imported = import_onnx(&bytes, &options).unwrap();
        assert_eq!(imported.graph.inputs()[0].ty.shape.dims(), [batch, 4]);
        assert_eq!(imported.report.samples, samples);
    }
}

#[test]
fn a_norm_with_a_bias_goes_into_softmax() {
    // The norm's sums have steps so fine that two of them differ by more than 32 bits hold.
    let nodes = vec![
        node("LayerNormalization", &["x", "g", "b"], "h", vec![]),
        node("Softmax", &["h"], "y", vec![]),
    ];
    let gain: Vec<f32> = (0..32).map(|i| ((i * 13) % 32) as f32 / 16.0 - 1.0).collect();
    let bias: Vec<f32> = (0..32).map(|i| ((i * 7) % 32) as f32 / 8.0 - 2.0).collect();
    let bytes = file(
        17,
        &[4, 32],
        nodes,
        vec![floats("g", &[32], &gain), floats("b", &[32], &bias)],
    );
    check("LayerNormalization, Softmax", &bytes, &[4, 32], 2.0, |x| {
        x.chunks_exact(32)
            .flat_map(|row| {
                let mean = row.iter().sum::<f64>() / 32.0;
                let square = row.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / 32.0;
                let each = row.iter().zip(&gain).zip(&bias);
                let powers = each.map(|((v, &g), &b)| {
                    ((v - mean) / (square + 1e-5).sqrt() * f64::from(g) + f64::from(b)).exp()
                });
                let powers: Vec<f64> = powers.collect();
                let sum: f64 = powers.iter().sum();
                powers.into_iter().map(move |p| p / sum)
            })
            .collect()
    });
}

#[test]
fn very_many_summands_are_shorter() {
    let n = 70_000;
    let nodes = vec![
        node("Abs", &["x"], "h", vec![]),
        node("ReduceMean", &["h"], "y", vec![]),
    ];
    check(
        "ReduceMean",
        &file(17, &[1, n], nodes, vec![]),
        &[1, n],
        1.0,
        |x| vec![x.iter().map(|v| v.abs()).sum::<f64>() / n as f64],
    );
    let mut peak = vec![0f32; n as usize];
    peak[5..8].fill(22.0);
    let nodes = vec![
        node("Add", &["x", "c"], "h", vec![]),
        node("Softmax", &["h"], "y", vec![]),
    ];
    let softmax = file(17, &[1, n], nodes, vec![floats("c", &[n], &peak)]);
    check("Softmax", &softmax, &[1, n], 1.0, |x| {
        let powers: Vec<f64> = x
            .iter()
            .zip(&peak)
            .map(|(v, &c)| (v + f64::from(c)).exp())
            .collect();
        let sum: f64 = powers.iter().sum();
        powers.into_iter().map(|p| p / sum).collect()
    });
    let wide = 1 << 21;
    let bytes = file(
        17,
        &[1, wide],
        vec![node("ReduceMean", &["x"], "y", vec![])],
        vec![],
    );
    let refused = import(&bytes, &[1, wide]).unwrap_err().to_string();
    assert!(
        refused.contains("2097152 elements") && refused.contains("in parts"),
        "{refused}"
    );
}

#[test]
fn what_is_said_of_sizes_and_numbers_names_the_reason() {
    let relu = |dims: &[i64]| file(17, dims, vec![node("Relu", &["x"], "y", vec![])], vec![]);
    let deep = import(&relu(&[1; 9]), &[1; 9]).unwrap_err().to_string();
    assert!(
        deep.contains("it has 9 dimensions; at most 8 are taken"),
        "{deep}"
    );
    let empty = file(
        17,
        &[1, 4],
        vec![node("Add", &["x", "c"], "y", vec![])],
        vec![floats("c", &[0, 4], &[])],
    );
    let empty = import(&empty, &[1, 4]).unwrap_err().to_string();
    assert!(empty.contains("a dimension is 0"), "{empty}");
    let spoiled = file(
        17,
        &[1, 4],
        vec![node("MatMul", &["x", "w"], "y", vec![])],
        vec![floats("w", &[4, 1], &[1.0, f32::NAN, 0.0, 1.0])],
    );
    let spoiled = import(&spoiled, &[1, 4]).unwrap_err().to_string();
    assert!(spoiled.contains("constants have to be finite"), "{spoiled}");
    let infinite = file(17, &[1, 4], vec![node("Log", &["x"], "y", vec![])], vec![]);
    let infinite = import(&infinite, &[1, 4]).unwrap_err().to_string();
    assert!(
        infinite.contains("leave out samples") && !infinite.contains("\"\""),
        "{infinite}"
    );
}
