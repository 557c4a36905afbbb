//! revm's EVM with the rule that revm does not have.

use crate::{MetisPrecompiles, creation::collision_with_storage, native::NativeFrames};
use alloy_evm::{Evm, EvmEnv, eth::EthEvmContext};
use alloy_primitives::{Address, Bytes};
use core::{
    fmt,
    ops::{Deref, DerefMut},
};
use revm::{
    Database, ExecuteEvm, Inspector,
    context::{BlockEnv, CfgEnv, ContextSetters, Evm as RevmEvm, FrameStack, TxEnv},
    context_interface::result::{EVMError, ExecResultAndState, ExecutionResult, HaltReason, ResultAndState},
    handler::{
        EthFrame, EvmTr, FrameInitOrResult, FrameResult, FrameTr, Handler, ItemOrResult, MainnetHandler,
        evm::{ContextDbError, FrameInitResult},
        instructions::EthInstructions,
        system_call::SystemCallTx,
    },
    inspector::{InspectorEvmTr, InspectorHandler, NoOpInspector},
    interpreter::{FrameInput, interpreter::EthInterpreter, interpreter_action::FrameInit},
    primitives::hardfork::SpecId,
};

/// The gas of a call by the protocol before Amsterdam (EIP-2935, EIP-4788, EIP-7002, EIP-7251).
const SYSTEM_CALL_GAS: u64 = 30_000_000;

type Instructions<DB> = EthInstructions<EthInterpreter, EthEvmContext<DB>>;
type Inner<DB, I> = RevmEvm<EthEvmContext<DB>, I, Instructions<DB>, MetisPrecompiles, EthFrame>;

/// The EVM of a block: revm's, with our precompiles and with EIP-7610.
///
/// Its parts are those of revm's EVM, which it gives as a reference. Transactions are to be executed through
/// the methods of [`Evm`], or by a handler over this type: the methods of revm's `ExecuteEvm` that execute
/// something are those of the EVM within, without the rule.
pub struct MetisEvm<DB: Database, I = NoOpInspector> {
    inner: Inner<DB, I>,
    inspect: bool,
    /// None where everything is interpreted.
    native: Option<NativeFrames>,
}

impl<DB: Database, I> fmt::Debug for MetisEvm<DB, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MetisEvm")
            .field("spec", &self.inner.ctx.cfg.spec)
            .field("inspect", &self.inspect)
            .finish_non_exhaustive()
    }
}

impl<DB: Database, I> MetisEvm<DB, I> {
    pub(crate) const fn new(inner: Inner<DB, I>, inspect: bool, native: Option<NativeFrames>) -> Self {
        Self {
            inner,
            inspect,
            native,
        }
    }

    /// The context: block, transaction, configuration, journal.
    pub const fn ctx_mut(&mut self) -> &mut EthEvmContext<DB> {
        &mut self.inner.ctx
    }

    /// What is left of an execution: its outcome with the state that the journal has, which is empty then.
    fn finished(
        &mut self,
        result: Result<ExecutionResult, EVMError<DB::Error>>,
    ) -> Result<ResultAndState<HaltReason>, EVMError<DB::Error>> {
        // After an error, too, nothing may stay in the journal.
        let state = self.inner.finalize();
        Ok(ExecResultAndState::new(result?, state))
    }
}

impl<DB: Database, I> Deref for MetisEvm<DB, I> {
    type Target = Inner<DB, I>;

    #[inline]
    fn deref(&self) -> &Self::Target {
        &self.inner
    }
}

impl<DB: Database, I> DerefMut for MetisEvm<DB, I> {
    #[inline]
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.inner
    }
}

impl<DB: Database, I> EvmTr for MetisEvm<DB, I> {
    type Context = EthEvmContext<DB>;
    type Instructions = Instructions<DB>;
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
        self.inner.all()
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
        self.inner.all_mut()
    }

    // A frame is several hundred bytes: one more function around it costs a CALL another copy.
    #[inline(always)]
    fn frame_init(
        &mut self,
        frame: FrameInit,
    ) -> Result<FrameInitResult<'_, Self::Frame>, ContextDbError<Self::Context>> {
        if let FrameInput::Create(inputs) = &frame.frame_input
            && let Some(failed) = collision_with_storage(&mut self.inner.ctx, inputs, frame.depth)?
        {
            return Ok(ItemOrResult::Result(failed));
        }
        self.inner.frame_init(frame)
    }

    #[inline(always)]
    fn frame_run(&mut self) -> Result<FrameInitOrResult<Self::Frame>, ContextDbError<Self::Context>> {
        match &mut self.native {
            // An inspector sees every instruction, so what it may look at is interpreted.
            Some(native) if !self.inspect => {
                let inner = &mut self.inner;
                native.run(&mut inner.ctx, &inner.instruction, &mut inner.frame_stack)
            }
            _ => self.inner.frame_run(),
        }
    }

    #[inline(always)]
    fn frame_return_result(
        &mut self,
        result: <Self::Frame as FrameTr>::FrameResult,
    ) -> Result<Option<FrameResult>, ContextDbError<Self::Context>> {
        self.inner.frame_return_result(result)
    }
}

impl<DB: Database, I: Inspector<EthEvmContext<DB>>> InspectorEvmTr for MetisEvm<DB, I> {
    type Inspector = I;

    #[inline]
    fn all_inspector(
        &self,
    ) -> (
        &Self::Context,
        &Self::Instructions,
        &Self::Precompiles,
        &FrameStack<Self::Frame>,
        &Self::Inspector,
    ) {
        self.inner.all_inspector()
    }

    #[inline]
    fn all_mut_inspector(
        &mut self,
    ) -> (
        &mut Self::Context,
        &mut Self::Instructions,
        &mut Self::Precompiles,
        &mut FrameStack<Self::Frame>,
        &mut Self::Inspector,
    ) {
        self.inner.all_mut_inspector()
    }
}

impl<DB: alloy_evm::Database, I: Inspector<EthEvmContext<DB>>> Evm for MetisEvm<DB, I> {
    type DB = DB;
    type Tx = TxEnv;
    type Error = EVMError<DB::Error>;
    type HaltReason = HaltReason;
    type Spec = SpecId;
    type BlockEnv = BlockEnv;
    type Precompiles = MetisPrecompiles;
    type Inspector = I;

    fn block(&self) -> &BlockEnv {
        &self.inner.ctx.block
    }

    fn cfg_env(&self) -> &CfgEnv<SpecId> {
        &self.inner.ctx.cfg
    }

    fn chain_id(&self) -> u64 {
        self.inner.ctx.cfg.chain_id
    }

    fn transact_raw(&mut self, tx: TxEnv) -> Result<ResultAndState<HaltReason>, Self::Error> {
        self.inner.ctx.set_tx(tx);
        let result = if self.inspect {
            MainnetHandler::default().inspect_run(self)
        } else {
            MainnetHandler::default().run(self)
        };
        self.finished(result)
    }

    fn transact_system_call(
        &mut self,
        caller: Address,
        contract: Address,
        data: Bytes,
    ) -> Result<ResultAndState<HaltReason>, Self::Error> {
        let mut call = TxEnv::new_system_tx_with_caller(caller, contract, data);
        if !self.inner.ctx.cfg.spec.is_enabled_in(SpecId::AMSTERDAM) {
            // revm gives the gas for new state (EIP-8037) on every fork.
            call.gas_limit = SYSTEM_CALL_GAS;
        }
        self.inner.ctx.set_tx(call);
        let result = MainnetHandler::default().run_system_call(self);
        self.finished(result)
    }

    fn finish(self) -> (DB, EvmEnv) {
        let context = self.inner.ctx;
        let env = EvmEnv {
            block_env: context.block,
            cfg_env: context.cfg,
        };
        (context.journaled_state.database, env)
    }

    fn set_inspector_enabled(&mut self, enabled: bool) {
        self.inspect = enabled;
    }

    fn components(&self) -> (&DB, &I, &MetisPrecompiles) {
        let inner = &self.inner;
        (
            &inner.ctx.journaled_state.database,
            &inner.inspector,
            &inner.precompiles,
        )
    }

    fn components_mut(&mut self) -> (&mut DB, &mut I, &mut MetisPrecompiles) {
        let inner = &mut self.inner;
        (
            &mut inner.ctx.journaled_state.database,
            &mut inner.inspector,
            &mut inner.precompiles,
        )
    }
}
