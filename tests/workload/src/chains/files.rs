use super::Scenario;
use crate::{WorkloadError, template::GENESIS_TIME, whole::build_whole};
use alloy_consensus::{Header, constants::EMPTY_WITHDRAWALS};
use alloy_eips::{eip1559::BaseFeeParams, eip4895::Withdrawals, eip7685::EMPTY_REQUESTS_HASH};
use alloy_primitives::B256;
use metisvm_executor::{BlockEngine, BlockFile};
use metisvm_state::state_root;

impl Scenario {
    /// The blocks as files that `metisvm run` takes, one after the other: executed by an engine
    /// and the reference kernels, with complete headers, each following from the one before: parent hash and
    /// base fee.
    ///
    /// Every file has the whole state before its block in it. Nothing useful follows an error.
    pub fn files(&self, engine: &BlockEngine) -> impl Iterator<Item = Result<BlockFile, WorkloadError>> {
        let factory = self.factory();
        let mut state = self.genesis.clone();
        let mut parent = self.genesis_header();
        self.blocks.iter().map(move |block| {
            let template = Header {
                parent_hash: parent.hash_slow(),
                base_fee_per_gas: parent.next_block_base_fee(BaseFeeParams::ethereum()),
                ..block.header.clone()
            };
            let transactions = block
                .transactions
                .iter()
                .map(|signed| signed.inner().clone())
                .collect();
            let before = std::mem::take(&mut state);
            let built = build_whole(
                &factory,
                before,
                template,
                transactions,
                Withdrawals::default(),
                engine,
            )?;
            parent = built.file.block.header.clone();
            state = built.state;
            Ok(built.file)
        })
    }

    fn genesis_header(&self) -> Header {
        let first = &self.blocks[0].header;
        Header {
            state_root: state_root(&self.genesis),
            gas_limit: first.gas_limit,
            timestamp: GENESIS_TIME,
            base_fee_per_gas: first.base_fee_per_gas,
            withdrawals_root: Some(EMPTY_WITHDRAWALS),
            blob_gas_used: Some(0),
            excess_blob_gas: Some(0),
            parent_beacon_block_root: Some(B256::ZERO),
            requests_hash: Some(EMPTY_REQUESTS_HASH),
            ..Header::default()
        }
    }
}
