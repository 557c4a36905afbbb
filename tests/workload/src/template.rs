//! The header of the first block, as far as it does not follow from the transactions.

use crate::{DEV_ACCOUNTS, DevAccount};
use alloy_consensus::Header;
use alloy_eips::eip1559::BaseFeeParams;
use alloy_primitives::{B256, Bytes, keccak256};
use metisvm_state::{MemoryState, state_root};

const GAS_LIMIT: u64 = 60_000_000;
/// The beginning of 2026, UTC.
pub(crate) const GENESIS_TIME: u64 = 1_767_225_600;
pub(crate) const SLOT_SECONDS: u64 = 12;

/// The header to build block 1 with: the genesis of this state is its parent.
pub fn template(genesis: &MemoryState) -> Header {
    let parent = Header {
        state_root: state_root(genesis),
        gas_limit: GAS_LIMIT,
        timestamp: GENESIS_TIME,
        base_fee_per_gas: Some(1_000_000_000),
        withdrawals_root: Some(alloy_consensus::constants::EMPTY_WITHDRAWALS),
        blob_gas_used: Some(0),
        excess_blob_gas: Some(0),
        parent_beacon_block_root: Some(B256::ZERO),
        requests_hash: Some(alloy_eips::eip7685::EMPTY_REQUESTS_HASH),
        ..Header::default()
    };
    Header {
        parent_hash: parent.hash_slow(),
        // An account that nothing else touches, so that the fees of the block are its balance.
        beneficiary: DevAccount::new(DEV_ACCOUNTS).address(),
        number: 1,
        gas_limit: GAS_LIMIT,
        timestamp: GENESIS_TIME + SLOT_SECONDS,
        extra_data: Bytes::from_static(b"MetisVM"),
        mix_hash: keccak256("metisvm randao 1"),
        base_fee_per_gas: parent.next_block_base_fee(BaseFeeParams::ethereum()),
        parent_beacon_block_root: Some(keccak256("metisvm beacon block 0")),
        ..Header::default()
    }
}
