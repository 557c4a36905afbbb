//! A mixture as the blocks of a busy chain have it: little that conflicts with everything, a few places where
//! many meet, and people who send several transactions in a row.

use super::{
    collectible, dao,
    draft::{Draft, Ending},
    people::{People, keyless},
    story::{Desk, Story},
    token::{TokenCode, TokenPlan, approve, transfer},
    uniswap::{HOLDING, PairCode, Pool},
    weighted::Weighted,
    world::{World, whole},
};
use crate::{Token, artefacts, gas, rng::Rng};
use alloy_primitives::{Address, Bytes, TxKind, U256};
use alloy_sol_types::SolConstructor;
use std::collections::BTreeSet;

/// How many pools a person may know; fewer where the same is drawn twice.
const PORTFOLIO: usize = 3;

/// What people do, out of a hundred transactions.
const WEIGHTS: [(Act, u64); 11] = [
    (Act::PayPerson, 18),
    (Act::PayNewcomer, 8),
    (Act::PayExchange, 5),
    (Act::SendToken, 15),
    (Act::DepositToken, 8),
    (Act::Swap, 22),
    (Act::Approve, 6),
    (Act::Vote, 6),
    (Act::Mint, 6),
    (Act::Deploy, 1),
    (Act::Fail, 5),
];

#[derive(Debug, Clone, Copy)]
enum Act {
    /// Ether to a person.
    PayPerson,
    /// Ether to an account that does not exist.
    PayNewcomer,
    /// Ether to the exchange.
    PayExchange,
    /// Tokens to a person.
    SendToken,
    /// Tokens to the exchange.
    DepositToken,
    Swap,
    Approve,
    Vote,
    Mint,
    /// Deploys a token.
    Deploy,
    /// Something that reverts or runs out of gas.
    Fail,
}

/// The mixture. One person in seven sends two to four transactions in a block; pools and tokens are as popular
/// as Zipf's law says.
pub(crate) fn mixed_defi(mut desk: Desk<'_>) -> (Desk<'_>, Story) {
    let people = desk.people(desk.size.transactions);
    let mut town = Town::new(&mut desk.world, &mut desk.rng, people);
    let acts = Weighted::new(WEIGHTS.map(|(_, weight)| weight));
    let mut blocks = Vec::with_capacity(desk.size.blocks);
    for _ in 0..desk.size.blocks {
        let senders = town.senders(&mut desk.rng, desk.size.transactions);
        let rng = &mut desk.rng;
        let draft = |sender| {
            let (act, _) = WEIGHTS[acts.pick(rng)];
            town.draft(rng, act, sender)
        };
        blocks.push(senders.into_iter().map(draft).collect());
    }
    let people = town.people;
    (desk, Story { people, blocks })
}

/// Everything that people deal with.
struct Town {
    people: People,
    /// Which pools a person has tokens for.
    portfolios: Vec<Vec<usize>>,
    pools: Vec<Pool>,
    exchange: Address,
    dao: Address,
    /// Who has voted on what.
    voted: BTreeSet<(usize, usize)>,
    collectible: Address,
    newcomers: usize,
    /// The creation code of a token.
    new_token: Bytes,
}

impl Town {
    /// Every pool trades a token of its own against the one that all have.
    fn new(world: &mut World, rng: &mut Rng, people: People) -> Self {
        let pool_count = (people.len() / 16).clamp(4, 64);
        let popularity = Weighted::zipf(pool_count);
        let mut portfolio = || {
            let drawn: BTreeSet<usize> = (0..PORTFOLIO).map(|_| popularity.pick(rng)).collect();
            drawn.into_iter().collect()
        };
        let portfolios: Vec<Vec<usize>> = (0..people.len()).map(|_| portfolio()).collect();

        let (token_code, pair_code) = (TokenCode::new(), PairCode::new());
        let mut common = TokenPlan::new(&token_code, world);
        let mut others: Vec<_> = (0..pool_count)
            .map(|_| TokenPlan::new(&token_code, world))
            .collect();
        let mut pools = Vec::with_capacity(pool_count);
        for other in &mut others {
            pools.push(pair_code.place(world, &mut common, other));
        }
        for (person, known) in people.addresses().zip(&portfolios) {
            common.give(person, whole(HOLDING));
            for &at in known {
                common.allow(person, pools[at].address);
                others[at].give(person, whole(HOLDING));
                others[at].allow(person, pools[at].address);
            }
        }
        common.place(world);
        for other in others {
            other.place(world);
        }
        let exchange = keyless("exchange", 0);
        world.fund([exchange]);
        let new_token = Token::constructorCall {
            name: "A new token".to_owned(),
            symbol: "NEW".to_owned(),
            decimals: 18,
        };
        Self {
            dao: dao::place(world, people.addresses()),
            collectible: collectible::place(world),
            people,
            portfolios,
            pools,
            exchange,
            voted: BTreeSet::new(),
            newcomers: 0,
            new_token: artefacts::token().deploy(&new_token.abi_encode()),
        }
    }

    /// Who sends each transaction of a block.
    fn senders(&self, rng: &mut Rng, transactions: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.people.len()).collect();
        rng.shuffle(&mut order);
        let mut senders = Vec::with_capacity(transactions);
        for person in order {
            let row = if rng.one_in(7) { 2 + rng.index(3) } else { 1 };
            senders.extend(std::iter::repeat_n(person, row.min(transactions - senders.len())));
        }
        rng.shuffle(&mut senders);
        senders
    }

    fn draft(&mut self, rng: &mut Rng, act: Act, from: usize) -> Draft {
        let small = whole(1) / U256::from(1 + rng.below(1_000));
        let some = whole(1 + rng.below(100));
        let anybody = self.people.address(rng.index(self.people.len()));
        match act {
            Act::PayPerson => Draft::pay(from, anybody, small),
            Act::PayNewcomer => {
                self.newcomers += 1;
                Draft::pay(from, keyless("newcomer", self.newcomers), small)
            }
            Act::PayExchange => Draft::pay(from, self.exchange, small),
            Act::SendToken => transfer(from, self.token(rng, from), anybody, some),
            Act::DepositToken => transfer(from, self.token(rng, from), self.exchange, some),
            Act::Swap => self.pool(rng, from).swap(rng, from, self.people.address(from)),
            Act::Approve => self.approve(rng, from, some),
            Act::Vote => self.vote(rng, from),
            Act::Mint => collectible::mint(from, self.collectible, self.people.address(from)),
            Act::Deploy => self.deploy(from),
            Act::Fail => self.fail(rng, from),
        }
    }

    fn pool(&self, rng: &mut Rng, person: usize) -> Pool {
        self.pools[rng.pick(&self.portfolios[person])]
    }

    /// A token that the person has.
    fn token(&self, rng: &mut Rng, person: usize) -> Address {
        let pool = self.pool(rng, person);
        rng.pick(&pool.tokens)
    }

    /// The exchange gets a limit; a pool gets none, so that later swaps have enough.
    fn approve(&self, rng: &mut Rng, from: usize, limit: U256) -> Draft {
        let pool = self.pool(rng, from);
        let token = rng.pick(&pool.tokens);
        if rng.one_in(2) {
            approve(from, token, self.exchange, limit)
        } else {
            approve(from, token, pool.address, U256::MAX)
        }
    }

    /// The first proposal that the person has not voted on, from an arbitrary one on; a second vote, which
    /// reverts, where there is none.
    fn vote(&mut self, rng: &mut Rng, from: usize) -> Draft {
        let first = rng.index(dao::PROPOSALS);
        let mut proposals = (0..dao::PROPOSALS).map(|step| (first + step) % dao::PROPOSALS);
        match proposals.find(|proposal| self.voted.insert((from, *proposal))) {
            Some(proposal) => dao::vote(rng, from, self.dao, proposal),
            None => dao::vote(rng, from, self.dao, first).ends(Ending::Revert),
        }
    }

    fn deploy(&self, from: usize) -> Draft {
        let code = self.new_token.clone();
        let mut draft = Draft::call(from, Address::ZERO, Vec::new(), 0, 0);
        draft.to = TxKind::Create;
        draft.gas_limit = gas::limit(&code, true, gas::deposit(&code));
        draft.input = code;
        draft
    }

    fn fail(&self, rng: &mut Rng, from: usize) -> Draft {
        let pool = self.pool(rng, from);
        let to = self.people.address(from);
        match rng.below(3) {
            // Twice as much as it is worth.
            0 => pool
                .swap_for(rng, from, to, whole(10), whole(20))
                .ends(Ending::Revert),
            // More than anybody has.
            1 => transfer(from, rng.pick(&pool.tokens), to, U256::MAX).ends(Ending::Revert),
            _ => {
                let mut draft = transfer(from, rng.pick(&pool.tokens), self.exchange, whole(1));
                draft.gas_limit = gas::limit(&draft.input, false, TOO_LITTLE_GAS);
                draft.ends(Ending::OutOfGas)
            }
        }
    }
}

/// Enough to read a balance, not to write both.
const TOO_LITTLE_GAS: u64 = 6_000;
