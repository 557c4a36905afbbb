//! What nodes that move elements leave to those that read them: slices to those that join them, which copy them once,
//! from where they lie, and matrices with rows and columns exchanged to products of a few rows.

use super::Compiler;
use crate::cpu::program::{Home, Part, Shift, Spot, Step};
use metisvm_model::{Op, Value};
use metisvm_simd::product::UNPACKED_ROWS;
use std::collections::BTreeMap;
use std::ops::Range;

/// The most readers of a slice that is copied by each of them.
const MOST_READERS: usize = 4;

/// Nodes that were left to their readers, and how many of these are still to come.
#[derive(Debug, Default)]
pub(super) struct Slices(BTreeMap<usize, usize>);

impl Compiler<'_> {
    /// The dimension that a node takes neighbours of, and which, if it does no more than that.
    fn slice(&self, index: usize) -> Option<(usize, Range<usize>)> {
        let node = &self.graph.nodes()[index];
        let Op::Gather { axis } = node.op else { return None };
        let numbers = self.elements(node.operands[1])?;
        let first = *numbers.first()?;
        let rise = numbers.iter().zip(first..).all(|(&number, next)| number == next);
        let first = usize::try_from(first).ok().filter(|_| rise)?;
        Some((usize::from(axis), first..first + numbers.len()))
    }

    /// Leaves a node to its readers, if these do without its result; says whether it did.
    pub(super) fn leave(&mut self, index: usize) -> bool {
        // A reader whose result is known already does not come for it any more, and what is kept is asked for.
        let readers = self.readers.of(Value::Node(index as u32));
        if readers.iter().any(|&reader| self.is_done(reader)) {
            return false;
        }
        let count = match self.graph.nodes()[index].op {
            Op::Gather { axis } => self.joins(index, axis),
            Op::Transpose { .. } => self.is_turned(index).then_some(1),
            _ => None,
        };
        if let Some(count) = count {
            self.slices.0.insert(index, count);
            // What it reads is read until the last of its readers is done.
            self.done[index - self.segment.nodes().start] = true;
        }
        count.is_some()
    }

    /// How many nodes join a slice, if nothing else reads it.
    fn joins(&self, index: usize, axis: u8) -> Option<usize> {
        let value = Value::Node(index as u32);
        let nodes = self.graph.nodes();
        let readers = self.readers.of(value);
        let joins = |&reader: &usize| {
            // In another shape it is not the dimension that is joined along.
            let mut same = nodes[reader].operands.iter().filter(|&&x| self.root(x) == value);
            nodes[reader].op == Op::Concat { axis } && same.all(|&x| x == value)
        };
        let leaves = (1..=MOST_READERS).contains(&readers.len())
            && self.readers.is_for_nodes(value)
            && readers.iter().all(joins)
            && self.ty(nodes[index].operands[1]).shape.rank() == 1
            && self.slice(index).is_some();
        leaves.then_some(readers.len())
    }

    /// Whether a node exchanges rows and columns of what one product of a few rows alone reads, as its right operand.
    fn is_turned(&self, index: usize) -> bool {
        let value = Value::Node(index as u32);
        let nodes = self.graph.nodes();
        let Op::Transpose { perm } = &nodes[index].op else {
            return false;
        };
        let &[reader] = self.readers.of(value) else {
            return false;
        };
        let (node, rank) = (&nodes[reader], perm.len());
        let is_product = match node.op {
            Op::MatMul => true,
            // Words less a zero point may be no words.
            Op::WideMatMul => self.scalar(node.operands[2]) == Some(0),
            _ => false,
        };
        let kept = |(at, &from): (usize, &u8)| usize::from(from) == at;
        let ends = |perm: &[u8]| perm.ends_with(&[rank as u8 - 1, rank as u8 - 2]);
        is_product
            && rank >= 2
            && ends(perm)
            && perm[..rank - 2].iter().enumerate().all(kept)
            && self.readers.is_for_nodes(value)
            && node.operands[1] == value
            && node.operands.iter().filter(|&&x| self.root(x) == value).count() == 1
            && {
                let x = &self.ty(node.operands[0]).shape;
                x.dim(x.rank() - 2) <= UNPACKED_ROWS
            }
    }

    /// What lies column by column where a product's right operand was left to it.
    pub(super) fn turned(&self, index: usize) -> Option<Value> {
        match self.graph.nodes()[index].operands[1] {
            Value::Node(w) if self.slices.0.contains_key(&(w as usize)) => {
                Some(self.graph.nodes()[w as usize].operands[0])
            }
            _ => None,
        }
    }

    /// A step that joins values, or copies a slice, if the node is one.
    pub(super) fn joined(&mut self, index: usize) -> Option<Step> {
        let node = &self.graph.nodes()[index];
        let value = Value::Node(index as u32);
        let (axis, parts) = match node.op {
            Op::Concat { axis } => {
                let axis = usize::from(axis);
                let parts = node.operands.iter().map(|&x| self.part(x, axis)).collect();
                (axis, parts)
            }
            _ => {
                let (axis, range) = self.slice(index)?;
                (axis, vec![self.of_value(node.operands[0], axis, Some(range))])
            }
        };
        let shift = Shift::Join {
            parts,
            blocks: self.ty(node.operands[0]).shape.split(axis).0,
        };
        self.close_slices(index);
        let y = Spot {
            home: Home::Slot(self.place(value)),
            ty: self.ty(value).clone(),
        };
        Some(Step::Shift { shift, y })
    }

    /// What of a value is joined along a dimension: itself, or a slice that was left.
    fn part(&mut self, value: Value, axis: usize) -> Part {
        let left = match value {
            Value::Node(index) if self.slices.0.contains_key(&(index as usize)) => self.slice(index as usize),
            _ => None,
        };
        match (left, value) {
            (Some((_, range)), Value::Node(index)) => {
                let data = self.graph.nodes()[index as usize].operands[0];
                self.of_value(data, axis, Some(range))
            }
            _ => self.of_value(value, axis, None),
        }
    }

    /// Neighbours of a value along a dimension, or all.
    fn of_value(&mut self, value: Value, axis: usize, range: Option<Range<usize>>) -> Part {
        let ty = self.ty(value);
        let (_, extent, inner) = ty.shape.split(axis);
        let run = inner * ty.dtype.size();
        let range = range.unwrap_or(0..extent);
        Part {
            spot: self.spot(value),
            block: extent * run,
            range: range.start * run..range.end * run,
        }
    }

    /// A node has read what was left to it: what the last reader of it has read is read no more.
    pub(super) fn close_slices(&mut self, index: usize) {
        let operands = &self.graph.nodes()[index].operands;
        for (at, &operand) in operands.iter().enumerate() {
            let Value::Node(slice) = operand else { continue };
            let slice = slice as usize;
            if operands[..at].contains(&operand) {
                continue;
            }
            let Some(count) = self.slices.0.get_mut(&slice) else {
                continue;
            };
            *count -= 1;
            if *count == 0 {
                self.slices.0.remove(&slice);
                self.readers.done(&self.graph.nodes()[slice].operands);
            }
        }
    }
}
