//! A transaction of the RPC as the consensus type, whose hash can be computed.

use super::object::Object;
use super::raw::{RawAccess, RawAuthorization, RawTransaction};
use crate::Error;
use alloy_consensus::{
    Signed, TxEip1559, TxEip2930, TxEip4844, TxEip4844Variant, TxEip7702, TxEnvelope, TxLegacy,
    transaction::from_eip155_value,
};
use alloy_eips::{
    eip2930::{AccessList, AccessListItem},
    eip7702::{Authorization, SignedAuthorization},
};
use alloy_primitives::{Address, Signature, TxKind};

/// Builds the transaction at `place`. Fields that its type does not have are ignored; the RPC adds some,
/// such as the effective gas price.
pub(super) fn transaction(raw: RawTransaction, place: &str) -> Result<TxEnvelope, Error> {
    let to = raw.to.map_or(TxKind::Create, TxKind::Call);
    let missing = |key: &str| Error::wrong(format!("{place}.{key}"), "is missing for this type");
    let nonce = raw.nonce.0;
    let gas_limit = raw.gas_limit.0;
    let value = raw.value.0;
    let kind = raw.kind.map_or(0, |kind| kind.0);
    if kind == 0 {
        let v = raw.v.ok_or_else(|| missing("v"))?.0;
        let (parity, chain_id) = from_eip155_value(v)
            .ok_or_else(|| Error::wrong(format!("{place}.v"), "is neither 27, 28 nor 35 and above"))?;
        let gas_price = raw.gas_price.ok_or_else(|| missing("gasPrice"))?.0;
        let tx = TxLegacy {
            chain_id,
            nonce,
            gas_price,
            gas_limit,
            to,
            value,
            input: raw.input,
        };
        let signature = Signature::new(raw.r.0, raw.s.0, parity);
        return Ok(TxEnvelope::Legacy(Signed::new_unhashed(tx, signature)));
    }
    let signature = Signature::new(raw.r.0, raw.s.0, parity(&raw, place)?);
    let chain_id = raw.chain_id.ok_or_else(|| missing("chainId"))?.0;
    let access_list = access_list(raw.access_list.unwrap_or_default());
    if kind == 1 {
        let gas_price = raw.gas_price.ok_or_else(|| missing("gasPrice"))?.0;
        let input = raw.input;
        let tx = TxEip2930 {
            chain_id,
            nonce,
            gas_price,
            gas_limit,
            to,
            value,
            access_list,
            input,
        };
        return Ok(TxEnvelope::Eip2930(Signed::new_unhashed(tx, signature)));
    }
    let max_fee_per_gas = raw.max_fee_per_gas.ok_or_else(|| missing("maxFeePerGas"))?.0;
    let max_priority_fee_per_gas = raw
        .max_priority_fee_per_gas
        .ok_or_else(|| missing("maxPriorityFeePerGas"))?
        .0;
    let called = |to: Option<Address>| to.ok_or_else(|| missing("to"));
    match kind {
        2 => {
            let tx = TxEip1559 {
                chain_id,
                nonce,
                gas_limit,
                max_fee_per_gas,
                max_priority_fee_per_gas,
                to,
                value,
                access_list,
                input: raw.input,
            };
            Ok(TxEnvelope::Eip1559(Signed::new_unhashed(tx, signature)))
        }
        3 => {
            let tx = TxEip4844 {
                chain_id,
                nonce,
                gas_limit,
                max_fee_per_gas,
                max_priority_fee_per_gas,
                to: called(raw.to)?,
                value,
                access_list,
                blob_versioned_hashes: raw
                    .blob_versioned_hashes
                    .ok_or_else(|| missing("blobVersionedHashes"))?,
                max_fee_per_blob_gas: raw
                    .max_fee_per_blob_gas
                    .ok_or_else(|| missing("maxFeePerBlobGas"))?
                    .0,
                input: raw.input,
            };
            Ok(TxEnvelope::Eip4844(Signed::new_unhashed(
                TxEip4844Variant::TxEip4844(tx),
                signature,
            )))
        }
        4 => {
            let list = raw
                .authorization_list
                .ok_or_else(|| missing("authorizationList"))?;
            let tx = TxEip7702 {
                chain_id,
                nonce,
                gas_limit,
                max_fee_per_gas,
                max_priority_fee_per_gas,
                to: called(raw.to)?,
                value,
                access_list,
                authorization_list: authorizations(list, place)?,
                input: raw.input,
            };
            Ok(TxEnvelope::Eip7702(Signed::new_unhashed(tx, signature)))
        }
        _ => Err(Error::wrong(
            format!("{place}.type"),
            format!("type {kind} is not known"),
        )),
    }
}

/// The parity of a typed transaction's signature: `yParity`, or `v` from nodes that write only that.
fn parity(raw: &RawTransaction, place: &str) -> Result<bool, Error> {
    let y_parity = raw.y_parity.map(|parity| u128::from(parity.0));
    let v = raw.v.map(|v| v.0);
    if let (Some(y_parity), Some(v)) = (y_parity, v)
        && y_parity != v
    {
        return Err(Error::wrong(format!("{place}.v"), "differs from yParity"));
    }
    match y_parity.or(v) {
        Some(0) => Ok(false),
        Some(1) => Ok(true),
        Some(_) => Err(Error::wrong(format!("{place}.yParity"), "is neither 0 nor 1")),
        None => Err(Error::wrong(format!("{place}.yParity"), "is missing")),
    }
}

fn access_list(raw: Vec<Object<RawAccess>>) -> AccessList {
    let items = raw.into_iter();
    AccessList(
        items
            .map(|Object(item)| AccessListItem {
                address: item.address,
                storage_keys: item.storage_keys,
            })
            .collect(),
    )
}

fn authorizations(
    raw: Vec<Object<RawAuthorization>>,
    place: &str,
) -> Result<Vec<SignedAuthorization>, Error> {
    raw.into_iter()
        .enumerate()
        .map(|(index, Object(raw))| {
            // Any byte may stand here: an authorization with an invalid signature is skipped, not refused.
            let y_parity = u8::try_from(raw.y_parity.0).map_err(|_| {
                let place = format!("{place}.authorizationList[{index}].yParity");
                Error::wrong(place, "does not fit in a byte")
            })?;
            let inner = Authorization {
                chain_id: raw.chain_id.0,
                address: raw.address,
                nonce: raw.nonce.0,
            };
            Ok(SignedAuthorization::new_unchecked(
                inner, y_parity, raw.r.0, raw.s.0,
            ))
        })
        .collect()
}
