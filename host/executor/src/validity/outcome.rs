//! Where a header and the execution of its block differ.

use crate::{BlockOutcome, access_list_hash};
use alloy_consensus::Header;
use alloy_hardforks::EthereumHardforks;
use alloy_primitives::{B256, Bloom};
use metisvm_vm::ChainSpec;

/// A field of the header that the execution contradicts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// The key of the field, as the RPC calls it.
    pub field: &'static str,
    /// What the header says.
    pub expected: String,
    /// What the execution gave.
    pub actual: String,
}

/// What is computed once of an outcome and both shown and compared.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Roots {
    /// The root of the receipts; `None` before Byzantium.
    pub(crate) receipts: Option<B256>,
    /// The bloom filter over all logs.
    pub(crate) logs_bloom: Bloom,
    /// The root of the state after the block, where it is known.
    pub(crate) state: Option<B256>,
}

/// Every field of the header that the execution of the block contradicts; none where the block is valid.
///
/// `state_root` is the root of the state after the block; where it is not known, the header's is not looked at.
/// The receipts' root is looked at from Byzantium on: before, a receipt holds the state root after its transaction
/// (EIP-658), which an outcome does not have.
pub fn header_mismatches(
    spec: &ChainSpec,
    header: &Header,
    outcome: &BlockOutcome,
    state_root: Option<B256>,
) -> Vec<Mismatch> {
    let byzantium = spec.is_byzantium_active_at_block(header.number);
    let roots = Roots {
        receipts: byzantium.then(|| outcome.receipts_root()),
        logs_bloom: outcome.logs_bloom(),
        state: state_root,
    };
    mismatches(header, outcome, &roots)
}

pub(crate) fn mismatches(header: &Header, outcome: &BlockOutcome, roots: &Roots) -> Vec<Mismatch> {
    let mut found = Vec::new();
    let mut compare = |field: &'static str, expected: String, actual: String| {
        if expected != actual {
            found.push(Mismatch {
                field,
                expected,
                actual,
            });
        }
    };
    compare(
        "gasUsed",
        header.gas_used.to_string(),
        outcome.gas_used.to_string(),
    );
    compare(
        "logsBloom",
        header.logs_bloom.to_string(),
        roots.logs_bloom.to_string(),
    );
    if let Some(root) = roots.receipts {
        compare("receiptsRoot", header.receipts_root.to_string(), root.to_string());
    }
    if let Some(blob_gas_used) = header.blob_gas_used {
        compare(
            "blobGasUsed",
            blob_gas_used.to_string(),
            outcome.blob_gas_used.to_string(),
        );
    }
    if let Some(hash) = header.requests_hash {
        compare(
            "requestsHash",
            hash.to_string(),
            outcome.requests.requests_hash().to_string(),
        );
    }
    if let (Some(hash), Some(list)) = (header.block_access_list_hash, &outcome.access_list) {
        let actual = access_list_hash(list);
        compare("blockAccessListHash", hash.to_string(), actual.to_string());
    }
    if let Some(root) = roots.state {
        compare("stateRoot", header.state_root.to_string(), root.to_string());
    }
    found
}
