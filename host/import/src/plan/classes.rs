//! Which tensors of an f32 file are bytes as soon as they are computed: those that only products of bytes read, or
//! steps that only move bytes on to such products. Whatever else reads a tensor wants it wide.

use super::sites::Site;
use crate::typed::{Arg, Element, Operator, Typed, ValueId};
use std::collections::BTreeMap;

/// For each value whether it is.
pub(super) fn bytes(
    typed: &Typed,
    sites: &BTreeMap<ValueId, Site>,
    convs: &BTreeMap<ValueId, Site>,
) -> Vec<bool> {
    let mut wide = vec![false; typed.values.len()];
    let mut read = vec![false; typed.values.len()];
    for (_, output) in &typed.outputs {
        wide[*output] = true;
    }
    for node in typed.nodes.iter().rev() {
        for (at, arg) in node.inputs.iter().enumerate() {
            let Arg::Value(value) = *arg else { continue };
            read[value] = true;
            let takes_bytes = match &node.op {
                Operator::Conv { .. } => matches!(convs.get(&node.output), None | Some(Site::Bytes(_))),
                Operator::MatMul { .. } => match (at, node.inputs.get(1)) {
                    (0, Some(Arg::Constant(_))) => matches!(sites.get(&value), Some(Site::Bytes(_))),
                    // Of two computed operands the first is held as words, the second as bytes.
                    _ => at == 1,
                },
                Operator::MaxPool { .. }
                | Operator::Reshape
                | Operator::Transpose { .. }
                | Operator::Select { .. } => !wide[node.output],
                _ => false,
            };
            wide[value] |= !takes_bytes;
        }
    }
    let real = |value: usize| typed.values[value].element == Element::Real;
    let mut bytes: Vec<bool> = (0..wide.len()).map(|v| read[v] && !wide[v] && real(v)).collect();
    // Pixels and the like: an input that functions of one number or one Add read first loses nothing as bytes, since a
    // table of 256 entries says all that they make of it.
    for &input in &typed.inputs {
        let mut readers = typed.nodes.iter().filter(|n| n.values().any(|v| v == input));
        let image = typed.values[input].shape.rank() == 4;
        let tabled = readers.all(|n| match &n.op {
            Operator::Pointwise(_) => true,
            Operator::Conv { .. } => matches!(convs.get(&n.output), None | Some(Site::Bytes(_))),
            Operator::Transpose { .. } => image,
            Operator::Add | Operator::Sub | Operator::Mul | Operator::Div => {
                image && n.inputs.iter().any(|arg| matches!(arg, Arg::Constant(_)))
            }
            _ => false,
        });
        bytes[input] |= tabled && real(input);
    }
    bytes
}
