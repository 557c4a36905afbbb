//! The rules that make a block valid, apart from those that the EVM checks while it executes a transaction.
//!
//! - [`check_block`]: what a block keeps or breaks by itself.
//! - [`check_follows`]: what the block before prescribes.
//! - [`next_base_fee`], [`next_excess_blob_gas`]: two of those values, for who builds the next block.
//! - [`check_ommers`]: what the blocks before say of its ommers.
//! - [`header_mismatches`]: what the execution contradicts.
//!
//! docs/conformance.md lists every rule with who checks it.

mod block;
mod deposits;
mod difficulty;
mod follows;
mod header;
mod input;
mod ommers;
mod outcome;
mod refusal;
mod size;
mod system_contracts;
mod transaction;

pub use block::check_block;
pub(crate) use deposits::deposit_requests;
pub use follows::{check_follows, next_base_fee, next_excess_blob_gas};
pub use header::check_header;
pub(crate) use input::check_input;
pub use ommers::{Ancestor, check_ommers};
pub use outcome::{Mismatch, header_mismatches};
pub(crate) use outcome::{Roots, mismatches};
pub(crate) use refusal::refusal;
pub(crate) use size::SizeLimit;
pub(crate) use system_contracts::{SystemContract, check_code};
pub(crate) use transaction::TransactionRules;
