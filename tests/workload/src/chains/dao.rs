//! A `Dao` in genesis, and votes.

use super::{
    draft::Draft,
    story::{Desk, Size, Story},
    world::{Code, World, mapped, word},
};
use crate::{Dao, artefacts, rng::Rng, template::GENESIS_TIME};
use alloy_primitives::{Address, B256, U256, keccak256, map::U256Map};
use alloy_sol_types::SolCall;

/// How many proposals are open.
pub(crate) const PROPOSALS: usize = 8;
/// How long they are, from genesis on; the longest chain of blocks is over before.
const VOTING_SECONDS: u64 = 30 * 24 * 3_600;
/// The slot of a vote, the tally, the event, and what is looked up before.
const VOTE_GAS: u64 = 75_000;

/// So many votes a block, on eight proposals. There are at least as many voters as a block has transactions;
/// each votes at most once on a proposal, in arbitrary order, and may vote on several in one block.
pub(crate) fn dao_voting(mut desk: Desk<'_>) -> (Desk<'_>, Story) {
    let Size { transactions, blocks } = desk.size;
    let voters = transactions.max((transactions * blocks).div_ceil(PROPOSALS));
    let people = desk.people(voters);
    let dao = place(&mut desk.world, people.addresses());
    let mut ballots: Vec<(usize, usize)> = (0..voters)
        .flat_map(|voter| (0..PROPOSALS).map(move |proposal| (voter, proposal)))
        .collect();
    desk.rng.shuffle(&mut ballots);
    let blocks = ballots
        .chunks(transactions)
        .take(blocks)
        .map(|ballots| {
            let votes = ballots.iter();
            votes
                .map(|(voter, proposal)| vote(&mut desk.rng, *voter, dao, *proposal))
                .collect()
        })
        .collect();
    (desk, Story { people, blocks })
}

/// Places a DAO with its proposals open; the power of a voter is 1 to 1,000.
pub(crate) fn place(world: &mut World, voters: impl Iterator<Item = Address>) -> Address {
    let artefact = artefacts::dao();
    let (powers, proposals) = (artefact.slot("powerOf"), artefact.slot("proposals"));
    let proposer = super::people::keyless("proposer", 0);
    let mut slots = U256Map::default();
    let mut total = U256::ZERO;
    for voter in voters {
        // From the address, so that it does not depend on the seed.
        let power = U256::from(1 + u16::from_be_bytes([voter[0], voter[1]]) % 1_000);
        total += power;
        slots.insert(mapped(voter.into_word(), powers), power);
    }
    slots.insert(artefact.slot("owner"), word(proposer));
    slots.insert(artefact.slot("quorum"), total / U256::from(10));
    slots.insert(artefact.slot("totalPower"), total);
    slots.insert(artefact.slot("proposalCount"), U256::from(PROPOSALS));
    let deadline = U256::from(GENESIS_TIME + VOTING_SECONDS);
    for id in 0..PROPOSALS {
        // Of a proposal the first slot holds the proposer with the deadline above, the second the content; the
        // tallies start at zero.
        let proposal = mapped(B256::from(U256::from(id)), proposals);
        slots.insert(proposal, deadline << 160 | word(proposer));
        let content = keccak256(format!("metisvm scenario proposal {id}"));
        slots.insert(proposal + U256::from(1), content.into());
    }
    let address = world.address();
    world.place(address, &Code::new(&artefact), slots);
    world.deployed.dao = Some(address);
    address
}

/// A vote; most are in favour.
pub(crate) fn vote(rng: &mut Rng, voter: usize, dao: Address, proposal: usize) -> Draft {
    let choice = match rng.below(20) {
        0..=4 => Dao::Choice::Against,
        5..=16 => Dao::Choice::For,
        _ => Dao::Choice::Abstain,
    };
    let call = Dao::voteCall {
        id: U256::from(proposal),
        choice,
    };
    Draft::call(voter, dao, call.abi_encode(), VOTE_GAS, 1)
}
