//! Transfers of one token.

use super::{
    people::keyless,
    story::{Desk, Story},
    token::{TokenCode, TokenPlan, transfer},
    world::whole,
};

/// What a holder has at first: more than a scenario of the greatest length sends.
const HOLDING: u64 = 1_000_000;

/// Every holder of one half sends to one of the other half, in other pairs in each block. Half of the
/// receivers hold tokens before the first block.
pub(crate) fn erc20_independent(mut desk: Desk<'_>) -> (Desk<'_>, Story) {
    let people = desk.people(desk.size.transactions);
    let mut receivers: Vec<_> = (0..people.len()).map(|at| keyless("holder", at)).collect();
    desk.world.fund(receivers.iter().copied());
    let code = TokenCode::new();
    let mut token = TokenPlan::new(&code, &mut desk.world);
    for holder in people.addresses().chain(receivers.iter().step_by(2).copied()) {
        token.give(holder, whole(HOLDING));
    }
    let address = token.address;
    token.place(&mut desk.world);
    desk.rng.shuffle(&mut receivers);
    let blocks = desk.one_draft_a_sender(|rng, block, sender| {
        // Another step on a circle in each block: still no receiver twice.
        let to = receivers[(sender + block) % receivers.len()];
        transfer(sender, address, to, whole(1 + rng.below(100)))
    });
    (desk, Story { people, blocks })
}

/// Every holder sends to the same account, which never sends.
pub(crate) fn erc20_one_hot_account(mut desk: Desk<'_>) -> (Desk<'_>, Story) {
    let people = desk.people(desk.size.transactions);
    let hot = keyless("exchange", 0);
    desk.world.fund([hot]);
    let code = TokenCode::new();
    let mut token = TokenPlan::new(&code, &mut desk.world);
    for holder in people.addresses() {
        token.give(holder, whole(HOLDING));
    }
    let address = token.address;
    token.place(&mut desk.world);
    let blocks =
        desk.one_draft_a_sender(|rng, _, sender| transfer(sender, address, hot, whole(1 + rng.below(100))));
    (desk, Story { people, blocks })
}
