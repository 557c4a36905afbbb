//! What tests and benches of several crates share: generated graphs, cards to run them on, and random
//! blocks.

pub mod cards;
pub mod graphs;
pub mod random_blocks;
pub mod transport_suite;
pub mod watch;

pub use metisvm_workload::rng;
