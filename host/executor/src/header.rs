//! Whether a header has the fields that its fork prescribes. The EVM would take an absent base fee for
//! zero, so a header of the wrong shape must not reach it.

use crate::Error;
use alloy_consensus::{EMPTY_OMMER_ROOT_HASH, Header};
use alloy_hardforks::EthereumHardforks;
use metisvm_vm::ChainSpec;

/// The greatest gas limit that clients agree on (EIP-1985).
const MAX_GAS_LIMIT: u64 = i64::MAX as u64;
/// The longest extra data (Yellow Paper, section 4.3).
const MAX_EXTRA_DATA_BYTES: usize = 32;

pub(crate) fn check_header(spec: &ChainSpec, header: &Header) -> Result<(), Error> {
    let london = spec.is_london_active_at_block(header.number);
    let paris = spec.is_paris_active_at_block(header.number);
    let shanghai = spec.is_shanghai_active_at_timestamp(header.timestamp);
    let cancun = spec.is_cancun_active_at_timestamp(header.timestamp);
    let prague = spec.is_prague_active_at_timestamp(header.timestamp);
    let amsterdam = spec.is_amsterdam_active_at_timestamp(header.timestamp);
    for (key, present, fork, active) in [
        (
            "baseFeePerGas",
            header.base_fee_per_gas.is_some(),
            "London",
            london,
        ),
        (
            "withdrawalsRoot",
            header.withdrawals_root.is_some(),
            "Shanghai",
            shanghai,
        ),
        ("blobGasUsed", header.blob_gas_used.is_some(), "Cancun", cancun),
        (
            "excessBlobGas",
            header.excess_blob_gas.is_some(),
            "Cancun",
            cancun,
        ),
        (
            "parentBeaconBlockRoot",
            header.parent_beacon_block_root.is_some(),
            "Cancun",
            cancun,
        ),
        ("requestsHash", header.requests_hash.is_some(), "Prague", prague),
        (
            "blockAccessListHash",
            header.block_access_list_hash.is_some(),
            "Amsterdam",
            amsterdam,
        ),
        ("slotNumber", header.slot_number.is_some(), "Amsterdam", amsterdam),
    ] {
        if present != active {
            let missing = if active { "is missing" } else { "is there" };
            let when = if active { "active" } else { "not active" };
            let problem = format!("{missing}, but {fork} is {when} on {} in this block", spec.name);
            return Err(Error::wrong(format!("block.{key}"), problem));
        }
    }
    if header.gas_used > header.gas_limit {
        return Err(Error::wrong("block.gasUsed", "exceeds the block's gas limit"));
    }
    if header.gas_limit > MAX_GAS_LIMIT {
        return Err(Error::wrong("block.gasLimit", "exceeds 2^63 - 1 (EIP-1985)"));
    }
    if header.extra_data.len() > MAX_EXTRA_DATA_BYTES {
        return Err(Error::wrong("block.extraData", "has more than 32 bytes"));
    }
    if paris && !header.nonce.is_zero() {
        return Err(Error::wrong("block.nonce", "must be zero after Paris (EIP-3675)"));
    }
    if paris && !header.difficulty.is_zero() {
        return Err(Error::wrong("block.difficulty", "must be zero after Paris"));
    }
    if paris && header.ommers_hash != EMPTY_OMMER_ROOT_HASH {
        return Err(Error::wrong(
            "block.sha3Uncles",
            "there are no ommers after Paris",
        ));
    }
    Ok(())
}
