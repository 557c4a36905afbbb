//! Where the values of a chain are while it runs.

use super::draft::Operand;
use crate::cpu::chain::{Action, At, In, Link, Out, Place};
use crate::cpu::program::Home;
use crate::cpu::space::{RowMap, Rows, Space};
use metisvm_model::{DType, Value};
use std::collections::BTreeMap;

/// A link that keeps what a chain has for those that read it later.
pub(super) fn copied(
    at: At,
    dtype: DType,
    wide: bool,
    space: Space,
    results: &mut Vec<(usize, Out)>,
    slot: usize,
) -> Link {
    let y = Out {
        at: Place::Result(results.len()),
        dtype,
        wide,
    };
    results.push((slot, y));
    let unit = if wide { space.columns } else { 1 };
    let rows = Rows::Dense(unit);
    let map = RowMap { item: 0, rows };
    let a = In { at, dtype, map, wide };
    Link {
        action: Action::Copy,
        a,
        b: None,
        y,
    }
}

/// Where the values of a chain are while it runs.
pub(super) struct Places {
    pub(super) product: Option<Value>,
    pub(super) homes: BTreeMap<Value, usize>,
    /// Bytes of each local, an element.
    pub(super) locals: Vec<usize>,
    pub(super) free: Vec<usize>,
}

impl Places {
    pub(super) fn take(&mut self, value: Value, size: usize) -> usize {
        let local = self.free.pop().unwrap_or_else(|| {
            self.locals.push(0);
            self.locals.len() - 1
        });
        self.locals[local] = self.locals[local].max(size);
        self.homes.insert(value, local);
        local
    }

    pub(super) fn find(&self, operand: Operand) -> In {
        let at = match operand.outside {
            Some(Home::Constant(index)) => At::Constant(index),
            Some(Home::Slot(index)) => At::Slot(index),
            None if self.product == Some(operand.root) => At::Product,
            None => At::Local(self.homes[&operand.root]),
        };
        In {
            at,
            dtype: operand.dtype,
            map: operand.map,
            wide: operand.wide,
        }
    }

    /// Frees the locals that no link after this one reads.
    pub(super) fn release(&mut self, last: &BTreeMap<Value, usize>, at: usize) {
        let dead: Vec<Value> = self
            .homes
            .keys()
            .copied()
            .filter(|value| last.get(value).is_none_or(|&last| last <= at))
            .collect();
        for value in dead {
            self.free.extend(self.homes.remove(&value));
        }
    }
}
