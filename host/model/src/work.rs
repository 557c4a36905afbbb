//! What one execution of a graph costs, in counts that follow from operators and shapes alone. Gas is
//! a function of these (and of nothing that a bundle could claim).

use crate::op::Op;
use crate::range::Operand;
use crate::tensor::TensorType;

/// Counts of work. They saturate, so that a hostile graph costs more than there is, never less.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// Nodes: what every operator costs before its first element.
    pub nodes: u64,
    /// Multiply-accumulates of MatMul and Conv2d.
    pub macs: u64,
    /// Runs of multiply-accumulates along one line of the result: a row of a MatMul for each depth, a
    /// line of a Conv2d's image for each weight. A run costs something however short it is, so that a
    /// product of many short runs is dearer than its multiply-accumulates.
    pub lines: u64,
    /// Elements that are made or carried: inputs, outputs, and the result of every node.
    pub elements: u64,
    /// Elements compared by MaxPool2d and ArgMax.
    pub compares: u64,
    /// Bytes of operands read and of results written.
    pub moved_bytes: u64,
}

impl Work {
    pub(crate) fn of(op: &Op, operands: &[Operand], result: &TensorType) -> Self {
        let elements = result.elements() as u64;
        let mut work = Self {
            nodes: 1,
            elements,
            ..Self::default()
        };
        match op {
            Op::MatMul => {
                let depth = operands[0].ty.shape.dims().last().map_or(1, |&k| u64::from(k));
                work.macs = elements.saturating_mul(depth);
                work.lines = operands[0].ty.elements() as u64;
            }
            Op::Conv2d { .. } => {
                let w = &operands[1].ty;
                let depth = (w.elements() / w.shape.dim(0)) as u64;
                work.macs = elements.saturating_mul(depth);
                work.lines = (elements / result.shape.dim(3) as u64).saturating_mul(depth);
            }
            Op::MaxPool2d { kernel, .. } => {
                work.compares = elements.saturating_mul(u64::from(kernel[0]) * u64::from(kernel[1]));
            }
            Op::ArgMax { .. } => work.compares = operands[0].ty.elements() as u64,
            Op::Add | Op::Requantise { .. } | Op::Clamp | Op::Table | Op::Reshape { .. } => {}
        }
        let read = operands
            .iter()
            .map(|o| o.ty.bytes() as u64)
            .fold(0, u64::saturating_add);
        work.moved_bytes = read.saturating_add(result.bytes() as u64);
        work
    }

    /// What it costs to take in the inputs and to hand out the outputs, whatever happens in between.
    pub(crate) fn of_ports<'a>(ports: impl Iterator<Item = &'a TensorType>) -> Self {
        let mut work = Self::default();
        for ty in ports {
            work.elements = work.elements.saturating_add(ty.elements() as u64);
            work.moved_bytes = work.moved_bytes.saturating_add(ty.bytes() as u64);
        }
        work
    }

    /// The sum, count by count.
    pub const fn saturating_add(self, other: Self) -> Self {
        Self {
            nodes: self.nodes.saturating_add(other.nodes),
            macs: self.macs.saturating_add(other.macs),
            lines: self.lines.saturating_add(other.lines),
            elements: self.elements.saturating_add(other.elements),
            compares: self.compares.saturating_add(other.compares),
            moved_bytes: self.moved_bytes.saturating_add(other.moved_bytes),
        }
    }
}
