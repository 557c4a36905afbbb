//! A chain that takes blocks as they come, as a node does: decoded, held to the rules of validity, executed by the
//! block engine, held to their headers, and kept whether or not they lie on the branch of the head.

use super::{
    Refusal,
    ledger::{Ledger, Step, StoreKind},
};
use alloy_consensus::{Block, Header, TxEnvelope};
use alloy_hardforks::EthereumHardforks;
use alloy_primitives::{
    B256, U256,
    map::{B256Map, B256Set},
};
use metisvm_executor::{
    BlockEngine, BlockInput, Error, recover_senders,
    validity::{Ancestor, check_block, check_follows, check_ommers, header_mismatches},
};
use metisvm_state::MemoryState;
use metisvm_vm::{ChainSpec, MetisEvmFactory};

/// By which rule a block becomes the head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeadRule {
    /// Before Paris: the block with the greatest total difficulty; of equal ones the first that came.
    TotalDifficulty,
    /// From Paris on: what the consensus layer says. The tests leave that out and mean the last valid block.
    LastValid,
}

/// A block that was taken.
struct Kept {
    ommers: Vec<Header>,
    total_difficulty: U256,
    step: Step,
}

/// The chain.
pub(super) struct Chain<'a> {
    engine: &'a BlockEngine,
    factory: MetisEvmFactory,
    blocks: B256Map<Kept>,
    ledger: Ledger,
    head: B256,
}

impl<'a> Chain<'a> {
    /// A chain that has its genesis only.
    pub(super) fn new(
        factory: MetisEvmFactory,
        engine: &'a BlockEngine,
        kind: StoreKind,
        genesis: Block<TxEnvelope>,
        state: MemoryState,
    ) -> Result<Self, Error> {
        let header = genesis.header;
        let head = header.hash_slow();
        let ledger = Ledger::new(kind, &header, state)?;
        let genesis = Kept {
            ommers: Vec::new(),
            total_difficulty: header.difficulty,
            step: Step {
                header,
                receipts: Vec::new(),
                changes: Default::default(),
            },
        };
        Ok(Self {
            engine,
            factory,
            blocks: B256Map::from_iter([(head, genesis)]),
            ledger,
            head,
        })
    }

    /// The hash of the head.
    pub(super) fn head(&self) -> B256 {
        self.head
    }

    /// The header of a block that was taken.
    pub(super) fn header(&self, hash: B256) -> Option<&Header> {
        self.blocks.get(&hash).map(|kept| &kept.step.header)
    }

    /// The state after a block, where it is kept whole.
    pub(super) fn state(&self, hash: B256) -> Option<&MemoryState> {
        self.ledger.state(hash)
    }

    /// Takes a block, or says why not.
    pub(super) fn import(&mut self, rlp: &[u8]) -> Result<B256, Refusal> {
        let block = decode(rlp)?;
        let hash = block.header.hash_slow();
        let spec = self.factory.spec().clone();
        check_block(&spec, &block).map_err(Refusal::Invalid)?;
        if self.blocks.contains_key(&hash) {
            return Ok(hash);
        }
        let parent = self
            .blocks
            .get(&block.header.parent_hash)
            .ok_or(Refusal::UnknownParent)?;
        check_follows(&spec, &block.header, &parent.step.header).map_err(Refusal::Invalid)?;
        check_ommers(&spec, &block, &|hash| self.ancestor(hash)).map_err(Refusal::Invalid)?;
        let total_difficulty = parent.total_difficulty.saturating_add(block.header.difficulty);
        let step = self.execute(&spec, &block, hash)?;
        let kept = Kept {
            ommers: block.body.ommers,
            total_difficulty,
            step,
        };
        self.blocks.insert(hash, kept);
        self.choose_head(&spec, hash);
        Ok(hash)
    }

    fn ancestor(&self, hash: B256) -> Option<Ancestor> {
        let kept = self.blocks.get(&hash)?;
        Some(Ancestor {
            header: kept.step.header.clone(),
            ommers: kept.ommers.clone(),
        })
    }

    fn execute(&mut self, spec: &ChainSpec, block: &Block<TxEnvelope>, hash: B256) -> Result<Step, Refusal> {
        let header = &block.header;
        let transactions = block.body.transactions.clone();
        let transactions = recover_senders(spec, header.number, transactions, self.engine.threads())
            .map_err(Refusal::Invalid)?;
        let input = BlockInput {
            header,
            transactions: &transactions,
            withdrawals: block
                .body
                .withdrawals
                .as_ref()
                .map(|withdrawals| withdrawals.as_slice()),
            ommers: &block.body.ommers,
            access_list: None,
        };
        let blocks = &self.blocks;
        let mut mismatches = Vec::new();
        let executed = self.ledger.execute(
            self.engine,
            &self.factory,
            input,
            hash,
            |from, to| path(blocks, from, to),
            |executed, root| {
                mismatches = header_mismatches(spec, header, &executed.outcome, Some(root));
                mismatches.is_empty()
            },
        );
        let executed = executed.map_err(Refusal::Invalid)?;
        if !mismatches.is_empty() {
            return Err(Refusal::Mismatches(mismatches));
        }
        Ok(Step {
            header: header.clone(),
            receipts: executed.outcome.receipts,
            changes: executed.changes,
        })
    }

    fn choose_head(&mut self, spec: &ChainSpec, new: B256) {
        let (Some(block), Some(head)) = (self.blocks.get(&new), self.blocks.get(&self.head)) else {
            return;
        };
        let rule = if spec.is_paris_active_at_block(block.step.header.number) {
            HeadRule::LastValid
        } else {
            HeadRule::TotalDifficulty
        };
        let becomes_head = match rule {
            HeadRule::LastValid => true,
            HeadRule::TotalDifficulty => block.total_difficulty > head.total_difficulty,
        };
        if becomes_head {
            self.head = new;
        }
    }
}

/// A block out of its RLP, which has to be the only one of it. Encoding it again and comparing finds every other
/// form: longer lengths, leading zeros, what a reader passes over.
pub(super) fn decode(rlp: &[u8]) -> Result<Block<TxEnvelope>, Refusal> {
    let block: Block<TxEnvelope> =
        alloy_rlp::decode_exact(rlp).map_err(|error| Refusal::Encoding(error.to_string()))?;
    if alloy_rlp::encode(&block) != rlp {
        let problem = "not the canonical encoding of the block that it holds".to_owned();
        return Err(Refusal::Encoding(problem));
    }
    Ok(block)
}

/// The way from one block to another over the last ancestor that both have: how many blocks to take back, then those
/// to do again, in their order.
fn path(blocks: &B256Map<Kept>, from: B256, to: B256) -> (u64, Vec<&Step>) {
    let parent = |hash: B256| blocks.get(&hash).map(|kept| kept.step.header.parent_hash);
    let mut ancestors = B256Set::default();
    let mut next = Some(to);
    while let Some(hash) = next.filter(|hash| blocks.contains_key(hash)) {
        ancestors.insert(hash);
        next = parent(hash);
    }
    let mut back = 0;
    let mut common = from;
    while !ancestors.contains(&common) {
        // Both have the genesis, so this ends there at the latest.
        let Some(before) = parent(common) else { break };
        common = before;
        back += 1;
    }
    let mut again = Vec::new();
    let mut hash = to;
    while hash != common {
        let Some(kept) = blocks.get(&hash) else { break };
        again.push(&kept.step);
        hash = kept.step.header.parent_hash;
    }
    again.reverse();
    (back, again)
}
