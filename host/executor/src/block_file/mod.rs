//! A block with the state it needs, as one JSON file, plain or compressed with gzip:
//!
//! - `block`: the block as `eth_getBlockByNumber` returns it, with full transactions;
//! - `preState`: address → `balance`, `nonce`, `code`, `storage`, before the block; it may be absent where the
//!   block is executed over a chain that has the state ([`BlockFile::read_for_chain`]);
//! - `blockHashes`: number → hash, for BLOCKHASH; the parent's need not be there;
//! - `blockAccessList` (optional): the block's access list (EIP-7928), its RLP as a hexadecimal string;
//! - `chainSpec` (optional): the name of a built-in chain spec or a spec; mainnet where it is absent;
//! - `preStateComplete` (optional): true where `preState` is the whole state, so that the state root can
//!   be computed.
//!
//! Keys that are not known are ignored, as an RPC client ignores them. A known key that comes twice, an
//! account that comes twice or a slot that comes twice is refused: readers differ in which one they take.

mod bounded;
mod hex;
mod load;
pub(crate) mod object;
mod pre_state;
mod raw;
pub(crate) mod text;
mod transaction;
mod unique;
mod write;

use alloy_consensus::{Block, TxEnvelope};
use alloy_eips::eip7928::BlockAccessList;
use alloy_primitives::{Address, B256};
use metisvm_state::MemoryState;
use metisvm_vm::ChainSpec;

/// How large a block file may be, decompressed, where the caller does not say: 256 MiB, ten times the
/// largest real block with its state.
pub const DEFAULT_FILE_LIMIT: u64 = 256 << 20;

/// A block file, read and checked: block hash, transaction hashes, and the roots of transactions,
/// withdrawals and (where there are none) ommers are those of the content.
///
/// The senders are not checked yet, that takes time: [`run_block_file`](crate::run_block_file) does it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockFile {
    /// The block. The RPC format has only the hashes of ommers, so `body.ommers` is empty.
    pub block: Block<TxEnvelope>,
    /// The hash of the block.
    pub hash: B256,
    /// Who sent each transaction, as the file says it.
    pub claimed_senders: Vec<Address>,
    /// How many ommers the block has.
    pub ommers: usize,
    /// The access list that came with the block (EIP-7928), if one did.
    pub access_list: Option<BlockAccessList>,
    /// The state before the block, with the block hashes.
    pub pre_state: MemoryState,
    /// True where `pre_state` is the whole state of the chain.
    pub pre_state_complete: bool,
    /// The chain spec that the file names or holds.
    pub chain_spec: Option<ChainSpec>,
}
