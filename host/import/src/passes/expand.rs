//! A tensor that is stretched for an operator that would stretch it anyway is not: Expand before Add, Sub, Mul, Div and
//! Where. Exporters write it so, and what reads the short tensor can be recognised as what it is.

use super::find::Finder;
use crate::typed::{Arg, Operator, Typed, ValueId};

/// Stretched dimensions in a row that are looked through.
const MOST: usize = 8;

pub(super) fn drop(mut typed: Typed) -> Typed {
    let finder = Finder::new(&typed);
    let mut changes: Vec<(usize, usize, ValueId)> = Vec::new();
    for (at, node) in typed.nodes.iter().enumerate() {
        if !matches!(
            node.op,
            Operator::Add | Operator::Sub | Operator::Mul | Operator::Div | Operator::Where
        ) {
            continue;
        }
        let mut shapes: Vec<&[u32]> = node.inputs.iter().map(|arg| finder.arg_dims(arg)).collect();
        for (index, arg) in node.inputs.iter().enumerate() {
            let Arg::Value(value) = arg else {
                continue;
            };
            let short = finder.short(*value);
            if short == *value {
                continue;
            }
            let before = shapes[index];
            shapes[index] = finder.dims(short);
            if stretched(&shapes).as_deref() == Some(finder.dims(node.output)) {
                changes.push((at, index, short));
            } else {
                shapes[index] = before;
            }
        }
    }
    for (at, index, short) in changes {
        typed.nodes[at].inputs[index] = Arg::Value(short);
    }
    typed
}

impl Finder<'_> {
    fn arg_dims<'s>(&'s self, arg: &'s Arg) -> &'s [u32] {
        match arg {
            Arg::Value(id) => self.dims(*id),
            Arg::Constant(c) => &c.dims,
        }
    }

    /// The value before it was stretched.
    fn short(&self, value: ValueId) -> ValueId {
        let mut value = value;
        for _ in 0..MOST {
            match self.node(value) {
                Some(node) => match (&node.op, &node.inputs[..]) {
                    (Operator::Select { axis, .. }, [Arg::Value(from)]) if self.dims(*from)[*axis] == 1 => {
                        value = *from;
                    }
                    _ => break,
                },
                None => break,
            }
        }
        value
    }
}

/// What shapes that broadcast become together.
fn stretched(shapes: &[&[u32]]) -> Option<Vec<u32>> {
    let rank = shapes.iter().map(|s| s.len()).max()?;
    (0..rank)
        .map(|d| {
            let extents = shapes
                .iter()
                .map(|s| (d + s.len()).checked_sub(rank).map_or(1, |d| s[d]));
            let most = extents.clone().max()?;
            extents.into_iter().all(|e| e == 1 || e == most).then_some(most)
        })
        .collect()
}
