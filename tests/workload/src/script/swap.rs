use super::{Script, token::HOLDERS, whole};
use crate::{
    Category, Pair,
    order::{Lane, single},
    request::Request,
};
use alloy_eips::eip2930::{AccessList, AccessListItem};
use alloy_primitives::{Address, U256};
use alloy_sol_types::{SolCall, SolError};

const LIQUIDITY_GAS: u64 = 280_000;
const SWAP_GAS: u64 = 120_000;

impl Script<'_> {
    /// Three providers; the later ones come after the first, who sets the price.
    pub(crate) fn liquidity(&self) -> Lane {
        [
            (1, 1_000_000, 1_000_000),
            (2, 250_000, 300_000),
            (3, 120_000, 100_000),
        ]
        .map(|(provider, max0, max1)| {
            let call = Pair::addLiquidityCall {
                max0: whole(max0),
                max1: whole(max1),
                minShares: U256::ZERO,
                to: self.address(provider),
            };
            vec![self.at_the_pair(Category::Liquidity, provider, call.abi_encode(), LIQUIDITY_GAS)]
        })
        .into()
    }

    /// A provider takes a part out again.
    pub(crate) fn less_liquidity(&self) -> Lane {
        let call = Pair::removeLiquidityCall {
            shares: whole(50_000),
            min0: U256::ZERO,
            min1: U256::ZERO,
            to: self.address(12),
        };
        single(self.at_the_pair(Category::Liquidity, 2, call.abi_encode(), LIQUIDITY_GAS))
    }

    /// Swaps in both directions. The reserves are a thousand times what a swap moves, so a tenth less
    /// than the amount is certain to come out.
    pub(crate) fn swaps(&mut self, count: usize) -> Vec<Lane> {
        let swap = |at| {
            let trader = 1 + self.rng.index(HOLDERS);
            let amount = 1 + self.rng.below(500);
            let to = if at % 8 == 7 { self.anyone() } else { trader };
            let token = [self.contracts.token_a, self.contracts.token_b][at % 2];
            single(self.swap(
                trader,
                token,
                whole(amount),
                whole(amount) * U256::from(9) / U256::from(10),
                to,
            ))
        };
        (0..count).map(swap).collect()
    }

    /// A swap that asks for more than it can get.
    pub(crate) fn greedy_swap(&self) -> Lane {
        let amount = whole(100);
        let swap = self.swap(5, self.contracts.token_a, amount, amount * U256::from(2), 5);
        single(swap.reverts(Pair::InsufficientOutput::SELECTOR))
    }

    fn swap(&self, trader: usize, token_in: Address, amount_in: U256, min_out: U256, to: usize) -> Request {
        let call = Pair::swapCall {
            tokenIn: token_in,
            amountIn: amount_in,
            minOut: min_out,
            to: self.address(to),
        };
        self.at_the_pair(Category::Swap, trader, call.abi_encode(), SWAP_GAS)
    }

    fn at_the_pair(&self, category: Category, from: usize, input: Vec<u8>, gas: u64) -> Request {
        let item = |address| AccessListItem {
            address,
            storage_keys: Vec::new(),
        };
        let tokens = [self.contracts.token_a, self.contracts.token_b];
        Request::call(category, from, self.contracts.pair, input, gas)
            .access_list(AccessList(tokens.map(item).into()))
    }
}
