//! Products of integer matrices, and convolutions, into sums of 32 bits.
//!
//! Weights are packed once for a [`Level`](crate::Level); a product then hands its result out in blocks, each
//! as soon as its sums are complete, so that what follows (requantise, tables, stores) finds it in the cache.
//!
//! Sums are modulo 2^32. That is exact wherever the true sum fits 32 bits, which the loader of a model proves
//! of every product, in whatever order the terms come.

mod amx;
mod bytes;
mod conv2d;
mod filters;
mod finish;
mod image;
mod instructions;
mod join;
mod lanes;
mod mat_mul;
mod matrix;
mod operand;
mod panels;
mod peak;
mod rows;
mod scratch;
mod shape;
mod tile;
mod unpacked;

pub use conv2d::conv2d;
pub use filters::PackedFilters;
pub use join::join;
pub use mat_mul::mat_mul;
pub use matrix::{PackedMatrix, XKind};
pub use operand::{Block, Elements, Zeros};
pub use peak::register_peak;
pub use scratch::Scratch;
pub use shape::Conv2dShape;
pub use unpacked::{Left, Right, UNPACKED_ROWS, mat_mul_unpacked};
