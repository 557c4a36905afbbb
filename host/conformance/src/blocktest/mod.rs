//! The official blockchain tests: a genesis, blocks in RLP, some of which have to be refused, and the head and the
//! state that have to come out. (Format: "Blockchain Tests" of the execution-spec-tests, and before that of
//! ethereum/tests, folder `BlockchainTests`.)
//!
//! - [`Suite`] is a file that was read; [`Suite::run`] runs its tests.
//! - `Chain` is the chain that a test grows: it decodes, checks and executes each block as a node does, over a
//!   state in memory or in a store on disk, follows branches, and decides which block is the head.
//! - [`run_all`] runs many files and reports in their order.

mod chain;
mod deviation;
mod exception;
mod fixture;
mod ledger;
mod network;
mod refusal;
mod run;
mod suite;

pub use chain::HeadRule;
pub use ledger::StoreKind;
pub use refusal::Refusal;
pub use run::{FileReport, Options, Totals, run_all};
pub use suite::{Suite, TestReport, Verdict};
