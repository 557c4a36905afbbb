//! The least gas that a transaction needs: found by trying, as geth does.

use crate::{
    call::{CALL_GAS, Setting, evm_error, halted},
    error::NodeError,
    node::Node,
};
use alloy_primitives::U256;
use alloy_rpc_types::TransactionRequest;
use revm::{
    DatabaseRef,
    context::TxEnv,
    context_interface::result::{EVMError, ExecutionResult, HaltReason, InvalidTransaction},
};

/// What a transfer of ether uses.
const TRANSFER_GAS: u64 = 21_000;
/// From where on a better estimate is not looked for: 1.5 % above, as with geth.
const TOLERANCE: f64 = 0.015;

/// The least gas, to within 1.5 % above.
///
/// # Errors
/// If the transaction fails with all the gas there is, or cannot be paid.
pub fn estimate(node: &Node, setting: &mut Setting, request: TransactionRequest) -> Result<u64, NodeError> {
    let price = request.gas_price.or(request.max_fee_per_gas).unwrap_or_default();
    let asked = request.gas;
    let mut transaction = setting.transaction(request)?;
    let mut most = asked
        .unwrap_or(CALL_GAS)
        .min(CALL_GAS)
        .min(setting.env.block_env.gas_limit);
    most = most.min(node.most_gas(setting.header.timestamp));
    if price > 0 {
        most = most.min(affordable(setting, &transaction, price)?);
    }
    transaction.gas_limit = most;
    if transaction.data.is_empty() && is_transfer(setting, &transaction)? {
        let mut transfer = transaction.clone();
        transfer.gas_limit = TRANSFER_GAS.min(most);
        if let Ok(Ran::Succeeded { .. }) = run(node, setting, transfer) {
            return Ok(TRANSFER_GAS);
        }
    }
    let (used, refunded) = match run(node, setting, transaction.clone())? {
        Ran::Succeeded { used, refunded } => (used, refunded),
        Ran::TooLittle => {
            return Err(NodeError::Refused(format!(
                "gas required exceeds allowance ({most})"
            )));
        }
        Ran::Failed(error) => return Err(error),
    };
    let mut least = used.saturating_sub(1);
    // A call gets 63 of 64 parts of the gas (EIP-150), and refunds come at the end: mostly this is enough.
    let likely = used
        .saturating_add(refunded)
        .saturating_add(2_300)
        .saturating_mul(64)
        / 63;
    let mut next = likely;
    while least + 1 < most {
        if (most - least) as f64 / (most as f64) < TOLERANCE {
            break;
        }
        let mid = if next > least && next < most {
            next
        } else {
            least + (most - least) / 2
        };
        next = 0;
        transaction.gas_limit = mid;
        match run(node, setting, transaction.clone())? {
            Ran::Succeeded { .. } => most = mid,
            Ran::TooLittle | Ran::Failed(_) => least = mid,
        }
        // Few calls need much more than they use, so the middle of a wide range is no good guess.
        if least > 0 && most / 2 > least {
            next = least.saturating_mul(2);
        }
    }
    Ok(most)
}

enum Ran {
    Succeeded { used: u64, refunded: u64 },
    TooLittle,
    Failed(NodeError),
}

fn run(node: &Node, setting: &mut Setting, transaction: TxEnv) -> Result<Ran, NodeError> {
    let sender = transaction.caller;
    let result = match setting.attempt(node, transaction) {
        Ok(ran) => ran.result,
        // Less than the transaction costs before anything runs.
        Err(EVMError::Transaction(
            InvalidTransaction::CallGasCostMoreThanGasLimit { .. }
            | InvalidTransaction::GasFloorMoreThanGasLimit { .. },
        )) => return Ok(Ran::TooLittle),
        Err(error) => return Err(evm_error(error, sender)),
    };
    Ok(match result {
        ExecutionResult::Success { gas, .. } => Ran::Succeeded {
            used: gas.tx_gas_used(),
            refunded: gas.final_refunded(),
        },
        ExecutionResult::Revert { output, .. } => Ran::Failed(NodeError::Reverted(output)),
        ExecutionResult::Halt {
            reason: HaltReason::OutOfGas(_),
            ..
        } => Ran::TooLittle,
        ExecutionResult::Halt { reason, .. } => Ran::Failed(halted(&reason)),
    })
}

fn is_transfer(setting: &Setting, transaction: &TxEnv) -> Result<bool, NodeError> {
    let Some(to) = transaction.kind.to() else {
        return Ok(false);
    };
    let account = setting.state.basic_ref(*to)?;
    Ok(account.is_none_or(|account| account.is_empty_code_hash())
        && transaction.authorization_list.is_empty()
        && transaction.access_list.is_empty())
}

/// The gas that a sender can pay at this price.
fn affordable(setting: &Setting, transaction: &TxEnv, price: u128) -> Result<u64, NodeError> {
    let balance = setting
        .state
        .basic_ref(transaction.caller)?
        .map_or(U256::ZERO, |account| account.balance);
    let left = balance
        .checked_sub(transaction.value)
        .ok_or_else(|| NodeError::Refused("insufficient funds for transfer".to_owned()))?;
    Ok((left / U256::from(price)).saturating_to())
}
