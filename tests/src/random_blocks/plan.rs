//! A random block before it is settled: everything about it but the nonces and the gas limits that depend
//! on how the transactions before it end. Shrinking works on plans, so what it leaves is settled anew.

use super::{
    assembler::assemble,
    chain::{CHAIN_ID, Chain},
    program::Program,
};
use alloy_consensus::{
    Header, Signed, TxEip1559, TxEip2930, TxEip4844, TxEip7702, TxEnvelope, TxLegacy,
    crypto::secp256k1::sign_message, transaction::Recovered,
};
use alloy_eips::{
    eip2930::{AccessList, AccessListItem},
    eip4895::Withdrawal,
    eip7702::{Authorization, SignedAuthorization},
};
use alloy_primitives::{Address, B256, Bytes, Signature, TxKind, U256};
use metisvm_state::MemoryState;
use metisvm_workload::DevAccount;
use std::{collections::BTreeMap, sync::OnceLock};

/// How many accounts have a key, as the authority of an EIP-7702 authorisation must.
pub const KEYED_ACCOUNTS: usize = 8;

/// The accounts with a key.
pub fn keyed_accounts() -> &'static [DevAccount] {
    static ACCOUNTS: OnceLock<Vec<DevAccount>> = OnceLock::new();
    ACCOUNTS.get_or_init(|| (0..KEYED_ACCOUNTS).map(DevAccount::new).collect())
}

/// A block and the state before it.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The seed that it was generated from.
    pub seed: u64,
    /// The chain.
    pub chain: Chain,
    /// The header; roots and gas used are left empty.
    pub header: Header,
    /// The accounts before the block.
    pub accounts: BTreeMap<Address, AccountPlan>,
    /// The hashes that `BLOCKHASH` can ask for.
    pub block_hashes: BTreeMap<u64, B256>,
    /// The ommers, before Paris.
    pub ommers: Vec<Header>,
    /// The withdrawals, from Shanghai on.
    pub withdrawals: Vec<Withdrawal>,
    /// The transactions.
    pub transactions: Vec<TransactionPlan>,
}

/// An account before the block.
#[derive(Debug, Clone)]
pub struct AccountPlan {
    /// Wei.
    pub balance: U256,
    /// Its nonce.
    pub nonce: u64,
    /// Its code.
    pub code: Code,
    /// Its slots.
    pub storage: BTreeMap<U256, U256>,
}

/// Bytecode, or what becomes it.
#[derive(Debug, Clone)]
pub enum Code {
    /// A program, to be assembled.
    Program(Program),
    /// Bytes as they are: nothing, a delegation, a contract of the protocol, call data.
    Bytes(Bytes),
}

impl Code {
    /// No bytes.
    pub const NOTHING: Self = Self::Bytes(Bytes::new());

    /// The bytes.
    pub fn bytes(&self) -> Bytes {
        match self {
            Self::Program(program) => assemble(program).into(),
            Self::Bytes(bytes) => bytes.clone(),
        }
    }
}

/// A transaction without its nonce.
#[derive(Debug, Clone)]
pub struct TransactionPlan {
    /// Who sends it; nobody checks a signature after senders are recovered.
    pub sender: Address,
    /// The type.
    pub envelope: Envelope,
    /// How far the nonce is from the right one.
    pub nonce_offset: i64,
    /// The gas limit.
    pub gas: Gas,
    /// The gas price, or the most to pay.
    pub max_fee: u128,
    /// The most to pay to the beneficiary, for the types that say it.
    pub tip: u128,
    /// The recipient; none for a creation.
    pub to: Option<Address>,
    /// Wei.
    pub value: U256,
    /// Call data or init code.
    pub input: Code,
    /// For the types that have one.
    pub access_list: Vec<(Address, Vec<B256>)>,
    /// The chain that it is signed for.
    pub chain_id: u64,
    /// Stays in the block even if it is not valid there.
    pub keep_invalid: bool,
}

/// The type of a transaction, with what only that type has.
#[derive(Debug, Clone)]
pub enum Envelope {
    /// The first type, without a chain id.
    Unprotected,
    /// The first type with a chain id (EIP-155).
    Legacy,
    /// With an access list (EIP-2930).
    AccessList,
    /// With a dynamic fee (EIP-1559).
    DynamicFee,
    /// With blobs (EIP-4844): their hashes, and the most to pay for a unit of blob gas.
    Blob(Vec<B256>, u128),
    /// With authorisations (EIP-7702).
    SetCode(Vec<AuthorizationPlan>),
}

/// A gas limit.
#[derive(Debug, Clone, Copy)]
pub enum Gas {
    /// This much.
    Limit(u64),
    /// So much more or less than what the transaction uses if it has enough.
    NearNeed(i64),
}

/// An authorisation without its nonce.
#[derive(Debug, Clone)]
pub struct AuthorizationPlan {
    /// The number of the authority among [`keyed_accounts`].
    pub key: usize,
    /// Whose code it takes; zero for none.
    pub delegate: Address,
    /// How far the nonce is from the right one.
    pub nonce_offset: i64,
    /// The chain, or zero for any.
    pub chain_id: u64,
    /// The signature is not one.
    pub damaged: bool,
}

impl Plan {
    /// The state before the block.
    pub fn state(&self) -> MemoryState {
        let mut state = MemoryState::default();
        for (address, account) in &self.accounts {
            let storage = account.storage.iter().map(|(slot, value)| (*slot, *value));
            let code = account.code.bytes();
            state.insert_account(*address, account.balance, account.nonce, code, storage);
        }
        for (number, hash) in &self.block_hashes {
            state.insert_block_hash(*number, *hash);
        }
        state
    }
}

impl TransactionPlan {
    /// The transaction, given its gas limit and the nonces of the accounts before it.
    pub fn settle(&self, gas_limit: u64, nonce_of: impl Fn(Address) -> u64) -> Recovered<TxEnvelope> {
        let nonce = nonce_of(self.sender).saturating_add_signed(self.nonce_offset);
        let to = self.to.map_or(TxKind::Create, TxKind::Call);
        let input = self.input.bytes();
        let (chain_id, value) = (self.chain_id, self.value);
        let access_list = || {
            let items = self.access_list.iter().cloned();
            let item = |(address, storage_keys)| AccessListItem {
                address,
                storage_keys,
            };
            AccessList(items.map(item).collect())
        };
        let envelope: TxEnvelope = match &self.envelope {
            Envelope::Unprotected | Envelope::Legacy => {
                let protected = matches!(self.envelope, Envelope::Legacy);
                self.signed(TxLegacy {
                    chain_id: protected.then_some(chain_id),
                    nonce,
                    gas_price: self.max_fee,
                    gas_limit,
                    to,
                    value,
                    input,
                })
                .into()
            }
            Envelope::AccessList => self
                .signed(TxEip2930 {
                    chain_id,
                    nonce,
                    gas_price: self.max_fee,
                    gas_limit,
                    to,
                    value,
                    access_list: access_list(),
                    input,
                })
                .into(),
            Envelope::DynamicFee => self
                .signed(TxEip1559 {
                    chain_id,
                    nonce,
                    gas_limit,
                    max_fee_per_gas: self.max_fee,
                    max_priority_fee_per_gas: self.tip,
                    to,
                    value,
                    access_list: access_list(),
                    input,
                })
                .into(),
            Envelope::Blob(hashes, max_fee_per_blob_gas) => self
                .signed(TxEip4844 {
                    chain_id,
                    nonce,
                    gas_limit,
                    max_fee_per_gas: self.max_fee,
                    max_priority_fee_per_gas: self.tip,
                    to: self.to.unwrap_or_default(),
                    value,
                    access_list: access_list(),
                    blob_versioned_hashes: hashes.clone(),
                    max_fee_per_blob_gas: *max_fee_per_blob_gas,
                    input,
                })
                .into(),
            Envelope::SetCode(authorizations) => self
                .signed(TxEip7702 {
                    chain_id,
                    nonce,
                    gas_limit,
                    max_fee_per_gas: self.max_fee,
                    max_priority_fee_per_gas: self.tip,
                    to: self.to.unwrap_or_default(),
                    value,
                    access_list: access_list(),
                    authorization_list: self.authorizations(authorizations, nonce_of),
                    input,
                })
                .into(),
        };
        Recovered::new_unchecked(envelope, self.sender)
    }

    /// A signature that nobody made; the sender is in it, so that equal transactions of two senders have
    /// two hashes.
    fn signed<T>(&self, tx: T) -> Signed<T>
    where
        T: alloy_consensus::SignableTransaction<Signature>,
    {
        tx.into_signed(Signature::new(
            self.sender.into_word().into(),
            U256::from(1),
            false,
        ))
    }

    fn authorizations(
        &self,
        plans: &[AuthorizationPlan],
        nonce_of: impl Fn(Address) -> u64,
    ) -> Vec<SignedAuthorization> {
        let mut earlier = Vec::new();
        let mut signed = Vec::new();
        for plan in plans {
            let account = &keyed_accounts()[plan.key];
            let authority = account.address();
            // The sender's own nonce has gone up before its authorisation is looked at, and so has that of
            // an authority with an earlier authorisation in the same list.
            let before = earlier.iter().filter(|other| **other == authority).count() as u64
                + u64::from(authority == self.sender);
            let authorization = Authorization {
                chain_id: U256::from(plan.chain_id),
                address: plan.delegate,
                nonce: (nonce_of(authority) + before).saturating_add_signed(plan.nonce_offset),
            };
            let valid = [0, CHAIN_ID].contains(&plan.chain_id) && plan.nonce_offset == 0 && !plan.damaged;
            if valid {
                earlier.push(authority);
            }
            let signature = sign_message(account.key(), authorization.signature_hash())
                .expect("the key of a dev account is valid");
            let signature = if plan.damaged {
                Signature::new(U256::MAX, signature.s(), false)
            } else {
                signature
            };
            signed.push(authorization.into_signed(signature));
        }
        signed
    }
}
