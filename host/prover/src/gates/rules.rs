//! What a gate is made of.

use crate::arithmetic::Arithmetic;
use metisvm_verifier::field::F;
use std::fmt::Debug;

/// Wires of a row.
pub(crate) const WIRES: usize = 135;

/// Wires of a row, the first ones, that can be copied to other rows.
pub(crate) const ROUTED_WIRES: usize = 80;

/// A row as constraints see it.
pub struct Row<C, W> {
    /// Constants by position.
    pub constant: C,
    /// Wires by position.
    pub wire: W,
}

/// The rules of a gate.
pub trait Rules: Clone + Debug + Send + Sync + 'static {
    /// What the gate is called in identifiers and descriptions.
    const NAME: &'static str;

    /// What tells gates of that name apart. Two gates with the same parameters are the same gate.
    fn parameters(&self) -> Vec<usize>;

    /// Operations in a row.
    fn operations(&self) -> usize;

    /// Wires in use.
    fn wires(&self) -> usize;

    /// Constants in use.
    fn constants(&self) -> usize;

    /// The greatest degree of a constraint.
    fn degree(&self) -> usize;

    /// How many constraints there are.
    fn constraints(&self) -> usize;

    /// Gives every constraint, an expression that must be zero, with the name of what it says.
    fn constrain<A: Arithmetic>(
        &self,
        a: &mut A,
        row: &Row<impl Fn(usize) -> A::Value, impl Fn(usize) -> A::Value>,
        constraint: &mut impl FnMut(&'static str, A::Value),
    );

    /// The wires that an operation's other wires follow from.
    fn inputs(&self, operation: usize) -> Vec<usize>;

    /// The other wires of an operation, for these values of its inputs and these constants of the row. Inputs
    /// for which no wires satisfy the constraints get some that do not.
    fn fill(&self, operation: usize, constants: &[F], inputs: &[F]) -> Vec<(usize, F)>;

    /// Constants that plonky2 may choose and the wires that have them: `(constant, wire)`.
    fn constant_wires(&self) -> Vec<(usize, usize)> {
        Vec::new()
    }
}
