//! Wires that have a constant of their row.

use super::rules::{ROUTED_WIRES, Row, Rules};
use crate::arithmetic::Arithmetic;
use metisvm_verifier::field::F;

/// `wire[i] = constant[i]`.
///
/// plonky2's own gate for this has as many wires as a row may have constants, so it cannot be built where
/// weights are constants. Rows of this one stand ready in its place; plonky2 chooses the constants and fills
/// the wires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Constants;

impl Rules for Constants {
    const NAME: &'static str = "constants";

    fn parameters(&self) -> Vec<usize> {
        vec![ROUTED_WIRES]
    }

    fn operations(&self) -> usize {
        0
    }

    fn wires(&self) -> usize {
        ROUTED_WIRES
    }

    fn constants(&self) -> usize {
        ROUTED_WIRES
    }

    fn degree(&self) -> usize {
        1
    }

    fn constraints(&self) -> usize {
        ROUTED_WIRES
    }

    fn constrain<A: Arithmetic>(
        &self,
        a: &mut A,
        row: &Row<impl Fn(usize) -> A::Value, impl Fn(usize) -> A::Value>,
        constraint: &mut impl FnMut(&'static str, A::Value),
    ) {
        for i in 0..ROUTED_WIRES {
            let difference = a.subtract((row.constant)(i), (row.wire)(i));
            constraint("constant", difference);
        }
    }

    fn inputs(&self, _: usize) -> Vec<usize> {
        Vec::new()
    }

    fn fill(&self, _: usize, _: &[F], _: &[F]) -> Vec<(usize, F)> {
        Vec::new()
    }

    fn constant_wires(&self) -> Vec<(usize, usize)> {
        (0..ROUTED_WIRES).map(|i| (i, i)).collect()
    }
}
