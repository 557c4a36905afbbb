//! Busy blocks: long, and mostly a few kinds of calls over and over by a crowd of senders, so that an engine
//! that learns has something to learn from.

use super::{
    contracts::FUNCTIONS,
    plan::{AccountPlan, Code, TransactionPlan},
    transactions::{Transactions, words},
    world::{CONTRACTS, numbered},
};
use alloy_primitives::{Address, U256};
use std::collections::BTreeMap;

/// The gas limit of a busy block.
pub(crate) const GAS_LIMIT: u64 = 200_000_000;

/// The numbers of the contracts that are called over and over: the counter, wrapped ether, the token, the
/// observer, and an arbitrary one.
const HOT: [usize; 5] = [2, 3, 4, 7, CONTRACTS - 1];

/// Senders of a busy block: so many that their calls meet at the contract, not at their nonces.
fn crowd() -> Vec<Address> {
    (0..100).map(|number| numbered(0xe1, number)).collect()
}

/// Gives the crowd the ether to pay with.
pub(crate) fn fund_crowd(accounts: &mut BTreeMap<Address, AccountPlan>) {
    let rich = AccountPlan {
        balance: U256::from(10).pow(U256::from(20)),
        nonce: 0,
        code: Code::NOTHING,
        storage: BTreeMap::new(),
    };
    accounts.extend(crowd().into_iter().map(|sender| (sender, rich.clone())));
}

impl Transactions<'_> {
    /// So many transactions, four of five of them calls of a few kinds: the same contract and function,
    /// another sender and often another argument. Some senders come again and again.
    pub fn busy(&mut self, count: usize) -> Vec<TransactionPlan> {
        let crowd = crowd();
        let kinds: Vec<_> = (0..1 + self.rng.below(3))
            .map(|_| {
                let to = self.world.contracts[self.rng.pick(&HOT)];
                (to, self.rng.below(FUNCTIONS), self.rng.one_in(3))
            })
            .collect();
        let mut transactions = Vec::with_capacity(count + 2);
        while transactions.len() < count {
            if self.rng.one_in(5) {
                transactions.push(self.one());
                continue;
            }
            let (to, function, pays) = self.rng.pick(&kinds);
            let mut call = self.plain();
            if !self.rng.one_in(8) {
                call.sender = self.rng.pick(&crowd);
            }
            call.to = Some(to);
            let argument = match self.rng.below(3) {
                0 => U256::from(self.rng.below(4)),
                1 => self.rng.pick(&self.world.people).into_word().into(),
                _ => U256::from(self.rng.below(1 << 20)),
            };
            call.input = Code::Bytes(words(&[U256::from(function), argument, U256::ZERO]));
            if pays {
                call.value = U256::from(1 + self.rng.below(100));
            }
            transactions.push(call);
        }
        transactions
    }
}
