//! What a request can end with, and the codes of JSON-RPC for it.

use alloy_eips::BlockId;
use alloy_primitives::{B256, Bytes, hex};
use jsonrpsee::types::{ErrorObjectOwned, error::INVALID_PARAMS_CODE};

/// The EVM reverted (execution-apis).
const REVERTED: i32 = 3;
/// What was asked for was there once (EIP-4444's clients).
const PRUNED: i32 = 4444;
/// A request that is right and cannot be done.
const SERVER: i32 = -32000;
/// Something that is named does not exist (EIP-1474).
const NOT_FOUND: i32 = -32001;

/// Why a request was not answered as it hoped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NodeError {
    /// A parameter is not what it has to be.
    #[error("{0}")]
    Invalid(String),
    /// A transaction that the chain cannot take.
    #[error("{0}")]
    Refused(String),
    /// The call reverted.
    #[error("execution reverted{}", reason(.0))]
    Reverted(Bytes),
    /// The call halted: out of gas, invalid opcode and their like.
    #[error("execution halted: {0}")]
    Halted(String),
    /// There is no such block.
    #[error("block not found: {0}")]
    NoSuchBlock(String),
    /// There is no such thing.
    #[error("{0}")]
    NotFound(String),
    /// A block that is not kept any more.
    #[error("block {number} is not kept any more: this node has blocks from {first} on (--history)")]
    Pruned {
        /// The height that was asked for.
        number: u64,
        /// The oldest that there is.
        first: u64,
    },
    /// A state that is not kept any more.
    #[error(
        "the state after block {number} is not kept any more: this node has states from {first} on (--history-states)"
    )]
    StatePruned {
        /// The height that was asked for.
        number: u64,
        /// The oldest that there is.
        first: u64,
    },
    /// A chain without a block, which no node serves.
    #[error("the chain has no block")]
    NoBlock,
    /// A transaction that this node cannot execute: its model is not here, or its engine failed.
    #[error("this node cannot execute transaction {hash}: {problem}")]
    Unexecutable {
        /// Which.
        hash: B256,
        /// Why.
        problem: String,
    },
    /// A fault of this node: state, model, disk.
    #[error("this node failed: {0}")]
    Fault(String),
    /// An end that a standard has a code for.
    #[error("{message}")]
    Coded {
        /// The code.
        code: i32,
        /// What happened.
        message: String,
    },
    /// Something that was asked for is more than this node does at once.
    #[error("{0}")]
    TooMuch(String),
}

impl NodeError {
    /// There is no such block.
    pub fn no_such_block(id: BlockId) -> Self {
        Self::NoSuchBlock(match id {
            BlockId::Hash(hash) => hash.block_hash.to_string(),
            BlockId::Number(tag) => tag.to_string(),
        })
    }

    /// A parameter is not what it has to be.
    pub fn invalid(problem: impl ToString) -> Self {
        Self::Invalid(problem.to_string())
    }

    /// A fault of this node.
    pub fn fault(problem: impl ToString) -> Self {
        Self::Fault(problem.to_string())
    }

    /// The code of JSON-RPC.
    pub const fn code(&self) -> i32 {
        match self {
            Self::Invalid(_) | Self::TooMuch(_) => INVALID_PARAMS_CODE,
            Self::Coded { code, .. } => *code,
            Self::Reverted(_) => REVERTED,
            Self::NoSuchBlock(_) | Self::NotFound(_) => NOT_FOUND,
            Self::Pruned { .. } | Self::StatePruned { .. } => PRUNED,
            Self::Refused(_)
            | Self::Halted(_)
            | Self::NoBlock
            | Self::Unexecutable { .. }
            | Self::Fault(_) => SERVER,
        }
    }
}

impl From<metisvm_state::StateError> for NodeError {
    fn from(error: metisvm_state::StateError) -> Self {
        Self::fault(error)
    }
}

impl From<NodeError> for ErrorObjectOwned {
    fn from(error: NodeError) -> Self {
        let data = match &error {
            NodeError::Reverted(data) => Some(format!("0x{}", hex::encode(data))),
            _ => None,
        };
        Self::owned(error.code(), error.to_string(), data)
    }
}

/// What a revert says of itself, where it says it in one of Solidity's two ways.
fn reason(data: &Bytes) -> String {
    match decoded(data).filter(|reason| !reason.is_empty()) {
        Some(reason) => format!(": {reason}"),
        None => String::new(),
    }
}

fn decoded(data: &[u8]) -> Option<String> {
    alloy_sol_types::decode_revert_reason(data).map(|reason| {
        reason
            .strip_prefix("revert: ")
            .map_or_else(|| reason.clone(), str::to_owned)
    })
}
