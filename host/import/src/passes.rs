//! What is rewritten in the typed graph before grids are chosen. Each pass is a file of its own, takes a sound graph and
//! gives one that computes the same real numbers.

mod bias;

use crate::typed::Typed;

/// Every pass, in order.
const PASSES: &[fn(Typed) -> Typed] = &[bias::fuse];

pub(crate) fn run(typed: Typed) -> Typed {
    PASSES.iter().fold(typed, |typed, pass| pass(typed))
}
