//! Blocks of a few plain transactions, executed in sequence and by the engine on several threads.

use super::block::{CHAIN_ID, GWEI, engine, sign, template};
use alloy_consensus::{Header, TxEnvelope, TxLegacy, transaction::Recovered};
use alloy_primitives::{Address, B256, Bytes, TxKind, U256};
use metisvm_executor::{
    BlockEngine, BlockInput, BlockOutcome, EngineOptions, Error, Executed, Threads, execute_block,
    recover_senders,
};
use metisvm_state::{BaseState, MemoryState};
use metisvm_vm::{ChainSpec, MetisEvmFactory};
use std::sync::Arc;

/// How often a block is executed on each number of threads, every other time with delays.
const ROUNDS: u64 = 20;

/// A transaction of a key; at two gwei for a unit of gas the beneficiary gets half of it.
pub(crate) fn pay(key: u8, nonce: u64, to: Address, value: u64) -> TxEnvelope {
    let tx = TxLegacy {
        chain_id: Some(CHAIN_ID),
        nonce,
        gas_price: 2 * GWEI,
        gas_limit: 200_000,
        to: TxKind::Call(to),
        value: U256::from(value),
        input: Bytes::new(),
    };
    sign(key, tx)
}

/// A block without withdrawals on the development chain.
pub(crate) struct SmallBlock {
    header: Header,
    transactions: Vec<Recovered<TxEnvelope>>,
    factory: MetisEvmFactory,
}

impl SmallBlock {
    pub(crate) fn new(beneficiary: Address, transactions: Vec<TxEnvelope>) -> Self {
        let header = Header {
            beneficiary,
            parent_beacon_block_root: Some(B256::ZERO),
            excess_blob_gas: Some(0),
            blob_gas_used: Some(0),
            ..template()
        };
        Self::on(ChainSpec::metis_dev(), header, transactions)
    }

    /// A block with this header on another chain.
    pub(crate) fn on(spec: ChainSpec, header: Header, transactions: Vec<TxEnvelope>) -> Self {
        let spec = Arc::new(spec);
        let threads = Threads::new(1).unwrap();
        Self {
            transactions: recover_senders(&spec, header.number, transactions, &threads).unwrap(),
            header,
            factory: MetisEvmFactory::new(spec, engine()),
        }
    }

    fn input(&self) -> BlockInput<'_> {
        BlockInput {
            header: &self.header,
            transactions: &self.transactions,
            // Every header here that has blobs is of a fork with withdrawals.
            withdrawals: self.header.blob_gas_used.map(|_| &[][..]),
            ommers: &[],
            access_list: None,
        }
    }

    /// On so many threads, with every transaction on them, however few there are.
    pub(crate) fn execute<S>(&self, threads: usize, jitter: Option<u64>, state: &S) -> Result<Executed, Error>
    where
        S: BaseState,
    {
        let options = EngineOptions {
            adaptive: false,
            jitter,
            ..EngineOptions::default()
        };
        let engine = BlockEngine::with_options(Threads::new(threads).unwrap(), options);
        engine.execute(&self.factory, self.input(), state)
    }

    /// Holds the engine on 1, 2 and 4 threads against the sequential execution; gives the state after it.
    pub(crate) fn check(&self, before: &MemoryState) -> MemoryState {
        let mut expected = before.clone();
        let outcome = execute_block(&self.factory, self.input(), &mut expected).unwrap();
        for threads in [1, 2, 4] {
            for round in 0..ROUNDS {
                let case = format!("round {round} on {threads} threads");
                let jitter = (round % 2 == 1).then_some(round);
                let executed = self.execute(threads, jitter, before).unwrap();
                let mut state = before.clone();
                state.apply(&executed.changes);
                let gas = |outcome: &BlockOutcome| {
                    outcome
                        .receipts
                        .iter()
                        .map(|one| one.cumulative_gas_used())
                        .collect::<Vec<_>>()
                };
                assert_eq!(gas(&executed.outcome), gas(&outcome), "{case}");
                assert!(
                    executed.outcome.receipts == outcome.receipts,
                    "other receipts: {case}"
                );
                assert!(state == expected, "another state: {case}");
            }
        }
        expected
    }
}
