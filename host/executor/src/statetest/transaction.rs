//! The transaction of a test, as the EVM takes it.

use super::{case::Indexes, format::FinishedTransaction};
use crate::Error;
use alloy_primitives::{B256, TxKind, U256};
use revm::context::{TxEnv, either::Either};
use revm_statetest_types::{TransactionParts, recover_address};

/// A transaction, or why it could not even be written down: such a transaction never reaches an EVM.
pub(super) type Written = Result<TxEnv, String>;

/// Whether the variants that the indexes say are there, and the key is one. `place` is where the case stands in
/// the file.
pub(super) fn check(parts: &TransactionParts, indexes: Indexes, place: &str) -> Result<(), Error> {
    pick(&parts.data, indexes.data, place, "data")?;
    pick(&parts.gas_limit, indexes.gas, place, "gas")?;
    pick(&parts.value, indexes.value, place, "value")?;
    if let (None, Some(key)) = (parts.sender, parts.secret_key) {
        recover_address(key.as_slice()).ok_or_else(|| {
            Error::wrong(
                format!("{place}: transaction.secretKey"),
                "is no key of secp256k1",
            )
        })?;
    }
    Ok(())
}

/// Takes the variants that the indexes say, of a transaction that was [checked](check).
pub(super) fn of_variants(parts: &TransactionParts, indexes: Indexes) -> Written {
    let absent = || "the case names a variant that there is not".to_owned();
    let data = parts.data.get(indexes.data).ok_or_else(absent)?;
    let gas_limit = parts.gas_limit.get(indexes.gas).ok_or_else(absent)?;
    let value = parts.value.get(indexes.value).ok_or_else(absent)?;
    let caller = match (parts.sender, parts.secret_key) {
        // Tests are not signed; one without a key stands for a bad signature.
        (_, None) => return Err("there is no secret key: the signature is not valid".to_owned()),
        (Some(sender), Some(_)) => sender,
        (None, Some(key)) => recover_address(key.as_slice()).ok_or("the secret key is no key")?,
    };
    let Some(kind) = parts.tx_type(indexes.data) else {
        return Err("blob and set-code transactions must have a recipient".to_owned());
    };
    let access_list = parts.access_lists.get(indexes.data).cloned().flatten();
    let gas_price = parts.gas_price.or(parts.max_fee_per_gas).unwrap_or_default();
    Ok(TxEnv {
        tx_type: kind as u8,
        caller,
        gas_limit: gas_limit.saturating_to(),
        gas_price: fits_u128(gas_price, "the gas price")?,
        kind: parts.to.map_or(TxKind::Create, TxKind::Call),
        value: *value,
        data: data.clone(),
        nonce: fits_u64(parts.nonce, "the nonce")?,
        chain_id: Some(fits_u64(parts.chain_id.unwrap_or(U256::ONE), "the chain id")?),
        access_list: access_list.unwrap_or_default(),
        gas_priority_fee: parts
            .max_priority_fee_per_gas
            .map(|fee| fits_u128(fee, "the priority fee"))
            .transpose()?,
        blob_hashes: parts.blob_versioned_hashes.clone(),
        max_fee_per_blob_gas: parts
            .max_fee_per_blob_gas
            .map(|fee| fits_u128(fee, "the blob fee"))
            .transpose()?
            .unwrap_or_default(),
        authorization_list: parts
            .authorization_list
            .iter()
            .flatten()
            .map(|authorization| Either::Left(authorization.clone().into()))
            .collect(),
    })
}

/// A legacy transaction without variants.
pub(super) fn of_finished(finished: &FinishedTransaction, chain_id: u64) -> Written {
    Ok(TxEnv {
        caller: finished.sender,
        gas_limit: finished.gas_limit.saturating_to(),
        gas_price: fits_u128(finished.gas_price, "the gas price")?,
        kind: finished.to.map_or(TxKind::Create, TxKind::Call),
        value: finished.value,
        data: finished.data.clone(),
        nonce: fits_u64(finished.nonce, "the nonce")?,
        chain_id: Some(chain_id),
        ..TxEnv::default()
    })
}

/// The hash that stands for a block in these tests: that of its decimal number.
pub(super) fn block_hash(number: u64) -> B256 {
    alloy_primitives::keccak256(number.to_string())
}

fn pick<'a, T>(variants: &'a [T], index: usize, place: &str, key: &str) -> Result<&'a T, Error> {
    variants.get(index).ok_or_else(|| {
        let problem = format!("is {index}, but there are {} variants", variants.len());
        Error::wrong(format!("{place}.indexes.{key}"), problem)
    })
}

fn fits_u64(value: U256, what: &str) -> Result<u64, String> {
    u64::try_from(value).map_err(|_| format!("{what} does not fit 64 bits"))
}

fn fits_u128(value: U256, what: &str) -> Result<u128, String> {
    u128::try_from(value).map_err(|_| format!("{what} does not fit 128 bits"))
}
