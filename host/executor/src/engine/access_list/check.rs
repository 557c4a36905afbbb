//! What can be said of a list without executing the block: form, order, indexes, size, and its hash.
//!
//! All of it takes time in proportion to the list, which is in memory already.

use super::access_list_hash;
use crate::{BlockInput, Error};
use alloy_eips::eip7928::{
    AccountChanges, constants::ITEM_COST, total_bal_items, validation::validate_block_access_list,
};

/// Refuses a list that cannot be the one of this block: not sorted, something twice, an index after the
/// block's last one, or not the list that the header names. From Amsterdam on it may also hold only so many
/// accounts and slots as the gas limit pays for.
pub(in crate::engine) fn check(
    list: &[AccountChanges],
    block: &BlockInput<'_>,
    amsterdam: bool,
) -> Result<(), Error> {
    if amsterdam {
        check_size(list, block.header.gas_limit)?;
    }
    validate_block_access_list(list, block.transactions.len())
        .map_err(|problem| Error::AccessList(problem.to_string()))?;
    let Some(named) = block.header.block_access_list_hash else {
        return Ok(());
    };
    let hash = access_list_hash(list);
    if hash == named {
        return Ok(());
    }
    Err(Error::AccessList(format!(
        "the list that came with the block hashes to {hash}, but its header names {named}"
    )))
}

/// EIP-7928: each account and each slot counts [`ITEM_COST`] gas, and all together at most the gas limit.
pub(in crate::engine) fn check_size(list: &[AccountChanges], gas_limit: u64) -> Result<(), Error> {
    let items = total_bal_items(list);
    let most = gas_limit / ITEM_COST as u64;
    if items <= most {
        return Ok(());
    }
    Err(Error::AccessList(format!(
        "it has {items} accounts and slots; a block with a gas limit of {gas_limit} may have {most}"
    )))
}
