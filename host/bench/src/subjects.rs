//! The subjects, a file each: what its cases are, and how they are measured.

pub(crate) mod blocks;
pub(crate) mod card;
pub(crate) mod keccak;
pub(crate) mod kernels;
mod machine;
pub(crate) mod models;
mod operators;
pub(crate) mod rings;
pub(crate) mod tensor;
mod whole;
