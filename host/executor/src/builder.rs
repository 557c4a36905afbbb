//! Building a block: executing signed transactions under a template and filling in what follows from it.

use crate::{
    BlockEngine, BlockFile, BlockInput, BlockOutcome, EngineReport, Error, Executed, Selected, Skipped,
    access_list_hash,
    recover::{Unrecovered, recover_each},
    validity::check_header,
};
use alloy_consensus::{
    Block, BlockBody, EMPTY_OMMER_ROOT_HASH, Header, TxEnvelope,
    proofs::{calculate_transaction_root, calculate_withdrawals_root},
    transaction::Recovered,
};
use alloy_eips::{Encodable2718, eip4895::Withdrawals};
use alloy_hardforks::EthereumHardforks;
use alloy_primitives::B256;
use metisvm_state::{MemoryState, state_root};
use metisvm_vm::{ChainSpec, MetisEvmFactory};

/// A block that was built, as a file that reads back to the same block, and what its execution gave.
#[derive(Debug, Clone)]
pub struct BuiltBlock {
    /// The block with the state before it.
    pub file: BlockFile,
    /// What its execution gave.
    pub outcome: BlockOutcome,
    /// The state after it.
    pub state: MemoryState,
    /// The transactions that were left out, in the order they were offered, and why.
    pub skipped: Vec<Skipped>,
    /// How it was executed.
    pub report: EngineReport,
}

/// Gives the header of a block that is about to be built the shape of its fork. [`build_block`] says what of
/// `template` is taken.
pub fn prepare_header(
    spec: &ChainSpec,
    template: Header,
    withdrawals: &Withdrawals,
) -> Result<Header, Error> {
    let mut header = template;
    let shanghai = spec.is_shanghai_active_at_timestamp(header.timestamp);
    let cancun = spec.is_cancun_active_at_timestamp(header.timestamp);
    let prague = spec.is_prague_active_at_timestamp(header.timestamp);
    let amsterdam = spec.is_amsterdam_active_at_timestamp(header.timestamp);
    header.ommers_hash = EMPTY_OMMER_ROOT_HASH;
    header.withdrawals_root = shanghai.then(|| calculate_withdrawals_root(withdrawals));
    header.gas_used = 0;
    header.blob_gas_used = cancun.then_some(0);
    header.excess_blob_gas = cancun.then(|| header.excess_blob_gas.unwrap_or_default());
    header.parent_beacon_block_root = cancun.then(|| header.parent_beacon_block_root.unwrap_or_default());
    header.requests_hash = prague.then_some(B256::ZERO);
    header.block_access_list_hash = amsterdam.then_some(B256::ZERO);
    header.slot_number = amsterdam.then(|| header.slot_number.unwrap_or_default());
    check_header(spec, &header)?;
    Ok(header)
}

/// Fills in what follows from the execution of a block: the header is then the block's.
pub fn finish_header(
    spec: &ChainSpec,
    prepared: Header,
    transactions: &[impl Encodable2718],
    outcome: &BlockOutcome,
    state_root: B256,
) -> Header {
    let mut header = prepared;
    header.transactions_root = calculate_transaction_root(transactions);
    header.gas_used = outcome.gas_used;
    header.blob_gas_used = header.blob_gas_used.map(|_| outcome.blob_gas_used);
    header.requests_hash = header.requests_hash.map(|_| outcome.requests.requests_hash());
    if spec.is_amsterdam_active_at_timestamp(header.timestamp) {
        header.block_access_list_hash = outcome.access_list.as_deref().map(access_list_hash);
    }
    header.logs_bloom = outcome.logs_bloom();
    header.receipts_root = outcome.receipts_root();
    header.state_root = state_root;
    header
}

/// Builds a block over a complete state.
///
/// Of `template` these fields are taken as they are: parent hash, beneficiary, number, gas limit,
/// timestamp, extra data, mix hash, base fee, and from Cancun on excess blob gas and parent beacon block
/// root, from Amsterdam on the slot number (zero where absent). Everything else follows from the transactions.
///
/// The block has those of the transactions that can be in it, in the order given: each is tried on the
/// state that the included ones before it leave. The others are left out, with the reason. An error says
/// that there is no block: the template is wrong, or this node cannot execute a transaction.
pub fn build_block(
    factory: &MetisEvmFactory,
    mut pre_state: MemoryState,
    template: Header,
    transactions: Vec<TxEnvelope>,
    withdrawals: Withdrawals,
    engine: &BlockEngine,
) -> Result<BuiltBlock, Error> {
    let spec = factory.spec();
    let header = prepare_header(spec, template, &withdrawals)?;
    let shanghai = spec.is_shanghai_active_at_timestamp(header.timestamp);

    let offered = Offered::new(recover_each(spec, header.number, transactions, engine.threads()));
    if let Some(parent) = header.number.checked_sub(1) {
        pre_state.insert_block_hash(parent, header.parent_hash);
    }
    let input = BlockInput {
        header: &header,
        transactions: &offered.recovered,
        withdrawals: shanghai.then_some(withdrawals.as_slice()),
        ommers: &[],
        access_list: None,
    };
    let selected = engine.select(factory, input, &pre_state)?;
    let (included, executed, skipped) = offered.split(selected);
    let Executed {
        outcome,
        changes,
        report,
    } = executed;
    let mut state = pre_state.clone();
    state.apply(&changes);

    let (transactions, claimed_senders): (Vec<_>, _) =
        included.into_iter().map(Recovered::into_parts).unzip();
    let header = finish_header(spec, header, &transactions, &outcome, state_root(&state));

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
        access_list: outcome.access_list.clone(),
        ommers: 0,
        pre_state,
        pre_state_complete: true,
        chain_spec: Some(spec.as_ref().clone()),
    };
    Ok(BuiltBlock {
        file,
        outcome,
        state,
        skipped,
        report,
    })
}

/// The transactions that a block may be built of.
struct Offered {
    /// Those with a sender,
    recovered: Vec<Recovered<TxEnvelope>>,
    /// their places among all that were offered,
    places: Vec<usize>,
    /// and those without one.
    skipped: Vec<Skipped>,
}

impl Offered {
    fn new(all: Vec<Result<Recovered<TxEnvelope>, Unrecovered>>) -> Self {
        let mut offered = Self {
            recovered: Vec::with_capacity(all.len()),
            places: Vec::with_capacity(all.len()),
            skipped: Vec::new(),
        };
        for (index, transaction) in all.into_iter().enumerate() {
            match transaction {
                Ok(transaction) => {
                    offered.recovered.push(transaction);
                    offered.places.push(index);
                }
                Err(Unrecovered { transaction, problem }) => offered.skipped.push(Skipped {
                    index,
                    hash: *transaction.hash(),
                    problem: problem.into(),
                }),
            }
        }
        offered
    }

    /// The transactions that are in the block, what they did, and those that are not in it.
    fn split(self, selected: Selected) -> (Vec<Recovered<TxEnvelope>>, Executed, Vec<Skipped>) {
        let mut skipped = self.skipped;
        skipped.extend(selected.skipped.into_iter().map(|skipped| Skipped {
            index: self.places[skipped.index],
            ..skipped
        }));
        skipped.sort_by_key(|skipped| skipped.index);
        let mut wanted = selected.included.into_iter().peekable();
        let mut included = self.recovered;
        let mut index = 0;
        included.retain(|_| {
            let keep = wanted.next_if_eq(&index).is_some();
            index += 1;
            keep
        });
        (included, selected.executed, skipped)
    }
}
