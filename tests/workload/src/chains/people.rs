//! The accounts that sign. Their keys are public and worth nothing, like those of [`DevAccount`].
//!
//! [`DevAccount`]: crate::DevAccount

use crate::signing;
use alloy_primitives::{Address, B256, keccak256};
use rayon::prelude::*;
use std::sync::{Arc, Mutex, PoisonError};

type Account = (B256, Address);

/// The accounts that a scenario of this process needed so far: an address costs two operations on the curve,
/// more than everything else that is done for a sender, and all scenarios have the same people.
static KNOWN: Mutex<Vec<Account>> = Mutex::new(Vec::new());

/// So many accounts with keys, by number. The same numbers are the same accounts in every scenario.
#[derive(Debug, Clone)]
pub(crate) struct People {
    accounts: Arc<[Account]>,
}

impl People {
    /// The first `count` accounts.
    pub(crate) fn new(count: usize) -> Self {
        let known = known(count);
        // Not under the lock: a thread that waits for the others of its pool may be given work that wants it.
        let missing: Vec<Account> = (known.len()..count).into_par_iter().map(account).collect();
        let accounts: Arc<[Account]> = known.into_iter().chain(missing).collect();
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() < count {
            *known = accounts.to_vec();
        }
        Self { accounts }
    }

    pub(crate) fn len(&self) -> usize {
        self.accounts.len()
    }

    pub(crate) fn address(&self, number: usize) -> Address {
        self.accounts[number].1
    }

    pub(crate) fn key(&self, number: usize) -> B256 {
        self.accounts[number].0
    }

    pub(crate) fn addresses(&self) -> impl Iterator<Item = Address> + '_ {
        self.accounts.iter().map(|(_, address)| *address)
    }
}

/// Of the first `count` accounts those that are known.
fn known(count: usize) -> Vec<Account> {
    let known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    known.iter().take(count).copied().collect()
}

fn account(number: usize) -> Account {
    let key = keccak256(format!("metisvm scenario account {number}"));
    (key, signing::address(key))
}

/// An address that nobody has the key of, named by what it is for and a number.
pub(crate) fn keyless(purpose: &str, number: usize) -> Address {
    Address::from_word(keccak256(format!("metisvm scenario {purpose} {number}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_the_same_whatever_was_known_before() {
        let few = People::new(3);
        let many = People::new(40);
        let some = People::new(17);
        for number in 0..40 {
            assert_eq!((many.key(number), many.address(number)), account(number));
        }
        assert!(few.addresses().eq(many.addresses().take(3)));
        assert!(some.addresses().eq(many.addresses().take(17)));
        assert_eq!((few.len(), some.len()), (3, 17));
    }
}
