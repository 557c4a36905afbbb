//! What a block keeps or breaks by itself.

use super::{check_header, size::check_size, transaction::check_no_blobs};
use crate::Error;
use alloy_consensus::{
    Block, TxEnvelope,
    proofs::{calculate_ommers_root, calculate_transaction_root, calculate_withdrawals_root},
};
use alloy_primitives::B256;
use metisvm_vm::ChainSpec;

/// Checks all that can be checked of a block without the blocks before it and without executing it: that its header
/// has the shape of its fork, and that its body is the one that the header names.
///
/// The error names the field, its value, and what it must be.
pub fn check_block(spec: &ChainSpec, block: &Block<TxEnvelope>) -> Result<(), Error> {
    let (header, body) = (&block.header, &block.body);
    check_header(spec, header)?;
    for (index, transaction) in body.transactions.iter().enumerate() {
        check_no_blobs(transaction)
            .map_err(|problem| Error::wrong(format!("block.transactions[{index}]"), problem))?;
    }
    let root = calculate_transaction_root(&body.transactions);
    names("transactionsRoot", header.transactions_root, root)?;
    let root = calculate_ommers_root(&body.ommers);
    names("sha3Uncles", header.ommers_hash, root)?;
    match (header.withdrawals_root, &body.withdrawals) {
        (Some(named), Some(withdrawals)) => {
            names("withdrawalsRoot", named, calculate_withdrawals_root(withdrawals))?;
        }
        (None, None) => {}
        (Some(_), None) => {
            return Err(Error::wrong(
                "block.withdrawals",
                "are missing, but the header has a withdrawalsRoot (EIP-4895)",
            ));
        }
        (None, Some(_)) => {
            return Err(Error::wrong(
                "block.withdrawals",
                "are there, but the header has no withdrawalsRoot (EIP-4895)",
            ));
        }
    }
    let withdrawals = body.withdrawals.as_ref().map(|all| all.as_slice());
    check_size(spec, header, body.transactions.iter(), &body.ommers, withdrawals)
}

fn names(key: &str, named: B256, is: B256) -> Result<(), Error> {
    if named == is {
        return Ok(());
    }
    let problem = format!("is {named}, but that of the block's body is {is}");
    Err(Error::wrong(format!("block.{key}"), problem))
}
