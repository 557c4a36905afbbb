//! The KECCAK256 instruction with a memory for short inputs.

use super::hashes::LONGEST;
use alloy_evm::eth::EthEvmContext;
use alloy_primitives::B256;
use revm::{
    Database,
    bytecode::opcode,
    context_interface::{Cfg, ContextTr},
    handler::instructions::EthInstructions,
    interpreter::{
        Instruction, InstructionContext, InstructionResult, instructions::system, interpreter::EthInterpreter,
    },
};

/// A state that comes with remembered hashes.
pub(super) trait Hashing {
    /// Keccak-256 of what a contract hashes.
    fn keccak256(&mut self, input: &[u8]) -> B256;
}

type Step<'a, DB> = InstructionContext<'a, EthEvmContext<DB>, EthInterpreter>;

/// Replaces the instruction.
pub(super) fn remember<DB: Database + Hashing>(
    instructions: &mut EthInstructions<EthInterpreter, EthEvmContext<DB>>,
) {
    instructions.instruction_table_mut()[opcode::KECCAK256 as usize] = Instruction::new(keccak256::<DB>);
}

/// Gas and memory as in the Yellow Paper, appendix H (`KECCAK256`); inputs that are not remembered, and every
/// failure but two that both ways share, go to revm's.
fn keccak256<DB: Database + Hashing>(step: Step<'_, DB>) -> Result<(), InstructionResult> {
    let stack = &step.interpreter.stack;
    let (Ok(offset), Ok(length)) = (stack.peek(0), stack.peek(1)) else {
        return system::keccak256(step);
    };
    let (Ok(offset), Ok(length @ 1..=LONGEST)) = (usize::try_from(offset), usize::try_from(length)) else {
        return system::keccak256(step);
    };
    let InstructionContext { interpreter, host } = step;
    let gas_params = host.cfg().gas_params();
    if !interpreter
        .gas
        .record_regular_cost(gas_params.keccak256_cost(length))
    {
        return Err(InstructionResult::OutOfGas);
    }
    interpreter.resize_memory(gas_params, offset, length)?;
    let hash = {
        let input = interpreter.memory.slice_len(offset, length);
        host.journaled_state.database.keccak256(&input)
    };
    // Two were there, so one can be taken off and the other overwritten.
    interpreter.stack.pop()?;
    interpreter.stack.set(0, hash.into())
}
