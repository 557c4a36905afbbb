use super::Case;
use crate::Failure;
use alloy_evm::{Evm, EvmFactory};
use metisvm_executor::{Remembering, remember_hashes};
use metisvm_jit::Jit;
use metisvm_state::MemoryState;
use metisvm_vm::{MetisEvm, MetisEvmFactory};
use revm::{
    context::TxEnv,
    context_interface::result::{HaltReason, ResultAndState},
    database::CacheDB,
};
use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

/// An EVM over the state of a case that executes its transaction again and again. What the first run reads stays in
/// revm's `CacheDB`, and hashes of short inputs are remembered as in the block engine.
pub struct Runner<'c> {
    evm: MetisEvm<Remembering<CacheDB<&'c MemoryState>>>,
    transaction: &'c TxEnv,
}

impl fmt::Debug for Runner<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runner")
            .field("evm", &self.evm)
            .finish_non_exhaustive()
    }
}

impl<'c> Runner<'c> {
    /// One that interprets.
    pub fn interpreting(case: &'c Case) -> Self {
        Self::new(case, &case.factory())
    }

    /// One with this compiler.
    pub fn native(case: &'c Case, jit: &Arc<Jit>) -> Self {
        Self::new(case, &case.factory().with_jit(Some(jit.clone())))
    }

    fn new(case: &'c Case, factory: &MetisEvmFactory) -> Self {
        let state = Remembering::new(CacheDB::new(&case.state));
        let mut evm = factory.create_evm(state, case.env.clone());
        remember_hashes(&mut evm);
        Self {
            evm,
            transaction: &case.transaction,
        }
    }

    /// Executes the transaction. Interpreted and native runs are compiled once, here.
    #[inline(never)]
    pub fn run(&mut self) -> Result<ResultAndState<HaltReason>, Failure> {
        Ok(self.evm.transact_raw(self.transaction.clone())?)
    }

    /// The mean time of so many runs.
    pub fn time(&mut self, runs: u32) -> Result<Duration, Failure> {
        let started = Instant::now();
        for _ in 0..runs {
            self.run()?;
        }
        Ok(started.elapsed() / runs.max(1))
    }
}
