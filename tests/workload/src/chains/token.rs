//! A `Token` in genesis, and the calls to it.

use super::{
    draft::Draft,
    world::{Code, World, mapped, short_string, word},
};
use crate::{DevAccount, Token, artefacts, genesis::OWNER};
use alloy_primitives::{
    Address, U256,
    map::{HashMap, U256Map},
};
use alloy_sol_types::SolCall;

const DECIMALS: u8 = 18;
/// Balance of the sender, balance of the receiver, which may be new, and the event.
const TRANSFER_GAS: u64 = 50_000;
/// The allowance and the event.
const APPROVE_GAS: u64 = 40_000;

/// What all tokens have in common.
#[derive(Debug)]
pub(crate) struct TokenCode {
    code: Code,
    name: U256,
    symbol: U256,
    /// Decimals in the lowest byte, the owner above it.
    settings: U256,
    supply: U256,
    balances: U256,
    allowances: U256,
}

impl TokenCode {
    pub(crate) fn new() -> Self {
        let artefact = artefacts::token();
        assert_eq!(artefact.slot("owner"), artefact.slot("decimals"));
        Self {
            code: Code::new(&artefact),
            name: artefact.slot("name"),
            symbol: artefact.slot("symbol"),
            settings: artefact.slot("decimals"),
            supply: artefact.slot("totalSupply"),
            balances: artefact.slot("balanceOf"),
            allowances: artefact.slot("allowance"),
        }
    }
}

/// A token while its holders are written down.
#[derive(Debug)]
pub(crate) struct TokenPlan<'a> {
    pub(crate) address: Address,
    of: &'a TokenCode,
    balances: HashMap<Address, U256>,
    allowances: Vec<(Address, Address)>,
}

impl<'a> TokenPlan<'a> {
    pub(crate) fn new(of: &'a TokenCode, world: &mut World) -> Self {
        Self {
            address: world.address(),
            of,
            balances: HashMap::default(),
            allowances: Vec::new(),
        }
    }

    /// Tokens for a holder, beside those that it has.
    pub(crate) fn give(&mut self, holder: Address, amount: U256) {
        *self.balances.entry(holder).or_default() += amount;
    }

    /// A holder lets a spender take as many tokens as it wants.
    pub(crate) fn allow(&mut self, holder: Address, spender: Address) {
        self.allowances.push((holder, spender));
    }

    /// Puts the token into the world.
    pub(crate) fn place(self, world: &mut World) {
        let of = self.of;
        let number = world.deployed.tokens.len();
        let owner = word(DevAccount::new(OWNER).address());
        let mut slots = U256Map::with_capacity_and_hasher(
            self.balances.len() + self.allowances.len() + 4,
            Default::default(),
        );
        slots.insert(of.name, short_string(&format!("Scenario token {number}")));
        slots.insert(of.symbol, short_string(&format!("T{number}")));
        slots.insert(of.settings, owner << 8 | U256::from(DECIMALS));
        slots.insert(of.supply, self.balances.values().sum());
        for (holder, balance) in self.balances {
            slots.insert(mapped(holder.into_word(), of.balances), balance);
        }
        for (holder, spender) in self.allowances {
            let of_holder = mapped(holder.into_word(), of.allowances);
            slots.insert(mapped(spender.into_word(), of_holder), U256::MAX);
        }
        world.deployed.tokens.push(self.address);
        world.place(self.address, &of.code, slots);
    }
}

/// Sends tokens.
pub(crate) fn transfer(from: usize, token: Address, to: Address, value: U256) -> Draft {
    let input = Token::transferCall { to, value }.abi_encode();
    Draft::call(from, token, input, TRANSFER_GAS, 1)
}

/// Lets somebody take tokens.
pub(crate) fn approve(from: usize, token: Address, spender: Address, value: U256) -> Draft {
    let input = Token::approveCall { spender, value }.abi_encode();
    Draft::call(from, token, input, APPROVE_GAS, 1)
}
