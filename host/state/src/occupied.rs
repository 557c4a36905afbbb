//! The question of EIP-7610: has an account any storage?
//!
//! No contract may be created at an address whose account has storage, also where it has neither nonce nor
//! code. revm asks a state for single slots only, and the EVM has to be made over any of its databases. So
//! the question goes the way that revm's traits have open: as a read of a slot by the number of an account
//! (`storage_by_account_id`), with a number that stands for this question. No state here gives accounts
//! numbers, so nothing else comes that way.
//!
//! A database that does not know the question takes it for a read of [`SLOT`], which no contract has a reason
//! to use, and says no. With it a contract is created over storage, as revm does by itself.

use alloy_primitives::{Address, U256, uint};
use revm::{Database, DatabaseRef, state::AccountId};

/// The number that stands for the question.
const QUESTION: usize = 0x7610_7610;

/// The slot that the question names: Keccak-256 of "EIP-7610: has this account storage?".
const SLOT: U256 = uint!(0x042ba119a06784c3ab19a8d89d5e322dc0beba502f398c1c9feb8f4a27fc1d98_U256);

fn question() -> AccountId {
    // Every number but the greatest of 32 bits is one.
    AccountId::new(QUESTION).expect("the number is one of 32 bits, and not the greatest")
}

/// Asks a database whether an account has storage.
///
/// # Errors
/// Those of the database.
pub fn has_storage<DB: Database>(database: &mut DB, address: Address) -> Result<bool, DB::Error> {
    let answer = database.storage_by_account_id(address, question(), SLOT)?;
    Ok(!answer.is_zero())
}

/// The same of a database that is only read.
///
/// # Errors
/// Those of the database.
pub fn has_storage_ref<DB: DatabaseRef>(database: &DB, address: Address) -> Result<bool, DB::Error> {
    let answer = database.storage_by_account_id_ref(address, question(), SLOT)?;
    Ok(!answer.is_zero())
}

/// True where a read of a slot by the number of an account is this question.
pub fn asks_for_storage(account: AccountId) -> bool {
    account.get() == QUESTION
}

/// The answer, as the value of a slot.
pub fn storage_answer(has_storage: bool) -> U256 {
    U256::from(has_storage)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryState;
    use alloy_primitives::{Bytes, keccak256};
    use revm::database_interface::EmptyDB;

    #[test]
    fn the_slot_of_the_question_is_a_hash() {
        assert_eq!(
            SLOT,
            U256::from_be_bytes(keccak256(b"EIP-7610: has this account storage?").0)
        );
    }

    #[test]
    fn a_database_that_does_not_know_the_question_says_no() {
        assert_eq!(has_storage(&mut EmptyDB::default(), Address::ZERO), Ok(false));
        assert_eq!(has_storage_ref(&EmptyDB::default(), Address::ZERO), Ok(false));
    }

    #[test]
    fn the_question_passes_references_and_wrappers() {
        let (with, without) = (Address::with_last_byte(1), Address::with_last_byte(2));
        let mut state = MemoryState::default();
        state.insert_account(
            with,
            U256::ZERO,
            0,
            Bytes::new(),
            [(U256::from(9), U256::from(1))],
        );
        state.insert_account(without, U256::from(1), 0, Bytes::new(), []);
        for (address, has) in [(with, true), (without, false), (Address::ZERO, false)] {
            assert_eq!(has_storage_ref(&&state, address), Ok(has));
            assert_eq!(
                has_storage(&mut revm::database::WrapDatabaseRef(&state), address),
                Ok(has)
            );
            assert_eq!(has_storage(&mut &mut state, address), Ok(has));
        }
    }
}
