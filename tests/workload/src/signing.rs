//! Signing. The nonce of a signature follows from key and message (RFC 6979), so a block is the same
//! bytes each time it is made.

use alloy_consensus::{
    SignableTransaction, Signed, TxEip1559, TxEip2930, TxEnvelope, TxLegacy,
    crypto::secp256k1::{recover_signer, sign_message},
};
use alloy_eips::eip2930::AccessList;
use alloy_primitives::{Address, B256, Bytes, Signature, TxKind, U256};

const VALID_KEY: &str = "a hash is a valid key: neither zero nor above the order of the curve";
const GWEI: u128 = 1_000_000_000;

/// The type of a transaction, with what it pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Envelope {
    /// The first type, signed for the chain (EIP-155).
    Legacy,
    /// With an access list (EIP-2930).
    AccessList,
    /// With a dynamic fee (EIP-1559).
    DynamicFee,
}

/// A transaction but for its type.
#[derive(Debug, Clone)]
pub(crate) struct Unsigned {
    pub(crate) chain_id: u64,
    pub(crate) nonce: u64,
    pub(crate) gas_limit: u64,
    pub(crate) to: TxKind,
    pub(crate) value: U256,
    /// For the type that has one.
    pub(crate) access_list: AccessList,
    pub(crate) input: Bytes,
}

/// Signs a transaction.
pub(crate) fn sign(key: B256, envelope: Envelope, tx: Unsigned) -> TxEnvelope {
    let Unsigned {
        chain_id,
        nonce,
        gas_limit,
        to,
        value,
        access_list,
        input,
    } = tx;
    match envelope {
        Envelope::Legacy => {
            let tx = TxLegacy {
                chain_id: Some(chain_id),
                nonce,
                gas_price: 2 * GWEI,
                gas_limit,
                to,
                value,
                input,
            };
            signed(key, tx).into()
        }
        Envelope::AccessList => {
            let tx = TxEip2930 {
                chain_id,
                nonce,
                gas_price: 2 * GWEI,
                gas_limit,
                to,
                value,
                access_list,
                input,
            };
            signed(key, tx).into()
        }
        Envelope::DynamicFee => {
            let tx = TxEip1559 {
                chain_id,
                nonce,
                gas_limit,
                max_fee_per_gas: 3 * GWEI,
                max_priority_fee_per_gas: GWEI / 10,
                to,
                value,
                access_list: AccessList::default(),
                input,
            };
            signed(key, tx).into()
        }
    }
}

/// The address of a key.
pub(crate) fn address(key: B256) -> Address {
    let message = B256::ZERO;
    let signature = sign_message(key, message).expect(VALID_KEY);
    recover_signer(&signature, message).expect("what was just signed can be recovered")
}

fn signed<T: SignableTransaction<Signature>>(key: B256, tx: T) -> Signed<T> {
    let signature = sign_message(key, tx.signature_hash()).expect(VALID_KEY);
    tx.into_signed(signature)
}
