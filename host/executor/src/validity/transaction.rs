//! The rules of a transaction in its block that neither the EVM nor the recovery of its sender checks.

use alloy_consensus::{Transaction, TxEip4844Variant, TxEnvelope};
use metisvm_vm::ChainSpec;

/// What holds for every transaction of a block.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct TransactionRules {
    /// The blob gas that the fork allows in a block; none before Cancun.
    most_blob_gas: Option<u64>,
}

impl TransactionRules {
    /// The rules in a block of this time.
    pub(crate) fn new(spec: &ChainSpec, timestamp: u64) -> Self {
        Self {
            most_blob_gas: spec
                .blob_params(timestamp)
                .map(|params| params.max_blob_gas_per_block()),
        }
    }

    /// Whether a transaction may be in a block that has used so much blob gas.
    pub(crate) fn check(self, blob_gas_used: u64, transaction: &TxEnvelope) -> Result<(), String> {
        check_no_blobs(transaction)?;
        self.check_blob_gas(blob_gas_used, transaction)
    }

    /// EIP-4844: the block's blobs together stay within the maximum. alloy-evm leaves this to whoever checks the
    /// header.
    fn check_blob_gas(self, used: u64, transaction: &TxEnvelope) -> Result<(), String> {
        let (Some(most), Some(wanted)) = (self.most_blob_gas, transaction.blob_gas_used()) else {
            return Ok(());
        };
        let left = most.saturating_sub(used);
        if wanted <= left {
            return Ok(());
        }
        Err(format!(
            "too many blobs for the block: they take {wanted} blob gas, and {left} of {most} are left (EIP-4844)"
        ))
    }
}

/// Blobs travel beside a block, not in it: its RLP has their hashes (EIP-4844).
pub(crate) fn check_no_blobs(transaction: &TxEnvelope) -> Result<(), String> {
    match transaction {
        TxEnvelope::Eip4844(signed) if matches!(signed.tx(), TxEip4844Variant::TxEip4844WithSidecar(_)) => {
            Err("carries its blobs; a block has their versioned hashes only (EIP-4844)".into())
        }
        _ => Ok(()),
    }
}
