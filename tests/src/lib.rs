//! What tests and benches of several crates share: the suite of backends, generated graphs, cards to run
//! them on, random blocks, and the sources as something to test.

pub mod backend_suite;
pub mod cards;
pub mod formulas;
pub mod graphs;
pub mod knobs;
pub mod mutations;
pub mod random_blocks;
pub mod served;
pub mod slots;
pub mod source;
pub mod transport_suite;
pub mod watch;

pub use metisvm_workload::rng;
