//! Trees.

use super::state::{Lowered, Lowering};
use crate::error::Problem;
use crate::trees::Ensemble;
use crate::typed::TypedNode;
use metisvm_model::Shape;

impl Lowering<'_> {
    pub(super) fn trees(&mut self, _: &TypedNode, _: &Ensemble, _: Shape) -> Result<Lowered, Problem> {
        Err(Problem::Unsupported("it has no integer form yet".to_string()))
    }
}
