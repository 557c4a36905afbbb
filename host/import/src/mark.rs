//! Values that no node of the typed graph computes, because only a pattern of the file gives them a meaning: what
//! DynamicQuantizeLinear makes, and what is computed from that.
//!
//! A scale that depends on one input's extremes must not decide a result that every engine has to agree on, and the
//! integers are only a means: `MatMulInteger(q(x), w) · (scale(x) · scale(w))` stands for `x · (w · scale(w))`. So the
//! integers of x are x itself, and its scale is taken out of the product that undoes it.

use crate::constant::Constant;
use crate::typed::{Arg, TypedNode, ValueId};

/// One DynamicQuantizeLinear, by the value that its scale is.
pub(crate) type Source = ValueId;

/// What a value without a node is.
#[derive(Clone, Debug)]
pub(crate) enum Mark {
    /// The integers of a real value.
    Integers { real: Arg, of: Source },
    /// Their zero point.
    Zero { of: Source },
    /// The scales of these, and a constant, multiplied.
    Scale {
        of: Vec<Source>,
        factor: Option<Constant>,
    },
    /// Sums of products of integers.
    Sums(Sums),
}

/// A product of real numbers, over the scales of `of`, times a constant.
#[derive(Clone, Debug)]
pub(crate) struct Sums {
    pub(crate) of: Vec<Source>,
    pub(crate) factor: Option<Constant>,
    /// The product, not yet part of the graph: its weights still wait for the factor.
    pub(crate) nodes: Vec<TypedNode>,
    /// What `nodes` give.
    pub(crate) result: ValueId,
}
