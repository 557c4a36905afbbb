//! Why a simulated call may not run, by the codes of execution-apis.

use crate::{error::NodeError, refusal::words};
use alloy_primitives::Address;
use revm::context_interface::result::{EVMError, InvalidTransaction};

/// What the EVM says of a call that it does not run.
pub(super) fn refused<E: std::fmt::Display>(error: EVMError<E>, from: Address, gas: u64) -> NodeError {
    let EVMError::Transaction(problem) = error else {
        return NodeError::fault(error);
    };
    let code = match &problem {
        InvalidTransaction::NonceTooLow { .. } => -38010,
        InvalidTransaction::NonceTooHigh { .. } => -38011,
        InvalidTransaction::GasPriceLessThanBasefee => -38012,
        InvalidTransaction::CallGasCostMoreThanGasLimit { .. }
        | InvalidTransaction::GasFloorMoreThanGasLimit { .. } => -38013,
        InvalidTransaction::LackOfFundForMaxFee { .. } => -38014,
        InvalidTransaction::CallerGasLimitMoreThanBlock => -38015,
        _ => -32603,
    };
    NodeError::Coded {
        code,
        message: format!("err: {} (supplied gas {gas})", words(&problem, from)),
    }
}
