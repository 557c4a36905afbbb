//! The service around the compiler, with frames of real contracts: what is compiled when, what stays in memory and on
//! disk, and that nobody can tell by the results.

#![allow(
    clippy::unwrap_used,
    reason = "in the helpers, too, a panic is how a test fails"
)]

mod ahead;
mod disk;
mod eviction;
mod heat;
mod machine;
