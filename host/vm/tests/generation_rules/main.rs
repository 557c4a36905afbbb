//! The rules of generation, by their numbers in docs/vm.md, and from when on they hold.

#![allow(clippy::unwrap_used)] // in the helpers, too, a panic is how a test fails

mod activation;
mod rig;
mod rules;
#[path = "../support/mod.rs"]
mod support;
