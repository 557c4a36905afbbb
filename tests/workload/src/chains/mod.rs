//! Chains of blocks, each written for one way in which transactions get into each other's way.
//!
//! A [`Scenario`] is a state before the first block and consecutive blocks of signed transactions over it,
//! made from a [`WorkloadKind`], a size and a seed: the same bytes on every machine. The contracts are those
//! of `contracts/src`; genesis places their runtime code and writes their slots, so that all transactions of
//! the blocks are the workload's own and none is spent on setting up.
//!
//! `docs/workloads.md` says of each kind what it consists of and what its transactions share. Words used here:
//!
//! - a *draft* is a transaction before it is signed;
//! - the *people* are the accounts that sign;
//! - the *world* is the state before the first block while it is being written.

mod collectible;
mod dao;
mod draft;
mod erc20;
mod files;
mod header;
mod inference;
mod kind;
mod mixed;
mod people;
mod raw_transfers;
mod scenario;
mod story;
mod token;
mod uniswap;
mod weighted;
mod world;

pub use draft::{Ending, Foreseen};
pub use kind::WorkloadKind;
pub use scenario::{MOST_BLOCKS, MOST_TRANSACTIONS, Scenario, ScenarioBlock};
pub use world::Deployed;
