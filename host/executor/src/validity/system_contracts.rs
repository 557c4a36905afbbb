//! The contracts that a block calls at its end for their requests (EIP-7002, EIP-7251, EIP-8282). They must have code,
//! and the calls must succeed; else the block is invalid. A call of an account without code succeeds and returns
//! nothing, so the call itself does not show it.

use crate::Error;
use alloy_eips::{
    eip7002::{WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS, WITHDRAWAL_REQUEST_TYPE},
    eip7251::{CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS, CONSOLIDATION_REQUEST_TYPE},
    eip8282::{
        BUILDER_DEPOSIT_CONTRACT_ADDRESS, BUILDER_DEPOSIT_REQUEST_TYPE, BUILDER_EXIT_CONTRACT_ADDRESS,
        BUILDER_EXIT_REQUEST_TYPE,
    },
};
use alloy_hardforks::EthereumHardforks;
use alloy_primitives::{Address, Bytes};
use metisvm_vm::ChainSpec;
use revm::{Database, context_interface::result::ExecutionResult};

/// A contract that collects requests.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SystemContract {
    /// Where it is.
    pub(crate) address: Address,
    /// The type of its requests (EIP-7685).
    pub(crate) request_type: u8,
    /// What it collects,
    requests: &'static str,
    /// and which document says so.
    eip: &'static str,
}

/// What is called from Prague on, in this order.
const PRAGUE: [SystemContract; 2] = [
    SystemContract {
        address: WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS,
        request_type: WITHDRAWAL_REQUEST_TYPE,
        requests: "withdrawal requests",
        eip: "EIP-7002",
    },
    SystemContract {
        address: CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS,
        request_type: CONSOLIDATION_REQUEST_TYPE,
        requests: "consolidation requests",
        eip: "EIP-7251",
    },
];
/// What is called after those from Amsterdam on.
const AMSTERDAM: [SystemContract; 2] = [
    SystemContract {
        address: BUILDER_DEPOSIT_CONTRACT_ADDRESS,
        request_type: BUILDER_DEPOSIT_REQUEST_TYPE,
        requests: "builder deposit requests",
        eip: "EIP-8282",
    },
    SystemContract {
        address: BUILDER_EXIT_CONTRACT_ADDRESS,
        request_type: BUILDER_EXIT_REQUEST_TYPE,
        requests: "builder exit requests",
        eip: "EIP-8282",
    },
];

impl SystemContract {
    /// The contracts that a block of this time calls; `spec` has Prague by then.
    pub(crate) fn active(spec: &ChainSpec, timestamp: u64) -> impl Iterator<Item = &'static Self> + use<> {
        let amsterdam = spec.builder_requests && spec.is_amsterdam_active_at_timestamp(timestamp);
        PRAGUE.iter().chain(AMSTERDAM.iter().filter(move |_| amsterdam))
    }

    /// The requests that a call gave.
    pub(crate) fn output(&self, result: ExecutionResult) -> Result<Bytes, Error> {
        let end = match result {
            ExecutionResult::Success { output, .. } => return Ok(output.into_data()),
            ExecutionResult::Revert { output, .. } => format!("reverted: {output}"),
            ExecutionResult::Halt { reason, .. } => format!("halted: {reason:?}"),
        };
        Err(self.wrong(&format!("fails, its execution {end}")))
    }

    fn wrong(&self, problem: &str) -> Error {
        let Self {
            address,
            requests,
            eip,
            ..
        } = self;
        Error::Block(format!(
            "the contract for {requests} at {address} {problem}, which makes the block invalid ({eip})"
        ))
    }
}

/// Whether a contract has code in this state.
pub(crate) fn check_code<DB: Database>(contract: &SystemContract, state: &mut DB) -> Result<(), Error> {
    let account = state
        .basic(contract.address)
        .map_err(|error| Error::Node(error.to_string()))?;
    if account.is_none_or(|account| account.is_empty_code_hash()) {
        return Err(contract.wrong("has no code"));
    }
    Ok(())
}
