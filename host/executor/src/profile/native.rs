//! What compiling the hottest contracts gains.

use super::{
    Code, Profiler,
    run::{Block, keep_least},
    timed_evm::FrameTimes,
};
use crate::{BlockFile, Error, Threads};
use alloy_primitives::{Address, B256};
use metisvm_jit::{Compiled, Jit, JitError, JitMode, JitOptions};
use metisvm_vm::{ChainSpec, MetisEvmFactory};
use std::{sync::Arc, time::Duration};

/// Takes the blocks of a profile a second time, without native code and with that of its hottest contracts.
#[derive(Debug)]
pub struct NativeProfiler<'p> {
    profiler: &'p mut Profiler,
    jit: Arc<Jit>,
    compiled: Vec<CompiledCode>,
    interpreted: FrameTimes,
    native: FrameTimes,
    interpreted_blocks: Duration,
    native_blocks: Duration,
}

/// What the compiler made of a contract, for all the rules under which it was executed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompiledCode {
    /// The hash of its bytecode.
    pub code: B256,
    /// The first account at which it was executed.
    pub address: Address,
    /// The work of the compiler.
    pub compiled: Compiled,
}

/// What compiling a contract gains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NativeGain {
    /// The contract.
    pub contract: CompiledCode,
    /// The time of its frames without native code, without that of the frames that they called.
    pub interpreted: Duration,
    /// The same with native code. Where nothing of the contract was compiled, it was interpreted here as well.
    pub native: Duration,
}

/// What compiling gains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NativeReport {
    /// By contracts, those that used most gas first.
    pub contracts: Vec<NativeGain>,
    /// The time of the whole blocks without native code.
    pub interpreted_blocks: Duration,
    /// The same with it.
    pub native_blocks: Duration,
}

impl<'p> NativeProfiler<'p> {
    /// Compiles the contracts that used most gas in the blocks of `profiler`, so many at most. An error says why there
    /// is no native code on this machine.
    pub fn new(profiler: &'p mut Profiler, contracts: usize) -> Result<Self, JitError> {
        if !Jit::is_supported() {
            return Err(JitError::Unsupported);
        }
        let jit = Jit::new(JitOptions {
            mode: JitMode::On,
            // Nothing else becomes hot, so that what is timed is what is reported.
            hot: u32::MAX,
            folder: None,
            ..JitOptions::default()
        })?;
        let mut compiled = Vec::new();
        for (number, code, known) in profiler.hottest(contracts) {
            let Some(bytecode) = &known.bytecode else { continue };
            let mut sum = Compiled::default();
            for rules in profiler.rules.get(&number).into_iter().flatten() {
                let one = jit.compile(code, bytecode, rules)?;
                sum.bytecode_bytes = one.bytecode_bytes;
                sum.regions += one.regions;
                sum.compiled_regions += one.compiled_regions;
                sum.declined_regions += one.declined_regions;
                sum.code_bytes += one.code_bytes;
                sum.compile_time += one.compile_time;
            }
            let address = known.address;
            compiled.push(CompiledCode {
                code,
                address,
                compiled: sum,
            });
        }
        jit.settle();
        Ok(Self {
            profiler,
            jit,
            compiled,
            interpreted: FrameTimes::default(),
            native: FrameTimes::default(),
            interpreted_blocks: Duration::ZERO,
            native_blocks: Duration::ZERO,
        })
    }

    /// What was compiled.
    pub fn compiled(&self) -> &[CompiledCode] {
        &self.compiled
    }

    /// Times a block in both ways in turns, so that what disturbs the machine disturbs both. `factory` is to make the
    /// same EVM as it made for [`Profiler::add`]. After an error nothing of the block counts.
    pub fn add(
        &mut self,
        file: &BlockFile,
        factory: impl FnOnce(Arc<ChainSpec>) -> MetisEvmFactory,
        threads: &Threads,
    ) -> Result<(), Error> {
        let block = Block::new(file, factory, threads)?;
        let with_native = with_jit(&block.factory, &self.jit);
        let places = &mut self.profiler.places;
        let (mut interpreted, mut native) = (None, None);
        let (mut interpreted_block, mut native_block) = (Duration::MAX, Duration::MAX);
        for _ in 0..self.profiler.samples {
            keep_least(&mut interpreted, block.time_frames(&block.factory, places)?);
            keep_least(&mut native, block.time_frames(&with_native, places)?);
            interpreted_block = interpreted_block.min(block.time(&block.factory)?);
            native_block = native_block.min(block.time(&with_native)?);
        }
        self.interpreted.add(&interpreted.unwrap_or_default());
        self.native.add(&native.unwrap_or_default());
        self.interpreted_blocks += interpreted_block;
        self.native_blocks += native_block;
        Ok(())
    }

    /// What all blocks together came to.
    pub fn finish(self) -> NativeReport {
        let time = |times: &FrameTimes, code: B256| {
            let number = self.profiler.places.number(&Code::Contract(code));
            let time = number.and_then(|number| times.codes.get(number));
            time.copied().unwrap_or_default()
        };
        let contracts = self.compiled.iter().map(|contract| NativeGain {
            contract: *contract,
            interpreted: time(&self.interpreted, contract.code),
            native: time(&self.native, contract.code),
        });
        NativeReport {
            contracts: contracts.collect(),
            interpreted_blocks: self.interpreted_blocks,
            native_blocks: self.native_blocks,
        }
    }
}

/// The same EVM with native code.
fn with_jit(factory: &MetisEvmFactory, jit: &Arc<Jit>) -> MetisEvmFactory {
    factory.clone().with_jit(Some(jit.clone()))
}
