//! A block as the node keeps it: with its senders, its receipts, and the state after it.

use crate::world::World;
use alloy_consensus::{Header, ReceiptEnvelope, Transaction, TxEnvelope, transaction::Recovered};
use alloy_eips::eip4895::Withdrawals;
use alloy_primitives::{Address, B256};
use alloy_rlp::{Encodable, length_of_length};

/// A block that was executed.
#[derive(Debug, Clone)]
pub struct MinedBlock {
    /// Its hash.
    pub hash: B256,
    /// Its header.
    pub header: Header,
    /// Its transactions, each with its sender. Of an impersonated account there is no signature that gives it.
    pub transactions: Vec<Recovered<TxEnvelope>>,
    /// The headers of its ommers, before Paris.
    pub ommers: Vec<Header>,
    /// Its withdrawals, from Shanghai on.
    pub withdrawals: Option<Withdrawals>,
    /// One receipt a transaction.
    pub receipts: Vec<ReceiptEnvelope>,
    /// The state that it was executed upon, as long as that is kept: its parent's, and what was set by hand since.
    pub before: Option<World>,
    /// The state after it, as long as that is kept.
    pub state: Option<World>,
}

impl MinedBlock {
    /// Its height.
    pub const fn number(&self) -> u64 {
        self.header.number
    }

    /// How many bytes it takes as RLP.
    pub fn size(&self) -> usize {
        let list = |payload: usize| payload + length_of_length(payload);
        let transactions = self
            .transactions
            .iter()
            .map(|transaction| transaction.inner().length());
        let ommers = self.ommers.iter().map(Encodable::length);
        list(
            self.header.length()
                + list(transactions.sum())
                + list(ommers.sum())
                + self.withdrawals.as_ref().map_or(0, Encodable::length),
        )
    }

    /// The gas that a transaction used by itself.
    pub fn gas_used(&self, index: usize) -> u64 {
        let up_to = |index: usize| {
            self.receipts
                .get(index)
                .map_or(0, |receipt| receipt.cumulative_gas_used())
        };
        let before = index.checked_sub(1).map_or(0, up_to);
        up_to(index).saturating_sub(before)
    }

    /// How many logs there are before those of a transaction.
    pub fn logs_before(&self, index: usize) -> u64 {
        self.receipts
            .iter()
            .take(index)
            .map(|receipt| receipt.logs().len() as u64)
            .sum()
    }

    /// The address of the contract that a transaction created, if it asked for one.
    pub fn created(&self, index: usize) -> Option<Address> {
        let transaction = self.transactions.get(index)?;
        transaction
            .kind()
            .is_create()
            .then(|| transaction.signer().create(transaction.nonce()))
    }
}
