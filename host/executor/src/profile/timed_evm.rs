//! An EVM with a clock at the boundaries of frames. No inspector runs, so its frames are interpreted, or run in native
//! code, as those of any block.

use super::{
    code::of_frame,
    counts::{Entered, Places, at},
};
use alloy_evm::{Database, Evm, EvmEnv, eth::EthEvmContext};
use alloy_primitives::{Address, Bytes};
use metisvm_vm::{ChainSpec, MetisEvm, MetisPrecompiles};
use revm::{
    ExecuteEvm,
    context::{BlockEnv, CfgEnv, ContextSetters, FrameStack, TxEnv},
    context_interface::result::{EVMError, ExecResultAndState, HaltReason, ResultAndState},
    handler::{
        EthFrame, EvmTr, FrameInitOrResult, FrameResult, FrameTr, Handler, ItemOrResult, MainnetHandler,
        evm::{ContextDbError, FrameInitResult},
    },
    inspector::NoOpInspector,
    interpreter::interpreter_action::FrameInit,
    primitives::hardfork::SpecId,
};
use std::time::{Duration, Instant};

/// The times of frames, each without the frames that it called.
#[derive(Debug, Clone, Default)]
pub(super) struct FrameTimes {
    /// By the numbers of nodes.
    pub(super) nodes: Vec<Duration>,
    /// By the numbers of codes.
    pub(super) codes: Vec<Duration>,
}

impl FrameTimes {
    /// That of all frames.
    pub(super) fn sum(&self) -> Duration {
        self.codes.iter().sum()
    }

    pub(super) fn add(&mut self, other: &Self) {
        for (mine, other) in [(&mut self.nodes, &other.nodes), (&mut self.codes, &other.codes)] {
            for (place, time) in other.iter().enumerate() {
                *at(mine, place) += *time;
            }
        }
    }
}

/// Where the clock of a block's frames counts. Looking that up is in nobody's time.
pub(super) struct FrameClock<'a> {
    pub(super) spec: &'a ChainSpec,
    pub(super) places: &'a mut Places,
    pub(super) times: &'a mut FrameTimes,
    /// The frames that are being executed.
    frames: Vec<Entered>,
}

impl<'a> FrameClock<'a> {
    pub(super) fn new(spec: &'a ChainSpec, places: &'a mut Places, times: &'a mut FrameTimes) -> Self {
        Self {
            spec,
            places,
            times,
            frames: Vec::new(),
        }
    }

    /// Counts for the innermost frame; after the last frame of a transaction for none.
    fn count(&mut self, time: Duration) {
        let Some(frame) = self.frames.last() else { return };
        *at(&mut self.times.codes, frame.code) += time;
        *at(&mut self.times.nodes, frame.node as usize) += time;
    }
}

/// The EVM.
pub(super) struct TimedEvm<'a, DB: Database> {
    evm: MetisEvm<DB>,
    clock: FrameClock<'a>,
}

impl<'a, DB: Database> TimedEvm<'a, DB> {
    pub(super) fn new(evm: MetisEvm<DB>, clock: FrameClock<'a>) -> Self {
        Self { evm, clock }
    }
}

impl<DB: Database> EvmTr for TimedEvm<'_, DB> {
    type Context = EthEvmContext<DB>;
    type Instructions = <MetisEvm<DB> as EvmTr>::Instructions;
    type Precompiles = MetisPrecompiles;
    type Frame = EthFrame;

    #[inline]
    fn all(
        &self,
    ) -> (
        &Self::Context,
        &Self::Instructions,
        &Self::Precompiles,
        &FrameStack<Self::Frame>,
    ) {
        self.evm.all()
    }

    #[inline]
    fn all_mut(
        &mut self,
    ) -> (
        &mut Self::Context,
        &mut Self::Instructions,
        &mut Self::Precompiles,
        &mut FrameStack<Self::Frame>,
    ) {
        self.evm.all_mut()
    }

    /// What begins a frame, and all of a precompile, counts for the frame that begins.
    fn frame_init(
        &mut self,
        frame: FrameInit,
    ) -> Result<FrameInitResult<'_, Self::Frame>, ContextDbError<Self::Context>> {
        let clock = &mut self.clock;
        let (call, bytecode) = of_frame(&frame.frame_input, &self.evm.ctx, &self.evm.precompiles);
        let parent = clock.frames.last().map(|frame| frame.node);
        let entered = clock.places.enter(clock.spec, parent, call, bytecode);
        clock.frames.push(entered);
        let started = Instant::now();
        let begun = self.evm.frame_init(frame);
        clock.count(started.elapsed());
        if matches!(begun, Ok(ItemOrResult::Result(_))) {
            clock.frames.pop();
        }
        begun
    }

    fn frame_run(&mut self) -> Result<FrameInitOrResult<Self::Frame>, ContextDbError<Self::Context>> {
        let started = Instant::now();
        let ran = self.evm.frame_run();
        self.clock.count(started.elapsed());
        if matches!(ran, Ok(ItemOrResult::Result(_))) {
            self.clock.frames.pop();
        }
        ran
    }

    /// What goes back into a frame counts for that frame.
    fn frame_return_result(
        &mut self,
        result: <Self::Frame as FrameTr>::FrameResult,
    ) -> Result<Option<FrameResult>, ContextDbError<Self::Context>> {
        let started = Instant::now();
        let returned = self.evm.frame_return_result(result);
        self.clock.count(started.elapsed());
        returned
    }
}

impl<DB: Database> Evm for TimedEvm<'_, DB> {
    type DB = DB;
    type Tx = TxEnv;
    type Error = EVMError<DB::Error>;
    type HaltReason = HaltReason;
    type Spec = SpecId;
    type BlockEnv = BlockEnv;
    type Precompiles = MetisPrecompiles;
    type Inspector = NoOpInspector;

    fn block(&self) -> &BlockEnv {
        self.evm.block()
    }

    fn cfg_env(&self) -> &CfgEnv<SpecId> {
        self.evm.cfg_env()
    }

    fn chain_id(&self) -> u64 {
        self.evm.chain_id()
    }

    fn transact_raw(&mut self, tx: TxEnv) -> Result<ResultAndState<HaltReason>, Self::Error> {
        self.clock.frames.clear();
        self.evm.ctx_mut().set_tx(tx);
        let result: Result<_, EVMError<DB::Error>> = MainnetHandler::default().run(self);
        // After an error, too, nothing may stay in the journal.
        let state = self.evm.finalize();
        Ok(ExecResultAndState::new(result?, state))
    }

    /// The protocol's calls are executed as always, and not timed.
    fn transact_system_call(
        &mut self,
        caller: Address,
        contract: Address,
        data: Bytes,
    ) -> Result<ResultAndState<HaltReason>, Self::Error> {
        self.evm.transact_system_call(caller, contract, data)
    }

    fn finish(self) -> (DB, EvmEnv) {
        self.evm.finish()
    }

    fn set_inspector_enabled(&mut self, enabled: bool) {
        self.evm.set_inspector_enabled(enabled);
    }

    fn components(&self) -> (&DB, &NoOpInspector, &MetisPrecompiles) {
        self.evm.components()
    }

    fn components_mut(&mut self) -> (&mut DB, &mut NoOpInspector, &mut MetisPrecompiles) {
        self.evm.components_mut()
    }
}
