//! Swaps in constant-product pools.

use super::{
    draft::Draft,
    people::People,
    story::{Desk, Story},
    token::{TokenCode, TokenPlan},
    world::{Code, World, mapped, whole, word},
};
use crate::{DevAccount, Pair, artefacts, genesis::OWNER, rng::Rng};
use alloy_primitives::{Address, U256, map::U256Map};
use alloy_sol_types::SolCall;

/// How many transactions of a block share a pool in [`uniswap_swaps_many_pools`].
const SWAPS_A_POOL: usize = 8;
/// What a trader holds of each token.
pub(crate) const HOLDING: u64 = 1_000_000;
/// Of each token, in the reserves: so much that no number of swaps here moves the price by a tenth.
const RESERVE: u64 = 1_000_000_000_000;
/// The shares that a pair locks for ever on the first deposit (`Pair.LOCKED_SHARES`).
const LOCKED_SHARES: u64 = 1_000;
const SWAP_GAS: u64 = 140_000;
/// Transfer, Synced, Transfer, Swapped.
const SWAP_LOGS: usize = 4;

/// Everybody swaps once a block, eight to a pool. Every pool has two tokens and eight traders of its own.
pub(crate) fn uniswap_swaps_many_pools(desk: Desk<'_>) -> (Desk<'_>, Story) {
    let pools = desk.size.transactions.div_ceil(SWAPS_A_POOL);
    swaps(desk, pools)
}

/// Everybody swaps once a block, all in one pool.
pub(crate) fn uniswap_one_pool(desk: Desk<'_>) -> (Desk<'_>, Story) {
    swaps(desk, 1)
}

fn swaps(mut desk: Desk<'_>, pools: usize) -> (Desk<'_>, Story) {
    let people = desk.people(desk.size.transactions);
    let pools = place_pools(&mut desk.world, &people, pools);
    let blocks = desk.one_draft_a_sender(|rng, _, sender| {
        pools[sender % pools.len()].swap(rng, sender, people.address(sender))
    });
    (desk, Story { people, blocks })
}

/// Pools with two tokens each. The traders of pool `i` of `count` are the people `i`, `i + count`, and so on:
/// they have both tokens and let the pool take them.
pub(crate) fn place_pools(world: &mut World, people: &People, count: usize) -> Vec<Pool> {
    let (token_code, pair_code) = (TokenCode::new(), PairCode::new());
    let mut place = |at: usize| {
        let mut token0 = TokenPlan::new(&token_code, world);
        let mut token1 = TokenPlan::new(&token_code, world);
        let pool = pair_code.place(world, &mut token0, &mut token1);
        for trader in (at..people.len())
            .step_by(count)
            .map(|number| people.address(number))
        {
            for token in [&mut token0, &mut token1] {
                token.give(trader, whole(HOLDING));
                token.allow(trader, pool.address);
            }
        }
        token0.place(world);
        token1.place(world);
        pool
    };
    (0..count).map(&mut place).collect()
}

/// What all pairs have in common.
#[derive(Debug)]
pub(crate) struct PairCode {
    code: Code,
    tokens: [U256; 2],
    /// Both reserves, the first in the lower 112 bits.
    reserves: U256,
    total_shares: U256,
    shares: U256,
}

/// A pair in the world.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pool {
    pub(crate) address: Address,
    pub(crate) tokens: [Address; 2],
}

impl PairCode {
    pub(crate) fn new() -> Self {
        let artefact = artefacts::pair();
        assert_eq!(artefact.slot("reserve0"), artefact.slot("reserve1"));
        Self {
            code: Code::new(&artefact),
            tokens: [artefact.slot("token0"), artefact.slot("token1")],
            reserves: artefact.slot("reserve0"),
            total_shares: artefact.slot("totalShares"),
            shares: artefact.slot("sharesOf"),
        }
    }

    /// A pair with equal reserves, as one deposit of the contracts' owner leaves it.
    pub(crate) fn place(
        &self,
        world: &mut World,
        token0: &mut TokenPlan<'_>,
        token1: &mut TokenPlan<'_>,
    ) -> Pool {
        let address = world.address();
        let reserve = whole(RESERVE);
        token0.give(address, reserve);
        token1.give(address, reserve);
        let tokens = [token0.address, token1.address];
        let provider = DevAccount::new(OWNER).address();
        let locked = U256::from(LOCKED_SHARES);
        let slots: U256Map<U256> = [
            (self.tokens[0], word(tokens[0])),
            (self.tokens[1], word(tokens[1])),
            (self.reserves, reserve << 112 | reserve),
            (self.total_shares, reserve),
            (mapped(Address::ZERO.into_word(), self.shares), locked),
            (mapped(provider.into_word(), self.shares), reserve - locked),
        ]
        .into_iter()
        .collect();
        world.deployed.pairs.push(address);
        world.place(address, &self.code, slots);
        Pool { address, tokens }
    }
}

impl Pool {
    /// Sells up to a hundred of either token; a tenth may be lost on the way.
    pub(crate) fn swap(&self, rng: &mut Rng, trader: usize, to: Address) -> Draft {
        let amount = whole(1 + rng.below(100));
        let least = amount * U256::from(9) / U256::from(10);
        self.swap_for(rng, trader, to, amount, least)
    }

    /// Sells `amount` of either token for at least `least` of the other.
    pub(crate) fn swap_for(
        &self,
        rng: &mut Rng,
        trader: usize,
        to: Address,
        amount: U256,
        least: U256,
    ) -> Draft {
        let call = Pair::swapCall {
            tokenIn: self.tokens[rng.index(2)],
            amountIn: amount,
            minOut: least,
            to,
        };
        Draft::call(trader, self.address, call.abi_encode(), SWAP_GAS, SWAP_LOGS)
    }
}
