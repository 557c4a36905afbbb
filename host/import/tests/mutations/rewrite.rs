//! Files whose meaning is changed: operators, operands, attributes, constants and shapes. They stay sound protobuf.

use crate::random::Random;
use metisvm_import::SUPPORTED;
use onnx_rs::ast::{
    Attribute, AttributeType, DataType, Dimension, Graph, Model, OpType, OperatorSetId, TensorProto,
    TypeValue,
};

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
/// The same for real numbers.
const REALS: [f32; 7] = [f32::NAN, f32::INFINITY, 0.0, -1.0, 1e38, 1e-45, 0.5];
/// Attributes that are one number, of any operator.
const SINGLE: [&str; 28] = [
    "axis",
    "keepdims",
    "transA",
    "transB",
    "group",
    "ceil_mode",
    "to",
    "allowzero",
    "noop_with_empty_axes",
    "select_last_index",
    "batch_dims",
    "num_groups",
    "hidden_size",
    "linear_before_reset",
    "layout",
    "largest",
    "sorted",
    "exclusive",
    "reverse",
    "num_outputs",
    "start",
    "end",
    "blocksize",
    "count_include_pad",
    "bits",
    "block_size",
    "stash_type",
    "p",
];
/// Attributes that are several.
const SEVERAL: [&str; 12] = [
    "axes",
    "perm",
    "pads",
    "strides",
    "dilations",
    "kernel_shape",
    "output_padding",
    "output_shape",
    "nodes_treeids",
    "nodes_truenodeids",
    "nodes_falsenodeids",
    "class_ids",
];
/// Types of elements.
const TYPES: [DataType; 7] = [
    DataType::Undefined,
    DataType::Float,
    DataType::Uint8,
    DataType::Int8,
    DataType::Int32,
    DataType::Int64,
    DataType::Bool,
];

/// Changes what a file says, once to three times.
pub(crate) fn rewrite(random: &mut Random, model: &mut Model<'_>) {
    let Some(graph) = &mut model.graph else {
        return;
    };
    for _ in 0..=random.below(3) {
        if graph.node.is_empty() {
            return;
        }
        match random.below(13) {
            0 | 1 => {
                let (domain, operator) = random.pick(SUPPORTED);
                let node = random.below(graph.node.len());
                graph.node[node].op_type = OpType::from(operator);
                graph.node[node].domain = domain;
                if !model.opset_import.iter().any(|set| set.domain == domain) {
                    model.opset_import.push(OperatorSetId { domain, version: 1 });
                }
            }
            2..=4 => operands(random, graph),
            5..=8 => attributes(random, graph),
            9 | 10 => constants(random, graph),
            _ => extents(random, graph),
        }
    }
}

fn operands(random: &mut Random, graph: &mut Graph<'_>) {
    let results = graph
        .node
        .iter()
        .flat_map(|n| n.output.iter().chain(&n.input).copied());
    let constants = graph.initializer.iter().map(TensorProto::name);
    let names: Vec<&str> = results.chain(constants).chain([""]).collect();
    let at = random.below(graph.node.len());
    let node = &mut graph.node[at];
    match random.below(5) {
        0 | 1 if !node.input.is_empty() => {
            let at = random.below(node.input.len());
            node.input[at] = random.pick(&names);
        }
        0..=2 => node.input.push(random.pick(&names)),
        3 => drop(node.input.pop()),
        _ if !graph.output.is_empty() => {
            // What was on the way becomes a result.
            let at = random.below(graph.output.len());
            graph.output[at].name = random.pick(&names);
        }
        _ => {}
    }
}

fn attributes(random: &mut Random, graph: &mut Graph<'_>) {
    let at = random.below(graph.node.len());
    let attributes = &mut graph.node[at].attribute;
    let (number, small) = (random.pick(&NUMBERS), NUMBERS[3 + random.below(6)]);
    match random.below(6) {
        0..=2 if !attributes.is_empty() => {
            let at = random.below(attributes.len());
            let attribute = &mut attributes[at];
            attribute.i = if random.below(2) == 0 { number } else { small };
            attribute.f = random.pick(&REALS);
            if !attribute.ints.is_empty() {
                let at = random.below(attribute.ints.len());
                attribute.ints[at] = attribute.i;
                if random.below(4) == 0 {
                    attribute.ints.pop();
                }
            }
            if !attribute.floats.is_empty() {
                let at = random.below(attribute.floats.len());
                attribute.floats[at] = attribute.f;
            }
            if !attribute.strings.is_empty() {
                let at = random.below(attribute.strings.len());
                attribute.strings[at] = random.pick(&[&b""[..], b"BRANCH_LEQ", b"LEAF", b"reverse", b"\xff"]);
            }
        }
        3 => drop(attributes.pop()),
        4 => attributes.push(Attribute {
            name: random.pick(&SINGLE),
            r#type: AttributeType::Int,
            i: if random.below(2) == 0 { number } else { 1 },
            ..Attribute::default()
        }),
        _ => attributes.push(Attribute {
            name: random.pick(&SEVERAL),
            r#type: AttributeType::Ints,
            ints: (0..random.below(6))
                .map(|_| NUMBERS[3 + random.below(5)])
                .collect(),
            ..Attribute::default()
        }),
    }
}

/// A constant of the same elements in another, perhaps lying, shape, or of other elements.
fn constants(random: &mut Random, graph: &mut Graph<'_>) {
    let at = random.below(graph.initializer.len().max(1));
    let Some(tensor) = graph.initializer.get_mut(at) else {
        return;
    };
    let mut dims = tensor.dims().to_vec();
    let raw = tensor.as_raw().unwrap_or_default();
    match random.below(6) {
        0 => dims.push(random.pick(&NUMBERS)),
        1 => dims.insert(0, 1),
        2 => drop(dims.pop()),
        // A part of it.
        3 if !dims.is_empty() && dims[0] > 1 => {
            let row = raw.len() / dims[0].unsigned_abs() as usize;
            dims[0] -= 1;
            *tensor = TensorProto::from_raw(tensor.name(), dims, tensor.data_type(), &raw[..raw.len() - row]);
            return;
        }
        // Its bytes one further: other numbers, as small as before now and then.
        4 if raw.len() > 1 => {
            let elements = dims
                .iter()
                .try_fold(1i64, |n, &d| n.checked_mul(d))
                .unwrap_or(0)
                .unsigned_abs();
            let size = raw.len() as u64 / elements.max(1);
            if size > 0 && elements > 1 && random.below(2) == 0 {
                dims = vec![elements as i64 - 1];
                *tensor =
                    TensorProto::from_raw(tensor.name(), dims, tensor.data_type(), &raw[size as usize..]);
                return;
            }
            dims.reverse();
        }
        _ => dims.reverse(),
    }
    *tensor = TensorProto::from_raw(tensor.name(), dims, tensor.data_type(), raw);
}

/// The shape or the type of an input.
fn extents(random: &mut Random, graph: &mut Graph<'_>) {
    let number = random.pick(&NUMBERS);
    let at = random.below(graph.input.len().max(1));
    let value = graph.input.get_mut(at).and_then(|i| i.r#type.as_mut());
    let Some(TypeValue::Tensor(tensor)) = value.and_then(|ty| ty.value.as_mut()) else {
        return;
    };
    if random.below(4) == 0 {
        tensor.elem_type = random.pick(&TYPES);
        return;
    }
    let Some(shape) = &mut tensor.shape else {
        return;
    };
    if shape.dim.is_empty() {
        return;
    }
    let at = random.below(shape.dim.len());
    match random.below(3) {
        0 => shape.dim[at].value = Dimension::Param("N"),
        1 => shape.dim[at].value = Dimension::Value(number),
        _ => shape.dim[at].value = Dimension::Value(1 + random.below(9) as i64),
    }
}
