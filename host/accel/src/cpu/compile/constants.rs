//! Constants, in the forms that steps read.

use super::Compiler;
use crate::cpu::memory::Memory;
use metisvm_model::{Constant, Graph, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Raw forms that steps read, each once.
pub(super) struct Constants<'a> {
    graph: &'a Arc<Graph>,
    numbers: BTreeMap<u32, usize>,
    raw: Vec<Memory>,
}

impl<'a> Constants<'a> {
    pub(super) const fn new(graph: &'a Arc<Graph>) -> Self {
        Self {
            graph,
            numbers: BTreeMap::new(),
            raw: Vec::new(),
        }
    }

    /// The number of a constant's raw form.
    pub(super) fn raw(&mut self, index: u32) -> usize {
        *self.numbers.entry(index).or_insert_with(|| {
            self.raw.push(Memory::of_constant(self.graph, index as usize));
            self.raw.len() - 1
        })
    }

    pub(super) fn finish(self) -> Vec<Memory> {
        self.raw
    }
}

/// Values that are constants, or are known when a node is compiled for one run.
pub(in crate::cpu) type Known = BTreeMap<Value, Constant>;

impl Compiler<'_> {
    /// The constant behind a value, if it is one, or is known as if it were.
    pub(super) fn constant(&self, value: Value) -> Option<&Constant> {
        self.graph.constant(value).or_else(|| self.known.get(&value))
    }

    /// The elements of a constant, widened.
    pub(super) fn elements(&self, value: Value) -> Option<Vec<i32>> {
        self.constant(value)
            .map(|constant| constant.tensor().data().to_vec())
    }

    /// The one element of a constant, if it has one.
    pub(super) fn scalar(&self, value: Value) -> Option<i32> {
        let constant = self.constant(value)?;
        (constant.ty.elements() == 1).then(|| constant.tensor().data()[0])
    }
}
