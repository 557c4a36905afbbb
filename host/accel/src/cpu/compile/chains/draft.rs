//! A chain that still grows: links whose operands have no places yet.

use crate::cpu::chain::Action;
use crate::cpu::program::{Home, Product};
use crate::cpu::space::{RowMap, Space};
use metisvm_model::{DType, Value};
use std::collections::{BTreeMap, BTreeSet};

/// A chain that still grows.
pub(in crate::cpu::compile) struct Open {
    pub(super) space: Space,
    pub(super) product: Option<Product>,
    /// What is computed in it, by root: whether a row has a line of it.
    pub(super) inside: BTreeMap<Value, bool>,
    /// Nodes that never join, whatever else does: they are asked once.
    pub(super) refused: BTreeSet<usize>,
    /// Nodes that could not join yet, and those that they need: asked again when one of these has joined.
    pub(super) waits: BTreeMap<usize, Vec<usize>>,
    /// What the node that is asked needs, as far back as was looked.
    pub(super) path: Vec<usize>,
    pub(super) drafts: Vec<Draft>,
}

/// A link before its operands have places.
pub(super) struct Draft {
    pub(super) action: Action,
    pub(super) a: Operand,
    pub(super) b: Option<Operand>,
    /// Which node's result, and whether a row has a line of it.
    pub(super) y: Value,
    pub(super) wide: bool,
}

pub(super) struct Operand {
    pub(super) root: Value,
    pub(super) dtype: DType,
    /// Where it lies, if the chain does not compute it.
    pub(super) outside: Option<Home>,
    pub(super) map: RowMap,
    pub(super) wide: bool,
}

impl Open {
    /// Begun by a product.
    pub(in crate::cpu::compile) fn of_product(product: Product, value: Value, space: Space) -> Self {
        Self {
            space,
            product: Some(product),
            inside: BTreeMap::from([(value, true)]),
            refused: BTreeSet::new(),
            waits: BTreeMap::new(),
            path: Vec::new(),
            drafts: Vec::new(),
        }
    }
}
