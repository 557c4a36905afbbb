//! Blocks that go on from a chain on disk.

use super::report::Ran;
use super::{Runner, bundled};
use crate::datadir::{Chain, DataDir};
use crate::engine::DispatcherEngine;
use crate::error::CliError;
use crate::hashing::{HashingReport, Mark};
use crate::jit::JitReport;
use crate::output::{self, thousands};
use alloy_consensus::Header;
use metisvm_executor::{BlockFile, BlockReport, CheckedFile, run_block_file_with};
use metisvm_state::CacheStatistics;
use metisvm_state::store::Head;
use metisvm_vm::ChainSpec;
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What a run over a chain adds to that of a block.
pub(super) struct OnChain {
    /// Whether the block was written: where it is what its header says.
    pub(super) committed: bool,
    /// The time that this took, syncs of the disk included.
    pub(super) commit_time: Duration,
    /// What the state cache did for this block. Nothing for the first one, whose state is in its file.
    pub(super) cache: CacheStatistics,
    /// What hashed its trie, where that was not the processor by choice.
    pub(super) hashing: Option<HashingReport>,
}

/// Takes the last blocks back.
pub(in crate::commands) fn unwind(datadir: &DataDir, blocks: u64, as_json: bool) -> Result<(), CliError> {
    let chain = chain_of(datadir)?;
    datadir.header_before(chain, blocks)?;
    let head = chain
        .state
        .unwind(blocks)
        .map_err(|error| datadir.failed(error))?;
    show_unwound(blocks, &head, as_json)
}

fn chain_of(datadir: &DataDir) -> Result<&Chain, CliError> {
    let problem = "there is no chain in it, so no block can be taken back";
    datadir
        .chain()
        .ok_or_else(|| CliError::file(datadir.folder(), problem))
}

fn show_unwound(blocks: u64, head: &Head, as_json: bool) -> Result<(), CliError> {
    if as_json {
        return output::json(&json!({
            "unwound": blocks,
            "head": head.number,
            "head_hash": head.hash.to_string(),
            "state_root": head.state_root.to_string(),
        }));
    }
    let mut table = output::table(&["taken back", &thousands(blocks)]);
    table.add_row(["last block", &head.number.to_string()]);
    output::line(&table.to_string())?;
    output::hash("its hash", &head.hash)?;
    output::hash("state root", &head.state_root)
}

impl Runner<'_> {
    /// Whether a block can follow once so many are taken back. Nothing is taken back by this.
    pub(super) fn check_after_unwinding(
        &self,
        datadir: &DataDir,
        blocks: u64,
        block: &BlockFile,
    ) -> Result<(), CliError> {
        let chain = chain_of(datadir)?;
        let last = datadir.header_before(chain, blocks)?;
        self.check(datadir, chain, &last, blocks, block).map(|_| ())
    }

    /// A block as the one after `last`, with which the chain ends once `back` blocks are taken back.
    fn check<'b>(
        &self,
        datadir: &DataDir,
        chain: &Chain,
        last: &Header,
        back: u64,
        block: &'b BlockFile,
    ) -> Result<CheckedFile<'b>, CliError> {
        datadir.check_next(chain, last, back, block)?;
        check_spec(datadir, chain, block)?;
        let (spec, threads) = (chain.spec.clone(), self.blocks.threads());
        Ok(CheckedFile::over_chain(block, last, spec, threads)?)
    }

    /// Executes a block as the next one of the chain and writes it where it is what its header says.
    pub(super) fn next_block(
        &mut self,
        datadir: &mut DataDir,
        block: &BlockFile,
        file: Option<&Path>,
    ) -> Result<Ran, CliError> {
        let place = self.composition(&self.args.engine);
        let composed = &self.compositions[place].1;
        let before = composed.mark();
        let inference = Arc::new(DispatcherEngine::new(composed.dispatcher.clone()));
        let counted = self.jit_counters();
        let begins = datadir.chain().is_none();
        let (report, on_chain) = match datadir.chain() {
            Some(chain) => self.follow(datadir, chain, block, &inference)?,
            None => self.begin(datadir, block, &inference)?,
        };
        let native = JitReport::since(self.jit.as_ref(), &counted);
        if begins && self.args.jit.cache.is_none() {
            self.open_jit(Some(datadir))?;
        }
        let composed = &mut self.compositions[place].1;
        let mut ran = Ran::new(report, &inference, composed, &before, native);
        if file.is_none() {
            ran.accuracy = bundled::accuracy(&ran.block.outcome);
        }
        ran.on_chain = Some(on_chain);
        Ok(ran)
    }

    fn follow(
        &self,
        datadir: &DataDir,
        chain: &Chain,
        block: &BlockFile,
        inference: &Arc<DispatcherEngine>,
    ) -> Result<(BlockReport<()>, OnChain), CliError> {
        let threads = self.blocks.threads();
        let last = datadir.header_before(chain, 0)?;
        let checked = self.check(datadir, chain, &last, 0, block)?;
        let factory = self.factory(chain.spec.clone(), inference);
        let failed = |error| datadir.failed(error);

        let before = chain.state.cache().statistics();
        let view = chain.state.view().map_err(failed)?;
        let executed = self.blocks.execute(&factory, checked.input(), &view);
        drop(view);
        let executed = match executed {
            Ok(executed) => executed,
            // What is wrong may be what this node has kept, and not the block.
            Err(error) => {
                let senders = checked
                    .input()
                    .transactions
                    .iter()
                    .map(|transaction| transaction.signer());
                datadir.check_accounts(chain, senders)?;
                return Err(error.into());
            }
        };
        let cache = chain.state.cache().statistics().since(&before);

        let hashed_before = self.hashing.mark(chain.state.recomputed_roots());
        let started = Instant::now();
        let next = threads
            .within(|| chain.state.next_for(&block.block.header, &executed.changes))
            .map_err(failed)?;
        let root_time = started.elapsed();
        let root = next.state_root();
        let mut report = checked.report(executed.outcome, (), executed.report, |()| Some(root));
        report.roots_time += root_time;

        let started = Instant::now();
        let committed = report.matches_header();
        if !committed {
            datadir.check_accounts(chain, executed.changes.accounts.keys().copied())?;
        } else {
            let receipts = &report.outcome.receipts;
            chain
                .state
                .commit_next(&block.block.header, receipts, &next)
                .map_err(failed)?;
        }
        let on_chain = OnChain {
            committed,
            commit_time: started.elapsed(),
            cache,
            hashing: self.hashed_since(&hashed_before, chain),
        };
        Ok((report, on_chain))
    }

    fn hashed_since(&self, before: &Mark, chain: &Chain) -> Option<HashingReport> {
        let report = self.hashing.report(before, chain.state.recomputed_roots())?;
        for error in &report.errors {
            output::complain(&format!(
                "note: the card that hashes the trie: {error}; the processor hashed instead"
            ));
        }
        Some(report)
    }

    /// The first block, over the state in its file.
    fn begin(
        &self,
        datadir: &mut DataDir,
        block: &BlockFile,
        inference: &Arc<DispatcherEngine>,
    ) -> Result<(BlockReport<()>, OnChain), CliError> {
        if !block.pre_state_complete {
            let problem = "there is no chain in it yet, and a chain begins with a block whose file holds the whole \
                           state before it (preStateComplete); this file holds at most what the block reads. Give \
                           such a file first, or run this one without --datadir";
            return Err(CliError::file(datadir.folder(), problem));
        }
        let spec = Arc::new(block.chain_spec.clone().unwrap_or_else(ChainSpec::mainnet));
        let report = run_block_file_with(block, |spec| self.factory(spec, inference), &self.blocks)?;
        let (report, state) = report.split();
        let hashed_before = self.hashing.mark(0);
        let started = Instant::now();
        let committed = report.matches_header();
        if committed {
            datadir.begin(spec, &block.block.header, &report.outcome.receipts, &state)?;
        }
        let on_chain = OnChain {
            committed,
            commit_time: started.elapsed(),
            cache: CacheStatistics::default(),
            hashing: datadir
                .chain()
                .and_then(|chain| self.hashed_since(&hashed_before, chain)),
        };
        Ok((report, on_chain))
    }
}

/// A file may name the rules, and they have to be the chain's.
fn check_spec(datadir: &DataDir, chain: &Chain, block: &BlockFile) -> Result<(), CliError> {
    let Some(spec) = block.chain_spec.as_ref().filter(|spec| **spec != *chain.spec) else {
        return Ok(());
    };
    let (given, followed) = (&spec.name, &chain.spec.name);
    let problem = if given == followed {
        format!(
            "the file's chain spec {given} is not the chain's of the same name; they differ in what they say"
        )
    } else {
        format!("the chain follows the chain spec {followed}, and the file names {given}")
    };
    let advice = "a chain keeps its rules; use another --datadir for another chain";
    Err(CliError::file(datadir.folder(), format!("{problem}: {advice}")))
}
