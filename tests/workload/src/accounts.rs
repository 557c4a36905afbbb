//! The accounts that sign. **Their keys are public and worth nothing**: whoever reads this file has them.

use crate::signing;
use alloy_primitives::{Address, B256, keccak256};

/// How many accounts genesis gives ether to.
pub const DEV_ACCOUNTS: usize = 20;

/// A test account; its key is the hash of "metisvm dev account N", so never send anything of value to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DevAccount {
    key: B256,
    address: Address,
}

impl DevAccount {
    /// The account of a number; those below [`DEV_ACCOUNTS`] have ether.
    pub fn new(number: usize) -> Self {
        let key = keccak256(format!("metisvm dev account {number}"));
        Self {
            key,
            address: signing::address(key),
        }
    }

    /// All accounts that have ether.
    pub fn all() -> Vec<Self> {
        (0..DEV_ACCOUNTS).map(Self::new).collect()
    }

    /// Its address.
    pub const fn address(&self) -> Address {
        self.address
    }

    /// Its worthless key.
    pub const fn key(&self) -> B256 {
        self.key
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_accounts_differ() {
        let all = DevAccount::all();
        for (at, account) in all.iter().enumerate() {
            assert!(all[..at].iter().all(|other| other.address != account.address));
        }
    }
}
