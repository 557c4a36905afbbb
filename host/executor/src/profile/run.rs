//! One block, executed in the ways that a profile needs.

use super::{
    count::Counter,
    counts::{Counts, Places},
    timed_evm::{FrameClock, FrameTimes, TimedEvm},
};
use crate::{
    BlockFile, BlockOutcome, EngineReport, Error, Threads, execute::execute_with, run::CheckedFile,
    validity::Mismatch,
};
use alloy_evm::EvmFactory;
use metisvm_jit::Rules;
use metisvm_state::MemoryState;
use metisvm_vm::{ChainSpec, MetisEvmFactory};
use revm::handler::EvmTr;
use std::{cell::Cell, sync::Arc, time::Duration};

/// A block that can be executed.
pub(super) struct Block<'a> {
    file: &'a BlockFile,
    checked: CheckedFile<'a>,
    pub(super) factory: MetisEvmFactory,
}

impl<'a> Block<'a> {
    pub(super) fn new(
        file: &'a BlockFile,
        factory: impl FnOnce(Arc<ChainSpec>) -> MetisEvmFactory,
        threads: &Threads,
    ) -> Result<Self, Error> {
        let checked = CheckedFile::new(file, threads)?;
        let factory = factory(checked.spec().clone());
        Ok(Self {
            file,
            checked,
            factory,
        })
    }

    fn state(&self) -> MemoryState {
        self.file.pre_state.clone()
    }

    /// The rules by which code is compiled for this block.
    pub(super) fn rules(&self) -> Rules {
        let env = self.checked.spec().evm_env(&self.file.block.header);
        let spec = env.cfg_env.spec;
        let mut nothing = MemoryState::default();
        let evm = self.factory.create_evm(&mut nothing, env);
        let (_, instructions, _, _) = evm.all();
        Rules::new(spec, instructions.gas_table())
    }

    /// Counts, and holds what comes out against the header.
    pub(super) fn count(&self, places: &mut Places) -> Result<(Counts, BlockOutcome, Vec<Mismatch>), Error> {
        let (spec, block) = (self.checked.spec(), self.checked.input());
        let env = spec.evm_env(block.header);
        let mut counts = Counts::new(block.transactions.len());
        let transaction = Cell::new(None);
        let counter = Counter {
            spec,
            precompiles: self.factory.precompiles(&env),
            places,
            counts: &mut counts,
            transaction: &transaction,
            frames: Vec::new(),
        };
        let mut state = self.state();
        let evm = self.factory.create_evm_with_inspector(&mut state, env, counter);
        let outcome = execute_with(evm, spec, block, |index| transaction.set(index))?;
        let report = self
            .checked
            .report_in_memory(outcome, state, EngineReport::default());
        Ok((counts, report.outcome, report.mismatches))
    }

    /// What the frames take.
    pub(super) fn time_frames(
        &self,
        factory: &MetisEvmFactory,
        places: &mut Places,
    ) -> Result<FrameTimes, Error> {
        let (spec, block) = (self.checked.spec(), self.checked.input());
        let mut times = FrameTimes::default();
        let mut state = self.state();
        let evm = factory.create_evm(&mut state, spec.evm_env(block.header));
        let timed = TimedEvm::new(evm, FrameClock::new(spec, places, &mut times));
        execute_with(timed, spec, block, |_| ())?;
        Ok(times)
    }

    /// What the whole block takes, without any clock inside.
    pub(super) fn time(&self, factory: &MetisEvmFactory) -> Result<Duration, Error> {
        let (spec, block) = (self.checked.spec(), self.checked.input());
        let mut state = self.state();
        let evm = factory.create_evm(&mut state, spec.evm_env(block.header));
        Ok(execute_with(evm, spec, block, |_| ())?.execute_time)
    }
}

/// Keeps the times of a pass if it was quicker than the ones before: the least disturbed.
pub(super) fn keep_least(least: &mut Option<FrameTimes>, times: FrameTimes) {
    if least.as_ref().is_none_or(|least| times.sum() < least.sum()) {
        *least = Some(times);
    }
}
