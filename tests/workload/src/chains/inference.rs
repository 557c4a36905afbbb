//! Digits classified on chain, with swaps between them.

use super::{
    draft::Draft,
    story::{Desk, Story},
    uniswap,
    weighted::Weighted,
    world::{Code, whole},
};
use crate::{DIGITS, Digit, DigitClassifier, Network, artefacts, script};
use alloy_primitives::{Address, U256};
use alloy_sol_types::SolCall;

/// What `classify` needs beside the inference: its call, the slot of the class, the event.
const CLASSIFY_GAS: u64 = 45_000;
/// How many people share a pool; one in eight of them swaps in a block.
const PEOPLE_A_POOL: usize = 32;

/// Everybody sends one transaction a block: a digit for the MLP (9 in 20) or the CNN (7 in 20), a swap (3 in
/// 20), or ether to the person with the next number (1 in 20). Every digit is stored under an id of its own.
pub(crate) fn inference_heavy(mut desk: Desk<'_>) -> (Desk<'_>, Story) {
    let people = desk.people(desk.size.transactions);
    let classifiers = place(&mut desk);
    let schedule = script::gas_schedule();
    let models = desk.models;
    let pools = uniswap::place_pools(&mut desk.world, &people, people.len().div_ceil(PEOPLE_A_POOL));
    let kinds = Weighted::new([9, 7, 3, 1]);
    let blocks = desk.one_draft_a_sender(|rng, block, sender| {
        let network = match kinds.pick(rng) {
            0 => Network::Mlp,
            1 => Network::Cnn,
            2 => return pools[sender % pools.len()].swap(rng, sender, people.address(sender)),
            _ => {
                let to = people.address((sender + 1) % people.len());
                return Draft::pay(sender, to, whole(1) / U256::from(1 + rng.below(1_000)));
            }
        };
        let call = DigitClassifier::classifyCall {
            id: U256::from(block * people.len() + sender),
            image: network.input(&Digit::new(rng.index(DIGITS))),
        };
        let gas = script::inference_gas(&schedule, models.of(network)) + CLASSIFY_GAS;
        let to = classifiers[usize::from(network == Network::Cnn)];
        Draft::call(sender, to, call.abi_encode(), gas, 1)
    });
    (desk, Story { people, blocks })
}

/// The classifiers of the MLP and of the CNN.
fn place(desk: &mut Desk<'_>) -> [Address; 2] {
    let artefact = artefacts::digit_classifier();
    let code = Code::new(&artefact);
    let classifiers = [Network::Mlp, Network::Cnn].map(|network| {
        let address = desk.world.address();
        let model = desk.models.of(network).id;
        let slots = [(artefact.slot("modelId"), model.into())];
        desk.world.place(address, &code, slots.into_iter().collect());
        address
    });
    desk.world.deployed.classifiers = classifiers.into();
    classifiers
}
