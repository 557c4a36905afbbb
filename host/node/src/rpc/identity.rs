//! Who answers: chain, network, version.

use super::served::{Module, lookup, method};
use alloy_primitives::{Bytes, U64, keccak256};
use jsonrpsee::core::RegisterMethodError;

pub(super) fn register(module: &mut Module) -> Result<(), RegisterMethodError> {
    method(module, &["web3_clientVersion"], |node, _| {
        Ok(node.client_version.clone())
    })?;
    method(module, &["web3_sha3"], |_, args| {
        let data: Bytes = args.get(0, "data")?;
        Ok(keccak256(data))
    })?;
    lookup(module, "net_version", |node, _| {
        Ok(node.spec().chain_id.to_string())
    })?;
    method(module, &["net_listening"], |_, _| Ok(true))?;
    method(module, &["net_peerCount"], |_, _| Ok(U64::ZERO))?;
    lookup(module, "eth_chainId", |node, _| {
        Ok(U64::from(node.spec().chain_id))
    })?;
    method(module, &["eth_syncing"], |_, _| Ok(false))?;
    method(module, &["eth_mining"], |node, _| {
        Ok(node.automine() || node.interval().is_some())
    })?;
    method(module, &["eth_hashrate"], |_, _| Ok(U64::ZERO))?;
    method(module, &["eth_protocolVersion"], |_, _| Ok(U64::from(65)))?;
    method(module, &["rpc_modules"], |_, _| {
        let names = [
            "anvil", "debug", "eth", "evm", "hardhat", "metis", "net", "txpool", "web3",
        ];
        Ok(names
            .map(|name| (name, "1.0"))
            .into_iter()
            .collect::<std::collections::BTreeMap<_, _>>())
    })
}
