//! Random blocks for the differential test of a block engine: whatever the engine does on how many threads,
//! outcome, state and error have to be those of the sequential execution.
//!
//! A seed names a [`Plan`]: chain, state, header, transactions. [`settle`] makes it a [`Case`], most often a
//! valid block. [`check_blocks`] compares an [`Engine`] with the oracle on many of them, and where they
//! differ, [`shrink`] looks for a small plan on which they still do.

mod assembler;
mod busy;
mod chain;
mod compare;
mod contracts;
mod coverage;
mod engine;
mod faults;
mod full;
mod generate;
mod models;
mod mutants;
mod plan;
mod program;
mod run;
mod settle;
mod show;
mod shrink;
mod statements;
mod transactions;
mod world;

pub use assembler::assemble;
pub use chain::{CHAIN_ID, Chain, DEPOSIT_CONTRACT, Fork};
pub use compare::difference;
pub use coverage::{Coverage, REQUIRED};
pub use engine::{Case, Engine, Executed, sequential};
pub use faults::Fault;
pub use mutants::Mutant;
pub use plan::{
    AccountPlan, AuthorizationPlan, Code, Envelope, Gas, KEYED_ACCOUNTS, Plan, TransactionPlan,
    keyed_accounts,
};
pub use program::{Call, Input, Program, Statement, Value};
pub use run::{Failure, Finding, PATIENCE, check_blocks, check_seed, find, seeds};
pub use settle::settle;
pub use shrink::shrink;
