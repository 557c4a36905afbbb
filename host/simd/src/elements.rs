//! What is computed element by element, along rows or over windows: everything that is not a product of
//! matrices.
//!
//! Functions work on contiguous slices of any length and alignment, and allocate nothing. They are the
//! operators of the model in the reference's bits; a caller runs several of them over a block that stays in
//! the cache. Types are [`Slice`]'s: unsigned and signed bytes, 16 and 32 bits.

mod add;
mod arg_max;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod clamp;
mod dispatch;
mod entries;
mod form;
mod interpolate;
mod interpolation;
mod max_pool2d;
pub mod modular;
mod mul;
mod norm;
mod pool;
mod pool_planes;
mod pool_tiles;
mod reciprocal;
mod reduce;
mod requantise;
mod rows;
mod slice;
mod table;
#[cfg(test)]
mod tests;
mod transpose;
mod widen;

pub use add::{add, sub};
pub use arg_max::arg_max;
pub use clamp::clamp;
pub use entries::Table256;
pub use interpolation::Interpolation;
pub use max_pool2d::max_pool2d;
pub use mul::mul;
pub use norm::{inverse_norm, sum_of_squares};
pub use pool::Pool;
pub use pool_planes::max_pool2d_planes;
pub use reciprocal::reciprocal;
pub use reduce::{accumulate_max, accumulate_sum, reduce_max, reduce_sum};
pub use requantise::{RequantiseColumns, requantise_each, requantise_one};
pub use rows::{arg_max_rows, reduce_max_rows, reduce_sum_rows, stretch, sum_of_squares_rows};
pub use slice::{Operand, Slice, SliceMut};
pub use transpose::{MAX_RANK, transpose};
pub use widen::widen;
