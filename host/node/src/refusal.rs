//! Why the EVM does not run a transaction, in geth's words: clients look for these to name an error.

use alloy_primitives::Address;
use revm::context_interface::result::InvalidTransaction;

/// What is wrong with a transaction of `sender`.
pub(crate) fn words(problem: &InvalidTransaction, sender: Address) -> String {
    match problem {
        InvalidTransaction::LackOfFundForMaxFee { fee, balance } => {
            format!("insufficient funds for gas * price + value: address {sender} have {balance} want {fee}")
        }
        InvalidTransaction::NonceTooLow { tx, state } => {
            format!("nonce too low: address {sender}, tx: {tx} state: {state}")
        }
        InvalidTransaction::NonceTooHigh { tx, state } => {
            format!("nonce too high: address {sender}, tx: {tx} state: {state}")
        }
        InvalidTransaction::GasPriceLessThanBasefee => {
            format!("max fee per gas less than block base fee: address {sender}")
        }
        InvalidTransaction::PriorityFeeGreaterThanMaxFee => {
            format!("max priority fee per gas higher than max fee per gas: address {sender}")
        }
        InvalidTransaction::CallGasCostMoreThanGasLimit {
            initial_gas,
            gas_limit,
        } => format!("intrinsic gas too low: have {gas_limit}, want {initial_gas}"),
        InvalidTransaction::GasFloorMoreThanGasLimit { gas_floor, gas_limit } => {
            format!("insufficient gas for floor data gas cost: have {gas_limit}, want {gas_floor}")
        }
        InvalidTransaction::RejectCallerWithCode => {
            format!("sender not an eoa: address {sender}")
        }
        InvalidTransaction::CreateInitCodeSizeLimit => "max initcode size exceeded".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::{U256, address};

    #[test]
    fn what_clients_look_for_is_said() {
        let sender = address!("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266");
        let said = words(
            &InvalidTransaction::LackOfFundForMaxFee {
                fee: Box::new(U256::from(1000)),
                balance: Box::new(U256::from(7)),
            },
            sender,
        );
        assert_eq!(
            said,
            "insufficient funds for gas * price + value: address 0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266 have 7 \
             want 1000"
        );
        let low = InvalidTransaction::NonceTooLow { tx: 1, state: 4 };
        assert!(words(&low, sender).starts_with("nonce too low: "));
        let gas = InvalidTransaction::CallGasCostMoreThanGasLimit {
            initial_gas: 21_000,
            gas_limit: 20_000,
        };
        assert_eq!(
            words(&gas, sender),
            "intrinsic gas too low: have 20000, want 21000"
        );
    }
}
