//! What the maker of a transaction meant it to do.

use crate::Digit;
use alloy_primitives::{Address, Bytes, U256};

/// What a transaction is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Category {
    /// Deploys a contract.
    Deployment,
    /// Mints tokens.
    Mint,
    /// Approves a spender of tokens.
    Approval,
    /// Adds to or takes from the pair's reserves.
    Liquidity,
    /// Sends ether.
    EtherTransfer,
    /// Sends tokens.
    TokenTransfer,
    /// Swaps one token for the other.
    Swap,
    /// Changes the registry of models, or tries to.
    Registry,
    /// Classifies one digit.
    Classification,
    /// Classifies several digits.
    NestedClassification,
    /// Infers in a frame that reverts.
    Reverted,
    /// A failure of the inference is caught, or would be.
    Caught,
    /// Gives an inference little gas.
    Starved,
    /// Calls the precompile in one of the wrong ways.
    Malformed,
    /// Calls the precompile through CALL with a value, or through DELEGATECALL.
    OtherCall,
    /// Calls the precompile from the transaction itself.
    Direct,
    /// Infers with a model that is not registered.
    Unregistered,
    /// Runs out of gas as a whole.
    OutOfGas,
}

/// How a transaction ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// It returns.
    Success,
    /// It reverts, and its data starts with these bytes; without data where these are none.
    Revert(Bytes),
    /// All its gas is gone.
    OutOfGas,
}

/// A class that a classifier stores and announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Classified {
    /// The classifier.
    pub classifier: Address,
    /// The digit, whose number is the id.
    pub digit: Digit,
    /// The class that the reference kernels give it.
    pub class: u8,
}

/// An outcome that a caller records and announces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// The caller.
    pub caller: Address,
    /// The id of the record.
    pub id: U256,
    /// Whether the call succeeded.
    pub success: bool,
    /// The selector of its error, zero where there is none.
    pub selector: [u8; 4],
    /// How much it returned.
    pub returned_bytes: u64,
}

/// What is expected of one transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// What it is there for.
    pub category: Category,
    /// How it ends.
    pub end: End,
    /// The classes that it stores, in order; none where it fails.
    pub classified: Vec<Classified>,
    /// The outcome that it records.
    pub recorded: Option<Recorded>,
    /// How often a model runs for it, whether or not the result is kept.
    pub inferences: u64,
}
