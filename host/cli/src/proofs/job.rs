//! The jobs of a block's inferences.

use alloy_primitives::{B256, U256, keccak256};

/// What keeps these jobs apart from those that contracts give out, in Solidity
/// `bytes32("metisvm block inference 0")`.
const DOMAIN: &[u8; 25] = b"metisvm block inference 0";

/// The job of an inference that a block's transaction asked for: in Solidity
/// `keccak256(abi.encode(domain, blockHash, transactionIndex, callIndex))`, with the numbers as `uint256`. Calls
/// are counted in the transaction, from 0.
pub fn of_block(block: B256, transaction: usize, call: usize) -> [u8; 32] {
    let mut domain = [0; 32];
    domain[..DOMAIN.len()].copy_from_slice(DOMAIN);
    let parts = [
        domain,
        block.0,
        U256::from(transaction).to_be_bytes(),
        U256::from(call).to_be_bytes(),
    ];
    keccak256(parts.concat()).0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_is_bound() {
        let job = of_block(B256::repeat_byte(1), 2, 3);
        assert_eq!(job, of_block(B256::repeat_byte(1), 2, 3));
        for other in [
            of_block(B256::repeat_byte(2), 2, 3),
            of_block(B256::repeat_byte(1), 3, 2),
            of_block(B256::repeat_byte(1), 2, 4),
        ] {
            assert_ne!(job, other);
        }
    }
}
