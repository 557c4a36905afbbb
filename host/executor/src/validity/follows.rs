//! What the block before prescribes. The EVM takes whatever base fee and excess of blob gas it is given, so a chain
//! has to hold them to the parent.

use super::difficulty::next_difficulty;
use crate::Error;
use alloy_consensus::Header;
use alloy_eips::eip1559::{BaseFeeParams, GAS_LIMIT_BOUND_DIVISOR, INITIAL_BASE_FEE};
use alloy_hardforks::EthereumHardforks;
use metisvm_vm::ChainSpec;

/// The least gas limit (Yellow Paper, section 4.3.4).
const MIN_GAS_LIMIT: u64 = 5000;

/// Holds a header that has the shape of its fork to that of the block before it: number and parent hash,
/// timestamp, gas limit (Yellow Paper, section 4.3.4), base fee (EIP-1559), excess of blob gas (EIP-4844,
/// EIP-7691, EIP-7892, EIP-7918), and before Paris the difficulty. The seal of the proof of work is not checked.
pub fn check_follows(spec: &ChainSpec, header: &Header, parent: &Header) -> Result<(), Error> {
    let above = format!("after block {}", parent.number);
    if Some(header.number) != parent.number.checked_add(1) {
        return Err(differs("number", header.number, "one more", &above));
    }
    let parent_hash = parent.hash_slow();
    if header.parent_hash != parent_hash {
        return Err(differs("parentHash", header.parent_hash, parent_hash, &above));
    }
    if header.timestamp <= parent.timestamp {
        let least = format!("greater than {}, the parent's", parent.timestamp);
        return Err(differs("timestamp", header.timestamp, least, &above));
    }
    check_gas_limit(spec, header, parent, &above)?;
    if !spec.is_paris_active_at_block(header.number) {
        let expected = next_difficulty(spec, header.number, header.timestamp, parent);
        if header.difficulty != expected {
            return Err(differs("difficulty", header.difficulty, expected, &above));
        }
    }
    if let Some(base_fee) = header.base_fee_per_gas {
        let expected = next_base_fee(spec, parent)?;
        if base_fee != expected {
            return Err(differs("baseFeePerGas", base_fee, expected, &above));
        }
    }
    if let Some(excess) = header.excess_blob_gas {
        let expected = next_excess_blob_gas(spec, header.timestamp, parent)?;
        if excess != expected {
            return Err(differs("excessBlobGas", excess, expected, &above));
        }
    }
    Ok(())
}

fn differs(key: &str, value: impl ToString, expected: impl ToString, above: &str) -> Error {
    let (value, expected) = (value.to_string(), expected.to_string());
    Error::wrong(
        format!("block.{key}"),
        format!("is {value}; {above} it must be {expected}"),
    )
}

/// True where `parent` is the last block before London.
fn london_starts_after(spec: &ChainSpec, parent: &Header) -> bool {
    !spec.is_london_active_at_block(parent.number)
}

fn check_gas_limit(spec: &ChainSpec, header: &Header, parent: &Header, above: &str) -> Result<(), Error> {
    let mut before = parent.gas_limit;
    if header.base_fee_per_gas.is_some() && london_starts_after(spec, parent) {
        // Blocks may hold twice of what they aim at from there on, so that the aim stays what it was.
        let elasticity = BaseFeeParams::ethereum().elasticity_multiplier;
        before = before.saturating_mul(u64::try_from(elasticity).unwrap_or(u64::MAX));
    }
    let bound = before / GAS_LIMIT_BOUND_DIVISOR;
    let (above_all, below_all) = (before.saturating_sub(bound), before.saturating_add(bound));
    let within = header.gas_limit > above_all && header.gas_limit < below_all;
    if !within || header.gas_limit < MIN_GAS_LIMIT {
        let expected =
            format!("greater than {above_all}, less than {below_all}, and not below {MIN_GAS_LIMIT}");
        return Err(differs("gasLimit", header.gas_limit, expected, above));
    }
    Ok(())
}

/// The base fee of the block after `parent`, where London is active in it.
pub fn next_base_fee(spec: &ChainSpec, parent: &Header) -> Result<u64, Error> {
    if london_starts_after(spec, parent) {
        return Ok(INITIAL_BASE_FEE);
    }
    let next = parent
        // It may rise to twice of that; a chain may begin with any base fee.
        .base_fee_per_gas
        .filter(|base_fee| *base_fee <= u64::MAX / 2)
        .and_then(|_| parent.next_block_base_fee(BaseFeeParams::ethereum()));
    next.ok_or_else(|| cannot_follow("baseFeePerGas", parent))
}

/// The excess of blob gas in the block after `parent`, where Cancun is active in it: by the blob parameters of
/// its own time. A parent before Cancun counts as one without blobs.
pub fn next_excess_blob_gas(spec: &ChainSpec, timestamp: u64, parent: &Header) -> Result<u64, Error> {
    let (excess, used) = match (parent.excess_blob_gas, parent.blob_gas_used) {
        (None, None) => (0, 0),
        (Some(excess), Some(used)) => (excess, used),
        _ => return Err(cannot_follow("excessBlobGas", parent)),
    };
    // EIP-7918 divides by the most blobs there may be, and the sum is one of 64 bits; a chain may begin with any.
    let params = spec.blob_params(timestamp).filter(|params| {
        params.max_blob_count > 0
            && excess.checked_add(used).is_some()
            && used.checked_mul(params.max_blob_count).is_some()
    });
    let next = params
        .zip(parent.base_fee_per_gas)
        .map(|(params, base_fee)| params.next_block_excess_blob_gas_osaka(excess, used, base_fee));
    next.ok_or_else(|| cannot_follow("excessBlobGas", parent))
}

fn cannot_follow(key: &str, parent: &Header) -> Error {
    let problem = format!(
        "no value follows from that of block {} under this chain spec; the chain cannot go on from there",
        parent.number
    );
    Error::wrong(format!("block.{key}"), problem)
}

#[cfg(test)]
mod tests;
