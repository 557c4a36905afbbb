//! Block access lists (EIP-7928): what the execution of a block touches and what it leaves there.
//!
//! A list holds every account that a block touches, also where it is only read, with the slots that are read
//! and, for slots, balances, nonces and code, each value after the step of the block that changed it. Steps
//! are numbered by the *block access index*: 0 is what the block does before its transactions, 1 to n are the
//! transactions, n + 1 is what follows them.
//!
//! - [`recorder`] makes the list of what is executed; the recorder sits in the block state, where every
//!   change arrives in the order of the block, whoever executed it.
//! - [`check`] refuses what is no list of this block before anything is executed.
//! - [`given`] is how speculation reads the values of a list that came with the block.
//! - [`difference`] says where a list that came with the block is not the one of its execution.
//!
//! The values of a list are hints: each transaction is held against the committed state when its turn comes,
//! as without a list. So a list that lies costs time, and then the block is invalid.

pub(super) mod check;
pub(super) mod difference;
pub(super) mod given;
pub(super) mod recorder;

use super::{BlockEngine, EngineOptions, Executed};
use crate::{BlockInput, Error, Threads};
use alloy_eips::eip7928::{AccountChanges, BlockAccessList, compute_block_access_list_hash};
use alloy_primitives::B256;
use metisvm_state::BaseState;
use metisvm_vm::MetisEvmFactory;

/// Executes a block in sequence and makes its access list, on every fork: before Amsterdam a block has none,
/// but one can be made and given to [`BlockEngine::execute`] all the same.
///
/// A list that `block` already has is not looked at.
pub fn build_access_list<S>(
    factory: &MetisEvmFactory,
    block: BlockInput<'_>,
    base: &S,
) -> Result<(Executed, BlockAccessList), Error>
where
    S: BaseState,
{
    let options = EngineOptions {
        access_lists: true,
        ..EngineOptions::default()
    };
    let block = BlockInput {
        access_list: None,
        ..block
    };
    let executed = BlockEngine::with_options(Threads::new(1)?, options).execute(factory, block, base)?;
    let list = executed.outcome.access_list.clone();
    let list = list.ok_or_else(|| Error::Node("no access list was recorded".into()))?;
    Ok((executed, list))
}

/// The hash by which a header names a list: Keccak-256 of its RLP.
pub fn access_list_hash(list: &[AccountChanges]) -> B256 {
    compute_block_access_list_hash(list)
}
