//! Calls, estimates, access lists, and what follows from executing what is no transaction.

use super::served::{Module, method};
use crate::{call, error::NodeError, estimate, simulate};
use alloy_eips::{BlockId, BlockNumberOrTag};
use alloy_primitives::{U64, U256};
use alloy_rpc_types::{
    AccessListResult, BlockOverrides, TransactionRequest, simulate::SimulatePayload, state::StateOverride,
};
use jsonrpsee::core::RegisterMethodError;
use revm_inspectors::access_list::AccessListInspector;

pub(super) fn register(module: &mut Module) -> Result<(), RegisterMethodError> {
    method(module, &["eth_call"], |node, args| {
        let request: TransactionRequest = args.get(0, "transaction")?;
        let id = args.opt(1, "block")?.unwrap_or_default();
        let state: Option<StateOverride> = args.opt(2, "state overrides")?;
        let block: Option<BlockOverrides> = args.opt(3, "block overrides")?;
        let mut setting = call::setting(node, id)?;
        setting.change(node, state, block)?;
        let transaction = setting.transaction(request)?;
        call::output(setting.run(node, transaction)?.result)
    })?;
    method(module, &["eth_estimateGas"], |node, args| {
        let request: TransactionRequest = args.get(0, "transaction")?;
        let id = args.opt::<BlockId>(1, "block")?;
        let state: Option<StateOverride> = args.opt(2, "state overrides")?;
        let block: Option<BlockOverrides> = args.opt(3, "block overrides")?;
        let mut setting = match id {
            // What is estimated is to go into the next block.
            None | Some(BlockId::Number(BlockNumberOrTag::Latest)) => call::next_setting(node)?,
            Some(id) => call::setting(node, id)?,
        };
        setting.change(node, state, block)?;
        Ok(U64::from(estimate::estimate(node, &mut setting, request)?))
    })?;
    method(module, &["eth_createAccessList"], |node, args| {
        let mut request: TransactionRequest = args.get(0, "transaction")?;
        let id = args.opt(1, "block")?.unwrap_or_default();
        let state: Option<StateOverride> = args.opt(2, "state overrides")?;
        let mut setting = call::setting(node, id)?;
        setting.change(node, state, None)?;
        create_access_list(node, &mut setting, &mut request)
    })?;
    method(module, &["eth_simulateV1"], |node, args| {
        let payload: SimulatePayload = args.get(0, "payload")?;
        let id = args.opt(1, "block")?.unwrap_or_default();
        simulate::simulate(node, payload, id)
    })
}

/// Runs a call until its list holds all that it touches: with a list, gas is paid otherwise, and it may touch more.
fn create_access_list(
    node: &super::served::Served,
    setting: &mut call::Setting,
    request: &mut TransactionRequest,
) -> Result<AccessListResult, NodeError> {
    const MOST_RUNS: usize = 8;
    for _ in 0..MOST_RUNS {
        let given = request.access_list.clone().unwrap_or_default();
        let transaction = setting.transaction(request.clone())?;
        let mut inspector = AccessListInspector::new(given.clone());
        let ran = setting.inspect(node, transaction, &mut inspector)?;
        let found = inspector.into_access_list();
        let same = found == given;
        request.access_list = Some(found.clone());
        if same {
            let gas_used = U256::from(ran.result.tx_gas_used());
            let error = call::output(ran.result).err().map(|error| error.to_string());
            return Ok(AccessListResult {
                access_list: found,
                gas_used,
                error,
            });
        }
    }
    Err(NodeError::Refused(format!(
        "the call touches something else each time; no access list after {MOST_RUNS} runs"
    )))
}
