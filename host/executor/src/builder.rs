//! Building a block: executing signed transactions under a template and filling in what follows from it.

use crate::{
    BlockFile, BlockInput, BlockOutcome, Error, Threads, execute_block, header::check_header, recover_senders,
};
use alloy_consensus::{
    Block, BlockBody, EMPTY_OMMER_ROOT_HASH, Header, TxEnvelope,
    proofs::{calculate_transaction_root, calculate_withdrawals_root},
};
use alloy_eips::eip4895::Withdrawals;
use alloy_hardforks::EthereumHardforks;
use alloy_primitives::B256;
use metisvm_state::{MemoryState, state_root};
use metisvm_vm::MetisEvmFactory;

/// A block that was built, as a file that reads back to the same block, and what its execution gave.
#[derive(Debug, Clone)]
pub struct BuiltBlock {
    /// The block with the state before it.
    pub file: BlockFile,
    /// What its execution gave.
    pub outcome: BlockOutcome,
    /// The state after it.
    pub state: MemoryState,
}

/// Builds a block over a complete state.
///
/// Of `template` these fields are taken as they are: parent hash, beneficiary, number, gas limit,
/// timestamp, extra data, mix hash, base fee, and from Cancun on excess blob gas and parent beacon block
/// root (zero where absent). Everything else follows from the transactions. All of them have to be
/// valid, in this order; the error names the first that is not.
pub fn build_block(
    factory: &MetisEvmFactory,
    mut pre_state: MemoryState,
    template: Header,
    transactions: Vec<TxEnvelope>,
    withdrawals: Withdrawals,
    threads: &Threads,
) -> Result<BuiltBlock, Error> {
    let spec = factory.spec();
    let mut header = template;
    let shanghai = spec.is_shanghai_active_at_timestamp(header.timestamp);
    let cancun = spec.is_cancun_active_at_timestamp(header.timestamp);
    let prague = spec.is_prague_active_at_timestamp(header.timestamp);
    header.ommers_hash = EMPTY_OMMER_ROOT_HASH;
    header.transactions_root = calculate_transaction_root(&transactions);
    header.withdrawals_root = shanghai.then(|| calculate_withdrawals_root(&withdrawals));
    header.gas_used = 0;
    header.blob_gas_used = cancun.then_some(0);
    header.excess_blob_gas = cancun.then(|| header.excess_blob_gas.unwrap_or_default());
    header.parent_beacon_block_root = cancun.then(|| header.parent_beacon_block_root.unwrap_or_default());
    header.requests_hash = prague.then_some(B256::ZERO);
    check_header(spec, &header)?;

    let recovered = recover_senders(spec, header.number, transactions, threads)?;
    if let Some(parent) = header.number.checked_sub(1) {
        pre_state.insert_block_hash(parent, header.parent_hash);
    }
    let mut state = pre_state.clone();
    let input = BlockInput {
        header: &header,
        transactions: &recovered,
        withdrawals: shanghai.then_some(withdrawals.as_slice()),
        ommers: &[],
    };
    let outcome = execute_block(factory, input, &mut state)?;
    header.gas_used = outcome.gas_used;
    header.blob_gas_used = cancun.then_some(outcome.blob_gas_used);
    header.requests_hash = prague.then(|| outcome.requests.requests_hash());
    header.logs_bloom = outcome.logs_bloom();
    header.receipts_root = outcome.receipts_root();
    header.state_root = state_root(&state);

    let (transactions, claimed_senders) = recovered
        .into_iter()
        .map(|transaction| transaction.into_parts())
        .unzip();
    let hash = header.hash_slow();
    let withdrawals = shanghai.then_some(withdrawals);
    let block = Block {
        header,
        body: BlockBody {
            transactions,
            ommers: Vec::new(),
            withdrawals,
        },
    };
    let file = BlockFile {
        block,
        hash,
        claimed_senders,
        ommers: 0,
        pre_state,
        pre_state_complete: true,
        chain_spec: Some(spec.as_ref().clone()),
    };
    Ok(BuiltBlock { file, outcome, state })
}
