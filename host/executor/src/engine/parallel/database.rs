//! The state as a speculating transaction reads it: writes of transactions below it, else the state
//! before the block. Remembers of each account what was seen and how far its balance mattered.

use super::{
    Prospect, Shared,
    versions::{Found, Written},
};
use crate::engine::{
    block_state::{BlockState, VAST_BALANCE, basic},
    keccak::{Hashing, Recall},
    prediction::{Hashed, MAX_HASHES},
};
use alloy_primitives::{Address, B256, KECCAK256_EMPTY, U256, map::AddressMap};
use core::fmt;
use metisvm_state::{BasicAccount, StateError, asks_for_storage, has_storage_ref, storage_answer};
use revm::{
    Database, DatabaseRef,
    bytecode::Bytecode,
    database_interface::DBErrorMarker,
    state::{AccountId, AccountInfo},
};

/// How far the balance of an account mattered to a transaction that saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BalanceUse {
    /// It only had to be this much; what was added and taken can be added and taken elsewhere.
    AtLeast(U256),
    /// The transaction has seen the figure itself.
    Exact,
}

/// An account as a transaction saw it first.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    /// `None` where it did not exist.
    pub(super) account: Option<BasicAccount>,
    /// How far the balance mattered.
    pub(super) balance: BalanceUse,
    /// The nonce itself mattered, not just whether there is one: the account sends or creates.
    pub(super) nonce_used: bool,
    /// Seen otherwise than in the state before the block.
    pub(super) assumed: bool,
}

impl Seen {
    pub(super) fn balance(&self) -> U256 {
        self.account.map_or(U256::ZERO, |account| account.balance)
    }

    /// True where the account as it is now would have led to the same execution.
    pub(super) fn holds(&self, now: Option<BasicAccount>) -> bool {
        match (self.account, now) {
            (None, None) => true,
            (Some(before), Some(now)) => {
                let BasicAccount {
                    balance,
                    nonce,
                    code_hash,
                } = before;
                let same_nonce = nonce == now.nonce || (!self.nonce_used && nonce != 0 && now.nonce != 0);
                let same = same_nonce && code_hash == now.code_hash;
                // Whether an account without nonce and code is empty decides gas and existence.
                let same_emptiness =
                    nonce != 0 || code_hash != KECCAK256_EMPTY || balance.is_zero() == now.balance.is_zero();
                let enough = match self.balance {
                    BalanceUse::Exact => balance == now.balance,
                    BalanceUse::AtLeast(least) => {
                        let ordinary = balance.max(now.balance) < VAST_BALANCE;
                        balance == now.balance || (ordinary && now.balance >= least)
                    }
                };
                same && same_emptiness && enough
            }
            _ => false,
        }
    }
}

impl Seen {
    /// True where transactions above have to know of what this has become: `now`. That a balance is another
    /// matters to them only where code looks at it, or an account comes into being.
    pub(super) fn matters(&self, now: &BasicAccount) -> bool {
        let Some(before) = self.account else { return true };
        before.nonce != now.nonce
            || before.code_hash != now.code_hash
            || (before.balance != now.balance
                && (before.balance.is_zero() || before.code_hash != KECCAK256_EMPTY))
    }
}

/// An account that a batch has looked at.
#[derive(Debug)]
pub(super) struct AccountUse {
    pub(super) address: Address,
    pub(super) seen: Seen,
}

/// A slot that a batch has read from outside.
#[derive(Debug, Clone, Copy)]
pub(super) struct Read {
    /// Of which account, by its place among those seen.
    pub(super) place: usize,
    pub(super) slot: U256,
    pub(super) value: U256,
    /// Read from a write of this block, not from the state before it.
    pub(super) assumed: bool,
}

/// An account of which a batch has asked whether it has storage (EIP-7610).
#[derive(Debug, Clone, Copy)]
pub(super) struct StorageAsked {
    /// By its place among those seen.
    pub(super) place: usize,
    /// The answer that it got.
    pub(super) has: bool,
}

/// Why a speculating transaction cannot go on.
#[derive(Debug)]
pub(super) enum ReadError {
    /// The state cannot answer.
    State(StateError),
    /// This transaction below has to be executed first.
    Behind(usize),
    /// The block has come to its end elsewhere.
    Stopped,
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::State(error) => error.fmt(f),
            Self::Behind(on) => write!(f, "transaction {on} has to be executed first"),
            Self::Stopped => f.write_str("the execution of the block was stopped"),
        }
    }
}

impl core::error::Error for ReadError {}
impl DBErrorMarker for ReadError {}

impl From<StateError> for ReadError {
    fn from(error: StateError) -> Self {
        Self::State(error)
    }
}

/// What one worker's EVM reads from.
pub(super) struct SpeculativeDb<'s, 'e, S> {
    shared: &'s Shared<'e, S>,
    base: &'s BlockState<'e, S>,
    /// The beneficiary before the first transaction, taken to have got a fee already.
    beneficiary: (Address, Result<AccountInfo, StateError>),
    /// The first transaction of the batch: what it reads is from below.
    first: usize,
    sender: Address,
    nonce: u64,
    /// Any account's nonce may matter: the transaction carries authorizations (EIP-7702).
    every_nonce: bool,
    /// A transaction has had to wait for one below.
    pub(super) waited: bool,
    /// The transaction before the batch in its lane, if it is watched.
    before: Option<usize>,
    /// Reads of what that has written.
    pub(super) followed: u64,
    /// Reads that waited for a write that was foretold, or took its foretold value.
    pub(super) predicted: u64,
    /// Those of them that took the value.
    pub(super) run_ahead: u64,
    /// Where each account that was seen is among them.
    places: AddressMap<usize>,
    /// Accounts seen.
    pub(super) accounts: Vec<AccountUse>,
    /// Slots read.
    pub(super) reads: Vec<Read>,
    /// Accounts that were asked for storage.
    pub(super) asked: Vec<StorageAsked>,
    /// What was hashed, where a trace is wanted.
    pub(super) hashed: Option<Vec<Hashed>>,
    recall: Recall,
}

impl<S> fmt::Debug for SpeculativeDb<'_, '_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpeculativeDb")
            .field("first", &self.first)
            .finish_non_exhaustive()
    }
}

impl<'s, 'e, S: DatabaseRef<Error = StateError>> SpeculativeDb<'s, 'e, S> {
    pub(super) fn new(shared: &'s Shared<'e, S>) -> Self {
        let base = &shared.base;
        let address = shared.environment.evm_env.block_env.beneficiary;
        let info = base.basic_ref(address).map(|info| {
            // Every fee before would have made it so; where none did, the transaction runs again.
            info.filter(|info| !info.is_empty()).unwrap_or(AccountInfo {
                balance: U256::from(1),
                ..AccountInfo::default()
            })
        });
        Self {
            shared,
            base,
            beneficiary: (address, info),
            first: 0,
            sender: Address::ZERO,
            nonce: 0,
            every_nonce: false,
            waited: false,
            before: None,
            followed: 0,
            predicted: 0,
            run_ahead: 0,
            places: AddressMap::default(),
            accounts: Vec::new(),
            reads: Vec::new(),
            asked: Vec::new(),
            hashed: None,
            recall: Recall::default(),
        }
    }

    /// Starts to read for another batch. `before`: reads of what this transaction has written are to be counted;
    /// `trace`: what is hashed is to be taken down.
    pub(super) fn begin_batch(&mut self, first: usize, before: Option<usize>, trace: bool) {
        self.hashed = trace.then(Vec::new);
        self.first = first;
        self.waited = false;
        self.before = before;
        self.followed = 0;
        self.predicted = 0;
        self.run_ahead = 0;
        self.places.clear();
        self.accounts.clear();
        self.reads.clear();
        self.asked.clear();
    }

    /// Starts to read for a transaction of the batch.
    pub(super) fn begin(&mut self, sender: Address, nonce: u64, every_nonce: bool) {
        self.sender = sender;
        self.nonce = nonce;
        self.every_nonce = every_nonce;
        if every_nonce {
            for account in &mut self.accounts {
                account.seen.nonce_used = true;
            }
        } else {
            self.nonce_spent(&sender);
        }
    }

    fn seen_mut(&mut self, address: &Address) -> Option<&mut Seen> {
        let place = *self.places.get(address)?;
        Some(&mut self.accounts[place].seen)
    }

    /// The account creates a contract, whose address follows from its nonce.
    pub(super) fn nonce_spent(&mut self, address: &Address) {
        if let Some(seen) = self.seen_mut(address) {
            seen.nonce_used = true;
        }
    }

    /// The balance of this account has been seen by the code itself.
    pub(super) fn balance_observed(&mut self, address: &Address) {
        if let Some(seen) = self.seen_mut(address) {
            seen.balance = BalanceUse::Exact;
        }
    }

    /// The account, which now has `now`, is asked to spend `amount`.
    pub(super) fn balance_spent(&mut self, address: &Address, now: U256, amount: U256) {
        let Some(seen) = self.seen_mut(address) else {
            return;
        };
        let BalanceUse::AtLeast(least) = seen.balance else {
            return;
        };
        seen.balance = match now.checked_sub(amount) {
            Some(left) => BalanceUse::AtLeast(least.max(seen.balance().saturating_sub(left))),
            // That it was not enough is known of this figure only.
            None => BalanceUse::Exact,
        };
    }

    /// The sender must have had this much.
    pub(super) fn balance_required(&mut self, address: &Address, amount: U256) {
        if let Some(seen) = self.seen_mut(address)
            && let BalanceUse::AtLeast(least) = seen.balance
        {
            seen.balance = BalanceUse::AtLeast(least.max(amount));
        }
    }

    /// Reads again until the write that was met is no estimate of a transaction that is running. An
    /// estimate of one that is not is stepped over. Gives the value and who wrote it.
    fn settled<T>(
        &mut self,
        read: impl Fn(usize) -> Option<Found<T>>,
    ) -> Result<Option<(T, usize)>, ReadError> {
        let mut waited = 0;
        let mut announced = false;
        let mut below = self.first;
        loop {
            match read(below) {
                None => return Ok(None),
                Some(Found {
                    written: Written::Value(value),
                    transaction,
                }) => {
                    if waited > 0 {
                        self.predicted += u64::from(announced);
                        self.shared.saved(transaction, announced.then_some(false));
                    }
                    return Ok(Some((value, transaction)));
                }
                Some(Found {
                    written: Written::Foretold(value),
                    transaction,
                }) => {
                    self.predicted += 1;
                    self.run_ahead += 1;
                    self.shared.saved(transaction, Some(true));
                    return Ok(Some((value, transaction)));
                }
                Some(Found { written, transaction }) => match self.shared.prospect(transaction) {
                    Prospect::Soon => announced |= matches!(written, Written::Expected),
                    Prospect::Later => return Err(ReadError::Behind(transaction)),
                    Prospect::Settled => {
                        match written {
                            Written::Estimate(Some(value)) => return Ok(Some((value, transaction))),
                            _ => below = transaction,
                        }
                        continue;
                    }
                },
            }
            if self.shared.stopped() {
                return Err(ReadError::Stopped);
            }
            self.waited = true;
            self.shared.pause(&mut waited);
        }
    }
}

impl<S: DatabaseRef<Error = StateError>> SpeculativeDb<'_, '_, S> {
    /// Where an account is among those seen.
    fn place_of(&mut self, address: Address) -> Result<usize, ReadError> {
        if let Some(place) = self.places.get(&address) {
            return Ok(*place);
        }
        self.basic(address)?;
        Ok(self.accounts.len() - 1)
    }
}

impl<S> Hashing for SpeculativeDb<'_, '_, S> {
    #[inline]
    fn keccak256(&mut self, input: &[u8]) -> B256 {
        let hash = self.recall.keccak256(self.shared.environment.hashes, input);
        if let Some(hashed) = &mut self.hashed
            && hashed.len() < MAX_HASHES
        {
            hashed.extend(Hashed::new(input, hash));
        }
        hash
    }
}

impl<S: DatabaseRef<Error = StateError>> Database for SpeculativeDb<'_, '_, S> {
    type Error = ReadError;

    fn basic(&mut self, address: Address) -> Result<Option<AccountInfo>, ReadError> {
        let shared = self.shared;
        if let Some(seen) = self.seen_mut(&address) {
            // It was forgotten, as it was touched in vain.
            return Ok(seen.account.map(with_unknown_code));
        }
        let mut assumed = true;
        let mut info = if let Some(given) = &shared.given {
            let before = self.base.basic_ref(address)?;
            match given.account(&address, self.first) {
                Some(changed) => changed.over(before),
                None => {
                    assumed = false;
                    before
                }
            }
        } else if address == self.beneficiary.0 && self.first > 0 {
            Some(self.beneficiary.1.clone()?)
        } else {
            match self.settled(|below| shared.versions.account(&address, below))? {
                Some((info, _)) => info,
                None => {
                    assumed = false;
                    self.base.basic_ref(address)?
                }
            }
        };
        if address == self.sender
            && let Some(info) = &mut info
            && info.nonce < self.nonce
        {
            // Transactions of this sender before this one will have counted it up.
            info.nonce = self.nonce;
            assumed = true;
        }
        let account = info.as_ref().map(basic);
        let balance = BalanceUse::AtLeast(U256::ZERO);
        let nonce_used = self.every_nonce || address == self.sender;
        let seen = Seen {
            account,
            balance,
            nonce_used,
            assumed,
        };
        self.places.insert(address, self.accounts.len());
        self.accounts.push(AccountUse { address, seen });
        Ok(info)
    }

    fn code_by_hash(&mut self, code_hash: B256) -> Result<Bytecode, ReadError> {
        Ok(self.base.code_by_hash_ref(code_hash)?)
    }

    fn storage(&mut self, address: Address, slot: U256) -> Result<U256, ReadError> {
        let shared = self.shared;
        let written = match &shared.given {
            Some(given) => given.slot(&address, &slot, self.first),
            None => {
                let found = self.settled(|below| shared.versions.slot(&address, &slot, below))?;
                found.map(|(value, writer)| {
                    if self.before == Some(writer) {
                        self.followed += 1;
                    }
                    value
                })
            }
        };
        let value = match written {
            Some(value) => value,
            None => self.base.storage_ref(address, slot)?,
        };
        let place = self.place_of(address)?;
        self.reads.push(Read {
            place,
            slot,
            value,
            assumed: written.is_some(),
        });
        Ok(value)
    }

    fn storage_by_account_id(
        &mut self,
        address: Address,
        account: AccountId,
        slot: U256,
    ) -> Result<U256, ReadError> {
        if !asks_for_storage(account) {
            return self.storage(address, slot);
        }
        // Transactions below that change the answer are so rare that nobody foretells it: the commit tells.
        let has = has_storage_ref(self.base, address)?;
        let place = self.place_of(address)?;
        self.asked.push(StorageAsked { place, has });
        Ok(storage_answer(has))
    }

    fn block_hash(&mut self, number: u64) -> Result<B256, ReadError> {
        Ok(self.base.block_hash_ref(number)?)
    }
}

fn with_unknown_code(account: BasicAccount) -> AccountInfo {
    AccountInfo {
        balance: account.balance,
        nonce: account.nonce,
        code_hash: account.code_hash,
        code: None,
        ..AccountInfo::default()
    }
}
