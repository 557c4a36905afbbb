//! The transaction of a test as a transaction of a block, which is what the block engine takes.
//!
//! Tests give what the EVM sees, and its sender. A block has signed transactions; the signature is not
//! looked at once the sender is known, so any will do.

use alloy_consensus::{
    SignableTransaction, TxEip1559, TxEip2930, TxEip4844, TxEip7702, TxEnvelope, TxLegacy,
    transaction::Recovered,
};
use alloy_eips::eip7702::SignedAuthorization;
use alloy_evm::FromRecoveredTx;
use alloy_primitives::{Address, Signature, U256};
use revm::context::{TransactionType, TxEnv};

/// The transaction in a signed form; `None` where none means the same to the EVM: a blob transaction
/// without a recipient, a fee field that its type does not have.
pub(super) fn sealed(tx: &TxEnv) -> Option<Recovered<TxEnvelope>> {
    let envelope = envelope(tx)?;
    let mut seen = TxEnv::from_recovered_tx(&envelope, tx.caller);
    // They came out of the same list; only there the EVM has recovered who signed them.
    seen.authorization_list.clone_from(&tx.authorization_list);
    (seen == *tx).then(|| Recovered::new_unchecked(envelope, tx.caller))
}

fn envelope(tx: &TxEnv) -> Option<TxEnvelope> {
    let (nonce, gas_limit, value, input) = (tx.nonce, tx.gas_limit, tx.value, tx.data.clone());
    let access_list = || tx.access_list.clone();
    Some(match TransactionType::from(tx.tx_type) {
        TransactionType::Legacy => signed(TxLegacy {
            chain_id: tx.chain_id,
            nonce,
            gas_price: tx.gas_price,
            gas_limit,
            to: tx.kind,
            value,
            input,
        }),
        TransactionType::Eip2930 => signed(TxEip2930 {
            chain_id: tx.chain_id?,
            nonce,
            gas_price: tx.gas_price,
            gas_limit,
            to: tx.kind,
            value,
            access_list: access_list(),
            input,
        }),
        TransactionType::Eip1559 => signed(TxEip1559 {
            chain_id: tx.chain_id?,
            nonce,
            gas_limit,
            max_fee_per_gas: tx.gas_price,
            max_priority_fee_per_gas: tx.gas_priority_fee?,
            to: tx.kind,
            value,
            access_list: access_list(),
            input,
        }),
        TransactionType::Eip4844 => signed(TxEip4844 {
            chain_id: tx.chain_id?,
            nonce,
            gas_limit,
            max_fee_per_gas: tx.gas_price,
            max_priority_fee_per_gas: tx.gas_priority_fee?,
            to: recipient(tx)?,
            value,
            access_list: access_list(),
            blob_versioned_hashes: tx.blob_hashes.clone(),
            max_fee_per_blob_gas: tx.max_fee_per_blob_gas,
            input,
        }),
        TransactionType::Eip7702 => signed(TxEip7702 {
            chain_id: tx.chain_id?,
            nonce,
            gas_limit,
            max_fee_per_gas: tx.gas_price,
            max_priority_fee_per_gas: tx.gas_priority_fee?,
            to: recipient(tx)?,
            value,
            access_list: access_list(),
            authorization_list: authorizations(tx)?,
            input,
        }),
        _ => return None,
    })
}

fn recipient(tx: &TxEnv) -> Option<Address> {
    tx.kind.to().copied()
}

fn authorizations(tx: &TxEnv) -> Option<Vec<SignedAuthorization>> {
    let signed = tx.authorization_list.iter();
    signed.map(|either| either.as_ref().left().cloned()).collect()
}

fn signed<T: SignableTransaction<Signature>>(tx: T) -> TxEnvelope
where
    alloy_consensus::Signed<T>: Into<TxEnvelope>,
{
    tx.into_signed(Signature::new(U256::ONE, U256::ONE, false)).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_eips::Typed2718;
    use alloy_primitives::{B256, TxKind};

    fn of_type(kind: TransactionType) -> TxEnv {
        TxEnv {
            tx_type: kind as u8,
            caller: Address::repeat_byte(1),
            kind: TxKind::Call(Address::repeat_byte(2)),
            gas_limit: 21_000,
            gas_price: 7,
            nonce: 3,
            value: U256::from(5),
            data: vec![1, 2].into(),
            chain_id: Some(1),
            gas_priority_fee: (kind as u8 >= 2).then_some(4),
            blob_hashes: vec![B256::repeat_byte(1); usize::from(kind as u8 == 3)],
            max_fee_per_blob_gas: u128::from(kind as u8 == 3),
            ..TxEnv::default()
        }
    }

    const TYPES: [TransactionType; 5] = [
        TransactionType::Legacy,
        TransactionType::Eip2930,
        TransactionType::Eip1559,
        TransactionType::Eip4844,
        TransactionType::Eip7702,
    ];

    #[test]
    fn every_type_means_the_same_to_the_evm() {
        for kind in TYPES {
            let tx = of_type(kind);
            let sealed = sealed(&tx).unwrap();
            assert_eq!(TxEnv::from_recovered_tx(sealed.inner(), sealed.signer()), tx);
            assert_eq!(sealed.ty(), kind as u8);
        }
    }

    #[test]
    fn what_no_signed_transaction_says_is_not_sealed() {
        let legacy_with_priority = TxEnv {
            gas_priority_fee: Some(1),
            ..of_type(TransactionType::Legacy)
        };
        let blobs_that_create = TxEnv {
            kind: TxKind::Create,
            ..of_type(TransactionType::Eip4844)
        };
        for tx in [legacy_with_priority, blobs_that_create] {
            assert!(sealed(&tx).is_none(), "{tx:?}");
        }
    }
}
