//! A node as launches, for the items of a run.

use super::convolutions;
use super::flight::Run;
use super::operands::Operand;
use super::products;
use super::walks::{strides, walk};
use metisvm_model::{Graph, Node, Op};
use metisvm_opencl::Error;
use metisvm_opencl::ops::{Axis, Function, Gather, Pointwise, Reduction, Walk};

/// Enqueues what computes a node. A reshape needs nothing: it has its operand's memory.
pub(super) fn enqueue(run: &mut Run<'_>, index: usize) -> Result<(), Error> {
    let graph = run.part.segment.graph().clone();
    let node = &graph.nodes()[index];
    match &node.op {
        Op::Reshape { .. } => Ok(()),
        Op::MatMul | Op::WideMatMul | Op::Conv2d { .. } => products::enqueue(run, index),
        Op::Add => two(run, node, index, Function::Add),
        Op::Sub => two(run, node, index, Function::Sub),
        Op::Mul { shift, .. } => two(run, node, index, Function::Mul { shift: *shift }),
        Op::Requantise { axis, .. } => requantise(run, node, index, usize::from(*axis)),
        Op::Clamp => clamp(run, &graph, node, index),
        Op::Table => by_table(run, node, index, Function::Table),
        Op::Interpolate => by_table(run, node, index, Function::Interpolate),
        Op::Reciprocal { numerator } => {
            let x = run.operand(node.operands[0])?;
            let flat = flat(run, &x);
            one(
                run,
                index,
                &x,
                Function::Reciprocal {
                    numerator: *numerator,
                },
                &flat,
            )
        }
        Op::Transpose { perm } => transpose(run, node, index, perm),
        Op::Concat { axis } => concat(run, node, index, usize::from(*axis)),
        Op::Gather { axis } => gather(run, node, index, usize::from(*axis)),
        Op::ReduceSum { axis } => reduce(run, node, index, usize::from(*axis), Reduction::Sum),
        Op::ReduceMax { axis } => reduce(run, node, index, usize::from(*axis), Reduction::Max),
        Op::ArgMax { axis } => reduce(run, node, index, usize::from(*axis), Reduction::ArgMax),
        Op::InvNorm { shift, epsilon } => {
            let last = graph.ty(node.operands[0]).shape.rank() - 1;
            let reduction = Reduction::InvNorm {
                numerator: 1 << shift,
                epsilon: *epsilon,
            };
            reduce(run, node, index, last, reduction)
        }
        Op::MaxPool2d { kernel, window } => {
            let x = run.operand(node.operands[0])?;
            let windows = convolutions::over(&graph, index, window, *kernel);
            let dims = x.ty.shape.dims();
            let planes = run.items() * dims[0] * dims[1];
            let y = run.result(index)?;
            run.step(&[&x], &y, |job, _, after| {
                job.max_pool(&windows, planes, x.typed(), &y.slice, after)
            })
        }
        _ => Err(Error::Sizes("an operator that the backend does not take")),
    }
}

/// The dimension of the items.
fn items(run: &Run<'_>, x: &Operand, b: u32) -> Axis {
    Axis {
        extent: run.items(),
        x: x.item(),
        b,
    }
}

/// Every element of x in turn.
fn flat(run: &Run<'_>, x: &Operand) -> Walk {
    let own = Axis {
        extent: x.elements(),
        x: 1,
        b: 0,
    };
    walk([items(run, x, 0), own])
}

/// A function of one operand.
fn one(
    run: &mut Run<'_>,
    index: usize,
    x: &Operand,
    function: Function<'_>,
    walk: &Walk,
) -> Result<(), Error> {
    let y = run.result(index)?;
    run.step(&[x], &y, |job, _, after| {
        let call = Pointwise {
            function,
            x: x.typed(),
            b: None,
            y: y.typed(),
        };
        job.pointwise(&call, walk, after)
    })
}

/// A function of two operands that are stretched over each other.
fn two(run: &mut Run<'_>, node: &Node, index: usize, function: Function<'_>) -> Result<(), Error> {
    let (x, b) = (run.operand(node.operands[0])?, run.operand(node.operands[1])?);
    let y = run.result(index)?;
    let dims = y.ty.shape.dims();
    let (own_x, own_b) = (strides(&x.ty.shape, dims), strides(&b.ty.shape, dims));
    let own = dims.iter().zip(own_x.iter().zip(&own_b));
    let own = own.map(|(&extent, (&x, &b))| Axis { extent, x, b });
    let walk = walk([items(run, &x, b.item())].into_iter().chain(own));
    run.step(&[&x, &b], &y, |job, _, after| {
        let call = Pointwise {
            function,
            x: x.typed(),
            b: Some(b.typed()),
            y: y.typed(),
        };
        job.pointwise(&call, &walk, after)
    })
}

fn requantise(run: &mut Run<'_>, node: &Node, index: usize, axis: usize) -> Result<(), Error> {
    let x = run.operand(node.operands[0])?;
    let parameters = run.part.parameters.get(&index).cloned().unwrap_or_default();
    let [multipliers, shifts, zeros] = parameters.as_slice() else {
        return Err(Error::Sizes("no parameters"));
    };
    let each = |slice: &metisvm_opencl::Slice| slice.bytes() > 4;
    let (outer, extent, inner) = x.ty.shape.split(axis);
    let dims = [
        (outer as u32, (extent * inner) as u32, 0),
        (extent as u32, inner as u32, u32::from(each(multipliers))),
        (inner as u32, 1, 0),
    ];
    let own = dims.map(|(extent, x, b)| Axis { extent, x, b });
    let walk = walk([items(run, &x, 0)].into_iter().chain(own));
    let y = run.result(index)?;
    run.step(&[&x], &y, |job, _, after| {
        let call = Pointwise {
            function: Function::Requantise {
                shifts: (shifts, each(shifts)),
                zeros: (zeros, each(zeros)),
            },
            x: x.typed(),
            b: Some((multipliers, metisvm_opencl::Type::I32)),
            y: y.typed(),
        };
        job.pointwise(&call, &walk, after)
    })
}

fn clamp(run: &mut Run<'_>, graph: &Graph, node: &Node, index: usize) -> Result<(), Error> {
    let bound = |place: usize| {
        let constant = graph.constant(node.operands[place]);
        constant.map(|constant| constant.tensor().data()[0])
    };
    let (Some(low), Some(high)) = (bound(1), bound(2)) else {
        return Err(Error::Sizes("bounds that are computed"));
    };
    let x = run.operand(node.operands[0])?;
    let flat = flat(run, &x);
    one(run, index, &x, Function::Clamp { low, high }, &flat)
}

fn by_table(run: &mut Run<'_>, node: &Node, index: usize, function: Function<'_>) -> Result<(), Error> {
    let (x, b) = (run.operand(node.operands[0])?, run.operand(node.operands[1])?);
    let own = Axis {
        extent: x.elements(),
        x: 1,
        b: 0,
    };
    let walk = walk([items(run, &x, b.item()), own]);
    let y = run.result(index)?;
    run.step(&[&x, &b], &y, |job, _, after| {
        let call = Pointwise {
            function,
            x: x.typed(),
            b: Some(b.typed()),
            y: y.typed(),
        };
        job.pointwise(&call, &walk, after)
    })
}

fn transpose(run: &mut Run<'_>, node: &Node, index: usize, perm: &[u8]) -> Result<(), Error> {
    let x = run.operand(node.operands[0])?;
    let own = perm.iter().map(|&axis| {
        let (_, extent, inner) = x.ty.shape.split(axis.into());
        Axis {
            extent: extent as u32,
            x: inner as u32,
            b: 0,
        }
    });
    let walk = walk([items(run, &x, 0)].into_iter().chain(own));
    one(run, index, &x, Function::Copy, &walk)
}

fn concat(run: &mut Run<'_>, node: &Node, index: usize, axis: usize) -> Result<(), Error> {
    let y = run.result(index)?;
    let (outer, extent, inner) = y.ty.shape.split(axis);
    let stride = (extent * inner) as u32;
    let mut first = 0;
    for &value in &node.operands {
        let x = run.operand(value)?;
        let columns = (x.ty.shape.dim(axis) * inner) as u32;
        let blocks = Axis {
            extent: outer as u32,
            x: columns,
            b: 0,
        };
        let walk = Walk {
            rows: vec![items(run, &x, 0), blocks],
            columns,
            x_step: 1,
            b_step: 0,
            y_stride: stride,
            y_first: first,
        };
        first += columns;
        run.step(&[&x], &y, |job, _, after| {
            let call = Pointwise {
                function: Function::Copy,
                x: x.typed(),
                b: None,
                y: y.typed(),
            };
            job.pointwise(&call, &walk, after)
        })?;
    }
    Ok(())
}

fn gather(run: &mut Run<'_>, node: &Node, index: usize, axis: usize) -> Result<(), Error> {
    let (x, indices) = (run.operand(node.operands[0])?, run.operand(node.operands[1])?);
    let (outer, extent, inner) = x.ty.shape.split(axis);
    let shape = Gather {
        items: run.items(),
        outer: outer as u32,
        extent: extent as u32,
        inner: inner as u32,
        count: indices.elements(),
        own_x: x.own,
        own_index: indices.own,
    };
    let y = run.result(index)?;
    run.step(&[&x, &indices], &y, |job, _, after| {
        job.gather(&shape, x.typed(), indices.typed(), &y.slice, after)
    })
}

fn reduce(
    run: &mut Run<'_>,
    node: &Node,
    index: usize,
    axis: usize,
    reduction: Reduction,
) -> Result<(), Error> {
    let x = run.operand(node.operands[0])?;
    let (outer, extent, inner) = x.ty.shape.split(axis);
    let shape = [run.items() * outer as u32, extent as u32, inner as u32];
    let y = run.result(index)?;
    run.step(&[&x], &y, |job, _, after| {
        job.reduce(reduction, x.typed(), shape, &y.slice, after)
    })
}

/// Copies a value that no node makes: an output that is an input or a constant under another name.
pub(super) fn copy(run: &mut Run<'_>, x: &Operand, y: &Operand) -> Result<(), Error> {
    let walk = flat(run, x);
    run.step(&[x], y, |job, _, after| {
        let call = Pointwise {
            function: Function::Copy,
            x: x.typed(),
            b: None,
            y: y.typed(),
        };
        job.pointwise(&call, &walk, after)
    })
}
