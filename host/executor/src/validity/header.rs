//! Whether a header has the fields that its fork prescribes. The EVM would take an absent base fee for zero, so a
//! header of the wrong shape must not reach it.

use crate::Error;
use alloy_consensus::{EMPTY_OMMER_ROOT_HASH, Header};
use alloy_hardforks::{EthereumHardfork, EthereumHardforks, ForkCondition};
use alloy_primitives::Bytes;
use metisvm_vm::ChainSpec;

/// The greatest gas limit that clients agree on (EIP-1985).
const MAX_GAS_LIMIT: u64 = i64::MAX as u64;
/// The longest extra data (Yellow Paper, section 4.3).
const MAX_EXTRA_DATA_BYTES: usize = 32;
/// What the first blocks of the DAO fork have as extra data, and how many of them (EIP-779).
const DAO_EXTRA_DATA: &[u8] = b"dao-hard-fork";
const DAO_EXTRA_DATA_BLOCKS: u64 = 10;

/// Whether the fields of a header are those of its fork, and within their bounds. The error names the field.
pub fn check_header(spec: &ChainSpec, header: &Header) -> Result<(), Error> {
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
    let wrong = |key: &str, problem: String| Err(Error::wrong(format!("block.{key}"), problem));
    if header.gas_used > header.gas_limit {
        let (used, limit) = (header.gas_used, header.gas_limit);
        return wrong(
            "gasUsed",
            format!("is {used}, which exceeds the block's gas limit {limit}"),
        );
    }
    if header.gas_limit > MAX_GAS_LIMIT {
        let problem = format!("is {}, which exceeds 2^63 - 1 (EIP-1985)", header.gas_limit);
        return wrong("gasLimit", problem);
    }
    if header.extra_data.len() > MAX_EXTRA_DATA_BYTES {
        let has = header.extra_data.len();
        let problem =
            format!("has more than {MAX_EXTRA_DATA_BYTES} bytes: {has} (Yellow Paper, section 4.3)");
        return wrong("extraData", problem);
    }
    check_dao_extra_data(spec, header)?;
    if !paris {
        return Ok(());
    }
    if !header.nonce.is_zero() {
        return wrong(
            "nonce",
            format!("is {}; it must be zero after Paris (EIP-3675)", header.nonce),
        );
    }
    if !header.difficulty.is_zero() {
        let problem = format!("is {}; it must be zero after Paris (EIP-3675)", header.difficulty);
        return wrong("difficulty", problem);
    }
    if header.ommers_hash != EMPTY_OMMER_ROOT_HASH {
        let problem = format!(
            "is {}; there are no ommers after Paris, so it must be {EMPTY_OMMER_ROOT_HASH} (EIP-3675)",
            header.ommers_hash
        );
        return wrong("sha3Uncles", problem);
    }
    Ok(())
}

/// The first ten blocks of the DAO fork say so in their extra data (EIP-779).
fn check_dao_extra_data(spec: &ChainSpec, header: &Header) -> Result<(), Error> {
    let ForkCondition::Block(fork) = spec.ethereum_fork_activation(EthereumHardfork::Dao) else {
        return Ok(());
    };
    let since = header.number.checked_sub(fork);
    if since.is_some_and(|since| since < DAO_EXTRA_DATA_BLOCKS) && header.extra_data[..] != *DAO_EXTRA_DATA {
        let problem = format!(
            "is {}; from block {fork} of the DAO fork on it must be {} for ten blocks (EIP-779)",
            header.extra_data,
            Bytes::from_static(DAO_EXTRA_DATA)
        );
        return Err(Error::wrong("block.extraData", problem));
    }
    Ok(())
}
