//! The official Ethereum state tests: one transaction over a given state, and what has to come of it on
//! each fork.
//!
//! A *file* holds tests by name. A test has a state before (`pre`), an environment (`env`), and one
//! transaction whose data, gas limit and value each come in several variants. For each fork, `post`
//! lists *cases*: the indexes of three variants, the state root and the hash of the logs to be found
//! afterwards, or the exception to be met. (Format: "General State Tests" of the execution-spec-tests.)
//!
//! - [`visit_documents`] finds files in folders and archives; nothing is ever written to disk.
//! - [`Suite`] is a file that was read and checked; [`Suite::run`] executes its cases.
//! - [`StateTestExecutor`] is what the tests are run through: [`MetisExecutor`] is our EVM,
//!   [`NativeExecutor`] the same with native code, [`EngineExecutor`] the block engine in either of its modes, and
//!   [`PlainExecutor`] revm as it comes, without any code of ours, to compare with.
//! - [`run_all`] does all of it on every core and reports in the order of the files.

mod archive;
mod case;
mod engine;
mod entries;
mod envelope;
mod executor;
mod fork;
mod format;
mod run;
mod skip;
mod source;
mod suite;
mod test;
mod transaction;

pub use case::{Case, CaseReport, Indexes, Outcome, Verdict};
pub use engine::{EngineExecutor, EngineTally};
pub use entries::Entries;
pub use executor::{Executed, Job, MetisExecutor, NativeExecutor, PlainExecutor, StateTestExecutor};
pub use run::{FileReport, Totals, process_documents, run_all};
pub use skip::Skips;
pub use source::{Document, bytes_on_disk, visit_documents};
pub use suite::Suite;
