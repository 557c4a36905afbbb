//! Instructions that look at balances or spend them, with a note of it for the database.
//!
//! A balance is the value that most transactions of a block share: that of the beneficiary, of a contract
//! that wraps ether, of an exchange. Most of them only add to it or take from it, and then their order does
//! not matter. So it has to be known which transactions have seen the figure itself.

use super::database::SpeculativeDb;
use alloy_evm::eth::EthEvmContext;
use alloy_primitives::Address;
use metisvm_state::StateError;
use revm::{
    DatabaseRef,
    bytecode::opcode,
    handler::instructions::EthInstructions,
    interpreter::{
        Instruction, InstructionContext, InstructionResult,
        instructions::{contract, host},
        interpreter::EthInterpreter,
    },
};

type Host<'s, 'e, S> = EthEvmContext<SpeculativeDb<'s, 'e, S>>;
type Step<'a, 's, 'e, S> = InstructionContext<'a, Host<'s, 'e, S>, EthInterpreter>;
type Outcome = Result<(), InstructionResult>;

/// Replaces the instructions that deal with balances.
pub(super) fn watch<'s, 'e, S: DatabaseRef<Error = StateError>>(
    instructions: &mut EthInstructions<EthInterpreter, Host<'s, 'e, S>>,
) {
    let table = instructions.instruction_table_mut();
    table[opcode::BALANCE as usize] = Instruction::new(balance::<S>);
    table[opcode::SELFBALANCE as usize] = Instruction::new(self_balance::<S>);
    table[opcode::SELFDESTRUCT as usize] = Instruction::new(self_destruct::<S>);
    table[opcode::CALL as usize] = Instruction::new(call::<S, { opcode::CALL }>);
    table[opcode::CALLCODE as usize] = Instruction::new(call::<S, { opcode::CALLCODE }>);
    table[opcode::CREATE as usize] = Instruction::new(create::<S, false>);
    table[opcode::CREATE2 as usize] = Instruction::new(create::<S, true>);
}

fn balance<S: DatabaseRef<Error = StateError>>(step: Step<'_, '_, '_, S>) -> Outcome {
    let InstructionContext { interpreter, host } = step;
    let address = interpreter
        .stack
        .peek(0)
        .map(|word| Address::from_word(word.into()));
    let outcome = host::balance(InstructionContext {
        interpreter,
        host: &mut *host,
    });
    if let Ok(address) = address {
        host.journaled_state.database.balance_observed(&address);
    }
    outcome
}

fn self_balance<S: DatabaseRef<Error = StateError>>(step: Step<'_, '_, '_, S>) -> Outcome {
    let address = step.interpreter.input.target_address;
    step.host.journaled_state.database.balance_observed(&address);
    host::selfbalance(step)
}

fn self_destruct<S: DatabaseRef<Error = StateError>>(step: Step<'_, '_, '_, S>) -> Outcome {
    let address = step.interpreter.input.target_address;
    step.host.journaled_state.database.balance_observed(&address);
    host::selfdestruct(step)
}

fn call<S: DatabaseRef<Error = StateError>, const KIND: u8>(mut step: Step<'_, '_, '_, S>) -> Outcome {
    // Gas, recipient, value.
    spend(&mut step, 2);
    contract::call::<KIND, _, _>(step)
}

fn create<S: DatabaseRef<Error = StateError>, const SALTED: bool>(mut step: Step<'_, '_, '_, S>) -> Outcome {
    let address = step.interpreter.input.target_address;
    step.host.journaled_state.database.nonce_spent(&address);
    spend(&mut step, 0);
    contract::create::<SALTED, _, _>(step)
}

/// The running contract spends the value that lies so deep on the stack.
fn spend<S: DatabaseRef<Error = StateError>>(step: &mut Step<'_, '_, '_, S>, depth: usize) {
    let Ok(value) = step.interpreter.stack.peek(depth) else {
        return;
    };
    if value.is_zero() {
        return;
    }
    let address = step.interpreter.input.target_address;
    let journal = &mut step.host.journaled_state;
    if let Some(account) = journal.inner.state.get(&address) {
        journal
            .database
            .balance_spent(&address, account.info.balance, value);
    }
}
