//! Engines that are broken on purpose, each in a way in which a parallel engine can be: a test that cannot
//! tell them from the oracle would be worth nothing.

use super::engine::{Executed, sequential};
use alloy_consensus::Header;
use alloy_primitives::{
    Address, B256, U256,
    map::{AddressMap, U256Map},
};
use metisvm_executor::{BlockInput, Error, execute_block};
use metisvm_state::{MemoryState, StateError};
use metisvm_vm::MetisEvmFactory;
use revm::{
    Database, DatabaseCommit,
    bytecode::Bytecode,
    state::{Account, AccountInfo},
};

/// What is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutant {
    /// Some reads of slots see the state before the last transaction: a dependency that was missed.
    StaleSlots,
    /// Some reads of balances and nonces do.
    StaleAccounts,
    /// An account's new code is not seen by the transaction behind it.
    StaleCode,
    /// The fee of every eighth transaction does not reach the beneficiary.
    LostFees,
    /// Fees are added up beside the state, and who asks for the beneficiary's balance misses the last one.
    UnseenFees,
    /// Creating a contract leaves the slots that were there before.
    KeptSlots,
    /// An account that destroyed itself is still there.
    Undead,
    /// Accounts that were touched and are empty stay (against EIP-161).
    KeptEmptyAccounts,
    /// Two transactions of different senders in the middle change places.
    Swapped,
    /// The withdrawals are forgotten.
    NoWithdrawals,
    /// The receipts are in the order in which two threads came to an end.
    ReceiptsAsTheyCome,
    /// Panics where a nonce is too high.
    PanicsOnNonceTooHigh,
    /// Names the wrong transaction in an error.
    WrongIndex,
    /// Does not look at the gas that is left in the block.
    IgnoresGasLeft,
    /// Takes a transaction that is not valid for the end of the block.
    StopsAtInvalid,
}

impl Mutant {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::StaleSlots,
        Self::StaleAccounts,
        Self::StaleCode,
        Self::LostFees,
        Self::UnseenFees,
        Self::KeptSlots,
        Self::Undead,
        Self::KeptEmptyAccounts,
        Self::Swapped,
        Self::NoWithdrawals,
        Self::ReceiptsAsTheyCome,
        Self::PanicsOnNonceTooHigh,
        Self::WrongIndex,
        Self::IgnoresGasLeft,
        Self::StopsAtInvalid,
    ];

    /// Executes a block as this engine does.
    ///
    /// # Panics
    /// Where that is what is broken.
    pub fn execute(self, factory: &MetisEvmFactory, block: BlockInput<'_>, state: &MemoryState) -> Executed {
        match self {
            Self::Swapped => swapped(factory, block, state),
            Self::NoWithdrawals => {
                let none = block.withdrawals.map(|_| [].as_slice());
                sequential(
                    factory,
                    BlockInput {
                        withdrawals: none,
                        ..block
                    },
                    state,
                )
            }
            Self::ReceiptsAsTheyCome => {
                let (mut outcome, state) = sequential(factory, block, state)?;
                if let [.., one, other] = outcome.receipts.as_mut_slice() {
                    std::mem::swap(one, other);
                }
                Ok((outcome, state))
            }
            Self::PanicsOnNonceTooHigh => sequential(factory, block, state).inspect_err(|error| {
                assert!(!error.to_string().contains("too high"), "no such nonce: {error}");
            }),
            Self::WrongIndex => sequential(factory, block, state).map_err(|error| match error {
                Error::InvalidTransaction { index, hash, problem } => Error::InvalidTransaction {
                    index: index + 1,
                    hash,
                    problem,
                },
                other => other,
            }),
            Self::IgnoresGasLeft => {
                let header = Header {
                    gas_limit: block.header.gas_limit * 100,
                    ..block.header.clone()
                };
                let block = BlockInput {
                    header: &header,
                    ..block
                };
                sequential(factory, block, state)
            }
            Self::StopsAtInvalid => match sequential(factory, block, state) {
                Err(Error::InvalidTransaction { index, .. }) => {
                    let transactions = &block.transactions[..index];
                    sequential(
                        factory,
                        BlockInput {
                            transactions,
                            ..block
                        },
                        state,
                    )
                }
                other => other,
            },
            _ => {
                let mut broken = Broken {
                    mutant: self,
                    beneficiary: block.header.beneficiary,
                    before: state.clone(),
                    state: state.clone(),
                    reads: 0,
                    commits: 0,
                };
                let outcome = execute_block(factory, block, &mut broken)?;
                Ok((outcome, broken.state))
            }
        }
    }
}

/// Executes two transactions in the other order and puts what they gave back in the order of the block.
fn swapped(factory: &MetisEvmFactory, block: BlockInput<'_>, state: &MemoryState) -> Executed {
    let mut transactions = block.transactions.to_vec();
    let middle = transactions.len() / 2;
    if middle == 0 || transactions[middle - 1].signer() == transactions[middle].signer() {
        return sequential(factory, block, state);
    }
    transactions.swap(middle - 1, middle);
    let other = BlockInput {
        transactions: &transactions,
        ..block
    };
    let Ok((mut outcome, after)) = sequential(factory, other, state) else {
        return sequential(factory, block, state);
    };
    outcome.transactions.swap(middle - 1, middle);
    Ok((outcome, after))
}

/// A state that forgets or mixes something up.
#[derive(Debug)]
struct Broken {
    mutant: Mutant,
    beneficiary: Address,
    state: MemoryState,
    /// The state before the last commit.
    before: MemoryState,
    reads: u64,
    commits: u64,
}

impl Broken {
    /// True for every eighth read.
    fn now_and_then(&mut self) -> bool {
        self.reads += 1;
        self.reads.is_multiple_of(8)
    }
}

impl Database for Broken {
    type Error = StateError;

    fn basic(&mut self, address: Address) -> Result<Option<AccountInfo>, StateError> {
        let fresh = self.state.basic(address)?;
        match self.mutant {
            Mutant::StaleAccounts => {
                // Not by a count of reads: withdrawals come in the order of a hash map.
                let stale = (self.commits + u64::from(address[19])).is_multiple_of(8);
                if stale {
                    self.before.basic(address)
                } else {
                    Ok(fresh)
                }
            }
            Mutant::UnseenFees if address == self.beneficiary => {
                let stale = self.before.account(&address);
                Ok(fresh.map(|info| AccountInfo {
                    balance: stale.map_or(info.balance, |account| account.info.balance),
                    ..info
                }))
            }
            Mutant::StaleCode => {
                let (Some(mut fresh), Some(stale)) = (fresh.clone(), self.before.basic(address)?) else {
                    return Ok(fresh);
                };
                fresh.code_hash = stale.code_hash;
                fresh.code = stale.code;
                Ok(Some(fresh))
            }
            _ => Ok(fresh),
        }
    }

    fn code_by_hash(&mut self, code_hash: B256) -> Result<Bytecode, StateError> {
        self.state.code_by_hash(code_hash)
    }

    fn storage(&mut self, address: Address, slot: U256) -> Result<U256, StateError> {
        if self.mutant == Mutant::StaleSlots && self.now_and_then() {
            return self.before.storage(address, slot);
        }
        self.state.storage(address, slot)
    }

    fn block_hash(&mut self, number: u64) -> Result<B256, StateError> {
        self.state.block_hash(number)
    }
}

impl DatabaseCommit for Broken {
    fn commit(&mut self, mut changes: AddressMap<Account>) {
        let before = std::mem::replace(&mut self.before, self.state.clone());
        self.commits += 1;
        let mut created = AddressMap::<U256Map<U256>>::default();
        match self.mutant {
            Mutant::LostFees if self.commits.is_multiple_of(8) => {
                changes.remove(&self.beneficiary);
            }
            Mutant::UnseenFees => {
                let balance = |state: &MemoryState| {
                    let account = state.account(&self.beneficiary);
                    account.map(|account| account.info.balance)
                };
                if let (Some(account), Some(fresh), Some(stale)) = (
                    changes.get_mut(&self.beneficiary),
                    balance(&self.state),
                    balance(&before),
                ) {
                    account.info.balance = account.info.balance.wrapping_add(fresh.wrapping_sub(stale));
                }
            }
            Mutant::Undead => changes.retain(|_, account| !account.is_selfdestructed()),
            Mutant::KeptEmptyAccounts => {
                changes.retain(|_, account| !account.is_empty() || account.is_created());
            }
            Mutant::KeptSlots => {
                for (address, account) in &changes {
                    let older = self.before.account(address);
                    if let (true, Some(older)) = (account.is_created(), older) {
                        created.insert(*address, older.storage.clone());
                    }
                }
            }
            _ => {}
        }
        self.state.commit(changes);
        for (address, mut slots) in created {
            if let Some(account) = self.state.account(&address) {
                slots.extend(account.storage.iter().map(|(slot, value)| (*slot, *value)));
                let info = account.info.clone();
                let code = info.code.map(|code| code.original_bytes()).unwrap_or_default();
                self.state
                    .insert_account(address, info.balance, info.nonce, code, slots);
            }
        }
    }
}
