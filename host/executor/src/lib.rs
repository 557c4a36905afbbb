//! Block execution: a file with a block and the state it needs goes in, what happened comes out.
//!
//! - [`BlockFile`] reads a block and checks everything in it that can be checked without executing it.
//! - [`recover_senders`] finds who signed each transaction, on several threads.
//! - [`BlockEngine`] executes a block over a state, on one thread or several, with the same result.
//! - [`execute_block`] is what it is held against: one transaction after the other, by alloy-evm's executor.
//! - [`build_access_list`] makes the access list of a block (EIP-7928); the engine takes one with a block.
//! - [`run_block_file`] recovers senders, executes, and compares the outcome with the header; [`CheckedFile`] is
//!   the same in steps, for a block that is executed over another state than the file's.
//! - [`record_inferences`] executes a block file and says which transaction asked for which inferences.
//! - [`build_block`] executes those transactions that can be in a block and fills in the header.
//! - [`compare_threads`] executes a block in several ways and says whether and how fast they agree.
//! - [`profile`] says what is hot in blocks, and what compiling gains.
//! - [`validity`] has the rules of a block that execution does not check.
//! - [`sampling`] takes the samples for that.
//! - [`remember_hashes`] gives an EVM outside of a block what the engine's have, for measurements of the EVM alone.
//! - [`statetest`] runs the official Ethereum state tests.

mod block_file;
mod builder;
mod compare;
mod engine;
mod error;
mod execute;
mod inferences;
mod input;
mod outcome;
pub mod profile;
mod recover;
mod run;
pub mod sampling;
pub mod statetest;
mod system;
pub mod validity;

pub use block_file::{BlockFile, DEFAULT_FILE_LIMIT, text::read_json};
pub use builder::{BuiltBlock, build_block, finish_header, prepare_header};
pub use compare::{ThreadsComparison, compare_threads};
pub use engine::{
    BlockEngine, EngineOptions, EngineReport, Executed, Remembering, Selected, Skipped, access_list_hash,
    build_access_list, remember_hashes,
};
pub use error::Error;
pub use execute::{BlockInput, execute_block};
pub use inferences::{Inferred, RecordedBlock, record_inferences};
pub use input::InputFile;
pub use outcome::{BlockOutcome, TransactionOutcome, TransactionStatus};
pub use recover::{Threads, recover_senders};
pub use run::{BlockReport, CheckedFile, run_block_file, run_block_file_with};
pub use validity::Mismatch;
