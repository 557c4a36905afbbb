use super::{Script, whole};
use crate::{
    Category, Token,
    genesis::OWNER,
    order::{Lane, single},
    request::Request,
};
use alloy_primitives::{Address, U256};
use alloy_sol_types::{SolCall, SolError};

/// The accounts that get tokens from the owner: 1 to this number.
pub(super) const HOLDERS: usize = 10;

const MINT_GAS: u64 = 80_000;
const APPROVE_GAS: u64 = 40_000;
const TRANSFER_GAS: u64 = 50_000;

impl Script<'_> {
    fn tokens(&self) -> [Address; 2] {
        [self.contracts.token_a, self.contracts.token_b]
    }

    /// Both tokens for every holder.
    pub(crate) fn mints(&self) -> Vec<Lane> {
        let mint = |token, holder| {
            let to = self.address(holder);
            let value = whole(2_000_000);
            let input = Token::mintCall { to, value }.abi_encode();
            single(Request::call(Category::Mint, OWNER, token, input, MINT_GAS))
        };
        let tokens = self.tokens();
        tokens
            .iter()
            .flat_map(|token| (1..=HOLDERS).map(|holder| mint(*token, holder)))
            .collect()
    }

    /// Every holder lets the pair take both tokens, half of them without a limit.
    pub(crate) fn approvals(&self) -> Vec<Lane> {
        let approve = |token, holder| {
            let value = if holder % 2 == 0 {
                U256::MAX
            } else {
                whole(1_500_000)
            };
            single(self.approve(token, holder, self.contracts.pair, value))
        };
        let tokens = self.tokens();
        tokens
            .iter()
            .flat_map(|token| (1..=HOLDERS).map(|holder| approve(*token, holder)))
            .collect()
    }

    fn approve(&self, token: Address, from: usize, spender: Address, value: U256) -> Request {
        let input = Token::approveCall { spender, value }.abi_encode();
        Request::call(Category::Approval, from, token, input, APPROVE_GAS)
    }

    /// Transfers from holders to anybody.
    pub(crate) fn token_transfers(&mut self, count: usize) -> Vec<Lane> {
        let transfer = |_| {
            let from = 1 + self.rng.index(HOLDERS);
            let to = self.anyone();
            let to = self.address(to);
            let value = whole(1 + self.rng.below(1_000));
            let input = Token::transferCall { to, value }.abi_encode();
            let token = self.tokens()[self.rng.index(2)];
            single(Request::call(
                Category::TokenTransfer,
                from,
                token,
                input,
                TRANSFER_GAS,
            ))
        };
        (0..count).map(transfer).collect()
    }

    /// A holder approves somebody, who then takes the tokens in two steps.
    pub(crate) fn token_transfers_by_allowance(&self, owner: usize, spender: usize) -> Lane {
        let [token, _] = self.tokens();
        let take = |value| {
            let (from, to) = (self.address(owner), self.address(spender));
            let input = Token::transferFromCall { from, to, value }.abi_encode();
            Request::call(Category::TokenTransfer, spender, token, input, TRANSFER_GAS)
        };
        vec![
            vec![self.approve(token, owner, self.address(spender), whole(30))],
            vec![take(whole(10))],
            vec![take(whole(20))],
        ]
    }

    /// More tokens than there are.
    pub(crate) fn token_transfer_without_balance(&self, from: usize) -> Lane {
        let [_, token] = self.tokens();
        let (to, value) = (self.address(1), whole(1_000_000_000));
        let input = Token::transferCall { to, value }.abi_encode();
        let request = Request::call(Category::TokenTransfer, from, token, input, TRANSFER_GAS);
        single(request.reverts(Token::ERC20InsufficientBalance::SELECTOR))
    }
}
