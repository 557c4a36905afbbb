//! A `Collectible` in genesis, and mints.

use super::{
    draft::Draft,
    story::{Desk, Story},
    world::{Code, World, short_string},
};
use crate::{Collectible, artefacts};
use alloy_primitives::{Address, U256};
use alloy_sol_types::SolCall;

/// The counter, the owner, the balance, and the event.
const MINT_GAS: u64 = 85_000;

/// Everybody mints once a block. The owner's slot of the new token lies where the counter says: the place of
/// a write, not just its value, depends on the transaction before.
pub(crate) fn nft_mint_counter(mut desk: Desk<'_>) -> (Desk<'_>, Story) {
    let people = desk.people(desk.size.transactions);
    let collectible = place(&mut desk.world);
    let blocks = desk.one_draft_a_sender(|_, _, sender| mint(sender, collectible, people.address(sender)));
    (desk, Story { people, blocks })
}

/// Places a collection that cannot sell out.
pub(crate) fn place(world: &mut World) -> Address {
    let artefact = artefacts::collectible();
    let slots = [
        (artefact.slot("name"), short_string("Scenario collectible")),
        (artefact.slot("symbol"), short_string("SC")),
        (artefact.slot("maxSupply"), U256::MAX),
    ];
    let address = world.address();
    world.place(address, &Code::new(&artefact), slots.into_iter().collect());
    world.deployed.collectible = Some(address);
    address
}

/// Mints the next one.
pub(crate) fn mint(from: usize, collectible: Address, to: Address) -> Draft {
    let input = Collectible::mintCall { to }.abi_encode();
    Draft::call(from, collectible, input, MINT_GAS, 1)
}
