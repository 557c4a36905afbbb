//! The longest block (EIP-7934): from Osaka on, the RLP of a block has at most 8 MiB. A longer one would not travel
//! through the consensus layer's gossip, whose limit is 10 MiB for the block with what is around it.

use crate::Error;
use alloy_consensus::{Header, TxEnvelope};
use alloy_eips::{Encodable2718, eip4895::Withdrawal};
use alloy_hardforks::EthereumHardforks;
use alloy_primitives::B256;
use alloy_rlp::{Encodable, Header as RlpHeader};
use metisvm_vm::ChainSpec;

/// 10 MiB less a margin of 2 MiB for the beacon block around it (EIP-7934).
pub(crate) const MAX_BLOCK_BYTES: usize = 8 << 20;

/// Whether a block is short enough for its fork.
pub(super) fn check_size<'a>(
    spec: &ChainSpec,
    header: &Header,
    transactions: impl Iterator<Item = &'a TxEnvelope>,
    ommers: &[Header],
    withdrawals: Option<&[Withdrawal]>,
) -> Result<(), Error> {
    if !spec.is_osaka_active_at_timestamp(header.timestamp) {
        return Ok(());
    }
    let transactions = transactions.map(SizeLimit::bytes_of).sum();
    let bytes = list(around(header, ommers, withdrawals) + list(transactions));
    if bytes <= MAX_BLOCK_BYTES {
        return Ok(());
    }
    let problem =
        format!("has {bytes} bytes in RLP; from Osaka on it may have {MAX_BLOCK_BYTES} at most (EIP-7934)");
    Err(Error::wrong("block", problem))
}

/// The bytes of a block besides its transactions.
fn around(header: &Header, ommers: &[Header], withdrawals: Option<&[Withdrawal]>) -> usize {
    let ommers = list(ommers.iter().map(Header::length).sum());
    header.length() + ommers + withdrawals.map_or(0, |all| list(all.iter().map(Withdrawal::length).sum()))
}

/// How many bytes of transactions fit into a block that is being built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SizeLimit {
    /// The bytes of the header, the empty list of ommers and the withdrawals.
    around: usize,
}

impl SizeLimit {
    /// None before Osaka. Of the header, only the lengths of gas used and blob gas used are not known yet; they
    /// count as long as they can become, so a block may stay a few bytes below the limit.
    pub(crate) fn new(spec: &ChainSpec, header: &Header, withdrawals: Option<&[Withdrawal]>) -> Option<Self> {
        if !spec.is_osaka_active_at_timestamp(header.timestamp) {
            return None;
        }
        let longest = Header {
            gas_used: header.gas_limit,
            blob_gas_used: spec
                .blob_params(header.timestamp)
                .map(|params| params.max_blob_gas_per_block()),
            // Of these only the presence counts.
            requests_hash: Some(B256::ZERO),
            block_access_list_hash: spec
                .is_amsterdam_active_at_timestamp(header.timestamp)
                .then_some(B256::ZERO),
            ..header.clone()
        };
        Some(Self {
            around: around(&longest, &[], withdrawals),
        })
    }

    /// How long a transaction is in the list of transactions.
    pub(crate) fn bytes_of(transaction: &TxEnvelope) -> usize {
        let bytes = transaction.encode_2718_len();
        if transaction.is_legacy() {
            // A list, where the others are strings of bytes.
            return bytes;
        }
        string(bytes)
    }

    /// Whether a block can have so many bytes of transactions.
    pub(crate) fn check(self, transactions: usize) -> Result<(), String> {
        let block = list(self.around + list(transactions));
        if block <= MAX_BLOCK_BYTES {
            return Ok(());
        }
        Err(format!(
            "the block would have {block} bytes in RLP with it, and may have {MAX_BLOCK_BYTES} (EIP-7934)"
        ))
    }
}

/// The length of a list in RLP whose content has so many bytes.
fn list(payload: usize) -> usize {
    RlpHeader {
        list: true,
        payload_length: payload,
    }
    .length_with_payload()
}

/// The length of a string in RLP that has so many bytes, more than one.
fn string(payload: usize) -> usize {
    RlpHeader {
        list: false,
        payload_length: payload,
    }
    .length_with_payload()
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_consensus::{Block, BlockBody, Signed, TxEip1559, TxLegacy};
    use alloy_eips::eip4895::Withdrawals;
    use alloy_primitives::{Bytes, Signature};

    fn transactions(input: usize) -> Vec<TxEnvelope> {
        let signature = Signature::test_signature();
        let input = Bytes::from(vec![0; input]);
        let legacy = TxLegacy {
            input: input.clone(),
            ..TxLegacy::default()
        };
        let typed = TxEip1559 {
            input,
            ..TxEip1559::default()
        };
        vec![
            Signed::new_unchecked(legacy, signature, B256::ZERO).into(),
            Signed::new_unchecked(typed, signature, B256::ZERO).into(),
        ]
    }

    #[test]
    fn what_is_added_up_is_the_length_of_the_block() {
        let spec = ChainSpec::metis_dev();
        let header = Header {
            gas_limit: 30_000_000,
            gas_used: 30_000_000,
            base_fee_per_gas: Some(7),
            withdrawals_root: Some(B256::ZERO),
            blob_gas_used: Some(9 << 17),
            excess_blob_gas: Some(1 << 40),
            parent_beacon_block_root: Some(B256::ZERO),
            requests_hash: Some(B256::ZERO),
            ..Header::default()
        };
        for input in [0, 60, 1_000, 70_000] {
            let transactions = transactions(input);
            let withdrawals = Withdrawals::new(vec![Withdrawal::default(); input % 7]);
            let limit = SizeLimit::new(&spec, &header, Some(withdrawals.as_slice())).unwrap();
            let bytes: usize = transactions.iter().map(SizeLimit::bytes_of).sum();
            let body = BlockBody {
                transactions,
                ommers: Vec::new(),
                withdrawals: Some(withdrawals),
            };
            let block = Block {
                header: header.clone(),
                body,
            };
            assert_eq!(list(limit.around + list(bytes)), block.length(), "{input}");
        }
    }

    #[test]
    fn the_limit_is_the_last_length_that_is_taken() {
        let limit = SizeLimit { around: 1_000 };
        let most = (0..MAX_BLOCK_BYTES)
            .rev()
            .find(|bytes| limit.check(*bytes).is_ok())
            .unwrap();
        assert_eq!(list(1_000 + list(most)), MAX_BLOCK_BYTES);
        assert!(limit.check(most + 1).unwrap_err().contains("8388609 bytes"));
    }
}
