//! Blocks of the project's own making, the same bytes on every machine.
//!
//! - [`digits_block`] is the block that `metisvm run` executes by default: tokens, swaps and digits
//!   classified by two models, with inference in every awkward position of a transaction.
//! - [`small_block`] has the same genesis and few transactions, for tests that execute a block often.
//! - [`bundled_files`] are the files of `host/cli/bundled`; the program `make-bundled` writes them.
//! - [`HeavyCall`] makes blocks of one transaction that spends all their gas in one kind of instruction.
//! - [`generator`] is a model that generates, small enough to be followed by hand.
//! - [`ProofChain`] makes blocks that hold proofs of inferences, one after the other.
//! - [`chains`] makes chains of blocks for the block engine, each kind named by what its transactions share.
//!
//! A block of the first two comes as a [`Workload`]: with what is [`Expected`] of each transaction, so that a
//! test can say more than that two engines agree.

mod accounts;
mod artefacts;
mod bundled;
pub mod chains;
mod contracts;
mod digits;
mod digits_block;
mod engine;
mod error;
mod expected;
mod gas;
pub mod generator;
mod genesis;
mod heavy_call;
mod made_up;
mod models;
mod network;
mod order;
mod outputs;
mod proof_chain;
mod request;
pub mod rng;
mod script;
mod signing;
mod small_block;
mod template;
mod whole;
mod workload;

pub use accounts::{DEV_ACCOUNTS, DevAccount};
pub use bundled::{BundledFile, Golden, bundled_files};
pub use contracts::{
    ClassifierCaller, Collectible, Contracts, Dao, DigitClassifier, InferenceLedger, KeyRegistry,
    ModelRegistry, Pair, PrivateCredit, Storyteller, Token, inference_ledger, private_credit, storyteller,
};
pub use digits::{DIGITS, Digit};
pub use digits_block::digits_block;
pub use engine::ReferenceEngine;
pub use error::WorkloadError;
pub use expected::{Category, Classified, End, Expected, Recorded};
pub use genesis::{INFERENCE, REGISTRY, genesis};
pub use heavy_call::{HEAVY_GAS, HeavyBlock, HeavyCall};
pub use made_up::{DEEP_WIDTH, LENET_INPUT_BYTES, deep, lenet};
pub use models::{DigitModel, DigitModels};
pub use network::Network;
pub use proof_chain::ProofChain;
pub use small_block::small_block;
pub use template::template;
pub use workload::Workload;
