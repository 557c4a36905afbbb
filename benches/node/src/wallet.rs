//! Transactions that are signed before anything is measured.

use crate::error::Error;
use alloy_consensus::{SignableTransaction, TxEip1559, TxEnvelope};
use alloy_eips::Encodable2718;
use alloy_primitives::{Address, Bytes, TxKind, U256, hex};
use alloy_signer::SignerSync;
use alloy_signer_local::{MnemonicBuilder, PrivateKeySigner};

/// The words whose accounts both nodes fund.
const MNEMONIC: &str = "test test test test test test test test test test test junk";
/// More than the base fee of any block here.
const MAX_FEE: u128 = 100_000_000_000;
const TIP: u128 = 1_000_000_000;
/// Gas of a transfer.
const TRANSFER: u64 = 21_000;

/// An account, and the nonce of its next transaction.
#[derive(Debug)]
pub(crate) struct Wallet {
    signer: PrivateKeySigner,
    chain_id: u64,
    nonce: u64,
}

impl Wallet {
    /// The first of the accounts that development nodes fund.
    pub(crate) fn new(chain_id: u64) -> Result<Self, Error> {
        let signer = MnemonicBuilder::english()
            .phrase(MNEMONIC)
            .build()
            .map_err(|error| Error::Signer(error.to_string()))?;
        Ok(Self {
            signer,
            chain_id,
            nonce: 0,
        })
    }

    /// Whose it is.
    pub(crate) fn address(&self) -> Address {
        self.signer.address()
    }

    /// The nonce of the next transaction.
    pub(crate) fn nonce(&self) -> u64 {
        self.nonce
    }

    /// Goes on with this nonce.
    pub(crate) fn resume(&mut self, nonce: u64) {
        self.nonce = nonce;
    }

    /// So many transfers of one wei to an account that nobody has, in hexadecimal.
    pub(crate) fn transfers(&mut self, count: u32) -> Result<Vec<String>, Error> {
        let receiver = TxKind::Call(Address::repeat_byte(0xaa));
        (0..count)
            .map(|_| self.sign(receiver, Bytes::new(), TRANSFER))
            .collect()
    }

    /// The deployment of a contract, in hexadecimal.
    pub(crate) fn deployment(&mut self, code: Bytes) -> Result<String, Error> {
        self.sign(TxKind::Create, code, 3_000_000)
    }

    fn sign(&mut self, to: TxKind, input: Bytes, gas_limit: u64) -> Result<String, Error> {
        let transaction = TxEip1559 {
            chain_id: self.chain_id,
            nonce: self.nonce,
            gas_limit,
            max_fee_per_gas: MAX_FEE,
            max_priority_fee_per_gas: TIP,
            to,
            value: U256::from(to.is_call()),
            access_list: alloy_eips::eip2930::AccessList::default(),
            input,
        };
        self.nonce += 1;
        let hash = transaction.signature_hash();
        let signature = self
            .signer
            .sign_hash_sync(&hash)
            .map_err(|error| Error::Signer(error.to_string()))?;
        let signed = TxEnvelope::from(transaction.into_signed(signature));
        Ok(hex::encode_prefixed(signed.encoded_2718()))
    }
}
