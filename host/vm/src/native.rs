//! Frames in native code.

use alloy_evm::eth::EthEvmContext;
use metisvm_jit::{Jit, JitMode, Native, Rules};
use revm::{
    Database,
    context::FrameStack,
    handler::{EthFrame, FrameInitOrResult, evm::ContextDbError, instructions::EthInstructions},
    interpreter::{instructions::gas_table_spec, interpreter::EthInterpreter},
    primitives::hardfork::SpecId,
};
use std::sync::Arc;

/// What native code of a fork depends on. The instructions of all chains are Ethereum's, so the fork says everything.
pub fn native_rules(fork: SpecId) -> Rules {
    Rules::new(fork, &gas_table_spec(fork))
}

/// What one EVM runs its frames with.
#[derive(Debug)]
pub(crate) struct NativeFrames {
    jit: Arc<Jit>,
    fork: SpecId,
    /// Made for the first frame: many EVMs have none, and rules are hashed for it.
    native: Option<Native>,
}

impl NativeFrames {
    /// For an EVM of this fork; none where everything is interpreted.
    pub(crate) fn new(jit: &Arc<Jit>, fork: SpecId) -> Option<Self> {
        let compiles = Jit::is_supported() && jit.options().mode != JitMode::Off;
        compiles.then(|| Self {
            jit: jit.clone(),
            fork,
            native: None,
        })
    }

    /// Runs the frame at the top of the stack: what `Evm::frame_run` of revm does, in native code as far as there is
    /// some. The table may hold other functions than revm's for an instruction, but not another price.
    pub(crate) fn run<DB: Database>(
        &mut self,
        context: &mut EthEvmContext<DB>,
        instructions: &EthInstructions<EthInterpreter, EthEvmContext<DB>>,
        frames: &mut FrameStack<EthFrame>,
    ) -> Result<FrameInitOrResult<EthFrame>, ContextDbError<EthEvmContext<DB>>> {
        debug_assert_eq!(context.cfg.spec, self.fork, "native code is of one fork");
        debug_assert_eq!(
            *instructions.gas_table(),
            gas_table_spec(self.fork),
            "native code has the static gas of its fork"
        );
        let frame = frames.get();
        let (jit, fork) = (&self.jit, self.fork);
        let native = self.native.get_or_insert_with(|| jit.native(native_rules(fork)));
        let action = native.run(
            &mut frame.interpreter,
            instructions.instruction_table(),
            instructions.gas_table(),
            context,
        );
        frame.process_next_action(context, action).inspect(|next| {
            if next.is_result() {
                frame.set_finished(true);
            }
        })
    }
}
