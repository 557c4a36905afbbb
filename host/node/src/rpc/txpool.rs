//! What waits.

use super::served::{Module, method};
use crate::convert;
use crate::node::nonce;
use crate::pool::Pool;
use alloy_consensus::{Transaction as _, TxEnvelope, transaction::Recovered};
use alloy_primitives::{Address, B256};
use alloy_rpc_types::txpool::{TxpoolContent, TxpoolInspect, TxpoolInspectSummary, TxpoolStatus};
use jsonrpsee::core::RegisterMethodError;
use std::collections::BTreeMap;

type Lines = BTreeMap<Address, BTreeMap<u64, Recovered<TxEnvelope>>>;

pub(super) fn register(module: &mut Module) -> Result<(), RegisterMethodError> {
    method(module, &["txpool_status"], |node, _| {
        let [pending, queued] = content(node)?;
        let count = |lines: &Lines| lines.values().map(|line| line.len() as u64).sum();
        Ok(TxpoolStatus {
            pending: count(&pending),
            queued: count(&queued),
        })
    })?;
    method(module, &["txpool_content"], |node, _| {
        let [pending, queued] = content(node)?;
        let shown = |lines: Lines| map(lines, convert::waiting);
        Ok(TxpoolContent {
            pending: shown(pending),
            queued: shown(queued),
        })
    })?;
    method(module, &["txpool_contentFrom"], |node, args| {
        let address: Address = args.get(0, "address")?;
        let [pending, queued] = content(node)?;
        let shown = |lines: Lines| map(lines, convert::waiting).remove(&address).unwrap_or_default();
        Ok(alloy_rpc_types::txpool::TxpoolContentFrom {
            pending: shown(pending),
            queued: shown(queued),
        })
    })?;
    method(module, &["txpool_inspect"], |node, _| {
        let [pending, queued] = content(node)?;
        let summary = |transaction: Recovered<TxEnvelope>| TxpoolInspectSummary {
            to: transaction.to(),
            value: transaction.value(),
            gas: transaction.gas_limit(),
            gas_price: transaction.max_fee_per_gas(),
        };
        Ok(TxpoolInspect {
            pending: map(pending, summary),
            queued: map(queued, summary),
        })
    })?;
    method(module, &["anvil_dropTransaction"], |node, args| {
        let hash: B256 = args.get(0, "transaction hash")?;
        Ok(node.change_pool(|pool| pool.remove(hash)).map(|_| hash))
    })?;
    // Hardhat's says whether there was one, and its helper insists on that.
    method(module, &["hardhat_dropTransaction"], |node, args| {
        let hash: B256 = args.get(0, "transaction hash")?;
        Ok(node.change_pool(|pool| pool.remove(hash)).is_some())
    })?;
    method(module, &["anvil_dropAllTransactions"], |node, _| {
        node.change_pool(Pool::clear);
        Ok(())
    })?;
    method(module, &["anvil_removePoolTransactions"], |node, args| {
        let address: Address = args.get(0, "address")?;
        node.change_pool(|pool| pool.remove_sender(address));
        Ok(())
    })
}

fn content(node: &super::served::Served) -> Result<[Lines; 2], crate::error::NodeError> {
    let world = node.chain.tip()?.world;
    node.pool().content(|address| nonce(&world, address))
}

fn map<T>(
    lines: Lines,
    shown: impl Fn(Recovered<TxEnvelope>) -> T + Copy,
) -> BTreeMap<Address, BTreeMap<String, T>> {
    let line = |(address, line): (Address, BTreeMap<u64, Recovered<TxEnvelope>>)| {
        let line = line
            .into_iter()
            .map(|(nonce, waiting)| (nonce.to_string(), shown(waiting)));
        (address, line.collect())
    };
    lines.into_iter().map(line).collect()
}
