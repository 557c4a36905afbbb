//! Ommers (Yellow Paper, section 11.1): at most two a block, each a valid child of one of the block's last
//! ancestors, none of them an ancestor, and none named twice. Paris ended them (EIP-3675).

use super::{check_follows, check_header};
use crate::Error;
use alloy_consensus::{Block, Header, TxEnvelope};
use alloy_primitives::B256;
use metisvm_vm::ChainSpec;
use std::collections::HashSet;

/// A block has at most two ommers.
const MOST_OMMERS: usize = 2;
/// An ommer is at most so many blocks behind the block that names it.
const MOST_BEHIND: u64 = 6;

/// A block before the one whose ommers are checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ancestor {
    /// Its header.
    pub header: Header,
    /// The ommers that it has itself.
    pub ommers: Vec<Header>,
}

/// Checks the ommers of a block against the blocks before it. `ancestor` gives a block of the same chain by its hash;
/// it is asked for the parent, its parent, and so on, seven blocks back at most, and only where there are ommers.
/// Where it knows no more, older ommers are refused.
///
/// Every ommer is a header that is valid as a child of its own parent; that parent is the block's second to seventh
/// ancestor; and no ommer is an ancestor itself, or was an ommer before.
pub fn check_ommers(
    spec: &ChainSpec,
    block: &Block<TxEnvelope>,
    ancestor: &dyn Fn(B256) -> Option<Ancestor>,
) -> Result<(), Error> {
    let ommers = &block.body.ommers;
    if ommers.is_empty() {
        return Ok(());
    }
    check_heights(block.header.number, ommers)?;
    let mut ancestors: Vec<(B256, Header)> = Vec::new();
    let mut named = HashSet::new();
    let mut next = block.header.parent_hash;
    // The parent of the ommer that is farthest behind is one block farther.
    for _ in 0..=MOST_BEHIND {
        let Some(found) = ancestor(next) else { break };
        named.extend(found.ommers.iter().map(Header::hash_slow));
        let parent = found.header.parent_hash;
        ancestors.push((next, found.header));
        next = parent;
    }
    for (index, ommer) in ommers.iter().enumerate() {
        let wrong = |problem: String| Err(Error::wrong(format!("block.uncles[{index}]"), problem));
        let hash = ommer.hash_slow();
        if ancestors.iter().any(|(ancestor, _)| *ancestor == hash) {
            return wrong(format!("{hash} is an ancestor of the block"));
        }
        if !named.insert(hash) {
            return wrong(format!("{hash} is named a second time"));
        }
        // A child of the parent would be a sibling of the block.
        let parent = ancestors
            .iter()
            .skip(1)
            .find(|(ancestor, _)| *ancestor == ommer.parent_hash);
        let Some((_, parent)) = parent else {
            return wrong(format!(
                "its parent {} is none of the ancestors of the block from the second last to the seventh last",
                ommer.parent_hash
            ));
        };
        check_header(spec, ommer)
            .and_then(|()| check_follows(spec, ommer, parent))
            .or_else(|error| wrong(format!("is no valid header: {error}")))?;
    }
    Ok(())
}

/// Whether there are at most two ommers, and each of them one to six blocks behind the block.
pub(super) fn check_heights(number: u64, ommers: &[Header]) -> Result<(), Error> {
    if ommers.len() > MOST_OMMERS {
        let problem = format!("has {} ommers; a block has at most {MOST_OMMERS}", ommers.len());
        return Err(Error::wrong("block.uncles", problem));
    }
    for (index, ommer) in ommers.iter().enumerate() {
        let behind = number.checked_sub(ommer.number);
        if !behind.is_some_and(|behind| (1..=MOST_BEHIND).contains(&behind)) {
            let problem = format!(
                "is of height {}, and cannot belong to block {number}",
                ommer.number
            );
            return Err(Error::wrong(format!("block.uncles[{index}]"), problem));
        }
    }
    Ok(())
}
