//! The rule of EIP-7610: nothing is created over storage.

use alloy_evm::eth::EthEvmContext;
use alloy_primitives::{Bytes, KECCAK256_EMPTY};
use metisvm_state::has_storage;
use revm::{
    Database,
    context::JournalTr,
    context_interface::journaled_state::account::JournaledAccountTr,
    handler::FrameResult,
    interpreter::{CreateInputs, CreateOutcome, Gas, InstructionResult, InterpreterResult},
    primitives::constants::CALL_STACK_LIMIT,
};

/// The result of a creation that fails because there is storage where the contract would come; `None` where
/// the creation goes on to revm, which fails it for a nonce or for code (EIP-684), and for all else.
///
/// EIP-7610 holds on all forks, from the genesis on. What has happened up to here is what revm does before it
/// looks at the account: the creator's nonce counts up, the new address is warm, and all gas of the creation
/// is gone.
///
/// What the state answers is what was before the transaction, and that is what counts: storage of an account
/// without nonce and code can only come from its own creation in this transaction, and an address is created
/// at twice in one transaction only where the first time was reverted.
#[cold]
#[inline(never)]
pub(crate) fn collision_with_storage<DB: Database>(
    context: &mut EthEvmContext<DB>,
    inputs: &CreateInputs,
    depth: usize,
) -> Result<Option<FrameResult>, DB::Error> {
    let journal = &mut context.journaled_state;
    // Failures that come before the account is looked at.
    if depth > CALL_STACK_LIMIT as usize {
        return Ok(None);
    }
    let caller = &journal.load_account(inputs.caller())?.data.info;
    let (nonce, balance) = (caller.nonce, caller.balance);
    if balance < inputs.value() || nonce == u64::MAX {
        return Ok(None);
    }
    let created = inputs.created_address(nonce);
    let account = journal.load_account(created)?.data;
    let free = account.info.nonce == 0 && account.info.code_hash == KECCAK256_EMPTY;
    if !free || account.is_loaded_as_not_existing() || !has_storage(&mut journal.database, created)? {
        return Ok(None);
    }
    journal.load_account_mut(inputs.caller())?.data.bump_nonce();
    Ok(Some(FrameResult::Create(CreateOutcome {
        result: InterpreterResult {
            result: InstructionResult::CreateCollision,
            gas: Gas::new_with_regular_gas_and_reservoir(inputs.gas_limit(), inputs.reservoir()),
            output: Bytes::new(),
        },
        address: None,
        charged_create_state_gas: inputs.charged_create_state_gas(),
    })))
}
