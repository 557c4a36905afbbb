//! What a request leaves open: which block is when, and what a call pays.

use crate::error::NodeError;
use alloy_primitives::{Address, TxKind, U256};
use alloy_rpc_types::{
    TransactionRequest,
    simulate::{MAX_SIMULATE_BLOCKS, SimBlock},
};

/// Seconds between simulated blocks that name no time.
const SECONDS: u64 = 12;

/// The blocks with a number and a time each, and an empty block for each number that is left out between them.
///
/// # Errors
/// If numbers or times do not rise, or there are too many blocks.
pub(super) fn in_order(blocks: Vec<SimBlock>, number: u64, time: u64) -> Result<Vec<SimBlock>, NodeError> {
    let (first, mut number, mut time) = (number, number, time);
    let mut ordered = Vec::new();
    let coded = |code, message| Err(NodeError::Coded { code, message });
    for mut block in blocks {
        let overrides = block.block_overrides.get_or_insert_default();
        let wanted = overrides
            .number
            .map_or(number.saturating_add(1), |number| number.saturating_to());
        if wanted <= number {
            return coded(
                -38020,
                format!("block numbers must be in order: {wanted} <= {number}"),
            );
        }
        if wanted - first > MAX_SIMULATE_BLOCKS {
            return coded(
                -38026,
                format!("too many blocks: {} exceed {MAX_SIMULATE_BLOCKS}", wanted - first),
            );
        }
        while number + 1 < wanted {
            number += 1;
            time = time.saturating_add(SECONDS);
            let mut gap = SimBlock::default();
            let overrides = gap.block_overrides.get_or_insert_default();
            overrides.number = Some(U256::from(number));
            overrides.time = Some(time);
            ordered.push(gap);
        }
        let at = overrides.time.unwrap_or(time.saturating_add(SECONDS));
        if at <= time {
            return coded(
                -38021,
                format!("block timestamps must be in order: {at} <= {time}"),
            );
        }
        overrides.number = Some(U256::from(wanted));
        overrides.time = Some(at);
        (number, time) = (wanted, at);
        ordered.push(block);
    }
    Ok(ordered)
}

/// A call with all that a transaction has.
///
/// # Errors
/// If its sender cannot be read, or its fields contradict each other.
pub(super) fn complete(
    mut request: TransactionRequest,
    chain_id: u64,
    gas: u64,
    nonce: impl FnOnce(Address) -> Result<u64, NodeError>,
) -> Result<TransactionRequest, NodeError> {
    let from = *request.from.get_or_insert_default();
    request.chain_id = Some(chain_id);
    request.normalize_input();
    request.to.get_or_insert(TxKind::Create);
    request.gas = Some(request.gas.unwrap_or(gas).min(gas));
    if request.nonce.is_none() {
        request.nonce = Some(nonce(from)?);
    }
    if request.gas_price.is_none() {
        request.max_fee_per_gas.get_or_insert(0);
        request.max_priority_fee_per_gas.get_or_insert(0);
    }
    // Without blobs a fee for them means nothing.
    request.blob_versioned_hashes = request.blob_versioned_hashes.filter(|hashes| !hashes.is_empty());
    match &request.blob_versioned_hashes {
        Some(_) => _ = request.max_fee_per_blob_gas.get_or_insert(0),
        None => request.max_fee_per_blob_gas = None,
    }
    Ok(request)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_rpc_types::BlockOverrides;

    fn block(number: Option<u64>, time: Option<u64>) -> SimBlock {
        SimBlock {
            block_overrides: Some(BlockOverrides {
                number: number.map(U256::from),
                time,
                ..BlockOverrides::default()
            }),
            ..SimBlock::default()
        }
    }

    fn code(blocks: Vec<SimBlock>) -> i32 {
        in_order(blocks, 10, 100).unwrap_err().code()
    }

    #[test]
    fn numbers_that_are_left_out_are_empty_blocks_and_times_go_on() {
        let ordered = in_order(vec![block(Some(13), None), block(None, Some(200))], 10, 100).unwrap();
        let said: Vec<_> = ordered
            .iter()
            .map(|block| {
                let overrides = block.block_overrides.as_ref().unwrap();
                (overrides.number.unwrap().to::<u64>(), overrides.time.unwrap())
            })
            .collect();
        assert_eq!(said, [(11, 112), (12, 124), (13, 136), (14, 200)]);
    }

    #[test]
    fn what_does_not_rise_or_is_too_far_is_refused() {
        assert_eq!(code(vec![block(Some(10), None)]), -38020);
        assert_eq!(code(vec![block(None, Some(100))]), -38021);
        assert_eq!(
            code(vec![block(Some(10 + MAX_SIMULATE_BLOCKS + 1), None)]),
            -38026
        );
        assert_eq!(code(vec![block(Some(u64::MAX), None)]), -38026);
    }
}
