//! Accounts that are full: their balance is the greatest that there is, or nearly. What would give them more
//! fails, so what a payment does depends on everything that they were paid before.

use super::{
    plan::{AccountPlan, Code, Gas, TransactionPlan},
    program::{Program, Value},
    statements::{add, load, number, send, store},
    transactions::Transactions,
    world::{CONTRACTS, World},
};
use crate::rng::Rng;
use alloy_primitives::{Address, U256};
use std::collections::BTreeMap;

/// The number of the contract that pays an account that is full.
const PAYER: usize = CONTRACTS - 2;

/// Pays somebody a little and remembers how that went.
fn payer(to: Address) -> Program {
    vec![
        send(to.into(), number(5), Some(number(30_000))),
        store(number(0), add(load(number(0)), Value::Last)),
        store(number(1), Value::Last),
    ]
}

/// Fills some accounts up, the beneficiary's often, so that it depends on the order of the block which of
/// their credits overflow, and has a contract pay the first of them; gives who they are.
pub(crate) fn fill(
    world: &World,
    accounts: &mut BTreeMap<Address, AccountPlan>,
    rng: &mut Rng,
) -> Vec<Address> {
    let mut full = Vec::new();
    for _ in 0..1 + rng.below(2) {
        full.push(match rng.below(6) {
            0 | 1 => world.beneficiary,
            2 => rng.pick(&world.contracts),
            3 => rng.pick(&world.fresh),
            _ => rng.pick(&world.people),
        });
    }
    // Precompiles and contracts of the protocol are left as they are.
    full.retain(|address| !world.special.contains(address));
    for address in &full {
        let lacking = match rng.below(4) {
            0 => U256::ZERO,
            1 => U256::from(rng.below(20)),
            2 => U256::from(rng.below(1 << 40)),
            // What the fees of a few transactions are.
            _ => U256::from(rng.below(1_000_000)) * U256::from(1_000_000_000),
        };
        let account = accounts.entry(*address).or_insert_with(|| AccountPlan {
            balance: U256::ZERO,
            nonce: 0,
            code: Code::NOTHING,
            storage: BTreeMap::new(),
        });
        account.balance = U256::MAX - lacking;
    }
    if let Some(to) = full.first()
        && let Some(account) = accounts.get_mut(&world.contracts[PAYER])
    {
        account.code = Code::Program(payer(*to));
        account.balance = account.balance.max(U256::from(1_000));
    }
    full
}

impl Transactions<'_> {
    /// Puts transfers to and from these accounts, which are full, among the transactions: small amounts and
    /// large ones, so that some credits overflow and some fit.
    pub fn meet(&mut self, full: &[Address], transactions: &mut Vec<TransactionPlan>) {
        for _ in 0..4 + self.rng.below(6) {
            let account = self.rng.pick(full);
            let mut transfer = self.transfer();
            match self.rng.below(4) {
                0 => transfer.sender = account,
                // By way of a contract, which goes on when its payment fails.
                1 => transfer.to = Some(self.world.contracts[PAYER]),
                _ => transfer.to = Some(account),
            }
            transfer.gas = Gas::Limit(300_000);
            let at = self.rng.index(transactions.len() + 1);
            transactions.insert(at, transfer);
        }
    }
}
