//! What native code is measured on: whole transactions over a warm state, and what they compile.
//!
//! - [`Case`] is a transaction with the state before it; it comes from a [mod@file], a [block of mainnet](mainnet), or is
//!   [our own](own);
//! - [`Runner`] executes it again and again, interpreted or in native code;
//! - [`compile`] has the compiler at work until it has nothing more to do.

mod case;
pub mod compile;
pub mod file;
pub mod mainnet;
pub mod own;
mod runner;

pub use case::Case;
pub use runner::Runner;
