//! Gas limits, as a wallet would set them: what the transaction costs before it runs, what it is known
//! to need, and a margin.

use alloy_eips::eip2930::AccessList;

const TRANSACTION: u64 = 21_000;
const CREATION: u64 = 32_000;
const INIT_CODE_WORD: u64 = 2;
const CODE_BYTE: u64 = 200;
/// A byte of call data counts as one token if it is zero, else as four (EIP-7623).
const TOKEN: u64 = 4;
const FLOOR_TOKEN: u64 = 10;
const ACCESS_ADDRESS: u64 = 2_400;
const ACCESS_SLOT: u64 = 1_900;

/// What is gone before the first instruction runs.
pub(crate) fn intrinsic(input: &[u8], creates: bool) -> u64 {
    let creation = if creates {
        CREATION + INIT_CODE_WORD * (input.len() as u64).div_ceil(32)
    } else {
        0
    };
    TRANSACTION + TOKEN * tokens(input) + creation
}

/// A limit that leaves `execution` for the code, and is not below the floor price of the call data.
pub(crate) fn limit(input: &[u8], creates: bool, execution: u64) -> u64 {
    let floor = TRANSACTION + FLOOR_TOKEN * tokens(input);
    (intrinsic(input, creates) + execution).max(floor)
}

/// What a constructor needs: the deposit of the code, which is not longer than the creation code, and
/// some slots.
pub(crate) fn deposit(creation_code: &[u8]) -> u64 {
    CODE_BYTE * creation_code.len() as u64 + 150_000
}

pub(crate) fn access_list_gas(list: &AccessList) -> u64 {
    let slots: usize = list.iter().map(|item| item.storage_keys.len()).sum();
    ACCESS_ADDRESS * list.len() as u64 + ACCESS_SLOT * slots as u64
}

fn tokens(input: &[u8]) -> u64 {
    input.iter().map(|byte| if *byte == 0 { 1 } else { 4 }).sum()
}
