//! The incremental trie against alloy-trie, which computes roots from scratch and reads nodes with code of
//! its own.

#![allow(clippy::unwrap_used)] // in the helpers, too, a panic is how a test fails

mod adversarial;
mod batching;
mod broken;
mod measure;
mod proof;
mod random;
mod support;
mod world;
