//! Softmax that a file spells out: e^x over its sum along one dimension, whatever was taken from x in each row before.

use super::find::{Finder, replace};
use crate::function::Function;
use crate::typed::{Arg, Operator, Reduction, Typed, TypedNode, ValueId};

pub(super) fn fuse(typed: Typed) -> Typed {
    let finder = Finder::new(&typed);
    let found = typed.nodes.iter().enumerate().filter_map(|(at, node)| {
        let (x, axis) = finder.soft(node)?;
        let node = TypedNode {
            name: node.name.clone(),
            op: Operator::Softmax { axis },
            inputs: vec![Arg::Value(x)],
            output: node.output,
        };
        Some((at, vec![node]))
    });
    let found = found.collect();
    replace(typed, found)
}

impl Finder<'_> {
    /// What a node is the Softmax of, and along which dimension.
    fn soft(&self, node: &TypedNode) -> Option<(ValueId, usize)> {
        let (powers, sum) =
            match (&node.op, &node.inputs[..]) {
                (Operator::Div, [Arg::Value(powers), Arg::Value(sum)]) => (*powers, *sum),
                (Operator::Mul, [Arg::Value(a), Arg::Value(b)]) => [(*a, *b), (*b, *a)]
                    .into_iter()
                    .find_map(|(powers, inverse)| match self.function(inverse)? {
                        (Function::Divide { dividend: 1.0 }, sum) => Some((powers, sum)),
                        _ => None,
                    })?,
                _ => return None,
            };
        let (Function::Exp, x) = self.function(powers)? else {
            return None;
        };
        let (Reduction::Sum, of, wide_axis) = self.reduction(sum)? else {
            return None;
        };
        if of != self.plain(powers) || self.dims(x) != self.dims(node.output) {
            return None;
        }
        let axis = self.axis(x, wide_axis, sum)?;
        // The greatest element of each row is taken away so that no power overflows; Softmax does so itself.
        let x = match self.pair(x) {
            Some((Operator::Sub, Arg::Value(whole), Arg::Value(greatest)))
                if self.dims(*whole) == self.dims(x)
                    && self.axis(*whole, wide_axis, *greatest) == Some(axis) =>
            {
                *whole
            }
            _ => x,
        };
        Some((x, axis))
    }
}
