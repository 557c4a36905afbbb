//! What the execution of a block gave.

use alloy_consensus::ReceiptEnvelope;
use alloy_eips::{eip7685::Requests, eip7928::BlockAccessList};
use alloy_primitives::{Address, B256, Bloom, Bytes};
use revm::context_interface::result::{ExecutionResult, HaltReason, Output};
use std::time::Duration;

/// How a transaction ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TransactionStatus {
    /// It returned.
    Success {
        /// What it returned; the deployed code for a creation.
        output: Bytes,
        /// The contract that it created.
        created: Option<Address>,
    },
    /// It reverted.
    Revert {
        /// The data that it reverted with.
        output: Bytes,
    },
    /// It halted: out of gas, invalid opcode and their like. All its gas is gone.
    Halt {
        /// Why.
        reason: HaltReason,
    },
}

/// What one transaction did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransactionOutcome {
    /// Its hash.
    pub hash: B256,
    /// The gas it used, after refunds.
    pub gas_used: u64,
    /// How it ended.
    pub status: TransactionStatus,
}

impl TransactionOutcome {
    pub(crate) fn new(hash: B256, result: &ExecutionResult) -> Self {
        let status = match result {
            ExecutionResult::Success { output, .. } => TransactionStatus::Success {
                output: output.data().clone(),
                created: match output {
                    Output::Create(_, address) => *address,
                    Output::Call(_) => None,
                },
            },
            ExecutionResult::Revert { output, .. } => TransactionStatus::Revert {
                output: output.clone(),
            },
            ExecutionResult::Halt { reason, .. } => TransactionStatus::Halt {
                reason: reason.clone(),
            },
        };
        Self {
            hash,
            gas_used: result.gas().tx_gas_used(),
            status,
        }
    }
}

/// What a block did. Nothing in here but `execute_time` depends on the machine.
#[derive(Debug, Clone)]
pub struct BlockOutcome {
    /// One receipt a transaction, with its logs. Before Byzantium a real receipt holds a state root
    /// where these hold the status.
    pub receipts: Vec<ReceiptEnvelope>,
    /// One outcome a transaction.
    pub transactions: Vec<TransactionOutcome>,
    /// The requests to the consensus layer (EIP-7685), from Prague on.
    pub requests: Requests,
    /// The gas of the whole block.
    pub gas_used: u64,
    /// The blob gas of the whole block.
    pub blob_gas_used: u64,
    /// What the block touches and changes (EIP-7928), where the engine was to say so: from Amsterdam on,
    /// where a list came with the block, and by [`build_access_list`](crate::build_access_list).
    pub access_list: Option<BlockAccessList>,
    /// The time spent executing, without recovering senders and without computing roots.
    pub execute_time: Duration,
}

impl BlockOutcome {
    /// The bloom filter over the logs of all receipts.
    pub fn logs_bloom(&self) -> Bloom {
        self.receipts
            .iter()
            .fold(Bloom::ZERO, |bloom, receipt| bloom | *receipt.logs_bloom())
    }

    /// The root of the receipts trie; the true one from Byzantium on.
    pub fn receipts_root(&self) -> B256 {
        alloy_consensus::proofs::calculate_receipt_root(&self.receipts)
    }
}
