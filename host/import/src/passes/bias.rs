//! A product followed by Add of a constant per column or channel is a product with a bias: exporters
//! write MatMul and its bias as two nodes. The integer operators take the bias into the accumulator,
//! where it costs no rounding.

use crate::constant::Constant;
use crate::typed::{Arg, Operator, Typed, TypedNode};

pub(crate) fn fuse(mut typed: Typed) -> Typed {
    let readers = typed.readers();
    let mut producer: Vec<Option<usize>> = vec![None; typed.values.len()];
    let mut kept: Vec<TypedNode> = Vec::with_capacity(typed.nodes.len());
    for node in std::mem::take(&mut typed.nodes) {
        let constant_added = match (&node.op, &node.inputs[..]) {
            (Operator::Add, [Arg::Value(x), Arg::Constant(c)] | [Arg::Constant(c), Arg::Value(x)]) => {
                Some((*x, c))
            }
            _ => None,
        };
        if let Some((x, c)) = constant_added
            && readers[x].len() == 1
            && typed.values[x].shape == typed.values[node.output].shape
            && let Some(at) = producer[x]
            && add_bias(&mut kept[at], c, typed.values[x].shape.dims())
        {
            kept[at].output = node.output;
            producer[node.output] = Some(at);
            continue;
        }
        producer[node.output] = Some(kept.len());
        kept.push(node);
    }
    typed.nodes = kept;
    typed
}

/// Puts the constant into the node, if it has no bias yet and the constant is one.
fn add_bias(node: &mut TypedNode, c: &Constant, result: &[u32]) -> bool {
    let (axis, bias) = match &mut node.op {
        Operator::MatMul { bias } => (result.len() - 1, bias),
        Operator::Conv { bias, .. } => (1, bias),
        _ => return false,
    };
    let channels = result[axis];
    // The constant's dimensions align with the result's at the end.
    let Some(shift) = result.len().checked_sub(c.dims.len()) else {
        return false;
    };
    let along = c
        .dims
        .iter()
        .enumerate()
        .all(|(i, &d)| d == 1 || i + shift == axis);
    if bias.is_some() || !along {
        return false;
    }
    let values = c.reals64();
    *bias = Some(match values[..] {
        [one] => vec![one; channels as usize],
        _ => values,
    });
    true
}
