//! The accounts that this node signs for, and those that it acts for without a key.

use crate::error::NodeError;
use alloy_consensus::{SignableTransaction, TxEnvelope, TypedTransaction, transaction::Recovered};
use alloy_primitives::{Address, B256, Signature, U256, map::AddressSet};
use alloy_signer::SignerSync;
use alloy_signer_local::{MnemonicBuilder, PrivateKeySigner};
use std::sync::{PoisonError, RwLock};

/// The mnemonic that development chains are known by. Everybody has its keys.
pub const TEST_MNEMONIC: &str = "test test test test test test test test test test test junk";

/// The most accounts that are derived: deriving a thousand takes about a second.
pub const MOST_ACCOUNTS: u32 = 1000;

/// Keys derived from a mnemonic along `m/44'/60'/0'/0/N`.
pub struct DevAccounts {
    signers: Vec<PrivateKeySigner>,
    acted_for: RwLock<Impersonated>,
}

#[derive(Debug, Default)]
struct Impersonated {
    accounts: AddressSet,
    everybody: bool,
}

impl std::fmt::Debug for DevAccounts {
    // Keys of other mnemonics than the well-known one are nobody's business.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DevAccounts")
            .field("accounts", &self.signers.len())
            .finish_non_exhaustive()
    }
}

impl DevAccounts {
    /// The first accounts of a mnemonic.
    ///
    /// # Errors
    /// If it is no mnemonic of BIP-39, or more accounts are asked for than [`MOST_ACCOUNTS`].
    pub fn derive(mnemonic: &str, count: u32) -> Result<Self, NodeError> {
        if count > MOST_ACCOUNTS {
            let problem =
                format!("{count} accounts are more than {MOST_ACCOUNTS}; ask for fewer (--accounts)");
            return Err(NodeError::Invalid(problem));
        }
        let key = MnemonicBuilder::from_phrase(mnemonic)
            .build_parent_key()
            .map_err(|error| {
                NodeError::Invalid(format!(
                    "the mnemonic is none of BIP-39: {error}; give 12 to 24 of its English words (--mnemonic)"
                ))
            })?;
        let signers = (0..count)
            .map(|index| {
                key.child(index)
                    .map(|key| key.signer())
                    .map_err(NodeError::invalid)
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            signers,
            acted_for: RwLock::default(),
        })
    }

    /// No account: what a chain has whose id is not one of a development chain.
    pub fn none() -> Self {
        Self {
            signers: Vec::new(),
            acted_for: RwLock::default(),
        }
    }

    /// The addresses that this node has keys of, in the order of derivation.
    pub fn addresses(&self) -> Vec<Address> {
        self.signers.iter().map(PrivateKeySigner::address).collect()
    }

    /// The keys, in the same order: for showing them once at the start.
    pub fn keys(&self) -> Vec<B256> {
        self.signers.iter().map(PrivateKeySigner::to_bytes).collect()
    }

    fn signer(&self, address: Address) -> Option<&PrivateKeySigner> {
        self.signers.iter().find(|signer| signer.address() == address)
    }

    /// Acts for an account without its key, or stops doing so.
    pub fn impersonate(&self, address: Address, on: bool) {
        let mut acted_for = self.acted_for.write().unwrap_or_else(PoisonError::into_inner);
        if on {
            acted_for.accounts.insert(address);
        } else {
            acted_for.accounts.remove(&address);
        }
    }

    /// Acts for every account, or only for those that were named.
    pub fn impersonate_everybody(&self, on: bool) {
        let mut acted_for = self.acted_for.write().unwrap_or_else(PoisonError::into_inner);
        acted_for.everybody = on;
    }

    fn is_impersonated(&self, address: Address) -> bool {
        let acted_for = self.acted_for.read().unwrap_or_else(PoisonError::into_inner);
        acted_for.everybody || acted_for.accounts.contains(&address)
    }

    /// Whether this node can send for an account.
    ///
    /// # Errors
    /// If it neither has its key nor acts for it.
    pub fn check(&self, from: Address) -> Result<(), NodeError> {
        if self.signer(from).is_some() || self.is_impersonated(from) {
            return Ok(());
        }
        Err(NodeError::Refused(format!(
            "this node has no key of {from}: use one of eth_accounts, sign elsewhere and send with \
             eth_sendRawTransaction, or impersonate it (anvil_impersonateAccount)"
        )))
    }

    /// Signs a transaction. One of an account that is acted for gets a mark in place of a signature, different for each
    /// account, so that no two of their transactions have one hash.
    ///
    /// # Errors
    /// If this node neither has the key nor acts for the account.
    pub fn sign(
        &self,
        from: Address,
        transaction: TypedTransaction,
    ) -> Result<Recovered<TxEnvelope>, NodeError> {
        self.check(from)?;
        let signature = match self.signer(from) {
            Some(signer) => signer
                .sign_hash_sync(&transaction.signature_hash())
                .map_err(NodeError::fault)?,
            None => Signature::new(U256::from_be_slice(from.as_slice()), U256::from(1), false),
        };
        let signed = transaction.into_signed(signature);
        Ok(Recovered::new_unchecked(TxEnvelope::from(signed), from))
    }

    /// Signs a message as `personal_sign` does (EIP-191).
    ///
    /// # Errors
    /// If this node does not have the key.
    pub fn sign_message(&self, from: Address, message: &[u8]) -> Result<Signature, NodeError> {
        let signer = self
            .signer(from)
            .ok_or_else(|| NodeError::Refused(format!("this node has no key of {from}")))?;
        signer.sign_message_sync(message).map_err(NodeError::fault)
    }

    /// Signs a hash: that of typed data (EIP-712).
    ///
    /// # Errors
    /// If this node does not have the key.
    pub fn sign_hash(&self, from: Address, hash: &B256) -> Result<Signature, NodeError> {
        let signer = self
            .signer(from)
            .ok_or_else(|| NodeError::Refused(format!("this node has no key of {from}")))?;
        signer.sign_hash_sync(hash).map_err(NodeError::fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::address;

    #[test]
    fn the_test_mnemonic_gives_the_accounts_that_every_tool_knows() {
        let accounts = DevAccounts::derive(TEST_MNEMONIC, 2).unwrap();
        assert_eq!(
            accounts.addresses(),
            [
                address!("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"),
                address!("0x70997970C51812dc3A010C7d01b50e0d17dc79C8"),
            ]
        );
    }

    #[test]
    fn words_that_are_no_mnemonic_are_refused_and_so_are_too_many_accounts() {
        let error = DevAccounts::derive("test test test", 1).unwrap_err();
        assert!(error.to_string().contains("--mnemonic"), "{error}");
        let error = DevAccounts::derive(TEST_MNEMONIC, MOST_ACCOUNTS + 1).unwrap_err();
        assert!(error.to_string().contains("--accounts"), "{error}");
    }

    #[test]
    fn only_who_has_a_key_or_is_acted_for_signs() {
        let accounts = DevAccounts::derive(TEST_MNEMONIC, 1).unwrap();
        let other = Address::with_last_byte(7);
        let transaction = TypedTransaction::Eip1559(Default::default());
        assert!(accounts.sign(other, transaction.clone()).is_err());
        accounts.impersonate(other, true);
        let first = accounts.sign(other, transaction.clone()).unwrap();
        assert_eq!(first.signer(), other);
        accounts.impersonate_everybody(true);
        let second = accounts
            .sign(Address::with_last_byte(8), transaction.clone())
            .unwrap();
        assert_ne!(first.hash(), second.hash());
        accounts.impersonate_everybody(false);
        accounts.impersonate(other, false);
        assert!(accounts.sign(other, transaction).is_err());
    }
}
