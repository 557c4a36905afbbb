//! Integer kernels and Keccak-f for the instruction sets of the processor, chosen at run time.
//!
//! Everything here is exact: each function has the result of its scalar twin, the portable level, bit for
//! bit, and the tests hold every level to it. What a level may use is proven by a [`Level`], which exists
//! only where the processor has its instructions; so the functions are safe to call, and unsafe code stays in
//! the few modules that call into instruction sets.

mod amx;
pub mod elements;
pub mod keccak;
pub mod level;
pub mod product;

pub use level::Level;
