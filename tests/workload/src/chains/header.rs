//! Headers, as far as they do not follow from the transactions.

use crate::{
    DEV_ACCOUNTS, DevAccount,
    template::{GENESIS_TIME, SLOT_SECONDS},
};
use alloy_consensus::{EMPTY_OMMER_ROOT_HASH, Header, constants::EMPTY_WITHDRAWALS};
use alloy_eips::eip7685::EMPTY_REQUESTS_HASH;
use alloy_primitives::{B256, Bytes, keccak256};

/// The base fee of the genesis block: one gwei.
const BASE_FEE: u64 = 1_000_000_000;

/// The header of a block: its roots, bloom, base fee and gas used are left open.
///
/// The requests are those of a block without any, which is what every block here is.
pub(crate) fn header(number: u64, parent_hash: B256, gas_limit: u64) -> Header {
    Header {
        parent_hash,
        ommers_hash: EMPTY_OMMER_ROOT_HASH,
        // An account that nothing else touches: all transactions pay it, and none reads it.
        beneficiary: DevAccount::new(DEV_ACCOUNTS).address(),
        number,
        gas_limit,
        timestamp: GENESIS_TIME + SLOT_SECONDS * number,
        extra_data: Bytes::from_static(b"MetisVM"),
        mix_hash: keccak256(format!("metisvm scenario randao {number}")),
        base_fee_per_gas: Some(BASE_FEE),
        withdrawals_root: Some(EMPTY_WITHDRAWALS),
        blob_gas_used: Some(0),
        excess_blob_gas: Some(0),
        parent_beacon_block_root: Some(keccak256(format!("metisvm scenario beacon block {number}"))),
        requests_hash: Some(EMPTY_REQUESTS_HASH),
        ..Header::default()
    }
}
