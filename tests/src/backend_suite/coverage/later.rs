//! Of the operators that came after version 1 of the bundle.

use super::{Coverage, of_type};
use metisvm_model::{Graph, Node, Op, Value};

impl Coverage {
    pub(super) fn note_later(&mut self, graph: &Graph, index: usize, node: &Node) {
        let name = node.op.name();
        let ty = |operand: usize| graph.ty(node.operands[operand]);
        let (dims, result) = (ty(0).shape.dims(), graph.ty(Value::Node(index as u32)));
        let computed = |operand: usize| graph.constant(node.operands[operand]).is_none();
        match &node.op {
            Op::Sub | Op::Mul { .. } => {
                if ty(0).shape != ty(1).shape {
                    self.note(name, "broadcast", 0);
                }
                if ty(0).shape != result.shape && ty(1).shape != result.shape {
                    self.note(name, "broadcast of both operands", 0);
                }
                self.note(name, of_type(ty(1).dtype), 0);
                self.note_last_side(graph, index, name);
                if let Op::Mul { shift, .. } = node.op {
                    self.note_shift(name, shift);
                }
            }
            Op::Interpolate => {
                let kind = ["constant table", "computed table"][usize::from(computed(1))];
                self.note(name, kind, 0);
                self.note_last_side(graph, index, name);
            }
            Op::ReduceSum { axis } | Op::ReduceMax { axis } => {
                self.side(name, "extent", dims[usize::from(*axis)] as usize);
                self.note_axis(name, *axis, dims.len());
            }
            Op::Reciprocal { numerator } => {
                self.note_last_side(graph, index, name);
                if *numerator == 1 {
                    self.note(name, "least numerator", 0);
                }
                if *numerator == (1 << 62) - 1 {
                    self.note(name, "greatest numerator", 0);
                }
            }
            Op::InvNorm { shift, epsilon } => {
                self.side(name, "extent", dims.last().map_or(1, |&d| d as usize));
                self.note_shift(name, *shift);
                let sum = graph.intervals().node(index).accumulator;
                for (what, reached) in [
                    ("least epsilon", *epsilon == 1),
                    ("greatest epsilon", *epsilon == (1 << 62) - 1),
                    ("greatest sum", sum.is_some_and(|sum| sum.high == (1 << 62) - 1)),
                ] {
                    if reached {
                        self.note(name, what, 0);
                    }
                }
            }
            Op::Gather { axis } => {
                self.side(name, "extent", dims[usize::from(*axis)] as usize);
                self.side(name, "indices", ty(1).elements());
                self.note_axis(name, *axis, dims.len());
                self.note(name, "index of rank", ty(1).shape.rank() as u32);
                let kind = ["constant index", "computed index"][usize::from(computed(1))];
                self.note(name, kind, 0);
            }
            Op::Transpose { perm } => {
                self.note_last_side(graph, index, name);
                let last = perm.last();
                let stays = last.is_none_or(|&axis| usize::from(axis) + 1 == perm.len());
                self.note(name, ["last moves", "last stays"][usize::from(stays)], 0);
            }
            Op::Concat { axis } => {
                let types = (0..node.operands.len()).map(ty);
                types.for_each(|ty| self.side(name, "extent", ty.shape.dim(usize::from(*axis))));
                self.side(name, "extent of the result", result.shape.dim(usize::from(*axis)));
                self.note_axis(name, *axis, dims.len());
                self.note(name, "operands", node.operands.len() as u32);
            }
            Op::WideMatMul => {
                let w = ty(1).shape.dims();
                let [.., rows, depth] = *dims else { return };
                self.side(name, "rows", rows as usize);
                self.side(name, "depth", depth as usize);
                self.side(name, "columns", w[w.len() - 1] as usize);
                if w.len() > 2 {
                    self.note(name, "weights with batch dimensions", 0);
                }
                self.note_product(graph, node, name);
            }
            // Of a new operator only nodes, types and ranks are known, until it has a place here.
            _ => {}
        }
    }

    fn note_shift(&mut self, name: &'static str, shift: u8) {
        match shift {
            0 => self.note(name, "no shift", 0),
            _ => self.note(name, "shift", shift.into()),
        }
    }

    fn note_axis(&mut self, name: &'static str, axis: u8, rank: usize) {
        let what = match usize::from(axis) {
            0 => "first axis",
            axis if axis + 1 == rank => "last axis",
            _ => "middle axis",
        };
        self.note(name, what, 0);
    }
}
