use super::{
    Deployed, Foreseen, WorkloadKind,
    collectible::nft_mint_counter,
    dao::dao_voting,
    draft::{Draft, sign_all},
    erc20::{erc20_independent, erc20_one_hot_account},
    header::header,
    inference::inference_heavy,
    mixed::mixed_defi,
    raw_transfers::raw_transfers,
    story::{Desk, Size, Story},
    uniswap::{uniswap_one_pool, uniswap_swaps_many_pools},
    world::World,
};
use crate::{DigitModels, WorkloadError, rng::Rng};
use alloy_consensus::{Header, TxEnvelope, transaction::Recovered};
use alloy_primitives::keccak256;
use metisvm_executor::BlockInput;
use metisvm_state::MemoryState;
use metisvm_vm::{ChainSpec, MetisEvmFactory};
use std::sync::Arc;

/// The most transactions that a block of a scenario may have.
pub const MOST_TRANSACTIONS: usize = 100_000;
/// The most blocks that a scenario may have; it may also not have more than two million transactions.
pub const MOST_BLOCKS: usize = 1_000;
const MOST_TOGETHER: usize = 2_000_000;

/// The least gas limit of a block; it is greater where a block holds more than half of it, so that the base fee
/// never rises (EIP-1559) and the fees of all senders cover it whatever the chain before used.
const GAS_LIMIT: u64 = 60_000_000;

/// A chain of blocks with the state before them.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// What the blocks are made of.
    pub kind: WorkloadKind,
    /// The chain: that of development.
    pub spec: Arc<ChainSpec>,
    /// The models that are registered in genesis.
    pub models: DigitModels,
    /// The state before the first block, complete.
    pub genesis: MemoryState,
    /// The blocks from number 1 on, each over the state that the one before left.
    pub blocks: Vec<ScenarioBlock>,
    /// Where the contracts lie.
    pub deployed: Deployed,
}

/// One block.
#[derive(Debug, Clone)]
pub struct ScenarioBlock {
    /// The header; what follows from the execution (gas used, bloom, roots) is left open. The parent hash is
    /// that of the header before, open as it is, and the base fee that of the genesis block, which has to follow
    /// from the gas used before; [`Scenario::files`] has the right ones.
    pub header: Header,
    /// The transactions, each with who signed it.
    pub transactions: Vec<Recovered<TxEnvelope>>,
    /// What is foreseen of each transaction.
    pub foreseen: Vec<Foreseen>,
}

impl ScenarioBlock {
    /// The block as the executors take it, without withdrawals.
    pub fn input(&self) -> BlockInput<'_> {
        BlockInput {
            header: &self.header,
            transactions: &self.transactions,
            withdrawals: Some(&[]),
            ommers: &[],
            access_list: None,
        }
    }
}

impl Scenario {
    /// A scenario of so many `transactions` in each of so many `blocks`. The seed decides amounts, order and
    /// choices; it changes neither the accounts nor the number of anything.
    ///
    /// The error names a size outside 1 to [`MOST_TRANSACTIONS`] or 1 to [`MOST_BLOCKS`].
    pub fn generate(
        kind: WorkloadKind,
        transactions: usize,
        blocks: usize,
        seed: u64,
    ) -> Result<Self, WorkloadError> {
        let sound = (1..=MOST_TRANSACTIONS).contains(&transactions)
            && (1..=MOST_BLOCKS).contains(&blocks)
            && transactions * blocks <= MOST_TOGETHER;
        if !sound {
            return Err(WorkloadError::Size { transactions, blocks });
        }
        let models = DigitModels::import()?;
        let desk = Desk {
            size: Size { transactions, blocks },
            models: &models,
            world: World::new(&models),
            rng: Rng::new(seed),
        };
        let write = match kind {
            WorkloadKind::RawTransfers => raw_transfers,
            WorkloadKind::Erc20Independent => erc20_independent,
            WorkloadKind::Erc20OneHotAccount => erc20_one_hot_account,
            WorkloadKind::UniswapSwapsManyPools => uniswap_swaps_many_pools,
            WorkloadKind::UniswapOnePool => uniswap_one_pool,
            WorkloadKind::DaoVoting => dao_voting,
            WorkloadKind::NftMintCounter => nft_mint_counter,
            WorkloadKind::MixedDefi => mixed_defi,
            WorkloadKind::InferenceHeavy => inference_heavy,
        };
        let (desk, story) = write(desk);
        let (genesis, deployed) = desk.world.finish();
        let spec = Arc::new(ChainSpec::metis_dev());
        let blocks = finish_blocks(kind, spec.chain_id, story);
        Ok(Self {
            kind,
            spec,
            genesis,
            blocks,
            deployed,
            models,
        })
    }

    /// What executes the blocks, with the reference kernels for inference.
    pub fn factory(&self) -> MetisEvmFactory {
        MetisEvmFactory::new(self.spec.clone(), Some(self.models.engine()))
    }
}

fn finish_blocks(kind: WorkloadKind, chain_id: u64, story: Story) -> Vec<ScenarioBlock> {
    let gas = |drafts: &Vec<Draft>| 2 * drafts.iter().map(|draft| draft.gas_limit).sum::<u64>();
    let gas_limit = story.blocks.iter().map(gas).fold(GAS_LIMIT, u64::max);
    let foreseen: Vec<Vec<Foreseen>> = story
        .blocks
        .iter()
        .map(|drafts| drafts.iter().map(|draft| draft.foreseen).collect())
        .collect();
    let signed = sign_all(chain_id, &story.people, story.blocks);
    let mut parent_hash = keccak256(format!("metisvm scenario {kind}"));
    let finish = |((number, transactions), foreseen)| {
        let header = header(number, parent_hash, gas_limit);
        parent_hash = header.hash_slow();
        ScenarioBlock {
            header,
            transactions,
            foreseen,
        }
    };
    (1..).zip(signed).zip(foreseen).map(finish).collect()
}
