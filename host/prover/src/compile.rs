//! From a graph to rows: each file below has a kind of operator.

mod computed_scale;
mod extreme;
mod freivalds;
mod interpolate;
mod inv_norm;
mod moves;
mod node;
mod operands;
mod pointwise;
mod product;
mod quotient;
mod reciprocal;
mod scale;
mod select;
mod sums;
mod table;
#[cfg(test)]
mod tests;

use crate::error::CompileError;
use crate::links::Part;
use crate::rows::Rows;
use metisvm_model::{Graph, Op, Value};
use node::{NodeView, Refusal};
use plonky2::iop::target::Target;

use std::ops::Range;

pub(crate) use node::Values;

/// Adds the nodes of a span, where `values` has everything that they take from before it, and puts the wires of
/// each result there.
pub(crate) fn nodes(
    rows: &mut Rows,
    graph: &Graph,
    span: Range<usize>,
    values: &mut Values,
) -> Result<(), CompileError> {
    for (index, node) in graph.nodes().iter().enumerate().take(span.end).skip(span.start) {
        rows.begin(Part::Node(index));
        let result = node_result(rows, &NodeView::new(graph, index, values));
        let result = result.and_then(|wires| rows.reserve(0).map(|()| wires).map_err(Refusal::from));
        let wires = result.map_err(|refusal| match refusal {
            Refusal::Unsupported(why) => CompileError::Unsupported {
                node: index,
                operator: node.op.name(),
                why,
            },
            Refusal::TooLarge(too_many) => too_many.into(),
        })?;
        #[cfg(test)]
        rows.hold_reserved();
        debug_assert_eq!(wires.len(), graph.ty(Value::Node(index as u32)).elements());
        values.nodes.push(wires);
    }
    Ok(())
}

fn node_result(rows: &mut Rows, node: &NodeView<'_>) -> Result<Vec<Target>, Refusal> {
    match node.op() {
        Op::MatMul | Op::WideMatMul => product::mat_mul(rows, node),
        Op::Conv2d { window, groups } => product::conv2d(rows, node, window, *groups as usize),
        Op::Requantise { to, axis } => computed_scale::requantise(rows, node, *to, usize::from(*axis)),
        Op::Clamp => computed_scale::clamp(rows, node),
        Op::Mul { shift, .. } => scale::mul(rows, node, u32::from(*shift)),
        Op::Table => table::table(rows, node),
        Op::InvNorm { shift, epsilon } => inv_norm::inv_norm(rows, node, (*shift).into(), *epsilon),
        Op::Reciprocal { numerator } => reciprocal::reciprocal(rows, node, *numerator),
        Op::Interpolate => interpolate::interpolate(rows, node),
        Op::Add => pointwise::add(rows, node, 1),
        Op::Sub => pointwise::add(rows, node, -1),
        Op::ReduceSum { axis } => pointwise::reduce_sum(rows, node, usize::from(*axis)),
        Op::MaxPool2d { kernel, window } => extreme::max_pool2d(rows, node, *kernel, window),
        Op::ReduceMax { axis } => extreme::reduce_max(rows, node, usize::from(*axis)),
        Op::ArgMax { axis } => extreme::arg_max(rows, node, usize::from(*axis)),
        Op::Reshape { .. } | Op::Transpose { .. } | Op::Concat { .. } => moves::moved(rows, node),
        Op::Gather { axis } => moves::gather(rows, node, usize::from(*axis)),
        _ => Err(Refusal::Unsupported(
            "circuits do not have this operator".to_string(),
        )),
    }
}
