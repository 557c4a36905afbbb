//! Signatures by the accounts of this node.

use super::served::{Module, method};
use crate::typed_data;
use alloy_primitives::{Address, Bytes};
use jsonrpsee::core::RegisterMethodError;
use serde_json::value::RawValue;

pub(super) fn register(module: &mut Module) -> Result<(), RegisterMethodError> {
    method(module, &["eth_sign"], |node, args| {
        let address: Address = args.get(0, "address")?;
        let message: Bytes = args.get(1, "message")?;
        let signature = node.accounts.sign_message(address, &message)?;
        Ok(Bytes::from(signature.as_bytes().to_vec()))
    })?;
    method(module, &["personal_sign"], |node, args| {
        let message: Bytes = args.get(0, "message")?;
        let address: Address = args.get(1, "address")?;
        let signature = node.accounts.sign_message(address, &message)?;
        Ok(Bytes::from(signature.as_bytes().to_vec()))
    })?;
    method(
        module,
        &["eth_signTypedData", "eth_signTypedData_v4"],
        |node, args| {
            let address: Address = args.get(0, "address")?;
            let data: Box<RawValue> = args.get(1, "typed data")?;
            let hash = typed_data::signing_hash(&data)?;
            let signature = node.accounts.sign_hash(address, &hash)?;
            Ok(Bytes::from(signature.as_bytes().to_vec()))
        },
    )
}
