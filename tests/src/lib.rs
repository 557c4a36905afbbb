//! What tests and benches of several crates share: generated graphs, cards to run them on, and where
//! test data lies.

pub mod cards;
pub mod graphs;

pub use metisvm_workload::rng;
