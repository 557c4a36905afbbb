//! What is rewritten in the typed graph before grids are chosen. Each pass is a file of its own, takes a sound graph and
//! gives one that computes the same real numbers.

mod bias;
mod expand;
mod find;
mod fold_scale;
mod layer_norm;
mod layout;
mod mask;
mod padding;
mod softmax;
mod trees;
mod univariate;
mod unread;

pub(crate) use unread::drop as prune;

use crate::typed::Typed;

/// Every pass, in order: patterns of whole rows before those of single elements, which would swallow their steps.
const PASSES: &[fn(Typed) -> Typed] = &[
    layout::join,
    padding::absorb,
    unread::drop,
    fold_scale::fold,
    bias::fuse,
    expand::drop,
    layer_norm::fuse,
    softmax::fuse,
    trees::absorb,
    unread::drop,
    univariate::fuse,
    mask::bring_near,
    layout::join,
    unread::drop,
];

pub(crate) fn run(typed: Typed) -> Typed {
    PASSES.iter().fold(typed, |typed, pass| pass(typed))
}
