//! Filters that clients ask again and again.

use super::served::{Module, method};
use crate::{filters::Kind, logs};
use alloy_primitives::U256;
use alloy_rpc_types::Filter;
use jsonrpsee::core::RegisterMethodError;

pub(super) fn register(module: &mut Module) -> Result<(), RegisterMethodError> {
    method(module, &["eth_newFilter"], |served, args| {
        let filter: Filter = args.get(0, "filter")?;
        served.filters.begin(&served.node, Kind::Logs(Box::new(filter)))
    })?;
    method(module, &["eth_newBlockFilter"], |served, _| {
        served.filters.begin(&served.node, Kind::Blocks)
    })?;
    method(module, &["eth_newPendingTransactionFilter"], |served, _| {
        served.filters.begin(&served.node, Kind::Transactions)
    })?;
    method(module, &["eth_getFilterChanges"], |served, args| {
        let id: U256 = args.get(0, "filter id")?;
        served.filters.changes(id)
    })?;
    method(module, &["eth_getFilterLogs"], |served, args| {
        let id: U256 = args.get(0, "filter id")?;
        logs::find(&served.node, &served.filters.logs(id)?)
    })?;
    method(module, &["eth_uninstallFilter"], |served, args| {
        let id: U256 = args.get(0, "filter id")?;
        Ok(served.filters.end(id))
    })
}
