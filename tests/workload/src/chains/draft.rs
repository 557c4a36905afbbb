//! Transactions before they are signed, and the signing of a whole chain of them.

use super::people::People;
use crate::{
    gas,
    signing::{Envelope, Unsigned, sign},
};
use alloy_consensus::{TxEnvelope, transaction::Recovered};
use alloy_eips::eip2930::AccessList;
use alloy_primitives::{Address, Bytes, TxKind, U256};
use rayon::prelude::*;

/// How a transaction is meant to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It returns.
    Success,
    /// It reverts.
    Revert,
    /// It runs out of gas.
    OutOfGas,
}

/// What is foreseen of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Foreseen {
    /// How it ends.
    pub ending: Ending,
    /// How many logs it leaves; none unless it succeeds.
    pub logs: usize,
}

/// A transaction without nonce, type and signature.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    /// The number of the sender among the people.
    pub(crate) from: usize,
    pub(crate) to: TxKind,
    pub(crate) value: U256,
    pub(crate) input: Bytes,
    pub(crate) gas_limit: u64,
    pub(crate) foreseen: Foreseen,
}

impl Draft {
    /// A call that succeeds within `execution` gas beside the intrinsic cost, and leaves so many logs.
    pub(crate) fn call(from: usize, to: Address, input: Vec<u8>, execution: u64, logs: usize) -> Self {
        Self {
            from,
            to: TxKind::Call(to),
            value: U256::ZERO,
            gas_limit: gas::limit(&input, false, execution),
            input: input.into(),
            foreseen: Foreseen {
                ending: Ending::Success,
                logs,
            },
        }
    }

    /// The same, but it ends in another way, without logs.
    pub(crate) fn ends(mut self, ending: Ending) -> Self {
        self.foreseen = Foreseen { ending, logs: 0 };
        self
    }

    /// Ether to an account without code.
    pub(crate) fn pay(from: usize, to: Address, value: U256) -> Self {
        let mut draft = Self::call(from, to, Vec::new(), 0, 0);
        draft.value = value;
        draft
    }
}

/// Numbers the drafts of each sender over all blocks, gives them types, and signs them.
pub(crate) fn sign_all(
    chain_id: u64,
    people: &People,
    blocks: Vec<Vec<Draft>>,
) -> Vec<Vec<Recovered<TxEnvelope>>> {
    let mut nonces = vec![0; people.len()];
    let mut sign_block = |drafts: Vec<Draft>| {
        let numbered: Vec<(u64, Draft)> = drafts
            .into_iter()
            .map(|draft| {
                let nonce = nonces[draft.from];
                nonces[draft.from] += 1;
                (nonce, draft)
            })
            .collect();
        let sign_one = |(nonce, draft): (u64, Draft)| {
            let from = draft.from;
            let unsigned = Unsigned {
                chain_id,
                nonce,
                gas_limit: draft.gas_limit,
                to: draft.to,
                value: draft.value,
                access_list: AccessList::default(),
                input: draft.input,
            };
            let transaction = sign(people.key(from), envelope(from, nonce), unsigned);
            Recovered::new_unchecked(transaction, people.address(from))
        };
        // In the order of the block, whichever thread signs.
        numbered.into_par_iter().map(sign_one).collect()
    };
    blocks.into_iter().map(&mut sign_block).collect()
}

/// One in five is of the first type, as by a wallet that never learnt the others.
fn envelope(from: usize, nonce: u64) -> Envelope {
    if (from as u64 + nonce).is_multiple_of(5) {
        Envelope::Legacy
    } else {
        Envelope::DynamicFee
    }
}
