//! The operations: what each kernel computes, and how far it reaches.
//!
//! Counts are of elements unless they say bytes. Everything a kernel indexes has fewer than 2^31 elements.

mod gather;
mod hash;
mod pointwise;
mod product;
mod reach;
mod reduce;
mod window;

pub use gather::Gather;
pub use pointwise::{Axis, Function, Pointwise, Walk};
pub use product::{Columns, Form, Product, Rows, Starts, packed_columns_bytes, packed_rows_bytes};
pub use reduce::Reduction;
pub use window::{Convolution, Windows};
