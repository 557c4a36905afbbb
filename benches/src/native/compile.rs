//! The compiler as a benchmark has it: before the clock starts, it has done all it wants to.

use super::Case;
use crate::Failure;
use metisvm_jit::{Compiled, Counters, Jit, JitOptions};
use metisvm_vm::native_rules;
use revm::{bytecode::Bytecode, primitives::B256, state::EvmState};
use std::{collections::BTreeMap, sync::Arc};

/// What is compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// Whatever is executed, as after many executions of the same transaction.
    Everything,
    /// What is hot by the options that commands have.
    Hot,
}

/// A region is found when the one before it is compiled, so that a chain of them takes as many times what makes one hot.
/// After so many rounds what is still cold stays so.
const ROUNDS: usize = 1000;

/// A compiler with nothing in it that keeps nothing on disk.
pub fn fresh(policy: Policy) -> Result<Arc<Jit>, Failure> {
    let default = JitOptions::default();
    let (hot, hot_region) = match policy {
        Policy::Everything => (1, 1),
        Policy::Hot => (default.hot, default.hot_region),
    };
    Ok(Jit::new(JitOptions {
        hot,
        hot_region,
        ..default
    })?)
}

/// Does the work until nothing more is compiled for it, or a thousand times.
pub fn settle(jit: &Jit, mut work: impl FnMut() -> Result<(), Failure>) -> Result<(), Failure> {
    // So many rounds make a contract hot, and then a region.
    let patience = jit.options().hot + jit.options().hot_region;
    let made = |counters: Counters| {
        let Counters {
            compiled_regions,
            declined,
            dropped_requests,
            ..
        } = counters;
        [compiled_regions, declined, dropped_requests]
    };
    let mut quiet = 0;
    let mut before = made(jit.counters());
    for _ in 0..ROUNDS {
        work()?;
        jit.settle();
        let after = made(jit.counters());
        quiet = if after == before { quiet + 1 } else { 0 };
        if quiet >= patience {
            return Ok(());
        }
        before = after;
    }
    Ok(())
}

/// The code that a transaction has loaded, by its hash, from the state that it leaves. The beneficiary may be a contract,
/// which nobody called; and what the transaction has created was not there before.
pub fn codes(case: &Case, state: EvmState) -> BTreeMap<B256, Bytecode> {
    let codes = state.into_iter().filter_map(|(address, account)| {
        if address == case.env.block_env.beneficiary || account.is_created() {
            return None;
        }
        let code = account.info.code?;
        (!code.is_empty()).then_some((account.info.code_hash, code))
    });
    codes.collect()
}

/// Compiles all of every contract that a case loads, ahead of time.
pub fn whole(case: &Case, codes: &BTreeMap<B256, Bytecode>) -> Result<Compiled, Failure> {
    let jit = fresh(Policy::Everything)?;
    let rules = native_rules(case.env.cfg_env.spec);
    let mut all = Compiled::default();
    for (hash, code) in codes {
        let one = jit.compile(*hash, code, &rules)?;
        all.bytecode_bytes += one.bytecode_bytes;
        all.regions += one.regions;
        all.compiled_regions += one.compiled_regions;
        all.declined_regions += one.declined_regions;
        all.code_bytes += one.code_bytes;
        all.compile_time += one.compile_time;
    }
    Ok(all)
}
