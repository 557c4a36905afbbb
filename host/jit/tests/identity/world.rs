//! The accounts that generated programs meet.

use revm::{
    Database,
    bytecode::Bytecode,
    primitives::{Address, B256, HashMap, U256, address, hex, keccak256},
    state::AccountInfo,
};
use std::convert::Infallible;

/// Sends the transactions; rich.
pub(crate) const SENDER: Address = address!("00000000000000000000000000000000005e4de4");
/// Runs the generated code.
pub(crate) const SUBJECT: Address = address!("0000000000000000000000000000000000001000");
/// Delegates to [`SUBJECT`] by EIP-7702.
pub(crate) const DELEGATED: Address = address!("0000000000000000000000000000000000001001");
/// An account without code that EIP-7702 transactions authorise to run [`SUBJECT`]'s code.
pub(crate) const AUTHORITY: Address = address!("0000000000000000000000000000000000001002");
/// Exists and has nothing.
pub(crate) const EMPTY: Address = address!("0000000000000000000000000000000000001003");
/// Is not there.
pub(crate) const NOBODY: Address = address!("0000000000000000000000000000000000001004");
/// Gets the fees.
pub(crate) const BENEFICIARY: Address = address!("0000000000000000000000000000000000c014ba");
/// Addresses of the contracts in [`HELPERS`] begin here.
const FIRST_HELPER: u16 = 0x1010;

/// Contracts that do one thing each, written by hand so that every fork runs them.
pub(crate) const HELPERS: [(&str, &str); 12] = [
    // CALLDATASIZE 0 0 CALLDATACOPY; CALLDATASIZE 0 SHA3 0 MSTORE; CALLER 0x20 MSTORE; CALLVALUE 0x40 MSTORE;
    // 0x60 0 RETURN
    (
        "returns what it was called with",
        "366000600037366000206000523360205234604052606060 00f3",
    ),
    // The same with REVERT and 36 bytes.
    ("reverts with data", "3660005260246000fd"),
    // JUMPDEST 0 JUMP
    ("runs out of gas", "5b600056"),
    // 0xff 0 MSTORE8, 0x400 0x13 RETURN
    ("returns a kilobyte", "60ff60005361040060 13f3"),
    // CALLER SELFDESTRUCT
    ("destroys itself", "33ff"),
    // SLOAD(0) + 1 -> SSTORE(0), LOG1
    (
        "writes storage and logs",
        "600054600101600055366000600037600736600 0a1",
    ),
    // Calls its caller with 4 bytes of call data and half the gas, and returns whether it went well.
    (
        "calls its caller back",
        "6000600060046000600033600 25a04f160005260206000f3",
    ),
    // Stops.
    ("stops", "00"),
    // INVALID
    ("halts", "fe"),
    // POP of an empty stack.
    ("underflows", "50"),
    // CREATE of a contract with one STOP: init code 6001 6000 f3, and gives its address.
    ("creates", "6460016000f3600052600560 1b6000f060005260206000f3"),
    // 0 SLOAD, and its code's size; returns both.
    ("reads", "60005460005233 3b60205260406000f3"),
];

/// The address of a helper.
pub(crate) fn helper(index: usize) -> Address {
    Address::left_padding_from(&(FIRST_HELPER + index as u16).to_be_bytes())
}

/// Storage of [`SUBJECT`] and [`DELEGATED`] and of every helper before the transaction.
fn initial_storage(slot: U256) -> U256 {
    match u64::try_from(slot) {
        Ok(1) => U256::from(1),
        Ok(2) => U256::MAX,
        Ok(3) => U256::from(1) << 128,
        Ok(255) => U256::from(7),
        _ => U256::ZERO,
    }
}

/// A database of these accounts. Nothing is ever written to it.
#[derive(Debug)]
pub(crate) struct World {
    accounts: HashMap<Address, AccountInfo>,
    codes: HashMap<B256, Bytecode>,
}

fn account(balance: u64, nonce: u64, code: Option<Bytecode>) -> AccountInfo {
    let info = AccountInfo {
        balance: U256::from(balance),
        nonce,
        ..AccountInfo::default()
    };
    match code {
        Some(code) => AccountInfo {
            code_hash: code.hash_slow(),
            code: Some(code),
            ..info
        },
        None => info,
    }
}

impl World {
    pub(crate) fn new() -> Self {
        let mut accounts: HashMap<Address, AccountInfo> = HashMap::default();
        let mut codes = HashMap::default();
        for (index, (_, code)) in HELPERS.iter().enumerate() {
            let code: String = code.split_whitespace().collect();
            let code = Bytecode::new_raw(hex::decode(code).expect("helpers are hexadecimal").into());
            codes.insert(code.hash_slow(), code.clone());
            let mut account = account(index as u64, 1, Some(code));
            if index % 2 == 1 {
                // The journal has to ask for this code by its hash.
                account.code = None;
            }
            accounts.insert(helper(index), account);
        }
        accounts.insert(SENDER, account(u64::MAX, 0, None));
        accounts.insert(AUTHORITY, account(5, 0, None));
        accounts.insert(EMPTY, account(0, 0, None));
        accounts.insert(DELEGATED, account(100, 3, Some(Bytecode::new_eip7702(SUBJECT))));
        Self { accounts, codes }
    }

    /// Puts code at [`SUBJECT`].
    pub(crate) fn set_code(&mut self, code: Bytecode) {
        self.accounts.insert(SUBJECT, account(1000, 1, Some(code)));
    }
}

impl Database for World {
    type Error = Infallible;

    fn basic(&mut self, address: Address) -> Result<Option<AccountInfo>, Infallible> {
        Ok(self.accounts.get(&address).cloned())
    }

    fn code_by_hash(&mut self, code_hash: B256) -> Result<Bytecode, Infallible> {
        Ok(self.codes.get(&code_hash).cloned().unwrap_or_default())
    }

    fn storage(&mut self, address: Address, slot: U256) -> Result<U256, Infallible> {
        Ok(match self.accounts.get(&address) {
            Some(info) if !info.is_empty_code_hash() => initial_storage(slot),
            _ => U256::ZERO,
        })
    }

    fn block_hash(&mut self, number: u64) -> Result<B256, Infallible> {
        Ok(keccak256(number.to_be_bytes()))
    }
}
