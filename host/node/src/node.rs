//! The node: one chain, its pool, and what moves them.

mod inner;
mod mining;
mod moments;

pub(crate) use inner::nonce;
pub use inner::{News, Node, Parts, Settings};
pub use mining::MOST_BLOCKS;
