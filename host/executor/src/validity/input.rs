//! What is checked of every block before it is executed, whichever way.

use super::{ommers::check_heights, size::check_size};
use crate::{BlockInput, Error};
use metisvm_vm::ChainSpec;

/// Whether a block is short enough for its fork, and whether its ommers are of heights for which there are rewards:
/// these are computed from how many blocks an ommer is behind, one to six. Of a block that is being `built` the
/// transactions are not chosen yet; [`SizeLimit`](super::SizeLimit) keeps it short.
pub(crate) fn check_input(spec: &ChainSpec, block: &BlockInput<'_>, built: bool) -> Result<(), Error> {
    check_heights(block.header.number, block.ommers)?;
    if built {
        return Ok(());
    }
    let transactions = block.transactions.iter().map(|transaction| transaction.inner());
    check_size(spec, block.header, transactions, block.ommers, block.withdrawals)
}
